"""Who the bearer of a service account token that stands in a Secret is: a token without an end.

signature -> claims -> audience -> the Secret still holds this very token -> the account is the same ->
nobody marked the Secret as invalid

Source: Kubernetes, "Managing Service Accounts", section "Manual Secret management for ServiceAccounts";
the order is that of kube-apiserver 1.34 (``pkg/serviceaccount/legacy.go``).
"""

from dataclasses import dataclass
from typing import Final, Protocol

from sekisho.decide.authn.service_account_claims import ObjectClaim
from sekisho.decide.authn.service_account_code import ServiceAccountCode as Code
from sekisho.decide.authn.service_account_code import ServiceAccountFix
from sekisho.decide.authn.service_account_token import (
    Bearer,
    ServiceAccountFacts,
    TokenIssuer,
    listed,
    refuse_account,
)
from sekisho.decide.decision import Decision, Outcome, Repair, Step
from sekisho.decide.proof.jws import verify
from sekisho.decide.proof.jws_token import parse_token
from sekisho.decide.values import Json, JsonObject, KubeUser, Ref, Secret, SekishoInputError

LEGACY_ISSUER: Final = "kubernetes/serviceaccount"
"""What such a token says of its issuer, in every cluster."""

_PREFIX = "kubernetes.io/serviceaccount/"
_AT = Ref("token")
_CLAIMS = _AT.child("claims")


class SecretFacts(ServiceAccountFacts, Protocol):
    """What the rules ask about the cluster's objects."""

    def token_of(self, namespace: str, name: str) -> Secret | None:
        """Return the token that a Secret holds; None if there is no such Secret, or it is going away."""

    def invalid_since(self, namespace: str, name: str) -> str:
        """Return the Secret's label ``kubernetes.io/legacy-token-invalid-since``; empty without it."""


@dataclass(frozen=True, slots=True)
class LegacyClaims:
    """What such a token says."""

    namespace: str
    secret: str
    account: ObjectClaim

    @property
    def username(self) -> str:
        """``system:serviceaccount:NAMESPACE:NAME``, the token's subject."""
        return f"system:serviceaccount:{self.namespace}:{self.account.name}"


def legacy_claims_to_json(claims: LegacyClaims) -> JsonObject:
    """Return the claims as the tokens controller writes them."""
    return {
        "iss": LEGACY_ISSUER,
        f"{_PREFIX}namespace": claims.namespace,
        f"{_PREFIX}secret.name": claims.secret,
        f"{_PREFIX}service-account.name": claims.account.name,
        f"{_PREFIX}service-account.uid": claims.account.uid,
        "sub": claims.username,
    }


def parse_legacy_claims(value: JsonObject) -> LegacyClaims:
    """Return the claims of a token whose signature was found right.

    Raises:
        SekishoInputError: a claim is missing, no text, or the subject is another.
    """
    names = ("namespace", "secret.name", "service-account.name", "service-account.uid")
    namespace, secret, name, uid = (_text(value, f"{_PREFIX}{one}") for one in names)
    claims = LegacyClaims(namespace, secret, ObjectClaim(name, uid))
    if value.get("sub") != claims.username:
        at = _CLAIMS.child("sub")
        raise SekishoInputError.single(Code.CLAIMS, at, f"expected the subject `{claims.username}`")
    return claims


def authenticate_legacy(
    token: str, issuer: TokenIssuer, facts: SecretFacts, audiences: tuple[str, ...] = ()
) -> Decision[Bearer]:
    """Return ALLOW with the service account that the bearer of ``token`` is, groups complete.

    ``issuer`` has the keys of the cluster. The token is for the API server's own audiences; a TokenReview
    may ask for others. Total.
    """
    try:
        parsed = parse_token(token)
    except SekishoInputError as error:
        fault = error.faults[0]
        return _refused(Step(Code.MALFORMED, fault.at, (("problem", fault.problem),)))
    signature = verify(parsed, issuer.keys)
    if not signature.allowed:
        step = Step(Code.SIGNATURE, _AT.child("signature"), (("issuer", issuer.issuer),))
        return Decision(Outcome.DENY, (step, *signature.decisive), (*signature.trace, step))
    try:
        claims = parse_legacy_claims(parsed.claims)
    except SekishoInputError as error:
        fault = error.faults[0]
        return _refused(Step(Code.CLAIMS, fault.at, (("problem", fault.problem),)))
    wanted = audiences or issuer.audiences
    matched = tuple(one for one in issuer.audiences if one in wanted)
    own = ("namespace", claims.namespace), ("name", claims.account.name)
    if not matched:
        told = ("audiences", listed(issuer.audiences)), ("wanted", listed(wanted))
        fix = Repair(ServiceAccountFix.FOR_AUDIENCE, (*own, ("audience", wanted[0])))
        return _refused(Step(Code.AUDIENCE, _CLAIMS, told), fix)
    refused = (
        _refuse_secret(token, claims, facts)
        or refuse_account(
            claims.namespace, claims.account, facts, _CLAIMS.child(f"{_PREFIX}service-account.name")
        )
        or _refuse_mark(claims, facts)
    )
    if refused is not None:
        return _refused(refused, Repair(ServiceAccountFix.NEW_TOKEN, own))
    step = Step(Code.ACCEPTED, _AT, (("username", claims.username), ("issuer", issuer.issuer)))
    groups = (
        "system:serviceaccounts",
        f"system:serviceaccounts:{claims.namespace}",
        "system:authenticated",
    )
    user = KubeUser(claims.username, groups, claims.account.uid)
    return Decision(Outcome.ALLOW, (step,), (step,), Bearer(user, matched))


def _refuse_secret(token: str, claims: LegacyClaims, facts: SecretFacts) -> Step | None:
    """Return why the Secret does not stand for the token; it is compared in constant time."""
    at, told = _CLAIMS.child(f"{_PREFIX}secret.name"), (("kind", "secret"), ("name", claims.secret))
    held = facts.token_of(claims.namespace, claims.secret)
    if held is None:
        return Step(Code.BOUND_GONE, at, told)
    return None if held.matches(token) else Step(Code.SECRET_OTHER, at, told[1:])


def _refuse_mark(claims: LegacyClaims, facts: SecretFacts) -> Step | None:
    since = facts.invalid_since(claims.namespace, claims.secret)
    told = ("name", claims.secret), ("since", since)
    return Step(Code.SECRET_INVALID, _CLAIMS.child(f"{_PREFIX}secret.name"), told) if since else None


def _text(value: JsonObject, name: str) -> str:
    found: Json = value.get(name)
    if not isinstance(found, str) or not found:
        raise SekishoInputError.single(Code.CLAIMS, _CLAIMS.child(name), f"expected text at {name}")
    return found


def _refused(step: Step, *repairs: Repair) -> Decision[Bearer]:
    return Decision(Outcome.DENY, (step,), (step,), repairs=repairs)
