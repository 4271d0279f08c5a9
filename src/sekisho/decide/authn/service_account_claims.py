"""The claims of a service account token: what a cluster says about a pod's identity.

Source: Kubernetes, "Managing Service Accounts", section "Schema for service account private claims";
RFC 7519, section 4.1.
"""

import math
from dataclasses import dataclass
from typing import TypeVar

from sekisho.decide.values import Instant, Json, JsonObject, Ref, SekishoInputError

PRIVATE = "kubernetes.io"
USER_PREFIX = "system:serviceaccount:"
FAULT = "service-account.claims"

_AT = Ref("token").child("claims")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ObjectClaim:
    """An object that a token names; ``uid`` is empty for a node that was not there when it was signed."""

    name: str
    uid: str = ""


@dataclass(frozen=True, slots=True)
class ServiceAccountClaims:
    """What a token says. At most one of ``pod``, ``secret`` and (alone) ``node`` binds its life.

    ``warn_after`` is when a token of extended life should have been renewed.
    """

    issuer: str
    audiences: tuple[str, ...]
    issued: Instant
    not_before: Instant
    expires: Instant
    token_id: str
    namespace: str
    account: ObjectClaim
    pod: ObjectClaim | None = None
    node: ObjectClaim | None = None
    secret: ObjectClaim | None = None
    warn_after: Instant | None = None

    @property
    def username(self) -> str:
        """``system:serviceaccount:NAMESPACE:NAME``, the token's subject."""
        return f"{USER_PREFIX}{self.namespace}:{self.account.name}"


def claims_to_json(claims: ServiceAccountClaims) -> JsonObject:
    """Return the claims as kube-apiserver writes them: names in order, whole seconds, audiences as a list."""
    private: dict[str, Json] = {"namespace": claims.namespace}
    named = {"node": claims.node, "pod": claims.pod, "secret": claims.secret}
    private |= {kind: _object(named[kind]) for kind in ("node", "pod", "secret") if named[kind] is not None}
    private["serviceaccount"] = _object(claims.account)
    if claims.warn_after is not None:
        private["warnafter"] = _seconds(claims.warn_after)
    return {
        "aud": list(claims.audiences),
        "exp": _seconds(claims.expires),
        "iat": _seconds(claims.issued),
        "iss": claims.issuer,
        "jti": claims.token_id,
        PRIVATE: private,
        "nbf": _seconds(claims.not_before),
        "sub": claims.username,
    }


def parse_claims(value: JsonObject) -> ServiceAccountClaims:
    """Return the claims of a token whose signature was found right.

    Differs: kube-apiserver takes a token without ``exp`` for one that never ends; here it is malformed.

    Raises:
        SekishoInputError: a claim is missing or of another type.
    """
    private = _member(value, PRIVATE, dict, "an object", _AT)
    at = _AT.child(PRIVATE)
    audiences = value.get("aud", [])
    listed = [audiences] if isinstance(audiences, str) else audiences
    if not isinstance(listed, list) or not all(isinstance(one, str) for one in listed):
        raise _fault(_AT.child("aud"), "text or a list of texts")
    issued = _instant(value, "iat", _AT)
    token_id = value.get("jti", "")
    return ServiceAccountClaims(
        issuer=_member(value, "iss", str, "text", _AT),
        audiences=tuple(str(one) for one in listed),
        issued=issued,
        not_before=_instant(value, "nbf", _AT) if "nbf" in value else issued,
        expires=_instant(value, "exp", _AT),
        token_id=token_id if isinstance(token_id, str) else "",
        namespace=_member(private, "namespace", str, "text", at),
        account=_required(private, at),
        pod=_optional(private, "pod", at),
        node=_optional(private, "node", at),
        secret=_optional(private, "secret", at),
        warn_after=_instant(private, "warnafter", at) if private.get("warnafter") is not None else None,
    )


def _object(claim: ObjectClaim | None) -> Json:
    assert claim is not None  # noqa: S101 - the callers left out what is absent
    return {"name": claim.name, **({"uid": claim.uid} if claim.uid else {})}


def _seconds(moment: Instant) -> int:
    return math.floor(moment.epoch)


def _required(private: JsonObject, at: Ref) -> ObjectClaim:
    found = _optional(private, "serviceaccount", at)
    if found is None or not found.name or not found.uid:
        raise _fault(at.child("serviceaccount"), "a name and a uid")
    return found


def _optional(private: JsonObject, kind: str, at: Ref) -> ObjectClaim | None:
    if private.get(kind) is None:
        return None
    value = _member(private, kind, dict, "an object", at)
    name = _member(value, "name", str, "text", at.child(kind))
    uid = value.get("uid", "")
    if not isinstance(uid, str):
        raise _fault(at.child(kind, "uid"), "text")
    return ObjectClaim(name, uid)


def _instant(value: JsonObject, name: str, at: Ref) -> Instant:
    seconds = value.get(name)
    if isinstance(seconds, int | float) and not isinstance(seconds, bool):
        try:
            return Instant.from_epoch(seconds)
        except ValueError:
            pass
    raise _fault(at.child(name), "a moment in seconds since 1970")


def _member(value: JsonObject, name: str, kind: type[T], expected: str, at: Ref) -> T:
    found = value.get(name)
    if not isinstance(found, kind):
        raise _fault(at.child(name), expected)
    return found


def _fault(at: Ref, expected: str) -> SekishoInputError:
    return SekishoInputError.single(FAULT, at, f"expected {expected} at {at.pointer}")
