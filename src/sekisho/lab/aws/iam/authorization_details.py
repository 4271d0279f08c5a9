"""GetAccountAuthorizationDetails: who may do what in an account, in one listing."""

from collections.abc import Iterator, Mapping
from typing import Any

from sekisho.facts import Document, Group, ManagedPolicy, Role, User
from sekisho.lab.aws.iam import groups, policies, policy_versions, users
from sekisho.lab.aws.iam.attachments import attached_output
from sekisho.lab.aws.iam.boundaries import boundary_output
from sekisho.lab.aws.iam.documents import on_wire
from sekisho.lab.aws.iam.instance_profiles import profiles_output
from sekisho.lab.aws.iam.listing import paged, under_path
from sekisho.lab.aws.iam.policy_lookup import AnyPolicy, existing_policy
from sekisho.lab.aws.iam.tags import tags_output
from sekisho.lab.aws.iam.trust import rendered_trust
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters

_EVERYTHING = ("User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy")


def get_account_authorization_details(context: Context, parameters: Parameters) -> Answer:
    """Return users, groups, roles and policies with their documents; the four lists share one page.

    Of AWS's policies those in use are told.
    """
    wanted = frozenset(parameters.get("Filter") or _EVERYTHING)
    found, more = paged(list(_wanted(context, wanted)), parameters)
    usage = policies.usage_of(context)
    return Answer(
        {
            "UserDetailList": [_user(context, one) for one in found if isinstance(one, User)],
            "GroupDetailList": [_group(context, one) for one in found if isinstance(one, Group)],
            "RoleDetailList": [_role(context, one) for one in found if isinstance(one, Role)],
            "Policies": [_policy(one, usage) for one in found if not isinstance(one, User | Group | Role)],
            **more,
        }
    )


def _wanted(context: Context, kinds: frozenset[str]) -> Iterator[User | Group | Role | AnyPolicy]:
    facts, account = context.facts, context.account
    if "User" in kinds:
        yield from under_path(facts.users(account), {})
    if "Group" in kinds:
        yield from under_path(facts.groups(account), {})
    if "Role" in kinds:
        yield from under_path(facts.roles(account), {})
    if "LocalManagedPolicy" in kinds:
        yield from under_path(facts.policies(account), {})
    if "AWSManagedPolicy" in kinds:
        usage = policies.usage_of(context)
        used = (existing_policy(context, arn) for arn in usage.attached | usage.bounded)
        yield from under_path((policy for policy in used if not isinstance(policy, ManagedPolicy)), {})


def _user(context: Context, user: User) -> Mapping[str, Any]:
    return {
        **users.described(user),
        "UserPolicyList": _inline(user.inline),
        "GroupList": list(user.groups),
        "AttachedManagedPolicies": attached_output(context, user),
        "Tags": tags_output(user.tags),
    }


def _group(context: Context, group: Group) -> Mapping[str, Any]:
    return {
        **groups.described(group),
        "GroupPolicyList": _inline(group.inline),
        "AttachedManagedPolicies": attached_output(context, group),
    }


def _role(context: Context, role: Role) -> Mapping[str, Any]:
    return {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.role_id,
        "Arn": str(role.arn),
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": on_wire(rendered_trust(context.facts, role)),
        "InstanceProfileList": profiles_output(context, role),
        "RolePolicyList": _inline(role.inline),
        "AttachedManagedPolicies": attached_output(context, role),
        **boundary_output(role),
        "Tags": tags_output(role.tags),
        "RoleLastUsed": {},
    }


def _policy(policy: AnyPolicy, usage: policies.Usage) -> Mapping[str, Any]:
    versions = [policy_versions.described(policy, version) for version in policy_versions.versions(policy)]
    return {**policies.described(policy, usage), "PolicyVersionList": versions}


def _inline(inline: tuple[Document, ...]) -> list[dict[str, str]]:
    return [{"PolicyName": document.name, "PolicyDocument": on_wire(document.text)} for document in inline]


OPERATIONS: dict[str, Operation] = {"GetAccountAuthorizationDetails": get_account_authorization_details}
