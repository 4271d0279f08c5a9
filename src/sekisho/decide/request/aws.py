"""An AWS API call -> the questions that policies answer about it.

The action, its resources and its context keys follow from `aws_tables` and from the Service
Authorization Reference. An action for which the reference lists no resource type is decided
against ``*``. Whatever else cannot be mapped is UNKNOWN: nothing is guessed, since a wrong
resource would make a policy say yes.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby

from sekisho.decide.decision import Decision, Outcome, ReasonCode, Step
from sekisho.decide.request.aws_call import (
    AwsCall,
    FindArns,
    FindState,
    ResourceState,
    nothing_found,
    nothing_read,
)
from sekisho.decide.request.aws_context import caller_keys, request_keys, state_keys, untold_keys
from sekisho.decide.request.aws_reference import ActionFacts, ServiceReference
from sekisho.decide.request.aws_request import AwsRequest, Context, ContextValue
from sekisho.decide.request.aws_resources import SELF, passed_role, resources_of
from sekisho.decide.request.aws_tables import ACTIONS, ALSO, PASSED_ROLES, VERSIONED
from sekisho.decide.values import AccountId, PrincipalType, Ref

_ACCOUNT = re.compile(r"[0-9]{12}", re.ASCII)

_PASS_ROLE = ActionFacts(
    "iam:PassRole", ("role",), frozenset({"iam:associatedresourcearn", "iam:passedtoservice"})
)
"""Service Authorization Reference, "AWS Identity and Access Management (IAM)"."""


class Unmapped(ReasonCode):
    """Why a call could not be turned into a question."""

    ACTION = "request.aws.unknown-action", "the service reference has no action {action}"
    RESOURCE = (
        "request.aws.unmapped-resource",
        "the resource of {action} could not be told from its parameters",
    )
    NOT_A_USER = (
        "request.aws.not-a-user",
        "{action} without UserName is about the calling user, and {caller} is none",
    )


def map_call(
    call: AwsCall,
    reference: ServiceReference,
    find_arns: FindArns = nothing_found,
    find_state: FindState = nothing_read,
) -> tuple[AwsRequest, ...] | Decision[None]:
    """Return what ``call`` asks permission for: all of it must be allowed, the first is its own action.

    Args:
        call: the operation, its parameters and who calls.
        reference: actions and resource types of the call's service.
        find_arns: the ARNs of resources that exist, whose path or id is not in the parameters.
        find_state: tags and state of each resource, and of a role that is passed. Resources of which
            different things are known are asked about one by one, each with its own context.

    Returns:
        At least one request, or the Decision UNKNOWN whose decisive step says what is missing.
    """
    name = ACTIONS.get((call.service, call.operation), f"{call.service}:{call.operation}")
    if name in VERSIONED and call.text("VersionId") is not None:
        name = name.replace("Object", "ObjectVersion", 1)
    facts = reference.action(name)
    if facts is None:
        return _unknown(Unmapped.ACTION, call, name)
    resources = resources_of(call, facts, reference, find_arns)
    if resources is None:
        return _unknown(Unmapped.RESOURCE, call, facts.name)
    if SELF in resources:
        caller = call.principal
        if caller.type not in {PrincipalType.USER, PrincipalType.ROOT}:
            return _unknown(Unmapped.NOT_A_USER, call, facts.name)
        resources = (str(caller.entity),)
    states = tuple(find_state(resource) for resource in resources)
    own: list[AwsRequest] = []
    also: list[AwsRequest] = []
    # Requests must differ where contexts do, and thousands of objects of one bucket must stay one request.
    for (state, owner), alike in groupby(
        zip(resources, _sharing(states), strict=True), lambda each: (each[1], _owner(each[0], call))
    ):
        about = tuple(resource for resource, _ in alike)
        asked = AwsRequest(call.principal, facts.name, about, _context(call, facts, state), owner)
        own.append(asked)
        also.extend(_also(call, asked, reference, state))
    return (*own, *_passed(call, find_arns, find_state), *also)


def _sharing(states: tuple[ResourceState, ...]) -> tuple[ResourceState, ...]:
    """Tell every resource what one of them says by a key of its service.

    The reference lists such a key for the action and not for a resource type: the type of a policy
    (organizations:PolicyType) is also a key of the account that the policy is attached to.
    """
    told = [(key, value) for state in states for key, value in state.keys.items() if value is not None]
    shared = {key: value for key, value in told if not key.startswith("aws:")}
    return tuple(replace(state, keys={**state.keys, **shared}) for state in states) if shared else states


def _context(call: AwsCall, facts: ActionFacts, state: ResourceState) -> Context:
    keys = {**caller_keys(call), **state_keys(facts, state), **request_keys(call)}
    return call.context.having(keys, unread=untold_keys(call, facts, state))


def _passed(call: AwsCall, find_arns: FindArns, find_state: FindState) -> Iterator[AwsRequest]:
    """Yield that the caller has to be allowed to pass a role, if the call hands one to a service.

    Sources: EKS User Guide, "Identity-based policy examples"; IAM User Guide, "Grant a user
    permissions to pass a role to an AWS service"; Service Authorization Reference, dependent actions
    of AddRoleToInstanceProfile.
    """
    parameter, service = PASSED_ROLES.get((call.service, call.operation), ("", None))
    role = passed_role(call, parameter, find_arns)
    if role is None:
        return
    state = find_state(role)
    told: dict[str, ContextValue] = {"iam:PassedToService": service} if service else {}
    keys = {**caller_keys(call), **state_keys(_PASS_ROLE, state), **told}
    context = call.context.having(keys, untold_keys(call, _PASS_ROLE, state))
    yield AwsRequest(call.principal, _PASS_ROLE.name, (role,), context, _owner(role, call))


def _also(
    call: AwsCall, own: AwsRequest, reference: ServiceReference, state: ResourceState
) -> Iterator[AwsRequest]:
    """Yield what else the caller needs on the same resource: to tag what is made, to set an ACL.

    Sources: IAM User Guide, "Tags for IAM resources", "Pass session tags in AWS STS" and "Monitor and
    control actions taken with assumed roles"; S3 API Reference, "Permissions" of each operation.
    """
    also = ALSO.get((call.service, call.operation), ())
    needed = dict.fromkeys(action for parameter, action in also if call.parameters.get(parameter))
    for action in needed:
        facts = reference.action(action) or ActionFacts(action, ())
        context = own.context.having({}, untold_keys(call, facts, state))
        yield replace(own, action=action, context=context)


def _owner(resource: str, call: AwsCall) -> AccountId | None:
    """Return the other account that the ARN names, None for the caller's own or nobody's."""
    sections = resource.split(":", 5)
    account = sections[4] if len(sections) > 4 else ""
    if not _ACCOUNT.fullmatch(account) or account == call.principal.account:
        return None
    return AccountId(account)


def _unknown(code: Unmapped, call: AwsCall, action: str) -> Decision[None]:
    facts = (("action", action), ("caller", str(call.principal.arn)))
    step = Step(code, Ref(f"{call.service}:{call.operation}"), facts)
    return Decision(Outcome.UNKNOWN, (step,), (step,))
