"""A JSON Web Token as text: read, not yet believed.

RFC 7515, section 7.1 (compact serialization) and RFC 7519, section 3. Nothing in here checks
a signature; `jws.verify` does, with keys that were obtained for the issuer the token names.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from sekisho.decide.proof.jws_code import JwsFault
from sekisho.decide.values import Json, JsonObject, Ref, Secret, SekishoInputError, documents

MAX_TOKEN_CHARS: Final = 65_536

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_AT = Ref("token")
_MAX_KEY_ID_CHARS = 1024


@dataclass(frozen=True, slots=True)
class UnverifiedToken:
    """What a token claims about itself. ``claims`` must not be believed before `jws.verify` allows.

    ``key_id`` is empty where the header names no key. ``text`` is the token, a credential.
    """

    algorithm: str
    key_id: str
    claims: JsonObject = field(repr=False)
    text: Secret

    def claim(self, name: str) -> str:
        """Return the claim ``name`` if it is text, else the empty string."""
        value = self.claims.get(name)
        return value if isinstance(value, str) else ""


def parse_token(text: str) -> UnverifiedToken:
    """Return what the compact token ``text`` holds.

    Raises:
        SekishoInputError: too long, not three base64url parts, a header or claims that are no
            JSON object, or a header that demands what is not understood (RFC 7515, section 4.1.11).
    """
    if len(text) > MAX_TOKEN_CHARS:
        raise _fault(JwsFault.TOO_LONG, _AT, f"longer than {MAX_TOKEN_CHARS} characters")
    parts = text.split(".")
    if len(parts) != 3:
        raise _fault(
            JwsFault.FORM,
            _AT,
            "a signed token has three parts with dots in between",
            "is it an access token?",
        )
    header = _object(parts[0], _AT.child("header"), JwsFault.HEADER)
    claims = _object(parts[1], _AT.child("claims"), JwsFault.CLAIMS)
    _decoded(parts[2], _AT.child("signature"))
    if "crit" in header:
        raise _fault(
            JwsFault.CRITICAL, _AT.child("header", "crit"), "no extension of the header is understood"
        )
    algorithm, key_id = header.get("alg"), header.get("kid", "")
    if not isinstance(algorithm, str):
        raise _fault(JwsFault.HEADER, _AT.child("header", "alg"), "expected the name of an algorithm")
    if not isinstance(key_id, str) or len(key_id) > _MAX_KEY_ID_CHARS:
        raise _fault(JwsFault.HEADER, _AT.child("header", "kid"), "expected the name of a key")
    return UnverifiedToken(algorithm, key_id, claims, Secret(text))


def _object(part: str, at: Ref, fault: JwsFault) -> JsonObject:
    decoded = _decoded(part, at)
    try:
        value: Json = documents.parse_json(decoded, str(at))
    except SekishoInputError as error:
        # The reader's own words may quote what it read, and this may be half a credential.
        raise _fault(fault, at, "not a JSON document") from error
    if not isinstance(value, dict):
        raise _fault(fault, at, "expected a JSON object")
    return value


def _decoded(part: str, at: Ref) -> bytes:
    if not _BASE64URL.fullmatch(part):
        raise _fault(JwsFault.BASE64, at, "not base64url without padding")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise _fault(JwsFault.BASE64, at, "not base64url: the length is impossible") from None


def _fault(code: JwsFault, at: Ref, problem: str, hint: str = "") -> SekishoInputError:
    return SekishoInputError.single(str(code), at, problem, hint)
