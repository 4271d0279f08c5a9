"""The network of a pod: loopback, with the addresses at which the lab serves it.

Source: netdevice(7).
"""

import errno
import fcntl
import os
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


def connecting(address: str, port: int) -> socket.socket:
    """Return a socket that connects to a port of this network: whoever gets it waits for it, not we.

    Who listens there may be anybody, and may never accept.

    Raises:
        OSError: it is refused at once.
    """
    # No name is looked up: what that needs cannot be loaded any more.
    found = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    found.setblocking(False)
    number = found.connect_ex((address, port))
    if number not in (0, errno.EINPROGRESS):
        found.close()
        raise ConnectionError(f"connect: {os.strerror(number).lower()}")
    return found
