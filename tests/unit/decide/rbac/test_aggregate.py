"""Aggregated ClusterRoles: what the controller would write."""

import pytest

from sekisho.decide.rbac.aggregate import converge, cyclic
from sekisho.decide.rbac.model import ObjectKey, Requirement, Role
from sekisho.decide.values import Json
from unit.decide.rbac.build import role, rule

A, B, C = (rule("get", "core", name) for name in ("a", "b", "c"))


def to(label: str) -> Json:
    return {"matchLabels": {label: "true"}}


def resources(*roles: Role) -> dict[str, list[str]]:
    converged = converge({one.key: one for one in roles})
    return {key.name: [one.resources[0] for one in found.rules] for key, found in converged.items()}


def test_rules_come_from_the_chosen_roles_sorted_by_name_without_repetition() -> None:
    found = resources(
        role("all", of=[to("x")]),
        role("2", B, A, labels={"x": "true"}),
        role("1", A, C, labels={"x": "true"}),
        role("other", B),
    )
    assert found["all"] == ["a", "c", "b"]


def test_rules_written_by_hand_disappear() -> None:
    assert resources(role("all", A, of=[to("x")]), role("1", B, labels={"x": "true"}))["all"] == ["b"]
    assert resources(role("all", A, of=[]))["all"] == []


def test_nested_aggregates_are_followed_whatever_their_names() -> None:
    found = resources(
        role("a-top", of=[to("mid")]),
        role("m-mid", of=[to("low")], labels={"mid": "true"}),
        role("z-low", of=[to("leaf")], labels={"low": "true"}),
        role("leaf", C, labels={"leaf": "true"}),
    )
    assert found == {"a-top": ["c"], "m-mid": ["c"], "z-low": ["c"], "leaf": ["c"]}


def test_selectors_are_alternatives_and_their_terms_are_not() -> None:
    both: Json = {"matchLabels": {"x": "true", "y": "true"}}
    roles = (role("1", A, labels={"x": "true"}), role("2", B, labels={"x": "true", "y": "true"}))
    assert resources(role("all", of=[both]), *roles)["all"] == ["b"]
    assert resources(role("all", of=[both, to("x")]), *roles)["all"] == ["b", "a"]


def test_an_empty_selector_chooses_all_but_itself_and_no_namespaced_role() -> None:
    assert resources(role("all", B, of=[{}]), role("1", A), role("ns/2", C))["all"] == ["a"]


def test_the_place_of_a_rule_is_where_it_was_written() -> None:
    roles = (role("all", of=[to("x")]), role("1", A, labels={"x": "true"}))
    converged = converge({one.key: one for one in roles})
    assert converged[ObjectKey("", "all")].rules[0].at == roles[1].rules[0].at


def test_a_circle_keeps_everything_in_circulation() -> None:
    roles = (
        role("1", A, of=[to("one")], labels={"two": "true"}),
        role("2", B, of=[to("two")], labels={"one": "true"}),
        role("3", of=[to("two")]),
        role("4", C, of=[to("four")], labels={"four": "true"}),
    )
    found = resources(*roles)
    assert set(found["1"]) == set(found["2"]) == set(found["3"]) == {"a", "b"}
    assert found["4"] == []
    assert cyclic({one.key: one for one in roles}) == {ObjectKey("", "1"), ObjectKey("", "2")}


@pytest.mark.parametrize(
    ("operator", "values", "labels", "expected"),
    [
        ("In", ("1", "2"), (("a", "2"),), True),
        ("In", ("1", "2"), (("a", "3"),), False),
        ("In", ("1",), (), False),
        ("NotIn", ("1",), (("a", "2"),), True),
        ("NotIn", ("1",), (("a", "1"),), False),
        ("NotIn", ("1",), (), True),
        ("Exists", (), (("a", ""),), True),
        ("Exists", (), (), False),
        ("DoesNotExist", (), (), True),
        ("DoesNotExist", (), (("a", ""),), False),
    ],
)
def test_match_expressions(
    operator: str, values: tuple[str, ...], labels: tuple[tuple[str, str], ...], expected: bool
) -> None:
    assert Requirement("a", operator, values).accepts(labels) is expected
