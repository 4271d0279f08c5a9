"""What the webhook reads: reviews, the ConfigMap, the file of identities, its flags."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sekisho.decide.values import JsonObject, Ref, SekishoInputError
from sekisho.decide.workload.pod_view import read_pod
from sekisho.decide.workload.registration import SKIP_LABEL, configuration, is_asked_about
from sekisho.decide.workload.settings import MappedRole, Settings, TokenVolume
from sekisho.serve.pod_identity_webhook.accounts import annotations_of
from sekisho.serve.pod_identity_webhook.mappings import read_identities, read_roles
from sekisho.serve.pod_identity_webhook.settings import Flags, check
from sekisho.wire.kube.admission_review import (
    MAX_UID_CHARS,
    allowed,
    read_review,
    refused,
)
from support.pod_webhook import ROLE

AT = Ref("configmap/eks/pod-identity-webhook", "/data/config")
PODS = {"group": "", "version": "v1", "resource": "pods"}


def review(**request: Any) -> dict[str, Any]:
    asked = {
        "uid": "u",
        "resource": PODS,
        "operation": "CREATE",
        "namespace": "shop",
        "object": {},
        **request,
    }
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": asked}


REVIEWS = {
    "a list": ([], ""),
    "no version": ({"kind": "AdmissionReview"}, "/apiVersion"),
    "another version": ({**review(), "apiVersion": "admission.k8s.io/v2"}, "/apiVersion"),
    "a version that is a list": ({**review(), "apiVersion": []}, "/apiVersion"),
    "another kind": ({**review(), "kind": "TokenReview"}, "/kind"),
    "no request": ({**review(), "request": None}, "/request"),
    "no uid": (review(uid=None), "/request/uid"),
    "an empty uid": (review(uid=""), "/request/uid"),
    "a uid that is a number": (review(uid=1), "/request/uid"),
    "a long uid": (review(uid="u" * (MAX_UID_CHARS + 1)), "/request/uid"),
    "no resource": (review(resource=None), "/request/resource"),
    "a resource that is text": (review(resource="pods"), "/request/resource"),
    "a group that is a number": (review(resource={"group": 1}), "/request/resource/group"),
    "a namespace that is a list": (review(namespace=[]), "/request/namespace"),
}


@pytest.mark.parametrize(("body", "pointer"), REVIEWS.values(), ids=REVIEWS.keys())
def test_what_is_no_review_is_told_with_its_place(body: Any, pointer: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        read_review(json.dumps(body).encode())
    fault = caught.value.faults[0]
    assert (fault.code, fault.at.pointer) == ("admission-review.malformed", pointer)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff", b'{"a":1,"a":2}', b"[" * 5000, b'{"a":NaN}', b"1" * 5000]
)
def test_what_is_no_json_is_told(body: bytes) -> None:
    with pytest.raises(SekishoInputError):
        read_review(body)


CREATIONS = {
    "a pod": ({}, True, "pods"),
    "an update": ({"operation": "UPDATE"}, False, "pods"),
    "no operation": ({"operation": None}, False, "pods"),
    "a subresource": ({"subResource": "ephemeralcontainers"}, False, "pods/ephemeralcontainers"),
    "another resource": ({"resource": {**PODS, "resource": "secrets"}}, False, "secrets"),
    "pods of another group": ({"resource": {**PODS, "group": "x.org"}}, False, "pods.x.org"),
}


@pytest.mark.parametrize(("request_", "is_creation", "resource"), CREATIONS.values(), ids=CREATIONS.keys())
def test_only_the_creation_of_a_pod_is_one(request_: Any, is_creation: bool, resource: str) -> None:
    found = read_review(json.dumps(review(**request_)).encode())
    assert (found.is_creation, found.resource) == (is_creation, resource)


def test_a_uid_of_the_longest_kind_is_answered() -> None:
    found = read_review(json.dumps(review(uid="u" * MAX_UID_CHARS)).encode())
    assert json.loads(refused(found, "no"))["response"] == {
        "uid": "u" * MAX_UID_CHARS,
        "allowed": False,
        "status": {"status": "Failure", "reason": "BadRequest", "code": 400, "message": "no"},
    }


def test_warnings_are_few_and_short() -> None:
    found = read_review(json.dumps(review(dryRun=True)).encode())
    assert found.is_dry_run
    response = json.loads(allowed(found, (), ["w" * 300] * 9, {}))["response"]
    assert response == {"uid": "u", "allowed": True, "warnings": ["w" * 256] * 8}


def test_the_entries_of_the_config_map() -> None:
    text = {
        "shop/app": {"RoleARN": ROLE, "Audience": "a", "UseRegionalSTS": True, "TokenExpiration": 900},
        "*/app": {"RoleARN": ROLE, "Unknown": 1},
        "shop/none": {},
    }
    assert read_roles(json.dumps(text), AT) == {
        "shop/app": MappedRole("shop/app", ROLE, "a", True, 900),
        "*/app": MappedRole("*/app", ROLE),
        "shop/none": MappedRole("shop/none", ""),
    }


MAPPINGS = {
    "no JSON": ("{", "json.syntax", ""),
    "a list": ("[]", "pod-identity-webhook.no-object", "/data/config"),
    "no slash": ('{"app": {}}', "pod-identity-webhook.mapping", "/data/config/app"),
    "two slashes": ('{"a/b/c": {}}', "pod-identity-webhook.mapping", "/data/config/a~1b~1c"),
    "text": ('{"a/b": "role"}', "pod-identity-webhook.no-object", "/data/config/a~1b"),
    "a role": ('{"a/b": {"RoleARN": 1}}', "pod-identity-webhook.mapping", "/data/config/a~1b/RoleARN"),
    "an audience": (
        '{"a/b": {"Audience": []}}', "pod-identity-webhook.mapping",
        "/data/config/a~1b/Audience"),
    "a flag": (
        '{"a/b": {"UseRegionalSTS": "true"}}', "pod-identity-webhook.mapping",
        "/data/config/a~1b/UseRegionalSTS",
    ),
    "seconds": (
        '{"a/b": {"TokenExpiration": "900"}}', "pod-identity-webhook.mapping",
        "/data/config/a~1b/TokenExpiration",
    ),
    "true for seconds": (
        '{"a/b": {"TokenExpiration": true}}', "pod-identity-webhook.mapping",
        "/data/config/a~1b/TokenExpiration",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "pointer"), MAPPINGS.values(), ids=MAPPINGS.keys())
def test_a_malformed_config_map_is_told(text: str, code: str, pointer: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        read_roles(text, AT)
    assert (caught.value.faults[0].code, caught.value.faults[0].at.pointer) == (code, pointer)


def test_the_file_of_identities() -> None:
    at = Ref("identities.json")
    entry = {"namespace": "shop", "serviceAccount": "app", "more": 1}
    assert read_identities(json.dumps({"identities": [entry]}), at) == {("shop", "app")}
    for nobody in ("", "  \n", "{}", '{"identities": null}', '{"identities": []}'):
        assert read_identities(nobody, at) == frozenset()
    for text, pointer in (
        ("[]", ""),
        ('{"identities": {}}', "/identities"),
        ('{"identities": [{"namespace": "shop"}]}', "/identities/0"),
        ('{"identities": ["shop/app"]}', "/identities/0"),
    ):
        with pytest.raises(SekishoInputError) as caught:
            read_identities(text, at)
        assert caught.value.faults[0].at.pointer == pointer


FAULTS: dict[str, tuple[Flags, list[str]]] = {
    "none": (Flags(), []),
    "prefix": (Flags(Settings(annotation_prefix="a/b")), ["--annotation-prefix"]),
    "600 s": (Flags(Settings(expiration=600)), []),
    "599 s": (Flags(Settings(expiration=599)), ["--token-expiration"]),
    "path": (Flags(Settings(mount_path="var")), ["--token-mount-path"]),
    "all of the container's": (
        Flags(Settings(container_token=TokenVolume("", "var", "../a", ""))),
        [
            "--container-credentials-mount-path",
            "--container-credentials-token-path",
            "--container-credentials-volume-name",
        ],
    ),
    "an absolute token": (
        Flags(Settings(container_token=TokenVolume("a", "/var", "/a", ""))),
        ["--container-credentials-token-path"],
    ),
    "names": (
        replace(Flags(), namespace="", service_name="A", tls_secret="a/b", configuration="-a"),
        ["--namespace", "--service-name", "--tls-secret", "--webhook-configuration"],
    ),
    "a certificate alone": (replace(Flags(), certificate=Path("a")), ["--tls-cert"]),
    "a key alone": (replace(Flags(), key=Path("a")), ["--tls-cert"]),
    "a URL without credentials": (replace(Flags(), kube_api="https://a"), ["--kube-api"]),
    "a URL with credentials": (replace(Flags(), kube_api="https://a", kubeconfig="a"), []),
    "both": (replace(Flags(), certificate=Path("a"), key=Path("b")), []),
}


@pytest.mark.parametrize(("flags", "places"), FAULTS.values(), ids=FAULTS.keys())
def test_flags_that_do_not_go_together_are_told_at_once(flags: Flags, places: list[str]) -> None:
    if not places:
        check(flags)
        return
    with pytest.raises(SekishoInputError) as caught:
        check(flags)
    assert [str(fault.at) for fault in caught.value.faults] == places


def test_the_registration_asks_about_what_it_says() -> None:
    webhook: Any = configuration("name", {"url": "https://a"})["webhooks"]
    selector = webhook[0]["objectSelector"]["matchExpressions"]
    assert selector == [{"key": SKIP_LABEL, "operator": "DoesNotExist"}]
    assert webhook[0]["failurePolicy"] == "Ignore"
    assert webhook[0]["rules"][0]["operations"] == ["CREATE"]
    for labels, is_asked in ((None, True), ({}, True), ({"a": "b"}, True), ({SKIP_LABEL: ""}, False)):
        view = read_pod({"metadata": {"labels": labels}, "spec": {}}, Ref("pod"))
        assert is_asked_about(view) is is_asked


def test_only_the_annotations_with_the_prefix_are_kept_of_an_account() -> None:
    annotations = {"eks.amazonaws.com/role-arn": ROLE, "eks.amazonaws.community/x": "x", "a": "b"}
    kept = {"eks.amazonaws.com/role-arn": ROLE}
    assert annotations_of("eks.amazonaws.com", {"metadata": {"annotations": annotations}}) == kept
    without: list[JsonObject] = [{}, {"metadata": None}, {"metadata": {"annotations": []}}]
    for nothing in without:
        assert annotations_of("eks.amazonaws.com", nothing) == {}
