"""What a probe over HTTP and one of a port make of what answers: real servers, reached without a pod."""

import asyncio
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from sekisho.decide.values import Json
from sekisho.lab.pods.handlers import Answer, HandlerError, Place, carry_out
from support.https_site import https_site, page

CASES = {
    "well": (page(b""), True),
    "nothing to say": (page(b"", status="204 No Content"), True),
    "the least that is well": (page(b"", status="200 OK"), True),
    "less": (page(b"", status="199 Odd"), False),
    "somewhere else": (page(b"", "location: /", status="302 Found"), True),
    "the last that is well": (page(b"", status="399 Odd"), True),
    "the first that is not": (page(b"", status="400 Bad Request"), False),
    "broken": (page(b"", status="500 Internal Server Error"), False),
}


@dataclass
class Loopback:
    """Connects to this machine in place of a pod."""

    async def connect(self, port: int, addresses: Sequence[str], _seconds: None) -> socket.socket:
        found = socket.socket()
        found.setblocking(False)
        await asyncio.get_running_loop().sock_connect(found, (addresses[0], port))
        return found


def asked(folder: Path, answer: bytes | None, seconds: float = 30, **action: Any) -> tuple[Answer, int]:
    """Ask a site over TLS for its page; returns the answer and the site's port."""

    async def run() -> tuple[Answer, int]:
        async with https_site(folder) as site:
            site.pages |= {} if answer is None else {"/page%20one?a=b": answer}
            ports: list[Json] = [{"name": "web", "containerPort": site.port}]
            place = Place(
                cast("Any", Loopback()), cast("Any", None), {"ports": ports}, "127.0.0.1", cast("Any", None)
            )
            get = {"path": "/page one?a=b", "port": site.port, "scheme": "HTTPS", **action}
            return await carry_out({"httpGet": get}, place, seconds), site.port

    return asyncio.run(run())


@pytest.mark.parametrize(("answer", "ok"), CASES.values(), ids=CASES.keys())
def test_a_status_is_well_or_not(tmp_path: Path, answer: bytes, ok: bool) -> None:
    found, _ = asked(tmp_path, answer)
    assert found.ok is ok
    assert found.text == f"HTTP probe failed with statuscode: {answer.split()[1].decode()}"


def test_a_port_goes_by_its_name(tmp_path: Path) -> None:
    assert asked(tmp_path, page(b""), port="web")[0].ok


FAILURES = {
    "no HTTP": (b"hello\r\n", 30, "malformed HTTP response"),
    "an end": (b"HTTP/1.1 200", 30, "malformed HTTP response"),
    "no status": (b"HTTP/1.1\r\n", 30, "malformed HTTP response"),
    "a line without end": (b"x" * 200_000, 30, "malformed HTTP response"),
    "silence": (None, 0.2, "context deadline exceeded"),
}


@pytest.mark.parametrize(("answer", "seconds", "sentence"), FAILURES.values(), ids=FAILURES.keys())
def test_what_is_no_answer_fails(tmp_path: Path, answer: bytes | None, seconds: float, sentence: str) -> None:
    found, port = asked(tmp_path, answer, seconds)
    assert not found.ok
    assert found.text == f'Get "https://127.0.0.1:{port}/page%20one?a=b": {sentence}'


REFUSED = {
    "a name": (
        {"host": "example.com"},
        "host example.com is no IP address: the network of a pod has no names",
    ),
    "a port that is none": ({"port": 65_536}, "couldn't find port 65536"),
    "a name of no port": ({"port": "other"}, "couldn't find port other"),
    "another request in a header": (
        {"httpHeaders": [{"name": "A", "value": "b\r\nHost: c"}]},
        "httpHeaders hold characters that HTTP does not allow",
    ),
}


@pytest.mark.parametrize(("action", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_asked_is_no_failure(tmp_path: Path, action: dict[str, Any], sentence: str) -> None:
    with pytest.raises(HandlerError, match=sentence):
        asked(tmp_path, page(b""), **action)
