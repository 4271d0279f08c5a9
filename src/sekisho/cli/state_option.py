"""The option that names a lab's folder, the same for every command that speaks to a lab."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sekisho.lab.client import LabClient
    from sekisho.lab.world.state_dir import StateDir

StateDirOption = Annotated[
    str | None,
    typer.Option("--state-dir", help="Folder of the lab (SEKISHO_STATE_DIR, else the XDG state folder)."),
]


def state_dir(chosen: str | None) -> "StateDir":
    """Return the folder of the lab that is meant."""
    from sekisho.lab.world.state_dir import StateDir

    return StateDir.resolve(chosen)


def lab_client(chosen: str | None) -> "LabClient":
    """Return a client of the lab that is meant."""
    from sekisho.lab.client import LabClient

    return LabClient(state_dir(chosen))
