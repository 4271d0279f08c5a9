"""Objects that may be stored, and the causes kube-apiserver gives for those that may not."""

from typing import Any

import pytest

from sekisho.wire.kube import names
from sekisho.wire.kube.registry import REGISTRY, Resource
from sekisho.wire.kube.status import KubeError
from sekisho.wire.kube.validate import MAX_ANNOTATION_BYTES, MAX_DATA_BYTES, place, validate
from sekisho.wire.kube.validate_review import validate_token_request

RBAC = "rbac.authorization.k8s.io"
AUTHORIZATION = "authorization.k8s.io/v1"


def resource(api_version: str, kind: str) -> Resource:
    found = REGISTRY.of_kind(api_version, kind)
    assert found is not None
    return found


def causes(api_version: str, kind: str, value: dict[str, Any], old: Any = None) -> list[tuple[str, str]]:
    """Return field and message of every cause, none when the object is fine."""
    try:
        validate(resource(api_version, kind), value, old)
    except KubeError as error:
        assert (error.code, error.reason) == (422, "Invalid")  # noqa: PT017 - valid objects raise nothing
        found: Any = error.details["causes"]
        return [(cause["field"], cause["message"]) for cause in found]
    return []


def meta(name: str = "x", namespace: str = "ns", **members: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **({"namespace": namespace} if namespace else {}), **members}}


def role(*rules: dict[str, Any]) -> dict[str, Any]:
    return {**meta(), "rules": list(rules)}


def binding(role_ref: dict[str, Any], *subjects: dict[str, Any], namespace: str = "ns") -> dict[str, Any]:
    return {**meta(namespace=namespace), "roleRef": role_ref, "subjects": list(subjects)}


VIEW = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "view"}
LABEL = names.dns_label_problems("A")[0]
SUBDOMAIN = names.dns_subdomain_problems("A")[0]
CASES: dict[str, tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = {
    "fine config map": ("v1", "ConfigMap", {**meta(), "data": {"mapRoles": "x", ".a_b-C": ""}}, []),
    "no name": (
        "v1",
        "ConfigMap",
        meta(""),
        [("metadata.name", "Required value: name or generateName is required")],
    ),
    "upper case name": (
        "v1",
        "ConfigMap",
        meta("A"),
        [("metadata.name", f'Invalid value: "A": {SUBDOMAIN}')],
    ),
    "namespaces are labels": (
        "v1",
        "Namespace",
        meta("a.b", ""),
        [("metadata.name", 'Invalid value: "a.b": must not contain dots')],
    ),
    "a role may be called anything that fits a path": (
        f"{RBAC}/v1",
        "ClusterRole",
        meta("system:Admin", ""),
        [],
    ),
    "a role must not hold a slash": (
        f"{RBAC}/v1",
        "ClusterRole",
        meta("a/b", ""),
        [("metadata.name", "Invalid value: \"a/b\": may not contain '/'")],
    ),
    "a prefix may end in a dash": ("v1", "ConfigMap", meta("a-1", generateName="a-"), []),
    "a prefix is checked": (
        "v1",
        "ConfigMap",
        meta("a-1", generateName="A-"),
        [("metadata.generateName", f'Invalid value: "A-": {SUBDOMAIN}')],
    ),
    "no namespace": ("v1", "ConfigMap", meta("x", ""), [("metadata.namespace", "Required value")]),
    "label value": (
        "v1",
        "ConfigMap",
        meta(labels={"a": "b c"}),
        [("metadata.labels", f'Invalid value: "b c": {names.label_value_problems("b c")[0]}')],
    ),
    "annotation keys ignore case of the prefix": (
        "v1",
        "ServiceAccount",
        meta(annotations={"EKS.amazonaws.com/role-arn": "any text"}),
        [],
    ),
    "annotation key": (
        "v1",
        "ConfigMap",
        meta(annotations={"a b": ""}),
        [("metadata.annotations", f'Invalid value: "a b": {names.label_key_problems("a b")[0]}')],
    ),
    "annotations at the limit": (
        "v1",
        "ConfigMap",
        meta(annotations={"k": "x" * (MAX_ANNOTATION_BYTES - 1)}),
        [],
    ),
    "annotations past the limit": (
        "v1",
        "ConfigMap",
        meta(annotations={"k": "x" * MAX_ANNOTATION_BYTES}),
        [("metadata.annotations", "Too long: may not be more than 262144 bytes")],
    ),
    "owner without uid": (
        "v1",
        "ConfigMap",
        meta(ownerReferences=[{"apiVersion": "v1", "kind": "Pod", "name": "p"}]),
        [("metadata.ownerReferences[0].uid", "Required value: must not be empty")],
    ),
    "data key": (
        "v1",
        "ConfigMap",
        {**meta(), "data": {"a/b": ""}},
        [("data[a/b]", f'Invalid value: "a/b": {names.config_key_problems("a/b")[0]}')],
    ),
    "key in both": (
        "v1",
        "ConfigMap",
        {**meta(), "data": {"a": ""}, "binaryData": {"a": ""}},
        [("data[a]", 'Invalid value: "a": duplicate of key present in binaryData')],
    ),
    "data at the limit": ("v1", "ConfigMap", {**meta(), "data": {"a": "x" * MAX_DATA_BYTES}}, []),
    "data past the limit": (
        "v1",
        "ConfigMap",
        {**meta(), "data": {"a": "x" * (MAX_DATA_BYTES + 1)}},
        [("[]", "Too long: may not be more than 1048576 bytes")],
    ),
    "token secret without account": (
        "v1",
        "Secret",
        {**meta(), "type": "kubernetes.io/service-account-token"},
        [("metadata.annotations[kubernetes.io/service-account.name]", "Required value")],
    ),
    "TLS secret without key": (
        "v1",
        "Secret",
        {**meta(), "type": "kubernetes.io/tls", "data": {"tls.crt": ""}},
        [("data[tls.key]", "Required value")],
    ),
    "fine role": (
        f"{RBAC}/v1",
        "Role",
        role({"apiGroups": [""], "resources": ["pods", "nodes"], "verbs": ["get"], "resourceNames": ["a"]}),
        [],
    ),
    "empty rule": (
        f"{RBAC}/v1",
        "Role",
        role({}),
        [
            ("rules[0].apiGroups", "Required value: resource rules must supply at least one api group"),
            ("rules[0].resources", "Required value: resource rules must supply at least one resource"),
            ("rules[0].verbs", "Required value"),
        ],
    ),
    "URLs in a role": (
        f"{RBAC}/v1",
        "Role",
        role({"nonResourceURLs": ["/x"], "verbs": ["get"]}),
        [
            (
                "rules[0].nonResourceURLs",
                'Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs',
            )
        ],
    ),
    "URLs and resources": (
        f"{RBAC}/v1",
        "ClusterRole",
        {
            **meta(namespace=""),
            "rules": [{"nonResourceURLs": ["/x"], "verbs": ["get"], "resources": ["pods"]}],
        },
        [
            (
                "rules[0].nonResourceURLs",
                'Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs',
            )
        ],
    ),
    "aggregation without selectors": (
        f"{RBAC}/v1",
        "ClusterRole",
        {**meta(namespace=""), "aggregationRule": {}},
        [
            (
                "aggregationRule.clusterRoleSelectors",
                "Required value: at least one clusterRoleSelector required if aggregationRule is non-nil",
            )
        ],
    ),
    "fine binding": (
        f"{RBAC}/v1",
        "RoleBinding",
        binding(
            VIEW, {"kind": "ServiceAccount", "name": "s"}, {"kind": "User", "apiGroup": RBAC, "name": "u"}
        ),
        [],
    ),
    "a cluster-wide binding needs a cluster role": (
        f"{RBAC}/v1",
        "ClusterRoleBinding",
        binding({**VIEW, "kind": "Role"}, namespace=""),
        [("roleRef.kind", 'Unsupported value: "Role": supported values: "ClusterRole"')],
    ),
    "role reference without name and group": (
        f"{RBAC}/v1",
        "RoleBinding",
        binding({"kind": "Role"}),
        [
            ("roleRef.apiGroup", f'Unsupported value: "": supported values: "{RBAC}"'),
            ("roleRef.name", "Required value"),
        ],
    ),
    "service account subjects": (
        f"{RBAC}/v1",
        "ClusterRoleBinding",
        binding(VIEW, {"kind": "ServiceAccount", "name": "A", "apiGroup": "x"}, namespace=""),
        [
            ("subjects[0].name", f'Invalid value: "A": {SUBDOMAIN}'),
            ("subjects[0].apiGroup", 'Unsupported value: "x": supported values: ""'),
            ("subjects[0].namespace", "Required value"),
        ],
    ),
    "other subjects": (
        f"{RBAC}/v1",
        "RoleBinding",
        binding(VIEW, {"kind": "Group", "apiGroup": RBAC}, {"kind": "Robot", "name": "r"}),
        [
            (
                "subjects[1].kind",
                'Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
            ),
            ("subjects[0].name", "Required value"),
        ],
    ),
    "own access review": (
        AUTHORIZATION,
        "SelfSubjectAccessReview",
        {"metadata": {}, "spec": {"resourceAttributes": {"verb": "get"}}},
        [],
    ),
    "access review of nothing for nobody": (
        AUTHORIZATION,
        "SubjectAccessReview",
        {"spec": {}},
        [
            (
                "spec",
                (
                    "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes "
                    "must be specified"
                ),
            ),
            ("spec.user", 'Invalid value: "": at least one of user or group must be specified'),
        ],
    ),
    "access review of both": (
        AUTHORIZATION,
        "SelfSubjectAccessReview",
        {"metadata": {"name": "x"}, "spec": {"resourceAttributes": {}, "nonResourceAttributes": {}}},
        [
            (
                "spec",
                (
                    'Invalid value: {"Path":"","Verb":""}: exactly one of nonResourceAttributes or '
                    "resourceAttributes must be specified"
                ),
            ),
            ("metadata", 'Invalid value: {"name":"x"}: must be empty'),
        ],
    ),
    "local access review of another namespace": (
        AUTHORIZATION,
        "LocalSubjectAccessReview",
        {"metadata": {"namespace": "a"}, "spec": {"user": "u", "resourceAttributes": {"namespace": "b"}}},
        [("spec.resourceAttributes.namespace", 'Invalid value: "b": must match metadata.namespace')],
    ),
    "local access review of a path": (
        AUTHORIZATION,
        "LocalSubjectAccessReview",
        {"spec": {"user": "u", "nonResourceAttributes": {}}},
        [
            (
                "spec.nonResourceAttributes",
                'Invalid value: {"Path":"","Verb":""}: disallowed on this kind of request',
            )
        ],
    ),
}


@pytest.mark.parametrize(("version", "kind", "value", "expected"), CASES.values(), ids=CASES.keys())
def test_causes(version: str, kind: str, value: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert causes(version, kind, value) == expected


def test_a_role_reference_never_changes() -> None:
    old, new = binding(VIEW), binding({**VIEW, "name": "edit"})
    assert causes(f"{RBAC}/v1", "RoleBinding", binding(VIEW), old) == []
    (field, message), *more = causes(f"{RBAC}/v1", "RoleBinding", new, old)
    assert field == "roleRef"
    assert message.endswith(": field is immutable")
    assert more == []


def test_immutable_data_stay() -> None:
    old = {**meta(), "immutable": True, "data": {"a": "1"}}
    same = causes("v1", "ConfigMap", old, old)
    changed = causes("v1", "ConfigMap", {**meta(), "data": {"a": "2"}}, old)
    text = "Forbidden: field is immutable when `immutable` is set"
    assert same == []
    assert changed == [("immutable", text), ("data", text)]


def test_the_type_of_a_secret_stays() -> None:
    old, new = {**meta(), "type": "Opaque"}, {**meta(), "type": "other"}
    assert causes("v1", "Secret", new, old) == [("type", 'Invalid value: "other": field is immutable')]


def token_causes(spec: dict[str, Any]) -> list[str]:
    try:
        validate_token_request({"spec": spec}, "sa")
    except KubeError as error:
        found: Any = error.details["causes"]
        return [cause["message"] for cause in found]
    return []


LIFETIMES = {
    "open": ({}, []),
    "just under ten minutes": (
        {"expirationSeconds": 599},
        ["Invalid value: 599: may not specify a duration less than 10 minutes"],
    ),
    "ten minutes": ({"expirationSeconds": 600}, []),
    "2^32 seconds": ({"expirationSeconds": 1 << 32}, []),
    "one more": (
        {"expirationSeconds": (1 << 32) + 1},
        ["Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds"],
    ),
}


@pytest.mark.parametrize(("spec", "messages"), LIFETIMES.values(), ids=LIFETIMES.keys())
def test_token_lifetimes(spec: dict[str, Any], messages: list[str]) -> None:
    assert token_causes(spec) == messages


CONFIG_MAPS, ROLES = resource("v1", "ConfigMap"), resource(f"{RBAC}/v1", "ClusterRoleBinding")


def test_placing_fills_in_the_namespace_of_the_path() -> None:
    assert place(CONFIG_MAPS, {"metadata": {"name": "x"}}, "ns")["metadata"] == {
        "name": "x",
        "namespace": "ns",
    }


def test_placing_drops_the_namespace_of_a_cluster_scoped_object() -> None:
    assert place(ROLES, meta(namespace="default"), "")["metadata"] == {"name": "x"}


def test_placing_refuses_another_namespace_or_name() -> None:
    with pytest.raises(KubeError) as other_namespace:
        place(CONFIG_MAPS, meta(namespace="a"), "b")
    with pytest.raises(KubeError) as other_name:
        place(CONFIG_MAPS, meta("a"), "ns", "b")
    assert other_namespace.value.message == (
        "the namespace of the provided object does not match the namespace sent on the request"
    )
    assert other_name.value.message == "the name of the object (a) does not match the name on the URL (b)"
    assert {other_namespace.value.code, other_name.value.code} == {400}


GRAMMAR = {
    "label of 63": (names.dns_label_problems("a" * 63), 0),
    "label of 64": (names.dns_label_problems("a" * 64), 1),
    "subdomain of 253": (names.dns_subdomain_problems("a" * 253), 0),
    "subdomain of 254": (names.dns_subdomain_problems("a" * 254), 1),
    "newline at the end": (names.dns_label_problems("a\n"), 1),
    "dot alone": (names.path_segment_problems("."), 1),
    "percent and slash": (names.path_segment_problems("%/"), 2),
    "label value of 63": (names.label_value_problems("a" * 63), 0),
    "label value of 64": (names.label_value_problems("a" * 64), 1),
    "key with prefix": (names.label_key_problems("a.b/c_D"), 0),
    "key with an empty prefix": (names.label_key_problems("/c"), 1),
    "key with an empty name": (names.label_key_problems("a/"), 2),
    "key with two slashes": (names.label_key_problems("a/b/c"), 1),
    "two dots": (names.config_key_problems(".."), 1),
    "leading dots": (names.config_key_problems("..a"), 1),
    "one dot": (names.config_key_problems("."), 1),
}


@pytest.mark.parametrize(("problems", "count"), GRAMMAR.values(), ids=GRAMMAR.keys())
def test_grammars(problems: list[str], count: int) -> None:
    assert len(problems) == count


def test_grammar_texts_are_kubernetes_own() -> None:
    assert LABEL == (
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
        "start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for "
        "validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
    )
