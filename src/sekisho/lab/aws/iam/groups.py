"""IAM groups and who is in them (IAM API Reference, "CreateGroup" and its siblings)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.facts import Delete, Event, Group, User
from sekisho.lab.aws.iam.entity import existing_group, existing_user, key_of, put, refuse_taken_name
from sekisho.lab.aws.iam.errors import delete_conflict, over_quota
from sekisho.lab.aws.iam.listing import listed, under_path
from sekisho.lab.aws.iam.users import identity
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters

MAX_GROUPS = 300
MAX_GROUPS_PER_USER = 10


def create_group(context: Context, parameters: Parameters) -> Answer:
    """Create a group without members."""
    name = parameters["GroupName"]
    known = context.facts.groups(context.account)
    refuse_taken_name("Group", name, known)
    if len(known) >= MAX_GROUPS:
        raise over_quota("GroupsPerAccount", MAX_GROUPS)
    group = Group(
        account=context.account,
        name=name,
        group_id=context.ids.unique_id("AGPA"),
        created=context.now,
        path=parameters.get("Path") or "/",
        partition=context.partition,
    )
    return Answer({"Group": described(group)}, (put(group),))


def get_group(context: Context, parameters: Parameters) -> Answer:
    """Describe a group and list its members by name."""
    group = existing_group(context, parameters["GroupName"])
    members = _members(context, group)
    users = listed("Users", members, parameters, identity)
    return Answer({"Group": described(group), **users})


def list_groups(context: Context, parameters: Parameters) -> Answer:
    """List groups by name."""
    found = under_path(context.facts.groups(context.account), parameters)
    return Answer(listed("Groups", found, parameters, described))


def list_groups_for_user(context: Context, parameters: Parameters) -> Answer:
    """List the groups a user is in."""
    user = existing_user(context, parameters["UserName"])
    found = [existing_group(context, name) for name in sorted(user.groups)]
    return Answer(listed("Groups", found, parameters, described))


def update_group(context: Context, parameters: Parameters) -> Answer:
    """Give a group another name or path; its members stay."""
    group = existing_group(context, parameters["GroupName"])
    new_name = parameters.get("NewGroupName") or group.name
    changed = replace(group, name=new_name, path=parameters.get("NewPath") or group.path)
    if new_name == group.name:
        return Answer({}, (put(changed),))
    others = [other for other in context.facts.groups(context.account) if other.name != group.name]
    refuse_taken_name("Group", new_name, others)
    events: list[Event] = [Delete(key_of(group)), put(changed)]
    for user in _members(context, group):
        names = tuple(new_name if name == group.name else name for name in user.groups)
        events.append(put(replace(user, groups=names)))
    return Answer({}, tuple(events))


def delete_group(context: Context, parameters: Parameters) -> Answer:
    """Delete a group without members and policies."""
    group = existing_group(context, parameters["GroupName"])
    if _members(context, group):
        raise delete_conflict("Cannot delete entity, must remove users from group first.")
    if group.attached:
        raise delete_conflict("Cannot delete entity, must detach all policies first.")
    if group.inline:
        raise delete_conflict("Cannot delete entity, must delete policies first.")
    return Answer({}, (Delete(key_of(group)),))


def add_user_to_group(context: Context, parameters: Parameters) -> Answer:
    """Put a user into a group; nothing changes if it is in it."""
    group = existing_group(context, parameters["GroupName"])
    user = existing_user(context, parameters["UserName"])
    if group.name in user.groups:
        return Answer()
    if len(user.groups) >= MAX_GROUPS_PER_USER:
        raise over_quota("GroupsPerUser", MAX_GROUPS_PER_USER)
    return Answer({}, (put(replace(user, groups=(*user.groups, group.name))),))


def remove_user_from_group(context: Context, parameters: Parameters) -> Answer:
    """Take a user out of a group; nothing changes if it is not in it."""
    group = existing_group(context, parameters["GroupName"])
    user = existing_user(context, parameters["UserName"])
    left = tuple(name for name in user.groups if name != group.name)
    return Answer({}, (put(replace(user, groups=left)),) if left != user.groups else ())


def described(group: Group) -> Mapping[str, Any]:
    """Return a group as IAM's answers write it."""
    return {
        "Path": group.path,
        "GroupName": group.name,
        "GroupId": group.group_id,
        "Arn": str(group.arn),
        "CreateDate": group.created,
    }


def _members(context: Context, group: Group) -> list[User]:
    users = context.facts.users(context.account)
    return sorted((user for user in users if group.name in user.groups), key=lambda user: user.name)


OPERATIONS: dict[str, Operation] = {
    "AddUserToGroup": add_user_to_group,
    "CreateGroup": create_group,
    "DeleteGroup": delete_group,
    "GetGroup": get_group,
    "ListGroups": list_groups,
    "ListGroupsForUser": list_groups_for_user,
    "RemoveUserFromGroup": remove_user_from_group,
    "UpdateGroup": update_group,
}
