"""JSON Patch and JSON Merge Patch; strategic merge patches are compared with Go's in tests/wire."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.wire.kube.patch import PatchType, apply_patch, json_patch, merge_patch, read_patch
from sekisho.wire.kube.schema import load
from sekisho.wire.kube.status import KubeError

SCHEMA = load()

# RFC 7386, appendix A.
RFC_7386: list[tuple[Any, Any, Any]] = [
    ({"a": "b"}, {"a": "c"}, {"a": "c"}),
    ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
    ({"a": "b"}, {"a": None}, {}),
    ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
    ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
    ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
    ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
    ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
    (["a", "b"], ["c", "d"], ["c", "d"]),
    ({"a": "b"}, ["c"], ["c"]),
    ({"a": "foo"}, None, None),
    ({"a": "foo"}, "bar", "bar"),
    ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
    ([1, 2], {"a": "b", "c": None}, {"a": "b"}),
    ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
]


@pytest.mark.parametrize(("target", "patch", "result"), RFC_7386)
def test_merge_patch(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


def test_json_patch_applies_all_or_nothing() -> None:
    current: Any = {"a": 1, "l": [1]}
    operations: list[Any] = [
        {"op": "test", "path": "/a", "value": 1},
        {"op": "add", "path": "/l/-", "value": 2},
        {"op": "remove", "path": "/a"},
    ]
    assert json_patch(current, operations) == {"l": [1, 2]}
    assert current == {"a": 1, "l": [1]}


UNAPPLICABLE: dict[str, Any] = {
    "test fails": [{"op": "test", "path": "/a", "value": 2}],
    "no such member": [{"op": "remove", "path": "/z"}],
    "into a scalar": [{"op": "add", "path": "/a/b", "value": 1}],
    "index past the end": [{"op": "add", "path": "/l/9", "value": 1}],
    "not an index": [{"op": "replace", "path": "/l/x", "value": 1}],
    "unknown operation": [{"op": "explode", "path": "/a"}],
    "no path": [{"op": "remove"}],
}
MALFORMED: dict[str, Any] = {
    "not a list": {"op": "add"},
    "not operations": ["add"],
    "the whole object becomes a scalar": [{"op": "replace", "path": "", "value": 1}],
}


@pytest.mark.parametrize("operations", UNAPPLICABLE.values(), ids=UNAPPLICABLE.keys())
def test_a_json_patch_that_does_not_fit_is_422(operations: Any) -> None:
    with pytest.raises(KubeError) as raised:
        json_patch({"a": 1, "l": [1]}, operations)
    assert raised.value.code == 422
    assert raised.value.message == "the server rejected our request due to an error in our request"


LAX: dict[str, tuple[Any, Any]] = {
    "no value is null": ([{"op": "add", "path": "/b"}], {"a": 1, "l": [1], "b": None}),
    "a member that is not there is replaced all the same": (
        [{"op": "replace", "path": "/b", "value": 2}],
        {"a": 1, "l": [1], "b": 2},
    ),
}


@pytest.mark.parametrize(("operations", "expected"), LAX.values(), ids=LAX.keys())
def test_two_points_in_which_kube_apiserver_is_laxer_than_the_rfc(operations: Any, expected: Any) -> None:
    assert json_patch({"a": 1, "l": [1]}, operations) == expected


@pytest.mark.parametrize("operations", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_json_patch_is_400(operations: Any) -> None:
    with pytest.raises(KubeError) as raised:
        json_patch({"a": 1}, operations)
    assert raised.value.code == 400


def test_the_number_of_operations_is_bounded() -> None:
    with pytest.raises(KubeError) as raised:
        json_patch({"a": 1}, [{"op": "test", "path": "/a", "value": 1}] * 10_001)
    assert raised.value.code == 413


def test_copies_cannot_multiply_a_document() -> None:
    doubling: list[Any] = [{"op": "copy", "from": "/a", "path": f"/a/{i}"} for i in range(60)]
    with pytest.raises(KubeError) as raised:
        json_patch({"a": {"x": "y" * 100}}, doubling)
    assert raised.value.code == 413
    few: list[Any] = [{"op": "copy", "from": "/a", "path": f"/{i}"} for i in range(3)]
    assert json_patch({"a": [1]}, few) == {"a": [1], "0": [1], "1": [1], "2": [1]}


POINTERS = st.lists(st.sampled_from(["a", "l", "0", "-", "x", "", "~"]), max_size=3).map(
    lambda tokens: "".join(f"/{token}" for token in tokens)
)
OPERATIONS = st.fixed_dictionaries(
    {"op": st.sampled_from(["add", "remove", "replace", "move", "copy", "test"]), "path": POINTERS},
    optional={"from": POINTERS, "value": st.none() | st.integers() | st.just({"a": [1]})},
)


@given(st.lists(OPERATIONS, max_size=4))
def test_no_json_patch_ends_in_a_traceback(operations: list[Any]) -> None:
    try:
        result = json_patch({"a": {"x": 1}, "l": [1, {"a": 2}], "": "e"}, operations)
    except KubeError as error:
        assert error.code in {400, 422}  # noqa: PT017 - either outcome is right, nothing else is
    else:
        assert isinstance(result, dict)


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        ("application/json-patch+json", PatchType.JSON),
        ("application/merge-patch+json; charset=utf-8", PatchType.MERGE),
        ("application/strategic-merge-patch+json", PatchType.STRATEGIC),
        ("Application/Apply-Patch+YAML", PatchType.APPLY),
    ],
)
def test_patch_types(content_type: str, kind: PatchType) -> None:
    assert PatchType.parse(content_type) is kind


def test_another_patch_type_is_415_and_names_those_that_are_read() -> None:
    with pytest.raises(KubeError) as raised:
        PatchType.parse("application/json")
    assert raised.value.code == 415
    assert "application/merge-patch+json" in raised.value.message


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"{}", PatchType.JSON, 400),
        (b"[]", PatchType.MERGE, 400),
        (b"{", PatchType.STRATEGIC, 400),
        (b"a: [", PatchType.APPLY, 400),
        (b" " * (3 * 1024 * 1024 + 1), PatchType.MERGE, 413),
    ],
)
def test_malformed_patch_bodies(body: bytes, kind: PatchType, code: int) -> None:
    with pytest.raises(KubeError) as raised:
        read_patch(body, kind)
    assert raised.value.code == code


def test_apply_patch_chooses_by_type() -> None:
    current: Any = {"metadata": {"finalizers": ["a"]}, "data": {"x": "1"}}
    patch: Any = {"metadata": {"finalizers": ["b"]}}
    merged = apply_patch(current, patch, PatchType.MERGE, "core.v1.ConfigMap", SCHEMA)
    strategic = apply_patch(current, patch, PatchType.STRATEGIC, "core.v1.ConfigMap", SCHEMA)
    assert merged["metadata"] == {"finalizers": ["b"]}
    assert strategic["metadata"] == {"finalizers": ["b", "a"]}  # what is new comes first, as in Go
    removed: Any = [{"op": "remove", "path": "/data"}]
    assert "data" not in apply_patch(current, removed, PatchType.JSON, "core.v1.ConfigMap", SCHEMA)
    with pytest.raises(KubeError):
        apply_patch(current, patch, PatchType.APPLY, "core.v1.ConfigMap", SCHEMA)


def test_long_lists_merge_in_linear_time() -> None:
    names = [f"n{i}" for i in range(20_000)]
    current: Any = {"metadata": {"finalizers": names}, "spec": {"containers": [{"name": n} for n in names]}}
    patch: Any = {
        "metadata": {"finalizers": [*names, "new"]},
        "spec": {"containers": [{"name": n, "image": "x"} for n in reversed(names)]},
    }
    result: Any = apply_patch(current, patch, PatchType.STRATEGIC, "core.v1.Pod", SCHEMA)
    assert result["metadata"]["finalizers"] == [*names, "new"]
    assert [c["name"] for c in result["spec"]["containers"]] == names[::-1]


PATCHES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("metadata", "spec", "containers", "finalizers", "name", "env", "x", "$patch"),
                    *("$retainKeys", "$setElementOrder/containers", "$deleteFromPrimitiveList/finalizers"),
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(st.dictionaries(st.sampled_from(["metadata", "spec", "x"]), PATCHES))
def test_no_strategic_patch_ends_in_a_traceback(patch: Any) -> None:
    current: Any = {"metadata": {"finalizers": ["a"]}, "spec": {"containers": [{"name": "a"}, {"name": "b"}]}}
    try:
        result = apply_patch(current, patch, PatchType.STRATEGIC, "core.v1.Pod", SCHEMA)
    except KubeError as error:
        assert error.code == 400  # noqa: PT017 - either outcome is right, nothing else is
    else:
        assert "$patch" not in result
