"""Addresses at which a machine of AWS keeps its own credentials: nobody is led there by a name."""

import asyncio
import socket
from ipaddress import IPv6Address, ip_address, ip_network

_EC2_LOCAL = ip_network("fd00:ec2::/32")
"""Where AWS puts instance and container metadata over IPv6."""


def is_metadata(text: str) -> bool:
    """Tell whether an address is link-local or EC2's own: credentials of a real machine are there."""
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return address.is_link_local or (address.version == _EC2_LOCAL.version and address in _EC2_LOCAL)


async def addresses_of(name: str, port: int) -> tuple[str, ...]:
    """Return what a name resolves to: the addresses that are checked have to be the ones that are dialled.

    Raises:
        OSError: there is no such name.
        UnicodeError: it is none.
    """
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(address[0]) for *_, address in found))
