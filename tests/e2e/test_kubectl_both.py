"""The lab's Kubernetes API beside Kubernetes' own: the same commands and requests, the same answers."""

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from e2e import (
    both_applies,
    both_commands,
    both_intended,
    both_requests,
    both_workload_requests,
    both_workloads,
    real_owners,
)
from e2e.both_kubelets import kubelets
from e2e.both_requests import Ask
from sekisho.testing import running_lab
from support.both_clusters import Both, Done, bare_server, both_clusters
from support.checkpoint import waited

GENERATED = 40
"""Sequences that are generated; more of them take a second per ten."""
SETTLED_SECONDS = 40.0
"""How long two clusters may take to come to the same."""


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    # Pods are reported by the tests themselves, on both sides.
    with running_lab(folder / "world", None, "--pods", "off") as lab, both_clusters(folder, lab) as made:
        yield made


REQUESTS = both_requests.SEQUENCES | both_workload_requests.SEQUENCES


def namespace_of(both: Both, name: str) -> str:
    """Create a namespace and wait until the controllers of the real cluster have filled it."""
    both.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    for made in ("serviceaccounts/default", "configmaps/kube-root-ca.crt"):
        waited(lambda made=made: both.real.ask("GET", f"/api/v1/namespaces/{name}/{made}")[0] == 200 or None)
    return name


def differences(both: Both, namespace: str, sequence: Iterable[Ask]) -> list[object]:
    different: list[object] = []
    for method, path, body, headers in sequence:
        written = body if body is None or isinstance(body, str) else json.dumps(body)
        sent = f"{method} {path} {written or ''} {' '.join(headers.values())}"
        lab, real = both.ask(
            method, path.replace("NS", namespace), written and written.replace("NS", namespace), headers
        )
        if lab != real and both_intended.meant(sent, lab, real) is None:
            different.append((sent, lab, real))
    return different


@pytest.mark.parametrize("subject", REQUESTS)
def test_requests_are_answered_alike(both: Both, subject: str) -> None:
    namespace = namespace_of(both, f"requests-{list(REQUESTS).index(subject)}")
    assert differences(both, namespace, REQUESTS[subject]) == []


@pytest.mark.parametrize("subject", both_applies.SEQUENCES)
def test_fields_are_applied_and_owned_alike(both: Both, subject: str) -> None:
    namespace = namespace_of(both, f"applies-{list(both_applies.SEQUENCES).index(subject)}")
    assert differences(both, namespace, both_applies.SEQUENCES[subject]) == []


def test_generated_writes_leave_the_same_owners(both: Both) -> None:
    namespace = namespace_of(both, "applies-generated")
    for seed in range(GENERATED):
        assert differences(both, namespace, both_applies.generated(seed)) == [], seed


def test_owners_of_pods_and_deployments_are_those_that_the_real_server_names(tmp_path: Path) -> None:
    with bare_server(tmp_path / "bare") as real:
        for seed in range(GENERATED):
            assert list(real_owners.differences(real, "default", seed)) == []


@pytest.mark.parametrize("program", ["kubectl", "kubectl-1.27"])
def test_each_kubectl_applies_alike(both: Both, program: str) -> None:
    namespace = namespace_of(both, f"applies-{program.replace('.', '-')}")
    different = []
    for command in both_applies.COMMANDS:
        words, _, stdin = command.partition("\n")
        lab, real = both.kubectl(["-n", namespace, *words.split()], stdin, program)
        if lab != real:
            different.append((command, lab, real))
    assert different == []


@pytest.mark.parametrize("subject", both_commands.SUBJECTS)
def test_kubectl_prints_the_same(both: Both, subject: str) -> None:
    namespace = namespace_of(both, f"commands-{subject}")
    different = []
    for command in both_commands.SUBJECTS[subject]:
        words, _, stdin = command.replace("NS", namespace).partition("\n")
        lab, real = both.kubectl(["-n", namespace, *words.split()], stdin)
        if (lab != real) != (command in both_intended.COMMANDS):  # nor may a reason outlive its difference
            different.append((command, lab, real))
    assert different == []


@pytest.mark.parametrize("subject", both_workloads.WORKLOADS)
def test_workloads_end_alike(both: Both, subject: str) -> None:
    namespace = namespace_of(both, f"workloads-{subject}")
    different = []
    with kubelets(both, namespace):
        for command in both_workloads.WORKLOADS[subject]:
            words, _, stdin = command.removeprefix("~").partition("\n")
            lab, real = ended_alike(both, ["-n", namespace, *words.split()], stdin, command.startswith("~"))
            if lab != real:
                different.append((command, lab, real))
    assert different == []


def ended_alike(both: Both, words: list[str], stdin: str, is_read: bool) -> tuple[Done, Done]:
    """Run a command against both; one that reads again until both say the same."""
    ends = time.monotonic() + SETTLED_SECONDS
    while True:
        lab, real = both.kubectl(words, stdin)
        if lab == real or not is_read or time.monotonic() > ends:
            return lab, real
