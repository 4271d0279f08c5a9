"""``sekisho explain``: a page, the beginning of codes, a near spelling, and the forms of the answer."""

import json
from importlib.resources import files

import pytest

from sekisho.cli.codes.catalogue import catalogue
from sekisho.cli.codes.page import PARTS
from sekisho.cli.main import main


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as done:
        main(["explain", *words])
    told = capsys.readouterr()
    assert isinstance(done.value.code, int)
    return done.value.code, told.out, told.err


@pytest.mark.parametrize("spelling", ["mapping.not-mapped", "[mapping.not-mapped]", "`mapping.not-mapped`"])
def test_a_page_has_every_part(spelling: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, spelling)
    assert (code, err) == (0, "sekisho: --setup shows what the example uses: its files, its Python\n")
    lines = out.splitlines()
    assert lines[0] == "mapping.not-mapped"
    assert [line for line in lines if line in PARTS] == list(PARTS)
    assert "```" not in out
    assert "\x1b" not in out


def test_the_documents_of_the_examples_are_shown_when_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    _, without, _ = run(capsys, "mapping.not-mapped")
    _, out, err = run(capsys, "mapping.not-mapped", "--setup")
    assert err == ""
    assert out.startswith(without)
    assert "      kind: World" in out
    assert "kind: World" not in without


def test_a_page_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "iam-token.expired", "-o", "json")
    told = json.loads(out)
    assert code == 0
    assert (told["code"], told["family"], told["kind"]) == ("iam-token.expired", "iam-token", "refusal")
    assert set(told["page"]) == set(PARTS.values())
    assert told["page"]["related"] == ["iam-token.future", "iam-token.expires"]


def test_a_code_without_a_section_says_what_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "iam-token.identified")
    assert code == 0
    assert "A step in an answer; `sekisho explain iam-token.` lists its family." in out
    _, out, _ = run(capsys, "iam-token.identified", "-o", "json")
    assert (json.loads(out)["kind"], json.loads(out)["page"]) == ("step", None)


@pytest.mark.parametrize("beginning", ["rbac.", "rbac"])
def test_the_beginning_of_codes_lists_them(beginning: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, beginning)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == [
        one for one in catalogue() if one.startswith("rbac.")
    ]


def test_nothing_lists_every_code(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "-o", "json")
    assert code == 0
    assert [one["code"] for one in json.loads(out)] == list(catalogue())


UNKNOWN = {
    "a letter too few": ("rbac.verb-not-liste_", "`rbac.verb-not-listed`"),
    "another area": ("mapped.not-mapped", "`mapping.not-mapped`"),
    "nothing like it": ("zzzz", "`sekisho explain` lists all"),
}


@pytest.mark.parametrize(("word", "hint"), UNKNOWN.values(), ids=UNKNOWN.keys())
def test_an_unknown_code_is_bad_usage_with_a_hint(
    word: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, word)
    assert (code, out) == (2, "")
    assert f"there is no code `{word}`" in err
    assert hint in err


def test_pages_lie_in_the_package() -> None:
    folder = files("sekisho.cli.codes") / "pages"
    assert "mapping.md" in {one.name for one in folder.iterdir()}
