"""A SPDY/3.1 session with a client that opens streams: each is read and written by itself.

The clients of Kubernetes know no flow control of streams, so none is sent: a stream that nobody reads
makes the whole session wait once `pipe.QUEUED_BYTES` lie there.
"""

import asyncio
from collections.abc import Awaitable, Callable

from sekisho.wire.kube.streams.duplex import Duplex
from sekisho.wire.kube.streams.pipe import Pipe
from sekisho.wire.kube.streams.spdy_frames import (
    CANCEL,
    PROTOCOL_ERROR,
    REFUSED_STREAM,
    Data,
    Decoder,
    Encoder,
    Frame,
    GoneAway,
    Headers,
    Opened,
    Ping,
    Reset,
    SpdyError,
)

MAX_STREAMS = 512
"""How many streams may be open at once in one session: a port-forward uses two for each connection."""

PIECE_BYTES = 32 * 1024


class SpdyStream:
    """One stream that the client opened."""

    def __init__(self, session: "SpdySession", number: int, headers: Headers) -> None:
        self.number = number
        self.headers = headers
        self._session = session
        self._pipe = Pipe()
        self._is_read_out = False
        self._closed = False
        self._was_reset = False
        self.gone = asyncio.Event()
        """Set when the stream is over in both directions, whatever still lies here."""

    async def read(self) -> bytes:
        """Return what has arrived; ``b""`` once the client has sent its last."""
        return await self._pipe.read()

    async def write(self, data: bytes) -> None:
        """Send bytes.

        Raises:
            ConnectionError: the stream or the session is over.
        """
        if self._closed or self._was_reset:
            raise ConnectionResetError("the stream is closed")
        for at in range(0, len(data), PIECE_BYTES):
            await self._session.send_data(self.number, data[at : at + PIECE_BYTES], fin=False)

    async def finish(self) -> None:
        """Say that nothing more will be sent on it; twice is once."""
        if not self._closed and not self._was_reset:
            self._closed = True
            await self._session.send_data(self.number, b"", fin=True)
            if self._is_read_out:
                self._session.forget(self.number)

    def close(self) -> None:
        """Leave it: what still arrives is dropped."""
        self._pipe.drop()

    async def reset(self) -> None:
        """End it in both directions."""
        if not self._was_reset:
            self.ended(was_reset=True)
            self._session.forget(self.number)
            await self._session.send_reset(self.number, CANCEL)

    async def take(self, data: bytes, *, fin: bool) -> None:
        """Take what arrived for it, and wait while too much lies here."""
        if data:
            await self._pipe.take(data)
        if fin:
            self.ended(was_reset=False)
            if self._closed:
                self._session.forget(self.number)

    def ended(self, *, was_reset: bool) -> None:
        """Be told that nothing more comes; what has arrived can still be read."""
        self._is_read_out = True
        self._was_reset = self._was_reset or was_reset
        if was_reset:
            self.gone.set()
        self._pipe.end()


Accept = Callable[[SpdyStream], Awaitable[bool]]
"""Told of a stream that the client opens, after it was accepted; False resets it."""


class SpdySession:
    """The streams of one client over ``carrier``."""

    def __init__(self, carrier: Duplex, *, max_streams: int = MAX_STREAMS) -> None:
        self._carrier = carrier
        self._max_streams = max_streams
        self._decoder = Decoder()
        self._encoder = Encoder()
        self._streams: dict[int, SpdyStream] = {}
        self._last = 0
        self._sending = asyncio.Lock()

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    async def serve(self, accept: Accept) -> None:
        """Read until the client leaves. Bytes that are not SPDY end the session with GOAWAY.

        Raises:
            ConnectionError: the client is gone.
        """
        try:
            while data := await self._carrier.read():
                for frame in self._decoder.feed(data):
                    await self._take(frame, accept)
        except SpdyError:
            await self._send(lambda: self._encoder.goaway(self._last, PROTOCOL_ERROR))
        finally:
            for stream in self._streams.values():
                stream.ended(was_reset=True)

    async def send_data(self, number: int, data: bytes, *, fin: bool) -> None:
        """Send bytes of a stream."""
        await self._send(lambda: self._encoder.data(number, data, fin=fin))

    async def send_reset(self, number: int, status: int) -> None:
        """Reset a stream."""
        await self._send(lambda: self._encoder.reset(number, status))

    def forget(self, number: int) -> None:
        """Count a stream no more: both sides have ended it."""
        self._streams.pop(number, None)

    async def _send(self, frame: Callable[[], bytes]) -> None:
        # Frames are made in the order in which they are sent: compression depends on it.
        async with self._sending:
            await self._carrier.write(frame())

    async def _take(self, frame: Frame, accept: Accept) -> None:
        match frame:
            case Opened():
                await self._open(frame, accept)
            case Data():
                stream = self._streams.get(frame.stream)
                if stream is not None:
                    await stream.take(frame.data, fin=frame.fin)
            case Reset():
                stream = self._streams.pop(frame.stream, None)
                if stream is not None:
                    stream.ended(was_reset=True)
            case Ping():
                await self._send(lambda: self._encoder.ping(frame.id))
            case GoneAway():
                pass

    async def _open(self, frame: Opened, accept: Accept) -> None:
        if frame.stream <= self._last:
            raise SpdyError("the numbers of streams have to grow")
        self._last = frame.stream
        if len(self._streams) >= self._max_streams:
            await self.send_reset(frame.stream, REFUSED_STREAM)
            return
        stream = SpdyStream(self, frame.stream, frame.headers)
        self._streams[frame.stream] = stream
        await self._send(lambda: self._encoder.reply(frame.stream))
        if not await accept(stream):
            await stream.reset()
        elif frame.fin:
            await stream.take(b"", fin=True)
