"""The public keys of an issuer: JWK sets (RFC 7517) and the document that says where they are.

Keys of a kind that is not understood are passed over, as RFC 7517, section 5, asks; a
private or a symmetric key is never a key to verify with.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from sekisho.decide.proof.jws_code import JwsFault
from sekisho.decide.values import Json, JsonObject, Ref, SekishoInputError, documents

MAX_DOCUMENT_BYTES: Final = 256 * 1024
MAX_KEYS: Final = 100

_MEMBERS: Mapping[str, tuple[str, ...]] = {"RSA": ("n", "e"), "EC": ("crv", "x", "y")}
"""The members that make up a public key, by key type (RFC 7518, sections 6.2.1 and 6.3.1)."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key as its issuer publishes it; ``algorithm`` is empty where it may be used with several.

    ``members`` are those of the public key alone.
    """

    key_id: str
    key_type: str
    algorithm: str
    members: tuple[tuple[str, str], ...] = field(repr=False)

    @property
    def curve(self) -> str:
        """The curve of an elliptic key, empty for RSA."""
        return dict(self.members).get("crv", "")


KeySet = tuple[PublicKey, ...]


def parse_key_set(text: str | bytes, name: str = "jwks") -> KeySet:
    """Return the keys of a JWK set that can verify signatures, in its order.

    Raises:
        SekishoInputError: too large, not JSON, or not ``{"keys": [{...}]}``.
    """
    value = _document(text, name)
    keys = value.get("keys")
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise _fault(JwsFault.KEY_SET, Ref(name).child("keys"), f"expected a list of at most {MAX_KEYS} keys")
    return tuple(_usable(keys))


def discovery_url(issuer: str) -> str:
    """Return where ``issuer`` describes itself (OpenID Connect Discovery 1.0, section 4.1)."""
    return issuer.removesuffix("/") + "/.well-known/openid-configuration"


def parse_discovery(text: str | bytes, issuer: str) -> str:
    """Return the ``jwks_uri`` of a discovery document.

    Raises:
        SekishoInputError: too large, not a JSON object, about another issuer (section 4.3), or
            without a ``jwks_uri`` that begins with ``https://``.
    """
    name = discovery_url(issuer)
    value = _document(text, name)
    if value.get("issuer") != issuer:
        raise _fault(
            JwsFault.DISCOVERY_ISSUER, Ref(name).child("issuer"), f"expected `{issuer}`, the issuer asked for"
        )
    place = value.get("jwks_uri")
    if not isinstance(place, str) or not place.startswith("https://"):
        raise _fault(JwsFault.DISCOVERY, Ref(name).child("jwks_uri"), "expected an https address")
    return place


def _document(text: str | bytes, name: str) -> JsonObject:
    if len(text) > MAX_DOCUMENT_BYTES:
        raise _fault(JwsFault.KEY_SET, Ref(name), f"longer than {MAX_DOCUMENT_BYTES} bytes")
    value: Json = documents.parse_json(text, name)
    if not isinstance(value, dict):
        raise _fault(JwsFault.KEY_SET, Ref(name), "expected a JSON object")
    return value


def _usable(keys: list[Json]) -> Iterator[PublicKey]:
    for key in keys:
        if not isinstance(key, Mapping) or not _is_for_verification(key):
            continue
        kind = key.get("kty")
        named = _MEMBERS.get(kind, ()) if isinstance(kind, str) else ()
        members = tuple((name, text) for name in named if isinstance(text := key.get(name), str))
        if not named or len(members) != len(named):
            continue
        yield PublicKey(_text(key, "kid"), str(kind), _text(key, "alg"), members)


def _is_for_verification(key: Mapping[str, Json]) -> bool:
    operations = key.get("key_ops", ["verify"])
    return key.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _text(key: Mapping[str, Json], name: str) -> str:
    value = key.get(name)
    return value if isinstance(value, str) else ""


def _fault(code: JwsFault, at: Ref, problem: str) -> SekishoInputError:
    return SekishoInputError.single(str(code), at, problem)
