"""The ARNs of what exists, for actions whose resource the parameters do not spell out."""

from sekisho.decide.request.aws_call import FindArns
from sekisho.decide.values import AccountId
from sekisho.facts import ClusterAccessEntry, ClusterIdentityProvider, Snapshot
from sekisho.facts.cluster_access import PROVIDER_TYPE
from sekisho.facts.cluster_providers import identity_provider
from sekisho.facts.iam_lookup import instance_profile
from sekisho.lab.aws.iam.linked_services import linked_role_arn
from sekisho.lab.aws.moto.store import existing
from sekisho.lab.aws.organizations.arns import organization_arn


def found_arns(facts: Snapshot, account: AccountId, region: str, partition: str = "aws") -> FindArns:
    """Return the look-up for a caller of ``account`` at an endpoint: just what the operations will find."""

    def find(resource_type: str, names: tuple[str, ...]) -> str | None:
        if resource_type.startswith("organizations:") and names:
            # An id says what it is: r-, ou-, p-, or twelve digits.
            return organization_arn(facts, account, names[0])
        if resource_type.startswith(("kms:", "secretsmanager:")):
            return existing(resource_type, names[0], account, region)
        match resource_type, names:
            case "iam:user", (name,):
                user = facts.user(account, name)
                return None if user is None else str(user.arn)
            case "iam:group", (name,):
                group = facts.group(account, name)
                return None if group is None else str(group.arn)
            case "iam:role", (name,):
                role = facts.role(account, name)
                return None if role is None else str(role.arn)
            case "iam:instance-profile", (name,):
                profile = instance_profile(facts, account, name)
                return None if profile is None else str(profile.arn)
            case "iam:service-linked-role", (service, suffix):
                return str(linked_role_arn(partition, account, service, suffix))
            case (("eks:access-entry" | "eks:identityproviderconfig"), (name, *rest)):
                cluster = facts.cluster(account, region, name)
                return None if cluster is None else _of_cluster(facts, str(cluster.arn), rest)
            case "iam:access-key", (key_id,):
                key = facts.access_key(key_id)
                if key is None or key.account != account or not key.user:
                    return None
                owner = facts.user(account, key.user)
                return None if owner is None else str(owner.arn)
        return None

    return find


def _of_cluster(facts: Snapshot, cluster_arn: str, names: list[str]) -> str | None:
    """Return the ARN of an access entry by its principal, of an identity provider by type and name."""
    found: ClusterAccessEntry | ClusterIdentityProvider | None = None
    match names:
        case [principal]:
            found = facts.access_entry(cluster_arn, principal)
        case [kind, name] if kind == PROVIDER_TYPE:
            found = identity_provider(facts, cluster_arn, name)
    return None if found is None else str(found.arn)
