"""Verify the Signature Version 4 of a request, in the order AWS checks it.

Parse, key, session token, time, scope and covered headers, signature, body, session
expiry: the first check that fails decides, so that a caller who holds no key learns
nothing beyond it. Every comparison with a secret takes constant time.

Source: IAM User Guide, "AWS Signature Version 4 for API requests". STS and every other
service but S3 accept a signature for 15 minutes on either side of its date, whatever
X-Amz-Expires says; a presigned S3 request lives as long as it says, up to 7 days.
"""

import hmac
import re
from collections.abc import Callable
from datetime import timedelta

from sekisho.decide.decision import Decision, Outcome, Repair, Step
from sekisho.decide.proof import canonical, payload
from sekisho.decide.proof.chunked import verify_chunks
from sekisho.decide.proof.code import Code, RepairCode
from sekisho.decide.proof.coverage import check_coverage, check_scope
from sekisho.decide.proof.credential import Credential, Signed
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.proof.masking import masked_headers, masked_query
from sekisho.decide.proof.nearest import CanonicalParts, other_forms
from sekisho.decide.proof.presented import Presented, read_presented
from sekisho.decide.proof.scope import Scope
from sekisho.decide.values import Instant

CLOCK_SKEW = timedelta(minutes=15)

LookUp = Callable[[str], Credential | None]

_ACCESS_KEY_ID = re.compile(r"\w{1,128}", re.ASCII)
_REPAIRS = {
    Code.EXPIRED: RepairCode.SIGN_AGAIN,
    Code.PRESIGNED_EXPIRED: RepairCode.SIGN_AGAIN,
    Code.NOT_YET: RepairCode.SET_CLOCK,
    Code.TOKEN_MISSING: RepairCode.SEND_TOKEN,
    Code.TOKEN_WRONG: RepairCode.SEND_TOKEN,
    Code.TOKEN_UNEXPECTED: RepairCode.DROP_TOKEN,
    Code.KEY_INACTIVE: RepairCode.ACTIVATE,
    Code.SESSION_EXPIRED: RepairCode.RENEW,
    Code.SCOPE_REGION: RepairCode.REGION,
    Code.SCOPE_SERVICE: RepairCode.SERVICE,
    Code.HOST_UNSIGNED: RepairCode.SIGN_HEADER,
    Code.HEADER_ABSENT: RepairCode.ADD_HEADER,
}


def verify(request: HttpRequest, look_up: LookUp, now: Instant, scope: Scope) -> Decision[Signed]:
    """Return ALLOW with what the signature proves, or the first reason to refuse it.

    NO_OPINION means that the request is not signed at all: whether its action may be anonymous
    (AssumeRoleWithWebIdentity) is not decided here. Every other refusal is DENY. Total.

    ``look_up`` returns the credential of an access key id, or None; it is asked at most once.
    """
    parameters = request.parameters()
    presented = read_presented(request, parameters, s3=scope.is_s3)
    if isinstance(presented, Step):
        return _refused(presented)
    credential = _credential_of(presented, look_up)
    if isinstance(credential, Step):
        return _refused(credential)
    if early := _check_time(presented, now):
        return _refused(early)
    if mismatches := check_scope(presented, scope):
        return _refused(*mismatches)
    parts = _covered(request, parameters, presented, scope)
    if isinstance(parts, Step):
        return _refused(parts)
    named = presented.credential
    key = canonical.signing_key(credential.secret.reveal(), named.date, named.region, named.service)

    def is_right(canonical_request: str) -> bool:
        text = canonical.string_to_sign(presented.amz_date, named.scope, canonical_request)
        return hmac.compare_digest(canonical.signature(key, text).encode(), presented.signature.encode())

    if not is_right(parts.joined()):
        nearest = other_forms(parts, request.path, request.body, scope.hosts, is_right)
        return _refused(_mismatch(presented, parts), nearest=nearest)
    late = _check_body(request, presented, parts.payload_hash, key) or _check_session(
        credential, presented, now
    )
    if late is not None:
        return _refused(late)
    signed = Signed(
        credential.access_key_id,
        credential.principal,
        presented.form,
        presented.signed_at,
        tuple(name for name, _ in parts.headers),
        parts.payload_hash,
        credential.expires,
    )
    facts = (("access_key_id", signed.access_key_id), ("principal", str(signed.principal.arn)))
    step = Step(Code.SIGNED, presented.place("Credential"), facts)
    return Decision(Outcome.ALLOW, (step,), (step,), signed)


def _refused(*steps: Step, nearest: tuple[Step, ...] = ()) -> Decision[Signed]:
    outcome = Outcome.NO_OPINION if steps[0].code is Code.UNSIGNED else Outcome.DENY
    repairs = tuple(
        Repair(_REPAIRS[step.code], step.facts)
        for step in steps
        if isinstance(step.code, Code) and step.code in _REPAIRS
    )
    return Decision(outcome, steps, steps, nearest=nearest, repairs=repairs)


def _credential_of(presented: Presented, look_up: LookUp) -> Credential | Step:
    """Return the active credential that the request names and whose session token it carries."""
    key_id = presented.credential.access_key_id
    at = presented.place("Credential")
    credential = look_up(key_id) if _ACCESS_KEY_ID.fullmatch(key_id) else None
    facts = (("access_key_id", key_id[:128]),)
    if credential is None:
        return Step(Code.KEY_UNKNOWN, at, facts)
    if not credential.active:
        return Step(Code.KEY_INACTIVE, at, facts)
    issued, sent = credential.session_token, presented.session_token
    if issued is None:
        return credential if sent is None else Step(Code.TOKEN_UNEXPECTED, at, facts)
    if sent is None:
        return Step(Code.TOKEN_MISSING, at, facts)
    return credential if issued == sent else Step(Code.TOKEN_WRONG, at, facts)


def _check_time(presented: Presented, now: Instant) -> Step | None:
    age = now - presented.signed_at
    if age < -CLOCK_SKEW:
        code, bound = Code.NOT_YET, ("latest", (now + CLOCK_SKEW).amz())
    elif presented.lifetime is None and age > CLOCK_SKEW:
        code, bound = Code.EXPIRED, ("earliest", (now + -CLOCK_SKEW).amz())
    elif presented.lifetime is not None and age > presented.lifetime:
        code, bound = Code.PRESIGNED_EXPIRED, ("expires", f"{presented.lifetime.total_seconds():.0f}")
    else:
        return None
    facts = (("signed_at", presented.amz_date), ("now", now.amz()), bound)
    return Step(code, presented.place("Date"), facts)


def _covered(
    request: HttpRequest, parameters: tuple[tuple[str, str], ...], presented: Presented, scope: Scope
) -> CanonicalParts | Step:
    """Return what the signature must be over, or the step that finds too little covered."""
    headers = canonical.header_values(request.headers)
    uncovered = check_coverage(presented, headers, scope)
    if uncovered is not None:
        return uncovered
    stated = payload.signed_payload_hash(request, parameters, presented.form, s3=scope.is_s3)
    if isinstance(stated, Step):
        return stated
    return CanonicalParts(
        request.method,
        canonical.canonical_path(request.path, scope.service),
        canonical.canonical_query(request.query),
        tuple((name, headers[name]) for name in presented.signed_headers.split(";")),
        stated,
    )


def _check_body(request: HttpRequest, presented: Presented, stated: str, key: bytes) -> Step | None:
    if stated in (payload.CHUNKED, payload.CHUNKED_TRAILER):
        return verify_chunks(
            request.body,
            key,
            presented.amz_date,
            presented.credential.scope,
            presented.signature,
            trailer=stated == payload.CHUNKED_TRAILER,
        )
    return payload.compare_body(stated, request.body)


def _check_session(credential: Credential, presented: Presented, now: Instant) -> Step | None:
    if credential.expires is None or now < credential.expires:
        return None
    facts = (("access_key_id", credential.access_key_id), ("expires", str(credential.expires)))
    return Step(Code.SESSION_EXPIRED, presented.place("Credential"), facts)


def _mismatch(presented: Presented, parts: CanonicalParts) -> Step:
    """Carry what STS prints: the request that should have been signed, without its credentials."""
    shown = canonical.canonical_request(
        parts.method,
        parts.path,
        masked_query(parts.query),
        masked_headers(parts.headers),
        parts.payload_hash,
    )
    text = canonical.string_to_sign(presented.amz_date, presented.credential.scope, parts.joined())
    facts = (
        ("access_key_id", presented.credential.access_key_id),
        ("canonical_request", shown),
        ("string_to_sign", text),
    )
    return Step(Code.SIGNATURE, presented.place("Signature"), facts)
