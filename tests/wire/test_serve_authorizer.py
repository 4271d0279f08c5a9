"""The served authorizer over the wire: both versions, access entries from files, and what is no review."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from support.checkpoint import ServedCheckpoint, served, waited

CLUSTER = "shop"
ROLE = "arn:aws:iam::111122223333:role/ops"
POLICIES = "arn:aws:eks::aws:cluster-access-policy"
NOW = datetime.now(UTC).isoformat()


def entry(principal: str = ROLE) -> dict[str, Any]:
    """Return what `aws eks describe-access-entry` prints."""
    return {
        "accessEntry": {
            "clusterName": CLUSTER,
            "principalArn": principal,
            "kubernetesGroups": [],
            "accessEntryArn": f"arn:aws:eks:eu-central-1:111122223333:access-entry/{CLUSTER}/role/x/y/z",
            "createdAt": NOW,
            "modifiedAt": NOW,
            "tags": {},
            "username": "ops",
            "type": "STANDARD",
        }
    }


def policies(*names: str, namespaces: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return what `aws eks list-associated-access-policies` prints."""
    scope = {"type": "namespace" if namespaces else "cluster", "namespaces": list(namespaces)}
    listed = [
        {"policyArn": f"{POLICIES}/{name}", "accessScope": scope, "associatedAt": NOW, "modifiedAt": NOW}
        for name in names
    ]
    return {"clusterName": CLUSTER, "principalArn": ROLE, "associatedAccessPolicies": listed}


def write(file: Path, *documents: dict[str, Any]) -> None:
    file.write_text("\n---\n".join(json.dumps(document) for document in documents))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServedCheckpoint]:
    write(tmp_path / "entries.json", entry(), policies("AmazonEKSViewPolicy", namespaces=("blue",)))
    options = ["--access-entries", tmp_path / "entries.json"]
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    with served(tmp_path / "server", "authorizer", options, environment) as found:
        yield found


def ask(server: ServedCheckpoint, version: str = "v1", **about: Any) -> dict[str, Any]:
    """Return the status of a review of the role's session."""
    attributes = {
        "verb": "list",
        "group": "",
        "version": "v1",
        "resource": "pods",
        "namespace": "blue",
        **about,
    }
    extra = {"canonicalArn": [ROLE], "principalId": ["AROAEXAMPLE"]}
    groups = {"groups" if version == "v1" else "group": ["system:authenticated"]}
    spec = {"resourceAttributes": attributes, "user": "ops", "extra": extra, **groups}
    api_version = f"authorization.k8s.io/{version}"
    body = {"apiVersion": api_version, "kind": "SubjectAccessReview", "spec": spec}
    status, text = server.post("/authorize", json.dumps(body).encode())
    assert status == 200, text
    answer: dict[str, Any] = json.loads(text)
    assert (answer["apiVersion"], answer["kind"]) == (api_version, "SubjectAccessReview")
    found: dict[str, Any] = answer["status"]
    return found


@pytest.mark.parametrize("version", ["v1", "v1beta1"])
def test_what_a_policy_allows_in_its_namespace(server: ServedCheckpoint, version: str) -> None:
    allowed = ask(server, version)
    assert allowed["allowed"] is True
    assert allowed["reason"].startswith("eks.access-policy-allows: ")
    elsewhere = ask(server, version, namespace="green")
    assert elsewhere["allowed"] is False
    assert "denied" not in elsewhere
    assert elsewhere["reason"].startswith("eks.access-policy-in-other-namespace: ")


def test_files_are_followed_and_bad_ones_leave_in_force_what_was_there(
    server: ServedCheckpoint, tmp_path: Path
) -> None:
    file = tmp_path / "entries.json"
    write(file, entry(), policies("AmazonEKSViewPolicy"))
    waited(lambda: ask(server, namespace="green")["allowed"] or None)
    file.write_text('{"accessEntry": 1}')
    waited(lambda: "degraded" in server.health("/healthz")[1] or None)
    assert ask(server, namespace="green")["allowed"] is True
    write(file, entry())
    waited(lambda: None if ask(server, namespace="green")["allowed"] else True)
    assert ask(server)["evaluationError"].startswith("eks.access-policies-unread: ")


def test_whoever_has_no_entry_gets_no_opinion_and_no_words(server: ServedCheckpoint) -> None:
    spec = {"resourceAttributes": {"verb": "list", "resource": "pods"}, "user": "bob"}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}
    status, text = server.post("/authorize", json.dumps(body).encode())
    assert (status, json.loads(text)["status"]) == (200, {"allowed": False})


def review(spec: str, kind: str = "SubjectAccessReview", version: str = "v1") -> bytes:
    return f'{{"apiVersion":"authorization.k8s.io/{version}","kind":"{kind}","spec":{spec}}}'.encode()


BODIES: dict[str, tuple[bytes, int]] = {
    "no JSON": (b"{", 400),
    "a list": (b"[]", 400),
    "another kind": (review("{}", "TokenReview"), 400),
    "no version": (b'{"kind":"SubjectAccessReview","spec":{}}', 400),
    "another version": (review("{}", version="v2"), 400),
    "nothing asked": (review("{}"), 400),
    "both asked": (review('{"resourceAttributes":{},"nonResourceAttributes":{}}'), 400),
    "groups that are text": (review('{"groups":"g","resourceAttributes":{}}'), 400),
    "extra that is text": (review('{"extra":"g","resourceAttributes":{}}'), 400),
    "a verb that is a number": (review('{"resourceAttributes":{"verb":1}}'), 400),
    "2 MiB": (review(f'"{"x" * 2 * 1024 * 1024}"'), 413),
}


@pytest.mark.parametrize("case", BODIES)
def test_what_is_no_review_is_refused_with_a_sentence(case: str, shared: ServedCheckpoint) -> None:
    body, status = BODIES[case]
    told, text = shared.post("/authorize", body)
    assert told == status
    assert text.strip()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedCheckpoint]:
    folder = tmp_path_factory.mktemp("authorizer")
    write(folder / "entries.json", entry())
    environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    options = ["--access-entries", folder / "entries.json"]
    with served(folder / "server", "authorizer", options, environment) as found:
        yield found


def test_its_metrics_tell_of_entries_and_answers(shared: ServedCheckpoint) -> None:
    ask(shared)
    assert shared.metric("sekisho_authorizer_access_entries") == 1
    assert shared.metric('sekisho_authorizer_answers_total{outcome="unknown"}') >= 1
    assert shared.health("/readyz") == (200, "ok")
