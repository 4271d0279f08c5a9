"""Bodies become objects of the kind the path serves, or a 4xx that says what was expected."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.wire.kube.body import (
    MAX_BODY_BYTES,
    FieldValidation,
    read_object,
    read_options,
    warning_header,
)
from sekisho.wire.kube.defaults import with_defaults
from sekisho.wire.kube.registry import CORE, RBAC, REGISTRY, GroupVersion
from sekisho.wire.kube.schema import load
from sekisho.wire.kube.status import KubeError

SCHEMA = load()
STRICT = FieldValidation.STRICT


def read(
    value: Any, kind: str = "ConfigMap", at: GroupVersion = CORE, validation: FieldValidation = STRICT
) -> Any:
    return read_object(json.dumps(value).encode(), "application/json", at, kind, SCHEMA, validation).value


def refusal(value: Any, kind: str = "ConfigMap", at: GroupVersion = CORE) -> KubeError:
    with pytest.raises(KubeError) as raised:
        read(value, kind, at)
    return raised.value


def test_missing_kind_and_version_are_filled_in_first() -> None:
    assert list(read({"data": {"a": "b"}}).items()) == [
        ("apiVersion", "v1"),
        ("kind", "ConfigMap"),
        ("data", {"a": "b"}),
    ]


@pytest.mark.parametrize("content_type", ["application/yaml", "application/yaml; charset=utf-8"])
def test_yaml_is_read(content_type: str) -> None:
    body = b"metadata:\n  name: x\ndata:\n  8080: 'true'\n"
    assert read_object(body, content_type, CORE, "ConfigMap", SCHEMA).value["data"] == {"8080": "true"}


def test_nulls_and_empty_members_vanish_and_pointers_stay() -> None:
    value = read(
        {"metadata": {"name": "x", "labels": {}, "creationTimestamp": None, "uid": ""}, "data": None}
    )
    assert value == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
    pod = read(
        {
            "spec": {
                "containers": [{"name": "c", "stdin": False, "securityContext": {"runAsUser": 0}}],
                "hostUsers": False,
                "volumes": [{"name": "v", "emptyDir": {}}],
            }
        },
        "Pod",
    )
    assert pod["spec"] == {
        "containers": [{"name": "c", "securityContext": {"runAsUser": 0}}],
        "hostUsers": False,
        "volumes": [{"name": "v", "emptyDir": {}}],
    }


WRONG = {
    "data value": (
        {"data": {"a": 1}},
        "ConfigMap",
        "json: cannot unmarshal number into Go struct field ConfigMap.data of type string",
    ),
    "data": (
        {"data": ["a"]},
        "ConfigMap",
        "json: cannot unmarshal array into Go struct field ConfigMap.data of type map[string]string",
    ),
    "list": (
        {"spec": {"containers": {}}},
        "Pod",
        "json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container",
    ),
    "object": (
        {"metadata": "x"},
        "Pod",
        "json: cannot unmarshal string into Go struct field Pod.metadata of type v1.ObjectMeta",
    ),
    "bool": (
        {"immutable": "true"},
        "ConfigMap",
        "json: cannot unmarshal string into Go struct field ConfigMap.immutable of type bool",
    ),
    "base64": ({"data": {"a": "a!b="}}, "Secret", "illegal base64 data at input byte 1"),
    "number of 33 bits": (
        {"spec": {"priority": 2147483648}},
        "Pod",
        "json: cannot unmarshal number 2147483648 into Go struct field PodSpec.spec.priority of type int32",
    ),
    "quantity": (
        {"spec": {"containers": [{"name": "c", "resources": {"limits": {"cpu": "one"}}}]}},
        "Pod",
        "quantities must match the regular expression",
    ),
    "time": (
        {"metadata": {"creationTimestamp": "today"}},
        "Pod",
        'parsing time "today" as "2006-01-02T15:04:05Z07:00": cannot parse',
    ),
}


@pytest.mark.parametrize(("value", "kind", "text"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_type_is_400_with_gos_words(value: Any, kind: str, text: str) -> None:
    error = refusal(value, kind)
    assert (error.code, error.reason) == (400, "BadRequest")
    assert f'{kind} in version "v1" cannot be handled as a {kind}: {text}' in error.message


UNKNOWN: dict[str, Any] = {"spec": {"x": 1, "containers": [{"name": "c", "nmae": "d"}]}, "metadata": {"y": 2}}


def test_unknown_fields_are_refused_under_strict() -> None:
    assert refusal(UNKNOWN, "Pod").message == (
        'Pod in version "v1" cannot be handled as a Pod: strict decoding error: unknown field "spec.x", '
        'unknown field "spec.containers[0].nmae", unknown field "metadata.y"'
    )


@pytest.mark.parametrize(
    ("validation", "warnings"),
    [
        (
            FieldValidation.WARN,
            (
                'unknown field "spec.x"',
                'unknown field "spec.containers[0].nmae"',
                'unknown field "metadata.y"',
            ),
        ),
        (FieldValidation.IGNORE, ()),
    ],
)
def test_unknown_fields_are_dropped_otherwise(validation: FieldValidation, warnings: tuple[str, ...]) -> None:
    decoded = read_object(json.dumps(UNKNOWN).encode(), "", CORE, "Pod", SCHEMA, validation)
    assert decoded.warnings == warnings
    assert decoded.value["spec"] == {"containers": [{"name": "c"}]}


def test_inlined_members_are_known() -> None:
    env = {"name": "E", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    assert read({"spec": {"containers": [{"name": "c", "env": [env]}]}}, "Pod")["spec"]["containers"][0][
        "env"
    ] == [env]


IDENTITY = {
    "another version": (
        {"apiVersion": "v2", "kind": "ConfigMap"},
        "the API version in the data (v2) does not match the expected API version (v1)",
    ),
    "another kind": (
        {"apiVersion": "v1", "kind": "Secret"},
        'Secret in version "v1" cannot be handled as a ConfigMap: expected kind ConfigMap, found Secret',
    ),
    "kind of another type": (
        {"kind": 5},
        "the object provided is unrecognized (must be of type ConfigMap): apiVersion and kind are strings",
    ),
    "a list": ([], "the object provided is unrecognized (must be of type ConfigMap): expected an object"),
}


@pytest.mark.parametrize(("value", "message"), IDENTITY.values(), ids=IDENTITY.keys())
def test_another_identity_is_400(value: Any, message: str) -> None:
    error = refusal(value)
    assert (error.code, error.message) == (400, message)


BROKEN = {
    "cut JSON": (b"{", "application/json", 400),
    "twice the same member": (b'{"data":{"a":"1","a":"2"}}', "application/json", 400),
    "not protobuf": (b"{}", "application/vnd.kubernetes.protobuf", 400),
    "unknown media type": (b"{}", "text/plain", 415),
    "too long": (b" " * (MAX_BODY_BYTES + 1), "application/json", 413),
}


@pytest.mark.parametrize(("body", "content_type", "code"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_bodies(body: bytes, content_type: str, code: int) -> None:
    with pytest.raises(KubeError) as raised:
        read_object(body, content_type, CORE, "ConfigMap", SCHEMA)
    assert raised.value.code == code


def test_a_body_at_the_limit_is_read() -> None:
    body = b"{}" + b" " * (MAX_BODY_BYTES - 2)
    assert read_object(body, "", CORE, "ConfigMap", SCHEMA).value["kind"] == "ConfigMap"


def test_string_data_wins_over_data() -> None:
    secret = read({"data": {"a": "MQ==", "b": "Mg=="}, "stringData": {"b": "3"}}, "Secret")
    assert secret["data"] == {"a": "MQ==", "b": "Mw=="}
    assert "stringData" not in secret


def test_delete_options() -> None:
    assert read_options(b"", "", SCHEMA) == {}
    body = (
        b'{"kind":"DeleteOptions","apiVersion":"apps/v1","gracePeriodSeconds":0,"propagationPolicy":"Orphan"}'
    )
    assert read_options(body, "application/json", SCHEMA)["gracePeriodSeconds"] == 0
    for wrong in (b'{"kind":"Pod"}', b'{"gracePeriodSeconds":"x"}'):
        with pytest.raises(KubeError) as raised:
            read_options(wrong, "", SCHEMA)
        assert raised.value.code == 400


def test_field_validation_is_a_closed_choice() -> None:
    assert FieldValidation.parse("") is FieldValidation.WARN
    with pytest.raises(KubeError) as raised:
        FieldValidation.parse("strict")
    assert raised.value.code == 422


def test_warning_headers_cannot_be_broken_out_of() -> None:
    assert warning_header('a "b"\r\nX: y\\') == '299 - "a \\"b\\"  X: y\\\\"'


def test_defaults_that_clients_see() -> None:
    namespaces, secrets = REGISTRY.of_kind("v1", "Namespace"), REGISTRY.of_kind("v1", "Secret")
    bindings = REGISTRY.of_kind(RBAC.api_version, "ClusterRoleBinding")
    assert namespaces is not None
    assert secrets is not None
    assert bindings is not None
    assert with_defaults(namespaces, {"metadata": {"name": "n"}}) == {
        "metadata": {"name": "n", "labels": {"kubernetes.io/metadata.name": "n"}},
        "spec": {"finalizers": ["kubernetes"]},
        "status": {"phase": "Active"},
    }
    assert with_defaults(secrets, {}) == {"type": "Opaque"}
    assert with_defaults(secrets, {"type": "x"}) == {"type": "x"}
    bound = with_defaults(
        bindings,
        {
            "roleRef": {"kind": "ClusterRole", "name": "view"},
            "subjects": [{"kind": "Group", "name": "g"}, {"kind": "ServiceAccount", "name": "s"}],
        },
    )
    assert bound == {
        "roleRef": {"apiGroup": RBAC.group, "kind": "ClusterRole", "name": "view"},
        "subjects": [
            {"kind": "Group", "name": "g", "apiGroup": RBAC.group},
            {"kind": "ServiceAccount", "name": "s"},
        ],
    }


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["metadata", "name", "labels", "spec", "data", "containers", "subjects", "x"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(VALUES, st.sampled_from(["ConfigMap", "Pod", "Secret", "Node", "Event"]))
def test_any_value_conforms_or_is_refused_and_conforming_is_stable(value: Any, kind: str) -> None:
    try:
        once = read(value, kind, validation=FieldValidation.WARN)
    except KubeError as error:
        assert error.code == 400  # noqa: PT017 - either outcome is right, nothing else is
    else:
        assert read(once, kind) == once
