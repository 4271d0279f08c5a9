"""SPDY/3.1 frames as bytes and as values (SPDY protocol draft 3.1, section 2.2 and following).

Nothing is awaited here. Data is handed out as it arrives, so that the length that a frame claims
costs no memory; a control frame is held until it is whole, and so may not be long.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sekisho.wire.kube.streams.spdy_dictionary import DICTIONARY

VERSION = 3
MAX_CONTROL_BYTES = 64 * 1024
MAX_HEADER_BYTES = 4 * 1024
"""How long the headers of a stream may be once they are decompressed; three short ones are sent."""

MAX_DATA_BYTES = 0xFFFFFF
FLAG_FIN = 1

SYN_STREAM, SYN_REPLY, RST_STREAM, SETTINGS, PING, GOAWAY, HEADERS, WINDOW_UPDATE = 1, 2, 3, 4, 6, 7, 8, 9
PROTOCOL_ERROR, REFUSED_STREAM, CANCEL = 1, 3, 5

Headers = Mapping[str, str]


class SpdyError(Exception):
    """The bytes are not SPDY/3.1, or more than is read of it: the session has to end."""


@dataclass(frozen=True, slots=True)
class Opened:
    """SYN_STREAM: the client opens a stream; ``fin``: it will send nothing on it."""

    stream: int
    headers: Headers
    fin: bool


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of a stream; ``fin`` with the last of them."""

    stream: int
    data: bytes
    fin: bool


@dataclass(frozen=True, slots=True)
class Reset:
    """RST_STREAM: the stream is over in both directions."""

    stream: int


@dataclass(frozen=True, slots=True)
class Ping:
    """PING, to be sent back as it is."""

    id: int


@dataclass(frozen=True, slots=True)
class GoneAway:
    """GOAWAY: the client opens no more streams."""


Frame = Opened | Data | Reset | Ping | GoneAway


class Decoder:
    """Turns what a client sends into frames, wherever the bytes are cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._inflate = zlib.decompressobj(zdict=DICTIONARY)
        self._stream = 0
        self._left = 0
        self._fin = False

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Yield the frames that are whole now, data as far as it arrived. All are to be taken.

        Raises:
            SpdyError: malformed, of another version, too long. Nothing may be fed after it.
        """
        self._buffer += data
        at = 0
        while True:
            if self._left:
                piece = bytes(self._buffer[at : at + self._left])
                if not piece:
                    break
                at += len(piece)
                self._left -= len(piece)
                yield Data(self._stream, piece, self._fin and not self._left)
                continue
            if len(self._buffer) - at < 8:
                break
            head, length = struct.unpack_from(">II", self._buffer, at)
            flags, length = length >> 24, length & 0xFFFFFF
            if not head & 0x80000000:
                at += 8
                self._stream, self._left, self._fin = head, length, bool(flags & FLAG_FIN)
                if not length:
                    yield Data(head, b"", self._fin)
                continue
            if length > MAX_CONTROL_BYTES:
                raise SpdyError(f"a control frame of {length} bytes; at most {MAX_CONTROL_BYTES} are read")
            if len(self._buffer) - at < 8 + length:
                break
            body = bytes(self._buffer[at + 8 : at + 8 + length])
            at += 8 + length
            frame = self._control(head, flags, body)
            if frame is not None:
                yield frame
        del self._buffer[:at]

    def _control(self, head: int, flags: int, body: bytes) -> Frame | None:
        version, kind = head >> 16 & 0x7FFF, head & 0xFFFF
        if version != VERSION:
            raise SpdyError(f"expected frames of version {VERSION}, not {version}")
        if kind == SYN_STREAM:
            stream = _number(body, 0) & 0x7FFFFFFF
            if stream % 2 == 0:
                raise SpdyError("a stream that a client opens has an odd number")
            return Opened(stream, self._headers(body[10:]), bool(flags & FLAG_FIN))
        if kind == RST_STREAM:
            return Reset(_number(body, 0) & 0x7FFFFFFF)
        if kind == PING:
            return Ping(_number(body, 0))
        if kind == GOAWAY:
            return GoneAway()
        if kind in (SYN_REPLY, HEADERS):
            # Not acted on, but what is compressed after it depends on it.
            self._headers(body[4:])
        return None

    def _headers(self, compressed: bytes) -> Headers:
        try:
            raw = self._inflate.decompress(compressed, MAX_HEADER_BYTES)
        except zlib.error:
            raise SpdyError("the headers of a frame are not compressed as SPDY asks") from None
        if self._inflate.unconsumed_tail or self._inflate.eof:
            raise SpdyError(f"headers of a frame over {MAX_HEADER_BYTES} bytes")
        found: dict[str, str] = {}
        at = 4
        for _ in range(_number(raw, 0)):
            name, at = _text(raw, at)
            value, at = _text(raw, at)
            found[name.lower()] = value
        return found


class Encoder:
    """Turns what is sent to a client into bytes; the order of the calls is the order on the wire."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def reply(self, stream: int) -> bytes:
        """Return SYN_REPLY: the stream that the client opened is accepted. It has no headers."""
        compressed = self._deflate.compress(struct.pack(">I", 0)) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        return _control_frame(SYN_REPLY, struct.pack(">I", stream) + compressed)

    def data(self, stream: int, data: bytes, *, fin: bool = False) -> bytes:
        """Return a data frame of at most MAX_DATA_BYTES; with ``fin`` it is the stream's last."""
        flags = FLAG_FIN if fin else 0
        return struct.pack(">II", stream, flags << 24 | len(data)) + data

    def reset(self, stream: int, status: int) -> bytes:
        """Return RST_STREAM."""
        return _control_frame(RST_STREAM, struct.pack(">II", stream, status))

    def ping(self, id_: int) -> bytes:
        """Return PING."""
        return _control_frame(PING, struct.pack(">I", id_))

    def goaway(self, last: int, status: int) -> bytes:
        """Return GOAWAY; ``last`` is the last stream of the client's that was accepted."""
        return _control_frame(GOAWAY, struct.pack(">II", last, status))


def _control_frame(kind: int, body: bytes) -> bytes:
    return struct.pack(">HHI", 0x8000 | VERSION, kind, len(body)) + body


def _number(raw: bytes, at: int) -> int:
    if len(raw) < at + 4:
        raise SpdyError("a frame ends where a number is expected")
    return int.from_bytes(raw[at : at + 4], "big")


def _text(raw: bytes, at: int) -> tuple[str, int]:
    end = at + 4 + _number(raw, at)
    if end > len(raw):
        raise SpdyError("a header is longer than its frame")
    return raw[at + 4 : end].decode("latin-1"), end
