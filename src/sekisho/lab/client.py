"""Speak to a running lab over its control socket."""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sekisho.lab.errors import LabError
from sekisho.lab.world.state_dir import StateDir

SECONDS = 30.0


class LabClient:
    """The command line's side of the control socket."""

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def get(self, path: str) -> Any:
        """Return the JSON answer to a GET.

        Raises:
            LabError: no lab runs on the state directory, or it refused.
        """
        return self._exchange("GET", path, None)

    def post(self, path: str, body: object = None) -> Any:
        """Return the JSON answer to a POST.

        Raises:
            LabError: as `get`.
        """
        return self._exchange("POST", path, json.dumps(body or {}).encode())

    def follow(self, path: str) -> Iterator[Any]:
        """Yield the JSON lines of an answer that lasts; ends when the lab does.

        Raises:
            LabError: as `get`.
        """
        connection = self._connect(timeout=None)
        with contextlib.closing(connection):
            connection.request("GET", path)
            response = connection.getresponse()
            while line := response.readline():
                if line.strip():
                    yield json.loads(line)

    def is_running(self) -> bool:
        """Tell whether a lab answers."""
        try:
            self.get("/status")
        except LabError:
            return False
        return True

    def _exchange(self, method: str, path: str, body: bytes | None) -> Any:
        connection = self._connect(SECONDS)
        try:
            connection.request(method, path, body, {"content-type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise LabError(f"the lab on `{self._state.path}` did not answer: {error}") from None
        finally:
            connection.close()
        if response.status == 404:
            raise NotKnownError(str(answer.get("error", "not found")))
        if response.status >= 400:
            raise LabError(str(answer.get("error", response.status)))
        return answer

    def _connect(self, timeout: float | None) -> http.client.HTTPConnection:
        connection = _UnixConnection(self._state.socket, timeout)
        try:
            connection.connect()
        except OSError:
            connection.close()
            raise LabError(
                f"no lab runs on `{self._state.path}`; start one with `sekisho up`, "
                "or name its folder with --state-dir"
            ) from None
        return connection


class NotKnownError(LabError):
    """The lab has nothing under that name."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float | None) -> None:
        super().__init__("localhost")
        self._path = path
        self._seconds = timeout

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self._seconds)
        self.sock.connect(str(self._path))
