"""``labelSelector`` and ``fieldSelector`` query parameters: parsed once, matched against objects.

Source: Kubernetes documentation, "Labels and Selectors" and "Field Selectors".
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from sekisho.decide.values import JsonObject
from sekisho.wire.kube import status
from sekisho.wire.kube.members import items, mapping, objects, text
from sekisho.wire.kube.names import label_key_problems, label_value_problems

MAX_SELECTOR_CHARS = 16 * 1024


class Operator(Enum):
    """How a label is compared."""

    IN = "in"
    NOT_IN = "notin"
    EXISTS = "exists"
    NOT_EXISTS = "!"
    GREATER = "gt"
    LESS = "lt"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition on one label or field."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, value: str | None) -> bool:
        """Tell whether the label's ``value`` (None: the label is absent) satisfies this."""
        match self.operator:
            case Operator.IN:
                return value in self.values
            case Operator.NOT_IN:
                return value not in self.values
            case Operator.EXISTS:
                return value is not None
            case Operator.NOT_EXISTS:
                return value is None
            case Operator.GREATER | Operator.LESS:
                return self._compares(value)

    def _compares(self, value: str | None) -> bool:
        bound = int(next(iter(self.values)))
        if value is None or not _INTEGER.fullmatch(value):
            return False
        return int(value) > bound if self.operator is Operator.GREATER else int(value) < bound


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All requirements have to hold; without any, every object is selected."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, value: JsonObject) -> bool:
        """Tell whether the labels of an object satisfy the selector."""
        labels = mapping(value, "metadata", "labels")
        return all(r.matches(text(labels, r.key) if r.key in labels else None) for r in self.requirements)


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """Requirements on fields; ``names`` are those the kind supports."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, value: JsonObject) -> bool:
        """Tell whether an object satisfies the selector; an absent field counts as empty."""
        return all(r.matches(text(value, *r.key.split("."))) for r in self.requirements)

    def exact(self, field: str) -> str:
        """Return the value that ``field`` has to equal; empty where none is demanded."""
        for requirement in self.requirements:
            if requirement.key == field and requirement.operator is Operator.IN:
                return next(iter(requirement.values))
        return ""


_INTEGER = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_COMMON_FIELDS = frozenset({"metadata.name", "metadata.namespace"})
_FIELDS: dict[tuple[str, str], frozenset[str]] = {
    ("", "Event"): frozenset(
        {
            *(f"involvedObject.{name}" for name in ("kind", "namespace", "name", "uid", "apiVersion")),
            *("involvedObject.resourceVersion", "involvedObject.fieldPath"),
            *("reason", "reportingComponent", "source", "type"),
        }
    ),
    ("", "Namespace"): frozenset({"status.phase"}),
    ("", "Node"): frozenset({"spec.unschedulable"}),
    ("", "Pod"): frozenset(
        {
            *("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName"),
            *("spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName"),
        }
    ),
    ("", "Secret"): frozenset({"type"}),
    ("apps", "ReplicaSet"): frozenset({"status.replicas"}),
    ("batch", "Job"): frozenset({"status.successful"}),
}
_DOCUMENT_OPERATORS = {
    "In": Operator.IN,
    "NotIn": Operator.NOT_IN,
    "Exists": Operator.EXISTS,
    "DoesNotExist": Operator.NOT_EXISTS,
}
_NAMED_FIELDS = frozenset(_FIELDS)
"""Kinds with fields of their own, whose registries word the refusal of another one."""
_LABEL_TOKEN = re.compile(r"\s*(==|!=|[=!<>(),]|[^\s=!<>(),]+)")


def parse_labels(selector: str) -> LabelSelector:
    """Read ``a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1``.

    Raises:
        KubeError: 400, not a selector.
    """
    if len(selector) > MAX_SELECTOR_CHARS:
        raise status.bad_request("unable to parse requirement: the selector is too long")
    tokens = [match[1] for match in _LABEL_TOKEN.finditer(selector)]
    requirements: list[Requirement] = []
    while tokens:
        requirements.append(_requirement(tokens))
        if not tokens:
            break
        separator = tokens.pop(0)
        if separator != ",":
            raise status.bad_request(f"found '{separator}', expected: ',' or 'end of string'")
        if not tokens:
            raise status.bad_request("found '', expected: identifier after ','")
    return LabelSelector(tuple(requirements))


def label_selector(selector: JsonObject) -> LabelSelector:
    """Return a LabelSelector document as requirements; an operator that does not exist selects nothing."""
    labels = mapping(selector, "matchLabels")
    found = [Requirement(key, Operator.IN, frozenset({text(labels, key)})) for key in labels]
    for one in objects(selector, "matchExpressions"):
        values = frozenset(value for value in items(one, "values") if isinstance(value, str))
        operator = _DOCUMENT_OPERATORS.get(text(one, "operator"))
        found.append(Requirement(text(one, "key"), Operator.IN if operator is None else operator, values))
    return LabelSelector(tuple(found))


def selector_text(selector: JsonObject) -> str:
    """Return a LabelSelector document as clients write it in a query (``a=b,c in (d,e)``)."""
    labels = mapping(selector, "matchLabels")
    shown = [f"{key}={text(labels, key)}" for key in sorted(labels)]
    for one in objects(selector, "matchExpressions"):
        key, values = text(one, "key"), ",".join(sorted(str(value) for value in items(one, "values")))
        match text(one, "operator"):
            case "In":
                shown.append(f"{key} in ({values})")
            case "NotIn":
                shown.append(f"{key} notin ({values})")
            case "Exists":
                shown.append(key)
            case "DoesNotExist":
                shown.append(f"!{key}")
    return ",".join(shown)


def parse_fields(selector: str, group: str = "", kind: str = "") -> FieldSelector:
    r"""Read ``metadata.name=x,type!=y``; ``\,``, ``\=`` and ``\\`` escape within values.

    Raises:
        KubeError: 400, not a selector or a field that ``kind`` does not support.
    """
    if len(selector) > MAX_SELECTOR_CHARS:
        raise status.bad_request("invalid selector: too long")
    supported = _COMMON_FIELDS | _FIELDS.get((group, kind), frozenset())
    requirements: list[Requirement] = []
    for term in _split_terms(selector):
        if not term:
            continue
        match = re.match(r"([^=!]*)(!=|==|=)(.*)", term, re.DOTALL)
        if match is None:
            raise status.bad_request(f"invalid selector: '{selector}'; can't understand '{term}'")
        field, operator, value = match[1].strip(), match[2], re.sub(r"\\([,=\\])", r"\1", match[3])
        if field not in supported:
            if (group, kind) in _NAMED_FIELDS:
                raise status.bad_request(f"field label not supported: {field}")
            known = '"metadata.name", "metadata.namespace"'
            raise status.bad_request(f"{status.quote(field)} is not a known field selector: only {known}")
        negated = operator == "!="
        requirements.append(
            Requirement(field, Operator.NOT_IN if negated else Operator.IN, frozenset({value}))
        )
    return FieldSelector(tuple(requirements))


def _split_terms(selector: str) -> list[str]:
    terms, current, escaped = [], "", False
    for char in selector:
        if char == "," and not escaped:
            terms.append(current)
            current = ""
            continue
        current += char
        escaped = char == "\\" and not escaped
    return [*terms, current]


def _requirement(tokens: list[str]) -> Requirement:
    first = tokens.pop(0)
    if first == "!":
        return Requirement(_key(tokens.pop(0) if tokens else ""), Operator.NOT_EXISTS)
    if first in _OPERATORS:
        raise status.bad_request(
            f"unable to parse requirement: found '{first}', expected: !, identifier, or 'end of string'"
            if first in ("in", "notin")
            else f"found '{first}', expected: !, identifier, or 'end of string'"
        )
    key = _key(first)
    if not tokens or tokens[0] == ",":
        return Requirement(key, Operator.EXISTS)
    parse = _OPERATORS.get(tokens[0])
    if parse is None:
        raise _malformed(f"found '{tokens[0]}', expected: in, notin, =, ==, !=, gt, lt")
    del tokens[0]
    return parse(key, tokens)


def _equals(operator: Operator) -> Callable[[str, list[str]], Requirement]:
    def parse(key: str, tokens: list[str]) -> Requirement:
        value = "" if not tokens or tokens[0] == "," else tokens.pop(0)
        return Requirement(key, operator, frozenset({_value(value)}))

    return parse


def _compares(operator: Operator) -> Callable[[str, list[str]], Requirement]:
    def parse(key: str, tokens: list[str]) -> Requirement:
        value = tokens.pop(0) if tokens else ""
        if not _INTEGER.fullmatch(value):
            raise _malformed(
                f"values[0]: Invalid value: {status.quote(value)}: "
                "for 'Gt', 'Lt' operators, the value must be an integer"
            )
        return Requirement(key, operator, frozenset({value}))

    return parse


def _listed(operator: Operator) -> Callable[[str, list[str]], Requirement]:
    def parse(key: str, tokens: list[str]) -> Requirement:
        if not tokens or tokens.pop(0) != "(" or ")" not in tokens:
            raise _malformed("expected: '(' values ')'")
        end = tokens.index(")")
        inside, tokens[:] = tokens[:end], tokens[end + 1 :]
        values = [_value(word) for word in inside if word != ","]
        if len(inside) > 2 * max(len(values), 1) + 1 or any(v in {"(", "="} for v in values):
            raise _malformed("expected: values separated by commas")
        return Requirement(key, operator, frozenset(values or [""]))

    return parse


_OPERATORS: dict[str, Callable[[str, list[str]], Requirement]] = {
    "=": _equals(Operator.IN),
    "==": _equals(Operator.IN),
    "!=": _equals(Operator.NOT_IN),
    ">": _compares(Operator.GREATER),
    "<": _compares(Operator.LESS),
    "in": _listed(Operator.IN),
    "notin": _listed(Operator.NOT_IN),
}


def _key(word: str) -> str:
    return _checked(word, "key", label_key_problems(word))


def _value(word: str) -> str:
    return _checked(word, "values[0]", label_value_problems(word))


def _checked(word: str, place: str, problems: list[str]) -> str:
    if problems:
        raise _malformed(f"{place}: Invalid value: {status.quote(word)}: {problems[0]}")
    return word


def _malformed(problem: str) -> status.KubeError:
    return status.bad_request(f"unable to parse requirement: {problem}")
