"""An STS that answers as a test says, behind a proxy: for faults that no real one would show on demand.

A process with `environment` reaches it by STS's own names: the proxy ends TLS with a certificate of an
authority that the process is told to trust.
"""

import asyncio
import contextlib
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sekisho.lab.net.authority import Authority, create_authority

ACCOUNT = "111122223333"
ARN = f"arn:aws:iam::{ACCOUNT}:user/ana"
IDENTITY = {"Account": ACCOUNT, "Arn": ARN, "UserId": "AIDAEXAMPLEEXAMPLE123"}
GOOD = json.dumps(
    {
        "GetCallerIdentityResponse": {
            "GetCallerIdentityResult": IDENTITY,
            "ResponseMetadata": {"RequestId": "1"},
        }
    }
).encode()
THROTTLED = json.dumps({"Error": {"Code": "Throttling", "Message": "Rate exceeded"}}).encode()
REFUSED = json.dumps({"Error": {"Code": "SignatureDoesNotMatch", "Message": "no"}}).encode()


@dataclass
class FakeSts:
    """What it answers next.

    ``asked`` are the paths and queries that arrived; ``heads`` every head, CONNECT's among them.
    """

    proxy: str
    authority: Path
    status: int = 200
    body: bytes = GOOD
    delay_seconds: float = 0.0
    cuts: bool = False
    asked: list[str] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    script: list[tuple[int, bytes]] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """Return the variables that lead a process here."""
        return {
            "HTTPS_PROXY": self.proxy,
            "https_proxy": self.proxy,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "SSL_CERT_FILE": str(self.authority),
        }


@contextmanager
def fake_sts(folder: Path) -> Iterator[FakeSts]:
    """Serve on a free port of loopback until the end."""
    folder.mkdir(parents=True, exist_ok=True)
    files = create_authority(datetime.now(UTC))
    (folder / "ca.pem").write_text(files.certificate)
    sts = FakeSts("", folder / "ca.pem")
    ready, ended = threading.Event(), threading.Event()
    thread = threading.Thread(
        target=lambda: asyncio.run(_serve(sts, Authority(files), ready, ended)), daemon=True
    )
    thread.start()
    assert ready.wait(10)
    try:
        yield sts
    finally:
        ended.set()
        thread.join(10)


async def _serve(sts: FakeSts, authority: Authority, ready: threading.Event, ended: threading.Event) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, OSError):
            await _tunnel(sts, authority, reader, writer)
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    sts.proxy = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    ready.set()
    await asyncio.get_running_loop().run_in_executor(None, ended.wait)
    server.close()


async def _tunnel(
    sts: FakeSts, authority: Authority, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    sts.heads.append(head)
    name = head.split(b" ")[1].decode().partition(":")[0]
    if sts.cuts:
        return
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await writer.drain()
    await writer.start_tls(authority.context(name))
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        sts.heads.append(head)
        sts.asked.append(head.split(b" ")[1].decode())
        if sts.delay_seconds:
            await asyncio.sleep(sts.delay_seconds)
        status, body = sts.script.pop(0) if sts.script else (sts.status, sts.body)
        about = f"content-type: application/json\r\ncontent-length: {len(body)}"
        writer.write(f"HTTP/1.1 {status} Told\r\n{about}\r\n\r\n".encode() + body)
        await writer.drain()
