"""Every decision the lab made, grouped the way a person meets them: by client command.

One `kubectl get nodes` that is refused asks several times (discovery, then again with
fresh credentials); the journal keeps that as one entry with a count. Entries hold
codes, ARNs, names and places. No token, signature, password or key secret is ever in one.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from sekisho.decide.decision import Chain, Outcome, chain_to_json
from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.decide.values.document_text import on_one_line
from sekisho.decide.values.documents import parse_json, to_json
from sekisho.lab.world.store import Store

KEPT_ENTRIES = 2_000
GROUP_WINDOW = timedelta(seconds=10)
"""How long after its last request a client command still counts as running."""

MAX_IDS = 50
MAX_CLIENT_CHARS = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One client command and what was decided about it.

    ``surface`` is ``aws`` or ``kubernetes``; ``target`` the service or the cluster asked;
    ``who`` the caller as far as it was proven, else the access key id it claimed, else empty;
    ``asked`` the distinct things it asked for; ``ids`` the request ids the client saw.
    """

    id: str
    first: Instant
    last: Instant
    surface: str
    target: str
    who: str
    client: str
    outcome: Outcome
    status: int
    code: str
    sentence: str
    asked: tuple[str, ...]
    ids: tuple[str, ...] = ()
    count: int = 1
    chain: JsonObject | None = field(default=None, repr=False)

    def to_json(self) -> JsonObject:
        """Return the entry as ``why -o json`` shows it."""
        return {
            "id": self.id,
            "first": self.first.rfc3339(),
            "last": self.last.rfc3339(),
            "surface": self.surface,
            "target": self.target,
            "who": self.who,
            "client": self.client,
            "outcome": str(self.outcome),
            "status": self.status,
            "code": self.code,
            "sentence": self.sentence,
            "asked": list(self.asked),
            "requests": self.count,
            "ids": list(self.ids),
            "chain": self.chain,
        }


@dataclass(frozen=True, slots=True)
class Asked:
    """One request and what was decided: what a door hands to the journal."""

    id: str
    at: Instant
    surface: str
    target: str
    who: str
    client: str
    question: str
    status: int
    outcome: Outcome
    code: str
    sentence: str
    chain: Chain | None = None


class Journal:
    """The entries of one lab, the one that was asked for last at the end; owned by one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._unsaved: dict[str, Entry] = {}
        self._followers: set[asyncio.Queue[Entry]] = set()
        for text in store.journal(KEPT_ENTRIES):
            entry = _entry_from_json(parse_json(text))
            self._entries[entry.id] = entry

    def note(self, asked: Asked) -> Entry:
        """Keep a decision: as a new entry, or as one more request of the command it belongs to."""
        # What a stranger wrote into a request is printed by `watch` and `why`: it stays on its line.
        client = on_one_line(asked.client[:MAX_CLIENT_CHARS])
        asked = replace(
            asked,
            who=on_one_line(asked.who),
            question=on_one_line(asked.question),
            sentence=on_one_line(asked.sentence),
        )
        entry = self._running(asked, client)
        if entry is None:
            entry = Entry(
                asked.id,
                asked.at,
                asked.at,
                asked.surface,
                asked.target,
                asked.who,
                client,
                asked.outcome,
                asked.status,
                asked.code,
                asked.sentence,
                (asked.question,),
                (asked.id,),
                1,
                None if asked.chain is None else chain_to_json(asked.chain),
            )
        else:
            questions = entry.asked if asked.question in entry.asked else (*entry.asked, asked.question)
            entry = replace(
                entry,
                last=asked.at,
                count=entry.count + 1,
                asked=questions[:MAX_IDS],
                ids=(*entry.ids, asked.id)[:MAX_IDS],
                # Whoever asks why means the last time: policies may have changed since the first.
                sentence=asked.sentence,
                chain=entry.chain if asked.chain is None else chain_to_json(asked.chain),
            )
        self._entries[entry.id] = entry
        self._entries.move_to_end(entry.id)
        self._unsaved[entry.id] = entry
        while len(self._entries) > KEPT_ENTRIES:
            self._entries.popitem(last=False)
        for queue in self._followers:
            queue.put_nowait(entry)
        return entry

    def entries(self) -> tuple[Entry, ...]:
        """Return the kept entries by their last request, oldest first."""
        return tuple(self._entries.values())

    def last_refusal(self) -> Entry | None:
        """Return the newest entry that was not allowed."""
        return next((e for e in reversed(self._entries.values()) if e.outcome is not Outcome.ALLOW), None)

    def find(self, request_id: str) -> Entry | None:
        """Return the entry of a request id; a unique beginning of at least 6 characters is enough."""
        wanted = request_id.lower()
        exact = [entry for entry in self._entries.values() if wanted in entry.ids]
        if exact or len(wanted) < 6:
            return exact[0] if exact else None
        found = [entry for entry in self._entries.values() if any(i.startswith(wanted) for i in entry.ids)]
        return found[0] if len(found) == 1 else None

    async def follow(self) -> AsyncIterator[Entry]:
        """Yield entries as they are made or grow."""
        queue: asyncio.Queue[Entry] = asyncio.Queue()
        self._followers.add(queue)
        try:
            while True:
                yield await queue.get()
        finally:
            self._followers.discard(queue)

    def save(self) -> None:
        """Write what is not yet in the file. Entries of the last moments may be lost by a kill."""
        if self._unsaved:
            rows = [(e.id, e.last.epoch, to_json(e.to_json()).decode()) for e in self._unsaved.values()]
            self._store.write_journal(rows, KEPT_ENTRIES)
            self._unsaved = {}

    def _running(self, asked: Asked, client: str) -> Entry | None:
        """Return the entry of the command that ``asked`` continues, if it still runs."""
        for entry in reversed(self._entries.values()):
            if asked.at - entry.last > GROUP_WINDOW:
                return None
            if (entry.surface, entry.target, entry.who, entry.client, entry.outcome, entry.code) == (
                asked.surface,
                asked.target,
                asked.who,
                client,
                asked.outcome,
                asked.code,
            ):
                # The same operation of AWS on another resource is refused in another sentence.
                same_question = asked.question in entry.asked and asked.sentence == entry.sentence
                # A refusal repeated for another question is one command only before authentication:
                # kubectl then asks for discovery and the resource with the same credentials.
                return entry if same_question or asked.status == 401 else None
        return None


def _entry_from_json(value: Json) -> Entry:
    assert isinstance(value, dict)  # noqa: S101 - Entry.to_json wrote it
    chain = value["chain"]
    return Entry(
        str(value["id"]),
        Instant.parse_rfc3339(str(value["first"])),
        Instant.parse_rfc3339(str(value["last"])),
        str(value["surface"]),
        str(value["target"]),
        str(value["who"]),
        str(value["client"]),
        Outcome(str(value["outcome"])),
        int(str(value["status"])),
        str(value["code"]),
        str(value["sentence"]),
        tuple(str(question) for question in value["asked"]),
        tuple(str(identifier) for identifier in value["ids"]),
        int(str(value["requests"])),
        chain if isinstance(chain, dict) else None,
    )
