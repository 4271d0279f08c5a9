"""Listening sockets on loopback, each on a port that is chosen once and kept."""

import socket

from sekisho.lab.errors import LabError

LOOPBACK = "127.0.0.1"


def listen(port: int, purpose: str) -> socket.socket:
    """Return a socket listening on ``127.0.0.1:port``; port 0 takes any free one.

    Raises:
        LabError: the port is taken or may not be used.
    """
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
