"""The text of a file that somebody names, or of stdin."""

import stat
import sys
from pathlib import Path

STDIN = "-"


def read_text(name: str) -> str:
    """Return the text of a file, or of stdin for ``-``; no more than a document may have is read.

    Raises:
        SekishoInputError: it cannot be read, is no file, is too large, or not UTF-8.
    """
    from sekisho.decide.values import Ref, SekishoInputError
    from sekisho.decide.values.documents import MAX_DOCUMENT_BYTES

    shown = "stdin" if name == STDIN else name
    try:
        if name == STDIN:
            data = sys.stdin.buffer.read(MAX_DOCUMENT_BYTES + 1)
        else:
            path = Path(name)
            if stat.S_ISFIFO(path.stat().st_mode) or path.is_file():
                with path.open("rb") as file:
                    data = file.read(MAX_DOCUMENT_BYTES + 1)
            else:
                raise SekishoInputError.single("file.unreadable", Ref(shown), "cannot be read: not a file")
        if len(data) > MAX_DOCUMENT_BYTES:
            problem = f"larger than {MAX_DOCUMENT_BYTES} bytes"
            raise SekishoInputError.single("file.too-large", Ref(shown), problem)
        return data.decode("utf-8-sig")
    except OSError as error:
        problem = f"cannot be read: {(error.strerror or 'failed').lower()}"
        raise SekishoInputError.single("file.unreadable", Ref(shown), problem) from None
    except UnicodeDecodeError:
        raise SekishoInputError.single("file.not-utf-8", Ref(shown), "not UTF-8") from None
