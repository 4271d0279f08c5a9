"""Groups of user pools and who is in them (Cognito user pools API Reference, "CreateGroup")."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.facts import Delete, Put, UserPoolGroup
from sekisho.facts.pool_lookup import groups_of, pool_group, pool_groups, pool_key, pool_users
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.paging import page
from sekisho.lab.idp.pool_context import existing_group, existing_pool, existing_user
from sekisho.lab.idp.user_output import user_output

_PAGE = 60


def create_group(context: Context, parameters: Parameters) -> Answer:
    """Create a group."""
    pool = existing_pool(context, parameters["UserPoolId"])
    name = parameters["GroupName"]
    if pool_group(context.facts, pool.pool, name) is not None:
        raise AwsError("GroupExistsException", "A group with the name already exists.")
    group = UserPoolGroup(
        pool.pool,
        name,
        context.now,
        context.now,
        parameters.get("Description") or "",
        parameters.get("RoleArn") or "",
        parameters.get("Precedence"),
    )
    return Answer({"Group": _described(group)}, (Put(pool_key(group), group),))


def get_group(context: Context, parameters: Parameters) -> Answer:
    """Describe a group."""
    return Answer({"Group": _described(_named(context, parameters))})


def list_groups(context: Context, parameters: Parameters) -> Answer:
    """List the groups of a pool."""
    pool = existing_pool(context, parameters["UserPoolId"])
    return _listed(pool_groups(context.facts, pool.pool), parameters)


def update_group(context: Context, parameters: Parameters) -> Answer:
    """Change a group; what is not given stays."""
    group = _named(context, parameters)
    given = {
        "description": parameters.get("Description"),
        "role_arn": parameters.get("RoleArn"),
        "precedence": parameters.get("Precedence"),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    changed = replace(group, modified=context.now, **changes)
    return Answer({"Group": _described(changed)}, (Put(pool_key(changed), changed),))


def delete_group(context: Context, parameters: Parameters) -> Answer:
    """Delete a group and take its members out of it."""
    group = _named(context, parameters)
    members = [one for one in pool_users(context.facts, group.pool) if group.name in one.groups]
    left = (replace(one, groups=tuple(name for name in one.groups if name != group.name)) for one in members)
    return Answer({}, (Delete(pool_key(group)), *(Put(pool_key(one), one) for one in left)))


def add_user_to_group(context: Context, parameters: Parameters) -> Answer:
    """Put a user into a group; one who is in it stays."""
    pool = existing_pool(context, parameters["UserPoolId"])
    user = existing_user(context, pool, parameters["Username"])
    group = existing_group(context, pool, parameters["GroupName"])
    if group.name in user.groups:
        return Answer({})
    changed = replace(user, groups=(*user.groups, group.name))
    return Answer({}, (Put(pool_key(changed), changed),))


def remove_user_from_group(context: Context, parameters: Parameters) -> Answer:
    """Take a user out of a group."""
    pool = existing_pool(context, parameters["UserPoolId"])
    user = existing_user(context, pool, parameters["Username"])
    group = existing_group(context, pool, parameters["GroupName"])
    changed = replace(user, groups=tuple(name for name in user.groups if name != group.name))
    return Answer({}, (Put(pool_key(changed), changed),))


def list_groups_for_user(context: Context, parameters: Parameters) -> Answer:
    """List the groups of a user."""
    pool = existing_pool(context, parameters["UserPoolId"])
    user = existing_user(context, pool, parameters["Username"])
    return _listed(groups_of(context.facts, user), parameters)


def list_users_in_group(context: Context, parameters: Parameters) -> Answer:
    """List the members of a group."""
    group = _named(context, parameters)
    members = [user_output(one) for one in pool_users(context.facts, group.pool) if group.name in one.groups]
    found, token = page(members, parameters.get("NextToken"), parameters.get("Limit") or _PAGE)
    return Answer({"Users": found, **({"NextToken": token} if token else {})})


OPERATIONS: dict[str, Operation] = {
    "AdminAddUserToGroup": add_user_to_group,
    "AdminListGroupsForUser": list_groups_for_user,
    "AdminRemoveUserFromGroup": remove_user_from_group,
    "CreateGroup": create_group,
    "DeleteGroup": delete_group,
    "GetGroup": get_group,
    "ListGroups": list_groups,
    "ListUsersInGroup": list_users_in_group,
    "UpdateGroup": update_group,
}


def _named(context: Context, parameters: Parameters) -> UserPoolGroup:
    return existing_group(context, existing_pool(context, parameters["UserPoolId"]), parameters["GroupName"])


def _listed(groups: tuple[UserPoolGroup, ...], parameters: Parameters) -> Answer:
    described = [_described(one) for one in groups]
    found, token = page(described, parameters.get("NextToken"), parameters.get("Limit") or _PAGE)
    return Answer({"Groups": found, **({"NextToken": token} if token else {})})


def _described(group: UserPoolGroup) -> Mapping[str, Any]:
    return {
        "GroupName": group.name,
        "UserPoolId": group.pool,
        **({"Description": group.description} if group.description else {}),
        **({"RoleArn": group.role_arn} if group.role_arn else {}),
        **({"Precedence": group.precedence} if group.precedence is not None else {}),
        "LastModifiedDate": group.modified,
        "CreationDate": group.created,
    }
