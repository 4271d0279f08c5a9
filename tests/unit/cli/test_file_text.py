"""Files and stdin that people name: bounded, and refused with one sentence."""

import io
import os
import sys
from pathlib import Path

import pytest

from sekisho.cli.file_text import STDIN, read_text
from sekisho.decide.values import SekishoInputError
from sekisho.decide.values.documents import MAX_DOCUMENT_BYTES

REFUSED = {
    "not UTF-8": (b"\xff\xfe", "not UTF-8"),
    "too large": (b"a" * (MAX_DOCUMENT_BYTES + 1), f"larger than {MAX_DOCUMENT_BYTES} bytes"),
}


def given(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


@pytest.mark.parametrize(("data", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_stdin_and_files_are_refused_alike(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, data: bytes, problem: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    given(monkeypatch, data)
    for name, shown in ((STDIN, "stdin"), (str(path), str(path))):
        with pytest.raises(SekishoInputError) as caught:
            read_text(name)
        assert str(caught.value.faults[0]) == f"{shown}: {problem}"


def test_as_much_as_a_document_may_have_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, b"a" * MAX_DOCUMENT_BYTES)
    assert len(read_text(STDIN)) == MAX_DOCUMENT_BYTES


def test_a_mark_of_byte_order_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "marked").write_bytes(b"\xef\xbb\xbf{}")
    assert read_text(str(tmp_path / "marked")) == "{}"


def test_what_is_no_file_is_not_opened(tmp_path: Path) -> None:
    for name, problem in ((tmp_path, "not a file"), (tmp_path / "gone", "no such file or directory")):
        with pytest.raises(SekishoInputError, match=f"cannot be read: {problem}"):
            read_text(str(name))
    with pytest.raises(SekishoInputError, match="not a file"):
        read_text(os.devnull)
