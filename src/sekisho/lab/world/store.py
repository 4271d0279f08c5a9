"""The SQLite file: one row per fact, one per secret, and the history that watches need.

Only the lab process opens it. A commit is one transaction in write-ahead mode: once
`Store.commit` returns, the change survives the process being killed. Every change
has a revision of its own, strictly growing, which is also Kubernetes' resourceVersion.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from sekisho.decide.values import Ref, Secret
from sekisho.facts import Fact, Key, Kind, Put
from sekisho.facts.json_form import fact_from_json, fact_to_json
from sekisho.lab.errors import LabError

SCHEMA_VERSION = 1
KEPT_CHANGES = 5_000
"""How many past changes a watch can go back; older ones answer 410."""

_ELSEWHERE = "start with another --state-dir"
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE fact (kind TEXT, scope TEXT, name TEXT, revision INTEGER NOT NULL, body TEXT NOT NULL,
                   PRIMARY KEY (kind, scope, name)) WITHOUT ROWID;
CREATE TABLE secret (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE history (revision INTEGER PRIMARY KEY, kind TEXT, scope TEXT, name TEXT, body TEXT, before TEXT);
CREATE TABLE journal (id TEXT PRIMARY KEY, at REAL NOT NULL, body TEXT NOT NULL);
CREATE INDEX journal_at ON journal (at);
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one fact. ``after`` is None for a deletion, ``before`` for a creation."""

    revision: int
    key: Key
    after: Fact | None
    before: Fact | None


class Store:
    """The file, opened for one process."""

    def __init__(self, path: Path) -> None:
        """Open or create the file, mode 0600.

        Raises:
            LabError: the file is not a lab's, is damaged, or was written by another version.
        """
        self._path = path
        try:
            path.touch(mode=0o600)
            path.chmod(0o600)
        except OSError as error:
            raise LabError(f"`{path}` cannot be written: {error.strerror}; {_ELSEWHERE}") from None
        with self._reading(), contextlib.ExitStack() as on_failure:
            self._db = sqlite3.connect(path, isolation_level=None)
            on_failure.callback(self._db.close)
            self._prepare()
            on_failure.pop_all()

    def close(self) -> None:
        """Close the file, folding the write-ahead log into it."""
        self._db.close()

    def revision(self) -> int:
        """Return the newest revision; 0 for an empty lab."""
        return int(self.meta("revision") or "0")

    def meta(self, name: str) -> str | None:
        """Return a setting that was chosen once (a port, an id)."""
        row = self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def set_meta(self, name: str, value: str) -> None:
        """Keep a setting."""
        self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, value))

    def facts(self) -> list[Put]:
        """Return every fact.

        Raises:
            LabError: a row is damaged or does not fit this version.
        """
        with self._reading():
            rows = self._db.execute("SELECT kind, scope, name, body FROM fact ORDER BY revision")
            return [_put(Key(Kind(kind), scope, name), body) for kind, scope, name, body in rows]

    def history(self) -> list[Change]:
        """Return the kept changes, oldest first.

        Raises:
            LabError: as `facts`.
        """
        with self._reading():
            rows = self._db.execute("SELECT * FROM history ORDER BY revision")
            return [
                Change(revision, key, after, before)
                for revision, kind, scope, name, body, earlier in rows
                for key in (Key(Kind(kind), scope, name),)
                for after, before in ((_fact(key, body), _fact(key, earlier)),)
            ]

    def commit(
        self,
        changes: Iterable[Change],
        secrets: Mapping[str, Secret | None],
        meta: Mapping[str, str],
    ) -> None:
        """Write changes, secrets (None removes one) and settings in one transaction."""
        with self._transaction():
            last = 0
            for change in changes:
                last = change.revision
                key = (str(change.key.kind), change.key.scope, change.key.name)
                after, before = _text(change.after), _text(change.before)
                if after is None:
                    self._db.execute("DELETE FROM fact WHERE kind = ? AND scope = ? AND name = ?", key)
                else:
                    self._db.execute(
                        "INSERT OR REPLACE INTO fact VALUES (?, ?, ?, ?, ?)", (*key, last, after)
                    )
                self._db.execute("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?)", (last, *key, after, before))
            if last:
                self._db.execute("INSERT OR REPLACE INTO meta VALUES ('revision', ?)", (str(last),))
                self._db.execute("DELETE FROM history WHERE revision <= ?", (last - KEPT_CHANGES,))
            for name, secret in secrets.items():
                if secret is None:
                    self._db.execute("DELETE FROM secret WHERE name = ?", (name,))
                else:
                    self._db.execute("INSERT OR REPLACE INTO secret VALUES (?, ?)", (name, secret.reveal()))
            for name, value in meta.items():
                self.set_meta(name, value)

    def secrets(self) -> dict[str, Secret]:
        """Return every secret by name."""
        return {name: Secret(value) for name, value in self._db.execute("SELECT name, value FROM secret")}

    def write_journal(self, entries: Iterable[tuple[str, float, str]], keep: int) -> None:
        """Add or replace journal entries (id, epoch seconds, JSON) and drop all but the newest ``keep``."""
        with self._transaction():
            self._db.executemany("INSERT OR REPLACE INTO journal VALUES (?, ?, ?)", entries)
            self._db.execute(
                "DELETE FROM journal WHERE at < (SELECT at FROM journal ORDER BY at DESC LIMIT 1 OFFSET ?)",
                (keep - 1,),
            )

    def journal(self, limit: int) -> list[str]:
        """Return the newest journal entries as JSON, oldest first."""
        rows = self._db.execute("SELECT body FROM journal ORDER BY at DESC LIMIT ?", (limit,)).fetchall()
        return [str(row[0]) for row in reversed(rows)]

    def _prepare(self) -> None:
        self._db.execute("PRAGMA journal_mode=WAL")
        # A killed process loses nothing in this mode; only a power cut may take the last commits.
        self._db.execute("PRAGMA synchronous=NORMAL")
        # What a deleted secret leaves in the file is overwritten.
        self._db.execute("PRAGMA secure_delete=ON")
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise LabError(f"`{self._path}` is the database of another program; {_ELSEWHERE}")
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        elif version != SCHEMA_VERSION:
            raise LabError(
                f"`{self._path}` was written by another version of sekisho (format {version}, "
                f"this one reads {SCHEMA_VERSION}); {_ELSEWHERE}"
            )
        elif (found := self._db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(str(found).replace("\n", " "))

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """Say of what cannot be read that the file is damaged."""
        try:
            yield
        except (sqlite3.DatabaseError, ValueError) as error:
            raise LabError(f"`{self._path}` cannot be read as a lab's state: {error}; {_ELSEWHERE}") from None

    def _transaction(self) -> "_Transaction":
        return _Transaction(self._db)


class _Transaction:
    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._db.execute("COMMIT")
        finally:
            # Neither a failed statement nor a COMMIT that found the disk full may leave a transaction open.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")


def _text(fact: Fact | None) -> str | None:
    return None if fact is None else json.dumps(fact_to_json(fact), separators=(",", ":"), ensure_ascii=False)


def _fact(key: Key, body: str | None) -> Fact | None:
    return None if body is None else _put(key, body).value


def _put(key: Key, body: str) -> Put:
    return Put(key, fact_from_json(key.kind, json.loads(body), Ref(f"{key.kind}/{key.scope}/{key.name}")))
