"""The text of a document before anyone reads it: bounded, UTF-8, and quoted safely in what is reported."""

from sekisho.decide.values.errors import SekishoInputError
from sekisho.decide.values.ref import Ref

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100

_SHOWN_CHARS = 60


def decode(text: str | bytes, name: str) -> str:
    """Return ``text`` as characters that UTF-8 can write, without a byte order mark.

    Raises:
        SekishoInputError: over ``MAX_DOCUMENT_BYTES`` (of a str: characters), or not UTF-8.
    """
    size = len(text)
    if size > MAX_DOCUMENT_BYTES:
        raise SekishoInputError.single(
            "document.too-large", Ref(name), f"{size} bytes; at most {MAX_DOCUMENT_BYTES} are read"
        )
    try:
        if isinstance(text, bytes):
            return text.decode("utf-8-sig")
        text.encode()
        return text.removeprefix("\ufeff")
    except UnicodeError as error:
        start = error.start if isinstance(error, UnicodeDecodeError | UnicodeEncodeError) else 0
        newlines = text.count(b"\n", 0, start) if isinstance(text, bytes) else text.count("\n", 0, start)
        unit = "byte" if isinstance(text, bytes) else "character"
        raise SekishoInputError.single(
            "document.not-utf-8", Ref(name), f"not UTF-8 ({unit} {start})", line=newlines + 1
        ) from None


def shown(text: str) -> str:
    """Return the beginning of a member name in backticks, on one line whatever it holds."""
    cut = text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}..."
    return f"`{on_one_line(cut)}`"


def on_one_line(text: str) -> str:
    """Return ``text`` with every character that a terminal obeys or hides written as an escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)
