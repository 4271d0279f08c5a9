"""One controller at work: what it has yet to look at, one thing after another, and when it tries again."""

import asyncio
from collections import OrderedDict

from sekisho.decide.values import Instant
from sekisho.lab.kube.controllers.controller import Controller, Item, Seen
from sekisho.lab.world import Clock
from sekisho.wire.kube.status import KubeError

_FIRST_RETRY_SECONDS = 0.05
_LAST_RETRY_SECONDS = 60.0
_LONGEST_SLEEP_SECONDS = 86_400.0


class ControlLoop:
    """Runs in the event loop that `tell` is called in; while webhooks keep it waiting, others go on."""

    def __init__(self, controller: Controller, clock: Clock) -> None:
        self._controller = controller
        self._clock = clock
        self._waiting: OrderedDict[Item, None] = OrderedDict()
        self._failures: dict[Item, int] = {}
        self._timers: dict[Item, asyncio.TimerHandle] = {}
        self._due: dict[Item, Instant] = {}
        self._task: asyncio.Task[None] | None = None
        self._is_stopped = False

    def tell(self, seen: Seen) -> None:
        """Look at what a change concerns."""
        for item in self._controller.concerned(seen):
            self._add(item)

    def clock_moved(self) -> None:
        """Look at what is due by the lab's new time."""
        for item in tuple(self._due):
            self._add(item)

    def stop(self) -> None:
        """Do nothing any more."""
        self._is_stopped = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._waiting.clear()
        if self._task is not None:
            self._task.cancel()

    def _add(self, item: Item) -> None:
        if not self._is_stopped:
            self._waiting[item] = None
            self._begin()

    def _begin(self) -> None:
        """Look at one thing; requests are answered between two of them."""
        if self._task is None and self._waiting:
            item, _ = self._waiting.popitem(last=False)
            self._task = asyncio.get_running_loop().create_task(self._look(item))
            self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        self._begin()
        if not task.cancelled():
            task.result()  # what is a fault of ours is told by the event loop

    async def _look(self, item: Item) -> None:
        timer = self._timers.pop(item, None)
        if timer is not None:
            timer.cancel()
        self._due.pop(item, None)
        try:
            again = await self._controller.sync(item)
        except KubeError:
            count = self._failures[item] = self._failures.get(item, 0) + 1
            self._wake(item, min(_FIRST_RETRY_SECONDS * 2 ** min(count, 16), _LAST_RETRY_SECONDS))
            return
        self._failures.pop(item, None)
        if again is not None:
            self._due[item] = again
            self._wake(item, (again - self._clock.now()).total_seconds())

    def _wake(self, item: Item, seconds: float) -> None:
        delay = min(max(seconds, 0.0), _LONGEST_SLEEP_SECONDS)
        self._timers[item] = asyncio.get_running_loop().call_later(delay, self._add, item)
