"""Permissions boundaries of users and roles (IAM User Guide, "Permissions boundaries for IAM entities")."""

from collections import Counter
from dataclasses import replace
from functools import partial
from typing import Any

from sekisho.decide.iam import PolicyKind, parse_policy
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.facts import Role, User
from sekisho.lab.aws.iam.entity import ROLE, USER, EntityType, put
from sekisho.lab.aws.iam.errors import no_such_entity, unserved
from sekisho.lab.aws.iam.linked_services import SERVICE_LINKED_PATH
from sekisho.lab.aws.iam.policy_lookup import find_policy
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters

BOUNDARY_USAGE = "PermissionsBoundary"
"""The ``PolicyUsageFilter`` for policies in use as a boundary."""


def _put(kind: EntityType, context: Context, parameters: Parameters) -> Answer:
    """Set the boundary of a user or role, instead of the one that it has."""
    entity = kind.to_change(context, parameters)
    assert isinstance(entity, User | Role)  # noqa: S101 - groups have no such operation
    return Answer({}, (put(replace(entity, boundary=checked_boundary(context, parameters))),))


def _delete(kind: EntityType, context: Context, parameters: Parameters) -> Answer:
    """Take the boundary away; nothing changes if there is none."""
    entity = kind.to_change(context, parameters)
    assert isinstance(entity, User | Role)  # noqa: S101 - groups have no such operation
    return Answer({}, (put(replace(entity, boundary="")),) if entity.boundary else ())


def checked_boundary(context: Context, parameters: Parameters) -> str:
    """Return the ARN of the boundary that a request sets, empty where it sets none.

    Raises:
        AwsError: there is no such policy, or it is no policy that people may attach.
    """
    arn: str | None = parameters.get("PermissionsBoundary")
    if arn is None:
        return ""
    policy = find_policy(context, arn)
    if policy is None:
        raise no_such_entity(f"Scope ARN: {arn} does not exist or is not attachable.")
    if policy.path.startswith(SERVICE_LINKED_PATH):
        raise AwsError("PolicyNotAttachable", f"Cannot use {arn} as a permissions boundary.")
    try:
        parse_policy(policy.document, Ref(arn), PolicyKind.BOUNDARY)
    except SekishoInputError as error:
        # As a boundary it would make every decision about its holder fail.
        raise unserved(f"the lab cannot evaluate {arn}: {error.faults[0].problem}") from error
    return arn


def boundary_output(entity: User | Role) -> dict[str, Any]:
    """Return the member that shows a boundary, none where there is none."""
    if not entity.boundary:
        return {}
    shown = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": entity.boundary}
    return {"PermissionsBoundary": shown}


def boundary_counts(context: Context) -> Counter[str]:
    """Return of how many users and roles of the account each policy is the boundary, by ARN."""
    facts, account = context.facts, context.account
    holders: tuple[User | Role, ...] = (*facts.users(account), *facts.roles(account))
    return Counter(holder.boundary for holder in holders if holder.boundary)


OPERATIONS: dict[str, Operation] = {
    name: operation
    for kind in (USER, ROLE)
    for name, operation in (
        (f"Put{kind.title}PermissionsBoundary", partial(_put, kind)),
        (f"Delete{kind.title}PermissionsBoundary", partial(_delete, kind)),
    )
}
