"""The journal: what a person did is one entry, found by the id the client showed, without a credential."""

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sekisho.decide.decision import Chain, Decision, Link, Outcome, ReasonCode, Step
from sekisho.decide.values import Instant, Ref, Secret
from sekisho.decide.values.documents import to_json
from sekisho.lab.journal import GROUP_WINDOW, KEPT_ENTRIES, MAX_CLIENT_CHARS, MAX_IDS, Asked, Entry, Journal
from sekisho.lab.world import Store

NOON = Instant.parse_rfc3339("2026-01-31T12:00:00Z")
SECOND = timedelta(seconds=1)


class Code(ReasonCode):
    NOT_MAPPED = "test-journal.not-mapped", "`{arn}` is not mapped"


UNAUTHORIZED = Asked(
    "11111111-aaaa-4000-8000-000000000001",
    NOON,
    "kubernetes",
    "one",
    "arn:aws:iam::111122223333:user/ana",
    "kubectl/v1.33.0",
    "GET /api",
    401,
    Outcome.NO_OPINION,
    "iam-mapping.not-mapped",
    "nobody is mapped",
)
FORBIDDEN = replace(
    UNAUTHORIZED, status=403, code="rbac.no-rule", question="list pods", sentence="no rule allows it"
)
ALLOWED = replace(UNAUTHORIZED, status=200, outcome=Outcome.ALLOW, code="rbac.matched", question="list pods")


def again(asked: Asked, number: int, later: timedelta = SECOND, **changes: object) -> Asked:
    """The next request of the client; ``changes`` are fields."""
    fresh = {"id": f"22222222-bbbb-4000-8000-{number:012d}", "at": asked.at + later, **changes}
    return replace(asked, **fresh)  # type: ignore[arg-type]  # the tests name fields of Asked


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "world.db")
    yield opened
    opened.close()


@pytest.fixture
def journal(store: Store) -> Journal:
    return Journal(store)


GROUPED = {
    "the same question again": (UNAUTHORIZED, {}, True),
    "another question before authentication": (UNAUTHORIZED, {"question": "GET /apis"}, True),
    "at the end of the window": (UNAUTHORIZED, {"at": NOON + GROUP_WINDOW}, True),
    "after the window": (UNAUTHORIZED, {"at": NOON + GROUP_WINDOW + timedelta(microseconds=1)}, False),
    "another caller": (UNAUTHORIZED, {"who": "arn:aws:iam::111122223333:user/tom"}, False),
    "another client": (UNAUTHORIZED, {"client": "aws-cli/2.30"}, False),
    "another code": (UNAUTHORIZED, {"code": "iam-token.expired"}, False),
    "another cluster": (UNAUTHORIZED, {"target": "two"}, False),
    "another surface": (UNAUTHORIZED, {"surface": "aws"}, False),
    "another outcome": (UNAUTHORIZED, {"outcome": Outcome.DENY}, False),
    "the same resource forbidden again": (FORBIDDEN, {}, True),
    "another resource forbidden": (FORBIDDEN, {"question": "list nodes"}, False),
    "the same question refused about another resource": (FORBIDDEN, {"sentence": "no rule of b"}, False),
    "another sentence before authentication": (UNAUTHORIZED, {"sentence": "nobody else is"}, True),
    "the same question allowed again": (ALLOWED, {}, True),
    "another question allowed": (ALLOWED, {"question": "list nodes"}, False),
}


@pytest.mark.parametrize(("asked", "changes", "one"), GROUPED.values(), ids=GROUPED.keys())
def test_grouping(journal: Journal, asked: Asked, changes: dict[str, object], one: bool) -> None:
    journal.note(asked)
    journal.note(again(asked, 2, SECOND, **changes))
    counts = [entry.count for entry in journal.entries()]
    assert counts == ([2] if one else [1, 1])


def test_several_refusals_of_one_command_are_one_entry(journal: Journal) -> None:
    for number, question in enumerate(("GET /api", "GET /apis", "GET /api", "list pods"), start=1):
        journal.note(again(UNAUTHORIZED, number, number * SECOND, question=question))
    (entry,) = journal.entries()
    assert (entry.count, entry.asked) == (4, ("GET /api", "GET /apis", "list pods"))
    assert (entry.first, entry.last) == (NOON + SECOND, NOON + 4 * SECOND)
    assert entry.ids == tuple(f"22222222-bbbb-4000-8000-{number:012d}" for number in range(1, 5))
    assert entry.id == entry.ids[0]


def test_an_entry_is_explained_as_it_was_the_last_time(journal: Journal) -> None:
    def chain(arn: str) -> Chain:
        step = Step(Code.NOT_MAPPED, Ref("aws-auth"), (("arn", arn),))
        return Chain("person_to_cluster", (Link("mapping", Decision(Outcome.NO_OPINION, (step,))),))

    journal.note(replace(UNAUTHORIZED, chain=chain("first")))
    journal.note(again(UNAUTHORIZED, 1, chain=chain("second")))
    entry = journal.note(again(UNAUTHORIZED, 2, 2 * SECOND))
    assert entry.count == 3
    assert "second" in to_json(entry.to_json()).decode()
    assert "first" not in to_json(entry.chain).decode()


def test_the_window_counts_from_the_last_request(journal: Journal) -> None:
    asked = UNAUTHORIZED
    journal.note(asked)
    for number in range(4):
        asked = again(asked, number, GROUP_WINDOW)
        journal.note(asked)
    assert [entry.count for entry in journal.entries()] == [5]


def test_a_command_that_still_runs_is_found_behind_one_that_ended(journal: Journal) -> None:
    journal.note(UNAUTHORIZED)
    journal.note(again(FORBIDDEN, 1, timedelta(seconds=1)))
    journal.note(again(UNAUTHORIZED, 2, timedelta(seconds=8)))
    journal.note(again(UNAUTHORIZED, 3, timedelta(seconds=15)))
    assert [(entry.status, entry.count) for entry in journal.entries()] == [(403, 1), (401, 3)]


def test_ids_and_questions_of_an_entry_are_bounded(journal: Journal) -> None:
    for number in range(MAX_IDS + 5):
        journal.note(again(UNAUTHORIZED, number, question=f"GET /{number}"))
    (entry,) = journal.entries()
    assert (entry.count, len(entry.ids), len(entry.asked)) == (MAX_IDS + 5, MAX_IDS, MAX_IDS)


def test_what_a_client_calls_itself_is_bounded(journal: Journal) -> None:
    journal.note(replace(UNAUTHORIZED, client="x" * 10_000))
    journal.note(again(UNAUTHORIZED, 2, client="x" * 10_001))
    assert [(len(entry.client), entry.count) for entry in journal.entries()] == [(MAX_CLIENT_CHARS, 2)]


def test_only_so_many_entries_are_kept(store: Store, journal: Journal) -> None:
    for number in range(KEPT_ENTRIES + 3):
        journal.note(again(ALLOWED, number, SECOND * number, question=f"get {number}"))
    kept = journal.entries()
    assert (len(kept), kept[0].asked) == (KEPT_ENTRIES, ("get 3",))
    journal.save()
    assert [entry.asked for entry in Journal(store).entries()] == [entry.asked for entry in kept]


def test_the_last_refusal(journal: Journal) -> None:
    assert journal.last_refusal() is None
    journal.note(UNAUTHORIZED)
    journal.note(again(FORBIDDEN, 2))
    journal.note(again(ALLOWED, 3, 2 * SECOND))
    found = journal.last_refusal()
    assert found is not None
    assert found.code == "rbac.no-rule"


def test_the_last_refusal_is_the_one_asked_for_last(journal: Journal) -> None:
    journal.note(UNAUTHORIZED)
    journal.note(again(FORBIDDEN, 2))
    journal.note(again(UNAUTHORIZED, 3, 2 * SECOND))
    found = journal.last_refusal()
    assert found is not None
    assert (found.status, found.count) == (401, 2)


FOUND = {
    "the whole id": ("11111111-aaaa-4000-8000-000000000001", 401),
    "the id of a later request of the command": ("22222222-bbbb-4000-8000-000000000002", 401),
    "upper case": ("11111111-AAAA-4000-8000-000000000001", 401),
    "a beginning that one entry has": ("111111", 401),
    "all but the last character of two ids": ("22222222-bbbb-4000-8000-000000000002"[:-1], None),
    "a beginning that several have": ("222222", None),
    "a beginning that is too short": ("11111", None),
    "an id nobody has": ("33333333", None),
    "nothing": ("", None),
}


@pytest.mark.parametrize(("wanted", "status"), FOUND.values(), ids=FOUND.keys())
def test_finding_by_request_id(journal: Journal, wanted: str, status: int | None) -> None:
    journal.note(UNAUTHORIZED)
    journal.note(again(UNAUTHORIZED, 2))
    journal.note(again(FORBIDDEN, 3))
    found = journal.find(wanted)
    assert (None if found is None else found.status) == status


def test_one_entry_with_several_ids_of_one_beginning(journal: Journal) -> None:
    journal.note(again(UNAUTHORIZED, 1))
    journal.note(again(UNAUTHORIZED, 2))
    found = journal.find("222222")
    assert found is not None
    assert found.count == 2


CREDENTIAL = "k8s-aws-v1.aHR0cHM6Ly9zdHM"
REFUSAL = Chain(
    "person_to_cluster",
    (
        Link("token", Decision(Outcome.ALLOW, value=Secret(CREDENTIAL))),
        Link(
            "mapping",
            Decision(Outcome.NO_OPINION, (Step(Code.NOT_MAPPED, Ref("aws-auth"), (("arn", "x"),)),)),
        ),
    ),
)


def test_an_entry_survives_a_restart_whole(store: Store, journal: Journal) -> None:
    journal.note(replace(UNAUTHORIZED, chain=REFUSAL))
    journal.note(again(UNAUTHORIZED, 2, question="GET /apis"))
    journal.note(again(ALLOWED, 3))
    journal.save()
    restarted = Journal(store)
    assert restarted.entries() == journal.entries()
    found = restarted.find("22222222-bbbb-4000-8000-000000000002")
    assert found is not None
    assert found.chain is not None
    assert (found.count, found.chain["outcome"]) == (2, "no-opinion")


def test_a_command_goes_on_after_a_restart(store: Store, journal: Journal) -> None:
    journal.note(UNAUTHORIZED)
    journal.save()
    restarted = Journal(store)
    restarted.note(again(UNAUTHORIZED, 2))
    restarted.save()
    assert [entry.count for entry in Journal(store).entries()] == [2]


def test_nothing_is_written_twice(store: Store, journal: Journal) -> None:
    journal.note(UNAUTHORIZED)
    journal.save()
    journal.save()
    assert len(store.journal(10)) == 1


def test_a_save_that_failed_is_made_up_for(tmp_path: Path) -> None:
    path = tmp_path / "world.db"
    closed = Store(path)
    journal = Journal(closed)
    journal.note(UNAUTHORIZED)
    closed.close()
    for _ in range(2):
        with pytest.raises(sqlite3.ProgrammingError, match="closed database"):
            journal.save()


def test_no_credential_is_in_an_entry(store: Store, journal: Journal) -> None:
    entry = journal.note(replace(UNAUTHORIZED, chain=REFUSAL))
    journal.save()
    written = to_json(entry.to_json()).decode() + repr(entry) + "".join(store.journal(10))
    assert CREDENTIAL not in written
    assert "***" in written


def test_whoever_follows_sees_entries_as_they_are_made_and_grow(journal: Journal) -> None:
    async def follow() -> list[Entry]:
        seen: list[Entry] = []
        stream = journal.follow()
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        journal.note(UNAUTHORIZED)
        seen.append(await waiting)
        journal.note(again(UNAUTHORIZED, 2))
        seen.append(await anext(stream))
        return seen

    assert [entry.count for entry in asyncio.run(follow())] == [1, 2]
