"""AWS::EKS::AccessEntry, PodIdentityAssociation, IdentityProviderConfig and Addon."""

from collections.abc import Mapping
from typing import Any, Final

from sekisho.decide.values import Json
from sekisho.lab.aws.cloudformation.resources.resource_type import (
    Ask,
    Form,
    Made,
    Property,
    ResourceType,
    Wanted,
    attribute,
    members,
    parts,
    tag_changes,
)
from sekisho.lab.aws.operation import AwsError

_FIXED: Final = Property(is_required=True, replaces=True)
_TAGS: Final = Property(Form.TAGS)


def _tags(wanted: Wanted) -> dict[str, Any]:
    return {"tags": dict(wanted["Tags"])} if wanted.get("Tags") else {}


def _change_tags(ask: Ask, arn: str, before: Wanted, after: Wanted) -> None:
    gone, tags = tag_changes(before, after)
    if gone:
        ask("eks", "UntagResource", {"resourceArn": arn, "tagKeys": gone})
    if tags:
        ask("eks", "TagResource", {"resourceArn": arn, "tags": tags})


def _entry(wanted: Wanted) -> dict[str, Any]:
    return members(wanted, clusterName="ClusterName", principalArn="PrincipalArn")


def _create_entry(ask: Ask, wanted: Wanted) -> Made:
    given = members(wanted, kubernetesGroups="KubernetesGroups", username="Username", type="Type")
    made = ask("eks", "CreateAccessEntry", {**_entry(wanted), **given, **_tags(wanted)})["accessEntry"]
    _change_policies(ask, {}, wanted)
    physical_id = f"{wanted['PrincipalArn']}|{wanted['ClusterName']}"
    return Made(physical_id, {"AccessEntryArn": made["accessEntryArn"]})


def _update_entry(ask: Ask, made: Made, before: Wanted, after: Wanted) -> Made:
    if any(before.get(name) != after.get(name) for name in ("KubernetesGroups", "Username")):
        given = members(after, username="Username") | {"kubernetesGroups": after.get("KubernetesGroups", [])}
        ask("eks", "UpdateAccessEntry", {**_entry(after), **given})
    _change_policies(ask, before, after)
    _change_tags(ask, attribute(made, "AccessEntryArn"), before, after)
    return made


def _delete_entry(ask: Ask, physical_id: str, _wanted: Wanted) -> None:
    principal, cluster = parts(physical_id, 2)
    ask("eks", "DeleteAccessEntry", {"clusterName": cluster, "principalArn": principal})


def _change_policies(ask: Ask, before: Wanted, after: Wanted) -> None:
    had, has = _access_policies(before), _access_policies(after)
    for arn in had.keys() - has.keys():
        ask("eks", "DisassociateAccessPolicy", {**_entry(after), "policyArn": arn})
    for arn, scope in has.items():
        if had.get(arn) != scope:
            given = {"policyArn": arn, "accessScope": scope}
            ask("eks", "AssociateAccessPolicy", {**_entry(after), **given})


def _access_policies(wanted: Wanted) -> Mapping[str, Json]:
    """Return the scope of each access policy, by its ARN."""
    found: dict[str, Json] = {}
    for policy in wanted.get("AccessPolicies", []):
        match policy:
            case {"PolicyArn": str(arn), "AccessScope": {"Type": str(kind), **rest}}:
                names = rest.get("Namespaces")
                found[arn] = {"type": kind, **({"namespaces": names} if isinstance(names, list) else {})}
            case _:
                raise AwsError(
                    "InvalidRequest", "#/AccessPolicies: expected objects of a PolicyArn and an AccessScope"
                )
    return found


def _create_association(ask: Ask, wanted: Wanted) -> Made:
    given = members(
        wanted, clusterName="ClusterName", namespace="Namespace", serviceAccount="ServiceAccount", **_ROLES
    )
    made = ask("eks", "CreatePodIdentityAssociation", {**given, **_tags(wanted)})["association"]
    attributes = {"AssociationArn": made["associationArn"], "AssociationId": made["associationId"]}
    if "externalId" in made:
        attributes["ExternalId"] = made["externalId"]
    return Made(made["associationArn"], attributes)


def _update_association(ask: Ask, made: Made, before: Wanted, after: Wanted) -> Made:
    if any(before.get(name) != after.get(name) for name in _ROLES.values()):
        # What the template has no more is put back to its default; an empty text removes.
        defaults = {"targetRoleArn": "", "disableSessionTags": False, "policy": ""}
        given = members(after, clusterName="ClusterName", **_ROLES)
        which = {"associationId": attribute(made, "AssociationId")}
        gone = {name: value for name, value in defaults.items() if before.get(_ROLES[name]) is not None}
        ask("eks", "UpdatePodIdentityAssociation", {**gone, **given, **which})
    _change_tags(ask, made.physical_id, before, after)
    return made


def _delete_association(ask: Ask, physical_id: str, _wanted: Wanted) -> None:
    _, cluster, association = parts(physical_id, 3, "/")
    ask("eks", "DeletePodIdentityAssociation", {"clusterName": cluster, "associationId": association})


_ROLES: Final = {
    "roleArn": "RoleArn",
    "targetRoleArn": "TargetRoleArn",
    "disableSessionTags": "DisableSessionTags",
    "policy": "Policy",
}


def _create_provider(ask: Ask, wanted: Wanted) -> Made:
    name, cluster = wanted["IdentityProviderConfigName"], wanted["ClusterName"]
    oidc = {**_oidc(wanted["Oidc"]), "identityProviderConfigName": name}
    given = {"clusterName": cluster, "oidc": oidc}
    ask("eks", "AssociateIdentityProviderConfig", {**given, **_tags(wanted)})
    which = {"clusterName": cluster, "identityProviderConfig": {"type": wanted["Type"], "name": name}}
    made = ask("eks", "DescribeIdentityProviderConfig", which)["identityProviderConfig"]["oidc"]
    arn = made["identityProviderConfigArn"]
    return Made(f"{name}|{cluster}|{wanted['Type']}", {"IdentityProviderConfigArn": arn})


def _oidc(given: Mapping[str, Json]) -> dict[str, Any]:
    """Return the configuration as the API spells it; required claims are a list of Key and Value."""
    found: dict[str, Any] = {f"{name[:1].lower()}{name[1:]}": value for name, value in given.items()}
    claims = found.get("requiredClaims")
    if isinstance(claims, list):
        pairs = [one for one in claims if isinstance(one, Mapping)]
        found["requiredClaims"] = {str(one.get("Key")): str(one.get("Value")) for one in pairs}
    return found


def _update_provider(ask: Ask, made: Made, before: Wanted, after: Wanted) -> Made:
    _change_tags(ask, attribute(made, "IdentityProviderConfigArn"), before, after)
    return made


def _delete_provider(ask: Ask, physical_id: str, _wanted: Wanted) -> None:
    name, cluster, kind = parts(physical_id, 3)
    which = {"clusterName": cluster, "identityProviderConfig": {"type": kind, "name": name}}
    ask("eks", "DisassociateIdentityProviderConfig", which)


def _create_addon(ask: Ask, wanted: Wanted) -> Made:
    given = members(
        wanted,
        clusterName="ClusterName",
        addonName="AddonName",
        addonVersion="AddonVersion",
        configurationValues="ConfigurationValues",
        resolveConflicts="ResolveConflicts",
    )
    made = ask("eks", "CreateAddon", {**given, **_tags(wanted)})["addon"]
    return Made(f"{wanted['ClusterName']}|{wanted['AddonName']}", {"Arn": made["addonArn"]})


def _update_addon(ask: Ask, made: Made, before: Wanted, after: Wanted) -> Made:
    _change_tags(ask, attribute(made, "Arn"), before, after)
    return made


def _delete_addon(ask: Ask, physical_id: str, _wanted: Wanted) -> None:
    cluster, addon = parts(physical_id, 2)
    ask("eks", "DeleteAddon", {"clusterName": cluster, "addonName": addon})


TYPES = (
    ResourceType(
        "AWS::EKS::AccessEntry",
        {
            "AccessPolicies": Property(Form.OBJECTS),
            "ClusterName": _FIXED,
            "KubernetesGroups": Property(Form.TEXTS),
            "PrincipalArn": _FIXED,
            "Tags": _TAGS,
            "Type": Property(replaces=True),
            "Username": Property(),
        },
        _create_entry,
        _update_entry,
        _delete_entry,
        frozenset({"AccessEntryArn"}),
    ),
    ResourceType(
        "AWS::EKS::PodIdentityAssociation",
        {
            "ClusterName": _FIXED,
            "DisableSessionTags": Property(Form.FLAG),
            "Namespace": _FIXED,
            "Policy": Property(Form.DOCUMENT),
            "RoleArn": Property(is_required=True),
            "ServiceAccount": _FIXED,
            "Tags": _TAGS,
            "TargetRoleArn": Property(),
        },
        _create_association,
        _update_association,
        _delete_association,
        frozenset({"AssociationArn", "AssociationId", "ExternalId"}),
    ),
    ResourceType(
        "AWS::EKS::IdentityProviderConfig",
        {
            "ClusterName": _FIXED,
            "IdentityProviderConfigName": _FIXED,
            "Oidc": Property(Form.OBJECT, is_required=True, replaces=True),
            "Tags": _TAGS,
            "Type": _FIXED,
        },
        _create_provider,
        _update_provider,
        _delete_provider,
        frozenset({"IdentityProviderConfigArn"}),
    ),
    ResourceType(
        "AWS::EKS::Addon",
        {
            "AddonName": _FIXED,
            # The lab installs an add-on once and for all: another version is another one.
            "AddonVersion": Property(replaces=True),
            "ClusterName": _FIXED,
            "ConfigurationValues": Property(replaces=True),
            "ResolveConflicts": Property(),
            "Tags": _TAGS,
        },
        _create_addon,
        _update_addon,
        _delete_addon,
        frozenset({"Arn"}),
    ),
)
