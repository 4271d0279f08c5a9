"""How a statement that does not allow a request came close, and the repair that follows."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

from sekisho.decide.decision import ReasonCode, Repair, Step
from sekisho.decide.iam.code import Code, Fix, Near
from sekisho.decide.iam.examine import Look
from sekisho.decide.iam.matching import conditions_hold, covers_resource
from sekisho.decide.iam.nearest_condition import wanted
from sekisho.decide.iam.nearest_principal import principal_difference
from sekisho.decide.iam.principals import caller_name
from sekisho.decide.iam.statement import (
    ARN_SECTIONS,
    ActionPattern,
    ResourceName,
    ResourcePattern,
    Statement,
    resource_name,
)
from sekisho.decide.iam.template import Template
from sekisho.decide.request.aws_request import ANY_RESOURCE, AwsRequest, Context

_SECTIONS = ("prefix", "partition", "service", "region", "account", "resource")
_CLOSE_SPELLING = 0.8
_CONDITION, _PRINCIPAL_ALMOST, _RESOURCE_ALMOST, _PRINCIPAL, _RESOURCE, _ACTION_ALMOST = range(6)


@dataclass(frozen=True, slots=True)
class Miss:
    """A near miss: how near (0 is nearest), the step that shows it, what would mend it."""

    rank: int
    step: Step
    repair: Repair


def misses(request: AwsRequest, look: Look) -> Iterator[Miss]:
    """Yield how the statement of ``look`` (an Allow) nearly allowed its resource.

    Nearest is a condition that is not met, then a principal or a resource that differs in one
    respect, then any other, then an action that is almost the one asked for. A statement about
    something else altogether yields nothing.
    """
    resource, statement, step = look.resource, look.statement, look.step
    match step.code:
        case Code.CONDITION:
            facts = (("wanted", wanted(statement.conditions, request.context)), ("at", str(step.at)))
            yield Miss(_CONDITION, step, Repair(Fix.MEET_CONDITION, facts))
        case Code.PRINCIPAL:
            yield _principal_miss(request, statement, step)
        case Code.RESOURCE:
            yield from _resource_misses(request, resource, statement, step)
        case Code.RESOURCE_EXCLUDED | Code.ACTION_EXCLUDED | Code.PRINCIPAL_EXCLUDED:
            yield Miss(_RESOURCE, step, _allow(request, resource))
        case _:
            yield from _action_misses(request, resource, statement)


def _principal_miss(request: AwsRequest, statement: Statement, step: Step) -> Miss:
    name = caller_name(request.principal)
    repair = Repair(Fix.ADD_PRINCIPAL, (("principal", name), ("at", str(step.at))))
    found = principal_difference(statement, request.principal)
    if found is None:
        return Miss(_PRINCIPAL, step, repair)
    code, written = found
    facts = (("written", written.text), ("principal", name), ("action", request.action))
    return Miss(_PRINCIPAL_ALMOST, Step(code, written.at, facts), repair)


def _resource_misses(request: AwsRequest, resource: str, statement: Statement, step: Step) -> Iterator[Miss]:
    repair = Repair(Fix.ADD_RESOURCE, (("resource", resource), ("at", str(statement.resource_at))))
    name = resource_name(resource)
    found = False
    for pattern in statement.resources:
        code, section = _resource_difference(pattern, name, request.context)
        if code is not None:
            found = True
            facts = (
                ("written", pattern.text),
                ("action", request.action),
                ("resource", resource),
                ("section", section),
            )
            yield Miss(_RESOURCE_ALMOST, Step(code, pattern.at, facts), repair)
    if not found:
        yield Miss(_RESOURCE, step, repair)


def _resource_difference(
    pattern: ResourcePattern, name: ResourceName, context: Context
) -> tuple[ReasonCode | None, str]:
    """Return in what one respect ``pattern`` does not cover ``name``, if it is one."""
    if name == (ANY_RESOURCE,):
        return Near.RESOURCE_STAR, ""
    if len(name) != ARN_SECTIONS:
        return None, ""
    failing = [
        index
        for index, (section, text) in enumerate(zip(pattern.sections, name, strict=True))
        if section.matches(text, context) is False
    ]
    if all(_matches_ignoring_case(pattern.sections[index], name[index], context) for index in failing):
        return Near.RESOURCE_CASE, ""
    if len(failing) > 1:
        return None, ""
    section = _SECTIONS[failing[0]]
    if section != "resource":
        return Near.RESOURCE_SECTION, section
    inner, outer = pattern.sections[-1], name[-1]
    written = pattern.text.split(":", ARN_SECTIONS - 1)[-1]
    if inner.matches(f"{outer}/", context) or outer.startswith(f"{written}/"):
        return Near.RESOURCE_OBJECTS, section
    return None, ""


def _matches_ignoring_case(section: Template, text: str, context: Context) -> bool:
    lowered = Template(tuple(part.lower() if isinstance(part, str) else part for part in section.parts))
    return bool(lowered.matches(text.lower(), context))


def _action_misses(request: AwsRequest, resource: str, statement: Statement) -> Iterator[Miss]:
    covered = covers_resource(statement, resource_name(resource), request.context)
    if covered is False or conditions_hold(statement, request.context) is False:
        return
    for pattern in statement.actions:
        code = _action_difference(pattern, request.action.lower())
        if code is not None:
            facts = (("written", pattern.text), ("action", request.action), ("resource", resource))
            repair = Repair(
                Fix.CORRECT_ACTION,
                (("action", request.action), ("written", pattern.text), ("at", str(pattern.at))),
            )
            yield Miss(_ACTION_ALMOST, Step(code, pattern.at, facts), repair)


def _action_difference(pattern: ActionPattern, action: str) -> Near | None:
    """Return how ``pattern`` is almost ``action`` (lower case); case itself never differs in actions."""
    if pattern.matches(action):
        return None  # the policy of another layer, which says yes
    service, _, name = action.partition(":")
    written_service, _, written = pattern.text.lower().partition(":")
    if written_service != service:
        return Near.ACTION_SERVICE if written == name else None
    if name.startswith(written):
        return Near.ACTION_PREFIX
    close = SequenceMatcher(None, written, name).ratio() >= _CLOSE_SPELLING
    return Near.ACTION_SPELLING if close else None


def _allow(request: AwsRequest, resource: str) -> Repair:
    facts = (
        ("action", request.action),
        ("resource", resource),
        ("principal", caller_name(request.principal)),
    )
    return Repair(Fix.ADD_ALLOW, facts)
