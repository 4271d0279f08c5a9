"""aws-auth in a file of the user's own, such as a manifest in git; changed as a whole or not at all."""

import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.manifest import EMPTY_MANIFEST, Manifest, parse_manifest, with_data
from sekisho.connect.kube.stored import Outrun, Stored
from sekisho.decide.authn.aws_auth import SECTIONS
from sekisho.decide.values import InputFault, Ref, SekishoInputError
from sekisho.decide.values.documents import MAX_DOCUMENT_BYTES

_NEW_FILE_MODE = 0o644


def load_from_file(path: Path, *, make: bool) -> Stored:
    """Return aws-auth as the file ``path`` has it; with ``make`` a missing file maps nobody yet.

    Raises:
        SekishoInputError: the file is missing or not a manifest of aws-auth; file and line are named.
        EnvironmentFailure: it cannot be read.
    """
    text = _read(path)
    if text is None and not make:
        raise SekishoInputError.single("map.no-file", Ref(str(path)), "there is no such file")
    manifest = parse_manifest(EMPTY_MANIFEST if text is None else text, str(path))

    def write(after: Mapping[str, str]) -> None:
        if _read(path) != text:
            raise Outrun(f"`{path}` was changed meanwhile")
        _replace(path, with_data(manifest, after))

    return Stored(manifest.data, Ref(str(path), "/data"), text or "", write)


@contextmanager
def lines_of_file(path: Path) -> Iterator[None]:
    """Let faults inside a section name the line of the file instead of the line of the section."""
    try:
        yield
    except SekishoInputError as error:
        if not any(_section(fault, path) for fault in error.faults):
            raise
        manifest = parse_manifest(_read(path) or EMPTY_MANIFEST, str(path))
        raise SekishoInputError(_moved(fault, manifest, path) for fault in error.faults) from None


def _moved(fault: InputFault, manifest: Manifest, path: Path) -> InputFault:
    section = _section(fault, path)
    if not section:
        return fault
    line = manifest.line_of(section, fault.line)
    return InputFault(fault.code, fault.at, fault.problem, fault.hint, line)


def _section(fault: InputFault, path: Path) -> str:
    """Return the section whose lines ``fault`` counts; "" if it counts those of the file already."""
    tokens = fault.at.tokens()
    is_inside = fault.at.document == str(path) and len(tokens) > 1 and tokens[1] in SECTIONS
    return tokens[1] if is_inside and not fault.code.startswith("map.section") else ""


def _read(path: Path) -> str | None:
    """Return the text of the file, None if there is none."""
    with _told("read", path):
        try:
            # Without O_NONBLOCK a named pipe would wait for ever.
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise EnvironmentFailure(f"read {path}", "not a regular file")
            content = file.read(MAX_DOCUMENT_BYTES + 1)
    if len(content) > MAX_DOCUMENT_BYTES:
        raise SekishoInputError.single(
            "document.too-large", Ref(str(path)), f"at most {MAX_DOCUMENT_BYTES} bytes are read"
        )
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SekishoInputError.single(
            "document.not-utf-8", Ref(str(path)), f"expected UTF-8 (byte {error.start})", line=line
        ) from None


def _replace(path: Path, text: str) -> None:
    """Put ``text`` in place of the file that ``path`` names, through links; its mode stays."""
    with _told("write", path):
        real = Path(os.path.realpath(path))
        mode = stat.S_IMODE(real.stat().st_mode) if real.exists() else _NEW_FILE_MODE
        descriptor, name = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                os.fchmod(descriptor, mode)
                file.write(text)
                file.flush()
                os.fsync(descriptor)
            Path(name).replace(real)
        except BaseException:
            with suppress(OSError):
                Path(name).unlink()
            raise


@contextmanager
def _told(verb: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EnvironmentFailure(f"{verb} {path}", (error.strerror or str(error)).lower()) from None
