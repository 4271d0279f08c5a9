"""Where a browser reaches a login page: as discovered, as the person says, or at the lab's own port.

In a lab the pages of user pools have AWS's names, which a browser outside of the lab's proxy would look up in
the real world. So that nothing leaves, the lab's own address stands in, if all our requests go through it.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from sekisho.connect.login.login_request import is_loopback_http
from sekisho.decide.values import Ref, SekishoInputError

_POOLS = ".amazoncognito.com"


def login_page_place(chosen: str | None, environ: Mapping[str, str]) -> Callable[[str], str]:
    """Return what turns a discovered authorization endpoint into the address for the browser.

    Raises:
        SekishoInputError: ``chosen`` is neither https nor on loopback.
    """
    if chosen is not None:
        if urlsplit(chosen).scheme != "https" and not is_loopback_http(chosen):
            problem = "expected an https address, or one of this machine"
            raise SekishoInputError.single("login.option", Ref("--authorization-endpoint"), problem)
        return lambda _discovered: chosen
    return lambda discovered: _of_lab(discovered, environ)


def _of_lab(discovered: str, environ: Mapping[str, str]) -> str:
    host, state = urlsplit(discovered).hostname or "", environ.get("SEKISHO_STATE_DIR")
    if not state or not host.endswith(_POOLS):
        return discovered
    from sekisho.lab.client import LabClient
    from sekisho.lab.world.state_dir import StateDir

    client = LabClient(StateDir(Path(state)))
    if not client.is_running():
        return discovered
    status = client.get("/status")
    if status["proxy"] != (environ.get("HTTPS_PROXY") or environ.get("https_proxy")):
        return discovered
    return str(status["loginPages"]) + urlsplit(discovered).path
