"""Match conditions: what compiles, what an API server says of the rest, and what they answer.

The texts are those of kube-apiserver 1.37; ``tests/e2e/test_real_webhooks.py`` holds both to each other.
"""

import itertools
import sys
import time
from typing import Any

import pytest

from sekisho.decide.cel.conditions import (
    Asked,
    ConditionError,
    _checked_environment,
    _environment,
    compile_condition,
    holds,
    value_of,
)
from sekisho.decide.cel.library import MAX_EXPRESSION_CHARS, CelMissingError
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import JsonObject, KubeUser

USER = KubeUser("mira", ("system:authenticated",))
ATTRIBUTES = RequestAttributes("create", "", "v1", "pods", "", "shop", "web")
REQUEST: JsonObject = {
    "kind": {"group": "", "version": "v1", "kind": "Pod"},
    "name": "web",
    "namespace": "shop",
    "operation": "CREATE",
    "userInfo": {"username": "mira", "groups": ["system:authenticated"]},
    "dryRun": False,
}
POD = {
    "metadata": {"name": "web", "annotations": {"a/b": "x"}, "many": list(range(200)), "replicas": 2},
    "huge": 2**70,
    "half": 0.5,
}


def asked(body: Any = POD, old: Any = None) -> Asked:
    return Asked(REQUEST, body, old, USER, ATTRIBUTES)


def nobody(_: KubeUser, __: RequestAttributes) -> bool:
    return False


def at(line: int, column: int, problem: str, shown: str) -> str:
    dots = "." * (column - 1)
    return f"compilation failed: ERROR: <input>:{line}:{column}: {problem}\n | {shown}\n | {dots}^"


UNKNOWN = "undeclared reference to 'foo' (in container '')"
FIELD = "undefined field 'foo'"
CHECK = "authorizer.group('').check('get').allowed()"
OVERLOAD = "found no matching overload for"
REFUSED = {
    "object.metadata.name": "must evaluate to bool but got dyn",
    "1": "must evaluate to bool but got int",
    "null": "must evaluate to bool but got null_type",
    "[true]": "must evaluate to bool but got list(bool)",
    "authorizer": "must evaluate to bool but got kubernetes.authorization.Authorizer",
    "foo.bar": at(1, 1, UNKNOWN, "foo.bar"),
    "true &&\n  foo.bar.baz": at(2, 3, UNKNOWN, "  foo.bar.baz"),
    "request.kind.foo == 'a'": at(1, 13, FIELD, "request.kind.foo == 'a'"),
    "has(request.foo)": at(1, 4, FIELD, "has(request.foo)"),
    "(request.foo == 'a')": at(1, 9, FIELD, "(request.foo == 'a')"),
    "request.name == 1": at(1, 14, f"{OVERLOAD} '_==_' applied to '(string, int)'", "request.name == 1"),
    CHECK: at(1, 27, f"{OVERLOAD} 'check' applied to 'kubernetes.authorization.GroupCheck.(string)'", CHECK),
    "object.a.matches('(')": at(1, 18, "invalid matches argument", "object.a.matches('(')"),
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_condition(text: str) -> None:
    with pytest.raises(ConditionError) as error:
        compile_condition(text)
    assert str(error.value) == REFUSED[text]


def test_a_function_that_the_library_lacks_is_named() -> None:
    with pytest.raises(ConditionError, match=r"API servers have `find`; the library"):
        compile_condition("object.metadata.name.find('a') == 'a'")


def test_a_type_of_messages_is_told_as_the_library_tells_it() -> None:
    with pytest.raises(ConditionError, match=r"undeclared reference to 'kubernetes\.AdmissionRequest'"):
        compile_condition("kubernetes.AdmissionRequest{}.name == ''")


def test_a_condition_has_an_end() -> None:
    compile_condition("true || " * (MAX_EXPRESSION_CHARS // 8 - 1) + "true")
    with pytest.raises(ConditionError, match="longer than"):
        compile_condition("true || " * (MAX_EXPRESSION_CHARS // 8) + "true")


HELD = {
    "object.metadata.name == 'web' && request.name == 'web'": True,
    "object.metadata.replicas + 1 == 3": True,
    "object.metadata.annotations.a__slash__b == 'x'": True,
    "object.huge > 1.0 && object.half < 1.0": True,
    "has(request.subResource)": False,
    "has(request.name) && request.userInfo.username == 'mira'": True,
    "request.?subResource.orValue('none') == 'none'": True,
    "request['name'] == 'web'": True,
    "oldObject == null && namespaceObject == null": True,
    "object.request.foo == 'a' || true": True,
    "'a'.matches('a') && timestamp('2026-01-01T00:00:00Z') > timestamp('2025-01-01T00:00:00Z')": True,
    "'a'.matches(object.metadata.name)": False,
    "duration('1h') > duration('1m')": True,
    "authorizer.requestResource.check('create').errored()": False,
    "authorizer.requestResource.check('create').error() == ''": True,
}


@pytest.mark.parametrize("text", HELD)
def test_what_conditions_answer(text: str) -> None:
    assert holds(compile_condition(text), asked(), nobody) is HELD[text]


UNANSWERED = {
    "object.missing == 'a'": "no such key: missing",
    "object.metadata.a.b == 'a'": "no such key: a",
    "request.subResource == 'x'": "no such key: subResource",
    "true && oldObject.metadata.name == 'a'": "no such key: metadata",
    "object.metadata.name.x == 'a'": "Applying SELECT to non-message type",
    "1/0 == 1": "division by zero",
    "[1][3] == 1": "index out of bounds: 3",
    "int(object.metadata.name) == 1": "type conversion error from 'string' to 'int'",
    "object.metadata.name > 1": "no such overload",
    "object.check('get').allowed()": "no such overload: check(map, string)",
    "object.path('/').check('get').allowed()": "no such overload: path(map, string)",
    "authorizer.path('').check('get').allowed()": "path must not be empty",
    "authorizer.group('').resource('').check('get').allowed()": "resource must not be empty",
    "authorizer.serviceAccount('a', 'B').path('/').check('get').allowed()": "Invalid service account name",
    "authorizer.serviceAccount('A', 'b').path('').check('').allowed()": "Invalid service account namespace",
    "object.metadata.many.all(a, object.metadata.many.all(b, a + b >= 0))": (
        "operation cancelled: actual cost limit exceeded"
    ),
}


@pytest.mark.parametrize("text", UNANSWERED)
def test_what_conditions_cannot_answer(text: str) -> None:
    with pytest.raises(ConditionError) as error:
        holds(compile_condition(text), asked(), nobody)
    assert str(error.value) == f"expression '{text}' resulted in error: {UNANSWERED[text]}"


ACCOUNT = KubeUser("system:serviceaccount:a:b", ("system:serviceaccounts", "system:serviceaccounts:a"))
CHECKS = {
    "authorizer.path('/healthz').check('get')": (USER, RequestAttributes("get", path="/healthz")),
    "authorizer.serviceAccount('a', 'b').path('/x').check('get')": (
        ACCOUNT,
        RequestAttributes("get", path="/x"),
    ),
    "authorizer.group('apps').resource('deployments').check('list')": (
        USER,
        RequestAttributes("list", "apps", "*", "deployments"),
    ),
    "authorizer.group('').resource('pods').subresource('log').namespace('n').name('p').check('get')": (
        USER,
        RequestAttributes("get", "", "*", "pods", "log", "n", "p"),
    ),
    "authorizer.group('').resource('pods').fieldSelector('a=b').labelSelector('c=d').check('list')": (
        USER,
        RequestAttributes("list", "", "*", "pods", field_selector="a=b", label_selector="c=d"),
    ),
    "authorizer.requestResource.check('delete')": (
        USER,
        RequestAttributes("delete", "", "*", "pods", "", "shop", "web"),
    ),
}


@pytest.mark.parametrize("text", CHECKS)
def test_what_the_authorizer_is_asked(text: str) -> None:
    heard: list[tuple[KubeUser, RequestAttributes]] = []

    def hears(user: KubeUser, attributes: RequestAttributes) -> bool:
        heard.append((user, attributes))
        return True

    assert holds(compile_condition(f"{text}.allowed() && {text}.reason() == ''"), asked(), hears)
    assert heard == [CHECKS[text]] * 2


VARIABLES = (
    ("meta", "object.metadata"),
    ("name", "string(variables.meta.name)"),
    ("missing", "object.missing"),
    ("worse", "variables.missing + 'a'"),
)
WITH_VARIABLES: dict[str, Any] = {
    "variables.name == 'web'": True,
    "variables.name == 'web' && variables.meta.replicas == 2 && request.name == variables.name": True,
    "has(variables.meta.replicas) && !has(request.subResource)": True,
    "variables.missing == 'a' || true": True,
}


@pytest.mark.parametrize("text", WITH_VARIABLES)
def test_variables_have_values_where_they_are_used(text: str) -> None:
    assert value_of(compile_condition(text, VARIABLES), asked(), nobody) is WITH_VARIABLES[text]


def test_variables_have_types() -> None:
    assert (
        value_of(compile_condition("'is ' + variables.name", VARIABLES, "string"), asked(), nobody)
        == "is web"
    )
    with pytest.raises(ConditionError, match="must evaluate to string but got dyn"):
        compile_condition("variables.meta.name", VARIABLES, "string")


UNVALUED = {
    "variables.missing == 'a'": 'composited variable "missing" fails to evaluate: no such key: missing',
    "variables.worse == 'a'": (
        'composited variable "worse" fails to evaluate: composited variable "missing" fails to evaluate: '
        "no such key: missing"
    ),
    "variables.meta.other == 'a'": "no such key: other",
}


@pytest.mark.parametrize("text", UNVALUED)
def test_variables_without_a_value(text: str) -> None:
    with pytest.raises(ConditionError) as error:
        value_of(compile_condition(text, VARIABLES), asked(), nobody)
    assert str(error.value) == f"expression '{text}' resulted in error: {UNVALUED[text]}"


def test_a_chain_of_variables_is_evaluated_once() -> None:
    names = [f"v{index}" for index in range(40)]
    chain = [("v0", "object.metadata.replicas")]
    for before, name in itertools.pairwise(names):
        chain.append((name, f"variables.{before} + variables.{before} - variables.{before}"))
    started = time.perf_counter()
    assert holds(compile_condition("variables.v39 == 2", tuple(chain)), asked(), nobody)
    assert time.perf_counter() - started < 5


def test_a_variable_that_is_none_is_no_field() -> None:
    with pytest.raises(ConditionError, match="undefined field 'other'"):
        compile_condition("variables.other == 1", VARIABLES)
    with pytest.raises(ConditionError, match="undeclared reference to 'variables'"):
        compile_condition("variables.other == 1")


def test_no_object_makes_a_pattern_slow() -> None:
    condition = compile_condition("object.x.matches('(a+)+$')")
    started = time.perf_counter()
    assert not holds(condition, asked({"x": "a" * 60_000 + "b"}), nobody)
    assert time.perf_counter() - started < 1


def test_without_the_library_nothing_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    caches = (_environment, _checked_environment, compile_condition)
    for one in caches:
        one.cache_clear()
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    try:
        with pytest.raises(CelMissingError):
            compile_condition("true")
    finally:
        for one in caches:
            one.cache_clear()


ODD = ("request.", "request.?name == ''", "request == {}", "request.'x'", "request.kind. == ''")


@pytest.mark.parametrize("text", ODD)
def test_odd_uses_of_the_request_are_the_compilers_to_judge(text: str) -> None:
    with pytest.raises(ConditionError) as error:
        compile_condition(f"{text} && 1")
    assert "undefined field" not in str(error.value)
