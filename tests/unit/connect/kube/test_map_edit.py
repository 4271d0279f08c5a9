"""An edit of aws-auth from reading to writing, on a store in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.edit_guard import GuardCode
from sekisho.connect.kube.map_edit import MAX_ATTEMPTS, MapResult, edit_map, mappings_of
from sekisho.connect.kube.stored import Outrun, Stored
from sekisho.decide.authn.aws_auth import CONFIG_MAP
from sekisho.decide.authn.aws_auth_edit import Edit, NewMapping, add, remove
from sekisho.decide.authn.sts_answer import StsIdentity, identity_of
from sekisho.decide.values import SekishoInputError

A = "111122223333"
ME = f"arn:aws:iam::{A}:user/me"
NEW = f"arn:aws:iam::{A}:user/ana"
MINE = {"mapUsers": f"- userarn: {ME}\n  username: me\n"}


@dataclass
class Memory:
    """A store that lets others be faster ``outrun`` times; ``log`` is what happened, in order."""

    data: Mapping[str, str]
    outrun: int = 0
    log: list[str] = field(default_factory=list)
    announced: list[MapResult] = field(default_factory=list)

    def load(self) -> Stored:
        version = dict(self.data)

        def write(after: Mapping[str, str]) -> None:
            if self.outrun:
                self.outrun -= 1
                self.data = {**self.data, f"other{self.outrun}": "x"}
                raise Outrun
            self.log.append("write")
            self.data = after

        return Stored(version, CONFIG_MAP, repr(version) if version else "", write)

    def keep(self, text: str) -> Path:
        self.log.append(f"keep {text}")
        return Path(f"/backups/{len(self.log)}")

    def announce(self, result: MapResult) -> None:
        self.announced.append(result)

    def me(self) -> StsIdentity:
        self.log.append("who")
        return identity_of(ME, "AIDAEXAMPLE", A)


def add_new(stored: Stored) -> Edit:
    return add(stored.data, NewMapping(NEW, "ana"), no_duplicate_arns=True, at=stored.at)


def remove_me(stored: Stored) -> Edit:
    return remove(stored.data, ME, at=stored.at)


def test_the_version_before_is_kept_before_the_write() -> None:
    store = Memory(MINE)
    result = edit_map(store.load, add_new, caller=store.me, keep=store.keep, announce=store.announce)
    assert store.log == ["who", f"keep {MINE!r}", "write"]
    assert (result.before, result.after) == (MINE, store.data)
    assert (result.changed, result.written, result.refused) == (True, True, False)
    assert result.backup == Path("/backups/2")
    assert store.announced == [result]


def test_there_is_nothing_to_keep_of_no_config_map() -> None:
    store = Memory({})
    result = edit_map(store.load, add_new, caller=None, keep=store.keep, announce=store.announce)
    assert (store.log, result.written, result.backup) == (["write"], True, None)


def test_nothing_is_asked_or_written_if_nothing_changes() -> None:
    store = Memory(add(MINE, NewMapping(NEW, "ana")).data)
    result = edit_map(store.load, add_new, caller=store.me, keep=store.keep, announce=store.announce)
    assert (store.log, result.changed, result.written) == ([], False, False)
    assert [str(step.code) for step in result.warnings] == ["map.exists"]


def test_a_dry_run_writes_nothing_but_tells_what_would_stop_it() -> None:
    store = Memory(MINE)
    result = edit_map(
        store.load, remove_me, caller=store.me, keep=store.keep, announce=store.announce, dry_run=True
    )
    assert (store.log, store.data) == (["who"], MINE)
    assert (result.changed, result.written, result.refused) == (True, False, True)
    forced = edit_map(
        store.load,
        remove_me,
        caller=store.me,
        keep=store.keep,
        announce=store.announce,
        dry_run=True,
        force=True,
    )
    assert forced == replace(result, forced=True)
    assert not forced.refused


def test_who_would_lock_themselves_out_is_stopped() -> None:
    store = Memory(MINE)
    result = edit_map(store.load, remove_me, caller=store.me, keep=store.keep, announce=store.announce)
    assert [step.code for step in result.refusals] == [GuardCode.LOCKED_OUT]
    assert (store.data, result.written, result.refused) == (MINE, False, True)


def test_unless_forced() -> None:
    store = Memory(MINE)
    result = edit_map(
        store.load, remove_me, caller=store.me, keep=store.keep, announce=store.announce, force=True
    )
    assert [step.code for step in result.refusals] == [GuardCode.LOCKED_OUT]
    assert (store.data, result.written, result.refused) == ({"mapUsers": "[]\n"}, True, False)


def test_the_edit_is_made_again_on_what_others_wrote() -> None:
    store = Memory(MINE, outrun=MAX_ATTEMPTS - 1)
    result = edit_map(store.load, add_new, caller=store.me, keep=store.keep, announce=store.announce)
    assert {f"other{n}" for n in range(MAX_ATTEMPTS - 1)} < set(store.data)
    assert store.log.count("who") == 1
    assert result.before == {**MINE, **{f"other{n}": "x" for n in range(MAX_ATTEMPTS - 1)}}


def test_the_backup_is_known_even_if_the_answer_to_the_write_is_lost() -> None:
    def lost(_: Mapping[str, str]) -> None:
        raise EnvironmentFailure("PUT", "no answer")

    store = Memory(MINE)
    with pytest.raises(EnvironmentFailure):
        edit_map(
            lambda: replace(store.load(), write=lost),
            add_new,
            caller=None,
            keep=store.keep,
            announce=store.announce,
        )
    assert [result.backup for result in store.announced] == [Path("/backups/1")]


def test_others_may_win_only_so_often() -> None:
    store = Memory(MINE, outrun=MAX_ATTEMPTS)
    with pytest.raises(EnvironmentFailure) as caught:
        edit_map(store.load, add_new, caller=None, keep=store.keep, announce=store.announce)
    assert caught.value.can_retry
    assert "write" not in store.log


def test_a_section_that_cannot_be_read_stops_every_edit() -> None:
    store = Memory({"mapRoles": "- {", **MINE})
    with pytest.raises(SekishoInputError):
        edit_map(store.load, add_new, caller=store.me, keep=store.keep, announce=store.announce, force=True)
    assert store.log == []


def test_without_a_backup_nothing_is_written() -> None:
    def full(_: str) -> Path:
        raise EnvironmentFailure("write /backups", "no space left")

    store = Memory(MINE)
    with pytest.raises(EnvironmentFailure):
        edit_map(store.load, add_new, caller=None, keep=full, announce=store.announce)
    assert store.data == MINE


LISTED = {
    "all": ("", 2),
    "as written": (NEW, 1),
    "in other case": (NEW.upper(), 1),
    "by what it means": (f"arn:aws:sts::{A}:assumed-role/ops/session", 1),
    "nobody": (f"arn:aws:iam::{A}:user/bob", 0),
    "not an ARN": ("x", 0),
}


@pytest.mark.parametrize(("arn", "count"), LISTED.values(), ids=LISTED.keys())
def test_list(arn: str, count: int) -> None:
    data = add(add({}, NewMapping(NEW, "ana")).data, NewMapping(f"arn:aws:iam::{A}:role/ops", "ops")).data
    assert len(mappings_of(Memory(data).load(), arn)) == count


def test_accounts_are_listed_only_when_no_arn_is_asked_for() -> None:
    stored = Memory({"mapAccounts": f"- '{A}'\n"}).load()
    assert [row.account for row in mappings_of(stored)] == [A]
    assert mappings_of(stored, NEW) == ()


def test_a_result_without_refusals_is_not_refused() -> None:
    assert not MapResult({}, {}, changed=False).refused
