"""What is different about signing in from a shell of the lab: where the login page is, and what time it is.

In a lab the pages of user pools have AWS's names, which a browser outside of the lab's proxy would look up in
the real world. So that nothing leaves, the lab's own address stands in, if all our requests go through it.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sekisho.connect.login.login_request import is_loopback_http
from sekisho.connect.tokens import system_clock
from sekisho.decide.values import Instant, Ref, SekishoInputError

_POOLS = ".amazoncognito.com"
_ISSUERS = ".amazonaws.com"


def login_page_place(chosen: str | None, environ: Mapping[str, str]) -> Callable[[str], str]:
    """Return what turns a discovered endpoint for browsers into the address that they reach it by.

    Raises:
        SekishoInputError: ``chosen`` is neither https nor on loopback.
    """
    if chosen is not None:
        if urlsplit(chosen).scheme != "https" and not is_loopback_http(chosen):
            problem = "expected an https address, or one of this machine"
            raise SekishoInputError.single("login.option", Ref("--authorization-endpoint"), problem)
        return lambda _discovered: chosen

    def of_lab(discovered: str) -> str:
        status = _status(discovered, _POOLS, environ)
        return discovered if status is None else str(status["loginPages"]) + urlsplit(discovered).path

    return of_lab


def login_clock(issuer: str | None, environ: Mapping[str, str]) -> Callable[[], Instant]:
    """Return the clock by which tokens of ``issuer`` end: the lab's own may have been moved."""
    status = _status(issuer or "", _ISSUERS, environ)
    if status is None:
        return system_clock
    away = timedelta(seconds=status["clockOffsetSeconds"])
    return lambda: system_clock() + away


def _status(url: str, suffix: str, environ: Mapping[str, str]) -> Any:
    """Return what the lab of this shell says of itself, None where ``url`` is none of its own."""
    state = environ.get("SEKISHO_STATE_DIR")
    if not state or not (urlsplit(url).hostname or "").endswith(suffix):
        return None
    # Imported here: only a shell of a lab has need of it.
    from sekisho.lab.client import LabClient
    from sekisho.lab.errors import LabError
    from sekisho.lab.world.state_dir import StateDir

    try:
        status = LabClient(StateDir(Path(state))).get("/status")
    except LabError:
        return None
    proxy = environ.get("HTTPS_PROXY") or environ.get("https_proxy")
    return status if status["proxy"] == proxy else None
