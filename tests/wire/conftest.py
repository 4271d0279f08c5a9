"""What many wire tests begin with: a lab of the module's own, whose clock nobody moves, and two people."""

from collections.abc import Iterator

import pytest

from sekisho.testing import RunningLab, running_lab
from support.boto_lab import Caller, profile


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """Return a lab with the default world."""
    with running_lab(tmp_path_factory.mktemp("lab")) as running:
        yield running


@pytest.fixture(scope="module")
def home(lab: RunningLab) -> Caller:
    """Return the administrator of the account that the article is about."""
    return profile(lab, "default")


@pytest.fixture(scope="module")
def away(lab: RunningLab) -> Caller:
    """Return the administrator of the other account."""
    return profile(lab, "target-env")
