"""IAM roles (IAM API Reference, "CreateRole" and its siblings)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.facts import Delete, Role, Snapshot
from sekisho.lab.aws.iam.boundaries import boundary_output, checked_boundary
from sekisho.lab.aws.iam.entity import (
    existing_role,
    key_of,
    put,
    refuse_service_linked,
    refuse_taken_name,
    role_to_change,
)
from sekisho.lab.aws.iam.errors import delete_conflict, invalid_input, over_quota
from sekisho.lab.aws.iam.instance_profiles import profiles_of
from sekisho.lab.aws.iam.linked_services import SERVICE_LINKED_PATH
from sekisho.lab.aws.iam.listing import listed, under_path
from sekisho.lab.aws.iam.role_output import role_identity
from sekisho.lab.aws.iam.tags import tags_given, tags_output
from sekisho.lab.aws.iam.trust import checked_trust
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters

MAX_ROLES = 1000
DEFAULT_SESSION_SECONDS = 3600


def create_role(context: Context, parameters: Parameters) -> Answer:
    """Create a role with its trust policy."""
    name = parameters["RoleName"]
    path = parameters.get("Path") or "/"
    if path.startswith(SERVICE_LINKED_PATH):
        raise invalid_input(f"Path {path} is reserved for service-linked roles.")
    known = context.facts.roles(context.account)
    refuse_taken_name("Role", name, known)
    if len(known) >= MAX_ROLES:
        raise over_quota("RolesPerAccount", MAX_ROLES)
    trust = parameters["AssumeRolePolicyDocument"]
    role = Role(
        account=context.account,
        name=name,
        role_id=context.ids.unique_id("AROA"),
        created=context.now,
        trust=trust,
        path=path,
        partition=context.partition,
        description=parameters.get("Description") or "",
        max_session_seconds=parameters.get("MaxSessionDuration") or DEFAULT_SESSION_SECONDS,
        tags=tags_given(parameters),
        trusted_ids=checked_trust(context, trust, name),
        boundary=checked_boundary(context, parameters),
    )
    shown = {**role_identity(context.facts, role), **boundary_output(role), **_tags(role)}
    return Answer({"Role": shown}, (put(role),))


def get_role(context: Context, parameters: Parameters) -> Answer:
    """Describe a role. Uses are not recorded, so RoleLastUsed is empty."""
    role = existing_role(context, parameters["RoleName"])
    shown = {**_listed(context.facts, role), **boundary_output(role), **_tags(role)}
    return Answer({"Role": {**shown, "RoleLastUsed": {}}})


def list_roles(context: Context, parameters: Parameters) -> Answer:
    """List roles by name; tags and boundaries are not listed, as AWS does."""
    found = under_path(context.facts.roles(context.account), parameters)
    return Answer(listed("Roles", found, parameters, lambda role: _listed(context.facts, role)))


def update_role(context: Context, parameters: Parameters) -> Answer:
    """Change description or longest session; what is not given stays.

    The description of any role may be changed, a service-linked one's too (IAM User Guide, "Update a
    service-linked role").
    """
    role = existing_role(context, parameters["RoleName"])
    description = parameters.get("Description")
    if parameters.get("MaxSessionDuration") is not None:
        refuse_service_linked(role)
    changed = replace(
        role,
        description=role.description if description is None else description,
        max_session_seconds=parameters.get("MaxSessionDuration") or role.max_session_seconds,
    )
    return Answer({}, (put(changed),))


def update_role_description(context: Context, parameters: Parameters) -> Answer:
    """Change the description, of any role."""
    role = existing_role(context, parameters["RoleName"])
    changed = replace(role, description=parameters["Description"])
    return Answer({"Role": _listed(context.facts, changed)}, (put(changed),))


def update_assume_role_policy(context: Context, parameters: Parameters) -> Answer:
    """Replace the trust policy; its principals are looked up anew."""
    role = role_to_change(context, parameters["RoleName"])
    trust = parameters["PolicyDocument"]
    changed = replace(role, trust=trust, trusted_ids=checked_trust(context, trust, role.name))
    return Answer({}, (put(changed),))


def delete_role(context: Context, parameters: Parameters) -> Answer:
    """Delete a role without policies that no instance profile hands out."""
    role = role_to_change(context, parameters["RoleName"])
    if profiles_of(context, role):
        raise delete_conflict("Cannot delete entity, must remove roles from instance profile first.")
    if role.attached:
        raise delete_conflict("Cannot delete entity, must detach all policies first.")
    if role.inline:
        raise delete_conflict("Cannot delete entity, must delete policies first.")
    return Answer({}, (Delete(key_of(role)),))


def _listed(facts: Snapshot, role: Role) -> Mapping[str, Any]:
    description = {"Description": role.description} if role.description else {}
    return {**role_identity(facts, role), **description, "MaxSessionDuration": role.max_session_seconds}


def _tags(role: Role) -> Mapping[str, Any]:
    return {"Tags": tags_output(role.tags)} if role.tags else {}


OPERATIONS: dict[str, Operation] = {
    "CreateRole": create_role,
    "DeleteRole": delete_role,
    "GetRole": get_role,
    "ListRoles": list_roles,
    "UpdateAssumeRolePolicy": update_assume_role_policy,
    "UpdateRole": update_role,
    "UpdateRoleDescription": update_role_description,
}
