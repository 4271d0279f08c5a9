"""``sekisho world``: save, load and check the lab's world as a file."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from sekisho.cli.errors import note, report
from sekisho.cli.group import command_group
from sekisho.cli.output import Form, write, write_document
from sekisho.cli.state_option import StateDirOption, lab_client, state_dir

if TYPE_CHECKING:
    from sekisho.facts.world.file import WorldFile

_STDOUT = "-"

app = command_group("world", "Save, load and check the lab's world as a file.")


@app.callback()
def world() -> None:
    """Save, load and check the lab's world as a file."""


@app.command("save")
@report()
def save(
    file: Annotated[str, typer.Argument(help="File to write or replace; - is stdout.")] = _STDOUT,
    state: StateDirOption = None,
) -> None:
    """Write the world of the lab, running or stopped, as a world file.

    No secret is in it: access keys are made anew by whoever loads it, Secrets come without their data.
    Ids and dates of AWS are kept; the file tells what it leaves out on stderr.

    Example: sekisho world save team.yaml

    Example: sekisho world save --state-dir ./stopped-lab | less
    """
    from sekisho.lab.saving import saved_from_folder

    client = lab_client(state)
    if client.is_running():
        found = client.get("/world")
        text, notices = found["text"], found["notices"]
    else:
        saved = saved_from_folder(state_dir(state))
        text, notices = saved.text, saved.notices
    if file == _STDOUT:
        sys.stdout.write(text)
    else:
        _write_file(Path(file), text)
    for notice in notices:
        note(notice)


@app.command("load")
@report()
def load(
    file: Annotated[str, typer.Argument(help="World file; - is stdin.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Replace the world that is there.")] = False,
    state: StateDirOption = None,
) -> None:
    """Put the world of a file in the place of the running lab's: all of it, or nothing.

    The lab's journal, ports and authority stay; access keys, credentials and all else are the file's.

    Example: sekisho world load --yes team.yaml
    """
    from sekisho.cli.world_source import read_world

    source, found = read_world(file)
    client = lab_client(state)
    accounts = [account["id"] for account in client.get("/status")["accounts"]]
    if accounts and not yes:
        _confirm(accounts)
    request = {"text": source.text, "name": source.name, "files": source.files, "replace": True}
    client.post("/world", request)
    note(f"loaded {source.name}: {_told(found)}")
    if found.keys:
        profiles = ", ".join(sorted(key.profile for key in found.keys))
        note(f"access keys are new, under the profiles {profiles}")


@app.command("check")
@report()
def check(
    files: Annotated[list[str], typer.Argument(help="World files; - is stdin.")],
) -> None:
    """Check world files as the lab does when it starts from one; every fault has its line.

    Example: sekisho world check team.yaml

    Exit codes: 0 all are good, 2 one is not.
    """
    from sekisho.cli.world_source import read_world
    from sekisho.decide.values import InputFault, SekishoInputError

    faults: list[InputFault] = []
    for name in files:
        try:
            source, found = read_world(name)
        except SekishoInputError as error:
            faults += error.faults
            continue
        for notice in found.notices:
            note(f"note: {source.name}: {notice.step.sentence()}")
        write(f"{source.name}: {_told(found)}")
    if faults:
        raise SekishoInputError(faults)


@app.command("schema")
@report()
def schema() -> None:
    """Print the JSON Schema of world files (draft 2020-12), for editors.

    Example: sekisho world schema > world-file.schema.json
    """
    from sekisho.facts.world.schema import world_schema

    write_document(world_schema(), Form.JSON)


def _confirm(accounts: list[str]) -> None:
    """Return if the person at the terminal wants the world replaced.

    Raises:
        SekishoInputError: nobody is there to ask, or the answer is no.
    """
    from sekisho.decide.values import Ref, SekishoInputError

    shown = ", ".join(accounts)
    problem = f"the lab holds a world already (accounts {shown})"
    if sys.stdin.isatty() and typer.confirm(f"sekisho: {problem}. Replace it?", err=True):
        return
    raise SekishoInputError.single("world.not-empty", Ref("lab"), problem, "replace it with --yes")


def _told(found: "WorldFile") -> str:
    parts = (
        (len(found.accounts), "account"),
        (len(found.organizations), "organization"),
        (len(found.clusters), "cluster"),
        (len(found.users), "user"),
        (len(found.roles), "role"),
    )
    return ", ".join(f"{number} {noun}{'' if number == 1 else 's'}" for number, noun in parts)


def _write_file(path: Path, text: str) -> None:
    """Replace a file in one step: a full disk leaves the old one.

    Raises:
        LabError: it cannot be written.
    """
    import os
    import tempfile

    from sekisho.lab.errors import LabError

    try:
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise LabError(f"`{path}` cannot be written: {(error.strerror or 'failed').lower()}") from None
