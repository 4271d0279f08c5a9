"""AWS::IAM::Role, User and Group: an entity with its attached and inline policies."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sekisho.decide.values import documents
from sekisho.lab.aws.cloudformation.resources.resource_type import (
    Ask,
    Form,
    Made,
    Property,
    ResourceType,
    Wanted,
    difference,
    members,
    tag_changes,
    tag_list,
)
from sekisho.lab.aws.operation import AwsError


@dataclass(frozen=True, slots=True)
class Noun:
    """What the operations of one kind of entity are called after."""

    title: str
    created: tuple[str, ...]
    """Properties that CreateRole and its siblings take."""

    @property
    def named(self) -> str:
        """The parameter, and the property, that holds the name."""
        return f"{self.title}Name"

    def who(self, wanted: Wanted) -> dict[str, Any]:
        """Return the parameter that says which entity."""
        return {self.named: wanted[self.named]}


ROLE = Noun("Role", ("RoleName", "Path", "AssumeRolePolicyDocument", "Description", "MaxSessionDuration"))
USER = Noun("User", ("UserName", "Path"))
GROUP = Noun("Group", ("GroupName", "Path"))


def create(noun: Noun, ask: Ask, wanted: Wanted) -> Made:
    """Create an entity, attach its managed policies and put its inline ones."""
    given = members(wanted, *noun.created, "PermissionsBoundary") | tag_list(wanted)
    made = ask("iam", f"Create{noun.title}", given)[noun.title]
    _change_policies(noun, ask, {}, wanted)
    for group in wanted.get("Groups", []):
        ask("iam", "AddUserToGroup", {"GroupName": group, "UserName": wanted["UserName"]})
    attributes = {"Arn": made["Arn"]}
    if noun is ROLE:
        attributes["RoleId"] = made["RoleId"]
    return Made(wanted[noun.named], attributes)


def delete(noun: Noun, ask: Ask, physical_id: str, wanted: Wanted) -> None:
    """Delete an entity after the policies that the template gave it."""
    told = {**wanted, noun.named: physical_id}
    _change_policies(noun, ask, told, {noun.named: physical_id})
    for group in wanted.get("Groups", []):
        ask("iam", "RemoveUserFromGroup", {"GroupName": group, "UserName": physical_id})
    ask("iam", f"Delete{noun.title}", {noun.named: physical_id})


def _update_role(ask: Ask, made: Made, before: Wanted, after: Wanted) -> Made:
    who = ROLE.who(after)
    if before["AssumeRolePolicyDocument"] != after["AssumeRolePolicyDocument"]:
        ask("iam", "UpdateAssumeRolePolicy", {**who, "PolicyDocument": after["AssumeRolePolicyDocument"]})
    described = {"Description": after.get("Description", "")}
    lasting = {"MaxSessionDuration": after.get("MaxSessionDuration", 3600)}
    if any(before.get(name) != after.get(name) for name in (*described, *lasting)):
        ask("iam", "UpdateRole", {**who, **described, **lasting})
    _change_boundary(ROLE, ask, before, after)
    _change_policies(ROLE, ask, before, after)
    _change_tags(ROLE, ask, before, after)
    return made


def _update_user(ask: Ask, made: Made, before: Wanted, after: Wanted) -> Made:
    made = _moved(USER, ask, made, before, after)
    left, joined = difference(before, after, "Groups")
    for group in left:
        ask("iam", "RemoveUserFromGroup", {"GroupName": group, **USER.who(after)})
    for group in joined:
        ask("iam", "AddUserToGroup", {"GroupName": group, **USER.who(after)})
    _change_boundary(USER, ask, before, after)
    _change_policies(USER, ask, before, after)
    _change_tags(USER, ask, before, after)
    return made


def _update_group(ask: Ask, made: Made, before: Wanted, after: Wanted) -> Made:
    made = _moved(GROUP, ask, made, before, after)
    _change_policies(GROUP, ask, before, after)
    return made


def _moved(noun: Noun, ask: Ask, made: Made, before: Wanted, after: Wanted) -> Made:
    """Change the path of a user or a group, and with it the ARN."""
    if before.get("Path", "/") == after.get("Path", "/"):
        return made
    ask("iam", f"Update{noun.title}", {**noun.who(after), "NewPath": after.get("Path", "/")})
    arn = ask("iam", f"Get{noun.title}", noun.who(after))[noun.title]["Arn"]
    return Made(made.physical_id, {**made.attributes, "Arn": arn})


def _change_boundary(noun: Noun, ask: Ask, before: Wanted, after: Wanted) -> None:
    had, has = before.get("PermissionsBoundary"), after.get("PermissionsBoundary")
    if has is not None and has != had:
        given = {**noun.who(after), "PermissionsBoundary": has}
        ask("iam", f"Put{noun.title}PermissionsBoundary", given)
    elif has is None and had is not None:
        ask("iam", f"Delete{noun.title}PermissionsBoundary", noun.who(after))


def _change_policies(noun: Noun, ask: Ask, before: Wanted, after: Wanted) -> None:
    """Detach and attach managed policies, delete and put inline ones."""
    who = noun.who(after)
    detached, attached = difference(before, after, "ManagedPolicyArns")
    for arn in detached:
        ask("iam", f"Detach{noun.title}Policy", {**who, "PolicyArn": arn})
    had, has = _inline(before), _inline(after)
    for name in had.keys() - has.keys():
        ask("iam", f"Delete{noun.title}Policy", {**who, "PolicyName": name})
    for name, text in has.items():
        if had.get(name) != text:
            ask("iam", f"Put{noun.title}Policy", {**who, "PolicyName": name, "PolicyDocument": text})
    for arn in attached:
        ask("iam", f"Attach{noun.title}Policy", {**who, "PolicyArn": arn})


def _inline(wanted: Wanted) -> Mapping[str, str]:
    """Return the texts of the inline policies by name."""
    found: dict[str, str] = {}
    for policy in wanted.get("Policies", []):
        match policy:
            case {"PolicyName": str(name), "PolicyDocument": dict() | str() as document, **rest} if not rest:
                found[name] = document if isinstance(document, str) else documents.to_json(document).decode()
            case _:
                raise AwsError(
                    "InvalidRequest", "#/Policies: expected objects of a PolicyName and a PolicyDocument"
                )
    return found


def _change_tags(noun: Noun, ask: Ask, before: Wanted, after: Wanted) -> None:
    gone, given = tag_changes(before, after)
    if gone:
        ask("iam", f"Untag{noun.title}", {**noun.who(after), "TagKeys": gone})
    if given:
        ask("iam", f"Tag{noun.title}", {**noun.who(after), **tag_list({"Tags": given})})


_POLICIES = {"ManagedPolicyArns": Property(Form.TEXTS), "Policies": Property(Form.OBJECTS)}
_OWN = {"PermissionsBoundary": Property(), "Tags": Property(Form.TAGS), **_POLICIES}

TYPES = (
    ResourceType(
        "AWS::IAM::Role",
        {
            "AssumeRolePolicyDocument": Property(Form.DOCUMENT, is_required=True),
            "Description": Property(),
            "MaxSessionDuration": Property(Form.NUMBER),
            "Path": Property(replaces=True),
            "RoleName": Property(replaces=True),
            **_OWN,
        },
        partial(create, ROLE),
        _update_role,
        partial(delete, ROLE),
        frozenset({"Arn", "RoleId"}),
        "RoleName",
        custom_names=("RoleName",),
    ),
    ResourceType(
        "AWS::IAM::User",
        {
            "Groups": Property(Form.TEXTS),
            "Path": Property(),
            "UserName": Property(replaces=True),
            **_OWN,
        },
        partial(create, USER),
        _update_user,
        partial(delete, USER),
        frozenset({"Arn"}),
        "UserName",
        custom_names=("UserName",),
    ),
    ResourceType(
        "AWS::IAM::Group",
        {"GroupName": Property(replaces=True), "Path": Property(), **_POLICIES},
        partial(create, GROUP),
        _update_group,
        partial(delete, GROUP),
        frozenset({"Arn"}),
        "GroupName",
        name_chars=128,
        custom_names=("GroupName",),
    ),
)
