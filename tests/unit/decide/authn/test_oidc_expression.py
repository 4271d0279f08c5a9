"""CEL as an API server has it: what compiles, what it yields, what it reads, what it costs.

Source: Kubernetes, "Common Expression Language in Kubernetes". Held to a real API server in
``tests/e2e/test_real_oidc.py``.
"""

import sys
import time
from typing import Any

import pytest

from sekisho.decide.authn.oidc.code import OidcFault
from sekisho.decide.authn.oidc.expression import (
    ExpressionError,
    _environment,
    compile_claims,
    compile_user,
    over_claims,
    over_user,
    uses_unverified_email,
)
from sekisho.decide.authn.oidc.references import claims_read, reads_whole
from sekisho.decide.cel.lexemes import escapes, unescaped
from sekisho.decide.cel.library import MAX_EXPRESSION_CHARS, SET_FUNCTIONS, prepared
from sekisho.decide.values import KubeUser, Ref, SekishoInputError

AT = Ref("auth.yaml", "/x")

VALUES: dict[str, tuple[str, dict[str, Any], Any]] = {
    "text": ("claims.x", {"x": "v"}, "v"),
    "a number is a double": ("claims.x + 1.0", {"x": 1}, 2.0),
    "null": ("claims.x", {"x": None}, None),
    "a list": ("claims.x", {"x": [1, "a", None, True]}, [1.0, "a", None, True]),
    "a mapping": ("claims.x", {"x": {"a": {"b": 1}}}, {"a": {"b": 1.0}}),
    "a moment has no JSON": ("timestamp(claims.x)", {"x": "2026-01-01T00:00:00Z"}, {"type": "datetime"}),
    "sets.contains": ("sets.contains(claims.x, ['a'])", {"x": ["a", "b"]}, True),
    "sets.contains, not": ("sets.contains(claims.x, ['c'])", {"x": ["a", "b"]}, False),
    "sets.equivalent": ("sets.equivalent(claims.x, ['b', 'a'])", {"x": ["a", "b", "a"]}, True),
    "sets.equivalent, not": ("sets.equivalent(claims.x, ['b'])", {"x": ["a", "b"]}, False),
    "sets.intersects": ("sets.intersects(claims.x, ['b', 'c'])", {"x": ["a", "b"]}, True),
    "sets.intersects, not": ("sets.intersects(claims.x, ['c'])", {"x": ["a", "b"]}, False),
    "true is not one": ("sets.contains(claims.x, [1])", {"x": [True]}, False),
    "a dot in a name": ("claims.a__dot__b", {"a.b": "v"}, "v"),
    "a name that looks escaped": ("has(claims.a__dot__b)", {"a__dot__b": "v"}, False),
    "a nested escape": ("claims.x.a__slash__b", {"x": {"a/b": "v"}}, "v"),
}


@pytest.mark.parametrize(("text", "claims", "wanted"), VALUES.values(), ids=VALUES.keys())
def test_values(text: str, claims: dict[str, Any], wanted: Any) -> None:
    assert over_claims(compile_claims(text, AT, is_condition=False), claims) == wanted


SETS: list[tuple[str, list[Any], list[Any], bool]] = [
    ("contains", [1.0, "a"], ["a"], True),
    ("contains", ["a"], ["a", "b"], False),
    ("contains", [True], [1.0], False),
    ("equivalent", ["a", "b"], ["b", "a", "a"], True),
    ("equivalent", ["a", "b"], ["a"], False),
    ("intersects", ["a"], ["b", "a"], True),
    ("intersects", ["a"], [], False),
]


@pytest.mark.parametrize(("name", "left", "right", "wanted"), SETS)
def test_sets(name: str, left: list[Any], right: list[Any], wanted: bool) -> None:
    assert SET_FUNCTIONS[name](left, right) is wanted


FAILING = {
    "a missing member": ("claims.x", {}),
    "wrong types": ("claims.x + 1", {"x": 1}),
    "a text for a list": ("sets.contains(claims.x, ['a'])", {"x": "a"}),
    "too many rounds": ("dyn(claims.x).all(one, one == 'a')", {"x": ["a"] * 20_000}),
    "rounds in rounds": ("dyn(claims.x).all(a, dyn(claims.x).all(b, a == b))", {"x": ["a"] * 200}),
}


@pytest.mark.parametrize(("text", "claims"), FAILING.values(), ids=FAILING.keys())
def test_what_cannot_be_evaluated_is_said_in_one_line(text: str, claims: dict[str, Any]) -> None:
    expression = compile_claims(text, AT, is_condition=False)
    with pytest.raises(ExpressionError) as error:
        over_claims(expression, claims)
    assert "\n" not in str(error.value)
    assert 0 < len(str(error.value)) <= 200


def test_no_token_makes_a_pattern_slow() -> None:
    expression = compile_claims("claims.x.matches('(a+)+$')", AT, is_condition=False)
    started = time.perf_counter()
    assert over_claims(expression, {"x": "a" * 60_000 + "b"}) is False
    assert time.perf_counter() - started < 1


REFUSED = {
    "a condition that may be text": "claims.x",
    "a condition that is text": "'x'",
    "iteration over a claim": "claims.x.all(one, true)",
    "claims as a whole": "size(claims) == 1",
    "a member of claims, asked for by name": "'x' in claims",
    "no expression": "claims.",
    "an unknown function": "claims.x.shout() == 'X'",
    "too long": "true || " * (MAX_EXPRESSION_CHARS // 8) + "true",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED.keys())
def test_conditions_that_are_refused(text: str) -> None:
    with pytest.raises(SekishoInputError) as error:
        compile_claims(text, AT, is_condition=True)
    (fault,) = error.value.faults
    assert fault.code == OidcFault.EXPRESSION
    assert fault.at == AT
    assert "\n" not in fault.problem


USER = KubeUser("mira", ("a", "b"), "7", (("k.example/x", ("v",)),))
CONDITIONS = {
    "user.username == 'mira' && user.uid == '7'": True,
    "user.groups.all(one, one != 'c')": True,
    "'c' in user.groups": False,
    "user.extra['k.example/x'] == ['v']": True,
    "user.extra.k__dot__example__slash__x[0] == 'v'": True,
    "has(user.uid)": True,
    "has( user.extra ) && user.username == 'x'": False,
}


@pytest.mark.parametrize("text", CONDITIONS)
def test_conditions_over_the_user(text: str) -> None:
    assert over_user(compile_user(text, AT), USER) is CONDITIONS[text]


@pytest.mark.parametrize(
    "text", ["user.name == 'x'", "claims.x == 'x'", "user.username", "user.uid + 1 == 2"]
)
def test_conditions_over_the_user_that_are_refused(text: str) -> None:
    with pytest.raises(SekishoInputError):
        compile_user(text, AT)


def test_without_the_library_an_expression_is_refused_and_the_way_out_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _environment.cache_clear()
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    try:
        with pytest.raises(SekishoInputError, match=r"sekisho\[oidc\]") as error:
            compile_claims("claims.x", AT, is_condition=False)
        assert error.value.faults[0].code == OidcFault.CEL_MISSING
    finally:
        _environment.cache_clear()


READS: dict[str, frozenset[str] | None] = {
    "claims.a": frozenset("a"),
    "claims.?a.orValue('')": frozenset("a"),
    "claims['a'] + claims[\"b\"]": frozenset("ab"),
    "claims[?'a']": frozenset("a"),
    "claims.`a`": frozenset("a"),
    "claims.?`a`": frozenset("a"),
    "has(claims.a.b) && claims.c == 'claims.d'": frozenset("ac"),
    "claims.a // claims.b": frozenset("a"),
    "claims.a__dot__b": frozenset(["a.b"]),
    "user.claims.a": frozenset(),
    "'x'": frozenset(),
    "'''it's claims.a''' + r'\\' + claims.b": frozenset("b"),
    "claims[claims.a]": None,
    "claims['a' + 'b']": None,
    "claims": None,
    "claims.": None,
    "claims.?": None,
    "claims[": None,
}


@pytest.mark.parametrize("text", READS)
def test_the_claims_that_an_expression_reads(text: str) -> None:
    assert claims_read(text) == READS[text]


@pytest.mark.parametrize(
    ("text", "is_whole"),
    [
        ("claims.a", False),
        ("claims['a']", False),
        ("size(claims)", True),
        ("claims == {}", True),
        ("x.claims", False),
    ],
)
def test_the_use_of_claims_as_a_whole(text: str, is_whole: bool) -> None:
    assert reads_whole(text) is is_whole


EMAILS = {
    ("claims.email", ()): True,
    ("claims.?email.orValue('')", ()): True,
    ("claims . email", ()): True,
    ("claims['email']", ()): False,
    ("claims.email_address", ()): False,
    ("user.claims.email", ()): False,
    ("claims.email_verified ? claims.email : ''", ()): False,
    ("claims.email", ("claims.?email_verified.orValue(true)",)): False,
    ("claims.email + 'claims.email_verified'", ()): True,
    ("claims", ()): False,
}


@pytest.mark.parametrize(("text", "others"), EMAILS)
def test_an_address_whose_standing_nobody_looks_at(text: str, others: tuple[str, ...]) -> None:
    assert uses_unverified_email(text, others) is EMAILS[text, others]


NAMES = {
    "a": "a",
    "a__dot__b": "a.b",
    "a__dash__b__slash__c": "a-b/c",
    "a__underscores__b": "a__b",
    "__namespace__": "namespace",
    "a__namespace__": "a__namespace__",
    "__other__": "__other__",
    "a__dot__b__other__c": "a__dot__b__other__c",
}


@pytest.mark.parametrize("name", NAMES)
def test_names_that_stand_for_others(name: str) -> None:
    assert unescaped(name) == NAMES[name]
    assert dict(escapes(f"claims.{name}")) == ({name: NAMES[name]} if NAMES[name] != name else {})


def test_numbers_that_no_double_holds() -> None:
    assert prepared([10**400, -(10**400), True], (), are_doubles=True) == [float("inf"), float("-inf"), True]


def test_a_problem_in_another_form_is_cut_to_its_first_line() -> None:
    class Broken:
        def eval(self, **_: Any) -> Any:
            raise ValueError("odd\nodd")

    expression = compile_claims("claims.x", AT, is_condition=False)
    broken = type(expression)(expression.text, expression.reads, Broken())
    with pytest.raises(ExpressionError, match=r"\Aodd\Z"):
        over_claims(broken, {})
