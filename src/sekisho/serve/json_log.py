"""Logs of checkpoints: one JSON object a line on stderr, or plain text for people."""

import json
import logging
import sys
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sekisho.decide.values.document_text import on_one_line

MAX_VALUE_CHARS = 2_000
"""Longer values are cut: some of them come from outside."""


class LogForm(StrEnum):
    """Forms of a log."""

    JSON = "json"
    TEXT = "text"


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, Any] = {
            "time": moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "msg": record.getMessage()[:MAX_VALUE_CHARS],
            **{name: _cut(value) for name, value in _facts(record).items()},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


class _Text(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="seconds")
        facts = "".join(f" {name}={_cut(value)}" for name, value in _facts(record).items())
        text = f"{moment} {record.levelname} {record.getMessage()[:MAX_VALUE_CHARS]}{facts}"
        # Values from outside may hold line ends, and what a terminal obeys: one record is one line.
        text = on_one_line(text)
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


def start_log(form: LogForm, *, verbose: bool) -> None:
    """Send the process's log to stderr; ``verbose`` adds the decisions that allowed."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Json() if form is LogForm.JSON else _Text())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("sekisho").setLevel(logging.DEBUG if verbose else logging.INFO)


def facts(**named: Any) -> dict[str, dict[str, Any]]:
    """Return the ``extra`` of a log call: facts of the record, by name. None is left out."""
    return {"facts": {name: value for name, value in named.items() if value is not None}}


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    found = getattr(record, "facts", {})
    return found if isinstance(found, dict) else {}


def _cut(value: Any) -> Any:
    return value[:MAX_VALUE_CHARS] if isinstance(value, str) else value
