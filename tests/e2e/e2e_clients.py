"""Where tests find the real client programs, and what happens where one is missing."""

import importlib.util
import os
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

_INSTALL = Path(__file__).parents[1] / "clients" / "install.py"


def client(name: str) -> Path:
    """Return the program of a client (``aws``, ``kubectl``, ...) as ``tests/clients/install.py`` locates it.

    Skips the test where the client is absent; fails it where ``SEKISHO_REQUIRE_CLIENTS`` (names, comma
    separated) lists it, so that a machine that should have it cannot pass by having lost it.
    """
    found: Path | None = _install().locate(name)
    if found is not None:
        return found
    reason = f"{name} is not in the cache of clients; `python tests/clients/install.py {name}` brings it"
    required = {item.strip() for item in os.environ.get("SEKISHO_REQUIRE_CLIENTS", "").split(",")}
    if name in required:
        pytest.fail(f"{reason}; SEKISHO_REQUIRE_CLIENTS lists it", pytrace=False)
    pytest.skip(reason)


@cache
def _install() -> ModuleType:
    """Load the installer: a script, not a package."""
    spec = importlib.util.spec_from_file_location("sekisho_clients_install", _INSTALL)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # dataclasses look their module up by name while it is being executed.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
