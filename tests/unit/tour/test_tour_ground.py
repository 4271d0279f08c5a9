"""Where a tour puts a lab of its own."""

import os

import pytest

from sekisho.lab.world.state_dir import MAX_SOCKET_BYTES
from sekisho.tour.ground import temporary_base

NAMES = len("/sekisho-lab-12345678/state/lab.sock")
SHORT = "/tmp"  # noqa: S108 - a name that is compared, never opened
LONGEST = "/" + "a" * (MAX_SOCKET_BYTES - NAMES - 1)


@pytest.mark.parametrize(
    ("usual", "base"),
    [
        ("/private", "/private"),
        (LONGEST, LONGEST),
        (LONGEST + "a", SHORT),
        (LONGEST[:-1] + "é", SHORT),
    ],
)
def test_a_temporary_lab_is_where_its_control_socket_fits(usual: str, base: str) -> None:
    assert temporary_base(usual) == base
    assert (
        len(os.fsencode(f"{temporary_base(usual)}/sekisho-lab-12345678/state/lab.sock")) <= MAX_SOCKET_BYTES
    )
