"""The keys with which a cluster signs its service account tokens, and the documents that publish them.

A key signs for seven days; a key that no longer signs stays published until the last token that it signed
has ended. Keys are made when they are first needed, kept among the secrets by the issuer's URL, and so
belong to one cluster alone, whatever a later one is called.
Source: Amazon EKS User Guide, "Fetch signing keys to validate OIDC tokens".
"""

import base64
import hashlib
import json
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import lru_cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from sekisho.decide.authn.service_account_claims import ServiceAccountClaims, claims_to_json
from sekisho.decide.authn.service_account_token import LEEWAY
from sekisho.decide.proof.jws_keys import KeySet, parse_key_set
from sekisho.decide.values import Instant, Json, JsonObject, Secret
from sekisho.decide.values.documents import to_json
from sekisho.lab.world import Clock, World

ROTATION = timedelta(days=7)
LONGEST_TOKEN = timedelta(days=365)
KEY_BITS = 2048
NEVER = 253_402_300_799.0
"""The end of the year 9999 as seconds since 1970: when a token without an end ends."""
ALGORITHM = "RS256"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One key without its secret: its id, since when it signs, when its last token ends (epoch seconds)."""

    key_id: str
    made: float
    ends: float
    jwk: tuple[tuple[str, str], ...]


class IssuerKeys:
    """The signing keys of every issuer of a lab; owned by one event loop."""

    def __init__(self, world: World, clock: Clock) -> None:
        self._world = world
        self._clock = clock
        self._signed_by_kubernetes: set[str] = set()

    def give_to_kubernetes(self, issuer: str) -> Secret:
        """Return the key (PEM) with which a real kube-apiserver signs the tokens of ``issuer`` from now on.

        It names keys in its own way: they are published under that name, too.
        """
        self._signed_by_kubernetes.add(issuer)
        key = self._current(issuer)
        # When its last token ends is not known here: it stays published as long as a token may live.
        self._keep(issuer, replace(key, ends=(self._clock.now() + LONGEST_TOKEN).epoch))
        private = self._world.secret(_secret_name(issuer, key.key_id))
        assert private is not None  # noqa: S101 - it was committed together with the key's entry
        return private

    def sign(self, claims: ServiceAccountClaims) -> Secret:
        """Return the signed token of ``claims``, whose issuer is one of the lab's."""
        return self._signed(claims.issuer, claims_to_json(claims), claims.expires.epoch)

    def sign_without_end(self, issuer: str, claims: JsonObject) -> Secret:
        """Return a signed token that does not expire: the key of ``issuer`` that signed it stays for good."""
        return self._signed(issuer, claims, NEVER)

    def _signed(self, issuer: str, claims: JsonObject, ends: float) -> Secret:
        key = self._current(issuer)
        if ends > key.ends:
            self._keep(issuer, replace(key, ends=ends))
        private = self._world.secret(_secret_name(issuer, key.key_id))
        assert private is not None  # noqa: S101 - it was committed together with the key's entry
        header: JsonObject = {"alg": ALGORITHM, "kid": key.key_id}
        return Secret(_compact(header, claims, private.reveal()))

    def published(self, issuer: str) -> tuple[SigningKey, ...]:
        """Return the keys that verify, the one that signs first."""
        current = self._current(issuer)
        now = (self._clock.now() + -LEEWAY).epoch
        older = [key for key in self._kept(issuer) if key != current and key.ends > now]
        keys = (current, *reversed(older))
        if issuer not in self._signed_by_kubernetes:
            return keys
        return (*keys, *(_named_by_kubernetes(key) for key in self._kept(issuer)))

    def key_set(self, issuer: str) -> KeySet:
        """Return the published keys as the API server holds tokens against them."""
        return _key_set(self.published(issuer))

    def _current(self, issuer: str) -> SigningKey:
        kept = self._kept(issuer)
        now = self._clock.now()
        if kept and now.epoch - kept[-1].made < ROTATION.total_seconds():
            return kept[-1]
        private = rsa.generate_private_key(65537, KEY_BITS)
        made = _described(private.public_key(), now)
        gone = [key for key in kept if key.ends <= (now + -LEEWAY).epoch]
        pem = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
        secrets: dict[str, Secret | None] = {_secret_name(issuer, key.key_id): None for key in gone}
        secrets[_secret_name(issuer, made.key_id)] = Secret(pem)
        left = [key for key in kept if key not in gone]
        self._world.commit((), secrets, {_meta_name(issuer): _written([*left, made])})
        return made

    def _kept(self, issuer: str) -> list[SigningKey]:
        """Return the issuer's keys, the newest last."""
        text = self._world.meta(_meta_name(issuer))
        return [] if text is None else list(_read(text))

    def _keep(self, issuer: str, changed: SigningKey) -> None:
        keys = [changed if key.key_id == changed.key_id else key for key in self._kept(issuer)]
        self._world.commit((), meta={_meta_name(issuer): _written(keys)})


def jwks_document(keys: tuple[SigningKey, ...]) -> bytes:
    """Return the JWK set of ``keys``, members in EKS's order."""
    return to_json({"keys": [dict(key.jwk) for key in keys]})


def _compact(header: JsonObject, claims: JsonObject, pem: str) -> str:
    # Imported here: the library takes more than 50 ms, and most labs are up before anyone asks for a token.
    from joserfc import jws

    return jws.serialize_compact(dict(header), to_json(claims), _private(pem), [ALGORITHM])


@lru_cache(maxsize=64)
def _private(pem: str):  # type: ignore[no-untyped-def]  # the library is imported late
    from joserfc.jwk import RSAKey

    return RSAKey.import_key(pem)


@lru_cache(maxsize=64)
def _key_set(keys: tuple[SigningKey, ...]) -> KeySet:
    return parse_key_set(jwks_document(keys))


@lru_cache(maxsize=64)
def _read(text: str) -> tuple[SigningKey, ...]:
    return tuple(
        SigningKey(one["id"], one["made"], one["ends"], tuple((name, value) for name, value in one["jwk"]))
        for one in json.loads(text)
    )


def _written(keys: list[SigningKey]) -> str:
    rows: list[Json] = [
        {"id": key.key_id, "made": key.made, "ends": key.ends, "jwk": [list(pair) for pair in key.jwk]}
        for key in keys
    ]
    return to_json(rows).decode()


def _described(public: rsa.RSAPublicKey, now: Instant) -> SigningKey:
    numbers = public.public_numbers()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    key_id = hashlib.sha1(der, usedforsecurity=False).hexdigest()
    jwk = (
        ("kty", "RSA"),
        ("kid", key_id),
        ("use", "sig"),
        ("alg", ALGORITHM),
        ("n", _number(numbers.n)),
        ("e", _number(numbers.e)),
    )
    return SigningKey(key_id, now.epoch, 0.0, jwk)


def _named_by_kubernetes(key: SigningKey) -> SigningKey:
    """Return ``key`` with the id that kube-apiserver gives it (``pkg/serviceaccount`` keyIDFromPublicKey)."""
    members = dict(key.jwk)
    numbers = rsa.RSAPublicNumbers(_integer(members["e"]), _integer(members["n"]))
    der = numbers.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    key_id = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    return replace(key, key_id=key_id, jwk=tuple({**members, "kid": key_id}.items()))


def _integer(text: str) -> int:
    return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))


def _number(value: int) -> str:
    data = value.to_bytes((value.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _secret_name(issuer: str, key_id: str) -> str:
    return f"issuer-key/{issuer}/{key_id}"


def _meta_name(issuer: str) -> str:
    return f"issuer-keys/{issuer}"
