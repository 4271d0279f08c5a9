"""Managed policies attached to users, groups and roles."""

from dataclasses import replace
from functools import partial

from sekisho.decide.iam import parse_policy
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.facts import Group, Role, User
from sekisho.lab.aws.iam.boundaries import BOUNDARY_USAGE
from sekisho.lab.aws.iam.entity import ENTITY_TYPES, Entity, EntityType, entities, put
from sekisho.lab.aws.iam.errors import no_such_entity, over_quota, unserved
from sekisho.lab.aws.iam.linked_services import SERVICE_LINKED_PATH
from sekisho.lab.aws.iam.listing import listed, paged, under_path
from sekisho.lab.aws.iam.policy_lookup import AnyPolicy, existing_policy, find_policy
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters

MAX_ATTACHED = 10


def _attach(kind: EntityType, context: Context, parameters: Parameters) -> Answer:
    """Attach a managed policy; nothing changes if it is attached."""
    entity = kind.to_change(context, parameters)
    arn = parameters["PolicyArn"]
    policy = find_policy(context, arn)
    if policy is None:
        raise no_such_entity(f"Policy {arn} does not exist or is not attachable.")
    _refuse_unattachable(policy, arn)
    if arn in entity.attached:
        return Answer()
    if len(entity.attached) >= MAX_ATTACHED:
        raise over_quota(f"PoliciesPer{kind.title}", MAX_ATTACHED)
    return Answer({}, (put(replace(entity, attached=(*entity.attached, arn))),))


def _detach(kind: EntityType, context: Context, parameters: Parameters) -> Answer:
    """Detach a managed policy."""
    entity = kind.to_change(context, parameters)
    arn = parameters["PolicyArn"]
    if arn not in entity.attached:
        find_policy(context, arn)
        raise no_such_entity(f"Policy {arn} was not found.")
    left = tuple(attached for attached in entity.attached if attached != arn)
    return Answer({}, (put(replace(entity, attached=left)),))


def _list(kind: EntityType, context: Context, parameters: Parameters) -> Answer:
    """List the attached policies by name."""
    entity = kind.named(context, parameters)
    policies = [existing_policy(context, arn) for arn in entity.attached]
    found = under_path(policies, parameters)
    return Answer(listed("AttachedPolicies", found, parameters, _described))


def list_entities_for_policy(context: Context, parameters: Parameters) -> Answer:
    """List the groups, users and roles that have a policy or are bounded by it; they share one page."""
    policy = existing_policy(context, parameters["PolicyArn"])
    prefix = parameters.get("PathPrefix") or "/"
    usage = parameters.get("PolicyUsageFilter")
    holders = [
        entity
        for entity in entities(context.facts, context.account)
        if _uses(entity, str(policy.arn), usage)
        and entity.path.startswith(prefix)
        and parameters.get("EntityFilter") in (None, type(entity).__name__)
    ]
    found, more = paged(holders, parameters)
    return Answer(
        {
            "PolicyGroups": [_group(entity) for entity in found if isinstance(entity, Group)],
            "PolicyUsers": [_user(entity) for entity in found if isinstance(entity, User)],
            "PolicyRoles": [_role(entity) for entity in found if isinstance(entity, Role)],
            **more,
        }
    )


def attached_output(context: Context, entity: Entity) -> list[dict[str, str]]:
    """Return the policies attached to ``entity`` as IAM's answers write them."""
    return [_described(existing_policy(context, arn)) for arn in entity.attached]


def _uses(entity: Entity, arn: str, usage: str | None) -> bool:
    """Whether a policy is attached to ``entity`` or is its boundary, or only the one that is asked for."""
    bounds = isinstance(entity, User | Role) and entity.boundary == arn
    if usage == BOUNDARY_USAGE:
        return bounds
    return arn in entity.attached or (usage is None and bounds)


def _refuse_unattachable(policy: AnyPolicy, arn: str) -> None:
    if policy.path.startswith(SERVICE_LINKED_PATH):
        raise AwsError("PolicyNotAttachable", "Cannot attach a Service Role Policy to a Customer Role.")
    try:
        parse_policy(policy.document, Ref(arn))
    except SekishoInputError as error:
        # Attached, it would make every decision about its holder fail.
        raise unserved(f"the lab cannot evaluate {arn}: {error.faults[0].problem}") from error


def _described(policy: AnyPolicy) -> dict[str, str]:
    return {"PolicyName": policy.name, "PolicyArn": str(policy.arn)}


def _group(group: Group) -> dict[str, str]:
    return {"GroupName": group.name, "GroupId": group.group_id}


def _user(user: User) -> dict[str, str]:
    return {"UserName": user.name, "UserId": user.user_id}


def _role(role: Role) -> dict[str, str]:
    return {"RoleName": role.name, "RoleId": role.role_id}


OPERATIONS: dict[str, Operation] = {
    name: operation
    for kind in ENTITY_TYPES
    for name, operation in (
        (f"Attach{kind.title}Policy", partial(_attach, kind)),
        (f"Detach{kind.title}Policy", partial(_detach, kind)),
        (f"ListAttached{kind.title}Policies", partial(_list, kind)),
    )
} | {"ListEntitiesForPolicy": list_entities_for_policy}
