"""Verify a signed token against keys that are given (RFC 7515, section 5.2).

Only asymmetric algorithms take part, and which are accepted is the caller's choice, never
the token's: ``none`` and the HMAC family, whose "key" would be the public one, have no way in.
Keys that a token brings along (``jwk``, ``jku``, ``x5c``) are not looked at.
"""

import base64
from collections.abc import Collection
from functools import lru_cache
from typing import Any, Final

from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.proof.jws_code import JwsCode
from sekisho.decide.proof.jws_keys import KeySet, PublicKey
from sekisho.decide.proof.jws_token import UnverifiedToken
from sekisho.decide.values import Ref

AWS_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "ES256", "ES384", "ES512")
"""What STS and IAM take (IAM User Guide, "Create an OpenID Connect identity provider")."""

ALGORITHMS: Final = (*AWS_ALGORITHMS, "PS256", "PS384", "PS512")
"""Everything that can be verified here; Kubernetes takes the family of PS, too."""

MIN_RSA_BITS: Final = 2048
"""RFC 7518, section 3.3."""

MAX_RSA_BITS: Final = 16_384
"""Above this one verification costs more than a caller who proved nothing may cause."""

_KEY_TYPES: Final = {"RS": "RSA", "PS": "RSA", "ES": "EC"}
_CURVES: Final = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
_AT = Ref("token")
_MAX_SHOWN = 100


def verify(
    token: UnverifiedToken,
    keys: KeySet,
    algorithms: Collection[str] = AWS_ALGORITHMS,
    *,
    try_all: bool = False,
) -> Decision[None]:
    """Return ALLOW if one of ``keys`` signed ``token``; then its claims are the issuer's words.

    Total. DENY names the first thing that is wrong: algorithm, key, signature. A token that names
    a key is held against that key alone; one that names none
    needs to leave no choice, unless every key that fits is to be tried (``try_all``, as Kubernetes does).
    """
    if token.algorithm not in algorithms or token.algorithm not in ALGORITHMS:
        return _refused(
            JwsCode.ALGORITHM,
            _AT.child("header", "alg"),
            ("algorithm", token.algorithm[:_MAX_SHOWN]),
            ("accepted", ", ".join(algorithms)),
        )
    at = _AT.child("header", "kid")
    key_id = ("key_id", token.key_id[:_MAX_SHOWN])
    named = [key for key in keys if not token.key_id or key.key_id == token.key_id]
    if not named:
        published = ", ".join(key.key_id[:_MAX_SHOWN] or "(no name)" for key in keys) or "none"
        return _refused(JwsCode.KEY_UNKNOWN, at, key_id, ("published", published))
    fitting = [key for key in named if _fits(key, token.algorithm)]
    if not fitting:
        return _refused(JwsCode.KEY_UNFIT, at, key_id, ("algorithm", token.algorithm))
    if len(fitting) > 1 and not token.key_id and not try_all:
        return _refused(JwsCode.KEY_UNNAMED, at, ("count", str(len(fitting))))
    if not any(_is_signed_by(key, token) for key in fitting):
        return _refused(JwsCode.SIGNATURE, _AT.child("signature"), key_id)
    step = Step(JwsCode.VERIFIED, _AT, (("algorithm", token.algorithm), key_id))
    return Decision(Outcome.ALLOW, (step,), (step,))


def _fits(key: PublicKey, algorithm: str) -> bool:
    if key.algorithm not in ("", algorithm) or key.key_type != _KEY_TYPES[algorithm[:2]]:
        return False
    if key.key_type == "EC":
        return key.curve == _CURVES[algorithm]
    return MIN_RSA_BITS <= _modulus_bits(key) <= MAX_RSA_BITS


def _modulus_bits(key: PublicKey) -> int:
    """Return the size of an RSA key; 0 if its modulus is no number."""
    text = dict(key.members)["n"]
    if len(text) * 6 > MAX_RSA_BITS + 64:
        return MAX_RSA_BITS + 1
    try:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))).bit_length()
    except ValueError:
        return 0


def _is_signed_by(key: PublicKey, token: UnverifiedToken) -> bool:
    # Imported here: the library takes more than 50 ms, and most commands see no token.
    from joserfc import jws
    from joserfc.errors import JoseError

    try:
        public = _imported(key)
        jws.deserialize_compact(token.text.reveal(), public, [token.algorithm])
    except (JoseError, ValueError):
        # ValueError: a key whose numbers are no point on its curve, or no modulus.
        return False
    return True


@lru_cache(maxsize=512)
def _imported(key: PublicKey) -> Any:
    from joserfc.jwk import import_key

    return import_key({"kty": key.key_type, **dict(key.members)})


def _refused(code: JwsCode, at: Ref, *facts: tuple[str, str]) -> Decision[None]:
    step = Step(code, at, facts)
    return Decision(Outcome.DENY, (step,), (step,))
