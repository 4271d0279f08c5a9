"""What verification of a signed token finds, and what makes a text no signed token."""

from enum import StrEnum

from sekisho.decide.decision import ReasonCode


class JwsCode(ReasonCode):
    """Stable identifiers of what holding a token against keys found."""

    VERIFIED = "jws.verified", "the signature ({algorithm}) is of the key {key_id}"
    ALGORITHM = "jws.algorithm-refused", "the token names the algorithm {algorithm}; accepted are {accepted}"
    KEY_UNKNOWN = "jws.key-unknown", "the issuer publishes no key {key_id}; it has {published}"
    KEY_UNNAMED = "jws.key-unnamed", "the token names no key and {count} published keys would fit"
    KEY_UNFIT = "jws.key-unfit", "the key {key_id} is not for signatures by {algorithm}"
    SIGNATURE = "jws.signature-wrong", "the signature is not of the key {key_id}"


class JwsFault(StrEnum):
    """The stable codes of malformed input (`InputFault.code`)."""

    TOO_LONG = "jws.too-long"
    FORM = "jws.not-compact"
    BASE64 = "jws.not-base64url"
    HEADER = "jws.header-malformed"
    CRITICAL = "jws.critical-header"
    CLAIMS = "jws.claims-not-an-object"
    KEY_SET = "jws.key-set-malformed"
    DISCOVERY = "jws.discovery-malformed"
    DISCOVERY_ISSUER = "jws.discovery-issuer-differs"
