"""Which proxy a cluster is reached through: Go's rules for HTTPS_PROXY and NO_PROXY."""

import pytest

from sekisho.connect.kube.proxy import Proxy, proxy_for
from sekisho.decide.values import Secret, SekishoInputError

URL = "http://proxy.example:3128"
VIA = ("proxy.example", 3128)

USED: dict[str, tuple[str, int, dict[str, str], tuple[str, int] | None]] = {
    "no variable": ("k.example", 443, {}, None),
    "an empty variable": ("k.example", 443, {"HTTPS_PROXY": ""}, None),
    "upper case": ("k.example", 443, {"HTTPS_PROXY": URL}, VIA),
    "lower case": ("k.example", 443, {"https_proxy": URL}, VIA),
    "upper case wins": ("k.example", 443, {"HTTPS_PROXY": URL, "https_proxy": "http://other:1"}, VIA),
    "HTTP_PROXY is for other URLs": ("k.example", 443, {"HTTP_PROXY": URL}, None),
    "no scheme": ("k.example", 443, {"HTTPS_PROXY": "proxy.example:3128"}, VIA),
    "no port": ("k.example", 443, {"HTTPS_PROXY": "http://proxy.example"}, ("proxy.example", 80)),
    "localhost is direct": ("localhost", 6443, {"HTTPS_PROXY": URL}, None),
    "loopback is direct": ("127.0.0.1", 6443, {"HTTPS_PROXY": URL}, None),
    "all of loopback is direct": ("127.9.9.9", 6443, {"HTTPS_PROXY": URL}, None),
    "loopback of version 6 is direct": ("::1", 6443, {"HTTPS_PROXY": URL}, None),
    "next to loopback is not": ("128.0.0.1", 6443, {"HTTPS_PROXY": URL}, VIA),
}

EXCEPTED: dict[str, tuple[str, str, bool]] = {
    "everything": ("k.example", "*", True),
    "the domain": ("k.example", "k.example", True),
    "the domain in other case": ("K.example", "k.EXAMPLE", True),
    "a subdomain": ("a.k.example", "k.example", True),
    "a domain that ends alike": ("notk.example", "k.example", False),
    "a leading dot covers subdomains": ("a.k.example", ".k.example", True),
    "a leading dot leaves the domain out": ("k.example", ".k.example", False),
    "a star and a dot": ("a.k.example", "*.k.example", True),
    "one of several": ("k.example", "a.example, k.example", True),
    "none of several": ("k.example", "a.example,,b.example", False),
    "its port": ("k.example", "k.example:443", True),
    "another port": ("k.example", "k.example:444", False),
    "an address": ("10.0.0.7", "10.0.0.7", True),
    "another address": ("10.0.0.7", "10.0.0.8", False),
    "an address and port": ("10.0.0.7", "10.0.0.7:443", True),
    "a network": ("10.0.0.7", "10.0.0.0/8", True),
    "another network": ("10.0.0.7", "10.1.0.0/16", False),
    "a network does not cover names": ("k.example", "10.0.0.0/8", False),
    "not a network": ("10.0.0.7", "10.0.0.0/99", False),
    "an address of version 6": ("fd00::1", "fd00::1", True),
    "in brackets, with port": ("fd00::1", "[fd00::1]:443", True),
    "the end of an address is no domain": ("10.0.0.7", "0.7", False),
}

REFUSED = {
    "socks": "socks5://p:1",
    "https": "https://p:1",
    "no host": "http://:1",
    "a port too high": "http://p:99999",
    "a port that is none": "http://user:hunter2@p:port",
}


@pytest.mark.parametrize(("host", "port", "environ", "via"), USED.values(), ids=USED.keys())
def test_proxy(host: str, port: int, environ: dict[str, str], via: tuple[str, int] | None) -> None:
    found = proxy_for(host, port, environ)
    assert (found and (found.host, found.port)) == via


@pytest.mark.parametrize(("host", "exceptions", "direct"), EXCEPTED.values(), ids=EXCEPTED.keys())
@pytest.mark.parametrize("name", ["NO_PROXY", "no_proxy"])
def test_exceptions(name: str, host: str, exceptions: str, direct: bool) -> None:
    assert (proxy_for(host, 443, {"HTTPS_PROXY": URL, name: exceptions}) is None) is direct


def test_credentials_become_a_header_that_does_not_print() -> None:
    found = proxy_for("k.example", 443, {"HTTPS_PROXY": "http://ana:p%40ss@proxy.example:3128"})
    assert found == Proxy("proxy.example", 3128, Secret("Basic YW5hOnBAc3M="))
    assert "YW5h" not in repr(found)


@pytest.mark.parametrize("url", REFUSED.values(), ids=REFUSED.keys())
def test_other_proxies_are_refused_without_repeating_the_url(url: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        proxy_for("k.example", 443, {"https_proxy": url})
    assert [fault.code for fault in caught.value.faults] == ["kube.proxy-url"]
    assert "hunter2" not in str(caught.value)
