"""IAM roles (IAM API Reference, "CreateRole" and its siblings)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.facts import Delete, Role, Snapshot
from sekisho.lab.aws.iam.documents import on_wire
from sekisho.lab.aws.iam.entity import (
    SERVICE_LINKED_PATH,
    existing_role,
    key_of,
    put,
    refuse_taken_name,
    role_to_change,
)
from sekisho.lab.aws.iam.errors import delete_conflict, invalid_input, over_quota
from sekisho.lab.aws.iam.listing import listed, under_path
from sekisho.lab.aws.iam.tags import tags_given, tags_output
from sekisho.lab.aws.iam.trust import checked_trust, rendered_trust
from sekisho.lab.aws.iam.users import refuse_boundary
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters

MAX_ROLES = 1000
DEFAULT_SESSION_SECONDS = 3600


def create_role(context: Context, parameters: Parameters) -> Answer:
    """Create a role with its trust policy."""
    refuse_boundary(parameters)
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
    )
    tags = {"Tags": tags_output(role.tags)} if role.tags else {}
    return Answer({"Role": {**_identity(context.facts, role), **tags}}, (put(role),))


def get_role(context: Context, parameters: Parameters) -> Answer:
    """Describe a role. Uses are not recorded, so RoleLastUsed is empty."""
    role = existing_role(context, parameters["RoleName"])
    tags = {"Tags": tags_output(role.tags)} if role.tags else {}
    return Answer({"Role": {**_listed(context.facts, role), **tags, "RoleLastUsed": {}}})


def list_roles(context: Context, parameters: Parameters) -> Answer:
    """List roles by name; tags are not listed, as AWS does."""
    found = under_path(context.facts.roles(context.account), parameters)
    return Answer(listed("Roles", found, parameters, lambda role: _listed(context.facts, role)))


def update_role(context: Context, parameters: Parameters) -> Answer:
    """Change description or longest session; what is not given stays."""
    role = role_to_change(context, parameters["RoleName"])
    description = parameters.get("Description")
    changed = replace(
        role,
        description=role.description if description is None else description,
        max_session_seconds=parameters.get("MaxSessionDuration") or role.max_session_seconds,
    )
    return Answer({}, (put(changed),))


def update_role_description(context: Context, parameters: Parameters) -> Answer:
    """Change the description."""
    role = role_to_change(context, parameters["RoleName"])
    changed = replace(role, description=parameters["Description"])
    return Answer({"Role": _listed(context.facts, changed)}, (put(changed),))


def update_assume_role_policy(context: Context, parameters: Parameters) -> Answer:
    """Replace the trust policy; its principals are looked up anew."""
    role = role_to_change(context, parameters["RoleName"])
    trust = parameters["PolicyDocument"]
    changed = replace(role, trust=trust, trusted_ids=checked_trust(context, trust, role.name))
    return Answer({}, (put(changed),))


def delete_role(context: Context, parameters: Parameters) -> Answer:
    """Delete a role without policies."""
    role = role_to_change(context, parameters["RoleName"])
    if role.attached:
        raise delete_conflict("Cannot delete entity, must detach all policies first.")
    if role.inline:
        raise delete_conflict("Cannot delete entity, must delete policies first.")
    return Answer({}, (Delete(key_of(role)),))


def list_instance_profiles_for_role(context: Context, parameters: Parameters) -> Answer:
    """List nothing: the lab has no instance profiles, and tools ask before they delete a role."""
    existing_role(context, parameters["RoleName"])
    return Answer({"InstanceProfiles": [], "IsTruncated": False})


def _listed(facts: Snapshot, role: Role) -> Mapping[str, Any]:
    description = {"Description": role.description} if role.description else {}
    return {**_identity(facts, role), **description, "MaxSessionDuration": role.max_session_seconds}


def _identity(facts: Snapshot, role: Role) -> Mapping[str, Any]:
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.role_id,
        "Arn": str(role.arn),
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": on_wire(rendered_trust(facts, role)),
    }


OPERATIONS: dict[str, Operation] = {
    "CreateRole": create_role,
    "DeleteRole": delete_role,
    "GetRole": get_role,
    "ListInstanceProfilesForRole": list_instance_profiles_for_role,
    "ListRoles": list_roles,
    "UpdateAssumeRolePolicy": update_assume_role_policy,
    "UpdateRole": update_role,
    "UpdateRoleDescription": update_role_description,
}
