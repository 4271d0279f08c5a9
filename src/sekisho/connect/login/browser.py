"""Open an address in the person's browser, without a shell and without its output among ours.

kubectl reads our standard output, so a browser that prints there would break the credential.
"""

import os
import shlex
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence

from sekisho.decide.values import Ref, SekishoInputError

_LINUX = ("xdg-open", "wslview", "sensible-browser", "x-www-browser")


def browser_command(chosen: str | None, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the command to start: ``chosen``, ``BROWSER``, else the desktop's; empty if there is none.

    Raises:
        SekishoInputError: ``chosen`` is no command line.
    """
    if chosen is not None:
        words = _words(chosen)
        if not words:
            raise SekishoInputError.single("login.option", Ref("--browser"), "expected a command")
        return words
    named = _words(environ.get("BROWSER", "").split(os.pathsep)[0])
    if named:
        return named
    if sys.platform == "darwin":
        return ("open",)
    if (
        not environ.get("DISPLAY")
        and not environ.get("WAYLAND_DISPLAY")
        and not environ.get("WSL_DISTRO_NAME")
    ):
        return ()
    found = next((path for name in _LINUX if (path := shutil.which(name, path=environ.get("PATH")))), None)
    return (found,) if found else ()


def open_browser(command: Sequence[str], url: str) -> bool:
    """Start ``command`` with ``url`` as its last argument; False if it cannot be started."""
    if not command:
        return False
    try:
        process = subprocess.Popen(  # noqa: S603 - the person's own command; no shell reads the address
            [*command, url],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return False
    threading.Thread(target=process.wait, daemon=True).start()  # so that it does not stay as a zombie
    return True


def _words(text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError:
        return ()
