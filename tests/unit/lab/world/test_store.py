"""The file of a lab: what was committed survives a kill, what is not a lab's file is refused."""

import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sekisho.decide.values import AccountId, Instant, Secret
from sekisho.facts import Account, Fact, Key, Kind, Put, User
from sekisho.lab.errors import LabError
from sekisho.lab.world import Change, Store
from sekisho.lab.world.store import KEPT_CHANGES, SCHEMA_VERSION

ACCOUNT = AccountId("111122223333")
ANA = User(ACCOUNT, "ana", "AIDAANA", Instant.from_epoch(0), tags=(("team", "é"),))
ANA_KEY = Key(Kind.USER, ACCOUNT, "ana")
HOME_KEY = Key(Kind.ACCOUNT, "", ACCOUNT)
HOME = Account(ACCOUNT, "home")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "world.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path)
    yield opened
    opened.close()


def put(revision: int, key: Key, after: Fact | None, before: Fact | None = None) -> Change:
    return Change(revision, key, after, before)


def test_an_empty_lab(store: Store) -> None:
    assert (store.revision(), store.facts(), store.history(), store.secrets(), store.meta("port")) == (
        0,
        [],
        [],
        {},
        None,
    )


def test_what_was_committed_is_read_back_by_the_next_process(path: Path) -> None:
    first = Store(path)
    changes = [put(1, HOME_KEY, HOME), put(2, ANA_KEY, ANA)]
    first.commit(changes, {"key/AKIA": Secret("hunter2")}, {"port": "4000"})
    first.set_meta("other", "x")
    first.close()
    second = Store(path)
    assert second.facts() == [Put(HOME_KEY, HOME), Put(ANA_KEY, ANA)]
    assert (second.revision(), second.history()) == (2, changes)
    assert (second.secrets(), second.meta("port"), second.meta("other")) == (
        {"key/AKIA": Secret("hunter2")},
        "4000",
        "x",
    )
    second.close()


def test_facts_are_in_the_order_of_their_last_change(store: Store) -> None:
    store.commit([put(1, HOME_KEY, HOME), put(2, ANA_KEY, ANA), put(3, HOME_KEY, HOME, HOME)], {}, {})
    assert [fact.key for fact in store.facts()] == [ANA_KEY, HOME_KEY]


def test_a_deletion_leaves_history_alone(store: Store) -> None:
    changes = [put(1, ANA_KEY, ANA), put(2, ANA_KEY, None, ANA)]
    store.commit(changes, {"a": Secret("x")}, {})
    store.commit([], {"a": None, "never": None}, {})
    assert (store.facts(), store.history(), store.secrets(), store.revision()) == ([], changes, {}, 2)


def test_history_is_trimmed_to_what_is_kept(store: Store) -> None:
    store.commit([put(revision, HOME_KEY, HOME) for revision in range(1, KEPT_CHANGES + 3)], {}, {})
    kept = store.history()
    assert (len(kept), kept[0].revision, kept[-1].revision) == (KEPT_CHANGES, 3, KEPT_CHANGES + 2)


def test_a_commit_that_fails_leaves_nothing_behind(store: Store) -> None:
    store.commit([put(1, HOME_KEY, HOME)], {"a": Secret("old")}, {"port": "1"})
    with pytest.raises(sqlite3.IntegrityError):  # revision 1 was given before
        store.commit([put(2, ANA_KEY, ANA), put(1, ANA_KEY, None)], {"a": Secret("new")}, {"port": "2"})
    assert (store.facts(), store.revision()) == ([Put(HOME_KEY, HOME)], 1)
    assert (store.secrets(), store.meta("port")) == ({"a": Secret("old")}, "1")
    store.commit([put(2, ANA_KEY, ANA)], {}, {})
    assert store.revision() == 2


CHILD = """
import sys, time
from pathlib import Path
from sekisho.decide.values import AccountId, Secret
from sekisho.facts import Account, Key, Kind, Put
from sekisho.lab.world import Store, World
world = World(Store(Path(sys.argv[1])))
for number in range(1, 51):
    account = AccountId(f"{number:012d}")
    world.commit([Put(Key(Kind.ACCOUNT, "", account), Account(account, "a"))], {f"s{number}": Secret("x")})
    print(number, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("commits", [1, 50])
def test_a_kill_right_after_a_commit_loses_nothing(path: Path, commits: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        answered = [child.stdout.readline() for _ in range(commits)]
        os.kill(child.pid, signal.SIGKILL)
        answered += child.stdout.readlines()  # what it got to say before the signal came
    assert child.returncode == -signal.SIGKILL
    store = Store(path)
    last = int(answered[-1])
    assert last >= commits
    # The commit after the last answered one may have been made, too.
    assert store.revision() - last in (0, 1)
    names = {fact.key.name for fact in store.facts()}
    assert names == {f"{number:012d}" for number in range(1, store.revision() + 1)}
    assert len(store.secrets()) == len(store.history()) == store.revision()
    store.close()


def test_every_file_is_its_owners_alone(path: Path) -> None:
    path.touch(mode=0o644)
    path.chmod(0o644)
    store = Store(path)
    store.commit([put(1, HOME_KEY, HOME)], {}, {})
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"world.db": 0o600, "world.db-wal": 0o600, "world.db-shm": 0o600}
    store.close()


def test_a_deleted_secret_is_not_left_in_the_file(path: Path) -> None:
    store = Store(path)
    store.commit([], {"a": Secret("correct horse battery staple")}, {})
    store.close()
    assert b"correct horse" in path.read_bytes()
    store = Store(path)
    store.commit([], {"a": None}, {})
    store.close()
    assert [file.name for file in path.parent.iterdir() if b"correct horse" in file.read_bytes()] == []


def no_database(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to have a header" * 100)


def other_version(path: Path) -> None:
    Store(path).close()
    run(path, f"PRAGMA user_version={SCHEMA_VERSION + 1}")


def other_program(path: Path) -> None:
    run(path, "CREATE TABLE photos (id)")


def cut_short(path: Path) -> None:
    filled(path)
    path.write_bytes(path.read_bytes()[:8192])


def overwritten(path: Path) -> None:
    filled(path)
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


def a_directory(path: Path) -> None:
    path.mkdir()


def no_folder(path: Path) -> None:
    path.parent.rmdir()


def filled(path: Path) -> None:
    store = Store(path)
    store.commit([put(revision, HOME_KEY, HOME) for revision in range(1, 300)], {}, {})
    store.close()


def run(path: Path, statement: str, *values: object) -> None:
    database = sqlite3.connect(path)
    database.execute(statement, values)
    database.commit()
    database.close()


NOT_A_LABS = {
    "bytes that are no database": (no_database, "cannot be read as a lab's state"),
    "a database of another version": (
        other_version,
        r"another version of sekisho \(format 2, this one reads 1\)",
    ),
    "a database of another program": (other_program, "the database of another program"),
    "a file cut short": (cut_short, "cannot be read as a lab's state"),
    "a file written over": (overwritten, "cannot be read as a lab's state"),
    "a directory": (a_directory, "cannot be"),
    "no folder": (no_folder, "cannot be written"),
}


@pytest.mark.parametrize(("spoil", "problem"), NOT_A_LABS.values(), ids=NOT_A_LABS.keys())
def test_a_file_that_is_not_a_labs(path: Path, spoil: object, problem: str) -> None:
    assert callable(spoil)
    spoil(path)
    with pytest.raises(LabError, match=problem) as caught:
        Store(path)
    assert str(path) in str(caught.value)
    assert "--state-dir" in str(caught.value)


def test_the_database_of_another_program_is_left_as_it_was(path: Path) -> None:
    other_program(path)
    with pytest.raises(LabError):
        Store(path)
    database = sqlite3.connect(path)
    assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("photos",)]
    database.close()


ROWS = {
    "a kind nobody knows": ("planet", json.dumps({})),
    "no JSON": ("account", "{"),
    "a field too few": ("account", json.dumps({"account": ACCOUNT})),
    "a field too many": ("account", json.dumps({"account": ACCOUNT, "name": "a", "colour": "red"})),
}


@pytest.mark.parametrize(("kind", "body"), ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize("table", ["fact", "history"])
def test_a_row_that_does_not_fit(path: Path, table: str, kind: str, body: str) -> None:
    Store(path).close()
    if table == "fact":
        run(path, "INSERT INTO fact VALUES (?, '', 'x', 1, ?)", kind, body)
    else:
        run(path, "INSERT INTO history VALUES (1, ?, '', 'x', ?, NULL)", kind, body)
    store = Store(path)
    with pytest.raises(LabError, match="cannot be read as a lab's state"):
        _ = (store.facts(), store.history())
    store.close()


def test_the_journal_keeps_the_newest(store: Store) -> None:
    store.write_journal([(f"id-{second}", float(second), f"body {second}") for second in range(5)], 3)
    store.write_journal([("id-4", 9.0, "body 4, again")], 3)
    assert store.journal(10) == ["body 2", "body 3", "body 4, again"]
    assert store.journal(1) == ["body 4, again"]
