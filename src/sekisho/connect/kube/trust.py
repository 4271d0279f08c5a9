"""Which certificate of an API server is believed."""

import base64
import ssl
from pathlib import Path

from sekisho.connect.errors import EnvironmentFailure

OPERATION = "kubernetes:TrustCluster"


def trust_of_data(data: str) -> ssl.SSLContext:
    """Return the trust in the authority ``data``: base64 of PEM, as ``certificateAuthority.data`` of EKS.

    Nothing else is trusted then. With empty ``data`` the system's authorities are, as in kubectl.

    Raises:
        EnvironmentFailure: ``data`` is not base64 of certificates.
    """
    if not data:
        return _context(None)
    try:
        pem = base64.b64decode(data, validate=True).decode("ascii")
    except ValueError:
        raise EnvironmentFailure(OPERATION, "the certificate authority is not base64 of PEM") from None
    return _context(pem)


def trust_of_file(path: Path) -> ssl.SSLContext:
    """Return the trust in the authorities of the PEM file ``path``, and no others.

    Raises:
        EnvironmentFailure: it cannot be read or holds no certificate.
    """
    try:
        pem = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        problem = error.strerror if isinstance(error, OSError) else "not PEM"
        raise EnvironmentFailure(f"read {path}", (problem or "cannot be read").lower()) from None
    return _context(pem)


def _context(pem: str | None) -> ssl.SSLContext:
    empty = "the certificate authority holds no certificate"
    if pem is not None and not pem.strip():  # to the library that means the system's authorities
        raise EnvironmentFailure(OPERATION, empty)
    try:
        context = ssl.create_default_context(cadata=pem)
    except (ssl.SSLError, ValueError):
        raise EnvironmentFailure(OPERATION, empty) from None
    # From Python 3.13 on "strict" asks for extensions that the authorities Kubernetes makes do not have.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
