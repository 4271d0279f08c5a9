"""``sekisho tour access`` as a process, with the real clients."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.e2e_clients import client
from sekisho.testing import RunningLab
from support.pods import need_isolation

SECONDS = 180.0
CLIENTS = ("aws", "kubectl")
TOOLS = ("sh", "sed", "mktemp", "dirname", "readlink")
"""Programs that the steps and the clients' own launchers use."""


@dataclass(frozen=True, slots=True)
class Toured:
    """A tour's end."""

    code: int
    rows: list[Any]
    stdout: str
    stderr: str

    def row(self, number: int) -> Any:
        """Return what was done in a step, the last of it."""
        return [row for row in self.rows if row["step"] == number][-1]


def search_path(folder: Path, clients: Sequence[str]) -> str:
    """Return a PATH with these clients and nothing else that the tour could meet."""
    folder.mkdir()
    for name in clients:
        (folder / name).symlink_to(client(name))
    for name in TOOLS:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    return str(folder)


def environment(folder: Path, clients: Sequence[str] = CLIENTS) -> dict[str, str]:
    """Return the environment of a user whose HOME and temporary folder are below ``folder``."""
    for name in ("home", "tmp"):
        (folder / name).mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SEKISHO_"))}
    return {
        **kept,
        "PATH": search_path(folder / "bin", clients),
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "tmp"),
        "XDG_STATE_HOME": str(folder / "home" / "state"),
    }


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "sekisho", "tour", "access", *words]


def tour(env: dict[str, str], *words: str) -> Toured:
    ended = subprocess.run(
        command(*words), env=env, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    rows = json.loads(ended.stdout) if "json" in words and ended.stdout else []
    return Toured(ended.returncode, rows, ended.stdout, ended.stderr)


def in_lab(lab: RunningLab, env: dict[str, str]) -> Toured:
    return tour(env, "--state-dir", str(lab.state.path), "-o", "json")


def test_every_step_goes_as_the_article_says_and_again(sekisho_lab: RunningLab, tmp_path: Path) -> None:
    env = environment(tmp_path)
    credentials = sekisho_lab.state.aws_credentials.read_text()

    first = in_lab(sekisho_lab, env)
    assert first.code == 0, first.stderr
    assert [row["step"] for row in first.rows] == [*range(1, 13), 12, 13, 13, 14, 15, 16]
    assert all(row["held"] for row in first.rows if row["skipped"] is None)
    assert {row["step"]: row["skipped"] for row in first.rows if row["skipped"]} == {
        12: "eksctl is not on PATH; `sekisho map create` does the same, see below",
        13: "eksctl is not on PATH; `sekisho map get` does the same, see below",
    }
    assert "error: You must be logged in to the server (Unauthorized)" in first.row(8)["stderr"]
    assert "the server has asked for the client to provide credentials" in first.row(9)["stderr"]
    for number in (8, 9):
        decision = first.row(number)["decision"]
        assert (decision["status"], decision["code"]) == (401, "mapping.not-mapped")
        assert decision["who"].endswith(":user/eks-ope")
        assert decision["chain"]["links"][-1]["repairs"]
    secrets = first.row(15)["decision"]
    assert (secrets["status"], secrets["code"]) == (403, "rbac.no-rule-matches")
    assert secrets["chain"]["links"][-1]["nearest"][0]["code"] == "rbac.resource-not-listed"
    mapping = first.row(4)["decision"]["chain"]["links"][-1]
    assert [step["code"] for step in mapping["decisive"]] == ["eks.cluster-creator"]

    again = in_lab(sekisho_lab, env)
    assert again.code == 0, again.stderr
    there = [row["step"] for row in again.rows if row["note"].startswith("already there")]
    assert there == [5, 8, 9, 10, 11, 12]

    for shown in (first, again):
        assert '"SecretAccessKey": "***"' in shown.row(6)["stdout"]
        assert not re.search(r"k8s-aws-v1\.\w", shown.stdout)
    for line in credentials.splitlines():
        key, _, value = line.partition(" = ")
        assert key != "aws_secret_access_key" or value not in first.stdout + first.stderr

    assert sekisho_lab.state.aws_credentials.read_text() == credentials
    assert not sekisho_lab.state.kubeconfig.exists()
    assert list((tmp_path / "home").iterdir()) == []
    assert list((tmp_path / "tmp").iterdir()) == []
    assert keys_of_new_user(sekisho_lab) == []


def test_the_tour_of_id_tokens_and_nothing_of_it_stays(sekisho_lab: RunningLab, tmp_path: Path) -> None:
    words = ["oidc" if word == "access" else word for word in command("--state-dir", "-o", "json")]
    words.insert(words.index("--state-dir") + 1, str(sekisho_lab.state.path))
    ended = subprocess.run(
        words, env=environment(tmp_path), capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout
    rows = json.loads(ended.stdout)
    assert [row["step"] for row in rows] == [*range(1, 12)]
    assert all(row["held"] for row in rows)
    assert rows[8]["decision"]["who"] == "mira@example.com"
    assert not re.search(r"eyJ\w+\.\w", ended.stdout + ended.stderr)
    listed = sekisho_lab.run(
        [client("aws"), "eks", "list-identity-provider-configs", "--cluster-name", "eks-clu"]
    )
    assert json.loads(listed.stdout)["identityProviderConfigs"] == []


@pytest.fixture(scope="module")
def pod_tours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Toured]]:
    """Return how both tours of pods went, each in a lab of its own; they walk at the same time."""
    folder = tmp_path_factory.mktemp("tours")
    need_isolation(folder)
    env = environment(folder)
    walks = {
        name: subprocess.Popen(
            [*command()[:-1], name, "-o", "json"],
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("irsa", "cross-account")
    }
    found = {}
    for name, walk in walks.items():
        stdout, stderr = walk.communicate(timeout=SECONDS)
        found[name] = Toured(walk.returncode, json.loads(stdout), stdout, stderr)
    yield found
    for name in ("home", "tmp"):
        assert list((folder / name).iterdir()) == []


def test_the_tour_of_a_role_for_a_pod(pod_tours: dict[str, Toured]) -> None:
    found = pod_tours["irsa"]
    assert found.code == 0, found.stderr + found.stdout
    assert [row["step"] for row in found.rows] == [1, 2, 3, 3, *range(4, 16)]
    assert found.row(8)["decision"]["code"] == "iam.no-statement-allows"
    assert "NodeInstanceRole" in found.row(8)["decision"]["who"]
    assert "eks.amazonaws.com/role-arn=ROLE_ARN" in found.row(9)["stdout"]
    assert "[workload.missed]" in found.row(11)["stdout"]
    assert found.row(12)["decision"]["who"].startswith("arn:aws:sts::111122223333:assumed-role/sa-role/")
    assert re.search(r" cf-templates-\S*ap-northeast-1$", found.row(12)["stdout"], re.MULTILINE)


def test_the_tour_to_another_account(pod_tours: dict[str, Toured]) -> None:
    found = pod_tours["cross-account"]
    assert found.code == 0, found.stderr + found.stdout
    assert [row["step"] for row in found.rows] == [1, 2, 3, 4, 4, *range(5, 19)]
    assert "/serviceaccount/token.'" in found.row(10)["stderr"]
    assert "sed 's|" in found.row(11)["stdout"]
    refused = found.row(15)["decision"]
    assert (refused["status"], refused["code"]) == (401, "mapping.not-mapped")
    role = "assumed-role/target-account-iam-role/xactarget"
    assert refused["who"] == found.row(17)["decision"]["who"] == f"arn:aws:sts::444455556666:{role}"
    assert found.row(17)["decision"]["target"] == "target-clu"


def test_without_a_lab_the_tour_has_its_own_and_shows_the_decisions(tmp_path: Path) -> None:
    ended = tour(environment(tmp_path))
    assert ended.code == 0, ended.stderr
    assert "no lab runs: starting one of the tour's own" in ended.stderr
    shown = ended.stdout
    assert "8. The new user is not let in" in shown
    assert "  $ kubectl get node\n  error: You must be logged in to the server (Unauthorized)\n" in shown
    assert "no entry of configmap/kube-system/aws-auth maps arn:aws:iam::111122223333:user/eks-ope" in shown
    assert '~ ClusterRole "test-clu-role" does not list the resource `secrets`' in shown
    assert "-n default" in shown  # a repair in one namespace is not offered for the whole cluster
    assert "\x1b[" not in shown
    assert list((tmp_path / "tmp").iterdir()) == []
    assert list((tmp_path / "home").iterdir()) == []


def test_a_step_that_goes_otherwise_is_named_and_the_key_is_taken_back(
    sekisho_lab: RunningLab, tmp_path: Path
) -> None:
    mapped = sekisho_lab.run(
        [
            *(sys.executable, "-m", "sekisho", "map", "create", "--cluster", "eks-clu"),
            *("--region", "ap-northeast-1", "--arn", "arn:aws:iam::111122223333:user/eks-ope"),
            *("--group", "someone-else"),
        ]
    )
    assert mapped.returncode == 0, mapped.stderr
    ended = in_lab(sekisho_lab, environment(tmp_path))
    assert ended.code == 1
    assert "step 12, Map the IAM user to the group, went otherwise" in ended.stderr
    assert [(row["step"], row["held"]) for row in ended.rows][-2:] == [(12, False), (16, True)]


def test_a_missing_client_is_said_and_its_steps_are_skipped(
    sekisho_shared_lab: RunningLab, tmp_path: Path
) -> None:
    ended = in_lab(sekisho_shared_lab, environment(tmp_path, ("kubectl",)))
    assert ended.code == 3
    assert "16 steps were skipped: aws is not on PATH; install the AWS CLI" in ended.stderr
    assert all(row["exitCode"] is None for row in ended.rows)


def test_a_lab_that_does_not_run_is_an_error(tmp_path: Path) -> None:
    ended = tour(environment(tmp_path), "--state-dir", str(tmp_path / "none"))
    assert ended.code == 4
    assert "no lab runs on" in ended.stderr


def test_two_labs_are_bad_usage(tmp_path: Path) -> None:
    ended = tour(environment(tmp_path), "--state-dir", str(tmp_path / "none"), "--own-lab")
    assert ended.code == 2
    assert "expected --own-lab or --state-dir, not both" in ended.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_tour_that_is_ended_takes_its_lab_with_it(number: signal.Signals, tmp_path: Path) -> None:
    assert end_in_step_8(number, environment(tmp_path), "--own-lab") == 128 + number
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_tour_that_is_ended_takes_its_key_back(sekisho_lab: RunningLab, tmp_path: Path) -> None:
    env = environment(tmp_path)
    end_in_step_8(signal.SIGTERM, env, "--state-dir", str(sekisho_lab.state.path))
    assert keys_of_new_user(sekisho_lab) == []
    assert list((tmp_path / "tmp").iterdir()) == []


def end_in_step_8(number: signal.Signals, env: dict[str, str], *words: str) -> int:
    child = subprocess.Popen(
        command(*words), env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert child.stdout is not None
    with child.stdout as shown:
        for line in shown:
            if line.startswith("8. "):
                child.send_signal(number)
                break
    return child.wait(SECONDS)


def keys_of_new_user(lab: RunningLab) -> Any:
    listed = lab.run([client("aws"), "iam", "list-access-keys", "--user-name", "eks-ope"])
    return json.loads(listed.stdout)["AccessKeyMetadata"]
