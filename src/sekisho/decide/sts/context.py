"""The condition keys of STS requests, and those that a session brings to every later request.

Sources: IAM User Guide, "AWS global condition context keys" and "IAM and AWS STS condition context
keys"; Service Authorization Reference, "AWS Security Token Service".
"""

from collections.abc import Mapping

from sekisho.decide.request.aws_request import Context, ContextValue
from sekisho.decide.sts.caller import SignedCaller
from sekisho.decide.sts.facts import Organization, RoleFacts, StsFacts
from sekisho.decide.sts.session import Session, Tags, overlaid
from sekisho.decide.values import Instant, PrincipalType, ServicePrincipal

Keys = dict[str, ContextValue]

_PRINCIPAL_TYPES = {
    PrincipalType.ROOT: "Account",
    PrincipalType.USER: "User",
    PrincipalType.ROLE_SESSION: "AssumedRole",
    PrincipalType.FEDERATED_USER: "FederatedUser",
}


def session_keys(session: Session, now: Instant) -> Keys:
    """Return what a request signed with ``session`` brings along, its tags apart (`principal_tags`).

    MFA shows in sessions of GetSessionToken alone: those of AssumeRole hold no word of it (IAM User
    Guide, "Secure API access with MFA"), so they read as made without.
    """
    keys: Keys = {
        "aws:TokenIssueTime": session.issued.rfc3339(),
        "aws:MultiFactorAuthPresent": "false" if session.mfa_at is None else "true",
    }
    if session.mfa_at is not None:
        keys["aws:MultiFactorAuthAge"] = str(int((now - session.mfa_at).total_seconds()))
    if session.source_identity:
        keys["aws:SourceIdentity"] = session.source_identity
    if session.web_identity is not None:
        keys["aws:FederatedProvider"] = session.web_identity.provider
        keys |= dict(session.web_identity.keys)
    return keys


def principal_tags(own: Tags, session: Session | None) -> Tags:
    """Return what aws:PrincipalTag shows: the tags of the user or role under those of the session."""
    return own if session is None else overlaid(own, session.tags)


def caller_context(caller: SignedCaller, facts: StsFacts, now: Instant) -> Context:
    """Return the context that follows from who calls, over what the door knows."""
    who = caller.who
    if isinstance(who, ServicePrincipal):
        return Context.of(
            {
                "aws:PrincipalIsAWSService": "true",
                "aws:ViaAWSService": "false",
                "aws:PrincipalServiceName": who.name,
                **caller.context.present,
            },
            caller.context.unread,
        )
    keys: Keys = {
        "aws:PrincipalArn": str(who.entity),
        "aws:PrincipalAccount": str(who.account),
        "aws:PrincipalType": _PRINCIPAL_TYPES[who.type],
        "aws:PrincipalIsAWSService": "false",
        "aws:ViaAWSService": "false",
        "aws:userid": who.user_id,
        **organization_keys("Principal", facts.organization(who.account)),
    }
    if who.type is PrincipalType.USER:
        keys["aws:username"] = who.arn.resource.rpartition("/")[2]
    if caller.session is not None:
        keys |= session_keys(caller.session, now)
    own = facts.tags_of(who)
    keys |= _tag_keys("aws:PrincipalTag", principal_tags(own or (), caller.session))
    unread = {"aws:PrincipalTag/*"} if own is None else set[str]()
    return caller.context.having(keys, unread)


def role_keys(role: RoleFacts, facts: StsFacts, inherited: Tags = ()) -> tuple[Keys, frozenset[str]]:
    """Return the keys that tell of the role, and those that were not read.

    Inherited transitive tags stand above the role's own tags of that key.
    """
    tags = overlaid(role.tags or (), inherited)
    keys: Keys = {
        "aws:ResourceAccount": role.arn.account,
        **organization_keys("Resource", facts.organization(role.arn.account)),
        **_tag_keys("aws:ResourceTag", tags),
        **_tag_keys("iam:ResourceTag", tags),
    }
    unread = {"aws:ResourceTag/*", "iam:ResourceTag/*"} if role.tags is None else set[str]()
    return keys, frozenset(unread)


def tag_request_keys(tags: Tags, transitive: tuple[str, ...]) -> Keys:
    """Return the keys that tell of passed tags; absent where none are passed."""
    keys = _tag_keys("aws:RequestTag", tags)
    if tags:
        keys["aws:TagKeys"] = tuple(key for key, _ in tags)
    if transitive:
        keys["sts:TransitiveTagKeys"] = transitive
    return keys


def sent(keys: Mapping[str, str | None]) -> Keys:
    """Return the keys whose parameter was sent."""
    return {key: value for key, value in keys.items() if value is not None}


def organization_keys(side: str, organization: Organization | None) -> Keys:
    """Return the organization's keys of one ``side``, ``Principal`` or ``Resource``; none outside of one."""
    if organization is None:
        return {}
    keys: Keys = {f"aws:{side}OrgID": organization.org_id}
    if organization.path:
        keys[f"aws:{side}OrgPaths"] = (organization.path,)
    return keys


def _tag_keys(family: str, tags: Tags) -> Keys:
    return {f"{family}/{key}": value for key, value in tags}
