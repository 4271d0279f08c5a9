"""Managed policies (IAM API Reference, "CreatePolicy" and its siblings)."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sekisho.decide.iam import policy_size
from sekisho.decide.iam.grammar import MAX_MANAGED_CHARS
from sekisho.facts import Delete, ManagedPolicy, PolicyVersion
from sekisho.lab.aws.iam.boundaries import BOUNDARY_USAGE, boundary_counts
from sekisho.lab.aws.iam.documents import check_identity_policy
from sekisho.lab.aws.iam.entity import key_of, put
from sekisho.lab.aws.iam.errors import already_exists, delete_conflict, over_quota
from sekisho.lab.aws.iam.linked_services import SERVICE_LINKED_PATH
from sekisho.lab.aws.iam.listing import listed, under_path
from sekisho.lab.aws.iam.policy_lookup import (
    AnyPolicy,
    attachment_counts,
    existing_policy,
    own_policy,
    policy_id,
)
from sekisho.lab.aws.iam.tags import tags_given, tags_output
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters
from sekisho.wire.aws_managed_policies import aws_policies

MAX_POLICIES = 1500


def create_policy(context: Context, parameters: Parameters) -> Answer:
    """Create a managed policy with its first version."""
    name = parameters["PolicyName"]
    known = context.facts.policies(context.account)
    if any(policy.name.lower() == name.lower() for policy in known):
        raise already_exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    if len(known) >= MAX_POLICIES:
        raise over_quota("PoliciesPerAccount", MAX_POLICIES)
    policy = ManagedPolicy(
        account=context.account,
        name=name,
        policy_id=context.ids.unique_id("ANPA"),
        created=context.now,
        updated=context.now,
        versions=(PolicyVersion("v1", checked_document(parameters, name), context.now),),
        path=parameters.get("Path") or "/",
        partition=context.partition,
        description=parameters.get("Description") or "",
        tags=tags_given(parameters),
        latest_version=1,
    )
    tags = {"Tags": tags_output(policy.tags)} if policy.tags else {}
    return Answer({"Policy": {**described(policy, Usage()), **tags}}, (put(policy),))


def get_policy(context: Context, parameters: Parameters) -> Answer:
    """Describe a managed policy, the account's own or AWS's."""
    policy = existing_policy(context, parameters["PolicyArn"])
    answer = {
        **described(policy, usage_of(context)),
        "Description": policy.description if isinstance(policy, ManagedPolicy) else "",
        "Tags": tags_output(policy.tags) if isinstance(policy, ManagedPolicy) else [],
    }
    return Answer({"Policy": answer})


def list_policies(context: Context, parameters: Parameters) -> Answer:
    """List managed policies: the account's own first, then AWS's, each by name."""
    scope = parameters.get("Scope") or "All"
    own: list[AnyPolicy] = []
    if scope in ("All", "Local"):
        own += under_path(context.facts.policies(context.account), parameters)
    if scope in ("All", "AWS"):
        own += under_path(aws_policies().values(), parameters)
    usage = usage_of(context)
    bounds = parameters.get("PolicyUsageFilter") == BOUNDARY_USAGE
    if bounds or parameters.get("OnlyAttached"):
        counts = usage.bounded if bounds else usage.attached
        own = [policy for policy in own if counts[str(policy.arn)]]
    return Answer(listed("Policies", own, parameters, lambda policy: described(policy, usage)))


def delete_policy(context: Context, parameters: Parameters) -> Answer:
    """Delete a policy that is attached nowhere, bounds nobody and has one version."""
    policy = own_policy(context, parameters["PolicyArn"])
    usage, arn = usage_of(context), str(policy.arn)
    if usage.attached[arn] or usage.bounded[arn]:
        raise delete_conflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise delete_conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the "
            "policy's versions. The default version is deleted with the policy."
        )
    return Answer({}, (Delete(key_of(policy)),))


def checked_document(parameters: Parameters, name: str) -> str:
    """Return the document of a request for a managed policy.

    Raises:
        AwsError: it is malformed or too long.
    """
    text: str = parameters["PolicyDocument"]
    check_identity_policy(text, name)
    if policy_size(text) > MAX_MANAGED_CHARS:
        raise over_quota("PolicySize", MAX_MANAGED_CHARS)
    return text


@dataclass(frozen=True, slots=True)
class Usage:
    """How many entities of the account each policy is attached to, and bounds, by ARN."""

    attached: Counter[str] = field(default_factory=Counter)
    bounded: Counter[str] = field(default_factory=Counter)


def usage_of(context: Context) -> Usage:
    """Return the use of policies in the account."""
    return Usage(attachment_counts(context), boundary_counts(context))


def described(policy: AnyPolicy, usage: Usage) -> Mapping[str, Any]:
    """Return a policy as IAM's listings write it."""
    is_own = isinstance(policy, ManagedPolicy)
    return {
        "PolicyName": policy.name,
        "PolicyId": policy_id(policy),
        "Arn": str(policy.arn),
        "Path": policy.path,
        "DefaultVersionId": default_version(policy),
        "AttachmentCount": usage.attached[str(policy.arn)],
        "PermissionsBoundaryUsageCount": usage.bounded[str(policy.arn)],
        "IsAttachable": is_own or not policy.path.startswith(SERVICE_LINKED_PATH),
        "CreateDate": policy.created,
        "UpdateDate": policy.updated,
    }


def default_version(policy: AnyPolicy) -> str:
    """Return the id of the version that is in force."""
    return policy.default_version if isinstance(policy, ManagedPolicy) else policy.version


OPERATIONS: dict[str, Operation] = {
    "CreatePolicy": create_policy,
    "DeletePolicy": delete_policy,
    "GetPolicy": get_policy,
    "ListPolicies": list_policies,
}
