"""Who else than users and roles of the facts can begin a way: services, holders of tokens, outsiders."""

from collections.abc import Iterator
from dataclasses import dataclass

from sekisho.decide.iam import Effect, Policy, Statement
from sekisho.decide.iam.matching import covers_action
from sekisho.decide.iam.principals import EVERYONE, PrincipalKind, PrincipalName
from sekisho.decide.values import Arn, Caller, FederatedPrincipal, Principal, PrincipalType, ServicePrincipal
from sekisho.facts.snapshot import Snapshot
from sekisho.review.trust_index import ASSUME, SAML, WEB_IDENTITY, TrustIndex
from sekisho.review.way import HeadKind

_NOBODY = "000000000000"
_ANYBODY_KEYS = frozenset(
    {"aws:principalarn", "aws:userid", "aws:username", "aws:principaltype", "aws:multifactorauthpresent"}
)
_POSITIVE = frozenset({"StringEquals", "StringLike", "StringEqualsIgnoreCase"})
_UNREAD_IDENTITY = "the identity-based policy that was not read allows it"


@dataclass(frozen=True, slots=True)
class Head:
    """Somebody whom a trust policy names, and how to ask about them.

    ``keys`` are what the request would carry; ``not_told`` keys that must not be taken from the stand-in
    ``caller``. ``needs`` are added to what is left open, ``replaced`` puts some of that in better words.
    """

    name: str
    kind: HeadKind
    caller: Caller
    action: str
    keys: tuple[tuple[str, str], ...] = ()
    not_told: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()
    identity_unread: bool = False
    replaced: tuple[tuple[str, str], ...] = ()


def heads_of(
    trust: Policy, role: Arn, snapshot: Snapshot, index: TrustIndex, *, is_whole: bool
) -> Iterator[Head]:
    """Yield everybody but users and roles of the facts whom an Allow of ``trust`` names."""
    for statement in trust.statements:
        principals = statement.principals
        if statement.effect is not Effect.ALLOW or principals is None:
            continue
        for name in principals.names:
            if principals.negated:
                yield _outsider("everybody but those who are listed", "", ASSUME)
            elif name.kind is PrincipalKind.SERVICE and covers_action(statement, ASSUME):
                yield Head(name.text, HeadKind.SERVICE, ServicePrincipal(name.text), "sts:AssumeRole")
            elif name.kind is PrincipalKind.FEDERATED:
                yield from _federated(name, statement, role, snapshot, is_whole=is_whole)
            elif name.kind is PrincipalKind.AWS and covers_action(statement, ASSUME):
                yield from _aws(name, snapshot, index)


def _aws(name: PrincipalName, snapshot: Snapshot, index: TrustIndex) -> Iterator[Head]:
    if name.text == EVERYONE:
        yield _outsider("anybody", "", ASSUME)
    elif name.account:
        if snapshot.account(name.account) is None:
            yield _outsider(f"anybody of account {name.account}", name.account, ASSUME)
    elif name.arn is not None and name.arn not in index and snapshot.account(name.arn.account) is None:
        yield _known_outsider(name.arn)


def _outsider(name: str, account: str, action: str) -> Head:
    arn = Arn("aws", "iam", "", account or _NOBODY, "user/-")
    caller = Principal(PrincipalType.USER, arn, "AIDA", arn)
    not_told = _ANYBODY_KEYS if account else _ANYBODY_KEYS | {"aws:principalaccount"}
    words = ((_UNREAD_IDENTITY, "their own account allows it"),)
    spelled = {ASSUME: "sts:AssumeRole"}[action]
    return Head(name, HeadKind.OUTSIDER, caller, spelled, (), not_told, (), True, words)


def _known_outsider(arn: Arn) -> Head:
    is_user = arn.resource.startswith("user/")
    kind = PrincipalType.USER if is_user else PrincipalType.ROLE_SESSION
    entity, caller = arn, arn
    if not is_user:
        role = arn.resource.split("/")[1 if arn.service == "sts" else -1]
        session = arn.resource.split("/")[2] if arn.service == "sts" else "session"
        caller = Arn(arn.partition, "sts", "", arn.account, f"assumed-role/{role}/{session}")
        entity = Arn(arn.partition, "iam", "", arn.account, f"role/{role}") if arn.service == "sts" else arn
    who = Principal(kind, caller, "AIDA" if is_user else "AROA:session", entity)
    words = ((_UNREAD_IDENTITY, f"account {arn.account} allows it"),)
    return Head(
        str(arn),
        HeadKind.OUTSIDER,
        who,
        "sts:AssumeRole",
        not_told=frozenset({"aws:userid"}),
        identity_unread=True,
        replaced=words,
    )


def _federated(
    name: PrincipalName, statement: Statement, role: Arn, snapshot: Snapshot, *, is_whole: bool
) -> Iterator[Head]:
    caller = FederatedPrincipal(name.text)
    if covers_action(statement, SAML) and "saml-provider/" in name.text:
        yield Head(f"an assertion of {name.text}", HeadKind.SAML, caller, "sts:AssumeRoleWithSAML")
    if not covers_action(statement, WEB_IDENTITY) or "saml-provider/" in name.text:
        return
    url = name.text.partition("oidc-provider/")[2] or name.text
    lacking: tuple[str, ...] = ()
    provider = snapshot.oidc_provider(role.account, name.text)
    if provider is None and "oidc-provider/" in name.text:
        if is_whole:
            return  # no token is taken from an issuer that the account has not registered
        lacking = (f"{name.text} is registered in the account",)
    audiences = _values(statement, f"{url}:aud")
    taken = [one for one in audiences if provider is not None and one in provider.client_ids]
    keys = ((f"{url}:aud", taken[0]),) if taken else ()
    subjects = _values(statement, f"{url}:sub")
    for subject in subjects:
        title = f"{subject} of {_issuer(url, snapshot)}"
        told = (*keys, (f"{url}:sub", subject))
        yield Head(title, HeadKind.WEB_IDENTITY, caller, "sts:AssumeRoleWithWebIdentity", told, needs=lacking)
    if not subjects:
        title = f"any token of {_issuer(url, snapshot)}"
        yield Head(title, HeadKind.WEB_IDENTITY, caller, "sts:AssumeRoleWithWebIdentity", keys, needs=lacking)


def _values(statement: Statement, key: str) -> tuple[str, ...]:
    """Return the values that the statement asks a key to have; a pattern stands for what fits it."""
    found = [
        value.source
        for condition in statement.conditions
        if condition.key.lower() == key.lower()
        and condition.operator.comparison is not None
        and condition.operator.comparison.name in _POSITIVE
        for value in condition.values
    ]
    return tuple(dict.fromkeys(found))


def _issuer(url: str, snapshot: Snapshot) -> str:
    """Return the cluster that an issuer belongs to, else the issuer."""
    cluster = next((one for one in snapshot.clusters() if one.issuer == f"https://{url}"), None)
    return url if cluster is None else f"the cluster {cluster.name}"
