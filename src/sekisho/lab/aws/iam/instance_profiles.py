"""Instance profiles (IAM API Reference, "CreateInstanceProfile" and its siblings)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.facts import Delete, InstanceProfile, Role
from sekisho.facts.iam_lookup import instance_profiles
from sekisho.lab.aws.iam.device_lookup import existing_profile
from sekisho.lab.aws.iam.entity import existing_role, key_of, put, role_to_change
from sekisho.lab.aws.iam.errors import already_exists, delete_conflict, no_such_entity, over_quota
from sekisho.lab.aws.iam.listing import listed, under_path
from sekisho.lab.aws.iam.role_output import role_identity
from sekisho.lab.aws.iam.tags import tags_given, tags_output
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters

MAX_PROFILES = 1000
MAX_ROLES = 1


def create_instance_profile(context: Context, parameters: Parameters) -> Answer:
    """Create a profile without a role."""
    name = parameters["InstanceProfileName"]
    known = instance_profiles(context.facts, context.account)
    if any(profile.name.lower() == name.lower() for profile in known):
        raise already_exists(f"Instance Profile {name} already exists.")
    if len(known) >= MAX_PROFILES:
        raise over_quota("InstanceProfilesPerAccount", MAX_PROFILES)
    profile = InstanceProfile(
        account=context.account,
        name=name,
        profile_id=context.ids.unique_id("AIPA"),
        created=context.now,
        path=parameters.get("Path") or "/",
        partition=context.partition,
        tags=tags_given(parameters),
    )
    return Answer({"InstanceProfile": {**described(context, profile), **_tags(profile)}}, (put(profile),))


def get_instance_profile(context: Context, parameters: Parameters) -> Answer:
    """Describe a profile with its role."""
    profile = existing_profile(context, parameters["InstanceProfileName"])
    return Answer({"InstanceProfile": {**described(context, profile), **_tags(profile)}})


def delete_instance_profile(context: Context, parameters: Parameters) -> Answer:
    """Delete a profile without a role."""
    profile = existing_profile(context, parameters["InstanceProfileName"])
    if profile.role:
        raise delete_conflict("Cannot delete entity, must remove roles from instance profile first.")
    return Answer({}, (Delete(key_of(profile)),))


def list_instance_profiles(context: Context, parameters: Parameters) -> Answer:
    """List profiles by name; tags are not listed, as AWS does."""
    found = under_path(instance_profiles(context.facts, context.account), parameters)
    return Answer(listed("InstanceProfiles", found, parameters, lambda profile: described(context, profile)))


def list_instance_profiles_for_role(context: Context, parameters: Parameters) -> Answer:
    """List the profiles that hand out a role."""
    role = existing_role(context, parameters["RoleName"])
    found = profiles_of(context, role)
    return Answer(listed("InstanceProfiles", found, parameters, lambda profile: described(context, profile)))


def add_role_to_instance_profile(context: Context, parameters: Parameters) -> Answer:
    """Put a role into a profile that has none."""
    profile = existing_profile(context, parameters["InstanceProfileName"])
    role = role_to_change(context, parameters["RoleName"])
    if profile.role:
        raise over_quota("InstanceSessionsPerInstanceProfile", MAX_ROLES)
    return Answer({}, (put(replace(profile, role=role.name)),))


def remove_role_from_instance_profile(context: Context, parameters: Parameters) -> Answer:
    """Take the role out of a profile."""
    profile = existing_profile(context, parameters["InstanceProfileName"])
    role = role_to_change(context, parameters["RoleName"])
    if profile.role != role.name:
        raise no_such_entity(f"The role with name {role.name} cannot be found.")
    return Answer({}, (put(replace(profile, role="")),))


def profiles_of(context: Context, role: Role) -> list[InstanceProfile]:
    """Return the profiles that hand out a role, by name."""
    known = instance_profiles(context.facts, context.account)
    return under_path((profile for profile in known if profile.role == role.name), {})


def profiles_output(context: Context, role: Role) -> list[Mapping[str, Any]]:
    """Return the profiles of a role as IAM's answers write them."""
    return [described(context, profile) for profile in profiles_of(context, role)]


def described(context: Context, profile: InstanceProfile) -> Mapping[str, Any]:
    """Return a profile as IAM's listings write it."""
    role = context.facts.role(context.account, profile.role)
    return {
        "Path": profile.path,
        "InstanceProfileName": profile.name,
        "InstanceProfileId": profile.profile_id,
        "Arn": str(profile.arn),
        "CreateDate": profile.created,
        "Roles": [] if role is None else [role_identity(context.facts, role)],
    }


def _tags(profile: InstanceProfile) -> Mapping[str, Any]:
    return {"Tags": tags_output(profile.tags)} if profile.tags else {}


OPERATIONS: dict[str, Operation] = {
    "AddRoleToInstanceProfile": add_role_to_instance_profile,
    "CreateInstanceProfile": create_instance_profile,
    "DeleteInstanceProfile": delete_instance_profile,
    "GetInstanceProfile": get_instance_profile,
    "ListInstanceProfiles": list_instance_profiles,
    "ListInstanceProfilesForRole": list_instance_profiles_for_role,
    "RemoveRoleFromInstanceProfile": remove_role_from_instance_profile,
}
