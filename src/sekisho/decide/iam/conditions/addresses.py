"""IP address operators (IAM User Guide, "Condition operators", IP address).

A bare address is a network of one. IPv4 and IPv6 never fit each other, so NotIpAddress
holds between them. What is not an address fits nothing.
"""

import ipaddress
from functools import lru_cache

from sekisho.decide.iam.conditions.comparison import Comparison, literal, with_negation
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.template import Template
from sekisho.decide.request.aws_request import Context


def _within(expected: Template, actual: str, context: Context) -> Truth:
    try:
        return _address(actual) in _network(literal(expected, context))
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(text)


@lru_cache(maxsize=1024)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


COMPARISONS = with_negation("IpAddress", "NotIpAddress", Comparison("", _within))
