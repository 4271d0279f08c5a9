"""The ARNs of what exists, for actions whose resource the parameters do not spell out."""

from sekisho.decide.request.aws_call import FindArns
from sekisho.decide.values import AccountId
from sekisho.facts import ClusterAccessEntry, ClusterIdentityProvider, Snapshot
from sekisho.facts.cluster_access import PROVIDER_TYPE
from sekisho.facts.cluster_providers import identity_provider
from sekisho.facts.iam_lookup import instance_profile
from sekisho.facts.stack_lookup import find_change_set, find_stack, stack_with, stacks_of
from sekisho.lab.aws.iam.linked_services import linked_role_arn
from sekisho.lab.aws.moto.store import existing
from sekisho.lab.aws.organizations.arns import organization_arn


def found_arns(facts: Snapshot, account: AccountId, region: str, partition: str = "aws") -> FindArns:
    """Return the look-up for a caller of ``account`` at an endpoint: just what the operations will find."""

    def find(resource_type: str, names: tuple[str, ...]) -> str | None:
        if resource_type.startswith("cloudformation:"):
            return _stack_of(facts, account, region, resource_type, names[0])
        if resource_type.startswith("organizations:") and names:
            # An id says what it is: r-, ou-, p-, or twelve digits.
            return organization_arn(facts, account, names[0])
        if resource_type.startswith(("kms:", "secretsmanager:")):
            return existing(resource_type, names[0], account, region)
        match resource_type, names:
            case "iam:service-linked-role", (service, suffix):
                return str(linked_role_arn(partition, account, service, suffix))
            case (("eks:access-entry" | "eks:identityproviderconfig"), (name, *rest)):
                cluster = facts.cluster(account, region, name)
                return None if cluster is None else _of_cluster(facts, str(cluster.arn), rest)
            case _, (name,):
                return _in_iam(facts, account, resource_type, name)
        return None

    return find


def _in_iam(facts: Snapshot, account: AccountId, resource_type: str, name: str) -> str | None:
    """Return the ARN of an entity by its name, of an access key's user by the key's id."""
    match resource_type:
        case "iam:user":
            user = facts.user(account, name)
            return None if user is None else str(user.arn)
        case "iam:group":
            group = facts.group(account, name)
            return None if group is None else str(group.arn)
        case "iam:role":
            role = facts.role(account, name)
            return None if role is None else str(role.arn)
        case "iam:instance-profile":
            profile = instance_profile(facts, account, name)
            return None if profile is None else str(profile.arn)
        case "iam:access-key":
            key = facts.access_key(name)
            if key is None or key.account != account or not key.user:
                return None
            owner = facts.user(account, key.user)
            return None if owner is None else str(owner.arn)
        case _:
            return None


def _stack_of(facts: Snapshot, account: AccountId, region: str, resource_type: str, name: str) -> str | None:
    """Return the ARN of a stack by its name, by a change set's ARN, or by what it made."""
    if resource_type == "cloudformation:changeset":
        change_set = find_change_set(facts, account, region, name, None)
        stacks = () if change_set is None else stacks_of(facts, account, region)
        return next((str(one.arn) for one in stacks if change_set and one.uuid == change_set.stack), None)
    if resource_type == "cloudformation:stack":
        found = find_stack(facts, account, region, name)
    else:
        found = stack_with(facts, account, region, name)
    return None if found is None else str(found.arn)


def _of_cluster(facts: Snapshot, cluster_arn: str, names: list[str]) -> str | None:
    """Return the ARN of an access entry by its principal, of an identity provider by type and name."""
    found: ClusterAccessEntry | ClusterIdentityProvider | None = None
    match names:
        case [principal]:
            found = facts.access_entry(cluster_arn, principal)
        case [kind, name] if kind == PROVIDER_TYPE:
            found = identity_provider(facts, cluster_arn, name)
    return None if found is None else str(found.arn)
