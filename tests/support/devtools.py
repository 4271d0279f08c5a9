"""A real Chromium without a window, spoken to over the DevTools protocol through two pipes.

Two pipes and not a socket: no port is opened, no library is needed, and whoever holds the pipes is the only
one who steers the browser. It can look up and reach nothing outside this machine.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

SECONDS: Final = 60.0
POLL_SECONDS: Final = 0.02

_FLAGS: Final = (
    "--headless",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-gpu",
    "--disable-sync",
    "--hide-scrollbars",
    "--lang=en-US",
    "--password-store=basic",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
)
# Chromium reads orders at 3 and answers at 4: a process puts the pipes there and becomes the browser.
_PIPED: Final = """
import fcntl, os, sys
orders, answers = (fcntl.fcntl(int(given), fcntl.F_DUPFD, 10) for given in sys.argv[1:3])
os.dup2(orders, 3)
os.dup2(answers, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""


class DevToolsError(Exception):
    """What the browser answered in place of a result."""


@dataclass
class Chromium:
    """A running browser; see `chromium`."""

    process: "subprocess.Popen[bytes]"
    orders: int
    answers: int
    _next: int = 0
    _results: dict[int, Any] = field(default_factory=dict)
    _events: list[Any] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _ended: bool = False

    def call(self, method: str, session: str = "", /, **parameters: Any) -> Any:
        """Return the result of a method of the protocol.

        Raises:
            DevToolsError: the browser refused, or ended.
        """
        with self._changed:
            self._next += 1
            number = self._next
            message = {"id": number, "method": method, "params": parameters}
            sent = json.dumps({**message, **({"sessionId": session} if session else {})}).encode() + b"\0"
            try:
                while sent:
                    sent = sent[os.write(self.orders, sent) :]
            except BrokenPipeError:
                raise DevToolsError(f"{method}: the browser has ended") from None
            there = self._changed.wait_for(lambda: number in self._results or self._ended, SECONDS)
            if not there or number not in self._results:
                raise DevToolsError(f"{method}: no answer")
            answer = self._results.pop(number)
        if "error" in answer:
            raise DevToolsError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def events(self, session: str, method: str) -> list[Any]:
        """Return what a page told so far by events of one kind."""
        with self._changed:
            kept = list(self._events)
        return [one["params"] for one in kept if (one.get("sessionId"), one["method"]) == (session, method)]

    def listen(self) -> None:
        """Take what the browser says until it ends."""
        rest = b""
        while chunk := os.read(self.answers, 1 << 20):
            *messages, rest = (rest + chunk).split(b"\0")
            with self._changed:
                for message in map(json.loads, messages):
                    if "id" in message:
                        self._results[message["id"]] = message
                    else:
                        self._events.append(message)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


@contextmanager
def chromium(program: Path, folder: Path) -> Iterator[Chromium]:
    """Start the browser with a profile in ``folder``, and stop it at the end."""
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    its_orders, orders = os.pipe()
    answers, its_answers = os.pipe()
    command = [str(program), *_FLAGS, *sandbox, f"--user-data-dir={folder / 'profile'}", "about:blank"]
    quiet = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    with (folder / "chromium.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _PIPED, str(its_orders), str(its_answers), *command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=(its_orders, its_answers),
            env={**quiet, "HOME": str(folder)},
        )
    os.close(its_orders)
    os.close(its_answers)
    browser = Chromium(process, orders, answers)
    listener = threading.Thread(target=browser.listen, daemon=True)
    listener.start()
    try:
        yield browser
        with contextlib.suppress(DevToolsError, OSError):
            browser.call("Browser.close")
    finally:
        try:
            process.wait(SECONDS / 2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        listener.join(SECONDS)
        os.close(orders)
        os.close(answers)
