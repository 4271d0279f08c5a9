"""Service-linked roles (IAM User Guide, "Service-linked roles").

The service chooses name, policy and trust. A deletion is a task; here it is done when it is asked for, and
fails if the service still uses the role.
"""

import json
from typing import Any

from sekisho.decide.values import Arn
from sekisho.facts import Delete, DeletionStatus, Event, Role, RoleDeletion
from sekisho.facts.iam_lookup import role_deletions
from sekisho.lab.aws.iam.entity import existing_role, key_of, put
from sekisho.lab.aws.iam.errors import invalid_input, no_such_entity, over_quota
from sekisho.lab.aws.iam.linked_services import (
    LINKED_SERVICES,
    SERVICE_LINKED_PATH,
    linked_role_name,
)
from sekisho.lab.aws.iam.policy_lookup import find_policy
from sekisho.lab.aws.iam.role_output import role_identity
from sekisho.lab.aws.iam.roles import DEFAULT_SESSION_SECONDS, MAX_ROLES
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters

MAX_TASKS = 100
"""How many deletions of an account are remembered."""

_TASK = "task/aws-service-role/"
_MAX_NAME_CHARS = 64


def create_service_linked_role(context: Context, parameters: Parameters) -> Answer:
    """Create the role of a service."""
    name, suffix = parameters["AWSServiceName"], parameters.get("CustomSuffix") or ""
    service = LINKED_SERVICES.get(name)
    if service is None:
        raise invalid_input(f"Service {name} is not known here to have a service-linked role.")
    if suffix and not service.takes_suffix:
        raise invalid_input(f"Custom suffix is not allowed for {name}")
    role_name = linked_role_name(service, suffix)
    if len(role_name) > _MAX_NAME_CHARS:
        raise invalid_input(f"Role name {role_name} is longer than {_MAX_NAME_CHARS} characters.")
    known = context.facts.roles(context.account)
    if any(role.name.lower() == role_name.lower() for role in known):
        raise invalid_input(
            f"Service role name {role_name} has been taken in this account, please try a different suffix."
        )
    if len(known) >= MAX_ROLES:
        raise over_quota("RolesPerAccount", MAX_ROLES)
    policy = Arn(context.partition, "iam", "", "aws", f"policy{SERVICE_LINKED_PATH}{service.policy}")
    role = Role(
        account=context.account,
        name=role_name,
        role_id=context.ids.unique_id("AROA"),
        created=context.now,
        trust=_trust(name),
        path=f"{SERVICE_LINKED_PATH}{name}/",
        partition=context.partition,
        description=parameters.get("Description") or service.description,
        max_session_seconds=DEFAULT_SESSION_SECONDS,
        attached=() if find_policy(context, str(policy)) is None else (str(policy),),
    )
    return Answer({"Role": role_identity(context.facts, role)}, (put(role),))


def delete_service_linked_role(context: Context, parameters: Parameters) -> Answer:
    """Ask for the deletion of a service's role; `GetServiceLinkedRoleDeletionStatus` tells the outcome."""
    role = existing_role(context, parameters["RoleName"])
    if not role.path.startswith(SERVICE_LINKED_PATH):
        raise invalid_input(f"The role {role.name} is not a service-linked role.")
    used_by = _used_by(context, role)
    deletion = RoleDeletion(
        context.account,
        f"{_TASK}{_service(role)}/{role.name}/{context.ids.request_id()}",
        context.now,
        DeletionStatus.FAILED if used_by else DeletionStatus.SUCCEEDED,
        used_by,
    )
    events: list[Event] = [put(deletion)]
    if not used_by:
        events.append(Delete(key_of(role)))
    old = role_deletions(context.facts, context.account)
    events += [Delete(key_of(one)) for one in old[: max(0, len(old) + 1 - MAX_TASKS)]]
    return Answer({"DeletionTaskId": deletion.task}, tuple(events))


def get_service_linked_role_deletion_status(context: Context, parameters: Parameters) -> Answer:
    """Tell what became of a deletion, and what stood in its way."""
    task = parameters["DeletionTaskId"]
    if not task.startswith(_TASK):
        raise invalid_input(f"Deletion task id {task} is not valid.")
    found = next((one for one in role_deletions(context.facts, context.account) if one.task == task), None)
    if found is None:
        raise no_such_entity(f"Deletion task id {task} cannot be found.")
    output: dict[str, Any] = {"Status": found.status.value}
    if found.used_by:
        regions = dict.fromkeys(region for region, _ in found.used_by)
        output["Reason"] = {
            "Reason": "A service-linked role is required for one or more resources.",
            "RoleUsageList": [
                {"Region": region, "Resources": [arn for where, arn in found.used_by if where == region]}
                for region in regions
            ],
        }
    return Answer(output)


def _used_by(context: Context, role: Role) -> tuple[tuple[str, str], ...]:
    """Return what needs the role, by region: EKS needs its own for as long as there are clusters."""
    if _service(role) != "eks.amazonaws.com":
        return ()
    return tuple(
        (cluster.region, str(cluster.arn))
        for cluster in context.facts.clusters()
        if cluster.account == context.account
    )


def _service(role: Role) -> str:
    return role.path.removeprefix(SERVICE_LINKED_PATH).rstrip("/")


def _trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


OPERATIONS: dict[str, Operation] = {
    "CreateServiceLinkedRole": create_service_linked_role,
    "DeleteServiceLinkedRole": delete_service_linked_role,
    "GetServiceLinkedRoleDeletionStatus": get_service_linked_role_deletion_status,
}
