"""A checkpoint of `sekisho serve` as a process of its own, for a test."""

import json
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

READY_SECONDS = 30.0
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class ServedCheckpoint:
    """A running checkpoint: its ports and the folder with its certificate, webhook file and log."""

    folder: Path
    process: "subprocess.Popen[bytes]"
    port: int
    health_port: int

    @property
    def trust(self) -> ssl.SSLContext:
        """Return the trust in its own certificate."""
        return ssl.create_default_context(cafile=str(self.folder / "state" / "cert.pem"))

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of its log."""
        lines = (self.folder / "log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def logged(self, message: str, count: int = 1) -> list[dict[str, Any]]:
        """Return the records with ``message``, once there are ``count``."""

        def seen() -> list[dict[str, Any]] | None:
            found = [record for record in self.log() if record["msg"] == message]
            return found if len(found) >= count else None

        found: list[dict[str, Any]] = waited(seen)
        return found

    def health(self, path: str) -> tuple[int, str]:
        """Return status and text of a path of the plain port."""
        return _get(f"http://127.0.0.1:{self.health_port}{path}", None, None)

    def review(self, token: str, version: str = "v1") -> tuple[int, Any]:
        """Return status and body of a TokenReview for ``token``."""
        body = {
            "apiVersion": f"authentication.k8s.io/{version}",
            "kind": "TokenReview",
            "spec": {"token": token},
        }
        status, text = self.post("/authenticate", json.dumps(body).encode())
        return status, json.loads(text)

    def post(self, path: str, body: bytes) -> tuple[int, str]:
        """Return status and text of a POST."""
        return _get(f"https://127.0.0.1:{self.port}{path}", body, self.trust)

    def metric(self, name: str) -> float:
        """Return the value of one series; 0 if it is not there."""
        for line in self.health("/metrics")[1].splitlines():
            if line.startswith(f"{name} "):
                return float(line.split(" ")[1])
        return 0.0


@contextmanager
def served(
    folder: Path,
    name: str,
    options: Sequence[object],
    environment: Mapping[str, str],
    wait: str = "ready",
    *,
    own_flags: bool = True,
) -> Iterator[ServedCheckpoint]:
    """Start ``sekisho serve NAME``, wait for ``/WAITz`` (empty: for nothing), stop it by its id.

    ``own_flags`` False leaves out the flags that only the authenticator has.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-P",
        "-m",
        "sekisho",
        "serve",
        name,
        "--port",
        "0",
        "--state-dir",
        "state",
        "-v",
    ]
    if own_flags:
        command += ["--health-port", "0", "--generate-kubeconfig", "webhook.yaml"]
    else:
        command += ["--metrics-port", "0"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, *(str(option) for option in options)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(environment),
            cwd=folder,
        )
    try:
        yield _started(folder, process, wait)
    finally:
        process.terminate()
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _started(folder: Path, process: "subprocess.Popen[bytes]", wait: str) -> ServedCheckpoint:
    def serving() -> dict[str, Any] | None:
        text = (folder / "log").read_text()
        assert process.poll() is None, text
        records = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
        return next((record for record in records if record["msg"] == "serving"), None)

    record = waited(serving)
    found = ServedCheckpoint(folder, process, record["port"], record["healthPort"])
    if wait:
        waited(lambda: found.health(f"/{wait}z")[0] == 200 or None)
    return found


def waited(probe: Any, seconds: float = READY_SECONDS) -> Any:
    """Return what ``probe`` returns once it is not None."""
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        found = probe()
        if found is not None:
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError("it did not come about")


def _get(url: str, body: bytes | None, trust: ssl.SSLContext | None) -> tuple[int, str]:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), *([urllib.request.HTTPSHandler(context=trust)] if trust else [])
    )
    try:
        with opener.open(urllib.request.Request(url, body), timeout=30) as answer:  # noqa: S310 - loopback
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
