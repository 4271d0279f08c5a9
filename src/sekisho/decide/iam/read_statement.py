"""One statement of a policy document, read strictly."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sekisho.decide.iam.conditions import Condition, parse_operator
from sekisho.decide.iam.grammar import PRINCIPAL_ELEMENTS, STATEMENT_ELEMENTS, FaultCode
from sekisho.decide.iam.statement import ARN_SECTIONS, ActionPattern, Effect, ResourcePattern, Statement
from sekisho.decide.iam.template import template
from sekisho.decide.values import InputFault, Json, Ref

_SID = re.compile(r"[A-Za-z0-9]*", re.ASCII)
_ACTION = re.compile(r"\*|(\*|[A-Za-z0-9-]+):[A-Za-z0-9*?_.-]+", re.ASCII)
_MAX_SHOWN = 100


@dataclass(slots=True)
class Faults:
    """Everything found wrong so far, in document order."""

    found: list[InputFault] = field(default_factory=list)

    def add(self, code: FaultCode, at: Ref, problem: str, hint: str = "") -> None:
        """Note one fault."""
        self.found.append(InputFault(str(code), at, problem, hint))

    def unknown(self, at: Ref, name: str, known: Iterable[str]) -> None:
        """Note an element of no known name, with the one that may have been meant."""
        meant = next((one for one in sorted(known) if one.lower() == name.lower()), "")
        hint = f"did you mean `{meant}`; names are case-sensitive" if meant else ""
        self.add(FaultCode.UNKNOWN_ELEMENT, at, f"`{name[:_MAX_SHOWN]}` is not an element of a policy", hint)


def read_statement(value: Json, at: Ref, faults: Faults, *, variables: bool) -> Statement | None:
    """Return the statement that ``value`` holds; None, with faults noted, if it is malformed."""
    before = len(faults.found)
    if not isinstance(value, Mapping):
        faults.add(FaultCode.SYNTAX, at, "a statement is a JSON object")
        return None
    for name in value:
        if name in PRINCIPAL_ELEMENTS:
            faults.add(
                FaultCode.PRINCIPAL,
                at.child(name),
                "an identity policy names no principal",
                "whom it is about follows from what it is attached to",
            )
        elif name not in STATEMENT_ELEMENTS:
            faults.unknown(at.child(name), name, STATEMENT_ELEMENTS)
    effect = _effect(value, at, faults)
    sid = _sid(value, at, faults)
    action_name, action_texts = _either(value, "Action", at, faults)
    resource_name, resource_texts = _either(value, "Resource", at, faults)
    actions = tuple(_action(text, place, faults) for text, place in action_texts)
    resources = tuple(_resource(text, place, faults, variables=variables) for text, place in resource_texts)
    conditions = _conditions(value.get("Condition", {}), at.child("Condition"), faults, variables=variables)
    if effect is None or len(faults.found) > before:
        return None
    return Statement(
        at,
        sid,
        effect,
        actions,
        resources,
        not_action=action_name.startswith("Not"),
        not_resource=resource_name.startswith("Not"),
        conditions=conditions,
    )


def _effect(value: Mapping[str, Json], at: Ref, faults: Faults) -> Effect | None:
    match value.get("Effect"):
        case "Allow":
            return Effect.ALLOW
        case "Deny":
            return Effect.DENY
    faults.add(FaultCode.EFFECT, at.child("Effect"), "expected `Allow` or `Deny`, spelled so")
    return None


def _sid(value: Mapping[str, Json], at: Ref, faults: Faults) -> str:
    sid = value.get("Sid", "")
    if isinstance(sid, str) and _SID.fullmatch(sid):
        return sid
    faults.add(FaultCode.SID, at.child("Sid"), "a Sid is a string of letters and digits")
    return ""


def _either(
    value: Mapping[str, Json], name: str, at: Ref, faults: Faults
) -> tuple[str, list[tuple[str, Ref]]]:
    """Return which of ``name`` and its negation is there, and its texts with their places."""
    negation = f"Not{name}"
    if name in value and negation in value:
        faults.add(FaultCode.BOTH, at.child(negation), f"`{name}` and `{negation}` exclude each other")
        return name, []
    used = negation if negation in value else name
    if used not in value:
        faults.add(FaultCode.MISSING, at, f"expected `{name}` or `{negation}`")
        return name, []
    return used, _texts(value[used], at.child(used), faults)


def _texts(value: Json, at: Ref, faults: Faults) -> list[tuple[str, Ref]]:
    if isinstance(value, str):
        return [(value, at)]
    if not isinstance(value, list):
        faults.add(FaultCode.NOT_TEXT, at, "expected a string or a list of strings")
        return []
    if not value:
        faults.add(FaultCode.EMPTY_LIST, at, "expected at least one member")
    texts: list[tuple[str, Ref]] = []
    for index, member in enumerate(value):
        if isinstance(member, str):
            texts.append((member, at.child(index)))
        else:
            faults.add(FaultCode.NOT_TEXT, at.child(index), "expected a string")
    return texts


def _action(text: str, at: Ref, faults: Faults) -> ActionPattern:
    if not _ACTION.fullmatch(text):
        faults.add(
            FaultCode.ACTION,
            at,
            f"`{text[:_MAX_SHOWN]}` is not an action",
            "write `service:Name`, such as `eks:DescribeCluster`, or `*`",
        )
    return ActionPattern(text, at)


def _resource(text: str, at: Ref, faults: Faults, *, variables: bool) -> ResourcePattern:
    pattern = ResourcePattern(text, at, variables)
    if text != "*" and not (text.startswith("arn:") and len(pattern.sections) == ARN_SECTIONS):
        faults.add(
            FaultCode.RESOURCE,
            at,
            f"`{text[:_MAX_SHOWN]}` is neither an ARN nor `*`",
            "an ARN has the form arn:partition:service:region:account:resource",
        )
    return pattern


def _conditions(value: Json, at: Ref, faults: Faults, *, variables: bool) -> tuple[Condition, ...]:
    if not isinstance(value, Mapping):
        faults.add(FaultCode.CONDITION, at, "expected an object of operators")
        return ()
    found: list[Condition] = []
    for name, keys in value.items():
        operator = parse_operator(name)
        place = at.child(name)
        if operator is None:
            faults.add(FaultCode.OPERATOR, place, f"`{name[:_MAX_SHOWN]}` is not a condition operator")
            continue
        if not isinstance(keys, Mapping):
            faults.add(FaultCode.CONDITION, place, "expected an object of condition keys")
            continue
        filled = variables and (operator.comparison is not None and operator.comparison.variables)
        for key, values in keys.items():
            texts = _condition_values(values, place.child(key), faults)
            templates = tuple(template(text, variables=filled) for text in texts)
            found.append(Condition(place.child(key), name, operator, key, templates))
    return tuple(found)


def _condition_values(value: Json, at: Ref, faults: Faults) -> list[str]:
    members = value if isinstance(value, list) else [value]
    if not members:
        faults.add(FaultCode.EMPTY_LIST, at, "expected at least one value")
    texts: list[str] = []
    for member in members:
        match member:
            case bool():
                texts.append(str(member).lower())
            case str() | int() | float():
                texts.append(str(member))
            case _:
                faults.add(FaultCode.NOT_TEXT, at, "a condition value is a string, a number or a boolean")
    return texts
