"""The live world: all or nothing, in order, and no secret in what is read, kept or told."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sekisho.decide.values import AccountId, Json, JsonObject, Secret
from sekisho.decide.values.documents import to_json
from sekisho.facts import Account, Delete, Event, Fact, Key, Kind, Put, kube_key
from sekisho.facts.json_form import fact_to_json
from sekisho.lab.world import Change, Store, World
from sekisho.lab.world.store import KEPT_CHANGES
from sekisho.lab.world.world import TooOld

CLUSTER = "arn:aws:eks:eu-west-1:111122223333:cluster/one"
POD = kube_key(CLUSTER, "", "pods", "default", "web")
SECRET = kube_key(CLUSTER, "", "secrets", "default", "db")
COPY = "kubectl.kubernetes.io/last-applied-configuration"
PLAIN = "aHVudGVyMg=="


def account(number: int) -> Put:
    name = AccountId(f"{number:012d}")
    return Put(Key(Kind.ACCOUNT, "", name), Account(name, "a"))


def pod(**labels: str) -> dict[str, Json]:
    return {"kind": "Pod", "metadata": {"name": "web", "uid": "u1", "labels": labels}}


def secret(value: str = PLAIN, **more: Json) -> dict[str, Json]:
    metadata: dict[str, Json] = {"name": "db", "uid": "u2"}
    return {"kind": "Secret", "metadata": metadata, "data": {"password": value, "user": value}, **more}


def applied(value: str = PLAIN) -> dict[str, Json]:
    """A Secret as `kubectl apply` writes it: with a copy of itself among the annotations."""
    annotations: dict[str, Json] = {COPY: json.dumps({"data": {"password": value}}), "owner": "ana"}
    return secret(value, metadata={"name": "db", "uid": "u2", "annotations": annotations})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "world.db"


@pytest.fixture
def world(path: Path) -> Iterator[World]:
    store = Store(path)
    yield World(store)
    store.close()


def test_every_change_has_a_revision_of_its_own(world: World) -> None:
    changes = world.commit([account(1), account(2), account(1)])
    assert [change.revision for change in changes] == [1, 2, 3]
    assert [change.before is None for change in changes] == [True, True, False]
    assert (world.revision, world.facts.account("000000000002")) == (3, account(2).value)


def test_deleting_what_is_not_there_changes_nothing(world: World) -> None:
    assert (world.commit([Delete(account(1).key)]), world.revision) == ((), 0)


def test_a_deletion_inside_one_commit(world: World) -> None:
    changes = world.commit([account(1), Delete(account(1).key)])
    assert [(change.before, change.after) for change in changes] == [
        (None, account(1).value),
        (account(1).value, None),
    ]
    assert world.facts.account("000000000001") is None


def test_a_kubernetes_object_carries_its_revision(world: World) -> None:
    world.commit([account(1), Put(POD, pod(app="web"))])
    found = world.facts.kube(POD)
    assert found is not None
    assert found["metadata"] == {"name": "web", "uid": "u1", "labels": {"app": "web"}, "resourceVersion": "2"}


def test_an_object_without_metadata_carries_it_too(world: World) -> None:
    world.commit([Put(POD, {"kind": "Pod"})])
    assert world.facts.kube(POD) == {"kind": "Pod", "metadata": {"resourceVersion": "1"}}


def test_a_commit_that_fails_changes_nothing_and_tells_nobody(world: World) -> None:
    world.commit([account(1)], {"a": Secret("old")}, {"port": "1"})
    before, told = world.facts, list[Change]()
    world.listen(told.append)
    broken: Event = Put(POD, {"kind": "Pod", "broken": object()})  # type: ignore[dict-item]  # JSON has no such
    with pytest.raises(TypeError):
        world.commit([account(2), broken], {"a": Secret("new"), "b": Secret("x")}, {"port": "2"})
    assert (world.facts is before, world.revision, told) == (True, 1, [])
    assert (world.secret("a"), world.secret("b"), world.meta("port")) == (Secret("old"), None, "1")
    assert [change.revision for change in world.commit([account(2)])] == [2]


def test_a_snapshot_that_is_held_does_not_change(world: World) -> None:
    world.commit([account(1)])
    held = world.facts
    world.commit([Delete(account(1).key)])
    assert held.account("000000000001") == account(1).value


def test_listeners_hear_each_change_after_it_is_true(world: World) -> None:
    heard: list[tuple[int, bool]] = []
    stop = world.listen(
        lambda change: heard.append((change.revision, world.facts.get(change.key) is not None))
    )
    world.commit([account(1), account(2)])
    stop()
    world.commit([account(3)])
    assert heard == [(1, True), (2, True)]


def test_a_listener_may_stop_while_it_is_told(world: World) -> None:
    heard: list[int] = []

    def once(change: Change) -> None:
        heard.append(change.revision)
        stop()

    stop = world.listen(once)
    world.listen(lambda change: heard.append(-change.revision))
    world.commit([account(1)])
    world.commit([account(2)])
    assert heard == [1, -1, -2]


def test_secrets_and_settings(world: World) -> None:
    world.commit((), {"a": Secret("x"), "b": Secret("y")}, {"port": "1"})
    world.commit((), {"a": None})
    assert (world.secret("a"), world.secret("b"), world.meta("port"), world.meta("no")) == (
        None,
        Secret("y"),
        "1",
        None,
    )


def test_a_restart_changes_nothing(path: Path) -> None:
    store = Store(path)
    first = World(store)
    first.commit([account(1), Put(SECRET, applied())], {"a": Secret("x")})
    facts, history = list(first.facts.items()), first.since(0)
    store.close()
    store = Store(path)
    second = World(store)
    assert (list(second.facts.items()), second.revision, second.since(0)) == (facts, 2, history)
    assert second.secret("a") == Secret("x")
    assert shown(second)["data"] == {"password": PLAIN, "user": PLAIN}
    store.close()


# The changes a watch has missed.


def test_changes_since_a_revision(world: World) -> None:
    world.commit([account(1), account(2), account(3)])
    assert [[change.revision for change in world.since(start)] for start in (0, 1, 2, 3, 9)] == [
        [1, 2, 3],
        [2, 3],
        [3],
        [],
        [],
    ]


@pytest.mark.parametrize("restarts", [False, True])
def test_changes_that_are_no_longer_kept(path: Path, restarts: bool) -> None:
    store = Store(path)
    world = World(store)
    world.commit([account(1) for _ in range(KEPT_CHANGES)])
    assert len(world.since(0)) == KEPT_CHANGES
    world.commit([account(1), account(1)])
    if restarts:
        world = World(store)
    assert len(world.since(2)) == KEPT_CHANGES
    with pytest.raises(TooOld) as caught:
        world.since(1)
    assert (caught.value.asked, caught.value.oldest) == (1, 3)
    store.close()


def test_a_lab_whose_history_is_lost_says_so(path: Path) -> None:
    store = Store(path)
    store.commit([], {}, {"revision": "7"})
    world = World(store)
    with pytest.raises(TooOld):
        world.since(6)
    assert world.since(7) == ()
    store.close()


# The data of Kubernetes' Secrets.


def shown(world: World, key: Key = SECRET) -> JsonObject:
    found = world.facts.kube(key)
    assert found is not None
    return world.revealed(found)


def everything(world: World, path: Path) -> bytes:
    """What is in the facts, the history and every table but the secrets'."""
    facts: list[Fact] = [fact for _, fact in world.facts.items()]
    facts += [fact for change in world.since(0) for fact in (change.before, change.after) if fact is not None]
    store = Store(path)
    rows = [*store.facts(), *store.history()]
    store.close()
    return to_json([fact_to_json(fact) for fact in facts]) + repr(rows).encode()


WRITTEN = {
    "data": secret(),
    "data, applied by kubectl": applied(),
    "no data, applied by kubectl": {**applied(), "data": {}},
    "data as text": {**secret(), "stringData": {"password": PLAIN}},
    "only data as text": {**secret(), "data": None, "stringData": {"password": PLAIN}},
    "data that is no mapping": {**secret(), "data": PLAIN},
}


@pytest.mark.parametrize("body", WRITTEN.values(), ids=WRITTEN.keys())
def test_the_data_of_a_secret_is_in_no_fact_and_no_history(
    world: World, path: Path, body: dict[str, Json]
) -> None:
    told: list[Change] = []
    world.listen(told.append)
    world.commit([Put(SECRET, body)])
    world.commit([Put(SECRET, {**body, "type": "Opaque"})])
    world.commit([Delete(SECRET)])
    assert PLAIN.encode() not in everything(world, path)
    assert PLAIN not in repr(told)


@pytest.mark.parametrize(
    "body", [secret(), applied(), {**applied(), "data": {}}], ids=["data", "applied", "copy"]
)
def test_whoever_may_read_a_secret_reads_what_was_written(world: World, body: dict[str, Json]) -> None:
    world.commit([Put(SECRET, body)])
    read = shown(world)
    metadata = body["metadata"]
    assert isinstance(metadata, dict)
    assert read == {**body, "metadata": {**metadata, "resourceVersion": "1"}}


def test_the_facts_keep_the_names(world: World) -> None:
    world.commit([Put(SECRET, secret())])
    found = world.facts.kube(SECRET)
    assert found is not None
    assert found["data"] == {"password": "", "user": ""}


def test_a_changed_secret_shows_its_new_data(world: World) -> None:
    world.commit([Put(SECRET, secret())])
    world.commit([Put(SECRET, secret("bmV3"))])
    assert shown(world)["data"] == {"password": "bmV3", "user": "bmV3"}


@pytest.mark.parametrize("body", WRITTEN.values(), ids=WRITTEN.keys())
@pytest.mark.parametrize("in_one_commit", [False, True])
def test_deleting_removes_the_data_too(path: Path, body: dict[str, Json], in_one_commit: bool) -> None:
    store = Store(path)
    world = World(store)
    events: list[Event] = [Put(SECRET, body), Put(SECRET, {**body, "type": "Opaque"}), Delete(SECRET)]
    for batch in [events] if in_one_commit else [[event] for event in events]:
        world.commit(batch)
    assert store.secrets() == {}
    store.close()


def test_replacing_keeps_only_the_newest_data(path: Path) -> None:
    store = Store(path)
    world = World(store)
    world.commit([Put(SECRET, secret("b2xk"))])
    world.commit([Put(SECRET, secret())])
    assert ["b2xk" in value.reveal() for value in store.secrets().values()] == [False]
    store.close()


def test_other_objects_are_shown_as_they_are(world: World) -> None:
    data: JsonObject = {**pod(), "data": {"a": "b"}}
    world.commit([Put(POD, data), Put(SECRET, {"kind": "Secret", "metadata": {"uid": "u2"}})])
    assert shown(world, POD)["data"] == {"a": "b"}
    assert shown(world) == world.facts.kube(SECRET)
