"""What the address of an issuer and its certificate authority may be.

Source: kube-apiserver ``pkg/apis/apiserver/validation``. Differs: an address without a host, with spaces
or control characters, or with an empty query is refused here, too; such an issuer could never answer.
"""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

_VISIBLE: Final = re.compile(r"[!-~]+", re.ASCII)
_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOST: Final = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+", re.ASCII)
_BLOCK: Final = re.compile(r"-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----")


def url_faults(url: str) -> Iterator[str]:
    """Return what is wrong with the address of an issuer or of its discovery document."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        yield "not an address"
        return
    if parts.scheme != "https":
        yield "expected an address that begins with https://"
    if parts.username is not None or parts.password is not None:
        yield "an address here has no user name and no password"
    if "?" in url:
        yield "an address here has no query"
    if "#" in url:
        yield "an address here has no fragment"
    if not _HOST.fullmatch(parts.hostname or "") or (port is None and parts.netloc.endswith(":")):
        yield "expected an address with a host"
    if not _VISIBLE.fullmatch(url) or _PERCENT.search(url):
        yield "not an address: a character has to be written as %XX"


def is_same_but_for_slashes(url: str, other: str) -> bool:
    """Tell whether two addresses are one, slashes at the end aside."""
    return url.rstrip("/") == other.rstrip("/")


def authority_fault(pem: str) -> str:
    """Return what is wrong with a bundle of certificates in PEM, empty if it can be used."""
    # Imported here: the library takes long to load, and most configurations have no bundle.
    from cryptography import x509

    blocks = _BLOCK.findall(pem)
    if not blocks:
        return "expected at least one certificate in PEM"
    for number, block in enumerate(blocks, 1):
        try:
            x509.load_pem_x509_certificate(block.encode())
        except ValueError:
            return f"certificate {number} cannot be read"
    return ""
