"""Public keys of a cluster from the files that kube-apiserver is given (``--service-account-key-file``).

A key's id is the one that kube-apiserver puts into the tokens that the key signs.
Source: kubernetes ``pkg/serviceaccount`` (jwt.go, keyIDFromPublicKey; openidmetadata.go).
"""

import base64
import hashlib
import re
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from sekisho.decide.proof.jws_keys import KeySet, PublicKey
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.serve.file_source import read_text

MAX_KEYS: Final = 50
MIN_RSA_BITS: Final = 2048
_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_CURVES: Final = {
    "secp256r1": ("P-256", "ES256", 32),
    "secp384r1": ("P-384", "ES384", 48),
    "secp521r1": ("P-521", "ES512", 66),
}


def read_keys(path: Path) -> KeySet:
    """Return the public keys in the PEM file ``path``, in its order.

    Raises:
        SekishoInputError: no file, no public key in it, a private one, or one of another kind.
    """
    text = read_text(path)
    found: list[PublicKey] = []
    for block in _BLOCK.finditer(text):
        line = text.count("\n", 0, block.start()) + 1
        if "PRIVATE" in block[1]:
            hint = "give the public half: `openssl pkey -in FILE -pubout`"
            raise _fault(path, "found a private key, which nobody but the API server should have", line, hint)
        if block[1] == "CERTIFICATE":
            raise _fault(path, "expected public keys, found a certificate", line)
        found.append(_public_key(path, block[0], line))
    if not found:
        raise _fault(path, "expected public keys in PEM (`-----BEGIN PUBLIC KEY-----`)")
    if len(found) > MAX_KEYS:
        raise _fault(path, f"expected at most {MAX_KEYS} keys")
    return tuple(found)


def _public_key(path: Path, pem: str, line: int) -> PublicKey:
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise _fault(path, "expected a public key in PEM", line) from None
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    key_id = _encoded(hashlib.sha256(der).digest())
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < MIN_RSA_BITS:
            raise _fault(path, f"expected an RSA key of at least {MIN_RSA_BITS} bits", line)
        numbers = key.public_numbers()
        return PublicKey(key_id, "RSA", "RS256", (("n", _number(numbers.n)), ("e", _number(numbers.e))))
    curve = _CURVES.get(key.curve.name) if isinstance(key, ec.EllipticCurvePublicKey) else None
    if curve is None or not isinstance(key, ec.EllipticCurvePublicKey):
        raise _fault(path, "expected an RSA key, or an elliptic one of P-256, P-384 or P-521", line)
    name, algorithm, size = curve
    point = key.public_numbers()
    members = (("crv", name), ("x", _number(point.x, size)), ("y", _number(point.y, size)))
    return PublicKey(key_id, "EC", algorithm, members)


def _number(value: int, size: int = 0) -> str:
    return _encoded(value.to_bytes(size or (value.bit_length() + 7) // 8))


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _fault(path: Path, problem: str, line: int = 0, hint: str = "") -> SekishoInputError:
    return SekishoInputError.single("issuer.keys", Ref(str(path)), problem, hint, line)
