"""Whatever stands where in a file: it is read, or refused with a place; nothing crashes a reader."""

import json
from copy import deepcopy
from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.decide.chain import chain_of
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import SekishoInputError
from sekisho.facts.files import read_documents
from sekisho.facts.identity import identity_from_arn
from unit.facts.test_account_details import details
from unit.facts.test_files import described
from unit.facts.worlds import WORLD

WHOLE = [yaml.safe_load(WORLD), details(), json.loads(described())]
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 10**13),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        ["", "x", "a b", "*", "arn:", "arn:aws:iam::111122223333:user/", "\ud800", "{", "%7B%zz", "0"]
    ),
    st.text(max_size=5),
    st.just([]),
    st.just([None]),
    st.just({}),
    st.just({"x": None}),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a document below its root."""
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [found for key, child in members for found in [(*path, key), *places(child, (*path, key))]]


PLACES = [(number, place) for number, whole in enumerate(WHOLE) for place in places(whole)]


@settings(max_examples=200)
@given(chosen=st.sampled_from(PLACES), value=ODD, renamed=st.one_of(st.none(), st.text(max_size=5)))
def test_a_value_of_any_kind_in_any_place_is_read_or_refused_with_a_place(
    chosen: tuple[int, tuple[Any, ...]], value: Any, renamed: str | None
) -> None:
    number, (*path, last) = chosen
    document = parent = deepcopy(WHOLE[number])
    for token in path:
        parent = parent[token]
    parent[last] = value
    if renamed is not None and isinstance(parent, dict):
        parent[renamed] = parent.pop(last)
    assert outcome_of(json.dumps(document)) in ("read", "refused")


def outcome_of(text: str) -> str:
    """Tell whether a file was read, and questions about it answered, or refused with a place."""
    try:
        loaded = read_documents([("file", text)], cluster="eks-clu")
        facts = loaded.cluster
        if facts is None:
            return "no cluster"
        for name in ("eks-admin", "role/app", "arn:aws:iam::111122223333:user/x"):
            identity = identity_from_arn(name, loaded.snapshot)
            chain_of((), identity, facts, RequestAttributes("get", resource="pods"))
    except SekishoInputError as error:
        return "refused" if all(fault.at.document for fault in error.faults) else "refused without a place"
    return "read"


@given(text=st.text())
def test_no_text_crashes_the_reader(text: str) -> None:
    assert outcome_of(text) in ("read", "refused")


def test_the_files_that_are_changed_are_read_as_they_are() -> None:
    assert [outcome_of(json.dumps(whole)) for whole in (WHOLE[0], WHOLE[2])] == ["read", "refused"]
