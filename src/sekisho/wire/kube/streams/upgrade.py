"""What a client that asks for streams offers, and what is agreed on.

Source: apimachinery ``pkg/util/httpstream`` (Handshake) and ``pkg/util/proxy`` (UpgradeAwareHandler).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sekisho.wire.http import Request
from sekisho.wire.kube import status
from sekisho.wire.kube.status import KubeError
from sekisho.wire.kube.streams.websocket import first_of, is_websocket, offered, opening, tokens

SPDY = "SPDY/3.1"
_VERSION_HEADER = "X-Stream-Protocol-Version"


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides speak from now on, and the headers of the answer 101 that say so."""

    is_websocket: bool
    protocol: str
    headers: tuple[tuple[str, str], ...]


def agree(request: Request, spdy: Sequence[str], websocket: Sequence[str]) -> Agreed:
    """Choose among the protocols that the client offers.

    Over SPDY the server's order counts (``spdy``, best first), over WebSocket the client's.

    Raises:
        KubeError: 400 no upgrade is asked for, 403 none of the protocols is served.
    """
    if is_websocket(request):
        return _over_websocket(request, websocket)
    asks = "upgrade" in tokens(request, "connection")
    if not asks or SPDY.lower() not in tokens(request, "upgrade"):
        raise status.bad_request("Upgrade request required")
    offers = [
        one.strip()
        for name, value in request.headers
        if name == _VERSION_HEADER.lower()
        for one in value.split(",")
        if one.strip()
    ]
    # A client that names no protocol speaks the first one there was.
    protocol = first_of(spdy, offers) if offers else spdy[-1]
    if protocol is None:
        raise _none_served(offers, spdy)
    upgrade = (("upgrade", SPDY), ("connection", "Upgrade"))
    return Agreed(False, protocol, (*upgrade, (_VERSION_HEADER, protocol)) if offers else upgrade)


def _over_websocket(request: Request, served: Sequence[str]) -> Agreed:
    offers = offered(request)
    protocol = first_of(offers, served)
    if protocol is None and offers:
        raise _none_served(offers, served)
    headers = opening(request, protocol)
    if headers is None:
        raise status.bad_request("the WebSocket key or version of the request is not one of RFC 6455")
    # A client that names no protocol speaks plain binary channels.
    return Agreed(True, protocol or served[-2], headers)


def _none_served(offers: Sequence[str], served: Sequence[str]) -> KubeError:
    shown = f"unable to upgrade: unable to negotiate protocol: client supports [{' '.join(offers)}]"
    return KubeError(403, "Forbidden", f"{shown[:1000]}, server accepts [{' '.join(served)}]")
