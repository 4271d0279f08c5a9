"""One cluster's identity facts, kept compiled while the world changes.

aws-auth is re-read and the RBAC index adjusted when an object changes, so that a request
costs two dictionary look-ups and every change counts from the next request on.
"""

import json
from collections.abc import Callable, Mapping, Sequence

from sekisho.decide.authn import aws_auth
from sekisho.decide.authn.aws_auth import AwsAuth
from sekisho.decide.authn.backend import Backend
from sekisho.decide.authn.oidc.model import OidcConfiguration
from sekisho.decide.eks.entry_book import EntryBook
from sekisho.decide.node.graph import NodeGraph
from sekisho.decide.rbac import index as rbac_index
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import RbacObject
from sekisho.decide.rbac.objects import GROUP, parse_object
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.facts import Cluster, Fact, Kind, Snapshot, kube_key, kube_scope
from sekisho.facts.aws_auth_data import RULES
from sekisho.facts.cluster_entries import book_of_cluster
from sekisho.facts.cluster_nodes import NODE_RESOURCES, node_graph
from sekisho.facts.cluster_providers import issuers_of_cluster
from sekisho.lab.world import Change, World

RBAC_RESOURCES = ("clusterroles", "clusterrolebindings", "roles", "rolebindings")
AWS_AUTH_AT = Ref("configmap/kube-system/aws-auth")


class LiveCluster:
    """Answers `sekisho.decide.chain.ClusterFacts` from the live world."""

    def __init__(self, world: World, cluster: Cluster) -> None:
        self._world = world
        self.cluster = cluster
        self._arn = str(cluster.arn)
        self._aws_auth_key = kube_key(self._arn, "", "configmaps", "kube-system", "aws-auth")
        self._rbac_scopes = frozenset(kube_scope(self._arn, GROUP, resource) for resource in RBAC_RESOURCES)
        self._node_scopes = frozenset(kube_scope(self._arn, *resource) for resource in NODE_RESOURCES)
        self._nodes: NodeGraph | None = None
        self._index = rbac_index.build(rbac_objects(world.facts, self._arn))
        self._entries = book_of_cluster(world.facts, cluster)
        self._issuers = issuers_of_cluster(world.facts, self._arn)
        self._auth = aws_auth.parse(self._last_good(), RULES)
        self._read_aws_auth()
        self.stop: Callable[[], None] = world.listen(self._changed)

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
        """EKS's authentication mode."""
        return self.cluster.authentication_mode

    @property
    def creator(self) -> str | None:
        """The ARN of the identity that created the cluster."""
        return self.cluster.creator

    @property
    def backends(self) -> Sequence[Backend]:
        """The sources of mappings that count in the cluster's mode, access entries before aws-auth."""
        match self.cluster.authentication_mode:
            case "API":
                return (self._entries.backend,)
            case "API_AND_CONFIG_MAP":
                return (self._entries.backend, self._backend)
            case _:
                return (self._backend,)

    @property
    def entries(self) -> EntryBook:
        """The access entries; none in mode CONFIG_MAP."""
        return self._entries

    @property
    def issuers(self) -> OidcConfiguration:
        """The identity providers whose id tokens count."""
        return self._issuers

    @property
    def rbac(self) -> Index:
        """The compiled RBAC objects."""
        return self._index

    @property
    def nodes(self) -> NodeGraph | None:
        """Which objects the nodes reach; made again when a node asks after a pod or volume changed."""
        if self._nodes is None:
            self._nodes = node_graph(self._world.facts, self._arn)
        return self._nodes

    @property
    def aws_auth(self) -> AwsAuth:
        """What aws-auth maps now, with its notices and faults."""
        return self._auth

    def _changed(self, change: Change) -> None:
        if change.key == self._aws_auth_key:
            self._read_aws_auth()
        elif change.key.scope in self._rbac_scopes:
            before, after = _parsed(change.before), _parsed(change.after)
            if before is not None and after is None:
                self._index = self._index.without_object(before)
            elif after is not None:
                self._index = self._index.with_object(after)
        elif change.key.scope in self._node_scopes:
            self._nodes = None
        elif change.key.kind is Kind.ACCESS_ENTRY and change.key.scope == self._arn:
            self._entries = book_of_cluster(self._world.facts, self.cluster)
        elif change.key.kind is Kind.IDENTITY_PROVIDER and change.key.scope == self._arn:
            self._issuers = issuers_of_cluster(self._world.facts, self._arn)
        elif isinstance(change.after, Cluster) and change.after.arn == self.cluster.arn:
            self.cluster = change.after
            self._entries = book_of_cluster(self._world.facts, self.cluster)

    def _read_aws_auth(self) -> None:
        data = aws_auth_data(self._world.facts, self._arn)
        self._auth = aws_auth.reload(self._auth, data, RULES)
        self._backend = Backend.from_aws_auth(self._auth, AWS_AUTH_AT)
        broken = self._auth.stale | self._auth.unread
        good = {name: text for name, text in data.items() if name not in broken}
        kept = {name: text for name, text in self._last_good().items() if name in broken}
        merged = json.dumps({**kept, **good}, sort_keys=True)
        if merged != self._world.meta(self._good_name):
            self._world.commit((), meta={self._good_name: merged})

    @property
    def _good_name(self) -> str:
        return last_good_meta(self._arn)

    def _last_good(self) -> dict[str, str]:
        """Return the last text of each section that could be read: it survives a restart."""
        kept = self._world.meta(self._good_name)
        return {} if kept is None else {str(name): str(text) for name, text in json.loads(kept).items()}


def last_good_meta(cluster_arn: str) -> str:
    """Return the name of the setting that keeps the last good sections of a cluster's aws-auth."""
    return f"aws-auth-last-good/{cluster_arn}"


def rbac_objects(facts: Snapshot, cluster_arn: str) -> list[RbacObject]:
    """Return the RBAC objects of a cluster; one that cannot be read grants nothing."""
    bodies = (
        body for resource in RBAC_RESOURCES for body in facts.kube_objects(cluster_arn, GROUP, resource)
    )
    return [found for body in bodies if (found := _parsed(body)) is not None]


def aws_auth_data(facts: Snapshot, cluster_arn: str) -> dict[str, str]:
    """Return the data of the aws-auth ConfigMap; empty where there is none."""
    found = facts.kube(kube_key(cluster_arn, "", "configmaps", "kube-system", "aws-auth"))
    data = found.get("data") if found is not None else None
    return {name: str(text) for name, text in data.items()} if isinstance(data, Mapping) else {}


def _parsed(body: Fact | None) -> RbacObject | None:
    if not isinstance(body, Mapping):
        return None
    try:
        return parse_object(body)
    except SekishoInputError:
        return None
