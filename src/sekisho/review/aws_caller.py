"""Who asks AWS in a question: the principal, the condition keys that follow from it, and its policies.

A question is not a request, so most of what a request carries is unread. What follows from the facts
about the caller is told: a condition on anything else makes the answer hang on it.
"""

from collections.abc import Iterator
from dataclasses import replace

from sekisho.decide.authn.canonical import ArnKind
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.iam.layers import UNREAD, Policies, condition_keys
from sekisho.decide.request.aws_request import AwsRequest, Context, ContextValue
from sekisho.decide.values import AccountId, Arn, Caller, Principal, PrincipalType
from sekisho.facts.identity import SESSION, UNKNOWN_ROLE_ID, UNKNOWN_USER_ID
from sekisho.facts.keys import Kind
from sekisho.facts.model import Role, User
from sekisho.facts.organization import organization_of, path_of
from sekisho.facts.permissions import AwsPolicyText, managed_document, policies_for
from sekisho.facts.snapshot import Snapshot
from sekisho.review.told import NOTHING_TOLD, Told

_TYPES = {
    PrincipalType.ROOT: "Account",
    PrincipalType.USER: "User",
    PrincipalType.ROLE_SESSION: "AssumedRole",
    PrincipalType.FEDERATED_USER: "FederatedUser",
}
_UNKNOWN_IDS = frozenset({UNKNOWN_USER_ID, UNKNOWN_ROLE_ID})


def principal_of(identity: StsIdentity, snapshot: Snapshot) -> Principal:
    """Return the AWS principal of an identity; a session's role has its path where the facts know it."""
    kinds = {
        ArnKind.USER: PrincipalType.USER,
        ArnKind.ROOT: PrincipalType.ROOT,
        ArnKind.FEDERATED_USER: PrincipalType.FEDERATED_USER,
    }
    kind = kinds.get(identity.canonical.kind, PrincipalType.ROLE_SESSION)
    entity = identity.canonical.arn
    user_id = identity.user_id
    if kind is PrincipalType.ROLE_SESSION:
        role = snapshot.role(identity.account, entity.resource.rpartition("/")[2])
        entity = role.arn if role is not None else entity
        user_id = f"{user_id.partition(':')[0]}:{identity.session_name or SESSION}"
    return Principal(kind, identity.arn, user_id, entity)


def principals(snapshot: Snapshot, account: str) -> Iterator[Principal]:
    """Yield everybody of an account whom the facts know: its users, then a session of each role."""
    for user in snapshot.users(account):
        yield Principal(PrincipalType.USER, user.arn, user.user_id, user.arn)
    for role in snapshot.roles(account):
        yield session_of(role)


def session_of(role: Role) -> Principal:
    """Return a session of ``role``, of which nothing else is known."""
    arn = Arn(role.partition, "sts", "", role.account, f"assumed-role/{role.name}/{SESSION}")
    return Principal(PrincipalType.ROLE_SESSION, arn, f"{role.role_id}:{SESSION}", role.arn)


def root_of(snapshot: Snapshot, account: AccountId) -> Principal:
    """Return the root user of an account."""
    known = snapshot.account(account)
    arn = Arn("aws" if known is None else known.partition, "iam", "", account, "root")
    return Principal(PrincipalType.ROOT, arn, account, arn)


def is_known(principal: Principal, snapshot: Snapshot) -> bool:
    """Tell whether the policies of ``principal`` are among the facts."""
    return principal.type is PrincipalType.ROOT or _holder(principal, snapshot) is not None


def unread_policies(principal: Principal, snapshot: Snapshot, aws_policy: AwsPolicyText) -> tuple[str, ...]:
    """Return the policies and groups that ``principal`` holds and that are not among the facts."""
    holder = _holder(principal, snapshot)
    if holder is None:
        return ()
    missing: list[str] = []
    attached = list(holder.attached)
    for name in holder.groups if isinstance(holder, User) else ():
        group = snapshot.group(holder.account, name)
        if group is None:
            missing.append(f"group/{name}")
        else:
            attached += group.attached
    missing += [
        arn for arn in attached if managed_document(snapshot, holder.account, arn, aws_policy) is None
    ]
    return tuple(dict.fromkeys(missing))


def caller_keys(caller: Caller, snapshot: Snapshot) -> tuple[dict[str, ContextValue], frozenset[str]]:
    """Return the condition keys that follow from who calls, and the families that were not read.

    A session of a role holds no word of MFA (IAM User Guide, "Secure API access with MFA"). Its own
    tags are not known: of those, only what the role itself carries is told.
    """
    if not isinstance(caller, Principal):
        return {}, frozenset()
    told: dict[str, ContextValue] = {
        "aws:PrincipalArn": str(caller.entity),
        "aws:PrincipalAccount": str(caller.account),
        "aws:PrincipalType": _TYPES[caller.type],
        "aws:PrincipalIsAWSService": "false",
    }
    unread = set[str]()
    if caller.user_id.partition(":")[0] not in _UNKNOWN_IDS:
        told["aws:userid"] = caller.user_id
    if caller.type is PrincipalType.USER:
        told["aws:username"] = caller.arn.resource.rpartition("/")[2]
    if caller.type is PrincipalType.ROLE_SESSION:
        told["aws:MultiFactorAuthPresent"] = "false"
    organization = organization_of(snapshot, caller.account)
    member = snapshot.organization_account(caller.account)
    if organization is not None and member is not None:
        told["aws:PrincipalOrgID"] = organization.organization
        told["aws:PrincipalOrgPaths"] = (path_of(snapshot, organization, member.parent),)
    holder = _holder(caller, snapshot)
    if holder is not None:
        told |= {f"aws:PrincipalTag/{key}": value for key, value in holder.tags}
    if holder is None or caller.type is not PrincipalType.USER:
        unread.add("aws:PrincipalTag/*")
    return told, frozenset(unread)


def prepared(
    caller: Principal,
    action: str,
    resource: str,
    snapshot: Snapshot,
    aws_policy: AwsPolicyText,
    told: Told = NOTHING_TOLD,
) -> tuple[AwsRequest, Policies]:
    """Return the request of a question and every policy that applies to it.

    Whatever the policies ask about and neither the facts nor the asker tell is unread. A policy that
    the caller holds and nobody read leaves its layer unread.

    Raises:
        SekishoInputError: a stored document breaks the grammar.
    """
    asked = AwsRequest(
        caller, action, (resource,), resource_account=told.owner or owner_of(resource, caller.account)
    )
    policies = policies_for(snapshot, asked, aws_policy)
    if unread_policies(caller, snapshot, aws_policy):
        policies = replace(policies, identity=UNREAD)
    policies = told.over(policies)
    return replace(asked, context=context_of(caller, policies, snapshot, told)), policies


def context_of(caller: Caller, policies: Policies, snapshot: Snapshot, told: Told = NOTHING_TOLD) -> Context:
    """Return the context of a question: what follows from the caller, what was told, all else unread."""
    known, unread = caller_keys(caller, snapshot)
    asked = {key.lower() for key in condition_keys(policies)} | _variables(policies)
    return told.context(known, {key for key in asked if not _is_absent(key, caller, snapshot)} | unread)


def owner_of(resource: str, account: AccountId) -> AccountId | None:
    """Return the account in a resource's ARN, if it is another than ``account``; None if it names none."""
    try:
        owner = Arn.parse(resource).account
    except ValueError:
        return None
    return AccountId(owner) if owner.isdecimal() and owner != account else None


def _is_absent(lowered: str, caller: Caller, snapshot: Snapshot) -> bool:
    """Tell whether no request of ``caller`` can carry the key: what is told counts more.

    A user whose tags are known has no others; only users have names; a role's session never had MFA.
    """
    if not isinstance(caller, Principal):
        return False
    if caller.type is PrincipalType.USER:
        return lowered.startswith("aws:principaltag/") and _holder(caller, snapshot) is not None
    is_session = caller.type is PrincipalType.ROLE_SESSION
    return lowered == "aws:username" or (is_session and lowered == "aws:multifactorauthage")


def _variables(policies: Policies) -> set[str]:
    """Return the keys that stand for parts of resources and of values."""
    templates = [
        template
        for policy in policies.attached()
        for statement in policy.document.statements
        for template in (
            *(section for pattern in statement.resources for section in pattern.sections),
            *(value for condition in statement.conditions for value in condition.values),
        )
    ]
    return {variable.key for template in templates for variable in template.variables}


def _holder(principal: Principal, snapshot: Snapshot) -> User | Role | None:
    name = principal.entity.resource.rpartition("/")[2]
    match principal.type:
        case PrincipalType.ROOT:
            return None
        case PrincipalType.ROLE_SESSION:
            return snapshot.role(principal.account, name)
        case PrincipalType.USER | PrincipalType.FEDERATED_USER:
            return snapshot.user(principal.account, name)


def has_gap(snapshot: Snapshot, account: str) -> bool:
    """Tell whether users, groups, roles or policies of an account were not all read."""
    kinds = (Kind.USER, Kind.GROUP, Kind.ROLE, Kind.POLICY)
    return any(snapshot.gap(kind, account) is not None for kind in kinds)
