"""What conditions ask about resources and parameters do not show: their account, tags and state.

Source: IAM User Guide, "AWS global condition context keys": aws:ResourceAccount, aws:ResourceOrgID,
aws:ResourceOrgPaths, aws:ResourceTag; Service Authorization Reference: iam:PermissionsBoundary,
organizations:PolicyType.
"""

from collections.abc import Mapping

from sekisho.decide.request.aws_call import FindState, ResourceState
from sekisho.decide.request.aws_request import ContextValue
from sekisho.decide.sts import organization_keys
from sekisho.decide.values import AccountId, Arn
from sekisho.facts import (
    ClusterAddon,
    InstanceProfile,
    Key,
    Kind,
    ManagedPolicy,
    MfaDevice,
    OpenIdConnectProvider,
    OrganizationPolicyType,
    PodIdentityAssociation,
    Role,
    Snapshot,
    Tags,
    User,
)
from sekisho.facts.cluster_providers import identity_providers
from sekisho.facts.iam_lookup import instance_profile, mfa_device
from sekisho.facts.organization import find_organization_policy, organization_of
from sekisho.facts.pool_lookup import user_pool
from sekisho.facts.stack_lookup import find_stack
from sekisho.facts.sts_facts import organization_facts
from sekisho.lab.aws.organizations.node import find_node
from sekisho.lab.aws.organizations.tags import tags_of

BOUNDARY = "iam:PermissionsBoundary"
POLICY_TYPE = "organizations:PolicyType"

_NEVER: Mapping[str, tuple[str, ...]] = {
    "user": (
        "iam:RegisterSecurityKey",
        "iam:FIDO-certification",
        "iam:FIDO-FIPS-140-2-certification",
        "iam:FIDO-FIPS-140-3-certification",
    ),
    "role": ("iam:RoleTemplateArn",),
}
"""Keys of what no user or role of the lab has: security keys, templates."""

_NONE: Tags = ()


def found_states(facts: Snapshot, caller: AccountId) -> FindState:
    """Return the look-up for a caller of the account ``caller``.

    Everything of IAM, every cluster, every user pool and everything of an organization is known in the
    accounts of this world: what is not there is about to be made and has no tags. An ARN without an account
    is a bucket's or an object's, which the lab serves from the caller's account; their tags are not read.
    """

    def find(resource: str) -> ResourceState:
        try:
            arn = Arn.parse(resource)
        except ValueError:
            return ResourceState()
        account = arn.account or caller
        if facts.account(account) is None:
            # AWS's own policies, and accounts that are not in this world.
            return ResourceState(keys=_policy_type(arn))
        tags, keys = _found(facts, arn)
        whose: dict[str, ContextValue | None] = {
            "aws:ResourceAccount": account,
            **organization_keys("Resource", organization_facts(facts, account)),
        }
        return ResourceState(None if tags is None else dict(tags), {**whose, **keys})

    return find


def _found(facts: Snapshot, arn: Arn) -> tuple[Tags | None, Mapping[str, ContextValue | None]]:
    """Return tags and keys of a resource: no tags of what does not exist, None where nobody looks."""
    kind, _, name = arn.resource.partition("/")
    match arn.service:
        case "iam" if kind in ("user", "role"):
            entity = _entity(facts, arn, kind)
            never = dict.fromkeys(_NEVER[kind])
            if entity is None:
                return _NONE, {BOUNDARY: None, **never}
            return entity.tags, {BOUNDARY: entity.boundary or None, **never}
        case "iam":
            return _tags_in_iam(facts, arn, kind), {}
        case "eks" if kind == "cluster":
            cluster = facts.cluster(arn.account, arn.region, name)
            return _NONE if cluster is None else cluster.tags, {}
        case "eks" if kind == "access-entry":
            return _access_entry(facts, arn)
        case "eks" if kind in ("podidentityassociation", "addon"):
            return _of_cluster(facts, arn), {}
        case "eks" if kind == "identityproviderconfig":
            return _provider_tags(facts, arn), {}
        case "cognito-idp" if kind == "userpool":
            pool = user_pool(facts, name)
            return pool.tags if pool is not None and pool.arn == arn else _NONE, {}
        case "cloudformation":
            return _stack_tags(facts, arn), {}
        case "organizations":
            return _tags_in_organization(facts, arn), _policy_type(arn)
        case "sts":
            return _NONE, {}
        case _:
            return None, {}


def _stack_tags(facts: Snapshot, arn: Arn) -> Tags:
    """Return the tags of a stack; one that is not there has none."""
    found = find_stack(facts, arn.account, arn.region, str(arn))
    return _NONE if found is None else found.tags


def _provider_tags(facts: Snapshot, arn: Arn) -> Tags:
    """Return the tags of an identity provider of a cluster; one that does not exist has none."""
    cluster = facts.cluster(arn.account, arn.region, arn.resource.split("/")[1])
    known = () if cluster is None else identity_providers(facts, str(cluster.arn))
    return next((one.tags for one in known if one.arn == arn), _NONE)


def _access_entry(facts: Snapshot, arn: Arn) -> tuple[Tags, Mapping[str, ContextValue | None]]:
    """Return tags and keys of an access entry; one that does not exist has none (its ARN names no id).

    Source: Service Authorization Reference of EKS, condition keys of the type ``access-entry``.
    """
    name = arn.resource.split("/")[1]
    cluster = facts.cluster(arn.account, arn.region, name)
    entries = () if cluster is None else facts.access_entries(str(cluster.arn))
    found = next((one for one in entries if one.arn == arn), None)
    if found is None:
        return _NONE, {}
    return found.tags, {
        "eks:clusterName": name,
        "eks:principalArn": found.entry.principal,
        "eks:accessEntryType": str(found.entry.type),
        "eks:username": found.entry.username,
        "eks:kubernetesGroups": found.entry.groups,
    }


def _of_cluster(facts: Snapshot, arn: Arn) -> Tags:
    """Return the tags of a Pod Identity association or an add-on, the latter by its name alone."""
    kind, name, own = arn.resource.split("/", 2)
    cluster = facts.cluster(arn.account, arn.region, name)
    place = Kind.POD_IDENTITY if kind == "podidentityassociation" else Kind.ADDON
    key = None if cluster is None else Key(place, str(cluster.arn), own.partition("/")[0])
    found = None if key is None else facts.get(key)
    return found.tags if isinstance(found, PodIdentityAssociation | ClusterAddon) else _NONE


def _entity(facts: Snapshot, arn: Arn, kind: str) -> User | Role | None:
    name = arn.resource.rpartition("/")[2]
    found = facts.user(arn.account, name) if kind == "user" else facts.role(arn.account, name)
    # A path that is not the entity's names nothing.
    return found if found is not None and found.arn == arn else None


def _tags_in_iam(facts: Snapshot, arn: Arn, kind: str) -> Tags | None:
    found: ManagedPolicy | OpenIdConnectProvider | InstanceProfile | MfaDevice | None
    match kind:
        case "policy":
            found = facts.policy(arn.account, str(arn))
        case "oidc-provider":
            found = facts.oidc_provider(arn.account, str(arn))
        case "instance-profile":
            found = instance_profile(facts, arn.account, arn.resource.rpartition("/")[2])
        case "mfa":
            found = mfa_device(facts, arn.account, str(arn))
        case "group" | "root":
            return _NONE  # neither can have any (IAM User Guide, "Tags for IAM resources")
        case _:
            return None
    return found.tags if found is not None and found.arn == arn else _NONE


def _tags_in_organization(facts: Snapshot, arn: Arn) -> Tags:
    organization = organization_of(facts, arn.account)
    if organization is None:
        return _NONE
    id_ = arn.resource.rpartition("/")[2]
    found = find_node(facts, organization, id_) or find_organization_policy(
        facts, organization.organization, id_
    )
    return _NONE if found is None else tags_of(found)


def _policy_type(arn: Arn) -> Mapping[str, ContextValue | None]:
    """Return the key of a policy's type, read from its ARN: ``policy/[o-ID/]service_control_policy/p-ID``.

    What is no policy has none; nothing is said of a policy whose ARN does not tell.
    """
    if arn.service != "organizations":
        return {}
    if not arn.resource.startswith("policy/"):
        return {POLICY_TYPE: None}
    named = arn.resource.split("/")[-2].upper()
    return {POLICY_TYPE: named} if named in set(OrganizationPolicyType) else {}
