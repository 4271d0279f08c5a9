"""The token cache: who may read it, when an entry counts, and that its failures cost only time."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.exec_credential import BearerToken
from sekisho.connect.private_folder import PrivateFolder
from sekisho.connect.token_cache import cache_directory, cached_token
from sekisho.decide.values import Instant, Secret

NOON = Instant.parse_amz("20260131T120000Z")
KEY = "k" * 64
SHORT_WAIT = timedelta(milliseconds=50)


def token(text: str = "k8s-aws-v1.one", lifetime: timedelta = timedelta(minutes=14)) -> BearerToken:
    return BearerToken(Secret(text), NOON + lifetime)


class Asked:
    """A cache question with everything it was told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made = 0
        self.notes: list[str] = []

    def __call__(
        self, after: timedelta = timedelta(0), answer: BearerToken | None = None, key: str = KEY
    ) -> str:
        def make() -> BearerToken:
            self.made += 1
            return answer or token(f"k8s-aws-v1.{self.made}", after + timedelta(minutes=14))

        found = cached_token(self.folder, key, lambda: NOON + after, make, self.notes.append, SHORT_WAIT)
        return found.text.reveal()


@pytest.fixture
def ask(tmp_path: Path) -> Asked:
    return Asked(tmp_path / "deep" / "tokens")


def test_the_second_question_is_answered_from_the_first(ask: Asked) -> None:
    assert [ask(), ask()] == ["k8s-aws-v1.1", "k8s-aws-v1.1"]
    assert (ask.made, ask.notes) == (1, [])


def test_only_the_owner_can_read(ask: Asked) -> None:
    old = os.umask(0)
    try:
        ask()
    finally:
        os.umask(old)
    assert stat.S_IMODE(ask.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in ask.folder.iterdir()} == {0o600}


def test_other_keys_have_other_answers(ask: Asked) -> None:
    assert [ask(key="a"), ask(key="b"), ask(key="a")] == ["k8s-aws-v1.1", "k8s-aws-v1.2", "k8s-aws-v1.1"]


AGES = {
    "a second before the safety minute": (timedelta(minutes=13) - timedelta(seconds=1), 1),
    "when the safety minute begins": (timedelta(minutes=13), 2),
    "after its end": (timedelta(minutes=15), 2),
    "before it was written, by a clock that went back": (timedelta(seconds=-1), 2),
}


@pytest.mark.parametrize(("age", "made"), AGES.values(), ids=AGES.keys())
def test_an_entry_counts_for_thirteen_minutes(age: timedelta, made: int, ask: Asked) -> None:
    ask()
    ask(after=age)
    assert ask.made == made


def test_expired_entries_of_other_keys_go(ask: Asked) -> None:
    ask(key="old")
    ask(key="new", after=timedelta(minutes=20))
    assert sorted(path.name for path in ask.folder.iterdir()) == ["lock", "new.json"]


def put(folder: Path, content: bytes, mode: int = 0o600) -> Path:
    folder.mkdir(mode=0o700, parents=True)
    path = folder / f"{KEY}.json"
    path.write_bytes(content)
    path.chmod(mode)
    return path


ENTRY = json.dumps({"expirationTimestamp": "2026-01-31T12:10:00Z", "token": "k8s-aws-v1.put"}).encode()


def test_what_put_writes_would_be_used(ask: Asked) -> None:
    put(ask.folder, ENTRY)
    assert ask() == "k8s-aws-v1.put"


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"\xff", ENTRY.replace(b"k8s-aws-v1.", b""), ENTRY.replace(b"2026", b"next")]
)
def test_what_is_no_entry_is_replaced(content: bytes, ask: Asked) -> None:
    put(ask.folder, content)
    assert [ask(), ask()] == ["k8s-aws-v1.1", "k8s-aws-v1.1"]
    assert ask.notes == []


def _open_to_others(folder: Path) -> None:
    put(folder, ENTRY, 0o640)


def _open_folder(folder: Path) -> None:
    put(folder, ENTRY)
    folder.chmod(0o750)


def _foreign(folder: Path) -> None:
    os.chown(put(folder, ENTRY), 12345, -1)


def _foreign_folder(folder: Path) -> None:
    put(folder, ENTRY)
    os.chown(folder, 12345, -1)


def _link(folder: Path) -> None:
    path = put(folder, ENTRY)
    path.rename(folder / "elsewhere")
    path.symlink_to(folder / "elsewhere")


def _pipe(folder: Path) -> None:
    path = put(folder, ENTRY)
    path.unlink()
    os.mkfifo(path, 0o600)


def _huge(folder: Path) -> None:
    put(folder, ENTRY + b" " * 70_000)


def _file_for_a_folder(folder: Path) -> None:
    folder.parent.mkdir()
    folder.touch()


def _lock_is_a_link(folder: Path) -> None:
    folder.mkdir(parents=True, mode=0o700)
    (folder / "lock").symlink_to("elsewhere")


def _lock_is_a_folder(folder: Path) -> None:
    (folder / "lock").mkdir(parents=True)
    folder.chmod(0o700)


NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
UNUSABLE = {
    "entry open to the group": pytest.param(_open_to_others, "open to others (mode 0640)"),
    "folder open to the group": pytest.param(_open_folder, "open to others (mode 0750)"),
    "entry of another user": pytest.param(_foreign, "belongs to another user", marks=NEEDS_ROOT),
    "folder of another user": pytest.param(_foreign_folder, "belongs to another user", marks=NEEDS_ROOT),
    "entry is a symbolic link": pytest.param(_link, f"{KEY}.json"),
    "entry is a pipe": pytest.param(_pipe, "not a regular file"),
    "entry larger than any token": pytest.param(_huge, "larger than"),
    "folder is a file": pytest.param(_file_for_a_folder, "tokens"),
    "lock is a symbolic link": pytest.param(_lock_is_a_link, "lock"),
    "lock is a folder": pytest.param(_lock_is_a_folder, "lock"),
}


@pytest.mark.parametrize(("spoil", "reason"), UNUSABLE.values(), ids=UNUSABLE.keys())
def test_an_unusable_cache_costs_a_note_and_nothing_else(
    spoil: Callable[[Path], None], reason: str, ask: Asked
) -> None:
    spoil(ask.folder)
    assert [ask(), ask()] == ["k8s-aws-v1.1", "k8s-aws-v1.2"]
    assert len(ask.notes) == 2
    assert ask.notes[0].startswith("token cache not used: ")
    assert reason in ask.notes[0]


def test_a_failure_to_sign_is_not_a_failure_of_the_cache(ask: Asked) -> None:
    def fail() -> BearerToken:
        raise EnvironmentFailure("sts:AssumeRole", "AccessDenied")

    with pytest.raises(EnvironmentFailure):
        cached_token(ask.folder, KEY, lambda: NOON, fail, ask.notes.append)
    assert ask.notes == []
    assert ask() == "k8s-aws-v1.1"


def test_a_token_that_cannot_be_kept_is_still_handed_out(ask: Asked) -> None:
    def make_and_spoil() -> BearerToken:
        (ask.folder / f"{KEY}.json").mkdir()
        return token()

    found = cached_token(ask.folder, KEY, lambda: NOON, make_and_spoil, ask.notes.append)
    assert found.text.reveal() == "k8s-aws-v1.one"
    assert len(ask.notes) == 1


HOLDER = """
import sys
from datetime import timedelta
from pathlib import Path
from sekisho.connect.private_folder import PrivateFolder
with PrivateFolder.opened(Path(sys.argv[1])) as folder, folder.locked(sys.argv[2], timedelta(seconds=5)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_that_never_lets_go_is_not_waited_for(ask: Asked) -> None:
    command = [sys.executable, "-c", HOLDER, str(ask.folder), KEY]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        assert ask() == "k8s-aws-v1.1"
        assert "another process held" in ask.notes[0]
        assert ask(key="free") == "k8s-aws-v1.2"
        assert len(ask.notes) == 1
        holder.communicate()
    assert ask() == "k8s-aws-v1.3"
    assert len(ask.notes) == 1


RACER = """
import os, sys
from datetime import timedelta
from pathlib import Path
from sekisho.connect.exec_credential import BearerToken
from sekisho.connect.token_cache import cached_token
from sekisho.connect.tokens import system_clock
from sekisho.decide.values import Secret
def make():
    with open(sys.argv[2], "a") as log:
        log.write("made\\n")
    sys.stdin.read()
    return BearerToken(Secret(f"k8s-aws-v1.{os.getpid()}"), system_clock() + timedelta(minutes=13))
print("asking", flush=True)
print(cached_token(Path(sys.argv[1]), "key", system_clock, make, print).text.reveal())
"""


def test_of_several_processes_at_once_one_signs(ask: Asked, tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", RACER, str(ask.folder), str(log)]
    racers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(4)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == b"asking\n"
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.close()  # now whoever signs may finish
    answers = set()
    for racer in racers:
        with racer:
            assert racer.stdout is not None
            answers.add(racer.stdout.read())
    assert len(answers) == 1
    assert log.read_text() == "made\n"


def test_names_are_of_one_suffix(tmp_path: Path) -> None:
    with PrivateFolder.opened(tmp_path / "f") as folder:
        folder.write("b.json", b"1")
        folder.write("a.json", b"2")
        folder.write("c.txt", b"3")
        folder.remove("never there")
        assert folder.names(".json") == ("a.json", "b.json")
        assert folder.read("a.json") == b"2"


PLACES = {
    "own variable": ({"SEKISHO_TOKEN_CACHE": "/c", "XDG_CACHE_HOME": "/x"}, "/c"),
    "XDG": ({"XDG_CACHE_HOME": "/x"}, "/x/sekisho/tokens"),
    "relative XDG is ignored": ({"XDG_CACHE_HOME": "x"}, "/home/ana/.cache/sekisho/tokens"),
    "default": ({}, "/home/ana/.cache/sekisho/tokens"),
    "empty is unset": ({"SEKISHO_TOKEN_CACHE": ""}, "/home/ana/.cache/sekisho/tokens"),
}


@pytest.mark.parametrize(("environ", "place"), PLACES.values(), ids=PLACES.keys())
def test_where_the_cache_is(environ: dict[str, str], place: str) -> None:
    assert cache_directory(environ, Path("/home/ana")) == Path(place)
