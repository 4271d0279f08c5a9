"""Which folders of the machine a program needs, so that a pod can be shown them and no others.

A client is seldom one file: a virtual environment needs its interpreter, a wrapper its neighbours. Shown
is the folder it was installed to, unless that is a place where people keep other things too; then the
program's own file.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from sekisho.lab.pods.sandbox import machine_trees

_PROGRAM_FOLDERS = frozenset({"bin", "sbin", "Scripts"})
_SHARED = frozenset(
    Path(path)
    for path in ("/", "/usr", "/usr/local", "/opt", "/home", "/root", "/srv", "/var", "/tmp")  # noqa: S108
)


def find_program(name: str, search: Iterable[str]) -> Path | None:
    """Return where a program in the folders of ``search`` really lies."""
    found = shutil.which(name, path=os.pathsep.join(search))
    if found is None:
        return None
    path = Path(found).absolute()
    # An interpreter knows its virtual environment by the path that it is called by.
    return path if (path.parent.parent / "pyvenv.cfg").exists() else path.resolve()


def trees_of(program: Path, secret: Path) -> tuple[str, ...]:
    """Return the paths of the machine that ``program`` needs beside those that every pod sees.

    ``secret`` is the state directory: nothing that contains it, or lies in it, is ever among them.
    """
    found: dict[str, None] = {}
    seen: set[Path] = set()
    pending = [program]
    while pending:
        path = pending.pop()
        if path in seen or not path.exists():
            continue
        seen.add(path)
        tree = _installation(path, secret)
        if tree is not None:
            found[str(tree)] = None
            pending += _interpreters(tree)
        pending += _link(path)
    return tuple(
        str(part)
        for path in found
        if not _is_shown(path)
        for part in (_open_parts(Path(path)) if os.geteuid() == 0 else (path,))
    )


def _open_parts(tree: Path, depth: int = 3) -> list[Path]:
    """Return ``tree``, or what lies in it if only its owner may enter it.

    The pods of a lab of root have ids that own nothing: they see past a closed folder only what is
    shown to them by itself.
    """
    if depth == 0 or tree.is_symlink() or not tree.is_dir() or tree.stat().st_mode & 0o005 == 0o005:
        return [tree]
    return [part for entry in sorted(tree.iterdir()) for part in _open_parts(entry, depth - 1)]


def _installation(path: Path, secret: Path) -> Path | None:
    top = path.parent.parent if path.parent.name in _PROGRAM_FOLDERS else path
    top = path if _is_shared(top, secret) else top
    return None if touches(top, secret) else top


def _is_shared(folder: Path, secret: Path) -> bool:
    home = Path.home()
    is_home = home.is_relative_to(folder) or folder == home / ".local"
    return folder in _SHARED or is_home or touches(folder, secret)


def touches(path: Path, secret: Path) -> bool:
    """Tell whether a path contains the state directory or lies in it."""
    return secret.is_relative_to(path) or path.is_relative_to(secret)


def _interpreters(tree: Path) -> list[Path]:
    """Return the interpreters of the virtual environments at ``tree`` or right below it."""
    found = []
    for settings in (tree / "pyvenv.cfg", *tree.glob("*/pyvenv.cfg")):
        try:
            lines = settings.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        for line in lines:
            name, _, value = line.partition("=")
            if name.strip() == "home":
                found.append(Path(value.strip()) / "python3")
    return found


def _link(path: Path) -> list[Path]:
    if not path.is_symlink():
        return []
    return [Path(os.path.normpath(path.parent / path.readlink()))]


def _is_shown(path: str) -> bool:
    return any(Path(path).is_relative_to(tree) for tree in machine_trees()[0])
