"""Where a checkpoint has access entries from: EKS, asked again and again, or files with what EKS said."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, Protocol

from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.eks.entry_book import EntryBook
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.decide.values.documents import parse_yaml_all
from sekisho.facts.described_entries import (
    DescribedEntries,
    book_of_described,
    is_access_entries,
    read_access_entries,
)
from sekisho.serve.file_source import follow, read_text
from sekisho.serve.json_log import facts

_log = logging.getLogger("sekisho.serve")

REFRESH_SECONDS: Final = 30.0


class EntrySource(Protocol):
    """Access entries, kept up to date."""

    @property
    def book(self) -> EntryBook | None:
        """What was read last that could be used; None until something was."""

    @property
    def problem(self) -> str:
        """Why what is there now is not in use; empty: all is well."""

    async def run(self) -> None:
        """Keep up with the source. Never returns; never raises but for cancellation."""


class EntryFiles:
    """Files with the output of `aws eks describe-access-entry` and `list-associated-access-policies`.

    Any number of documents in each, JSON or YAML. Files that cannot be used leave in force what was there.

    Raises:
        SekishoInputError: they cannot be used at the start.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)
        self.book: EntryBook | None = read_entry_files(self._paths)
        self.problem = ""

    async def run(self) -> None:
        """Follow the files."""
        await follow(self._paths, self.reload)

    def reload(self) -> None:
        """Read the files as they are now."""
        try:
            book = read_entry_files(self._paths)
        except SekishoInputError as error:
            self.problem = str(error)
            _log.error("the files of access entries are not used", extra=facts(problem=str(error)))
            return
        if book != self.book:
            _log.info("read access entries", extra=facts(entries=len(book.placed)))
        self.book, self.problem = book, ""


class EksEntries:
    """The access entries of a cluster of EKS, read again every ``refresh_seconds``.

    ``read`` asks EKS; it blocks, and is called in a thread. While EKS cannot be asked, what it said last
    stands.
    """

    def __init__(self, read: Callable[[], EntryBook], refresh_seconds: float = REFRESH_SECONDS) -> None:
        self._read = read
        self._refresh_seconds = refresh_seconds
        self.book: EntryBook | None = None
        self.problem = ""

    async def run(self) -> None:
        """Ask again and again."""
        while True:
            try:
                book = await asyncio.to_thread(self._read)
            except (EnvironmentFailure, SekishoInputError) as error:
                self.problem = str(error).partition("\n")[0]
                _log.error("EKS could not be asked for access entries", extra=facts(problem=self.problem))
            else:
                if book != self.book:
                    _log.info("read access entries", extra=facts(entries=len(book.placed)))
                self.book, self.problem = book, ""
            await asyncio.sleep(self._refresh_seconds)


def read_entry_files(paths: Sequence[Path]) -> EntryBook:
    """Return the access entries in files.

    Raises:
        SekishoInputError: a file cannot be read, or holds something else; with file and line.
    """
    found = DescribedEntries(whole=True)
    for path in paths:
        text = read_text(path)
        for number, (document, line) in enumerate(parse_yaml_all(text, str(path))):
            at = Ref(f"{path}#{number}" if number else str(path))
            if not is_access_entries(document):
                raise SekishoInputError.single(
                    "entries.not-understood",
                    Ref(str(path)),
                    "expected the output of `aws eks describe-access-entry` or "
                    "`aws eks list-associated-access-policies`",
                    line=line,
                )
            read_access_entries(document, at, found)
    book = book_of_described(found, Ref(", ".join(str(path) for path in paths)))
    if book.undescribed:
        # Another source asked after this one could map them otherwise than their entries do.
        raise SekishoInputError.single(
            "entries.undescribed",
            book.at,
            f"`{book.undescribed[0]}` is listed and not described",
            "add what `aws eks describe-access-entry` says of it",
        )
    return book
