"""Files that are written at once: whoever reads sees the old one or the new one, and nobody else's."""

import os
from pathlib import Path


def write_at_once(path: Path, content: bytes, mode: int) -> None:
    """Put ``content`` in place of ``path``.

    What lies under the temporary name is removed first: one that was put there would keep its owner.

    Raises:
        OSError: it cannot be written; the old file is still there.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)
