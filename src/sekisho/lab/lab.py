"""One lab: its state, its doors and its clusters, started together and stopped together."""

import asyncio
import contextlib
import json
import logging
import os
import shlex
import socket
import ssl
import sys
from collections.abc import Coroutine, Mapping
from types import MappingProxyType
from typing import Self

from sekisho.connect.https_document import HttpsDocument, IsRefused
from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.proof.credential import Signed
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.values import Instant, Secret
from sekisho.facts import Cluster, Kind
from sekisho.lab.aws.door.door import AwsDoor
from sekisho.lab.aws.door.route import is_aws_name
from sekisho.lab.control import CLOCK_META, Control
from sekisho.lab.door_code import DoorCode
from sekisho.lab.environment import lab_environment, public_roots
from sekisho.lab.envtest.assets import Assets
from sekisho.lab.errors import LabError
from sekisho.lab.install import install
from sekisho.lab.journal import Asked, Journal
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.net.authority import Authority, AuthorityFiles, create_authority
from sekisho.lab.net.proxy import ConnectProxy
from sekisho.lab.net.sockets import LOOPBACK, listen, port_of
from sekisho.lab.node.node_services import NodePlace, NodeServices
from sekisho.lab.pods import network
from sekisho.lab.pods.mode import PodMode
from sekisho.lab.pods.pod_files import pod_variables
from sekisho.lab.pods.runtime import Pods
from sekisho.lab.profiles import finish_profiles
from sekisho.lab.site import Clusters, head_code
from sekisho.lab.world import Change, Clock, Ids, StateDir, Store, World
from sekisho.wire.http import HttpServer, Response
from sekisho.wire.http.server import MAX_HEAD_BYTES

SAVE_SECONDS = 0.5

_CREDENTIAL_KINDS = frozenset({Kind.ACCESS_KEY, Kind.USER, Kind.ROLE})

_PROXY_STATUSES = {
    DoorCode.TUNNEL: 200,
    DoorCode.NOT_CONNECT: 405,
    DoorCode.HEAD_TOO_LARGE: 431,
    DoorCode.UNREACHED: 502,
}
"""What the proxy answers with; 403 to everything else."""

_log = logging.getLogger("sekisho.lab")


class Lab:
    """A running lab. Use as an asynchronous context manager; the state directory must be locked."""

    def __init__(
        self,
        state: StateDir,
        world_text: str | None = None,
        world_name: str = "default.yaml",
        files: Mapping[str, str] = MappingProxyType({}),
        assets: Assets | None = None,
        pods: PodMode = PodMode.ON,
    ) -> None:
        """Open the state, making it from ``world_text`` if there is none yet; ``files`` are those it names.

        With ``assets`` each cluster's API server is a real one.

        Raises:
            LabError: the state cannot be read, or there is one already and a world file was named.
            SekishoInputError: the world file is malformed; nothing was written.
        """
        self.state = state
        self._assets = assets
        self._pod_mode = pods
        self.clock = Clock()
        self.ids = Ids()
        installed = None
        if not state.database.exists():
            installed = install(world_text, world_name, self.ids, self.clock.now(), files)
        self._store = Store(state.database)
        if installed is None and self._store.revision() == 0:
            # A first start that was killed before its world was committed.
            installed = install(world_text, world_name, self.ids, self.clock.now(), files)
        if installed is None and world_text is not None:
            self._store.close()
            raise LabError(
                f"`{state.path}` holds a world already; start without --world, or with another --state-dir"
            )
        self.world = World(self._store)
        self.clock.moves = [(at, offset) for at, offset in json.loads(self.world.meta(CLOCK_META) or "[]")]
        self.authority = self._open_authority()
        self.journal = Journal(self._store)
        self._door_socket = self._listener("door", "AWS's second door")
        self._proxy_socket = self._listener("proxy", "the CONNECT proxy")
        self._login_socket = self._listener("login", "the login page")
        keys = IssuerKeys(self.world, self.clock)
        self.clusters = Clusters(
            self.world,
            self.authority,
            self.journal,
            self.clock,
            self.ids,
            self._ask_sts,
            self.door_port,
            keys,
            self._fetch,
            state.path / "envtest",
            assets,
        )
        site = self.clusters.site()
        if installed is not None:
            installed.write(self.world, site, state)
        finish_profiles(self.world, state)
        self.door = AwsDoor(
            self.world, self.journal, self.clock, self.ids, site, self.door_port, keys, self.login_port
        )
        self.nodes = NodeServices(self.world, self.clock, self.ids, self.door.serve)
        self._write_files()
        self._starting: set[asyncio.Task[None]] = set()
        self.stopped = asyncio.Event()
        self._site = site
        self._loading = asyncio.Lock()
        self.control = Control(
            state,
            self.clock,
            self.world,
            self.journal,
            self.clusters,
            lab_environment(state, self.proxy_port),
            self.door_port,
            self.login_port,
            self.stopped.set,
            self.load,
        )

    @property
    def door_port(self) -> int:
        """The port of the second door."""
        return port_of(self._door_socket)

    @property
    def proxy_port(self) -> int:
        """The port of the CONNECT proxy."""
        return port_of(self._proxy_socket)

    @property
    def login_port(self) -> int:
        """The port at which browsers reach the login pages of user pools."""
        return port_of(self._login_socket)

    async def __aenter__(self) -> Self:
        tls = self.authority.serving(is_aws_name, LOOPBACK, "localhost")
        self._aws = HttpServer(self.door.serve, self._door_socket, tls=tls, refusal=self._refuse_head)
        await self._aws.start()
        self._login = HttpServer(self.door.login.serve_local, self._login_socket, refusal=self._refuse_head)
        await self._login.start()
        self._proxy = ConnectProxy(self.door_port, is_aws_name, self._note_proxy)
        self._proxy_server = await asyncio.start_server(
            self._proxy.serve, sock=self._proxy_socket, limit=MAX_HEAD_BYTES
        )
        self._start_pods()
        for cluster in self.world.facts.clusters():
            await self.clusters.start(cluster)
        self._unlisten = self.world.listen(self._changed)
        self._control = HttpServer(self.control.serve, self._control_socket())
        await self._control.start()
        self._saver = asyncio.create_task(self._save_journal())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._unlisten()
        if self.clusters.pods is not None:
            await self.clusters.pods.stop()
        self._proxy_server.close()
        await self._proxy.stop()
        await asyncio.gather(self._aws.stop(), self._login.stop(), self.clusters.stop(), self._control.stop())
        self.state.socket.unlink(missing_ok=True)
        self._saver.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._saver
        self.journal.save()
        self._store.close()

    async def load(self, text: str, name: str, files: Mapping[str, str]) -> None:
        """Put another world in the place of this one, in one commit; a malformed one changes nothing.

        The API servers pause meanwhile; clusters that stay keep their ports.

        Raises:
            SekishoInputError: the file is malformed, or asks for what the lab does not serve.
            LabError: the port of a cluster is taken.
        """
        if self._assets is not None:
            raise LabError("a lab with real API servers keeps its world; start another one with --world")
        async with self._loading:
            installed = install(text, name, self.ids, self.clock.now(), files)
            await asyncio.gather(*self._starting)
            self._unlisten()
            await self.clusters.pause()
            try:
                installed.write(self.world, self._site, self.state)
            finally:
                self._unlisten = self.world.listen(self._changed)
                for cluster in self.world.facts.clusters():
                    await self.clusters.start(cluster)

    async def _fetch(self, url: str, trust: ssl.SSLContext, is_refused: IsRefused) -> HttpsDocument:
        return await self.door.documents.fetch(url, trust, is_refused)

    def _ask_sts(self, request: HttpRequest, now: Instant) -> tuple[Decision[Signed], int, bytes]:
        return self.door.caller_identity(request, now)

    def _open_authority(self) -> Authority:
        key, certificate = self.world.secret("authority/key"), self.world.meta("authority/certificate")
        if key is None or certificate is None:
            files = create_authority(self.clock.now().moment)
            self.world.commit((), {"authority/key": files.key}, {"authority/certificate": files.certificate})
            return Authority(files)
        return Authority(AuthorityFiles(certificate, Secret(key.reveal())))

    def _listener(self, name: str, purpose: str) -> socket.socket:
        """Return a listening socket on the port chosen at the first start."""
        chosen = self.world.meta(f"port/{name}")
        listener = listen(int(chosen) if chosen else 0, purpose)
        if chosen is None:
            self.world.commit((), meta={f"port/{name}": str(port_of(listener))})
        return listener

    def _control_socket(self) -> socket.socket:
        path = self.state.socket
        path.unlink(missing_ok=True)  # the lock is ours: whoever made it is gone
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            listener.bind(str(path))
        except OSError as error:
            raise LabError(
                f"the control socket `{path}` cannot be made: {error.strerror or error}; "
                "choose a shorter --state-dir"
            ) from None
        finally:
            os.umask(mask)
        listener.listen(16)
        listener.setblocking(False)
        return listener

    def _write_files(self) -> None:
        """Write what clients read; credentials and kubeconfig belong to the user once they are there."""
        state = self.state
        state.write(state.ca, self.authority.certificate)
        roots = public_roots()
        state.write(state.ca_bundle, f"{roots.rstrip()}\n{self.authority.certificate}")
        program = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -P -m sekisho "$@"\n'
        state.write(state.programs / "sekisho", program, 0o700)
        state.kubeconfig.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _changed(self, change: Change) -> None:
        if change.key.kind in _CREDENTIAL_KINDS:
            self.clusters.credentials_changed(change)
        if isinstance(change.after, Cluster) and change.before is None:
            self._run(self.clusters.start(change.after))
        elif isinstance(change.before, Cluster) and change.after is None:
            server = self.clusters.forget(str(change.before.arn))
            if server is not None:
                self._run(server.stop())
            if self.clusters.pods is not None:
                self._run(self.clusters.pods.leave(str(change.before.arn)))

    def _start_pods(self) -> None:
        """Run the pods of clusters, in a network that has what the lab serves and nothing else."""
        if self._pod_mode is PodMode.OFF or self._assets is not None:
            return  # who runs pods here knows the lab's own API servers only
        own = ConnectProxy(self.door_port, is_aws_name, self._note_proxy, tunnels=False)
        table = {
            (LOOPBACK, self.proxy_port): network.proxy(own),
            (LOOPBACK, self.door_port): network.relay(self.door_port),
            network.POD_IDENTITY_AGENT: network.http(
                lambda pod: self.nodes.agent(NodePlace.of(pod.cluster, pod.node))
            ),
            network.INSTANCE_METADATA: network.http(
                lambda pod: self.nodes.metadata(NodePlace.of(pod.cluster, pod.node), hops=2)
            ),
        }
        variables = lab_environment(self.state, self.proxy_port).set
        self.clusters.pods = Pods(self.world, self.clock, self.state, pod_variables(variables), table)
        self.clusters.containers_of = self.clusters.pods.containers
        self.clusters.pods.start()

    def _run(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    def _refuse_head(self, code: str, _client: tuple[str, int] | None) -> Response:
        door_code = head_code(code)
        sentence = door_code.sentence.format(limit=MAX_HEAD_BYTES)
        status = 431 if door_code is DoorCode.HEAD_TOO_LARGE else 400
        self._note("aws", "request", status, Outcome.DENY, door_code, sentence)
        body = f"sekisho: {sentence}\n".encode()
        return Response(status, body, (("content-type", "text/plain; charset=utf-8"),))

    def _note_proxy(self, code: DoorCode, target: str) -> None:
        outcome = Outcome.ALLOW if code is DoorCode.TUNNEL else Outcome.DENY
        status = _PROXY_STATUSES.get(code, 403)
        sentence = code.sentence.format(target=target, limit=MAX_HEAD_BYTES)
        self._note("proxy", f"CONNECT {target}", status, outcome, code, sentence)

    def _note(
        self, target: str, question: str, status: int, outcome: Outcome, code: DoorCode, sentence: str
    ) -> None:
        request_id = self.ids.request_id()
        now = self.clock.now()
        surface = "proxy" if target == "proxy" else "aws"
        self.journal.note(
            Asked(request_id, now, surface, target, "", "", question, status, outcome, str(code), sentence)
        )

    async def _save_journal(self) -> None:
        while True:
            await asyncio.sleep(SAVE_SECONDS)
            self.journal.save()
