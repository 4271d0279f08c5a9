"""Logs of containers: lines and parts of lines, what is asked of them, their bound."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from sekisho.decide.values import Instant
from sekisho.lab.kube.containers import LogOptions
from sekisho.lab.pods import log_file
from sekisho.lab.pods.log_file import MAX_LINE_BYTES, LogWriter, read, rotated

NOW = Instant.from_epoch(1_800_000_000)


async def all_of(path: Path, writer: LogWriter | None, options: LogOptions) -> bytes:
    return b"".join([part async for part in read(path, writer, options, NOW)])


def log(tmp_path: Path, *writes: tuple[float, bytes]) -> Path:
    async def write() -> None:
        writer = LogWriter(tmp_path / "0.log")
        for seconds, data in writes:
            writer.write("stdout", NOW + timedelta(seconds=seconds), data)
        writer.close(NOW)

    asyncio.run(write())
    return tmp_path / "0.log"


THREE = ((-30, b"one\n"), (-20, b"tw"), (-10, b"o\nthree\n"))


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (LogOptions(), b"one\ntwo\nthree\n"),
        (LogOptions(tail_lines=2), b"two\nthree\n"),
        (LogOptions(tail_lines=0), b""),
        (LogOptions(tail_lines=9), b"one\ntwo\nthree\n"),
        (LogOptions(limit_bytes=5), b"one\nt"),
        (LogOptions(since=timedelta(seconds=10)), b"two\nthree\n"),
        (LogOptions(since=timedelta(seconds=9)), b""),
        (LogOptions(since_time=NOW + timedelta(seconds=-30)), b"one\ntwo\nthree\n"),
        (LogOptions(timestamps=True, tail_lines=1), b"2027-01-15T07:59:50.000000000Z three\n"),
        (LogOptions(follow=True), b"one\ntwo\nthree\n"),
    ],
)
def test_what_is_asked_of_a_log(tmp_path: Path, options: LogOptions, wanted: bytes) -> None:
    assert asyncio.run(all_of(log(tmp_path, *THREE), None, options)) == wanted


def test_a_line_without_an_end_stays_without(tmp_path: Path) -> None:
    assert asyncio.run(all_of(log(tmp_path, (0, b"a\nb")), None, LogOptions())) == b"a\nb"


@pytest.mark.parametrize("size", [MAX_LINE_BYTES - 1, MAX_LINE_BYTES, MAX_LINE_BYTES + 1, 3 * MAX_LINE_BYTES])
def test_a_long_line_is_one_line_again(tmp_path: Path, size: int) -> None:
    path = log(tmp_path, (0, b"x" * size + b"\n"), (0, b"end\n"))
    assert asyncio.run(all_of(path, None, LogOptions())) == b"x" * size + b"\nend\n"
    assert max(len(line) for line in path.read_bytes().split(b"\n")) < MAX_LINE_BYTES + 60


def test_both_streams_keep_their_lines_whole(tmp_path: Path) -> None:
    async def write() -> None:
        writer = LogWriter(tmp_path / "0.log")
        writer.write("stdout", NOW, b"out")
        writer.write("stderr", NOW, b"err\n")
        writer.write("stdout", NOW, b"put\n")
        writer.close(NOW)

    asyncio.run(write())
    assert asyncio.run(all_of(tmp_path / "0.log", None, LogOptions())) == b"err\noutput\n"


def test_a_followed_log_ends_with_its_container(tmp_path: Path) -> None:
    async def follow() -> list[bytes]:
        writer = LogWriter(tmp_path / "0.log")
        writer.write("stdout", NOW, b"before\n")
        found: list[bytes] = []

        async def listen() -> None:
            async for part in read(tmp_path / "0.log", writer, LogOptions(follow=True), NOW):
                found.append(part)
                if len(found) == 1:
                    writer.write("stdout", NOW, b"after\n")
                else:
                    writer.close(NOW)

        await asyncio.wait_for(listen(), 30)
        return found

    assert asyncio.run(follow()) == [b"before\n", b"after\n"]


def test_a_log_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "MAX_BYTES", 200)
    path = log(tmp_path, *((number, b"%03d\n" % number) for number in range(100)))
    assert path.stat().st_size <= 200
    assert rotated(path).stat().st_size <= 200
    assert asyncio.run(all_of(path, None, LogOptions())).endswith(b"098\n099\n")
