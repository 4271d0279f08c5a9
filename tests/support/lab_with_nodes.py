"""A lab in a thread of the test's own process, whose nodes' services listen on loopback ports.

A pod reaches the agent and the metadata service at link-local addresses of its own network; here the same
handlers stand behind ports of 127.0.0.1, which every SDK takes for an address of credentials.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from sekisho.lab.lab import Lab
from sekisho.lab.net.sockets import LOOPBACK, listen, port_of
from sekisho.lab.node.instance_metadata import MetadataOptions
from sekisho.lab.node.node_services import NodePlace
from sekisho.lab.world.state_dir import StateDir
from sekisho.testing import RunningLab
from sekisho.wire.http import HttpServer

T = TypeVar("T")
SECONDS = 60.0
NODE = "ip-192-168-92-154.ap-northeast-1.compute.internal"


@dataclass(frozen=True, slots=True)
class LabWithNodes:
    """The lab as clients see it, and the ports of a node's services."""

    running: RunningLab
    lab: Lab
    run: Callable[[Coroutine[Any, Any, T]], T]
    agent: str
    """The URL that AWS_CONTAINER_CREDENTIALS_FULL_URI holds."""
    metadata: str
    """The URL that AWS_EC2_METADATA_SERVICE_ENDPOINT holds, of a client on the node itself."""
    far_metadata: str
    """The same for a client of two hops, where one is allowed."""
    old_metadata: str
    """The same where version 1 is allowed."""


@contextmanager
def lab_with_nodes(folder: Path) -> Iterator[LabWithNodes]:
    """Start a lab of the default world with the services of its one node; stop all at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, loop).result(SECONDS)

    try:
        state = StateDir(folder / "state")
        state.create()
        state.log.touch()
        home = folder / "home"
        home.mkdir(parents=True)
        with state.locked():
            lab, servers, ports = run(_start(state))
            try:
                status = RunningLab(state, home, None).client.get("/status")
                urls = [f"http://{LOOPBACK}:{port}" for port in ports]
                yield LabWithNodes(
                    RunningLab(state, home, status), lab, run, f"{urls[0]}/v1/credentials", *urls[1:]
                )
            finally:
                run(_stop(lab, servers))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


async def _start(state: StateDir) -> tuple[Lab, list[HttpServer], list[int]]:
    lab = await Lab(state).__aenter__()
    place = NodePlace("111122223333", "ap-northeast-1", "eks-clu", NODE)
    handlers = (
        lab.nodes.agent(place, (LOOPBACK,)),
        lab.nodes.metadata(place, 1),
        lab.nodes.metadata(place, 2, MetadataOptions(hop_limit=1)),
        lab.nodes.metadata(place, 1, MetadataOptions(http_tokens_required=False)),
    )
    servers, ports = [], []
    for handler in handlers:
        socket = listen(0, "a node's service")
        ports.append(port_of(socket))
        servers.append(HttpServer(handler, socket))
        await servers[-1].start()
    return lab, servers, ports


async def _stop(lab: Lab, servers: list[HttpServer]) -> None:
    for server in servers:
        await server.stop()
    await lab.__aexit__(None, None, None)
