"""Every service account of a cluster: whether its pods reach AWS, which link broke, who trusts it in vain."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sekisho.decide.chain.workload_question import Workload
from sekisho.decide.chain.workload_to_aws import Credentials, WorkloadLink, obtain
from sekisho.decide.decision import Link, Outcome
from sekisho.decide.sts import RoleFacts
from sekisho.decide.values import Instant
from sekisho.decide.workload.injection import injected
from sekisho.decide.workload.settings import AccountFacts, Settings
from sekisho.decide.workload.stored_pod import StoredPod
from sekisho.facts import Cluster
from sekisho.facts.keys import Kind, kube_scope
from sekisho.facts.permissions import AwsPolicyText
from sekisho.facts.pod_identity import pod_identity_of
from sekisho.facts.sts_facts import role_facts
from sekisho.review.next_roles import NextRole, next_roles
from sekisho.review.source import Source
from sekisho.review.stored_workloads import Stored, workloads_by_account
from sekisho.review.subject_index import SubjectIndex
from sekisho.review.workload_facts import SnapshotWorkloadFacts, account_facts, profile_of, settings_of
from sekisho.review.workload_name import POD


class State(StrEnum):
    """How it stands with a service account."""

    WORKS = "works"
    BROKEN = "broken"
    TRUSTED = "trusted-not-annotated"
    UNKNOWN = "unknown"
    NONE = "no-role"


class Mechanism(StrEnum):
    """By what the pods of a service account get credentials."""

    IRSA = "irsa"
    POD_IDENTITY = "pod-identity"
    BOTH = "both"
    NODE_ROLE = "node-role"


@dataclass(frozen=True, slots=True)
class PodReport:
    """A pod. ``outcome`` is that of `why`; ``link`` the one that broke, if it is none of its account's."""

    name: str
    outcome: Outcome
    link: Link | None = None

    @property
    def is_missed(self) -> bool:
        """Whether the pod does not have what its service account would give it."""
        return self.link is not None and self.link.name == WorkloadLink.INJECTION


@dataclass(frozen=True, slots=True)
class AccountReport:
    """One service account.

    ``link`` is the one that broke, or that could not be told; ``roles`` the ARNs of those that trust the
    account although nothing annotates it. ``pods`` are those that use it, ``next_roles`` the roles to which
    they, and pods to come, can go on.
    """

    cluster: str
    namespace: str
    name: str
    state: State
    mechanism: Mechanism
    role: str = ""
    link: Link | None = None
    roles: tuple[str, ...] = ()
    pods: tuple[PodReport, ...] = ()
    next_roles: tuple[NextRole, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkloadsReport:
    """Every service account. ``open_roles`` trust each of a cluster's, whatever its name."""

    accounts: tuple[AccountReport, ...]
    open_roles: tuple[tuple[str, str], ...] = ()

    @property
    def outcome(self) -> Outcome:
        """DENY if anything is broken, missed or trusted in vain; UNKNOWN if something could not be told."""
        failed = [pod.outcome for one in self.accounts for pod in one.pods if pod.link is not None]
        onward = (role.credentials.chain.outcome for one in self.accounts for role in one.next_roles)
        failed += [outcome for outcome in onward if outcome is not Outcome.ALLOW]
        states = {one.state for one in self.accounts}
        denied = any(outcome is not Outcome.UNKNOWN for outcome in failed)
        if denied or self.open_roles or states & {State.BROKEN, State.TRUSTED}:
            return Outcome.DENY
        return Outcome.UNKNOWN if failed or State.UNKNOWN in states else Outcome.ALLOW


def report_workloads(
    source: Source,
    clusters: Iterable[Cluster],
    aws_policy: AwsPolicyText,
    now: Instant,
    namespace: str | None = None,
) -> WorkloadsReport:
    """Return how it stands with the service accounts of ``clusters``, all or those of one namespace.

    Raises:
        SekishoInputError: a stored document breaks its grammar.
    """
    facts = SnapshotWorkloadFacts(source.snapshot, aws_policy, source.is_whole)
    roles = [
        role_facts(role)
        for account in source.snapshot.scopes(Kind.ROLE)
        for role in source.snapshot.roles(account)
    ]
    found: list[AccountReport] = []
    opened: list[tuple[str, str]] = []
    for cluster in clusters:
        one = _Cluster(source, cluster, facts, now, roles)
        found += one.reports(namespace)
        opened += [(cluster.name, arn) for arn in one.index.open_roles]
    return WorkloadsReport(tuple(found), tuple(opened))


class _Cluster:
    def __init__(
        self,
        source: Source,
        cluster: Cluster,
        facts: SnapshotWorkloadFacts,
        now: Instant,
        roles: list[RoleFacts],
    ) -> None:
        self._source = source
        self._cluster = cluster
        self._arn = str(cluster.arn)
        self._facts = facts
        self._now = now
        self._settings: Settings = settings_of(cluster)
        self._associations = pod_identity_of(source.snapshot, cluster)
        self._associated = {
            (one.namespace, one.service_account): one.role for one in self._associations.associations
        }
        self.index = SubjectIndex(cluster.issuer.removeprefix("https://"), roles if cluster.issuer else ())

    def reports(self, namespace: str | None) -> Iterator[AccountReport]:
        used_by = workloads_by_account(self._cluster, self._source, namespace)
        running = {key for key, found in used_by.items() if any(name.kind == POD for name, _ in found)}
        scope = self._source.snapshot.scope(Kind.KUBE, kube_scope(self._arn, "", "serviceaccounts"))
        for space, name in sorted({*map(_pair, scope), *running}):
            if namespace in (None, space):
                yield self._account(space, name, used_by.get((space, name), []))

    def _account(self, namespace: str, name: str, used_by: list[Stored]) -> AccountReport:
        account = account_facts(namespace, name, self._cluster, self._source)
        workload = Workload(
            account, self._arn, self._cluster.issuer, self._settings, associations=self._associations
        )
        found = obtain(workload, self._facts, self._now)
        mechanism = _mechanism(account, self._settings)
        report = AccountReport(self._arn, namespace, name, State.NONE, mechanism)
        report = replace(
            report,
            role=self._associated.get((namespace, name), "")
            or (account.annotations or {}).get(self._settings.annotation("role-arn"), ""),
            pods=tuple(self._pod(pod, workload, found) for named, pod in used_by if named.kind == POD),
            next_roles=next_roles(workload, used_by, self._cluster, self._source, self._facts, self._now),
        )
        if found.allowed:
            return replace(report, state=State.WORKS)
        link = found.chain.failed
        if link is not None and link.decision.outcome is Outcome.UNKNOWN:
            return replace(report, state=State.UNKNOWN, link=link)
        if mechanism is not Mechanism.NODE_ROLE or account.annotations is None:
            return replace(report, state=State.BROKEN, link=link)
        trusting = tuple(
            arn for arn in self.index.candidates(workload.subject) if self._trusts(arn, workload)
        )
        return replace(report, state=State.TRUSTED, roles=trusting) if trusting else report

    def _trusts(self, role: str, workload: Workload) -> bool:
        name = self._settings.annotation("role-arn")
        annotated = replace(workload.account, annotations={name: role})
        return obtain(replace(workload, account=annotated), self._facts, self._now).allowed

    def _pod(self, pod: StoredPod, workload: Workload, of_account: Credentials) -> PodReport:
        """Return what `why` says of a pod; its own link if that is not one of the account's."""
        way = profile_of(pod, self._cluster, self._source)
        carried = injected(pod, workload.account, self._settings)
        if carried.outcome is Outcome.NO_OPINION and of_account.chain.failed is not None:
            return PodReport(pod.view.name, of_account.chain.outcome)
        if way is None and of_account.allowed and carried.value is not None and not carried.value.differs:
            return PodReport(pod.view.name, Outcome.ALLOW)
        found = obtain(replace(workload, pod=pod, profile=way), self._facts, self._now).chain
        link = found.failed
        is_own = link is not None and link.name in _OF_A_POD
        return PodReport(pod.view.name, found.outcome, link if is_own else None)


_OF_A_POD: Final = (WorkloadLink.INJECTION, WorkloadLink.PROFILE, WorkloadLink.NEXT_ROLE)


def _mechanism(account: AccountFacts, settings: Settings) -> Mechanism:
    is_annotated = bool((account.annotations or {}).get(settings.annotation("role-arn"), ""))
    if account.is_associated:
        return Mechanism.BOTH if is_annotated else Mechanism.POD_IDENTITY
    return Mechanism.IRSA if is_annotated else Mechanism.NODE_ROLE


def _pair(key: str) -> tuple[str, str]:
    namespace, _, name = key.partition("/")
    return namespace, name
