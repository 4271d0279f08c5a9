"""Listening sockets on loopback, each on a port that is chosen once and kept."""

import random
import socket
from typing import Final

from sekisho.lab.errors import LabError

LOOPBACK = "127.0.0.1"
KEPT_PORTS: Final = range(10_240, 30_000)
"""Where kept ports are chosen: no system gives these to outgoing connections (Linux from 32768, others from
49152), which could have one while the lab is stopped; Kubernetes' node ports begin above."""
_TRIES: Final = 100


def listen(port: int, purpose: str) -> socket.socket:
    """Return a socket listening on ``127.0.0.1:port``; port 0 takes a free one of `KEPT_PORTS`.

    Raises:
        LabError: the port is taken or may not be used; no port is free.
    """
    if port:
        return _bound(port, purpose)
    for one in random.SystemRandom().sample(KEPT_PORTS, _TRIES):
        try:
            return _bound(one, purpose)
        except LabError:
            continue
    raise LabError(f"no port of {LOOPBACK} that {purpose} could use is free")


def _bound(port: int, purpose: str) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(256)
    except OSError as error:
        listener.close()
        raise LabError(
            f"port {port} of {LOOPBACK}, which {purpose} needs, cannot be used: {error.strerror}; "
            "stop the program that holds it, or start a lab of its own with another --state-dir"
        ) from None
    listener.setblocking(False)
    return listener


def port_of(listener: socket.socket) -> int:
    """Return the port a socket listens on."""
    return int(listener.getsockname()[1])


def free_ports(count: int, purpose: str) -> list[int]:
    """Return free ports of `KEPT_PORTS`, all different, for a program that listens by itself.

    Raises:
        LabError: no port is free.
    """
    sockets = [listen(0, purpose) for _ in range(count)]
    ports = [port_of(one) for one in sockets]
    for one in sockets:
        one.close()
    return ports
