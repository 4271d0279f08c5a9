"""AWS::IAM::ManagedPolicy, Policy, and the inline policy of one role, user or group."""

from functools import partial
from typing import Any, Final

from sekisho.lab.aws.cloudformation.resources.resource_type import (
    Ask,
    Form,
    Made,
    Property,
    ResourceType,
    Wanted,
    difference,
    members,
    parts,
    tag_changes,
    tag_list,
)

_NOUNS: Final = (("Role", "Roles"), ("User", "Users"), ("Group", "Groups"))
MAX_VERSIONS: Final = 5


def _create_managed(ask: Ask, wanted: Wanted) -> Made:
    given = members(wanted, "Path", "Description", "PolicyDocument", PolicyName="ManagedPolicyName")
    policy = ask("iam", "CreatePolicy", {**given, **tag_list(wanted)})["Policy"]
    arn = policy["Arn"]
    _change_attachments(ask, arn, {}, wanted)
    return Made(arn, {"PolicyArn": arn, "PolicyId": policy["PolicyId"]})


def _update_managed(ask: Ask, made: Made, before: Wanted, after: Wanted) -> Made:
    arn = made.physical_id
    if before["PolicyDocument"] != after["PolicyDocument"]:
        versions = ask("iam", "ListPolicyVersions", {"PolicyArn": arn})["Versions"]
        if len(versions) >= MAX_VERSIONS:
            ask("iam", "DeletePolicyVersion", {"PolicyArn": arn, "VersionId": _oldest(versions)})
        given = {"PolicyArn": arn, "PolicyDocument": after["PolicyDocument"], "SetAsDefault": True}
        ask("iam", "CreatePolicyVersion", given)
    _change_attachments(ask, arn, before, after)
    gone, tags = tag_changes(before, after)
    if gone:
        ask("iam", "UntagPolicy", {"PolicyArn": arn, "TagKeys": gone})
    if tags:
        ask("iam", "TagPolicy", {"PolicyArn": arn, **tag_list({"Tags": tags})})
    return made


def _delete_managed(ask: Ask, physical_id: str, wanted: Wanted) -> None:
    _change_attachments(ask, physical_id, wanted, {})
    for version in ask("iam", "ListPolicyVersions", {"PolicyArn": physical_id})["Versions"]:
        if not version["IsDefaultVersion"]:
            ask("iam", "DeletePolicyVersion", {"PolicyArn": physical_id, "VersionId": version["VersionId"]})
    ask("iam", "DeletePolicy", {"PolicyArn": physical_id})


def _oldest(versions: list[dict[str, Any]]) -> str:
    others: list[str] = [one["VersionId"] for one in versions if not one["IsDefaultVersion"]]
    return min(others, key=lambda version: int(version.removeprefix("v")))


def _change_attachments(ask: Ask, arn: str, before: Wanted, after: Wanted) -> None:
    for noun, several in _NOUNS:
        gone, come = difference(before, after, several)
        for name in gone:
            ask("iam", f"Detach{noun}Policy", {f"{noun}Name": name, "PolicyArn": arn})
        for name in come:
            ask("iam", f"Attach{noun}Policy", {f"{noun}Name": name, "PolicyArn": arn})


def _create_policy(ask: Ask, wanted: Wanted) -> Made:
    _put(ask, wanted)
    # The type has an id of its own; its name is what others know it by.
    return Made(wanted["PolicyName"])


def _update_policy(ask: Ask, _made: Made, before: Wanted, after: Wanted) -> Made:
    _put(ask, after)
    is_renamed = before["PolicyName"] != after["PolicyName"]
    for noun, several in _NOUNS:
        gone, _ = difference(before, after, several)
        for name in before.get(several, []) if is_renamed else gone:
            ask("iam", f"Delete{noun}Policy", {f"{noun}Name": name, "PolicyName": before["PolicyName"]})
    return Made(after["PolicyName"])


def _delete_policy(ask: Ask, physical_id: str, wanted: Wanted) -> None:
    for noun, several in _NOUNS:
        for name in wanted.get(several, []):
            ask("iam", f"Delete{noun}Policy", {f"{noun}Name": name, "PolicyName": physical_id})


def _put(ask: Ask, wanted: Wanted) -> None:
    for noun, several in _NOUNS:
        for name in wanted.get(several, []):
            ask("iam", f"Put{noun}Policy", {f"{noun}Name": name, **members(wanted, *_DOCUMENT)})


_DOCUMENT: Final = ("PolicyName", "PolicyDocument")


def _create_inline(noun: str, ask: Ask, wanted: Wanted) -> Made:
    ask("iam", f"Put{noun}Policy", members(wanted, f"{noun}Name", *_DOCUMENT))
    return Made(f"{wanted['PolicyName']}|{wanted[f'{noun}Name']}")


def _update_inline(noun: str, ask: Ask, _made: Made, _before: Wanted, after: Wanted) -> Made:
    return _create_inline(noun, ask, after)


def _delete_inline(noun: str, ask: Ask, physical_id: str, _wanted: Wanted) -> None:
    policy, name = parts(physical_id, 2)
    ask("iam", f"Delete{noun}Policy", {f"{noun}Name": name, "PolicyName": policy})


_MEANT: Final = {several: Property(Form.TEXTS) for _, several in _NOUNS}

TYPES = (
    ResourceType(
        "AWS::IAM::ManagedPolicy",
        {
            "Description": Property(replaces=True),
            "ManagedPolicyName": Property(replaces=True),
            "Path": Property(replaces=True),
            "PolicyDocument": Property(Form.DOCUMENT, is_required=True),
            "Tags": Property(Form.TAGS),
            **_MEANT,
        },
        _create_managed,
        _update_managed,
        _delete_managed,
        frozenset({"PolicyArn", "PolicyId"}),
        "ManagedPolicyName",
        name_chars=128,
        custom_names=("ManagedPolicyName",),
    ),
    ResourceType(
        "AWS::IAM::Policy",
        {
            "PolicyName": Property(is_required=True),
            "PolicyDocument": Property(Form.DOCUMENT, is_required=True),
            **_MEANT,
        },
        _create_policy,
        _update_policy,
        _delete_policy,
    ),
    *(
        ResourceType(
            f"AWS::IAM::{noun}Policy",
            {
                "PolicyName": Property(is_required=True, replaces=True),
                f"{noun}Name": Property(is_required=True, replaces=True),
                "PolicyDocument": Property(Form.DOCUMENT, is_required=True),
            },
            partial(_create_inline, noun),
            partial(_update_inline, noun),
            partial(_delete_inline, noun),
        )
        for noun, _ in _NOUNS
    ),
)
