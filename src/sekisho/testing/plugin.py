"""The pytest plugin: fixtures that start a lab.

``sekisho_lab`` is a lab of one test's own; ``sekisho_shared_lab`` one for the whole session,
for tests that only read or write under names of their own.
"""

from collections.abc import Iterator

import pytest

from sekisho.testing.lab import RunningLab, running_lab


@pytest.fixture
def sekisho_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """Return a lab with the default world, fresh for this test."""
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture(scope="session")
def sekisho_shared_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """Return a lab with the default world, shared by the session."""
    with running_lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab
