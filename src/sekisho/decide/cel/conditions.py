"""Conditions of admission: ``matchConditions`` of webhooks, as an API server compiles and evaluates them.

Source: Kubernetes, "Dynamic Admission Control", section "Matching requests: matchConditions"; apiserver
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


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition."""

    text: str
    aliases: tuple[tuple[str, str], ...]
    program: Any = field(repr=False, compare=False)


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


@lru_cache(maxsize=1_024)
def compile_condition(text: str) -> Condition:
    """Return the condition in ``text``.

    Raises:
        ConditionError: it does not compile, or may be no boolean.
        CelMissingError: the library is not installed.
    """
    kind = "map" if fields.tests_presence(text) else "flat"
    try:
        checked = compiled(_checked_environment(kind), text)
        program = compiled(_environment(), text)
    except CelError as error:
        told = _undefined(text) or f"{_as_go(text, str(error))}{_lacking(str(error))}"
        raise ConditionError(f"compilation failed: {told}") from None
    told = _undefined(text) or _bad_constants(text)
    if told:
        raise ConditionError(f"compilation failed: {told}")
    named = str(checked.return_type().name())
    if named != "BOOL":
        shown = _TYPES.get(named, named.lower() if named.isupper() else named).translate(_BRACKETS)
        raise ConditionError(f"must evaluate to bool but got {shown}")
    return Condition(text, escapes(text), program)


def holds(condition: Condition, asked: Asked, authorize: Authorize) -> bool:
    """Tell whether a condition is true of a request.

    Raises:
        ConditionError: it has no value.
    """
    aliases = condition.aliases
    data = {
        name: prepared(value, aliases, are_doubles=False)
        for name, value in zip(_OBJECTS, (asked.body, asked.old, None), strict=True)
    }
    data[fields.REQUEST] = prepared(asked.request, aliases, are_doubles=False)
    data["authorizer"] = authorizer.whole(asked.user)
    data["authorizer.requestResource"] = authorizer.request_resource(asked.user, asked.attributes)
    try:
        return evaluated(condition.program, data, [authorizer.bound(authorize)]) is True
    except CelError as error:
        told = _reason(str(error), condition.text, data)
        raise ConditionError(f"expression '{condition.text}' resulted in error: {told}") from None


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
    ours = dict.fromkeys((fields.REQUEST, "authorizer", "authorizer.requestResource"), value)
    return environment({**variables, **ours}, late=authorizer.functions())


@cache
def _checked_environment(kind: str) -> Any:
    cel = types()
    variables = dict.fromkeys(_OBJECTS, cel.Type.DYN) | authorizer.checked_variables()
    asked = {fields.REQUEST: authorizer.mapping_type()} | (fields.flat_variables() if kind == "flat" else {})
    return environment({**variables, **asked}, authorizer.checked_functions())


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


def _undefined(text: str) -> str:
    found = fields.undefined(text)
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
