"""A small load generator: the same kind of POST over kept-alive TLS connections, each answer timed.

It runs in a process of its own, and so shares the machine's cores with the server that it asks:
the rates are what a client on the same machine sees, not the most that the server could give.
"""

import asyncio
import json
import re
import ssl
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NotRequired, TypedDict, cast

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Job(TypedDict):
    """What to ask: read from stdin as JSON. ``bodies`` are asked in turn for ``seconds``, or each once."""

    host: str
    port: int
    ca: str
    path: str
    headers: dict[str, str]
    bodies: list[str]
    connections: int
    expect: str
    seconds: NotRequired[float]


class Result(TypedDict):
    """What came of it: ``wrong`` answers lack the expected text; ``processor_seconds`` are this process's."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    wrong: int
    processor_seconds: float


@dataclass(slots=True)
class _Shared:
    requests: Iterator[bytes]
    until: float
    expect: bytes
    taken: list[float]
    wrong: int = 0


class _Connection(asyncio.Protocol):
    """Sends one request, awaits its answer, sends the next."""

    def __init__(self, shared: _Shared) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._shared = shared
        self._buffer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its bases
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(self._buffer, 0, head) if head >= 0 else None
        if length is None or len(self._buffer) < head + 4 + int(length[1]):
            return
        now = time.perf_counter()
        self._shared.taken.append(now - self._sent)
        self._shared.wrong += self._shared.expect not in self._buffer
        self._buffer = b""
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _next(self) -> None:
        request = next(self._shared.requests, None)
        if request is None or time.perf_counter() >= self._shared.until:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


def main() -> None:
    """Read a job from stdin, print its result."""
    job: Job = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print(json.dumps(runner.run(_run(job))))


async def _run(job: Job) -> Result:
    context = ssl.create_default_context(cadata=job["ca"])
    requests = [_request(job, body) for body in job["bodies"]]
    seconds = job.get("seconds")
    turns = iter(requests) if seconds is None else _forever(requests)
    until = float("inf") if seconds is None else time.perf_counter() + seconds
    shared = _Shared(turns, until, job["expect"].encode(), [])
    loop = asyncio.get_running_loop()
    start, spent_before = time.perf_counter(), time.process_time()
    connections = [
        (
            await loop.create_connection(
                lambda: _Connection(shared),
                "127.0.0.1",
                job["port"],
                ssl=context,
                server_hostname=job["host"],
            )
        )[1]
        for _ in range(job["connections"])
    ]
    await asyncio.gather(*(connection.done for connection in connections))
    taken = time.perf_counter() - start
    times = sorted(shared.taken)
    return {
        "requests": len(times),
        "seconds": taken,
        "p50_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[len(times) * 99 // 100] * 1000,
        "wrong": shared.wrong,
        "processor_seconds": time.process_time() - spent_before,
    }


def _request(job: Job, body: str) -> bytes:
    encoded = body.encode()
    head = [f"POST {job['path']} HTTP/1.1", *(f"{name}: {value}" for name, value in job["headers"].items())]
    head.append(f"content-length: {len(encoded)}")
    return "\r\n".join([*head, "", ""]).encode() + encoded


def _forever(requests: list[bytes]) -> Iterator[bytes]:
    while True:
        yield from requests


if __name__ == "__main__":
    main()
