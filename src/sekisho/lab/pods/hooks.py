"""What a container does at its start and before its end, and how it is made to end.

Source: Kubernetes documentation, "Container Lifecycle Hooks", "Termination of Pods".
"""

import asyncio
import signal
from collections.abc import Callable
from typing import Any

from sekisho.lab.pods.handlers import HandlerError, Place, carry_out
from sekisho.wire.kube.members import mapping

MIN_GRACE_SECONDS = 2.0
"""What a preStop hook leaves a container at least (``minimumGracePeriodInSeconds``)."""
POST_START_SECONDS = 3_600.0
"""No limit is documented; a hook that never ends must not be kept for good."""

Note = Callable[[str, str], None]
"""Writes a warning event: reason and message."""


async def post_start(place: Place, note: Note) -> bool:
    """Carry out the postStart hook; returns whether the container may go on."""
    return await _hook(place, "postStart", POST_START_SECONDS, note)


async def stop(place: Place, seconds: float, note: Note) -> None:
    """End a container: its preStop hook, SIGTERM, and SIGKILL when ``seconds`` are over."""
    now = asyncio.get_running_loop().time
    ends = now() + seconds
    ended = place.process.ended
    hook = asyncio.ensure_future(_hook(place, "preStop", seconds, note))
    either: set[asyncio.Future[Any]] = {hook, ended}
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hook.cancel()
        await asyncio.gather(hook, return_exceptions=True)
    place.sandbox.signal(place.process, signal.SIGTERM)
    await asyncio.wait({ended}, timeout=max(ends - now(), MIN_GRACE_SECONDS))
    if not ended.done():
        place.sandbox.signal(place.process, signal.SIGKILL)
        await asyncio.wait({ended})


async def _hook(place: Place, name: str, seconds: float, note: Note) -> bool:
    hook = mapping(place.container, "lifecycle", name)
    if not hook or seconds <= 0:
        return True
    try:
        answer = await carry_out(hook, place, seconds)
    except HandlerError as error:
        failed = str(error)
    else:
        if answer.ok:
            return True
        failed = answer.text
    kind = f"{name[0].upper()}{name[1:]}Hook"
    note(f"Failed{kind}", f"{kind} failed: {failed}")
    return False
