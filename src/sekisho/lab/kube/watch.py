"""Watches: the present and then every change, as long as the client stays.

Source: Kubernetes documentation, "Kubernetes API Concepts", section "Efficient detection
of changes". A start that is no longer in the history answers 410.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

from sekisho.decide.values import Json, JsonObject
from sekisho.decide.values.documents import to_json
from sekisho.facts import Fact, Kind, kube_scope
from sekisho.lab.world import Change, World
from sekisho.lab.world.world import TooOld
from sekisho.wire.kube import status
from sekisho.wire.kube.members import mapping
from sekisho.wire.kube.registry import Resource

INITIAL_EVENTS_END = "k8s.io/initial-events-end"
BOOKMARK_SECONDS = 60.0
MAX_PENDING = 1_000
"""Changes a slow client may fall behind before its watch is ended (it lists again)."""

Matches = Callable[[JsonObject], bool]
Render = Callable[[JsonObject], JsonObject]


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """What a watch request asked for. ``since`` is None where the client named no version."""

    since: int | None
    timeout_seconds: float | None = None
    bookmarks: bool = False
    initial: bool = False
    """Whether the present comes first even if ``since`` is given, and a bookmark says where it ends."""


@dataclass(frozen=True, slots=True)
class WatchScope:
    """Which changes concern a watch: a resource of one cluster, in one namespace or in all."""

    cluster_arn: str
    resource: Resource
    namespace: str

    @property
    def facts(self) -> str:
        """The scope of the facts."""
        return kube_scope(self.cluster_arn, self.resource.group, self.resource.plural)

    @property
    def prefix(self) -> str:
        """What the names of the facts begin with."""
        return f"{self.namespace}/" if self.namespace else ""

    def covers(self, change: Change) -> bool:
        """Tell whether the change is of this scope."""
        key = change.key
        return key.kind is Kind.KUBE and key.scope == self.facts and key.name.startswith(self.prefix)


class Watch:
    """One watch: made when the request is answered, streamed until either side ends it.

    The history is read when it is made, so that a start that is too old is an ordinary 410.

    Raises:
        KubeError: 410, ``options.since`` is older than the kept history.
    """

    def __init__(
        self,
        world: World,
        scope: WatchScope,
        matches: Matches,
        render: Render,
        options: WatchOptions,
    ) -> None:
        self._world = world
        self._scope = scope
        self._matches = matches
        self._render = render
        self._options = options
        self._queue: asyncio.Queue[Change] = asyncio.Queue(MAX_PENDING)
        self._overrun = False
        streams_list = options.initial or not options.since
        self._initial = self._present() if streams_list else []
        if options.initial and options.bookmarks:
            self._initial.append(self._bookmark({INITIAL_EVENTS_END: "true"}))
        self._past = self._history(options.since) if options.since and not streams_list else ()
        self._stop = world.listen(self._receive)

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield one JSON object per line."""
        loop = asyncio.get_running_loop()
        seconds = self._options.timeout_seconds
        ends = math.inf if seconds is None else loop.time() + seconds
        try:
            for event in self._initial:
                yield to_json(event) + b"\n"
            for change in self._past:
                for event in self._events(change):
                    yield to_json(event) + b"\n"
            while not self._overrun and (left := ends - loop.time()) > 0:
                try:
                    change = await asyncio.wait_for(self._queue.get(), min(BOOKMARK_SECONDS, left))
                except TimeoutError:
                    if self._options.bookmarks and ends > loop.time():
                        yield to_json(self._bookmark()) + b"\n"
                    continue
                for event in self._events(change):
                    yield to_json(event) + b"\n"
        finally:
            self._stop()

    def _present(self) -> list[JsonObject]:
        facts = self._world.facts.scope(Kind.KUBE, self._scope.facts)
        return [
            _event("ADDED", self._render(self._world.revealed(fact)))
            for name, fact in sorted(facts.items())
            if name.startswith(self._scope.prefix) and isinstance(fact, Mapping) and self._matches(fact)
        ]

    def _history(self, since: int) -> tuple[Change, ...]:
        try:
            return tuple(change for change in self._world.since(since) if self._scope.covers(change))
        except TooOld as error:
            raise status.expired(error.asked, error.oldest) from None

    def _receive(self, change: Change) -> None:
        if self._scope.covers(change):
            if self._queue.full():
                # Too slow: the stream ends after what is queued, and the client lists again.
                self._overrun = True
            else:
                self._queue.put_nowait(change)

    def _events(self, change: Change) -> list[JsonObject]:
        """Return what a selector sees: an object that begins to match was added, one that ceases, deleted."""
        before, after = (_visible(fact, self._matches) for fact in (change.before, change.after))
        if after is not None:
            kind = "MODIFIED" if before is not None else "ADDED"
            return [_event(kind, self._render(self._world.revealed(after)))]
        if before is None:
            return []
        metadata = {**mapping(before, "metadata"), "resourceVersion": str(change.revision)}
        return [_event("DELETED", self._render({**before, "metadata": metadata}))]

    def _bookmark(self, annotations: JsonObject | None = None) -> JsonObject:
        resource = self._scope.resource
        metadata: dict[str, Json] = {"resourceVersion": str(self._world.revision), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        body: JsonObject = {
            "apiVersion": resource.at.api_version,
            "kind": resource.kind,
            "metadata": metadata,
        }
        return _event("BOOKMARK", body)


def _visible(fact: Fact | None, matches: Matches) -> JsonObject | None:
    return fact if isinstance(fact, Mapping) and matches(fact) else None


def _event(kind: str, body: JsonObject) -> JsonObject:
    return {"type": kind, "object": body}
