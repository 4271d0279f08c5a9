"""What the rules of service account tokens ask about a cluster's objects, from the facts."""

from sekisho.decide.values import Instant
from sekisho.facts import Cluster, Snapshot, kube_key
from sekisho.wire.kube.members import text


class StoredObjects:
    """Answers `decide.authn.service_account_token.ServiceAccountFacts` from the facts of one moment."""

    def __init__(self, facts: Snapshot, cluster: Cluster) -> None:
        self._facts = facts
        self._arn = str(cluster.arn)

    def uid_of(self, plural: str, namespace: str, name: str) -> str | None:
        """Return the uid of an object of the core group; None if there is none."""
        found = self._facts.kube(kube_key(self._arn, "", plural, namespace, name))
        return None if found is None else text(found, "metadata", "uid")

    def going_of(self, plural: str, namespace: str, name: str) -> Instant | None:
        """Return when an object is to go, or was; None if it stays."""
        found = self._facts.kube(kube_key(self._arn, "", plural, namespace, name))
        going = "" if found is None else text(found, "metadata", "deletionTimestamp")
        return Instant.parse_rfc3339(going) if going else None
