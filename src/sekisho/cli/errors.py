"""Bad news at the edge: one sentence on stderr and an exit code, never a traceback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.values import SekishoInputError
from sekisho.lab.errors import LabError

BAD_INPUT = 2
ENVIRONMENT_FAILED = 4
INTERRUPTED = 130
"""128 + SIGINT, what shells report for an interrupted command."""
READER_GONE = 141
"""128 + SIGPIPE, what shells report when the reader of a pipe left: no verdict was heard, so none is told."""


@contextmanager
def report() -> Iterator[None]:
    """Run the block or the decorated command; end the process on bad news.

    Exits with `BAD_INPUT` for `SekishoInputError` (a line per fault), `ENVIRONMENT_FAILED` for
    `EnvironmentFailure` and `LabError`, `INTERRUPTED` and `READER_GONE`. Output is flushed
    here, so that a closed pipe is noticed while it still can be.
    """
    try:
        yield
        sys.stdout.flush()
    except SekishoInputError as error:
        _end("\n".join(f"sekisho: {fault}" for fault in error.faults), BAD_INPUT)
    except EnvironmentFailure as error:
        hint = "; trying again may help" if error.can_retry else ""
        _end(f"sekisho: {error}{hint}", ENVIRONMENT_FAILED)
    except LabError as error:
        _end(f"sekisho: {error}", ENVIRONMENT_FAILED)
    except BrokenPipeError:
        _forget_stdout()
        raise SystemExit(READER_GONE) from None
    except KeyboardInterrupt:
        _end("", INTERRUPTED)


def note(text: str) -> None:
    """Tell the person at the keyboard something that is neither data nor an error."""
    print(f"sekisho: {text}", file=sys.stderr)  # noqa: T201 - stderr is this function's purpose


def _end(message: str, code: int) -> NoReturn:
    if message:
        print(message, file=sys.stderr)  # noqa: T201 - stderr is this function's purpose
    raise SystemExit(code) from None


def _forget_stdout() -> None:
    """Point stdout at nothing: the interpreter flushes it once more when it ends."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(devnull, sys.stdout.fileno())
    finally:
        os.close(devnull)
