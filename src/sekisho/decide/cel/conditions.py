"""Expressions of admission, as an API server compiles and evaluates them: conditions of webhooks, policies.

Source: Kubernetes, "Dynamic Admission Control", section "Matching requests: matchConditions", and "Validating
Admission Policy"; apiserver
``pkg/admission/plugin/cel`` and ``pkg/cel/environment``. The failures are worded as cel-go words them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any, Final

from sekisho.decide.cel import authorizer, fields
from sekisho.decide.cel.authorizer import Authorize
from sekisho.decide.cel.lexemes import escapes, lexemes, placed
from sekisho.decide.cel.library import LACKING, CelError, compiled, environment, evaluated, prepared, types
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import JsonObject, KubeUser

_OBJECTS: Final = ("object", "oldObject", "namespaceObject")
_CONSTANTS: Final = {"matches": "''.matches({})", "timestamp": "timestamp({})", "duration": "duration({})"}
_TYPES: Final = {"NULL": "null_type", "TIMESTAMP": "google.protobuf.Timestamp"}
_BRACKETS: Final = str.maketrans("<>", "()")
_UNDECLARED: Final = re.compile(
    r"ERROR: <input>:(\d+):(\d+): (undeclared reference to '(\w+))\.([\w.]+)('[^\n]*)\n[^\n]*\n[^\n]*"
)
_OVERLOAD: Final = re.compile(r"applied to '\((kubernetes[\w.]+)(?:, )?(.*)\)'")
_LIBRARY_TEXTS: Final = (
    (re.compile(r'(?:NOT_FOUND: )?Key not found in map : "(.*)"'), "no such key: {0}"),
    (re.compile(r"divide by zero"), "division by zero"),
    (re.compile(r"Index error: index=(-?\d+) size=\d+"), "index out of bounds: {0}"),
    (re.compile(r"cannot convert (\w+) to (\w+)"), "type conversion error from '{0}' to '{1}'"),
    (re.compile(r"No matching overloads found.*"), "no such overload"),
    (re.compile(r"Iteration budget exceeded"), "operation cancelled: actual cost limit exceeded"),
)


class ConditionError(Exception):
    """A condition is none, or has no value for a request; the text is an API server's."""


Variables = tuple[tuple[str, str], ...]
"""Names and expressions of variables; each may use those before it."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled expression."""

    text: str
    aliases: tuple[tuple[str, str], ...]
    program: Any = field(repr=False, compare=False)
    type: Any = field(repr=False, compare=False)
    variables: Variables = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What conditions are asked about: the AdmissionRequest without its objects, and these.

    ``attributes`` are the request as authorizers see it, made by ``user``.
    """

    request: JsonObject
    body: JsonObject | None
    old: JsonObject | None
    user: KubeUser
    attributes: RequestAttributes
    namespace: JsonObject | None = None
    """The Namespace of the object, which conditions of webhooks do not see."""


@lru_cache(maxsize=1_024)
def compile_condition(text: str, variables: Variables = (), wanted: str = "bool") -> Condition:
    """Return the expression in ``text``; ``wanted`` is the type of its value, empty for any.

    Raises:
        ConditionError: it does not compile, or its value may be of another type.
        CelMissingError: the library is not installed.
    """
    names = [name for name, _ in variables]
    kind = "map" if fields.tests_presence(text) else "flat"
    try:
        checked = compiled(_checked_environment(kind, variables), text)
        program = compiled(_environment(), text)
    except CelError as error:
        told = _undefined(text, names) or f"{_as_go(text, str(error))}{_lacking(str(error))}"
        raise ConditionError(f"compilation failed: {told}") from None
    told = _undefined(text, names) or _bad_constants(text)
    if told:
        raise ConditionError(f"compilation failed: {told}")
    named = str(checked.return_type().name())
    shown = _TYPES.get(named, named.lower() if named.isupper() else named).translate(_BRACKETS)
    if wanted not in ("", shown):
        raise ConditionError(f"must evaluate to {wanted} but got {shown}")
    return Condition(text, escapes(text), program, checked.return_type(), variables)


def holds(condition: Condition, asked: Asked, authorize: Authorize) -> bool:
    """Tell whether a condition is true of a request.

    Raises:
        ConditionError: it has no value.
    """
    return value_of(condition, asked, authorize) is True


def value_of(condition: Condition, asked: Asked, authorize: Authorize) -> Any:
    """Return the value of an expression for a request.

    Raises:
        ConditionError: it has none.
    """
    try:
        return _value(condition, asked, authorize, {})
    except ConditionError as error:
        raise ConditionError(f"expression '{condition.text}' resulted in error: {error}") from None


def _value(condition: Condition, asked: Asked, authorize: Authorize, known: dict[str, Any]) -> Any:
    """Return a value; ``known`` are those of the variables so far, or why they have none."""
    aliases = condition.aliases
    data = {
        name: prepared(value, aliases, are_doubles=False)
        for name, value in zip(_OBJECTS, (asked.body, asked.old, asked.namespace), strict=True)
    }
    data[fields.REQUEST] = prepared(asked.request, aliases, are_doubles=False)
    data["authorizer"] = authorizer.whole(asked.user)
    data["authorizer.requestResource"] = authorizer.request_resource(asked.user, asked.attributes)
    named = {word.text for word in lexemes(condition.text)}
    for index, (name, text) in enumerate(condition.variables):
        if name in named and name not in known:  # what is not used need have no value
            variable = compile_condition(text, condition.variables[:index], "")
            try:
                known[name] = _value(variable, asked, authorize, known)
            except ConditionError as error:
                known[name] = error
    values = {name: value for name, value in known.items() if not isinstance(value, ConditionError)}
    data[fields.VARIABLES] = values
    try:
        return evaluated(condition.program, data, [authorizer.bound(authorize)])
    except CelError as error:
        told = _reason(str(error), condition.text, data)
        name = told.removeprefix("no such key: ")
        if isinstance(known.get(name), ConditionError):
            told = f'composited variable "{name}" fails to evaluate: {known[name]}'
        raise ConditionError(told) from None


def _reason(told: str, text: str, data: Mapping[str, Any]) -> str:
    for pattern, said in _LIBRARY_TEXTS:
        match = pattern.fullmatch(told)
        if match is not None:
            return said.format(*match.groups())
    if told == "Applying SELECT to non-message type":
        words = lexemes(text)
        for index in range(len(words) - 2):
            name, dot, member = words[index : index + 3]
            if name.text in _OBJECTS and data[name.text] is None and dot.text == ".":
                return f"no such key: {member.text}"
    return told


@cache
def _environment() -> Any:
    cel, value = types(), authorizer.mapping_type()
    variables = dict.fromkeys(_OBJECTS, cel.Type.DYN)
    ours = dict.fromkeys(
        (fields.REQUEST, fields.VARIABLES, "authorizer", "authorizer.requestResource"), value
    )
    return environment({**variables, **ours}, late=authorizer.functions())


@lru_cache(maxsize=256)
def _checked_environment(kind: str, variables: Variables) -> Any:
    cel, value = types(), authorizer.mapping_type()
    known = dict.fromkeys(_OBJECTS, cel.Type.DYN) | authorizer.checked_variables() | {fields.REQUEST: value}
    if variables:
        known[fields.VARIABLES] = value
    if kind == "flat":
        known |= fields.flat_variables()
        for index, (name, text) in enumerate(variables):
            known[f"{fields.VARIABLES}.{name}"] = compile_condition(text, variables[:index], "").type
    return environment(known, authorizer.checked_functions())


def _as_go(text: str, told: str) -> str:
    """Return what the library says of an expression as cel-go says it."""

    def undeclared(match: re.Match[str]) -> str:
        # The library names the whole path where its last member is selected.
        line, column, problem, name, rest, end = match.groups()
        before = len(name) + len(rest) - len(rest.rpartition(".")[2])
        start = sum(len(one) + 1 for one in text.split("\n")[: int(line) - 1]) + int(column) - 1 - before
        is_there = start >= 0 and text.startswith(name, start)
        return _at(text, start, problem + end) if is_there else match.group()

    return _OVERLOAD.sub(r"applied to '\1.(\2)'", _UNDECLARED.sub(undeclared, told))


def _undefined(text: str, variables: list[str]) -> str:
    found = fields.undefined(text, variables)
    return "\n".join(_at(text, offset, f"undefined field '{name}'") for offset, name in found)


def _bad_constants(text: str) -> str:
    """Return what an API server says of patterns and moments that it reads when it compiles."""
    words = list(placed(text))
    found = []
    for index in range(len(words) - 3):
        (_, _, name), (_, _, opened), (offset, spelled, given), (_, _, closed) = words[index : index + 4]
        if name.kind != "name" or name.text not in _CONSTANTS or given.kind != "string":
            continue
        if (opened.text, closed.text) == ("(", ")") and not _is_read(_CONSTANTS[name.text].format(spelled)):
            found.append(_at(text, offset, f"invalid {name.text} argument"))
    return "\n".join(found)


def _is_read(text: str) -> bool:
    try:
        evaluated(compiled(_environment(), text), {})
    except CelError:
        return False
    return True


def _at(text: str, offset: int, problem: str) -> str:
    line = text.count("\n", 0, offset) + 1
    column = offset - (text.rfind("\n", 0, offset) + 1)
    shown = text.split("\n")[line - 1]
    return f"ERROR: <input>:{line}:{column + 1}: {problem}\n | {shown}\n | {'.' * column}^"


def _lacking(told: str) -> str:
    named = set(re.findall(r"(?:reference to|overload for) '(\w+)'", told)) & LACKING
    if not named:
        return ""
    shown = ", ".join(f"`{name}`" for name in sorted(named))
    return f"\n(API servers have {shown}; the library of CEL that is used here has not)"
