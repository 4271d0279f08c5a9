"""What holds for every test."""

import compileall
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

SOURCE = Path(__file__).parents[1] / "src"

# How long an example takes says nothing about the program: a busy machine must not fail a test.
settings.register_profile("sekisho", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("sekisho")


def pytest_configure(config: pytest.Config) -> None:
    """Compile the program once, before the workers start.

    With ``PYTHONDONTWRITEBYTECODE`` each of the labs and commands that tests start would do it again.
    """
    if not hasattr(config, "workerinput"):
        compileall.compile_dir(SOURCE, quiet=2)
