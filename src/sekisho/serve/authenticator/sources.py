"""The mapping sources of a server, in the order they are asked, each kept up to date by its own task."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sekisho.decide.authn.backend import Backend, BackendMode
from sekisho.serve.authenticator.metrics import Metrics


class Source(Protocol):
    """Where mappings come from."""

    @property
    def backend(self) -> Backend | None:
        """What was read last that could be used; None until something was."""

    @property
    def problem(self) -> str:
        """Why what is there now is not, or not wholly, in use; empty: all is well."""

    async def run(self) -> None:
        """Keep up with the source. Never returns; never raises but for cancellation."""


class Sources:
    """Sources by kind, of which ``order`` are in use.

    ``make`` has what makes each kind that this server is configured for; a source is made and followed
    only while it is in use.
    """

    def __init__(
        self,
        make: Mapping[BackendMode, Callable[[], Source]],
        order: Sequence[BackendMode],
        metrics: Metrics,
    ) -> None:
        self._make = make
        self._metrics = metrics
        self._configured = tuple(order)
        self._in_use: dict[BackendMode, Source] = {}
        self._tasks: dict[BackendMode, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self.use(order)

    def use(self, order: Sequence[BackendMode] | None) -> None:
        """Ask the sources of ``order`` from now on; None: those that were configured.

        Raises:
            ValueError: a kind that this server is not configured for.
        """
        wanted = self._configured if order is None else tuple(order)
        for mode in wanted:
            if mode not in self._make:
                raise ValueError(f"{mode} is not configured")
        self._in_use = {mode: self._in_use.get(mode) or self._make[mode]() for mode in wanted}
        has_dynamic = BackendMode.DYNAMIC_FILE in self._in_use
        self._metrics.dynamic_enabled.set(has_dynamic)
        self._metrics.dynamic_only.set(has_dynamic and len(self._in_use) == 1)
        self._changed.set()

    @property
    def order(self) -> tuple[BackendMode, ...]:
        """The kinds in use, in the order they are asked."""
        return tuple(self._in_use)

    def backends(self) -> tuple[Backend, ...]:
        """Return what is asked now: the sources that were read. See `missing` for the others."""
        found = [source.backend for source in self._in_use.values()]
        return tuple(backend for backend in found if backend is not None)

    def missing(self) -> tuple[str, ...]:
        """Return the sources that were not read yet; while there is one, nobody can be mapped."""
        return tuple(mode.value for mode, source in self._in_use.items() if source.backend is None)

    def degraded(self) -> tuple[str, ...]:
        """Return what is wrong with sources that are in use."""
        return tuple(
            f"{mode.value}: {source.problem}" for mode, source in self._in_use.items() if source.problem
        )

    def measure(self) -> None:
        """Set the gauges that describe the sources."""
        for mode, source in self._in_use.items():
            backend = source.backend
            count = len(backend.mappings) + len(backend.accounts) if backend is not None else 0
            self._metrics.mappings.labels(mode.value).set(count)
            self._metrics.synced.labels(mode.value).set(backend is not None)
            self._metrics.stale.labels(mode.value).set(bool(source.problem))

    async def run(self) -> None:
        """Follow every source in use, those that come into use later too."""
        try:
            while True:
                self._changed.clear()
                for mode in set(self._tasks) - set(self._in_use):
                    self._tasks.pop(mode).cancel()
                for mode, source in self._in_use.items():
                    if mode not in self._tasks:
                        self._tasks[mode] = asyncio.create_task(source.run())
                change = asyncio.create_task(self._changed.wait())
                done, _ = await asyncio.wait(
                    {change, *self._tasks.values()}, return_when=asyncio.FIRST_COMPLETED
                )
                change.cancel()
                for task in done - {change}:
                    # A source ends only by a fault of ours: the server must not go on without it.
                    task.result()
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            self._tasks.clear()
