"""What a pod reaches through the lab: a port of the lab's own, and no longer once it is not."""

import asyncio
import socket

from sekisho.decide.values import AccountId
from sekisho.facts import Cluster
from sekisho.facts.world.content import UNDATED
from sekisho.lab.net.sockets import LOOPBACK
from sekisho.lab.pods.network import PodPlace, relay


async def _asked(port: int) -> bytes:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


def test_a_relay_ends_with_what_it_leads_to() -> None:
    cluster = Cluster(AccountId("111122223333"), "eu-west-1", "c", "1.34", UNDATED)
    place = PodPlace(cluster, "default", "web", "uid", "default", "node")

    async def walk() -> tuple[bytes, bytes]:
        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"hello")
            writer.close()

        server = await asyncio.start_server(answer, LOOPBACK, 0)
        ours = [True]
        listener = socket.create_server((LOOPBACK, 0))
        stop = await relay(server.sockets[0].getsockname()[1], lambda: ours[0])(place, listener)
        port = listener.getsockname()[1]
        before = await _asked(port)
        ours[0] = False
        after = await _asked(port)
        await stop()
        server.close()
        return before, after

    assert asyncio.run(walk()) == (b"hello", b"")
