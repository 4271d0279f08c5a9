"""``sekisho serve pod-identity-webhook``: flags as Go programs write them, refusals, what is printed."""

import pytest
import yaml
from typer.testing import CliRunner, Result

from sekisho.cli.serve.commands import app
from sekisho.decide.values import JsonObject
from sekisho.decide.workload.registration import configuration

NAME = "pod-identity-webhook"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, [NAME, *words])


GOOD = (
    ("--in-cluster", "--sts-regional-endpoint"),
    ("--in-cluster=true", "--sts-regional-endpoint=True", "--watch-config-map=false"),
    ("--in-cluster=false", "--tls-cert=a", "--tls-key=b"),
    ("--no-in-cluster",),
    ("--annotation-prefix", "example.org", "--token-expiration", "600", "--token-audience=a"),
    ("--compose-role-arn=true", "--account", "111122223333", "--partition", "aws-cn"),
)


@pytest.mark.parametrize("words", GOOD, ids=" ".join)
def test_flags_are_taken(words: tuple[str, ...]) -> None:
    done = run(*words, "--check")
    assert (done.exit_code, done.stdout) == (0, "The flags are good.\n"), done.stderr


BAD = {
    "no account": (("--compose-role-arn",), "--compose-role-arn needs --account, 12 digits"),
    "an account with letters": (("--compose-role-arn", "--account", "11112222333x"), "12 digits"),
    "half a pair": (("--tls-cert", "a"), "--tls-cert and --tls-key go together"),
    "a short token": (("--token-expiration", "599"), "--token-expiration: expected at least 600 seconds"),
    "neither true nor false": (("--in-cluster=maybe",), "--in-cluster"),
    "a port": (("--port", "65536"), "--port"),
    "no such cluster": (("--kubeconfig", "missing.yaml"), "missing.yaml: no such file or directory"),
}


@pytest.mark.parametrize(("words", "sentence"), BAD.values(), ids=BAD.keys())
def test_what_cannot_be_used_is_told(words: tuple[str, ...], sentence: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert sentence in " ".join(done.stderr.split())


def test_outside_of_a_pod_it_needs_a_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    done = run()
    assert done.exit_code == 4
    assert "outside of a pod it needs --kubeconfig" in done.stderr


def test_the_registration_is_printed() -> None:
    done = run("--print-configuration", "--namespace", "kube-system", "--webhook-configuration", "other")
    service: JsonObject = {"name": NAME, "namespace": "kube-system", "path": "/mutate", "port": 443}
    assert yaml.safe_load(done.stdout) == configuration("other", {"service": service})
