"""The clusters that run: one API server each, on a port that is chosen once."""

import base64
import socket
from collections.abc import Callable
from pathlib import Path

from sekisho.connect.issuer_keys import Fetch
from sekisho.decide.authn.iam_token import TokenServer
from sekisho.decide.values import Instant
from sekisho.facts import Cluster, Event
from sekisho.facts.node_identity import instance_names
from sekisho.lab.aws.operation import Site
from sekisho.lab.door_code import DoorCode
from sekisho.lab.envtest.assets import Assets
from sekisho.lab.envtest.control_plane import ControlPlane, Place
from sekisho.lab.journal import Journal
from sekisho.lab.kube import seed
from sekisho.lab.kube.admission_chain import AdmissionChain
from sekisho.lab.kube.authenticator import AskSts, Authenticator
from sekisho.lab.kube.containers import Containers
from sekisho.lab.kube.controllers import Controllers
from sekisho.lab.kube.id_tokens import ClusterIdTokens
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.kube.objects import KubeObjects
from sekisho.lab.kube.reviews import Reviews
from sekisho.lab.kube.server import KubeServer
from sekisho.lab.kube.service_account_tokens import ServiceAccountTokens
from sekisho.lab.kube.service_address import SERVICE_HOSTS
from sekisho.lab.kube.streams import PodStreams
from sekisho.lab.kube.subresources import Subresources
from sekisho.lab.kube.token_requests import TokenRequests
from sekisho.lab.kube.verbs import Verbs
from sekisho.lab.kube.writes import Writes
from sekisho.lab.net.authority import Authority
from sekisho.lab.net.sockets import LOOPBACK, listen, port_of
from sekisho.lab.pods.runtime import Pods
from sekisho.lab.world import Change, Clock, Ids, World
from sekisho.wire.http import HttpServer, Response
from sekisho.wire.http.server import MAX_HEAD_BYTES
from sekisho.wire.sts_endpoints import load_sts_endpoints

MAX_TRIED_CLUSTERS = 20
"""For how many other clusters a token whose signature is wrong is tried, to explain the refusal."""


class Clusters:
    """Starts an API server for every cluster of the world, those that are created later too."""

    def __init__(
        self,
        world: World,
        authority: Authority,
        journal: Journal,
        clock: Clock,
        ids: Ids,
        ask_sts: AskSts,
        door_port: int,
        keys: IssuerKeys,
        fetch: Fetch,
        folder: Path,
        assets: Assets | None = None,
    ) -> None:
        """With ``assets`` the API servers are real ones, whose files are kept in ``folder``."""
        self._fetch = fetch
        self._keys = keys
        self._folder = folder
        self._assets = assets
        self._world = world
        self._authority = authority
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._ask_sts = ask_sts
        self._door_port = door_port
        self._reserved: dict[int, socket.socket] = {}
        self._servers: dict[str, HttpServer | ControlPlane] = {}
        self.containers_of: Callable[[str], Containers | None] = lambda _arn: None
        """Returns what runs the pods of a cluster, by its ARN; asked when its API server starts."""

        self._controllers: dict[str, Controllers] = {}
        self.live: dict[str, LiveCluster] = {}
        self.authenticators: dict[str, Authenticator] = {}
        self.pods: Pods | None = None
        """Who runs the pods of the clusters, if anybody does."""

    @property
    def are_real(self) -> bool:
        """Whether the API servers are real ones."""
        return self._assets is not None

    def site(self) -> Site:
        """Return what an operation that creates a cluster is given."""
        certificate = self._authority.certificate
        return Site(self._new_endpoint, base64.b64encode(certificate.encode()).decode(), self._first_objects)

    async def start(self, cluster: Cluster) -> None:
        """Serve the API of one cluster.

        Raises:
            LabError: its port is taken.
        """
        arn = str(cluster.arn)
        if arn in self._servers:
            return
        address = cluster.endpoint.removeprefix("https://")
        port = int(address.rpartition(":")[2])
        listener = self._reserved.pop(port, None) or listen(port, f"the cluster {cluster.name}")
        live = LiveCluster(self._world, cluster)
        # Clients of the second door sign for it: their tokens name it, with its port.
        second_door = frozenset({f"{LOOPBACK}:{self._door_port}", f"localhost:{self._door_port}"})
        server = TokenServer(
            cluster.name,
            load_sts_endpoints(cluster.partition),
            cluster.region,
            refuse_foreign_scope=False,
            own_hosts=second_door,
        )
        authenticator = Authenticator(
            server,
            live,
            self._ask_sts,
            lambda: self._other_names(cluster.name),
            self._clock,
            ServiceAccountTokens(self._world, live, self._keys, self._clock),
            ClusterIdTokens(live, self._clock, self._fetch),
            lambda: instance_names(self._world.facts, live.cluster),
        )
        if self._assets is not None:
            listener.close()  # kube-apiserver listens itself
            await self._start_real(arn, live, authenticator, self._assets)
            return
        objects = KubeObjects(self._world, arn, self._clock, self._ids)
        admission = AdmissionChain(self._world, live, objects)
        writes = Writes(objects, admission)
        tokens = TokenRequests(cluster.issuer, objects, self._keys, self._ids, admission)
        if self.pods is not None:
            self.pods.join(cluster, objects, tokens, port)
        api = KubeServer(
            live,
            authenticator,
            Verbs(self._world, live, objects, writes),
            Subresources(objects, admission, writes),
            Reviews(live, authenticator),
            tokens,
            PodStreams(objects, admission, self.containers_of(arn)),
            self._keys,
            self._journal,
            self._clock,
            self._ids,
            address,
        )

        def refuse(code: DoorCode) -> Response:
            return api.refusal(code, code.sentence.format(limit=MAX_HEAD_BYTES))

        tls = self._authority.context(LOOPBACK, "localhost", *SERVICE_HOSTS)
        http = HttpServer(api.serve, listener, tls=tls, refusal=lambda code, _client: refuse(head_code(code)))
        await http.start()
        certificate = self._authority.certificate
        controllers = Controllers(self._world, live, objects, writes, self._clock, self._keys, certificate)
        controllers.start()
        self._controllers[arn] = controllers
        self._servers[arn], self.live[arn], self.authenticators[arn] = http, live, authenticator

    async def _start_real(
        self, arn: str, live: LiveCluster, authenticator: Authenticator, assets: Assets
    ) -> None:
        place = Place(
            self._world,
            self._authority,
            self._journal,
            self._clock,
            self._ids,
            self._keys,
            self._folder,
            assets,
        )
        plane = ControlPlane(place, live, authenticator)
        self._servers[arn], self.live[arn], self.authenticators[arn] = plane, live, authenticator
        try:
            await plane.start()
        except BaseException:
            await plane.stop()
            self.forget(arn)
            raise

    def forget(self, arn: str) -> "HttpServer | ControlPlane | None":
        """Leave a cluster that was deleted; its server is returned, to be stopped."""
        controllers = self._controllers.pop(arn, None)
        if controllers is not None:
            controllers.stop()
        live = self.live.pop(arn, None)
        if live is not None:
            live.stop()
        self.authenticators.pop(arn, None)
        return self._servers.pop(arn, None)

    async def stop(self) -> None:
        """Stop every API server."""
        for listener in self._reserved.values():
            listener.close()
        self._stop_controllers()
        for server in self._servers.values():
            await server.stop()

    async def pause(self) -> None:
        """Stop every API server until `start` is called again; clients find the same ports."""
        self._stop_controllers()
        servers, lives = list(self._servers.values()), list(self.live.values())
        self._servers.clear()
        self.live.clear()
        self.authenticators.clear()
        if self.pods is not None:
            await self.pods.leave_all()
        for live in lives:
            live.stop()
        for server in servers:
            await server.stop()

    def _stop_controllers(self) -> None:
        for controllers in self._controllers.values():
            controllers.stop()
        self._controllers.clear()

    def credentials_changed(self, _change: Change) -> None:
        """Ask STS again for every token, because a key, a user or a role is not what it was."""
        for authenticator in self.authenticators.values():
            authenticator.forget()

    def _other_names(self, name: str) -> list[str]:
        names = dict.fromkeys(live.name for live in self.live.values())
        return [other for other in names if other != name][:MAX_TRIED_CLUSTERS]

    def _new_endpoint(self) -> str:
        listener = listen(0, "a new cluster")
        port = port_of(listener)
        self._reserved[port] = listener
        return f"https://{LOOPBACK}:{port}"

    def _first_objects(self, cluster: Cluster) -> tuple[Event, ...]:
        return seed.first_objects(str(cluster.arn), self._now(), self._authority.certificate)

    def _now(self) -> Instant:
        return self._clock.now()


def head_code(code: str) -> DoorCode:
    """Return the door's code for a request head that the HTTP server refused."""
    return {
        "http.head-too-large": DoorCode.HEAD_TOO_LARGE,
        "http.head-too-slow": DoorCode.HEAD_TOO_SLOW,
        "http.body-too-slow": DoorCode.BODY_TOO_SLOW,
    }.get(code, DoorCode.MALFORMED)
