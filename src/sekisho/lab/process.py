"""The lab as a process: in the foreground until a signal, or in the background until `down`."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from types import MappingProxyType

from sekisho.lab.client import LabClient
from sekisho.lab.envtest.assets import Assets
from sekisho.lab.errors import LabError
from sekisho.lab.pods.mode import PodMode
from sekisho.lab.world.state_dir import StateDir
from sekisho.wire.http.event_loop import loop_factory

READY_SECONDS = 30.0
REAL_READY_SECONDS = 180.0
"""With real API servers: each one is ready after some five seconds on two idle cores."""
STOP_SECONDS = 15.0
POLL_SECONDS = 0.02


def run(
    state: StateDir,
    world_text: str | None,
    world_name: str,
    ready: Callable[[object], None],
    files: Mapping[str, str] = MappingProxyType({}),
    assets: Assets | None = None,
    pods: PodMode = PodMode.ON,
) -> None:
    """Run a lab until SIGINT, SIGTERM or a stop request; calls ``ready`` with its status once it serves.

    ``files`` are the texts of the files that the world file names. With ``assets`` the API servers of
    its clusters are real ones.

    Raises:
        LabError: it cannot start.
        SekishoInputError: the world file is malformed; nothing was written.
    """
    state.create()
    state.lock()  # never closed: whoever waits for the lock waits for the end of this process
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(state, world_text, world_name, ready, files, assets, pods))


def start_in_background(state: StateDir, world: str | None, *options: str) -> object:
    """Start a lab in a process of its own and return its status once it serves.

    ``options`` are further flags of ``sekisho up``.

    Raises:
        LabError: one runs already, or the new one did not start: its own words.
    """
    state.create()
    client = LabClient(state)
    if client.is_running():
        raise LabError(
            f"a lab already runs on `{state.path}`; `sekisho status` shows it, `sekisho down` stops it"
        )
    arguments = [sys.executable, "-P", "-m", "sekisho", "up", "--state-dir", str(state.path)]
    if world is not None:
        arguments += ["--world", world]
    arguments += options
    descriptor = os.open(state.log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as log:
        child = subprocess.Popen(  # noqa: S603 - our own program
            arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )
    # Somebody has to wait for it: a program that starts and stops labs would collect zombies.
    threading.Thread(target=child.wait, name="sekisho-lab-wait", daemon=True).start()
    seconds = REAL_READY_SECONDS if "--apiserver" in options else READY_SECONDS
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if state.socket.exists():
            try:
                return client.get("/status")
            except LabError:
                pass  # the socket is there a moment before the server behind it
        if child.poll() is not None:
            raise LabError(_last_words(state))
        time.sleep(POLL_SECONDS)
    child.terminate()
    raise LabError(f"the lab was not ready within {seconds:.0f} s; its log is {state.log}")


def stop(state: StateDir) -> None:
    """Stop the lab and return once it is gone.

    Raises:
        LabError: none runs, or it does not end.
    """
    LabClient(state).post("/stop")
    ends = time.monotonic() + STOP_SECONDS
    while time.monotonic() < ends:
        try:
            with state.locked():
                return
        except LabError:
            time.sleep(POLL_SECONDS)
    raise LabError(
        f"the lab on `{state.path}` did not end within {STOP_SECONDS:.0f} s; its log is {state.log}"
    )


async def _serve(
    state: StateDir,
    world_text: str | None,
    world_name: str,
    ready: Callable[[object], None],
    files: Mapping[str, str],
    assets: Assets | None,
    pods: PodMode,
) -> None:
    from sekisho.lab.lab import Lab

    lab = Lab(state, world_text, world_name, files, assets, pods)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, lab.stopped.set)
    async with lab:
        ready(lab.control.status())
        await lab.stopped.wait()


def _last_words(state: StateDir) -> str:
    text = state.log.read_text(encoding="utf-8", errors="replace").strip()
    lines = [line.removeprefix("sekisho: ") for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-20:]) or f"the lab ended without a word; its log is {state.log}"
