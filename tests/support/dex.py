"""A real Dex with its password database: an issuer that nobody here wrote. Its state is in memory."""

import json
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sekisho.lab.net.sockets import free_ports
from support.checkpoint import waited
from support.https_site import certificate

CLIENT: Final = "kubernetes"
EMAIL, PASSWORD = "mira@example.com", "Right-Passw0rd"
TOKEN_SECONDS: Final = 58
"""Shorter than what `sekisho login` takes for good still: it renews the token each time it is asked."""


@dataclass(frozen=True)
class Dex:
    """A running Dex and the file with its certificate."""

    issuer: str
    certificate: Path

    @property
    def authority(self) -> str:
        """The certificate alone, as PEM."""
        text = self.certificate.read_text()
        return text[text.index("-----BEGIN CERTIFICATE-----") :]


@contextmanager
def dex(program: Path, folder: Path) -> Iterator[Dex]:
    """Start Dex with one client and one user, and stop it at the end."""
    folder.mkdir(parents=True, exist_ok=True)
    file = certificate(folder)
    (port,) = free_ports(1, "Dex")
    issuer = f"https://localhost:{port}/dex"
    configuration = folder / "dex.json"
    user = {"email": EMAIL, "password": PASSWORD, "username": "mira", "userID": "08a8684b"}
    asked = {
        "issuer": issuer,
        "web": {"https": f"127.0.0.1:{port}", "tlsCert": str(file), "tlsKey": str(file)},
        "oauth2": {"skipApprovalScreen": True},
        "expiry": {"idTokens": f"{TOKEN_SECONDS}s"},
        "staticClients": [{"id": CLIENT, "name": "Kubernetes", "public": True}],
        "staticPasswords": [user],
    }
    configuration.write_text(json.dumps(asked))
    with (folder / "dex.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "serve", configuration], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={}
        )
    trust = ssl.create_default_context(cafile=file)
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust)
    )

    def serving() -> bool | None:
        assert process.poll() is None, (folder / "dex.log").read_text()
        try:
            with opener.open(f"{issuer}/.well-known/openid-configuration", timeout=10) as answer:
                return True if answer.status == 200 else None
        except urllib.error.URLError:
            return None

    try:
        waited(serving)
        yield Dex(issuer, file)
    finally:
        process.terminate()
        process.wait(30)
