"""IAM users (IAM API Reference, "CreateUser" and its siblings)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.decide.values import PrincipalType
from sekisho.facts import Delete, Event, User
from sekisho.facts.iam_lookup import login_profile, mfa_devices_of
from sekisho.lab.aws.iam.boundaries import boundary_output, checked_boundary
from sekisho.lab.aws.iam.entity import existing_user, key_of, own_or_named_user, put, refuse_taken_name
from sekisho.lab.aws.iam.errors import delete_conflict, over_quota
from sekisho.lab.aws.iam.listing import listed, under_path
from sekisho.lab.aws.iam.tags import tags_given, tags_output
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters

MAX_USERS = 5000


def create_user(context: Context, parameters: Parameters) -> Answer:
    """Create a user without any credential."""
    name = parameters["UserName"]
    known = context.facts.users(context.account)
    refuse_taken_name("User", name, known)
    if len(known) >= MAX_USERS:
        raise over_quota("UsersPerAccount", MAX_USERS)
    user = User(
        account=context.account,
        name=name,
        user_id=context.ids.unique_id("AIDA"),
        created=context.now,
        path=parameters.get("Path") or "/",
        partition=context.partition,
        tags=tags_given(parameters),
        boundary=checked_boundary(context, parameters),
    )
    return Answer({"User": described(user)}, (put(user),))


def get_user(context: Context, parameters: Parameters) -> Answer:
    """Describe a user, without a name the caller itself."""
    if parameters.get("UserName") is None and context.caller.type is PrincipalType.ROOT:
        root = {"UserId": context.account, "Arn": str(context.caller.arn)}
        return Answer({"User": root})
    return Answer({"User": described(existing_user(context, own_or_named_user(context, parameters)))})


def list_users(context: Context, parameters: Parameters) -> Answer:
    """List users by name; tags and boundaries are not listed, as AWS does."""
    found = under_path(context.facts.users(context.account), parameters)
    return Answer(listed("Users", found, parameters, identity))


def update_user(context: Context, parameters: Parameters) -> Answer:
    """Give a user another name or path; its id, credentials and policies stay."""
    user = existing_user(context, parameters["UserName"])
    new_name = parameters.get("NewUserName") or user.name
    if new_name != user.name:
        others = [other for other in context.facts.users(context.account) if other.name != user.name]
        refuse_taken_name("User", new_name, others)
    changed = replace(user, name=new_name, path=parameters.get("NewPath") or user.path)
    events: list[Event] = [put(changed)]
    if new_name != user.name:
        events.insert(0, Delete(key_of(user)))
        keys = context.facts.access_keys(context.account, user.name)
        events += [put(replace(key, user=new_name)) for key in keys]
        devices = mfa_devices_of(context.facts, context.account, user.name)
        events += [put(replace(device, user=new_name)) for device in devices]
        profile = login_profile(context.facts, context.account, user.name)
        if profile is not None:
            events += [Delete(key_of(profile)), put(replace(profile, user=new_name))]
    return Answer({}, tuple(events))


def delete_user(context: Context, parameters: Parameters) -> Answer:
    """Delete a user that nothing hangs on any more."""
    user = existing_user(context, parameters["UserName"])
    if user.attached:
        raise delete_conflict("Cannot delete entity, must detach all policies first.")
    if user.inline:
        raise delete_conflict("Cannot delete entity, must delete policies first.")
    if context.facts.access_keys(context.account, user.name):
        raise delete_conflict("Cannot delete entity, must delete access keys first.")
    if user.groups:
        raise delete_conflict("Cannot delete entity, must remove users from group first.")
    if mfa_devices_of(context.facts, context.account, user.name):
        raise delete_conflict("Cannot delete entity, must delete MFA device first.")
    if login_profile(context.facts, context.account, user.name) is not None:
        raise delete_conflict("Cannot delete entity, must delete login profile first.")
    return Answer({}, (Delete(key_of(user)),))


def described(user: User) -> Mapping[str, Any]:
    """Return a user as IAM's answers about one user write it."""
    tags = {"Tags": tags_output(user.tags)} if user.tags else {}
    return {**identity(user), **boundary_output(user), **tags}


def identity(user: User) -> Mapping[str, Any]:
    """Return a user as IAM's listings write it."""
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.user_id,
        "Arn": str(user.arn),
        "CreateDate": user.created,
    }


OPERATIONS: dict[str, Operation] = {
    "CreateUser": create_user,
    "DeleteUser": delete_user,
    "GetUser": get_user,
    "ListUsers": list_users,
    "UpdateUser": update_user,
}
