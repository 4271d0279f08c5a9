"""The streams of pods: logs, exec, attach and port-forward.

kube-apiserver checks the pod and the container and passes the request on to the node's kubelet; here
`Containers` is asked instead. Source: kubernetes ``pkg/registry/core/pod``, ``pkg/kubelet/server``.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import JsonObject, KubeUser
from sekisho.lab.kube.admission_chain import AdmissionChain
from sekisho.lab.kube.containers import Command, ContainerRef, Containers, LogOptions
from sekisho.lab.kube.objects import KubeObjects
from sekisho.lab.kube.remote_run import run_remotely
from sekisho.lab.kube.webhooks.asked import Write
from sekisho.wire.http import Connection, Request, Response, StreamResponse, Upgrade
from sekisho.wire.kube import pod_options, status
from sekisho.wire.kube.connect_options import KINDS, options_of, query_of
from sekisho.wire.kube.members import text
from sekisho.wire.kube.pod_options import LogQuery, Query, StreamQuery
from sekisho.wire.kube.registry import CORE, PODS
from sekisho.wire.kube.status import KubeError
from sekisho.wire.kube.streams.port_forward import (
    CHANNEL_PROTOCOLS,
    PROTOCOL,
    TUNNEL_PROTOCOL,
    ChannelForwarding,
    SpdyForwarding,
    Streams,
)
from sekisho.wire.kube.streams.remote_command import (
    SPDY_PROTOCOLS,
    WEBSOCKET_PROTOCOLS,
    RemoteStreams,
    SpdyStreams,
    WebSocketStreams,
)
from sekisho.wire.kube.streams.spdy_session import SpdySession
from sekisho.wire.kube.streams.upgrade import Agreed, agree
from sekisho.wire.kube.streams.websocket import Tunnel, WebSocket

MAX_OPEN = 256
"""How many upgraded connections one cluster serves at once."""

PODS_OFF = "the lab runs no pods: this pod is an object of the API that no node runs"

Run = Callable[[Connection], Awaitable[None]]


class PodStreams:
    """Answers the streaming subresources of one cluster's pods; ``containers`` is None where no pod runs."""

    def __init__(
        self,
        objects: KubeObjects,
        admission: AdmissionChain,
        containers: Containers | None,
        *,
        max_open: int = MAX_OPEN,
    ) -> None:
        self._objects = objects
        self._admission = admission
        self._containers = containers
        self._max_open = max_open
        self._open = 0

    async def answer(
        self, request: Request, attributes: RequestAttributes, user: KubeUser
    ) -> Response | StreamResponse | Upgrade:
        """Answer an authorized request for ``pods/log``, ``exec``, ``attach`` or ``portforward``.

        Raises:
            KubeError: the failure Status to answer with.
        """
        subresource = attributes.subresource
        if request.method not in (("GET",) if subresource == "log" else ("GET", "POST")):
            raise status.method_not_allowed()
        query = pod_options.read_values(request.query)
        if subresource == "log":
            return await self._log(attributes, pod_options.read_log(query, attributes.name))
        asked = await self._admitted(attributes, user, query)
        if subresource == "portforward":
            return self._forward(request, attributes, asked)
        return self._remote(
            request, attributes, pod_options.read_stream(asked), is_exec=subresource == "exec"
        )

    async def _admitted(self, attributes: RequestAttributes, user: KubeUser, query: Query) -> Query:
        """Return what is asked for, as webhooks leave it."""
        subresource = attributes.subresource
        body = options_of(subresource, query)
        kind = (CORE, KINDS[subresource])
        place = attributes.namespace, attributes.name
        write = Write("CONNECT", PODS, *place, user, body, subresource=subresource, kind=kind)
        after = await self._admission.mutated(write, [])
        await self._admission.validated(replace(write, body=after), [])
        return query if after == body else query_of(after)

    async def _log(self, attributes: RequestAttributes, asked: LogQuery) -> Response | StreamResponse:
        pod = self._pod(attributes)
        ref = _container(attributes, pod, asked.container)
        containers = self._running()
        plain = (("content-type", "text/plain"),)
        if not _host(pod):
            return Response(204, b"", plain)
        options = LogOptions(
            asked.follow,
            asked.previous,
            asked.timestamps,
            asked.tail_lines,
            asked.limit_bytes,
            asked.since,
            asked.since_time,
        )
        return StreamResponse(200, await containers.logs(ref, options), plain)

    def _remote(
        self, request: Request, attributes: RequestAttributes, asked: StreamQuery, *, is_exec: bool
    ) -> Upgrade:
        pod = self._pod(attributes)
        ref = _container(attributes, pod, asked.container)
        containers = self._running()
        _require_host(pod)
        pod_options.check_stream(asked, is_exec=is_exec)
        agreed = agree(request, SPDY_PROTOCOLS, WEBSOCKET_PROTOCOLS)

        async def start() -> Command:
            if is_exec:
                return await containers.execute(
                    ref, asked.command, stdin=asked.wanted.stdin, tty=asked.wanted.tty
                )
            return await containers.attach(ref, stdin=asked.wanted.stdin, tty=asked.wanted.tty)

        async def run(connection: Connection) -> None:
            streams: RemoteStreams
            if agreed.is_websocket:
                streams = WebSocketStreams(WebSocket(connection), agreed.protocol, asked.wanted)
            else:
                streams = SpdyStreams(SpdySession(connection), agreed.protocol, asked.wanted)
            await run_remotely(streams, start, asked.command if is_exec else None)

        return self._upgrade(agreed, run)

    def _forward(self, request: Request, attributes: RequestAttributes, query: Query) -> Upgrade:
        pod = self._pod(attributes)
        uid = text(pod, "metadata", "uid")
        containers = self._running()
        _require_host(pod)
        agreed = agree(request, (PROTOCOL,), (TUNNEL_PROTOCOL, *CHANNEL_PROTOCOLS))
        has_channels = agreed.protocol in CHANNEL_PROTOCOLS
        ports = pod_options.read_ports(query) if has_channels else ()

        async def connect(port: int) -> Streams:
            try:
                return await containers.connect(attributes.namespace, attributes.name, uid, port)
            except (KubeError, OSError) as error:
                raise OSError(
                    f"error forwarding port {port} to pod {attributes.name}, uid {uid}: {error}"
                ) from None

        async def run(connection: Connection) -> None:
            if has_channels:
                await ChannelForwarding(WebSocket(connection), agreed.protocol, ports, connect).serve()
            elif agreed.is_websocket:
                await SpdyForwarding(SpdySession(Tunnel(WebSocket(connection))), connect).serve()
            else:
                await SpdyForwarding(SpdySession(connection), connect).serve()

        return self._upgrade(agreed, run)

    def _upgrade(self, agreed: Agreed, run: Run) -> Upgrade:
        if self._open >= self._max_open:
            raise KubeError(
                429,
                "TooManyRequests",
                f"{self._open} streams of this cluster's pods are open; end one of them",
            )

        async def counted(connection: Connection) -> None:
            self._open += 1
            try:
                await run(connection)
            finally:
                self._open -= 1

        return Upgrade(agreed.headers, counted)

    def _pod(self, attributes: RequestAttributes) -> JsonObject:
        return self._objects.read(PODS, attributes.namespace, attributes.name)

    def _running(self) -> Containers:
        if self._containers is None:
            raise status.bad_request(PODS_OFF)
        return self._containers


def _container(attributes: RequestAttributes, pod: JsonObject, named: str) -> ContainerRef:
    container = pod_options.chosen_container(pod, named)
    return ContainerRef(attributes.namespace, attributes.name, text(pod, "metadata", "uid"), container)


def _host(pod: JsonObject) -> str:
    return text(pod, "spec", "nodeName")


def _require_host(pod: JsonObject) -> None:
    if not _host(pod):
        name = text(pod, "metadata", "name")
        raise status.bad_request(f"pod {name} does not have a host assigned")
