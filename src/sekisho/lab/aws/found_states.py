"""The tags and the state of resources, which conditions ask about and parameters do not show."""

from sekisho.decide.request.aws_call import FindState, ResourceState
from sekisho.decide.request.aws_request import ContextValue
from sekisho.decide.values import AccountId, Arn
from sekisho.facts import Role, Snapshot, User
from sekisho.facts.iam_lookup import instance_profile, mfa_device

BOUNDARY = "iam:PermissionsBoundary"


def found_states(facts: Snapshot, account: AccountId) -> FindState:
    """Return the look-up for a caller of ``account``.

    Everything of IAM and every cluster in the account is known: what is not there is about to be made
    and has no tags. Nothing is said of other services and accounts.
    """

    def find(resource: str) -> ResourceState | None:
        try:
            arn = Arn.parse(resource)
        except ValueError:
            return None
        if arn.account != account:
            return None
        if arn.service == "iam":
            return _of_iam(facts, arn)
        kind, _, name = arn.resource.partition("/")
        if arn.service == "eks" and kind == "cluster":
            cluster = facts.cluster(account, arn.region, name)
            return ResourceState({} if cluster is None else dict(cluster.tags))
        if arn.service == "eks" and kind == "access-entry":
            return _of_access_entry(facts, arn)
        return None

    return find


def _of_access_entry(facts: Snapshot, arn: Arn) -> ResourceState:
    """Return the state of an access entry; one that does not exist has none (its ARN names no id).

    Source: Service Authorization Reference of EKS, condition keys of the type ``access-entry``.
    """
    name = arn.resource.split("/")[1]
    cluster = facts.cluster(arn.account, arn.region, name)
    entries = () if cluster is None else facts.access_entries(str(cluster.arn))
    found = next((one for one in entries if one.arn == arn), None)
    if found is None:
        return ResourceState()
    keys: dict[str, ContextValue | None] = {
        "eks:clusterName": name,
        "eks:principalArn": found.entry.principal,
        "eks:accessEntryType": str(found.entry.type),
        "eks:username": found.entry.username,
        "eks:kubernetesGroups": found.entry.groups,
    }
    return ResourceState(dict(found.tags), keys)


def _of_iam(facts: Snapshot, arn: Arn) -> ResourceState:
    kind, _, rest = arn.resource.partition("/")
    name = rest.rpartition("/")[2]
    if kind in ("user", "role"):
        found = facts.user(arn.account, name) if kind == "user" else facts.role(arn.account, name)
        # A path that is not the entity's names nothing.
        is_it = found is not None and found.arn == arn
        return _of_entity(found if is_it else None)
    tagged = {
        "policy": facts.policy(arn.account, str(arn)),
        "oidc-provider": facts.oidc_provider(arn.account, str(arn)),
        "instance-profile": instance_profile(facts, arn.account, name),
        "mfa": mfa_device(facts, arn.account, str(arn)),
    }.get(kind)
    is_it = tagged is not None and tagged.arn == arn
    return ResourceState(dict(tagged.tags)) if tagged is not None and is_it else ResourceState()


def _of_entity(found: User | Role | None) -> ResourceState:
    if found is None:
        return ResourceState(keys={BOUNDARY: None})
    return ResourceState(dict(found.tags), {BOUNDARY: found.boundary or None})
