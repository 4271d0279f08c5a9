"""Who the bearer of a service account token is, to the API server of the cluster that issued it.

issuer -> signature -> audience -> times -> the account and the bound object still exist

The objects are asked for on each use: a token ends with its account and with the pod it was made for,
whatever its expiry says. Source: Kubernetes, "Managing Service Accounts" and "Authenticating", section
"Service account tokens"; the order and the minute of leeway are those of kube-apiserver 1.34.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

from sekisho.decide.authn.service_account_claims import ObjectClaim, ServiceAccountClaims, parse_claims
from sekisho.decide.authn.service_account_code import ServiceAccountCode as Code
from sekisho.decide.authn.service_account_code import ServiceAccountFix
from sekisho.decide.decision import Decision, Outcome, Repair, Step
from sekisho.decide.proof.jws import verify
from sekisho.decide.proof.jws_keys import KeySet
from sekisho.decide.proof.jws_token import MAX_TOKEN_CHARS, parse_token
from sekisho.decide.values import Instant, JsonObject, KubeUser, Ref, SekishoInputError, documents

LEEWAY: Final = timedelta(minutes=1)
"""How far the clocks of issuer and API server may be apart."""

EXTRA: Final = "authentication.kubernetes.io"

_AT = Ref("token")
_CLAIMS = _AT.child("claims")
_MAX_SHOWN = 200


@dataclass(frozen=True, slots=True)
class TokenIssuer:
    """A cluster as the issuer of its service account tokens.

    ``audiences`` are those of the API server itself (``--api-audiences``), ``keys`` all that are published.
    """

    issuer: str
    audiences: tuple[str, ...]
    keys: KeySet


class ServiceAccountFacts(Protocol):
    """What the rules ask about the cluster's objects."""

    def uid_of(self, plural: str, namespace: str, name: str) -> str | None:
        """Return the uid of an object of the core group; None if there is none. Nodes have no namespace."""

    def going_of(self, plural: str, namespace: str, name: str) -> Instant | None:
        """Return the ``deletionTimestamp`` of such an object: its end, whatever finalizers keep of it."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who presents a token, and for which of the wanted audiences it holds.

    ``stale_since`` is when a token of extended life should have been renewed, if that is past.
    """

    user: KubeUser
    audiences: tuple[str, ...]
    stale_since: Instant | None = None


def issuer_of(token: str) -> str | None:
    """Return the issuer that a signed token names, empty if it names none; None if it is no such token.

    Nothing is believed yet. Total.
    """
    claims = claims_of(token)
    if claims is None:
        return None
    issuer = claims.get("iss")
    return issuer if isinstance(issuer, str) else ""


def claims_of(token: str) -> JsonObject | None:
    """Return the claims of what has the form of a signed token, nothing believed yet. Total.

    What is no object has none; None: it is no such token.
    """
    parts = token.split(".")
    if len(parts) != 3 or len(token) > MAX_TOKEN_CHARS:
        return None
    try:
        decoded = base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True)
        claims = documents.parse_json(decoded, "token")
    except (binascii.Error, ValueError, SekishoInputError):
        return None
    return claims if isinstance(claims, Mapping) else {}


def authenticate(
    token: str,
    issuer: TokenIssuer,
    facts: ServiceAccountFacts,
    now: Instant,
    audiences: tuple[str, ...] = (),
) -> Decision[Bearer]:
    """Return ALLOW with the service account that the bearer of ``token`` is, groups complete.

    NO_OPINION: not a token of ``issuer``. ``audiences`` are those that are asked for (a TokenReview
    may name others); without any, the API server's own. Total.
    """
    found = issuer_of(token)
    if found != issuer.issuer:
        told = ("found", (found or "nobody")[:_MAX_SHOWN]), ("issuer", issuer.issuer)
        return _answer(Outcome.NO_OPINION, Step(Code.ISSUER, _CLAIMS.child("iss"), told))
    try:
        parsed = parse_token(token)
    except SekishoInputError as error:
        fault = error.faults[0]
        return _answer(Outcome.DENY, Step(Code.MALFORMED, fault.at, (("problem", fault.problem),)))
    signature = verify(parsed, issuer.keys)
    if not signature.allowed:
        step = Step(Code.SIGNATURE, _AT.child("signature"), (("issuer", issuer.issuer),))
        return Decision(Outcome.DENY, (step, *signature.decisive), (*signature.trace, step))
    try:
        claims = parse_claims(parsed.claims)
    except SekishoInputError as error:
        fault = error.faults[0]
        return _answer(Outcome.DENY, Step(Code.CLAIMS, fault.at, (("problem", fault.problem),)))
    return _hold(claims, issuer, facts, now, audiences or issuer.audiences)


def user_of_claims(claims: ServiceAccountClaims) -> KubeUser:
    """Return the user of a token that was accepted (ServiceAccountInfo.UserInfo of kube-apiserver)."""
    extra: list[tuple[str, tuple[str, ...]]] = []
    if claims.token_id:
        extra.append((f"{EXTRA}/credential-id", (f"JTI={claims.token_id}",)))
    if claims.node is not None:
        extra.append((f"{EXTRA}/node-name", (claims.node.name,)))
        if claims.node.uid:
            extra.append((f"{EXTRA}/node-uid", (claims.node.uid,)))
    if claims.pod is not None:
        extra.append((f"{EXTRA}/pod-name", (claims.pod.name,)))
        extra.append((f"{EXTRA}/pod-uid", (claims.pod.uid,)))
    groups = (
        "system:serviceaccounts",
        f"system:serviceaccounts:{claims.namespace}",
        "system:authenticated",
    )
    return KubeUser(claims.username, groups, claims.account.uid, tuple(extra))


def _hold(
    claims: ServiceAccountClaims,
    issuer: TokenIssuer,
    facts: ServiceAccountFacts,
    now: Instant,
    wanted: tuple[str, ...],
) -> Decision[Bearer]:
    own = ("namespace", claims.namespace), ("name", claims.account.name)
    matched = tuple(one for one in claims.audiences if one in wanted)
    if not matched:
        told = ("audiences", listed(claims.audiences)), ("wanted", listed(wanted))
        fix = Repair(ServiceAccountFix.FOR_AUDIENCE, (*own, ("audience", wanted[0])))
        return _answer(Outcome.DENY, Step(Code.AUDIENCE, _CLAIMS.child("aud"), told), fix)
    fix = Repair(ServiceAccountFix.NEW_TOKEN, own)
    refused = _refuse_times(claims, now) or _refuse_objects(claims, facts, now)
    if refused is not None:
        return _answer(Outcome.DENY, refused, fix)
    step = Step(Code.ACCEPTED, _AT, (("username", claims.username), ("issuer", issuer.issuer)))
    stale = claims.warn_after if claims.warn_after is not None and now > claims.warn_after else None
    trace: tuple[Step, ...] = (step,)
    if stale is not None:
        times = ("warn_after", str(stale)), ("now", str(now)), ("expires", str(claims.expires))
        trace = (step, Step(Code.STALE, _CLAIMS.child("kubernetes.io", "warnafter"), times))
    return Decision(Outcome.ALLOW, trace, trace, Bearer(user_of_claims(claims), matched, stale))


def _refuse_times(claims: ServiceAccountClaims, now: Instant) -> Step | None:
    if now + -LEEWAY > claims.expires:
        told = ("expires", str(claims.expires)), ("now", str(now))
        return Step(Code.EXPIRED, _CLAIMS.child("exp"), told)
    for name, moment in (("nbf", claims.not_before), ("iat", claims.issued)):
        if now + LEEWAY < moment:
            return Step(Code.NOT_YET, _CLAIMS.child(name), (("begins", str(moment)), ("now", str(now))))
    return None


def _refuse_objects(claims: ServiceAccountClaims, facts: ServiceAccountFacts, now: Instant) -> Step | None:
    """Return why the account or the object that the token is bound to is not the one it was issued for."""
    at, latest = _CLAIMS.child("kubernetes.io"), now + -LEEWAY
    refused = refuse_account(claims.namespace, claims.account, facts, at.child("serviceaccount"), latest)
    if refused is not None:
        return refused
    for kind, bound, namespace in _bound(claims):
        told = ("kind", kind), ("name", bound.name)
        found = _uid_of(facts, f"{kind}s", namespace, bound.name, latest)
        if found is None:
            return Step(Code.BOUND_GONE, at.child(kind), told)
        if found != bound.uid:
            uids = ("found", found), ("claimed", bound.uid)
            return Step(Code.BOUND_OTHER, at.child(kind, "uid"), (*told, *uids))
    return None


def refuse_account(
    namespace: str, account: ObjectClaim, facts: ServiceAccountFacts, at: Ref, latest: Instant | None = None
) -> Step | None:
    """Return why the account, named ``at`` a place in the token, is not the one that it was issued for.

    An account that was to go before ``latest`` is gone; None: as soon as it is to go at all.
    """
    named = ("namespace", namespace), ("name", account.name)
    found = _uid_of(facts, "serviceaccounts", namespace, account.name, latest)
    if found is None:
        return Step(Code.ACCOUNT_GONE, at, named)
    if found != account.uid:
        uids = ("found", found), ("claimed", account.uid)
        return Step(Code.ACCOUNT_OTHER, at.child("uid"), (*named, *uids))
    return None


def _uid_of(
    facts: ServiceAccountFacts, plural: str, namespace: str, name: str, latest: Instant | None
) -> str | None:
    going = facts.going_of(plural, namespace, name)
    is_gone = going is not None and (latest is None or going < latest)
    return None if is_gone else facts.uid_of(plural, namespace, name)


def _bound(claims: ServiceAccountClaims) -> tuple[tuple[str, ObjectClaim, str], ...]:
    """Return what the token ends with: a pod's node is told, but only a token for a node ends with it."""
    bound: list[tuple[str, ObjectClaim, str]] = []
    if claims.secret is not None:
        bound.append(("secret", claims.secret, claims.namespace))
    if claims.pod is not None:
        bound.append(("pod", claims.pod, claims.namespace))
    elif claims.node is not None:
        bound.append(("node", claims.node, ""))
    return tuple(bound)


def listed(values: tuple[str, ...]) -> str:
    """Return audiences as a sentence shows them."""
    return ", ".join(values)[:_MAX_SHOWN] or "nobody"


def _answer(outcome: Outcome, step: Step, *repairs: Repair) -> Decision[Bearer]:
    return Decision(outcome, (step,), (step,), repairs=repairs)
