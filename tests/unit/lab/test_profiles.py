"""The profiles of a lab's shells: written after the world, and written again if that was cut short."""

from pathlib import Path

from sekisho.decide.values import Instant
from sekisho.lab.aws.message_key import message_key
from sekisho.lab.aws.operation import Site
from sekisho.lab.install import install
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.profiles import STALE_META, finish_profiles, profiles_of, region_of
from sekisho.lab.world import Clock, Ids, StateDir, Store, World

NOW = Instant.parse_rfc3339("2026-01-31T09:00:00Z")
SITE = Site(lambda: "https://127.0.0.1:1", "", lambda _cluster: ())
ONE = """\
apiVersion: sekisho.dev/v1alpha1
kind: World
region: eu-west-1
accounts: [{id: "111122223333", users: [{name: ana, accessKeys: [{profile: default}]}]}]
"""
TWO = ONE.replace("ana", "bob").replace("default", "other").replace("eu-west-1", "eu-west-2")


def opened(folder: Path) -> tuple[World, StateDir]:
    state = StateDir(folder)
    state.create()
    return World(Store(state.database)), state


def test_a_world_that_replaces_another_leaves_nothing_of_it(tmp_path: Path) -> None:
    world, state = opened(tmp_path / "s")
    install(ONE, "one", Ids(), NOW).write(world, SITE, state)
    (old,) = profiles_of(world)
    kept = world.secret_names()
    install(TWO, "two", Ids(), NOW).write(world, SITE, state)
    ((new, name),) = profiles_of(world).items()
    assert (name, region_of(world)) == ("other", "eu-west-2")
    assert old not in " ".join(world.secret_names())
    assert len(world.secret_names()) == len(kept) == 1
    text = state.aws_credentials.read_text()
    assert (new in text, old in text) == (True, False)
    assert "region = eu-west-2" in state.aws_config.read_text()
    assert [user.name for user in world.facts.users("111122223333")] == ["bob"]


def test_keys_of_issuers_and_of_the_lab_itself_stay(tmp_path: Path) -> None:
    world, state = opened(tmp_path / "s")
    issuer, keys = "https://oidc.example/id/1", IssuerKeys(world, Clock())
    published, sealing = keys.published(issuer), message_key(world, Ids())
    install(ONE, "one", Ids(), NOW).write(world, SITE, state)
    assert keys.published(issuer) == published
    assert f"issuer-key/{issuer}/{published[0].key_id}" in world.secret_names()
    assert message_key(world, Ids()) == sealing


def test_files_that_were_not_written_before_a_kill_are_written_at_the_next_start(tmp_path: Path) -> None:
    world, state = opened(tmp_path / "s")
    install(ONE, "one", Ids(), NOW).write(world, SITE, state)
    good = state.aws_credentials.read_text()
    state.aws_credentials.write_text("edited by its owner")
    finish_profiles(world, state)
    assert state.aws_credentials.read_text() == "edited by its owner"
    world.commit((), meta={STALE_META: "1"})
    again = World(Store(state.database))
    finish_profiles(again, state)
    assert state.aws_credentials.read_text() == good
    assert again.meta(STALE_META) == ""


def test_a_lab_that_did_not_note_its_region_has_its_first_clusters(tmp_path: Path) -> None:
    world, _ = opened(tmp_path / "s")
    assert region_of(world) == "us-east-1"
