"""Single objects over TLS: what a server answers, and what it does not."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.api_server import ApiServer
from sekisho.connect.kube.single_object import MAX_OBJECT_BYTES, ObjectClient, ObjectConflict
from sekisho.decide.values import Secret
from support.https_site import https_site, page

SECRET = "a-token-that-nobody-may-see"


def told(code: int, reason: str, message: str = "") -> bytes:
    status = {"kind": "Status", "reason": reason, "message": message}
    return page(json.dumps(status).encode(), status=f"{code} X")


PAGES = {
    "/found": page(b'{"metadata": {"name": "a"}}'),
    "/gone": told(404, "NotFound", "no such account"),
    "/nowhere": page(b"not here", status="404 X"),
    "/forbidden": told(403, "Forbidden", "you may not\nget it"),
    "/conflict": told(409, "Conflict", "it changed"),
    "/busy": told(429, "TooManyRequests"),
    "/broken": page(b"<html>", status="502 X"),
    "/text": page(b"fine"),
    "/list": page(b"[]"),
    "/moved": page(b"", "location: /found", status="302 X"),
    "/large": page(b'{"a": "' + b"a" * MAX_OBJECT_BYTES + b'"}'),
}


def run(folder: Path, call: Callable[[ObjectClient], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with https_site(folder) as site, aiohttp.ClientSession() as session:
            site.pages.update(PAGES)
            api = ApiServer(site.url(), site.trust, lambda: Secret(SECRET))
            return await call(ObjectClient(session, api, 0.5))

    return asyncio.run(main())


def test_an_object_and_its_absence(tmp_path: Path) -> None:
    assert run(tmp_path, lambda client: client.read("/found")) == {"metadata": {"name": "a"}}
    assert run(tmp_path, lambda client: client.read("/gone")) is None


FAILURES = {
    "/nowhere": ("GET /nowhere: HTTP 404", False),
    "/forbidden": ("GET /forbidden: HTTP 403: you may not", False),
    "/busy": ("GET /busy: HTTP 429", True),
    "/broken": ("GET /broken: HTTP 502", True),
    "/text": ("GET /text: HTTP 200", False),
    "/list": ("GET /list: HTTP 200", False),
    "/moved": ("GET /moved: HTTP 302", False),
    "/large": (f"GET /large: the answer is larger than {MAX_OBJECT_BYTES} bytes", False),
    "/silent": ("GET /silent: no answer within 0.5 s", True),
}


@pytest.mark.parametrize(("path", "sentence", "can_retry"), [(p, *f) for p, f in FAILURES.items()])
def test_what_is_no_object_is_a_failure(path: str, sentence: str, can_retry: bool, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailure) as caught:
        run(tmp_path, lambda client: client.read(path))
    assert str(caught.value) == sentence
    assert caught.value.can_retry is can_retry
    assert SECRET not in str(caught.value)


def test_writes_that_others_were_faster_with_are_told_apart(tmp_path: Path) -> None:
    for write in (
        lambda client: client.create("/conflict", {}),
        lambda client: client.replace("/conflict", {}),
    ):
        with pytest.raises(ObjectConflict, match="HTTP 409: it changed"):
            run(tmp_path, write)


def test_a_server_that_is_not_there_is_a_failure(tmp_path: Path) -> None:
    async def main() -> None:
        async with https_site(tmp_path) as site, aiohttp.ClientSession() as session:
            api = ApiServer("https://localhost:1", site.trust, lambda: None)
            await ObjectClient(session, api, 5).read("/found")

    with pytest.raises(EnvironmentFailure) as caught:
        asyncio.run(main())
    assert caught.value.can_retry
