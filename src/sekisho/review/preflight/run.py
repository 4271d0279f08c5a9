"""The whole preflight: each object in the order of the files, then what all of them together allow."""

from dataclasses import dataclass, replace

from sekisho.decide.chain import chain_of
from sekisho.decide.chain.migration import ClusterState
from sekisho.decide.chain.person_to_cluster import CLUSTER_CHAIN
from sekisho.decide.decision import Chain, Decision, Outcome, Step
from sekisho.decide.rbac.index import Index
from sekisho.decide.values import JsonObject, KubeUser
from sekisho.facts.aws_auth_data import aws_auth_key
from sekisho.facts.identity import identity_from_arn
from sekisho.facts.keys import Key, Kind, kube_scope
from sekisho.facts.manifest import Manifest, without_secret_data
from sekisho.facts.snapshot import Put
from sekisho.facts.snapshot_cluster import SnapshotCluster, aws_auth_scope
from sekisho.review.preflight.apply import Applied, apply_object, refused
from sekisho.review.preflight.gains import Gains, gains
from sekisho.review.preflight.manifests import Wanted, Wishes
from sekisho.review.preflight.merged import merged
from sekisho.review.questions import kube_user, need_cluster
from sekisho.review.source import Source

_SYSTEM_NAMESPACE = "kube-system"
"""Every cluster has it: where it is among the facts, all namespaces are taken to be."""


@dataclass(frozen=True, slots=True)
class Preflight:
    """The answer. ``chain`` leads from WHO to ``user``, which is None where the cluster knows nobody.

    ``gains`` is None where the RBAC objects of the cluster were not read.
    """

    chain: Chain
    user: KubeUser | None
    objects: tuple[Applied, ...]
    gains: Gains | None

    @property
    def outcome(self) -> Outcome:
        """ALLOW if all objects may be applied, DENY if one may not, else UNKNOWN."""
        found = {one.outcome for one in self.objects}
        return next((one for one in (Outcome.DENY, Outcome.UNKNOWN) if one in found), Outcome.ALLOW)


def preflight(who: str, wishes: Wishes, source: Source) -> Preflight:
    """Return whether ``who`` may apply the objects, and what they newly allow.

    An object that may not be applied changes nothing for those after it; what is newly allowed is told of
    all of them, as if somebody who may had applied them.

    Raises:
        SekishoInputError: no such identity, no cluster to ask, or an object that cannot be merged with
            the one that is there.
    """
    cluster = need_cluster(source)
    user, chain = kube_user(who), Chain(CLUSTER_CHAIN, ())
    if user is None:
        chain = chain_of((), identity_from_arn(who, source.snapshot), cluster)
        last = chain.links[-1].decision
        user = last.value if isinstance(last.value, KubeUser) else None
    world = _World(source, cluster)
    done = []
    for wanted in wishes.objects:
        applied = world.apply(user or KubeUser(""), wanted)
        done.append(applied if user is not None else refused(applied, _unknown_user(chain)))
    return Preflight(chain, user, tuple(done), world.gains())


class _World:
    """The cluster while the files are applied: as far as WHO may (``_facts``), and all of them."""

    def __init__(self, source: Source, cluster: SnapshotCluster) -> None:
        self._source = source
        self._cluster = cluster
        self._arn = str(cluster.cluster.arn)
        self._now: dict[Key, JsonObject] = {}
        self._all: dict[Key, JsonObject] = {}
        self._after: Index | None = cluster.rbac
        self._aws_auth: Manifest | None = None
        self._namespaces = self._known_namespaces()
        self._facts = ClusterState(
            cluster.name,
            cluster.at,
            cluster.authentication_mode,
            cluster.creator,
            cluster.backends,
            cluster.entries,
            cluster.rbac,
            cluster.nodes,
            cluster.version,
        )

    def apply(self, user: KubeUser, wanted: Wanted) -> Applied:
        """Apply one object, if ``user`` may, and in the world where everything is applied."""
        key = wanted.key(self._arn)
        live = self._now.get(key) or self._source.snapshot.kube(key)
        after = wanted.rbac(_onto(wanted, live)) if wanted.is_rbac else None
        exists = True if live is not None else self._absence(wanted, key)
        applied = apply_object(
            user, wanted, live, after, self._facts, exists=exists, namespaces=self._namespaces
        )
        if applied.outcome is Outcome.ALLOW:
            self._now[key] = _onto(wanted, live)
            if self._namespaces is not None and (wanted.group, wanted.kind) == ("", "Namespace"):
                self._namespaces |= {wanted.name}
            if after is not None and self._facts.rbac is not None:
                self._facts = replace(self._facts, rbac=self._facts.rbac.with_object(after))
        self._apply_anyway(wanted, key)
        return applied

    def gains(self) -> Gains | None:
        """Return what everything together allows."""
        before, after = self._cluster.rbac, self._after
        if before is None or after is None:
            return None
        changed = self._cluster
        if self._aws_auth is not None:
            key = aws_auth_key(self._arn)
            snapshot = self._source.snapshot.applied([Put(key, self._aws_auth.body)])
            changed = SnapshotCluster(snapshot, self._cluster.cluster, {key: self._aws_auth})
        return gains(self._source.snapshot, self._cluster, changed, before, after)

    def _apply_anyway(self, wanted: Wanted, key: Key) -> None:
        body = _onto(wanted, self._all.get(key) or self._source.snapshot.kube(key))
        self._all[key] = body
        if wanted.is_rbac and self._after is not None:
            self._after = self._after.with_object(wanted.rbac(body))
        if key == aws_auth_key(self._arn):
            self._aws_auth = Manifest(body, wanted.at)

    def _absence(self, wanted: Wanted, key: Key) -> bool | None:
        """Return False where it is known that there is no such object, None where it is not."""
        snapshot = self._source.snapshot
        if self._source.is_whole:
            return False
        unread = snapshot.gap(Kind.KUBE, key.scope) is not None
        if key == aws_auth_key(self._arn):
            return None if unread or snapshot.gap(Kind.KUBE, aws_auth_scope(self._arn)) else False
        if wanted.is_rbac:
            return None if unread else False
        return False if snapshot.scope(Kind.KUBE, key.scope) and not unread else None

    def _known_namespaces(self) -> frozenset[str] | None:
        found = self._source.snapshot.scope(Kind.KUBE, kube_scope(self._arn, "", "namespaces"))
        names = frozenset(name.removeprefix("/") for name in found)
        return names if _SYSTEM_NAMESPACE in names else None


def _onto(wanted: Wanted, live: JsonObject | None) -> JsonObject:
    body = without_secret_data(wanted.body)
    return merged(body, live) if live is not None else body


def _unknown_user(chain: Chain) -> Decision[None]:
    """Return why the cluster sees nobody in WHO."""
    last: Decision[object] = chain.links[-1].decision
    steps: tuple[Step, ...] = last.decisive or (*last.trace[-1:],)
    return Decision(last.outcome, steps, last.trace)
