"""Ports that the lab chooses once and keeps."""

import random
from collections.abc import Iterator

import pytest

from sekisho.lab.errors import LabError
from sekisho.lab.net.sockets import KEPT_PORTS, listen, port_of


@pytest.fixture
def taken() -> Iterator[int]:
    with listen(0, "another program") as listener:
        yield port_of(listener)


def test_a_chosen_port_is_none_that_outgoing_connections_get() -> None:
    with listen(0, "a door") as listener:
        assert port_of(listener) in KEPT_PORTS


def test_a_kept_port_that_is_taken_is_told_with_what_needs_it(taken: int) -> None:
    with pytest.raises(LabError, match=f"port {taken} of .*, which the door needs"):
        listen(taken, "the door")


def test_a_port_that_is_taken_is_not_chosen(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random.SystemRandom, "sample", lambda _self, _ports, _count: [taken, taken + 1])
    with listen(0, "a door") as listener:
        assert port_of(listener) == taken + 1


def test_where_no_port_is_free_it_is_said(taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random.SystemRandom, "sample", lambda _self, _ports, _count: [taken])
    with pytest.raises(LabError, match=r"no port of .* that the door could use is free"):
        listen(0, "the door")
