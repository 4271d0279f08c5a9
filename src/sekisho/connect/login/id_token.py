"""Whether the id token that came is the one that was asked for.

Signature, issuer, audience and times are the rules of `decide.authn.oidc`, the ones that answer for an API
server; here is only what a client checks beyond them: OpenID Connect Core 1.0, sections 3.1.3.7 (nonce, azp),
3.1.3.6 (at_hash) and 12.2 (a renewed token is of the same person).
"""

import base64
import hashlib
from dataclasses import dataclass

from sekisho.connect.login.login_request import LoginRequest
from sekisho.connect.login.metadata import Metadata, trouble
from sekisho.connect.login.refusal import LoginRefused
from sekisho.connect.login.signed_in import IdToken, expiry
from sekisho.decide.authn.oidc.authenticate import ClaimQuestion, KeysQuestion, conclude, plan
from sekisho.decide.authn.oidc.model import JwtAuthenticator, OidcConfiguration, Source
from sekisho.decide.authn.oidc.standard_claims import audiences
from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.proof.jws_keys import parse_key_set
from sekisho.decide.values import Instant, JsonObject, KubeUser, Ref, Secret, SekishoInputError


@dataclass(frozen=True, slots=True)
class Expected:
    """What the token is held against; empty or None where nothing is known to compare.

    ``nonce_required``: a sign-in in the browser has to bring the nonce back, a renewal may leave it out.
    """

    nonce: str = ""
    nonce_required: bool = False
    access_token: Secret | None = None
    subject: str = ""


def question_about(text: Secret, request: LoginRequest, metadata: Metadata, now: Instant) -> KeysQuestion:
    """Return the question that the issuer's keys answer.

    Raises:
        LoginRefused: no key could save this token.
    """
    asked = plan(text.reveal(), _configuration(request, metadata), now)
    if isinstance(asked, Decision):
        raise _refused(asked)
    return asked


def believed(question: KeysQuestion, keys: bytes, expected: Expected) -> IdToken:
    """Return the token as what it says, once the issuer's ``keys`` verify it.

    Raises:
        LoginRefused: it is not to be believed, or not the one that was asked for.
        EnvironmentFailure: the keys cannot be read.
    """
    try:
        found = conclude(question, parse_key_set(keys))
    except SekishoInputError as error:
        raise trouble(question.issuer, f"its keys: {error.faults[0].problem}") from None
    # INVARIANT: no claim of groups is configured, so none can lie elsewhere.
    if isinstance(found, ClaimQuestion) or found.outcome is not Outcome.ALLOW:
        raise _refused(found if isinstance(found, Decision) else None)
    claims = question.token.claims
    _check(claims, question, expected)
    return IdToken(question.token.text, expiry(claims), claims)


def _configuration(request: LoginRequest, metadata: Metadata) -> OidcConfiguration:
    at = Ref("--issuer")
    one = JwtAuthenticator(
        at,
        request.issuer,
        (request.client_id,),
        Source(at, claim="sub"),
        algorithms=metadata.algorithms,
        audiences_at=Ref("--client-id"),
        algorithms_at=Ref("id_token_signing_alg_values_supported"),
    )
    return OidcConfiguration({one.issuer: one})


def _check(claims: JsonObject, question: KeysQuestion, expected: Expected) -> None:
    nonce, client = claims.get("nonce"), question.authenticator.audiences[0]
    if nonce is None and expected.nonce_required:
        raise LoginRefused("the id token has no nonce: it was not issued for this sign-in")
    if nonce is not None and expected.nonce and not Secret(expected.nonce).matches(str(nonce)):
        raise LoginRefused("the nonce of the id token is another's: it was issued for another sign-in")
    party = claims.get("azp")
    if party is not None and party != client:
        raise LoginRefused("the id token was issued to another client (azp)")
    if party is None and len(audiences(claims)) > 1:
        raise LoginRefused(
            "the id token is for several audiences and does not say to whom it was issued (azp)"
        )
    if expected.subject and claims.get("sub") != expected.subject:
        raise LoginRefused("the renewed id token is of another person (sub)")
    hashed = claims.get("at_hash")
    if hashed is not None and expected.access_token is not None:
        own = _half_hash(expected.access_token.reveal(), question.token.algorithm)
        if not Secret(own).matches(str(hashed)):
            raise LoginRefused("the id token belongs to another access token (at_hash)")


def _half_hash(text: str, algorithm: str) -> str:
    digest = hashlib.new(f"sha{algorithm[-3:]}", text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).decode().rstrip("=")


def _refused(decision: Decision[KubeUser] | None) -> LoginRefused:
    reason = decision.sentence() if decision is not None else "a claim of it lies elsewhere"
    return LoginRefused(f"the id token is refused: {reason}")
