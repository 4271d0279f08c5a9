"""Versions of managed policies (IAM User Guide, "Versioning IAM policies")."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.facts import ManagedPolicy, PolicyVersion
from sekisho.lab.aws.iam.documents import on_wire
from sekisho.lab.aws.iam.entity import put
from sekisho.lab.aws.iam.errors import delete_conflict, limit_exceeded, no_such_entity
from sekisho.lab.aws.iam.listing import listed
from sekisho.lab.aws.iam.policies import checked_document, default_version
from sekisho.lab.aws.iam.policy_lookup import AnyPolicy, existing_policy, own_policy
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters

MAX_VERSIONS = 5


def create_policy_version(context: Context, parameters: Parameters) -> Answer:
    """Add a version, which is in force at once if it is set as the default."""
    policy = own_policy(context, parameters["PolicyArn"])
    text = checked_document(parameters, policy.name)
    if len(policy.versions) >= MAX_VERSIONS:
        raise limit_exceeded(
            f"A managed policy can have up to {MAX_VERSIONS} versions. Before you create a new version, "
            "you must delete an existing version."
        )
    known = max(int(version.version.removeprefix("v")) for version in policy.versions)
    number = 1 + max(known, policy.latest_version)
    version = PolicyVersion(f"v{number}", text, context.now)
    changed = replace(
        policy, versions=(*policy.versions, version), updated=context.now, latest_version=number
    )
    if parameters.get("SetAsDefault"):
        changed = replace(changed, default_version=version.version)
    return Answer({"PolicyVersion": _listed(changed, version)}, (put(changed),))


def get_policy_version(context: Context, parameters: Parameters) -> Answer:
    """Return one version with its document."""
    policy = existing_policy(context, parameters["PolicyArn"])
    version = _named(policy, parameters["VersionId"])
    return Answer({"PolicyVersion": described(policy, version)})


def list_policy_versions(context: Context, parameters: Parameters) -> Answer:
    """List versions, the newest first, without their documents."""
    policy = existing_policy(context, parameters["PolicyArn"])
    found = tuple(reversed(versions(policy)))
    return Answer(listed("Versions", found, parameters, lambda version: _listed(policy, version)))


def set_default_policy_version(context: Context, parameters: Parameters) -> Answer:
    """Put another version in force."""
    policy = own_policy(context, parameters["PolicyArn"])
    version = _named(policy, parameters["VersionId"])
    return Answer({}, (put(replace(policy, default_version=version.version, updated=context.now)),))


def delete_policy_version(context: Context, parameters: Parameters) -> Answer:
    """Delete a version that is not in force."""
    policy = own_policy(context, parameters["PolicyArn"])
    version = _named(policy, parameters["VersionId"])
    if version.version == policy.default_version:
        raise delete_conflict("Cannot delete the default version of a policy.")
    left = tuple(known for known in policy.versions if known is not version)
    return Answer({}, (put(replace(policy, versions=left, updated=context.now)),))


def versions(policy: AnyPolicy) -> tuple[PolicyVersion, ...]:
    """Return the versions of a policy, the oldest first; of AWS's the catalogue has the default alone."""
    if isinstance(policy, ManagedPolicy):
        return policy.versions
    return (PolicyVersion(policy.version, policy.document, policy.updated),)


def described(policy: AnyPolicy, version: PolicyVersion) -> Mapping[str, Any]:
    """Return a version with its document."""
    return {"Document": on_wire(version.text), **_listed(policy, version)}


def _listed(policy: AnyPolicy, version: PolicyVersion) -> Mapping[str, Any]:
    return {
        "VersionId": version.version,
        "IsDefaultVersion": version.version == default_version(policy),
        "CreateDate": version.created,
    }


def _named(policy: AnyPolicy, name: str) -> PolicyVersion:
    for version in versions(policy):
        if version.version == name:
            return version
    raise no_such_entity(f"Policy {policy.arn} version {name} does not exist or is not attachable.")


OPERATIONS: dict[str, Operation] = {
    "CreatePolicyVersion": create_policy_version,
    "DeletePolicyVersion": delete_policy_version,
    "GetPolicyVersion": get_policy_version,
    "ListPolicyVersions": list_policy_versions,
    "SetDefaultPolicyVersion": set_default_policy_version,
}
