"""A cluster of a Snapshot, as the chain asks about it: unread facts make answers UNKNOWN, never "no"."""

from collections.abc import Mapping, Sequence
from functools import cached_property

from sekisho.decide.authn.aws_auth import CONFIG_MAP, AwsAuth
from sekisho.decide.authn.backend import Backend, BackendMode
from sekisho.decide.authn.entry import Reading
from sekisho.decide.authn.notice import Notice
from sekisho.decide.eks.creator import API_MODES
from sekisho.decide.eks.entry_book import EntryBook
from sekisho.decide.node.graph import NodeGraph
from sekisho.decide.rbac import index as rbac_index
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import RbacObject
from sekisho.decide.rbac.objects import GROUP, parse_object
from sekisho.decide.values import InputFault, Ref
from sekisho.facts.aws_auth_data import NAME, NAMESPACE, aws_auth_key, data_of, read_data
from sekisho.facts.cluster_entries import book_of_cluster
from sekisho.facts.cluster_nodes import node_graph
from sekisho.facts.keys import Key, Kind, kube_scope
from sekisho.facts.manifest import Manifest
from sekisho.facts.model import Cluster
from sekisho.facts.snapshot import Gap, Snapshot

RBAC_RESOURCES = ("clusterroles", "clusterrolebindings", "roles", "rolebindings")
UNREAD_MODE = "unread"
"""Stands for an authentication mode that was not read."""

_NO_PLACES: Mapping[Key, Manifest] = {}


class SnapshotCluster:
    """Answers `sekisho.decide.chain.ClusterFacts` from a Snapshot.

    ``manifests`` tell where in the user's files objects stand; an object that is not among
    them names itself (``clusterrole/view``).

    Raises:
        SekishoInputError: an RBAC object of the Snapshot cannot be read.
    """

    def __init__(
        self, snapshot: Snapshot, cluster: Cluster, manifests: Mapping[Key, Manifest] = _NO_PLACES
    ) -> None:
        self.cluster = cluster
        self._arn = str(cluster.arn)
        self._snapshot = snapshot
        self._gaps = [
            gap
            for resource in RBAC_RESOURCES
            if (gap := snapshot.gap(Kind.KUBE, kube_scope(self._arn, GROUP, resource))) is not None
        ]
        self._rbac = None if self._gaps else rbac_index.build(rbac_objects(snapshot, self._arn, manifests))
        self._entries = book_of_cluster(snapshot, cluster)
        self._aws_auth = _aws_auth(snapshot, self._arn, manifests)
        self._backends = self._sources(snapshot, manifests)

    @property
    def name(self) -> str:
        """The cluster's name."""
        return self.cluster.name

    @property
    def at(self) -> Ref:
        """The cluster as a document."""
        return Ref(self._arn)

    @property
    def version(self) -> str:
        """The version of Kubernetes; empty if it was not read."""
        return self.cluster.version

    @property
    def authentication_mode(self) -> str:
        """EKS's authentication mode; `UNREAD_MODE` if it was not read."""
        return self.cluster.authentication_mode or UNREAD_MODE

    @property
    def creator(self) -> str | None:
        """The ARN of the identity that created the cluster; None if it was not read."""
        return self.cluster.creator or None

    @property
    def backends(self) -> Sequence[Backend]:
        """The mappings that count in the cluster's mode.

        A source that was not read, access entries among them, stands there as unread. What a
        source before aws-auth would answer counts first, so aws-auth is not asked behind an unread one.
        """
        return self._backends

    @property
    def entries(self) -> EntryBook:
        """The access entries; none in mode CONFIG_MAP."""
        return self._entries

    @property
    def rbac(self) -> Index | None:
        """The compiled RBAC objects; None if they were not read."""
        return self._rbac

    @cached_property
    def nodes(self) -> NodeGraph | None:
        """Which objects the nodes reach through their pods; None if no pod was read."""
        return node_graph(self._snapshot, self._arn)

    @property
    def aws_auth(self) -> AwsAuth | None:
        """What aws-auth maps; None if it was not read."""
        return self._aws_auth

    @property
    def aws_auth_notices(self) -> tuple[Notice, ...]:
        """What is odd about aws-auth."""
        return () if self._aws_auth is None else self._aws_auth.notices

    @property
    def gaps(self) -> tuple[Gap, ...]:
        """What was not read of the RBAC objects."""
        return tuple(self._gaps)

    def _sources(self, snapshot: Snapshot, manifests: Mapping[Key, Manifest]) -> tuple[Backend, ...]:
        mode = self.cluster.authentication_mode
        if not mode:
            problem = "the authentication mode of the cluster was not read"
            return (unread_source(self.at.child("accessConfig", "authenticationMode"), problem),)
        own = (self._entries.backend,) if mode in API_MODES else ()
        if mode == "API" or self._entries.unread:
            return own
        return (*own, self._config_map(snapshot, manifests))

    def _config_map(self, snapshot: Snapshot, manifests: Mapping[Key, Manifest]) -> Backend:
        place = manifests.get(aws_auth_key(self._arn))
        at = place.at if place is not None and place.at is not None else Ref(CONFIG_MAP.document)
        if self._aws_auth is not None:
            return Backend.from_aws_auth(self._aws_auth, at)
        gap = snapshot.gap(Kind.KUBE, aws_auth_scope(self._arn))
        return unread_source(at, gap.reason if gap else f"no ConfigMap {NAMESPACE}/{NAME} was read")


def aws_auth_scope(cluster_arn: str) -> str:
    """Return the scope of the gap that says aws-auth was not read; other ConfigMaps may have been."""
    key = aws_auth_key(cluster_arn)
    return f"{key.scope} {key.name}"


def unread_source(at: Ref, problem: str) -> Backend:
    """Return a source of mappings of which nothing is known."""
    # Only with the canonical reading does the resolver take an unread source for "unknown": the
    # control plane itself takes a section that it cannot read for an empty one.
    fault = InputFault("facts.unread", at, problem)
    return Backend(BackendMode.CONFIG_MAP, at, Reading.CANONICAL, unread=(fault,))


def rbac_objects(
    snapshot: Snapshot, cluster_arn: str, manifests: Mapping[Key, Manifest] = _NO_PLACES
) -> list[RbacObject]:
    """Return the RBAC objects of a cluster, each at its place in the user's files.

    Raises:
        SekishoInputError: one of them cannot be read.
    """
    found: list[RbacObject] = []
    for resource in RBAC_RESOURCES:
        scope = kube_scope(cluster_arn, GROUP, resource)
        for name, body in snapshot.scope(Kind.KUBE, scope).items():
            if isinstance(body, Mapping):
                place = manifests.get(Key(Kind.KUBE, scope, name))
                if place is not None and place.rbac is not None and place.body is body:
                    found.append(place.rbac)
                else:
                    found.append(parse_object(body, place.at if place else None, "default"))
    return found


def _aws_auth(snapshot: Snapshot, cluster_arn: str, manifests: Mapping[Key, Manifest]) -> AwsAuth | None:
    key = aws_auth_key(cluster_arn)
    place = manifests.get(key)
    at = place.data_place if place is not None else None
    body = snapshot.kube(key)
    if body is not None:
        rewritten = place is not None and place.is_rewritten
        return read_data(data_of(body), at or CONFIG_MAP, rewritten=rewritten)
    if snapshot.gap(Kind.KUBE, aws_auth_scope(cluster_arn)) or snapshot.gap(Kind.KUBE, key.scope):
        return None
    return read_data({}, CONFIG_MAP)
