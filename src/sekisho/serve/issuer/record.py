"""The record of published keys: since when each is published, and since when no API server has it.

It is a file of its own beside the documents, because a key's past is nowhere else to be read.
"""

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Final

from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.proof.jws_keys import KeySet, parse_key_set
from sekisho.decide.values import Instant, Json, JsonObject, Ref, SekishoInputError
from sekisho.decide.values.documents import parse_json, to_json
from sekisho.decide.workload.issuer import IssuerKey, key_set_document, rotated
from sekisho.serve.file_source import read_text
from sekisho.serve.written_file import write_at_once

RECORD: Final = "rotation.json"


def read_record(folder: Path) -> tuple[IssuerKey, ...]:
    """Return what was published last from ``folder``; nothing if nothing was.

    Raises:
        SekishoInputError: the record is no such file.
    """
    path = folder / RECORD
    if not path.exists():
        return ()
    value = parse_json(read_text(path), str(path))
    try:
        match value:
            case {"keys": list(rows)}:
                return tuple(_row(row) for row in rows)
    except (ValueError, KeyError, TypeError, SekishoInputError):
        pass
    problem = "expected the record that `sekisho serve issuer` wrote"
    hint = "remove it to begin anew: keys that no API server has any more are then no longer published"
    raise SekishoInputError.single("issuer.record", Ref(str(path)), problem, hint)


def published(
    folder: Path | None, present: KeySet, now: Instant, longest_token: timedelta
) -> tuple[IssuerKey, ...]:
    """Return the keys to publish now, and write the record into ``folder``, if there is one.

    Raises:
        SekishoInputError: the record that is there cannot be read; nothing was written.
        EnvironmentFailure: the record cannot be written.
    """
    if folder is None:
        return rotated((), present, now, longest_token)
    before = read_record(folder)
    keys = rotated(before, present, now, longest_token)
    if keys != before:
        rows: list[Json] = [_written(one) for one in keys]
        write_file(folder / RECORD, json.dumps({"keys": rows}, indent=2).encode() + b"\n")
    return keys


def write_file(path: Path, content: bytes) -> None:
    """Write ``path`` at once, so that nobody reads half of it; its folders are made.

    Raises:
        EnvironmentFailure: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_at_once(path, content, 0o644)
    except OSError as error:
        raise EnvironmentFailure(f"write {path}", (error.strerror or str(error)).lower()) from None


def _row(row: Json) -> IssuerKey:
    if not isinstance(row, dict):
        raise TypeError
    (key,) = parse_key_set(to_json({"keys": [row["key"]]}))
    gone = row.get("withdrawn")
    since = Instant.parse_rfc3339(str(row["published"]))
    return IssuerKey(key, since, None if gone is None else Instant.parse_rfc3339(str(gone)))


def _written(one: IssuerKey) -> JsonObject:
    document = key_set_document((one.key,))
    (key,) = _listed(document["keys"])
    row: dict[str, Json] = {"key": key, "published": one.published.rfc3339()}
    if one.withdrawn is not None:
        row["withdrawn"] = one.withdrawn.rfc3339()
    return row


def _listed(value: Json) -> Iterable[Json]:
    return value if isinstance(value, list) else ()
