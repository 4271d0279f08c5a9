"""One statement of a policy document, read strictly."""

import re
from collections.abc import Mapping

from sekisho.decide.iam.conditions import Condition, parse_operator
from sekisho.decide.iam.faults import MAX_SHOWN, Faults, read_texts
from sekisho.decide.iam.grammar import STATEMENT_ELEMENTS, FaultCode, Grammar, Presence
from sekisho.decide.iam.principals import EVERYONE, Principals
from sekisho.decide.iam.read_principal import UniqueIds, read_principals
from sekisho.decide.iam.statement import ARN_SECTIONS, ActionPattern, Effect, ResourcePattern, Statement
from sekisho.decide.iam.template import template
from sekisho.decide.values import Json, Ref

_SID = re.compile(r"[A-Za-z0-9]*", re.ASCII)
_ACTION = re.compile(r"\*|(\*|[A-Za-z0-9-]+):[A-Za-z0-9*?_.-]+", re.ASCII)


def read_statement(
    value: Json,
    at: Ref,
    faults: Faults,
    grammar: Grammar,
    *,
    variables: bool,
    unique_ids: UniqueIds,
) -> Statement | None:
    """Return the statement that ``value`` holds; None, with faults noted, if it is malformed."""
    before = len(faults.found)
    if not isinstance(value, Mapping):
        faults.add(FaultCode.SYNTAX, at, "a statement is a JSON object")
        return None
    for name in value:
        if name not in STATEMENT_ELEMENTS:
            faults.unknown(at.child(name), name, STATEMENT_ELEMENTS)
    effect = _effect(value, at, faults, grammar)
    sid = _sid(value, at, faults, grammar)
    principals = _principals(value, at, faults, grammar, unique_ids)
    action_name, action_texts = _either(value, "Action", at, faults)
    if action_name == "NotAction" and not grammar.not_action:
        faults.add(FaultCode.ACTION, at.child(action_name), f"{grammar.noun} has no `NotAction`")
    resource_name, resource_texts = _resources(value, at, faults, grammar)
    actions = tuple(_action(text, place, faults, grammar) for text, place in action_texts)
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
        principals=principals,
    )


def _effect(value: Mapping[str, Json], at: Ref, faults: Faults, grammar: Grammar) -> Effect | None:
    match value.get("Effect"):
        case "Allow":
            if grammar.only_denies and not _is_full_access(value):
                faults.add(
                    FaultCode.EFFECT_NOT_ALLOWED,
                    at.child("Effect"),
                    f"{grammar.noun} only denies",
                    "AWS itself attaches the one that allows everything",
                )
            return Effect.ALLOW
        case "Deny":
            return Effect.DENY
    faults.add(FaultCode.EFFECT, at.child("Effect"), "expected `Allow` or `Deny`, spelled so")
    return None


def _is_full_access(value: Mapping[str, Json]) -> bool:
    """Tell whether this is the statement of RCPFullAWSAccess."""
    return "Condition" not in value and all(
        value.get(name) == "*" for name in ("Principal", "Action", "Resource")
    )


def _principals(
    value: Mapping[str, Json], at: Ref, faults: Faults, grammar: Grammar, unique_ids: UniqueIds
) -> Principals | None:
    used = [name for name in ("Principal", "NotPrincipal") if name in value]
    if grammar.principal is Presence.FORBIDDEN:
        for name in used:
            faults.add(
                FaultCode.PRINCIPAL,
                at.child(name),
                f"{grammar.noun} names no principal",
                "whom it is about follows from what it is attached to",
            )
        return None
    if "NotPrincipal" in used and not grammar.not_principal:
        faults.add(FaultCode.PRINCIPAL, at.child("NotPrincipal"), f"{grammar.noun} has no `NotPrincipal`")
        return None
    if not used:
        faults.add(FaultCode.MISSING, at, "expected `Principal` with `AWS`, `Service` or `Federated`")
        return None
    if len(used) > 1:
        faults.add(
            FaultCode.BOTH, at.child("NotPrincipal"), "`Principal` and `NotPrincipal` exclude each other"
        )
    (name, *_) = used
    if grammar.only_denies and value[name] != EVERYONE:
        faults.add(
            FaultCode.PRINCIPAL_FORM,
            at.child(name),
            f"the principal of {grammar.noun} is `*`",
            "say in conditions whom it spares",
        )
    return read_principals(value[name], at.child(name), faults, unique_ids)


def _resources(
    value: Mapping[str, Json], at: Ref, faults: Faults, grammar: Grammar
) -> tuple[str, list[tuple[str, Ref]]]:
    used = [name for name in ("Resource", "NotResource") if name in value]
    if grammar.resource is Presence.FORBIDDEN:
        for name in used:
            faults.add(FaultCode.RESOURCE, at.child(name), f"{grammar.noun} has no `{name}`", "leave it out")
        return "Resource", []
    if grammar.resource is Presence.OPTIONAL and not used:
        return "Resource", []
    return _either(value, "Resource", at, faults)


def _sid(value: Mapping[str, Json], at: Ref, faults: Faults, grammar: Grammar) -> str:
    sid = value.get("Sid", "")
    if isinstance(sid, str) and (grammar.free_sid or _SID.fullmatch(sid)):
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
    return used, read_texts(value[used], at.child(used), faults)


def _action(text: str, at: Ref, faults: Faults, grammar: Grammar) -> ActionPattern:
    if not _ACTION.fullmatch(text):
        faults.add(
            FaultCode.ACTION,
            at,
            f"`{text[:MAX_SHOWN]}` is not an action",
            "write `service:Name`, such as `eks:DescribeCluster`, or `*`",
        )
    elif grammar.service and not text.lower().startswith(f"{grammar.service}:"):
        faults.add(
            FaultCode.ACTION,
            at,
            f"{grammar.noun} lists actions of {grammar.service}, not `{text[:MAX_SHOWN]}`",
        )
    return ActionPattern(text, at)


def _resource(text: str, at: Ref, faults: Faults, *, variables: bool) -> ResourcePattern:
    pattern = ResourcePattern(text, at, variables)
    if text != "*" and not (text.startswith("arn:") and len(pattern.sections) == ARN_SECTIONS):
        faults.add(
            FaultCode.RESOURCE,
            at,
            f"`{text[:MAX_SHOWN]}` is neither an ARN nor `*`",
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
            faults.add(FaultCode.OPERATOR, place, f"`{name[:MAX_SHOWN]}` is not a condition operator")
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
