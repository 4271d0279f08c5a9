"""What holds for every file of the repository."""

import ast
import importlib
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from meta.pages import ROOT

SOURCES = sorted((ROOT / "src").rglob("*.py"))
PACKAGES = [path for path in SOURCES if path.name == "__init__.py"]
TEXTS = [
    path
    for folder in ("src", "tests", "docs", "scripts", "benchmarks", ".")
    for path in sorted((ROOT / folder).glob("*" if folder == "." else "**/*"))
    if path.is_file()
    and not path.name.startswith(".")
    and path.suffix in {".py", ".md", ".toml", ".yaml", ".yml", ".txt", ".in", ".go", ".mod", ""}
]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
MAX_LINES = 400
MAX_DECISION_WORDS = 600


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=_id)
def test_file_answers_one_question(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_LINES, f"{lines} lines usually hold two things"


@pytest.mark.parametrize("path", SOURCES, ids=_id)
def test_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", PACKAGES, ids=_id)
def test_exported_names_are_sorted_and_there(path: Path) -> None:
    name = ".".join(path.relative_to(ROOT / "src").parts[:-1])
    module = importlib.import_module(name)
    exported = list(getattr(module, "__all__", ()))
    assert exported == sorted(exported, key=_export_key)
    assert [one for one in exported if not hasattr(module, one)] == []


def _export_key(name: str) -> tuple[int, str]:
    """Return the order of the linter: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


def test_changelog_has_unreleased() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "\n## [Unreleased]\n" in text


def test_no_file_names_a_folder_of_its_writers_machine() -> None:
    absolute = re.compile(r"(?<![\w.~:$}/-])/(root|work|Users/[a-z]+|home/(?!(?:a|ana|me|you)/)[a-z]+)/")
    found = {
        _id(path): match[0]
        for path in TEXTS
        if path != Path(__file__)
        and (match := absolute.search(path.read_text(encoding="utf-8", errors="replace"))) is not None
    }
    assert found == {}


def _declared() -> set[str]:
    """Return the names of the libraries that pyproject.toml asks for, those of extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(one for more in project["optional-dependencies"].values() for one in more),
    ]
    return {re.split(r"[^A-Za-z0-9_-]", one, maxsplit=1)[0] for one in wanted}


def test_every_dependency_has_its_line_in_the_decisions() -> None:
    page = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
    assert {name for name in _declared() if f"| `{name}`" not in page} == set()


def test_every_library_that_is_imported_is_declared() -> None:
    imported = {name for path in SOURCES for name in _imports(ast.parse(path.read_text(encoding="utf-8")))}
    known = {*sys.stdlib_module_names, "sekisho", "pytest", *(_MODULES.get(n, n) for n in _declared())}
    assert imported - known == set()


_MODULES = {"cel-expr-python": "cel_expr_python", "PyYAML": "yaml", "prometheus-client": "prometheus_client"}


def _imports(tree: ast.Module) -> Iterator[str]:
    """Yield the first part of the name of each module that a file imports, wherever it does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


PICTURES = sorted((ROOT / "docs").rglob("*.png"))
MAX_PICTURE_BYTES = 60_000


@pytest.mark.parametrize("path", PICTURES, ids=_id)
def test_picture_is_small_and_shown(path: Path) -> None:
    assert path.stat().st_size <= MAX_PICTURE_BYTES
    pages = [page.read_text(encoding="utf-8") for page in path.parents[1].glob("*.md")]
    assert any(f"images/{path.name}" in page for page in pages)


def test_decisions_are_numbered_without_gaps() -> None:
    assert [path.name[:5] for path in DECISIONS] == [f"{n:04}-" for n in range(1, len(DECISIONS) + 1)]


@pytest.mark.parametrize("path", DECISIONS, ids=_id)
def test_decision_fits_a_page_and_has_its_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.split()) <= MAX_DECISION_WORDS
    for part in ("**Context.**", "**Choice.**", "**Consequence.**"):
        assert part in text
