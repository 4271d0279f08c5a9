"""IP address operators (IAM User Guide, "Condition operators", IP address).

A bare address is a network of one. IPv4 and IPv6 never fit each other, so NotIpAddress
holds between them. What is not an address fits nothing.
"""

import ipaddress
from collections.abc import Sequence
from functools import lru_cache

from sekisho.decide.iam.conditions.comparison import Comparison, Fits, literals, with_negation
from sekisho.decide.iam.template import Template


def read_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """Return the network that ``text`` writes, a bare address being a network of one; None if it is none."""
    try:
        return ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None


def _within(values: Sequence[Template]) -> Fits:
    # By version and by how many bits are free: an address is looked up once for each length of a prefix.
    networks: dict[int, dict[int, set[int]]] = {4: {}, 6: {}}
    for text in literals(values):
        network = read_network(text)
        if network is None:
            continue
        free = network.max_prefixlen - network.prefixlen
        starts = networks[network.version].setdefault(free, set())
        starts.add(int(network.network_address) >> free)

    def fits(actual: str) -> bool:
        found = _address(actual)
        if found is None:
            return False
        version, number = found
        return any(number >> free in starts for free, starts in networks[version].items())

    return fits


@lru_cache(maxsize=1024)
def _address(text: str) -> tuple[int, int] | None:
    """Return the version and the number of an address, None if ``text`` is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return address.version, int(address)


COMPARISONS = with_negation("IpAddress", "NotIpAddress", Comparison("", _within))
