"""The live world: the present Snapshot, the secrets beside it, and who wants to hear of changes.

The Snapshot is what every decision reads; it holds no secret. A change is committed
to the file before anyone sees it, so an answer that was given survives a kill.
"""

import json
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from sekisho.decide.values import Json, JsonObject, Secret
from sekisho.facts import Delete, Event, Fact, Key, Kind, Put, Snapshot
from sekisho.lab.world.store import KEPT_CHANGES, Change, Store

Listener = Callable[[Change], None]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
"""Where `kubectl apply` keeps what it applied: for a Secret, every value once more."""


class TooOld(Exception):  # noqa: N818 - the name of the answer, not of a fault
    """A watch asked for a revision whose changes are no longer kept (HTTP 410, reason Expired)."""

    def __init__(self, asked: int, oldest: int) -> None:
        super().__init__(f"{asked} is before {oldest}")
        self.asked = asked
        self.oldest = oldest


class World:
    """Facts, secrets and history of one lab; owned by one event loop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.facts = Snapshot(store.facts())
        self.revision = store.revision()
        self._secrets = store.secrets()
        self._history: deque[Change] = deque(store.history(), maxlen=KEPT_CHANGES)
        self._listeners: list[Listener] = []

    def commit(
        self,
        events: Iterable[Event],
        secrets: Mapping[str, Secret | None] | None = None,
        meta: Mapping[str, str] | None = None,
    ) -> tuple[Change, ...]:
        """Make ``events`` true, all or none, and tell the listeners.

        A Kubernetes object gets its revision as ``metadata.resourceVersion``; the data of a
        Secret (and kubectl's copy of it) goes to the secrets and leaves only its key names in the facts.

        Returns:
            The changes in order, one per event that changed anything.
        """
        kept: dict[str, Secret | None] = dict(secrets or {})
        changes: list[Change] = []
        after = self.facts
        for event in events:
            before = after.get(event.key)
            if before is None and isinstance(event, Delete):
                continue
            revision = self.revision + len(changes) + 1
            value = self._stored(event, revision, before, kept) if isinstance(event, Put) else None
            if value is None:
                _forget(event.key, before, kept)
            stored: Event = Delete(event.key) if value is None else Put(event.key, value)
            after = after.applied((stored,))
            changes.append(Change(revision, event.key, value, before))
        self._store.commit(changes, kept, meta or {})
        self.facts = after
        self.revision += len(changes)
        for name, secret in kept.items():
            if secret is None:
                self._secrets.pop(name, None)
            else:
                self._secrets[name] = secret
        self._history.extend(changes)
        for change in changes:
            for listener in tuple(self._listeners):
                listener(change)
        return tuple(changes)

    def secret(self, name: str) -> Secret | None:
        """Return a secret by its name."""
        return self._secrets.get(name)

    def secret_names(self) -> tuple[str, ...]:
        """Return the names of all secrets."""
        return tuple(self._secrets)

    def meta(self, name: str) -> str | None:
        """Return a setting that was chosen once."""
        return self._store.meta(name)

    def revealed(self, body: JsonObject) -> JsonObject:
        """Return a Kubernetes object as its reader sees it: a Secret with its data."""
        if body.get("kind") != "Secret":
            return body
        secret = self.secret(_secret_name(body))
        if secret is None:
            return body
        hidden = json.loads(secret.reveal())
        revealed = {**body, **hidden["members"]}
        return revealed if hidden["applied"] is None else _with_applied(revealed, hidden["applied"])

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with each change after it was committed; returns how to stop that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def since(self, revision: int) -> tuple[Change, ...]:
        """Return the changes after ``revision``.

        Raises:
            TooOld: some of them are no longer kept.
        """
        if revision >= self.revision:
            return ()
        oldest = self._history[0].revision if self._history else self.revision + 1
        if revision + 1 < oldest:
            raise TooOld(revision, oldest)
        return tuple(change for change in self._history if change.revision > revision)

    def _stored(self, event: Put, revision: int, before: Fact | None, kept: dict[str, Secret | None]) -> Fact:
        if event.key.kind is not Kind.KUBE or not isinstance(event.value, Mapping):
            return event.value
        metadata = event.value.get("metadata")
        body: dict[str, Json] = {
            **event.value,
            "metadata": {
                **(metadata if isinstance(metadata, Mapping) else {}),
                "resourceVersion": str(revision),
            },
        }
        if body.get("kind") == "Secret":
            _forget(event.key, before, kept)
            body = _withdrawn(body, kept)
        return body


def _withdrawn(body: dict[str, Json], kept: dict[str, Secret | None]) -> dict[str, Json]:
    """Move the values of a Secret to ``kept``: its data, and the copy that `kubectl apply` leaves."""
    # Whatever its shape: a body that should not have passed validation hides its values all the same.
    hidden = {member: body[member] for member in ("data", "stringData") if body.get(member)}
    applied = _applied(body)
    if not hidden and applied is None:
        return body
    kept[_secret_name(body)] = Secret(json.dumps({"members": hidden, "applied": applied}))
    blank = {
        member: dict.fromkeys(values, "") if isinstance(values, Mapping) else None
        for member, values in hidden.items()
    }
    body = {**body, **blank}
    return body if applied is None else _with_applied(body, "")


def _applied(body: JsonObject) -> Json:
    metadata = body.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Mapping) else None
    return annotations.get(LAST_APPLIED) if isinstance(annotations, Mapping) else None


def _with_applied(body: JsonObject, applied: str) -> dict[str, Json]:
    metadata = body["metadata"]
    assert isinstance(metadata, Mapping)  # noqa: S101 - _stored put it there
    annotations = metadata["annotations"]
    assert isinstance(annotations, Mapping)  # noqa: S101 - _applied found it there
    return {**body, "metadata": {**metadata, "annotations": {**annotations, LAST_APPLIED: applied}}}


def _secret_name(body: JsonObject) -> str:
    metadata = body["metadata"]
    assert isinstance(metadata, Mapping)  # noqa: S101 - _stored put it there
    return f"kube/{metadata.get('uid')}/{metadata['resourceVersion']}"


def _forget(key: Key, before: Fact | None, kept: dict[str, Secret | None]) -> None:
    if key.kind is Kind.KUBE and isinstance(before, Mapping) and before.get("kind") == "Secret":
        kept[_secret_name(before)] = None
