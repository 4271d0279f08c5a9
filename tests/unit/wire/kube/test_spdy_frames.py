"""SPDY/3.1 frames: what is read wherever it is cut, what is refused, and that no bytes break the reader."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.wire.kube.streams.spdy_dictionary import DICTIONARY
from sekisho.wire.kube.streams.spdy_frames import (
    MAX_CONTROL_BYTES,
    MAX_HEADER_BYTES,
    Data,
    Decoder,
    Encoder,
    Frame,
    GoneAway,
    Opened,
    Ping,
    Reset,
    SpdyError,
)


class Client:
    """What a client writes; its headers are compressed one after another."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(zdict=DICTIONARY)

    def packed(self, headers: dict[str, str]) -> bytes:
        raw = struct.pack(">I", len(headers))
        for name, value in headers.items():
            for word in (name.encode(), value.encode()):
                raw += struct.pack(">I", len(word)) + word
        return self._deflate.compress(raw) + self._deflate.flush(zlib.Z_SYNC_FLUSH)

    def opens(self, stream: int, headers: dict[str, str], flags: int = 0) -> bytes:
        return control(1, struct.pack(">IIH", stream, 0, 0) + self.packed(headers), flags)


def control(kind: int, body: bytes, flags: int = 0, version: int = 3) -> bytes:
    return struct.pack(">HHI", 0x8000 | version, kind, flags << 24 | len(body)) + body


def data(stream: int, sent: bytes, flags: int = 0) -> bytes:
    return struct.pack(">II", stream, flags << 24 | len(sent)) + sent


def conversation() -> tuple[bytes, list[Frame]]:
    client = Client()
    sent = b"".join(
        (
            client.opens(1, {"streamtype": "error"}, flags=1),
            client.opens(3, {"StreamType": "data", "port": "8080"}),
            control(4, struct.pack(">III", 1, 4, 100)),  # SETTINGS say nothing to us
            data(3, b"hello"),
            control(6, struct.pack(">I", 7)),
            control(9, struct.pack(">II", 3, 65_536)),  # WINDOW_UPDATE
            control(8, struct.pack(">I", 3) + client.packed({"more": "headers"})),
            client.opens(5, {"streamtype": "stdin"}),
            data(3, b"", flags=1),
            control(3, struct.pack(">II", 5, 5)),
            control(7, struct.pack(">II", 0, 0)),
        )
    )
    read: list[Frame] = [
        Opened(1, {"streamtype": "error"}, True),
        Opened(3, {"streamtype": "data", "port": "8080"}, False),
        Data(3, b"hello", False),
        Ping(7),
        Opened(5, {"streamtype": "stdin"}, False),
        Data(3, b"", True),
        Reset(5),
        GoneAway(),
    ]
    return sent, read


def joined(frames: list[Frame]) -> list[Frame]:
    """Put together the pieces in which the data of one frame came."""
    found: list[Frame] = []
    for frame in frames:
        last = found[-1] if found else None
        if isinstance(frame, Data) and isinstance(last, Data) and not last.fin and last.data and frame.data:
            found[-1] = Data(frame.stream, last.data + frame.data, frame.fin)
        else:
            found.append(frame)
    return found


def test_the_dictionary_is_that_of_the_draft() -> None:
    """Its checksum stands in every header block that a client compresses (draft 3.1, section 2.6.10.1)."""
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


def test_frames_are_read_as_they_were_sent() -> None:
    sent, read = conversation()
    assert list(Decoder().feed(sent)) == read


def test_frames_are_read_wherever_they_are_cut() -> None:
    sent, read = conversation()
    for at in range(len(sent) + 1):
        decoder = Decoder()
        assert joined([*decoder.feed(sent[:at]), *decoder.feed(sent[at:])]) == read, at
    decoder = Decoder()
    assert joined([frame for at in range(len(sent)) for frame in decoder.feed(sent[at : at + 1])]) == read


def test_the_length_of_data_costs_no_memory() -> None:
    decoder = Decoder()
    claimed = struct.pack(">II", 1, 1 << 24 | 0xFFFFFF)
    assert list(decoder.feed(claimed + b"x")) == [Data(1, b"x", False)]
    assert list(decoder.feed(b"y" * 0xFFFFFE)) == [Data(1, b"y" * 0xFFFFFE, True)]


BOMB = zlib.compressobj(zdict=DICTIONARY)
BOMB_BYTES = BOMB.compress(bytes(MAX_HEADER_BYTES + 1)) + BOMB.flush(zlib.Z_SYNC_FLUSH)

LONGER = zlib.compressobj(zdict=DICTIONARY)
LONGER_BYTES = LONGER.compress(struct.pack(">II", 1, 99)) + LONGER.flush(zlib.Z_SYNC_FLUSH)

REFUSED = {
    "another version": control(6, bytes(4), version=2),
    "a control frame that is too long": struct.pack(">HHI", 0x8003, 1, MAX_CONTROL_BYTES + 1),
    "a stream with an even number": Client().opens(2, {}),
    "stream zero": Client().opens(0, {}),
    "headers that are not compressed": control(1, struct.pack(">IIH", 1, 0, 0) + b"streamtype"),
    "headers that are too long": control(1, struct.pack(">IIH", 1, 0, 0) + BOMB_BYTES),
    "a header that is longer than its block": control(1, struct.pack(">IIH", 1, 0, 0) + LONGER_BYTES),
    "a ping without a number": control(6, b"\x00"),
    "a reset without a number": control(3, b""),
}


@pytest.mark.parametrize("sent", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_spdy_is_refused(sent: bytes) -> None:
    with pytest.raises(SpdyError):
        list(Decoder().feed(sent))


def test_a_control_frame_may_be_as_long_as_is_read() -> None:
    assert list(Decoder().feed(control(4, bytes(MAX_CONTROL_BYTES)))) == []


def read_or_refused(*pieces: bytes) -> list[Frame] | None:
    decoder = Decoder()
    try:
        return [frame for piece in pieces for frame in decoder.feed(piece)]
    except SpdyError:
        return None


@given(st.lists(st.binary(max_size=200), max_size=5))
def test_no_bytes_break_the_reader(pieces: list[bytes]) -> None:
    frames = read_or_refused(*pieces) or []
    carried = sum(len(frame.data) for frame in frames if isinstance(frame, Data))
    assert carried <= sum(len(piece) for piece in pieces)


@given(st.integers(0, 9), st.integers(0, 255), st.binary(max_size=64))
def test_no_control_frame_breaks_the_reader(kind: int, flags: int, body: bytes) -> None:
    frames = read_or_refused(control(kind, body, flags))
    assert frames is None or len(frames) <= 1


def test_what_is_written_is_what_the_draft_says() -> None:
    encoder = Encoder()
    reply = encoder.reply(1)
    assert struct.unpack(">HHI", reply[:8]) == (0x8003, 2, len(reply) - 8)
    inflate = zlib.decompressobj(zdict=DICTIONARY)
    assert inflate.decompress(reply[12:]) == bytes(4)
    # One stream of compression for all replies.
    assert inflate.decompress(encoder.reply(3)[12:]) == bytes(4)
    assert encoder.data(3, b"abc") == data(3, b"abc")
    assert encoder.data(3, b"", fin=True) == data(3, b"", flags=1)
    assert encoder.reset(5, 3) == control(3, struct.pack(">II", 5, 3))
    assert encoder.ping(9) == control(6, struct.pack(">I", 9))
    assert encoder.goaway(5, 1) == control(7, struct.pack(">II", 5, 1))
