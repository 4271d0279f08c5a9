"""The documents in which a cluster's issuer of service account tokens describes itself; its keys over time.

A key is published before it signs and stays published until the last token that it signed has ended: whoever
verifies tokens keeps what it read for a while, and asks again only about key ids that it does not know.
Sources: OpenID Connect Discovery 1.0, section 4; RFC 7517; Kubernetes, "Configure Service Accounts for Pods",
"Service account issuer discovery"; amazon-eks-pod-identity-webhook, "Self-hosted Kubernetes setup".
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sekisho.decide.proof.jws_keys import KeySet, PublicKey
from sekisho.decide.values import Instant, Json, JsonObject, Ref, SekishoInputError

LONGEST_TOKEN: Final = timedelta(hours=24)
"""The longest life of a projected token that the webhook asks for, by default."""
DEFAULT_KEYS: Final = "keys.json"
MAX_ISSUER_CHARS: Final = 255
"""The longest URL that IAM takes for an OpenID Connect provider."""


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """A key: since when it is published, and since when no API server has it any more."""

    key: PublicKey
    published: Instant
    withdrawn: Instant | None = None

    def signs_from(self, max_age: timedelta) -> Instant:
        """Return from when it may sign: everybody who keeps documents for ``max_age`` has read it."""
        return self.published + max_age

    def leaves_at(self, longest_token: timedelta) -> Instant | None:
        """Return when its last token has ended; None while API servers have it."""
        return None if self.withdrawn is None else self.withdrawn + longest_token


def rotated(
    before: Iterable[IssuerKey], present: KeySet, now: Instant, longest_token: timedelta
) -> tuple[IssuerKey, ...]:
    """Return the keys to publish at ``now``: those that API servers have, then those that left not long ago.

    ``present`` are the keys of the API servers, ``before`` what was published last. Total.
    """
    known = {one.key: one for one in before}
    kept = [replace(known.pop(key, IssuerKey(key, now)), withdrawn=None) for key in dict.fromkeys(present)]
    for one in known.values():
        gone = one if one.withdrawn is not None else replace(one, withdrawn=now)
        ends = gone.leaves_at(longest_token)
        if ends is not None and now < ends:
            kept.append(gone)
    return tuple(kept)


def discovery_document(issuer: str, jwks_uri: str, algorithms: Iterable[str]) -> JsonObject:
    """Return the issuer's description, as EKS writes it."""
    signing: list[Json] = [*dict.fromkeys(algorithms)]
    return {
        "issuer": issuer,
        "jwks_uri": jwks_uri,
        "authorization_endpoint": "urn:kubernetes:programmatic_authorization",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "claims_supported": ["sub", "iss"],
        "id_token_signing_alg_values_supported": signing,
    }


def key_set_document(keys: Iterable[PublicKey]) -> JsonObject:
    """Return the JWK set of ``keys``."""
    written: list[Json] = [
        {"use": "sig", "kty": key.key_type, "kid": key.key_id, "alg": key.algorithm, **dict(key.members)}
        for key in keys
    ]
    return {"keys": written}


def check_issuer(issuer: str) -> str:
    """Return the path of an issuer's URL (``/id/A`` of ``https://h/id/A``), if AWS can use the issuer.

    Raises:
        SekishoInputError: not https, with a port, a query, a fragment or a user, with a slash at the end, or
            too long. IAM takes no other URL as a provider, and compares tokens with it letter by letter.
    """
    host, slash, path = issuer.removeprefix("https://").partition("/")
    problem = ""
    if not issuer.startswith("https://") or not host:
        problem = "expected an https URL"
    elif len(issuer) > MAX_ISSUER_CHARS:
        problem = f"expected at most {MAX_ISSUER_CHARS} characters"
    elif any(mark in issuer for mark in "?#@\\ ") or not issuer.isascii() or not issuer.isprintable():
        problem = "expected a URL without query, fragment and user"
    elif ":" in host:
        problem = "expected no port: a trust policy names the issuer without one"
    elif issuer.endswith("/"):
        problem = "expected no slash at the end: the tokens would name another issuer than the provider"
    if problem:
        raise SekishoInputError.single("issuer.unusable", Ref("issuer"), problem)
    return f"{slash}{path}"
