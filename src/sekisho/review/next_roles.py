"""The roles to which pods of a service account go on from its own, by AWS profiles in their ConfigMaps."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sekisho.decide.chain.workload_question import Workload
from sekisho.decide.chain.workload_to_aws import Credentials, WorkloadLink, obtain
from sekisho.decide.decision import Link
from sekisho.decide.values import Instant
from sekisho.decide.workload.aws_profiles import ProfileWay
from sekisho.facts import Cluster
from sekisho.review.source import Source
from sekisho.review.stored_workloads import Stored
from sekisho.review.workload_facts import SnapshotWorkloadFacts, profiles_of
from sekisho.review.workload_name import WorkloadName


@dataclass(frozen=True, slots=True)
class NextRole:
    """A profile that a pod, or a template of pods, can take, and the credentials at its end."""

    workload: WorkloadName
    way: ProfileWay
    credentials: Credentials

    @property
    def role(self) -> str:
        """The last role as the profile writes it; empty where the profiles lead to none."""
        return self.way.hops[-1].role if self.way.hops else ""

    @property
    def failed(self) -> Link | None:
        """The link that did not allow."""
        return self.credentials.chain.failed


def next_roles(
    workload: Workload,
    used_by: Iterable[Stored],
    cluster: Cluster,
    source: Source,
    facts: SnapshotWorkloadFacts,
    now: Instant,
) -> tuple[NextRole, ...]:
    """Return where the profiles of ``used_by`` lead beyond the role of ``workload``, each way once.

    Profiles on which others build are part of those. Where the account has no credentials nothing is said.

    Raises:
        SekishoInputError: a stored policy breaks its grammar.
    """
    found: dict[object, NextRole] = {}
    for name, pod in used_by:
        for way in profiles_of(pod, cluster, source):
            key = (way.name, way.at, way.hops)
            if key in found:
                continue
            got = obtain(replace(workload, pod=pod, profile=way), facts, now)
            if got.chain.links[-1].name in (WorkloadLink.PROFILE, WorkloadLink.NEXT_ROLE):
                found[key] = NextRole(name, way, got)
    return tuple(found.values())
