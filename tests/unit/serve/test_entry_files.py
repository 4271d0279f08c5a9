"""Files of access entries: what is told, and what no server starts with."""

import json
from pathlib import Path
from typing import Any

import pytest

from sekisho.decide.values import SekishoInputError
from sekisho.serve.entry_sources import read_entry_files

ROLE = "arn:aws:iam::111122223333:role/ops"
LISTED = {"accessEntries": [ROLE]}
DESCRIBED = {"accessEntry": {"principalArn": ROLE, "username": "ops", "type": "STANDARD"}}


def write(folder: Path, *documents: Any) -> Path:
    file = folder / "entries.yaml"
    file.write_text("\n---\n".join(json.dumps(document) for document in documents))
    return file


def test_what_is_listed_and_described_is_in_the_book(tmp_path: Path) -> None:
    book = read_entry_files([write(tmp_path, LISTED, DESCRIBED)])
    assert [one.entry.principal for one in book.placed] == [ROLE]


FAULTS: dict[str, tuple[Any, str]] = {
    "an entry that is listed and not described": (LISTED, "entries.undescribed"),
    "another document": ({"kind": "Pod"}, "entries.not-understood"),
    "a list": ([DESCRIBED], "entries.not-understood"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_what_cannot_be_used_is_refused_with_a_sentence(tmp_path: Path, case: str) -> None:
    document, code = FAULTS[case]
    with pytest.raises(SekishoInputError, match=r"entries\.yaml") as caught:
        read_entry_files([write(tmp_path, document)])
    assert caught.value.faults[0].code == code


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SekishoInputError, match="no such file"):
        read_entry_files([tmp_path / "none.json"])
