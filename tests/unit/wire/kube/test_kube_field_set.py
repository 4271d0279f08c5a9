"""Sets of fields: the algebra, and the form of ``fieldsV1``."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.wire.kube.field_set import (
    EMPTY,
    MAX_DEPTH,
    FieldSet,
    Path,
    decode,
    encode,
    key_element,
    shown,
    value_element,
)

ELEMENTS = st.sampled_from(
    [
        "f:spec",
        "f:name",
        "f:a.b/c",
        "f:",
        key_element({"name": "x"}),
        key_element({"containerPort": 80, "protocol": "TCP"}),
        value_element("v"),
        value_element("<&>"),
        value_element(1),
        "i:0",
    ]
)
PATHS = st.lists(ELEMENTS, min_size=1, max_size=4).map(tuple)
SETS = st.lists(PATHS, max_size=8).map(FieldSet.of)


def paths(fields: FieldSet) -> set[Path]:
    return set(fields.paths())


@given(SETS)
def test_what_is_written_is_read_again(fields: FieldSet) -> None:
    assert decode(json.loads(json.dumps(encode(fields)))) == fields


@given(SETS)
def test_a_set_is_its_paths(fields: FieldSet) -> None:
    assert FieldSet.of(fields.paths()) == fields
    assert all(path in fields for path in fields.paths())
    assert bool(fields) == bool(paths(fields))


@given(SETS, SETS)
def test_the_operations_are_those_of_sets_of_paths(one: FieldSet, two: FieldSet) -> None:
    assert paths(one | two) == paths(one) | paths(two)
    assert paths(one & two) == paths(one) & paths(two)
    assert paths(one - two) == paths(one) - paths(two)
    assert (one - two) & two == EMPTY
    assert (one - two) | (one & two) == one


@given(SETS, SETS)
def test_without_takes_what_lies_below_too(one: FieldSet, two: FieldSet) -> None:
    begins = paths(two)
    left = {path for path in paths(one) if not any(path[: len(start)] == start for start in begins)}
    assert paths(one.without(two)) == left


def test_the_form_is_that_of_the_documentation() -> None:
    fields = FieldSet.of(
        [
            ("f:data",),
            ("f:data", "f:key"),
            ("f:spec", "f:containers", key_element({"name": "app"})),
            ("f:spec", "f:containers", key_element({"name": "app"}), "f:image"),
        ]
    )
    assert encode(fields) == {
        "f:data": {".": {}, "f:key": {}},
        "f:spec": {"f:containers": {'k:{"name":"app"}': {".": {}, "f:image": {}}}},
    }


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, []),
        ({".": {}}, []),
        ({"f:a": {}}, [("f:a",)]),
        ({"f:a": {".": {}}}, [("f:a",)]),
        ({"f:a": {"f:b": {}}}, [("f:a", "f:b")]),
        ({"x:future": {}, "f:a": {}}, [("f:a",)]),
        ({'k:{"b":1,"a":2}': {}}, [('k:{"a":2,"b":1}',)]),
        ({'v:"\\u0061"': {}}, [('v:"a"',)]),
        ({"i:07": {}}, [("i:7",)]),
    ],
)
def test_documents_are_read(document: dict[str, dict[str, object]], expected: list[Path]) -> None:
    assert list(decode(json.loads(json.dumps(document))).paths()) == expected


@pytest.mark.parametrize("element", ["", "f", "name", "v:", "k:[1]", "k:{", "i:x", "v:{"])
def test_malformed_elements_are_refused(element: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        decode({element: {}})


@pytest.mark.parametrize(("depth", "fits"), [(MAX_DEPTH - 1, True), (MAX_DEPTH, False)])
def test_depth_is_bounded(depth: int, fits: bool) -> None:
    document: dict[str, object] = {}
    for _ in range(depth):
        document = {"f:a": document}
    if fits:
        assert len(next(decode(json.loads(json.dumps(document))).paths())) == depth
    else:
        with pytest.raises(ValueError, match="deeper"):
            decode(json.loads(json.dumps(document)))


@pytest.mark.parametrize("member", [None, 1, "x", []])
def test_a_member_that_is_no_object_is_refused(member: object) -> None:
    with pytest.raises(ValueError, match="expected an object"):
        decode(json.loads(json.dumps({"f:a": member})))


@given(
    st.recursive(
        st.none() | st.booleans() | st.text(max_size=4), lambda s: st.dictionaries(st.text(max_size=6), s)
    )
)
def test_no_document_does_more_than_raise_valueerror(document: object) -> None:
    try:
        decode(json.loads(json.dumps({"f:a": document})))
    except ValueError:
        return


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("f:data", "f:a.b"), ".data.a.b"),
        (("f:containers", key_element({"name": "x", "n": 1}), "f:image"), '.containers[n=1,name="x"].image'),
        (("f:finalizers", value_element("a/b")), '.finalizers[="a/b"]'),
        (("f:args", "i:3"), ".args[3]"),
    ],
)
def test_paths_read_as_in_messages(path: Path, text: str) -> None:
    assert shown(path) == text
