"""Accounts, roles and callers for tests of STS, each in one line."""

from datetime import timedelta
from typing import Any

from sekisho.decide import sts
from sekisho.decide.decision import Decision
from sekisho.decide.values import Instant, Secret
from support.jwt import Issuer
from support.sts_world import World

HOME = "111122223333"
AWAY = "444455556666"
NOW = Instant.from_epoch(1_900_000_000)
ISSUER = "https://oidc.eks.eu-north-1.amazonaws.com/id/5D0C7A11B0A75ECF"
URL = ISSUER.removeprefix("https://")
PROVIDER = f"arn:aws:iam::{HOME}:oidc-provider/{URL}"
ROLE = f"arn:aws:iam::{HOME}:role/team/app"
SPOKE = f"arn:aws:iam::{AWAY}:role/spoke"
POD = "system:serviceaccount:billing:ledger"

MIRA = sts.user(HOME, "mira", "AIDAMIRA000000000001")
ROOT = sts.root(HOME)
ALL = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")


def statement(effect: str = "Allow", **members: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": {"Effect": effect, **members}}


def trusting(principal: Any, *actions: str, **conditions: Any) -> dict[str, Any]:
    """Return a trust policy; ``conditions`` are operators with their keys."""
    extra: dict[str, Any] = {"Condition": conditions} if conditions else {}
    return statement(Principal=principal, Action=list(actions or ALL), **extra)


def web_trust(*actions: str, **conditions: Any) -> dict[str, Any]:
    wanted = actions or ("sts:AssumeRoleWithWebIdentity", *ALL[1:])
    return trusting({"Federated": PROVIDER}, *wanted, **conditions)


def role(trust: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"id": "AROAROLE000000000001", "trust": trust, **members}


ANY_STS = [statement(Action="sts:*", Resource="*")]


def world(trust: dict[str, Any], mfa: bool = False, **members: Any) -> World:
    """Return two accounts: the role ``team/app`` with ``trust`` at home, ``spoke`` that trusts home away."""
    user = {"id": MIRA.user_id, "path": "/", "policies": ANY_STS, "tags": {"team": "tide"}}
    return World(
        {
            HOME: {
                "org_id": "o-h4rb0rqu4y",
                "users": {"mira": user},
                "roles": {"app": role(trust, **{"path": "/team/", "policies": ANY_STS, **members})},
                "oidc_providers": {ISSUER: {"client_ids": ["ci", "sts.amazonaws.com"]}},
                "keys": ["AKIAMIRA000000000001"],
            },
            AWAY: {"roles": {"spoke": role(trusting({"AWS": HOME}), max_session_duration=43_200)}},
        },
        mfa,
        frozenset({"arn:aws:iam::aws:policy/ReadOnlyAccess"}),
    )


OPEN = trusting({"AWS": HOME})


def assume(
    facts: World,
    caller: sts.SignedCaller | None = None,
    /,
    role: str = ROLE,
    name: str = "s-1",
    **members: Any,
) -> Decision[sts.Session]:
    """Ask for a session; members of `SessionParameters` are sorted out here."""
    common = {key: members.pop(key) for key in ("policy", "policy_arns", "tags") if key in members}
    seconds = members.pop("seconds", None)
    duration = None if seconds is None else timedelta(seconds=seconds)
    request = sts.AssumeRole(role, name, sts.SessionParameters(duration, **common), **members)
    return sts.assume_role(request, caller or sts.SignedCaller(MIRA), facts, NOW)


def session(decision: Decision[sts.Session]) -> sts.Session:
    assert decision.value is not None, decision.sentence()
    return decision.value


def signing_with(decision: Decision[sts.Session]) -> sts.SignedCaller:
    """Return the caller who signs with what ``decision`` granted."""
    granted = session(decision)
    return sts.SignedCaller(granted.principal, granted)


def claims(**changed: Any) -> dict[str, Any]:
    """Return the claims of a pod's token; a changed one that is None is left out."""
    now = int(NOW.epoch)
    usual = {"iss": ISSUER, "sub": POD, "aud": ["sts.amazonaws.com"], "iat": now - 60, "exp": now + 3600}
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


def web_request(token: str, seconds: int | None = None, **members: Any) -> sts.AssumeRoleWithWebIdentity:
    common = {key: members.pop(key) for key in ("policy", "policy_arns") if key in members}
    duration = None if seconds is None else timedelta(seconds=seconds)
    role, name = members.pop("role", ROLE), members.pop("name", "pod-1")
    return sts.AssumeRoleWithWebIdentity(
        role, name, Secret(token), sts.SessionParameters(duration, **common), **members
    )


def with_token(
    facts: World,
    told: dict[str, Any],
    answer: sts.KeysAnswer | sts.KeysFault | None = None,
    signature: str = "valid",
    **members: Any,
) -> Decision[sts.Session]:
    """Ask for a session with a token of these claims."""
    issuer = Issuer.shared()
    question = sts.plan(web_request(issuer.token(told, "RS256", signature), **members), facts)
    if isinstance(question, Decision):
        return question
    return sts.conclude(question, answer or sts.KeysAnswer(issuer.jwks()), facts, NOW)


def codes(decision: Decision[Any]) -> list[str]:
    return [str(step.code) for step in decision.decisive]


def told(decision: Decision[Any]) -> tuple[str, int, str]:
    error = sts.aws_error(decision)
    return error.code, error.http_status, error.message
