"""Where a tour walks: the running lab, or one of its own that goes when the tour is over."""

import configparser
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sekisho.decide.values import Arn, Ref, SekishoInputError
from sekisho.lab import process
from sekisho.lab.client import LabClient
from sekisho.lab.environment import Environment
from sekisho.lab.errors import LabError
from sekisho.lab.world.state_dir import MAX_SOCKET_BYTES, StateDir
from sekisho.tour.access import CREATOR_PROFILE, Cluster

CLUSTER_NAME = "eks-clu"
_PREFIX = "sekisho-lab-"


@dataclass(frozen=True, slots=True)
class Ground:
    """A lab that a tour can walk in.

    ``credentials`` is the text of the lab shell's shared credentials file; it is not shown.
    """

    client: LabClient
    environment: Environment
    cluster: Cluster
    credentials: configparser.RawConfigParser
    is_own: bool


@contextmanager
def ground(state_dir: str | None, *, own: bool, note: Callable[[str], None]) -> Iterator[Ground]:
    """Return the lab to walk in; one of the tour's own is stopped and forgotten at the end.

    Args:
        state_dir: the folder of a running lab; None for the usual one.
        own: start a lab even if one runs.
        note: told when a lab is started.

    Raises:
        LabError: the named lab does not run, a new one does not start, or it is not the world of the tour.
        SekishoInputError: ``state_dir`` and ``own`` together.
    """
    if own and state_dir is not None:
        raise SekishoInputError.single(
            "tour.usage", Ref("--own-lab"), "expected --own-lab or --state-dir, not both"
        )
    state = StateDir.resolve(state_dir)
    if not own and (state_dir is not None or LabClient(state).is_running()):
        yield _ground(state, is_own=False)
        return
    note("starting a lab of the tour's own" if own else "no lab runs: starting one of the tour's own")
    base = temporary_base(tempfile.gettempdir())
    with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=base, ignore_cleanup_errors=True) as folder:
        state = StateDir(Path(folder) / "state")
        try:
            process.start_in_background(state, None)
            yield _ground(state, is_own=True)
        finally:
            if LabClient(state).is_running():
                process.stop(state)


def temporary_base(usual: str) -> str:
    """Return the folder for a temporary lab: ``usual``, or ``/tmp`` where a control socket would not fit."""
    socket = StateDir(Path(usual) / f"{_PREFIX}12345678" / "state").socket
    return usual if len(os.fsencode(socket)) <= MAX_SOCKET_BYTES else "/tmp"  # noqa: S108 - a base of mkdtemp


def _ground(state: StateDir, *, is_own: bool) -> Ground:
    client = LabClient(state)
    status: Any = client.get("/status")
    arns = [cluster["arn"] for cluster in status["clusters"] if cluster["name"] == CLUSTER_NAME]
    credentials = configparser.RawConfigParser()
    credentials.read(os.fspath(state.aws_credentials), encoding="utf-8")
    if not arns or not credentials.has_section(CREATOR_PROFILE):
        missing = f"profile `{CREATOR_PROFILE}`" if arns else f"cluster `{CLUSTER_NAME}`"
        raise LabError(
            f"the lab on `{state.path}` has no {missing}, which the tour walks with; "
            "--own-lab walks in a lab that has"
        )
    changes = status["environment"]
    environment = Environment(changes["set"], tuple(changes["unset"]))
    return Ground(client, environment, Cluster.from_arn(Arn.parse(arns[0])), credentials, is_own)
