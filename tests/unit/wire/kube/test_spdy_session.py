"""SPDY sessions with clients that mean harm: what they can make the server hold, and for how long."""

import asyncio
import socket
from collections.abc import Callable, Coroutine

from sekisho.wire.kube.streams.port_forward import MAX_TASKS, SpdyForwarding, Streams
from sekisho.wire.kube.streams.spdy_frames import CANCEL, RST_STREAM, Decoder, Opened
from sekisho.wire.kube.streams.spdy_session import SpdySession
from unit.wire.kube.test_spdy_frames import Client, control, data

SECONDS = 30.0


class Line:
    """A connection whose other end is the test: what it sends is read in one piece."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.closed = asyncio.Event()
        self._arriving: asyncio.Queue[bytes] = asyncio.Queue()

    def put(self, *frames: bytes) -> None:
        self._arriving.put_nowait(b"".join(frames))

    async def read(self) -> bytes:
        return await self._arriving.get()

    async def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.closed.set()

    def resets(self) -> list[int]:
        """Return the streams that were reset, of what was sent so far."""
        found, at = [], 0
        while at < len(self.sent):
            size = int.from_bytes(self.sent[at + 5 : at + 8], "big")
            if self.sent[at : at + 4] == bytes((0x80, 3, 0, RST_STREAM)):
                assert int.from_bytes(self.sent[at + 12 : at + 16], "big") == CANCEL
                found.append(int.from_bytes(self.sent[at + 8 : at + 12], "big"))
            at += 8 + size
        return found


def reset(stream: int) -> bytes:
    return control(3, stream.to_bytes(4, "big") + CANCEL.to_bytes(4, "big"))


def pair(client: Client, first: int) -> bytes:
    """Open both streams of one connection to port 80."""
    told = {"port": "80", "requestid": str(first)}
    opened = client.opens(first, {"streamtype": "error", **told})
    return opened + client.opens(first + 2, {"streamtype": "data", **told})


class PodPort:
    """A port of a pod on which somebody listens who never says anything and never leaves."""

    def __init__(self) -> None:
        self.far: list[socket.socket] = []

    async def connect(self, _port: int) -> Streams:
        near, far = socket.socketpair()
        far.setblocking(False)
        self.far.append(far)
        return await asyncio.open_connection(sock=near)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(SECONDS):
        while True:
            await asyncio.sleep(0.005)
            if holds():
                return


def served(work: Callable[[Line, SpdyForwarding, PodPort], Coroutine[None, None, None]]) -> None:
    """Run ``work`` against a session that forwards ports."""

    async def run() -> None:
        line, port = Line(), PodPort()
        forwarding = SpdyForwarding(SpdySession(line), port.connect)
        serving = asyncio.create_task(forwarding.serve())
        try:
            await work(line, forwarding, port)
            line.put(b"")
            await asyncio.wait_for(serving, SECONDS)
        finally:
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            for one in port.far:
                one.close()

    asyncio.run(run())


def test_frames_are_decoded_one_after_another() -> None:
    """A small frame may hold headers that are long once decompressed: they are not held all at once."""
    client = Client()
    frames = Decoder().feed(b"".join(client.opens(at, {"x": "x" * 4000}) for at in (1, 3, 5)))
    assert iter(frames) is frames
    assert [frame.stream for frame in frames if isinstance(frame, Opened)] == [1, 3, 5]


def test_streams_that_are_reset_at_once_are_counted_until_nothing_is_left_of_them() -> None:
    async def work(line: Line, forwarding: SpdyForwarding, _port: PodPort) -> None:
        client, last = Client(), 2 * (MAX_TASKS + 100) - 1
        for at in range(1, last + 1, 2):
            line.put(client.opens(at, {"streamtype": "data", "port": "80"}), reset(at))
        line.put(client.opens(last + 2, {"streamtype": "data", "port": "80"}))
        await until(lambda: line.resets()[-1:] == [last + 2])
        assert forwarding.open <= MAX_TASKS

    served(work)


def test_a_reset_of_the_data_ends_the_connection_to_the_pod() -> None:
    async def work(line: Line, forwarding: SpdyForwarding, port: PodPort) -> None:
        line.put(pair(Client(), 1), data(3, b"hello"))
        await until(lambda: bool(port.far))
        line.put(reset(3))
        far = port.far[0]
        loop = asyncio.get_running_loop()
        received = b""
        async with asyncio.timeout(SECONDS):
            while part := await loop.sock_recv(far, 100):
                received += part
        assert received == b"hello"
        await until(lambda: forwarding.open == 0)

    served(work)


def test_a_client_that_has_sent_its_last_still_hears_the_pod() -> None:
    async def work(line: Line, _forwarding: SpdyForwarding, port: PodPort) -> None:
        line.put(pair(Client(), 1), data(3, b"hello", flags=1))
        await until(lambda: bool(port.far))
        await asyncio.get_running_loop().sock_sendall(port.far[0], b"answer")
        await until(lambda: data(3, b"answer") in bytes(line.sent))

    served(work)
