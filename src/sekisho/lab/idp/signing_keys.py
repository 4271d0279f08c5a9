"""The key that signs a pool's tokens, and the JWK set that publishes it.

Every pool has a key of its own, made when it is first needed and kept among the secrets.
Source: Cognito Developer Guide, "Verifying JSON web tokens"; RFC 7517.
"""

import base64
import hashlib
from functools import lru_cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sekisho.decide.proof.jws_keys import KeySet, parse_key_set
from sekisho.decide.values import JsonObject, Secret
from sekisho.decide.values.documents import to_json

KEY_BITS = 2048
ALGORITHM = "RS256"


def new_key() -> Secret:
    """Return a new private key as PEM."""
    private = rsa.generate_private_key(65537, KEY_BITS)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Secret(pem.decode())


def sign(claims: JsonObject, key: Secret) -> str:
    """Return the signed token of ``claims``, its header as Cognito writes it."""
    # Imported here: the library takes more than 50 ms, and most labs are up before anyone signs in.
    from joserfc import jws

    header = {"kid": _key_id(key), "alg": ALGORITHM}
    return jws.serialize_compact(header, to_json(claims), _private(key), [ALGORITHM])


@lru_cache(maxsize=64)
def jwks_document(key: Secret) -> bytes:
    """Return the JWK set with the public half of ``key``, members in Cognito's order."""
    numbers = _public(key).public_numbers()
    jwk: JsonObject = {
        "alg": ALGORITHM,
        "e": _number(numbers.e),
        "kid": _key_id(key),
        "kty": "RSA",
        "n": _number(numbers.n),
        "use": "sig",
    }
    return to_json({"keys": [jwk]})


@lru_cache(maxsize=64)
def key_set(key: Secret) -> KeySet:
    """Return the published key as tokens are held against it."""
    return parse_key_set(jwks_document(key))


@lru_cache(maxsize=64)
def _key_id(key: Secret) -> str:
    der = _public(key).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return base64.b64encode(hashlib.sha256(der).digest()).decode()


def _public(key: Secret) -> rsa.RSAPublicKey:
    private = serialization.load_pem_private_key(key.reveal().encode(), None)
    assert isinstance(private, rsa.RSAPrivateKey)  # noqa: S101 - new_key made it
    return private.public_key()


@lru_cache(maxsize=64)
def _private(key: Secret):  # type: ignore[no-untyped-def]  # the library is imported late
    from joserfc.jwk import RSAKey

    return RSAKey.import_key(key.reveal())


def _number(value: int) -> str:
    data = value.to_bytes((value.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
