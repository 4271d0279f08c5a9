"""An issuer of tokens for tests: real keys, every way to get a signature wrong."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

KEY_ID = "key-1"
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
_CURVES: dict[str, tuple[ec.EllipticCurve, str, int]] = {
    "ES256": (ec.SECP256R1(), "P-256", 32),
    "ES384": (ec.SECP384R1(), "P-384", 48),
    "ES512": (ec.SECP521R1(), "P-521", 66),
}


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _number(value: int, size: int) -> str:
    return encoded(value.to_bytes(size))


@cache
def rsa_key(bits: int = 2048, serial: int = 0) -> rsa.RSAPrivateKey:
    """Return a key; ``serial`` tells several of one size apart."""
    assert serial >= 0
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(algorithm: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(_CURVES[algorithm][0])


def rsa_jwk(key: rsa.RSAPrivateKey, **members: Any) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    size = (numbers.n.bit_length() + 7) // 8
    return {"kty": "RSA", "n": _number(numbers.n, size), "e": _number(numbers.e, 3), **members}


def ec_jwk(algorithm: str, **members: Any) -> dict[str, Any]:
    numbers = ec_key(algorithm).public_key().public_numbers()
    _, curve, size = _CURVES[algorithm]
    return {
        "kty": "EC",
        "crv": curve,
        "x": _number(numbers.x, size),
        "y": _number(numbers.y, size),
        **members,
    }


def compact(header: Mapping[str, Any], claims: Any, sign: Any) -> str:
    """Return a token; ``sign`` makes the signature of the bytes it is given."""
    body = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{body}.{encoded(sign(body.encode()))}"


def signed(claims: Any, algorithm: str, key: rsa.RSAPrivateKey | None = None, **header: Any) -> str:
    """Return a rightly signed token."""

    def sign(data: bytes) -> bytes:
        if algorithm.startswith("RS"):
            return (key or rsa_key()).sign(data, padding.PKCS1v15(), _HASHES[algorithm[2:]])
        if algorithm.startswith("PS"):
            chosen = _HASHES[algorithm[2:]]
            pss = padding.PSS(padding.MGF1(chosen), chosen.digest_size)
            return (key or rsa_key()).sign(data, pss, chosen)
        size = _CURVES[algorithm][2]
        r, s = decode_dss_signature(ec_key(algorithm).sign(data, ec.ECDSA(_HASHES[algorithm[2:]])))
        return r.to_bytes(size) + s.to_bytes(size)

    return compact({"alg": algorithm, "kid": KEY_ID, **header}, claims, sign)


@dataclass(frozen=True, slots=True)
class Issuer:
    """One key pair for whatever issuer a token names."""

    key: rsa.RSAPrivateKey

    @classmethod
    def shared(cls) -> "Issuer":
        return cls(rsa_key())

    def jwks(self) -> bytes:
        return json.dumps({"keys": [rsa_jwk(self.key, kid=KEY_ID, alg="RS256", use="sig")]}).encode()

    def jwks_uri(self, issuer: str) -> str:
        return f"{issuer}/keys"

    def discovery(self, issuer: str) -> bytes:
        return json.dumps({"issuer": issuer, "jwks_uri": self.jwks_uri(issuer)}).encode()

    def token(self, claims: Any, algorithm: str, signature: str) -> str:
        header = {"alg": algorithm, "kid": "key-2" if signature == "unknown_kid" else KEY_ID}
        if signature in ("valid", "unknown_kid"):
            return signed(claims, algorithm, self.key, kid=header["kid"])
        if signature == "invalid":
            return signed(claims, algorithm, rsa_key(2048, 1))
        if signature == "absent":
            return compact(header, claims, lambda _: b"")
        assert signature == "hmac_with_public_key"
        public = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return compact(header, claims, lambda data: hmac.new(public, data, hashlib.sha256).digest())
