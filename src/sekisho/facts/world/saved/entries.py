"""The ``accessEntries`` of a cluster in a world file, made from facts."""

from sekisho.decide.eks.access_entry import EntryType, ScopeType, default_username
from sekisho.decide.eks.creator import API_MODES
from sekisho.decide.values import Arn, Instant, Json, JsonObject
from sekisho.facts.cluster_access import ClusterAccessEntry, PolicyAssociation
from sekisho.facts.iam_lookup import unique_id_of
from sekisho.facts.model import Cluster
from sekisho.facts.policy_documents import principal_arn
from sekisho.facts.snapshot import Snapshot
from sekisho.facts.world.saved.accounts import filled, tags_document


def entry_documents(facts: Snapshot, cluster: Cluster, notices: list[str]) -> dict[str, Json]:
    """Return the members of a cluster that tell its access entries; what is left out is noted.

    A creator without an entry is told to have none: EKS, and the reader, would give it one.
    """
    if cluster.authentication_mode not in API_MODES:
        return {}
    listed = sorted(facts.access_entries(str(cluster.arn)), key=lambda one: one.entry.principal)
    known = [one for one in listed if is_principal(facts, one.entry.principal)]
    if len(known) < len(listed):
        left = len(listed) - len(known)
        notices.append(f"access entries of {cluster.name} that name nobody of the file are left out: {left}")
    has_own = any(one.entry.principal == cluster.creator for one in known)
    is_plain = has_own or not unique_id_of(facts, cluster.creator)
    return {
        **({} if is_plain else {"bootstrapClusterCreatorAdminPermissions": False}),
        **filled({"accessEntries": [_entry(facts, one) for one in known]}),
    }


def is_principal(facts: Snapshot, name: str) -> bool:
    """Whether ``name`` is the ARN of a user or role, there or gone, of an account that is there."""
    try:
        arn = principal_arn(name)
    except ValueError:
        return False
    account = None if arn is None else facts.account(arn.account)
    return arn is not None and account is not None and account.partition == arn.partition


def _entry(facts: Snapshot, found: ClusterAccessEntry) -> JsonObject:
    entry = found.entry
    is_own = entry.type is EntryType.STANDARD
    usual = default_username(Arn.parse(entry.principal), entry.type)
    dates = {one.policy: one for one in found.dates}
    pinned = entry.principal_id
    return filled(
        {
            "principalArn": entry.principal,
            "principalId": pinned if pinned != unique_id_of(facts, entry.principal) else None,
            "entryId": found.uuid,
            "created": found.created.rfc3339(),
            "updated": _unless(found.modified, found.created),
            "type": None if is_own else str(entry.type),
            "username": entry.username if is_own and entry.username != usual else None,
            "kubernetesGroups": list(entry.groups) if is_own else None,
            "tags": tags_document(found.tags),
            "associatedAccessPolicies": [
                filled(
                    {
                        "policyArn": one.policy,
                        "accessScope": None
                        if one.scope is ScopeType.CLUSTER
                        else {"type": str(one.scope), "namespaces": list(one.namespaces)},
                        **_dates(dates.get(one.policy), found),
                    }
                )
                for one in entry.policies or ()
            ],
        }
    )


def _dates(told: PolicyAssociation | None, found: ClusterAccessEntry) -> dict[str, Json]:
    associated = found.created if told is None else told.associated
    modified = found.modified if told is None else told.modified
    return {
        "associated": _unless(associated, found.created),
        "updated": _unless(modified, associated),
    }


def _unless(date: Instant, otherwise: Instant) -> str:
    return "" if date == otherwise else date.rfc3339()
