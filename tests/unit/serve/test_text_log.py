"""The log for people: one record is one line, and nothing in it is obeyed by a terminal."""

import logging

import pytest

from sekisho.serve.json_log import LogForm, facts, start_log


def test_values_from_outside_are_shown_and_not_obeyed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    start_log(LogForm.TEXT, verbose=False)
    shown = "x\x1b[2K\n2026-11-24 INFO access granted\u2028\x9b"
    logging.getLogger("sekisho.authenticator").warning("access denied", extra=facts(reason=shown))
    told = capsys.readouterr().err
    assert told.endswith(r"reason=x\x1b[2K\n2026-11-24 INFO access granted\u2028\x9b" + "\n")
    assert len(told.splitlines()) == 1
