"""What answers at the link-local addresses of a node, ready to be put behind any socket.

`agent` belongs behind the addresses of `pod_identity_agent`, `metadata` behind those of
`instance_metadata`, each on port 80 of the network that a pod or a node sees.
"""

import time
from dataclasses import dataclass

from sekisho.facts import Cluster
from sekisho.facts.node_identity import NodeIdentity, node_identity
from sekisho.lab.aws.operation import Ids
from sekisho.lab.node.instance_metadata import InstanceMetadata, MetadataOptions
from sekisho.lab.node.node_credentials import NodeCredentials
from sekisho.lab.node.node_door import NodeDoor, Serve
from sekisho.lab.node.pod_identity_agent import ADDRESSES, PodIdentityAgent
from sekisho.lab.world import Clock, World
from sekisho.wire.http import Request, Response
from sekisho.wire.http.message import Handler


@dataclass(frozen=True, slots=True)
class NodePlace:
    """A node of the world: the cluster's account, region and name, and the name of the Node."""

    account: str
    region: str
    cluster: str
    node: str

    @classmethod
    def of(cls, cluster: Cluster, node: str) -> "NodePlace":
        """Return the place of a node of ``cluster``."""
        return cls(str(cluster.account), cluster.region, cluster.name, node)


class NodeServices:
    """The agents and the metadata services of all nodes of a lab."""

    def __init__(self, world: World, clock: Clock, ids: Ids, serve: Serve) -> None:
        """``serve`` is the lab's door to AWS."""
        self._world = world
        self._clock = clock
        self._credentials = NodeCredentials(world, clock, ids)
        self._metadata = InstanceMetadata(world, clock, self._credentials)
        self._door = NodeDoor(serve, clock)
        self._agents: dict[tuple[NodePlace, tuple[str, ...]], PodIdentityAgent] = {}

    def agent(self, place: NodePlace, hosts: tuple[str, ...] = ADDRESSES) -> Handler:
        """Return the Pod Identity agent of a node; ``hosts`` are the addresses that pods may call it by."""
        known = (place, hosts)
        if known not in self._agents:
            self._agents[known] = PodIdentityAgent(
                self._world, self._clock, self._credentials, self._door, time.monotonic, hosts
            )
        agent = self._agents[known]

        async def serve(request: Request) -> Response:
            node = self._node(place)
            return _gone() if node is None else await agent.serve(request, node)

        return serve

    def metadata(self, place: NodePlace, hops: int, options: MetadataOptions | None = None) -> Handler:
        """Return the metadata service of a node for clients that are ``hops`` away: 1 the node, 2 a pod."""

        async def serve(request: Request) -> Response:
            node = self._node(place)
            return _gone() if node is None else await self._metadata.serve(request, node, hops, options)

        return serve

    def _node(self, place: NodePlace) -> NodeIdentity | None:
        """Return the node as it is now; None if it, or its cluster, is gone."""
        cluster = self._world.facts.cluster(place.account, place.region, place.cluster)
        return None if cluster is None else node_identity(self._world.facts, cluster, place.node)


def _gone() -> Response:
    return Response(503, b"the node is gone\n", (("content-type", "text/plain"),))
