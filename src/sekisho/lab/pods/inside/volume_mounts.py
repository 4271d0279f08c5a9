"""A container's volumes: taken out of the pod's, placed where the container wants them.

Other containers of the pod may write to the same volumes meanwhile: every name in one may become a link
between a look and the next. So what is taken is held by a descriptor, which the kernel found beneath its
volume, and what is placed is placed when the container's root holds nothing else any more: wherever a
link leads then, it is the container's own.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Mapping
from typing import Any

from sekisho.lab.pods.inside import kernel

_TRIES = 32


def take(mount: Mapping[str, Any]) -> int:
    """Return the mounts of a volume, or of a file or folder in it, to be given to `place`.

    Raises:
        OSError: it is not there, or leaves the volume.
    """
    top = os.open(f"/{'empty' if mount['empty'] else 'volumes'}/{mount['volume']}", os.O_PATH | os.O_CLOEXEC)
    try:
        source = beneath(top, mount["sub"], make=mount["empty"])
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        message = f"subPath {mount['sub']} leaves the volume {mount['volume']}"
        raise PermissionError(message) from None
    finally:
        os.close(top)
    try:
        tree = kernel.open_tree("", source)
    finally:
        os.close(source)
    if mount["readOnly"]:
        kernel.remount_read_only("", tree)
    return tree


def beneath(top: int, path: str, *, make: bool) -> int:
    """Return a descriptor of ``path`` in the folder ``top``; with ``make``, folders that lack are made.

    Raises:
        OSError: it is not there, or (EXDEV) not in ``top``.
    """
    found = _opened(top, ".")
    walked: list[str] = []
    for name in filter(None, path.split("/")):
        walked.append(name)
        before = found
        try:
            try:
                found = _opened(top, "/".join(walked))
            except FileNotFoundError:
                if not make:
                    raise
                # A link that leads nowhere is not followed.
                os.mkdir(name, dir_fd=before)
                found = _opened(top, "/".join(walked))
        finally:
            os.close(before)
    return found


def _opened(top: int, path: str) -> int:
    for _ in range(_TRIES):
        # EAGAIN: something was renamed while the kernel walked.
        with contextlib.suppress(BlockingIOError):
            return kernel.open_beneath(top, path)
    raise BlockingIOError(errno.EAGAIN, f"{path} does not stay what it is")


def place(tree: int, target: str) -> None:
    """Mount what `take` returned at ``target`` of the root that is the container's by now.

    Raises:
        OSError: there can be no mount point.
    """
    make_place(target, is_folder=stat.S_ISDIR(os.stat(tree).st_mode))
    spot = os.open(target, os.O_PATH | os.O_CLOEXEC)
    try:
        kernel.move_mount(tree, "", spot)
    finally:
        os.close(spot)
        os.close(tree)


def make_place(target: str, *, is_folder: bool) -> None:
    """Make a mount point: a folder for a folder, an empty file for anything else."""
    os.makedirs(target if is_folder else os.path.dirname(target), exist_ok=True)
    if not is_folder and not os.path.exists(target):
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))
