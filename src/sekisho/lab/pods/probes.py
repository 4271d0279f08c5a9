"""Whether a container has started, is alive and is ready: asked again and again, as a kubelet does.

Source: Kubernetes documentation, "Configure Liveness, Readiness and Startup Probes";
``pkg/kubelet/prober/worker.go``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from sekisho.decide.values import JsonObject
from sekisho.lab.pods.handlers import HandlerError, Place, carry_out
from sekisho.wire.kube.members import number


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe of a container, its times in seconds."""

    kind: str
    handler: JsonObject
    delay: int
    period: int
    timeout: int
    failures: int
    """How many answers in a row count as a failure."""
    successes: int
    grace: int | None
    """How long the container has to end if it is not alive; None: as long as its pod."""


def probe_of(container: JsonObject, kind: str) -> Probe | None:
    """Return the Liveness, Readiness or Startup probe of a container; None without one."""
    given = container.get(f"{kind.lower()}Probe")
    if not isinstance(given, Mapping):
        return None
    grace = "terminationGracePeriodSeconds"
    return Probe(
        kind,
        given,
        delay=max(number(given, "initialDelaySeconds"), 0),
        period=_at_least_one(given, "periodSeconds", 10),
        timeout=_at_least_one(given, "timeoutSeconds", 1),
        failures=_at_least_one(given, "failureThreshold", 3),
        successes=_at_least_one(given, "successThreshold", 1),
        grace=number(given, grace) if grace in given else None,
    )


def _at_least_one(given: JsonObject, member: str, default: int) -> int:
    return max(number(given, member), 1) if member in given else default


@dataclass(slots=True)
class Series:
    """Counts equal answers in a row."""

    probe: Probe
    last: bool | None = None
    count: int = 0

    def add(self, ok: bool) -> bool | None:
        """Return the result by now; None as long as there are too few such answers to change it."""
        self.count = self.count + 1 if ok is self.last else 1
        self.last = ok
        return ok if self.count >= (self.probe.successes if ok else self.probe.failures) else None


@dataclass(slots=True)
class Watch:
    """Asks the probes of one run of a container."""

    place: Place
    note: Callable[[str, str], None]
    """Writes a warning event: reason and message."""
    started: Callable[[], None]
    ready: Callable[[bool], None]
    kill: Callable[[Probe], Awaitable[None]]
    """Ends the container because of a probe."""
    begun: float = field(default_factory=lambda: asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Ask until cancelled, or until nothing is left to ask."""
        startup, readiness, liveness = (
            probe_of(self.place.container, kind) for kind in ("Startup", "Readiness", "Liveness")
        )
        if startup is not None and not await _Asking(self, startup).result():
            await self.kill(startup)
            return
        self.started()
        if readiness is None:
            self.ready(True)
        async with asyncio.TaskGroup() as group:
            if readiness is not None:
                group.create_task(self._follow(readiness))
            if liveness is not None:
                group.create_task(self._outlive(liveness))

    async def _follow(self, readiness: Probe) -> None:
        asking = _Asking(self, readiness)
        while True:
            self.ready(await asking.result())

    async def _outlive(self, liveness: Probe) -> None:
        asking = _Asking(self, liveness)
        while await asking.result():
            pass
        await self.kill(liveness)


class _Asking:
    """One probe of a run of a container."""

    def __init__(self, watch: Watch, probe: Probe) -> None:
        self._watch = watch
        self._probe = probe
        self._series = Series(probe)
        self._due = watch.begun + probe.delay

    async def result(self) -> bool:
        """Ask until the answers in a row are enough for a result, and return it."""
        kind, now = self._probe.kind, asyncio.get_running_loop().time
        while True:
            await asyncio.sleep(max(self._due - now(), 0))
            self._due = max(self._due + self._probe.period, now())
            try:
                answer = await carry_out(self._probe.handler, self._watch.place, self._probe.timeout)
            except HandlerError as error:
                # It says nothing of the container: what was known of it stays.
                self._watch.note("Unhealthy", f"{kind} probe errored and resulted in unknown state: {error}")
                continue
            if not answer.ok:
                self._watch.note("Unhealthy", f"{kind} probe failed: {answer.text}")
            result = self._series.add(answer.ok)
            if result is not None:
                return result
