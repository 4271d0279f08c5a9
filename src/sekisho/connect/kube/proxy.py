"""Which proxy stands between here and a cluster, by the variables that kubectl reads.

Source: Go, ``golang.org/x/net/http/httpproxy``, which every Kubernetes client uses: upper case before
lower case, loopback always direct, ``NO_PROXY`` a list of ``*``, domains (with their subdomains; with
a leading dot only those), addresses, networks, each with or without a port.
"""

import base64
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from sekisho.decide.values import Ref, Secret, SekishoInputError

_DEFAULT_PORT = 80


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy that is asked to CONNECT; ``authorization`` is a header value, may be empty."""

    host: str
    port: int
    authorization: Secret


def proxy_for(host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy to use for ``https://host:port``, None for a direct connection.

    Raises:
        SekishoInputError: the variable holds no ``http://`` URL.
    """
    if is_direct(host, port, environ):
        return None
    return proxy_named(environ)


def proxy_named(environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy that ``environ`` names, whichever hosts it is for; None if it names none.

    Raises:
        SekishoInputError: the variable holds no ``http://`` URL.
    """
    name = next((n for n in ("HTTPS_PROXY", "https_proxy") if environ.get(n)), "")
    if not name:
        return None
    text = environ[name]
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        usable = parts.scheme == "http" and bool(parts.hostname)
        number = parts.port or _DEFAULT_PORT
    except ValueError:
        usable = False
    if not usable or not parts.hostname:
        # The text may hold a password, so it is not repeated.
        raise SekishoInputError.single(
            "kube.proxy-url", Ref(name), "expected http:// and a host; other kinds of proxy are not supported"
        )
    credentials = ""
    if parts.username is not None:
        plain = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        credentials = "Basic " + base64.b64encode(plain.encode()).decode()
    return Proxy(parts.hostname, number, Secret(credentials))


def is_direct(host: str, port: int, environ: Mapping[str, str]) -> bool:
    """Tell whether ``host:port`` is never asked through a proxy: loopback, and what ``NO_PROXY`` lists."""
    exceptions = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    host = host.lower().rstrip(".")
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return True
    entries = (entry.strip().lower() for entry in exceptions.split(","))
    return any(_covers(entry, host, address, port) for entry in entries if entry)


def _covers(
    entry: str, host: str, address: "ipaddress.IPv4Address | ipaddress.IPv6Address | None", port: int
) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    if _address(entry.strip("[]")) is None:
        entry, colon, wanted = entry.rpartition(":") if ":" in entry else (entry, "", "")
        if colon and wanted != str(port):
            return False
    excepted = _address(entry.strip("[]"))
    if excepted is not None or address is not None:
        return excepted == address
    domain = entry.removeprefix("*")
    return host.endswith(domain) if domain.startswith(".") else host == domain or host.endswith(f".{domain}")


def _address(text: str) -> "ipaddress.IPv4Address | ipaddress.IPv6Address | None":
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None
