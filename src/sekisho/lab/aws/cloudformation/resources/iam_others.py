"""AWS::IAM::InstanceProfile, OIDCProvider, ServiceLinkedRole and UserToGroupAddition."""

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


def _create_profile(ask: Ask, wanted: Wanted) -> Made:
    name = wanted["InstanceProfileName"]
    given = members(wanted, "InstanceProfileName", "Path")
    profile = ask("iam", "CreateInstanceProfile", given)["InstanceProfile"]
    for role in wanted["Roles"]:
        ask("iam", "AddRoleToInstanceProfile", {"InstanceProfileName": name, "RoleName": role})
    return Made(name, {"Arn": profile["Arn"]})


def _update_profile(ask: Ask, made: Made, before: Wanted, after: Wanted) -> Made:
    gone, come = difference(before, after, "Roles")
    for role in gone:
        given = {"InstanceProfileName": made.physical_id, "RoleName": role}
        ask("iam", "RemoveRoleFromInstanceProfile", given)
    for role in come:
        ask("iam", "AddRoleToInstanceProfile", {"InstanceProfileName": made.physical_id, "RoleName": role})
    return made


def _delete_profile(ask: Ask, physical_id: str, wanted: Wanted) -> None:
    for role in wanted.get("Roles", []):
        given = {"InstanceProfileName": physical_id, "RoleName": role}
        ask("iam", "RemoveRoleFromInstanceProfile", given)
    ask("iam", "DeleteInstanceProfile", {"InstanceProfileName": physical_id})


def _create_provider(ask: Ask, wanted: Wanted) -> Made:
    given = members(wanted, "Url", "ThumbprintList", ClientIDList="ClientIdList")
    made = ask("iam", "CreateOpenIDConnectProvider", {**given, **tag_list(wanted)})
    arn = made["OpenIDConnectProviderArn"]
    return Made(arn, {"Arn": arn})


def _update_provider(ask: Ask, made: Made, before: Wanted, after: Wanted) -> Made:
    which = {"OpenIDConnectProviderArn": made.physical_id}
    gone, come = difference(before, after, "ClientIdList")
    for client in come:
        ask("iam", "AddClientIDToOpenIDConnectProvider", {**which, "ClientID": client})
    for client in gone:
        ask("iam", "RemoveClientIDFromOpenIDConnectProvider", {**which, "ClientID": client})
    if before.get("ThumbprintList") != after.get("ThumbprintList") and after.get("ThumbprintList"):
        given = {**which, "ThumbprintList": after["ThumbprintList"]}
        ask("iam", "UpdateOpenIDConnectProviderThumbprint", given)
    untagged, tags = tag_changes(before, after)
    if untagged:
        ask("iam", "UntagOpenIDConnectProvider", {**which, "TagKeys": untagged})
    if tags:
        ask("iam", "TagOpenIDConnectProvider", {**which, **tag_list({"Tags": tags})})
    return made


def _delete_provider(ask: Ask, physical_id: str, _wanted: Wanted) -> None:
    ask("iam", "DeleteOpenIDConnectProvider", {"OpenIDConnectProviderArn": physical_id})


def _create_linked_role(ask: Ask, wanted: Wanted) -> Made:
    given = members(wanted, "AWSServiceName", "CustomSuffix", "Description")
    name = ask("iam", "CreateServiceLinkedRole", given)["Role"]["RoleName"]
    return Made(name, {"RoleName": name})


def _update_linked_role(ask: Ask, made: Made, _before: Wanted, after: Wanted) -> Made:
    given = {"RoleName": made.physical_id, "Description": after.get("Description", "")}
    ask("iam", "UpdateRole", given)
    return made


def _delete_linked_role(ask: Ask, physical_id: str, _wanted: Wanted) -> None:
    ask("iam", "DeleteServiceLinkedRole", {"RoleName": physical_id})


def _create_membership(ask: Ask, wanted: Wanted) -> Made:
    return _update_membership(ask, Made(""), {}, wanted)


def _update_membership(ask: Ask, _made: Made, before: Wanted, after: Wanted) -> Made:
    group = after["GroupName"]
    gone, come = difference(before, after, "Users")
    for user in come:
        ask("iam", "AddUserToGroup", {"GroupName": group, "UserName": user})
    for user in gone:
        ask("iam", "RemoveUserFromGroup", {"GroupName": group, "UserName": user})
    return Made(group)


def _delete_membership(ask: Ask, physical_id: str, wanted: Wanted) -> None:
    _update_membership(ask, Made(physical_id), wanted, {"GroupName": physical_id})


TYPES = (
    ResourceType(
        "AWS::IAM::InstanceProfile",
        {
            "InstanceProfileName": Property(replaces=True),
            "Path": Property(replaces=True),
            "Roles": Property(Form.TEXTS, is_required=True),
        },
        _create_profile,
        _update_profile,
        _delete_profile,
        frozenset({"Arn"}),
        "InstanceProfileName",
        name_chars=128,
        custom_names=("InstanceProfileName",),
    ),
    ResourceType(
        "AWS::IAM::OIDCProvider",
        {
            "ClientIdList": Property(Form.TEXTS),
            "Tags": Property(Form.TAGS),
            "ThumbprintList": Property(Form.TEXTS),
            "Url": Property(is_required=True, replaces=True),
        },
        _create_provider,
        _update_provider,
        _delete_provider,
        frozenset({"Arn"}),
    ),
    ResourceType(
        "AWS::IAM::ServiceLinkedRole",
        {
            "AWSServiceName": Property(is_required=True, replaces=True),
            "CustomSuffix": Property(replaces=True),
            "Description": Property(),
        },
        _create_linked_role,
        _update_linked_role,
        _delete_linked_role,
        frozenset({"RoleName"}),
    ),
    ResourceType(
        "AWS::IAM::UserToGroupAddition",
        {
            "GroupName": Property(is_required=True, replaces=True),
            "Users": Property(Form.TEXTS, is_required=True),
        },
        _create_membership,
        _update_membership,
        _delete_membership,
    ),
)
