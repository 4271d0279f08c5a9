"""The data of aws-auth as it was read, and the way to put other data in its place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sekisho.decide.values import Ref


class Outrun(Exception):  # noqa: N818 - not an error of the program: its catcher reads again
    """Somebody else changed aws-auth between reading and writing."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of aws-auth.

    ``at`` is the place of ``data``. ``backup`` is a manifest of it, empty if there is no ConfigMap yet.
    ``write`` replaces exactly this version: it raises `Outrun` if there is a newer one.
    """

    data: Mapping[str, str]
    at: Ref
    backup: str
    write: Callable[[Mapping[str, str]], None]


Load = Callable[[], Stored]
"""Reads the newest version."""
