"""Every code that refuses has a page, and every page's example gives its code."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from meta.code_examples import Bench, is_decisive, is_nearest
from meta.test_reference import generator
from sekisho.cli.codes.catalogue import MODULES, catalogue, family_of
from sekisho.cli.codes.page import Page, PageError, families, page_of, read_page
from sekisho.testing import RunningLab, running_lab

CODES = catalogue()
PAGES = [page_of(family) for family in families()]
SECTIONS = {section.code: (page, section) for page in PAGES for section in page.sections}

NEAR = "near miss"


@cache
def _bench(family: str, base: Path, lab: Callable[[], RunningLab]) -> Bench:
    (base / family).mkdir(exist_ok=True)
    return Bench(page_of(family), base / family, lab)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("codes")


@pytest.fixture(scope="module")
def lab(base: Path) -> Iterator[Callable[[], RunningLab]]:
    """Start the lab of the pages that have one when the first of them asks."""
    with ExitStack() as started:
        yield cache(lambda: started.enter_context(running_lab(base / "lab", None, "--pods", "off")))


@pytest.mark.parametrize("code", SECTIONS)
def test_example_gives_its_code(
    code: str, base: Path, lab: Callable[[], RunningLab], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("HOME", str(base))
    page, section = SECTIONS[code]
    printed = _bench(page.family, base, lab).run(section.parts["Example"])
    shows = is_nearest if code in page.steps else is_decisive
    assert shows(code, printed), f"the example of {code} printed\n{printed}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.family)
def test_page_tells_each_code_of_its_family_once(page: Page) -> None:
    told = [*(section.code for section in page.sections), *page.steps]
    # What is asked about most may have a section though it never refuses: the near misses.
    told = [code for code in told if page.section(code) is None or page.steps.get(code) != NEAR] + [
        code for code in page.steps if page.section(code) is not None and page.steps[code] == NEAR
    ]
    own = {code for code in CODES if family_of(code) == page.family}
    assert sorted(told) == sorted(set(told))
    assert set(told) - own == set(), "no such code"
    assert own - set(told) == set(), "write a section, or list it under `steps`"


def test_each_family_has_a_page() -> None:
    assert {family_of(code) for code in CODES} == set(families())


@pytest.mark.parametrize("code", SECTIONS)
def test_related_codes_exist(code: str) -> None:
    _, section = SECTIONS[code]
    assert section.related
    assert [one for one in section.related if one not in CODES or one == code] == []


def test_catalogue_knows_every_module_with_codes() -> None:
    found = generator().reason_code_classes()
    assert sorted({kind.__module__ for kind in found}) == sorted(MODULES)
    assert set(CODES) == {str(code) for kind in found for code in kind}


HEAD = "---\ntitle: t\nlink: l\nsteps: {}\n---\n"
MALFORMED = {
    "no front matter": ("# t\n", "expected front matter"),
    "front matter without a title": ("---\nlink: l\nsteps: {}\n---\n", "expected front matter"),
    "an unknown kind": ("---\ntitle: t\nlink: l\nsteps: {word: a.b}\n---\n", "word is none of"),
    "a part too few": (f"{HEAD}## a.b\n\n**Means.** x\n", "expected the parts"),
    "text before the parts": (f"{HEAD}## a.b\n\nhello\n", "expected the parts"),
    "an empty part": (
        (
            f"{HEAD}## a.b\n\n**Means.** \n\n**How it comes about.** x\n\n**Example.** x\n\n"
            "**What to do.** x\n\n**Source.** x\n\n**Related.** x\n"
        ),
        "the part Means is empty",
    ),
}


@pytest.mark.parametrize(("text", "problem"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_page_is_refused(text: str, problem: str) -> None:
    with pytest.raises(PageError, match=problem):
        read_page("a", text)
