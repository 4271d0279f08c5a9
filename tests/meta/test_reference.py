"""The reference says what the code says, and the pages claim nothing that the code has moved past."""

import importlib.util
import re
import subprocess
import sys
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from meta.pages import ROOT, every_page
from sekisho.cli.main import COMMANDS
from sekisho.lab.aws.moto.operations import is_answered
from sekisho.lab.aws.services import OPERATIONS
from sekisho.lab.environment import UNSET, lab_environment
from sekisho.lab.world.state_dir import StateDir

GENERATOR = ROOT / "scripts" / "generate_reference.py"
CLI = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


@cache
def generator() -> ModuleType:
    """Return the generator: a script, not a package."""
    spec = importlib.util.spec_from_file_location("sekisho_generate_reference", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(GENERATOR), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_and_option_is_documented(name: str) -> None:
    for path, command in _commands(f"sekisho {name}", generator().click_command(COMMANDS[name])):
        heading = re.search(rf"^###? {re.escape(path)}$", CLI, re.MULTILINE)
        assert heading is not None, path
        section = CLI[heading.end() :].split("\n## ")[0].split("\n### ")[0]
        for param in command.params:
            for spelling in param.opts if param.name not in _LIBRARYS_OWN else ():
                shown = spelling if spelling.startswith("-") else spelling.upper()
                assert re.search(rf"[`,] ?{re.escape(shown)}[`,]", section), f"{path} {spelling}"


_LIBRARYS_OWN = {"help", "install_completion", "show_completion"}


def _commands(path: str, command: Any) -> list[tuple[str, Any]]:
    members = getattr(command, "commands", None)
    if members is None:
        return [(path, command)]
    return [found for name, one in members.items() for found in _commands(f"{path} {name}", one)]


def test_what_the_readme_calls_missing_is_missing() -> None:
    missing = _section((ROOT / "README.md").read_text(encoding="utf-8"), "What is not there yet")
    row = next(line for line in missing.splitlines() if "no such command" in line)
    commands = set(re.findall(r"`([a-z-]+)`", row))
    assert commands
    assert commands.isdisjoint(COMMANDS)
    named = re.findall(r"`([a-z]+):([A-Z]\w+)`", missing)
    assert named
    own = [one for one in named if one[1] in OPERATIONS.get(one[0], {})]
    behind = [one for one in named if is_answered(*one)]
    assert own + behind == []


def test_environment_page_names_every_variable_that_is_set_and_unset() -> None:
    page = (ROOT / "docs" / "reference" / "environment.md").read_text(encoding="utf-8")
    changes = lab_environment(StateDir(ROOT), 1)
    for name in (*changes.set, *changes.unset, *UNSET):
        assert f"`{name}`" in page, name


def test_environment_page_names_every_variable_of_our_own() -> None:
    page = (ROOT / "docs" / "reference" / "environment.md").read_text(encoding="utf-8")
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "tests" / "clients").glob("*.py")]
    own = {name for path in sources for name in re.findall(r"\bSEKISHO_[A-Z_]+\b", path.read_text("utf-8"))}
    assert {name for name in own if f"`{name}`" not in page} == set()


@pytest.mark.parametrize("page", every_page(), ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Any) -> None:
    targets = [found for found in _LINK.findall(page.read_text(encoding="utf-8")) if "://" not in found]
    broken = [target for target in targets if not (page.parent / target).exists()]
    assert broken == []


def _section(text: str, heading: str) -> str:
    return text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
