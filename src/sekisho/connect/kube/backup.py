"""What aws-auth was before an edit, kept where only its owner can read it."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.values import Instant

_MAX_SAME_SECOND = 100
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def backup_directory(environ: Mapping[str, str], home: Path) -> Path:
    """Return the folder of backups, below the XDG state folder."""
    base = environ.get("XDG_STATE_HOME", "")
    # XDG Base Directory Specification: a relative path is invalid and ignored.
    return (Path(base) if base.startswith("/") else home / ".local" / "state") / "sekisho" / "backups"


def write_backup(directory: Path, label: str, now: Instant, text: str) -> Path:
    """Write ``text`` to a new file in ``directory``, made if missing; return its path.

    The name is ``LABEL-TIME.yaml``, with a number if there is one of this second already. The
    file has mode 0600 and has reached the disk when this returns.

    Raises:
        EnvironmentFailure: it could not be written.
    """
    stem = f"{_UNSAFE.sub('-', label).strip('-.')[:150]}-{now.amz()}"
    path = directory / f"{stem}.yaml"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number in range(2, _MAX_SAME_SECOND + 2):
            try:
                descriptor = os.open(path, _FLAGS, 0o600)
                break
            except FileExistsError:
                path = directory / f"{stem}-{number}.yaml"
        else:
            raise EnvironmentFailure(f"write {path}", "too many backups of this second")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            os.fchmod(descriptor, 0o600)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
    except OSError as error:
        raise EnvironmentFailure(f"write {path}", (error.strerror or str(error)).lower()) from None
    return path
