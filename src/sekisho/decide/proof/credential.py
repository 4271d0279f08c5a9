"""Access keys: what a client signs with, what a server looks up, what a signature proves."""

from dataclasses import dataclass
from enum import StrEnum

from sekisho.decide.values import Instant, Principal, Secret


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """What a client signs with: a long-term key, or a temporary one with its session token."""

    access_key_id: str
    secret: Secret
    session_token: Secret | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """An access key as its issuer stores it, and the principal that signs with it.

    ``session_token`` and ``expires`` are None for long-term keys. ``active`` is the status of an
    IAM access key; temporary keys are active until they expire.
    """

    access_key_id: str
    secret: Secret
    principal: Principal
    active: bool = True
    session_token: Secret | None = None
    expires: Instant | None = None

    @property
    def keys(self) -> SigningKeys:
        """The part of the credential that a client holds."""
        return SigningKeys(self.access_key_id, self.secret, self.session_token)


class Form(StrEnum):
    """Where a request carries its signature; the words are those of ``s3:authType``."""

    HEADER = "REST-HEADER"
    QUERY = "REST-QUERY-STRING"


@dataclass(frozen=True, slots=True)
class Signed:
    """What a verified signature proves; it holds no secret, so it may be shown and kept.

    ``signed_headers`` names what the signature covers; any other header may have been
    changed on the way. ``payload_hash`` is the last line of the canonical request: a SHA-256 in
    hex, or S3's word for a body that the signature does not cover.
    """

    access_key_id: str
    principal: Principal
    form: Form
    signed_at: Instant
    signed_headers: tuple[str, ...]
    payload_hash: str
    expires: Instant | None = None
