"""The network of a pod: loopback, with the addresses at which the lab serves it.

Source: netdevice(7).
"""

import fcntl
import socket
import struct
from collections.abc import Iterable

_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_SIOCSIFADDR = 0x8916
_SIOCSIFNETMASK = 0x891C
_IFF_UP = 1


def bring_up(addresses: Iterable[str]) -> None:
    """Bring loopback up and give it ``addresses`` beside its own.

    Raises:
        OSError: it cannot be done.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        found = fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", found)[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))
        others = [address for address in addresses if not address.startswith("127.")]
        for number, address in enumerate(dict.fromkeys(others)):
            name = f"lo:{number}".encode()
            for request, value in ((_SIOCSIFADDR, address), (_SIOCSIFNETMASK, "255.255.255.255")):
                place = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(value))
                fcntl.ioctl(control, request, struct.pack("16s16s", name, place))


def listening(address: str, port: int) -> socket.socket:
    """Return a socket that listens in this network.

    Raises:
        OSError: it cannot be done.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(64)
    return listener


def connected(port: int) -> socket.socket:
    """Return a connection to a port of this network, at 127.0.0.1 or else at ::1.

    Raises:
        OSError: nothing listens there.
    """
    try:
        return _connected(socket.AF_INET, "127.0.0.1", port)
    except OSError as error:
        try:
            return _connected(socket.AF_INET6, "::1", port)
        except OSError:
            raise error from None


def _connected(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    """Connect without looking a name up: what that needs cannot be loaded any more."""
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        found.connect((address, port))
    except OSError:
        found.close()
        raise
    return found
