"""The policies that apply to a request, read from the facts and parsed once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache

from sekisho.decide.iam.document import Policy, parse_policy
from sekisho.decide.iam.grammar import PolicyKind
from sekisho.decide.iam.layers import UNREAD, Attached, AttachedPolicy, Layer, Policies, Unread
from sekisho.decide.iam.rules import crosses_accounts, has_mandatory_policy, may_have_policy
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.sts.session import Session
from sekisho.decide.values import Arn, Caller, Principal, PrincipalType, Ref
from sekisho.facts.keys import Kind
from sekisho.facts.model import Document, Group, Role, User
from sekisho.facts.organization import rcps_of, scps_of
from sekisho.facts.snapshot import Snapshot

AwsPolicyText = Callable[[str], str | None]
"""The text of an AWS managed policy by ARN; reference data, loaded at the edge."""


def policies_for(
    facts: Snapshot, request: AwsRequest, aws_policy: AwsPolicyText, session: Session | None = None
) -> Policies:
    """Return every policy that applies to ``request``; ``session`` is what its caller signs with.

    Of
    resource policies only the trust policies of roles are known; others are taken as absent in the
    caller's account and as unread in another one, where the answer would hang on them.

    Raises:
        SekishoInputError: a stored document breaks the grammar (none does that was checked when written).
    """
    caller = request.principal
    return replace(
        caller_policies(facts, caller, aws_policy, session, request.resource_account or ""),
        resource=_resource_policy(facts, request),
    )


def caller_policies(
    facts: Snapshot,
    caller: Caller,
    aws_policy: AwsPolicyText,
    session: Session | None = None,
    owner: str = "",
) -> Policies:
    """Return the policies that follow from who calls and whose resource it is, without the resource's own.

    ``owner`` is the account of the resource; without it, the caller's own.

    Raises:
        SekishoInputError: as `policies_for`.
    """
    if not isinstance(caller, Principal):
        return Policies(rcps=_levels(rcps_of(facts, owner), Layer.RCP, PolicyKind.RCP))
    limits = None if session is None else _session_policies(facts, caller, session, aws_policy)
    boundary = _boundary(facts, caller, aws_policy)
    is_read = facts.gap(Kind.ROLE, str(caller.entity)) is None
    return Policies(
        policies_of(facts, caller, aws_policy) if is_read else UNREAD,
        boundary=boundary if is_read or boundary is not None else UNREAD,
        session=limits,
        scps=_levels(scps_of(facts, caller.account), Layer.SCP, PolicyKind.SCP),
        rcps=_levels(rcps_of(facts, owner or caller.account), Layer.RCP, PolicyKind.RCP),
    )


def _levels(
    levels: tuple[tuple[Document, ...], ...], layer: Layer, kind: PolicyKind
) -> tuple[tuple[AttachedPolicy, ...], ...]:
    """Return the policies of an organization, root first."""
    return tuple(
        tuple(
            AttachedPolicy(one.name, layer, _parsed_as(one.text, Ref(f"organizations/{one.name}"), kind))
            for one in level
        )
        for level in levels
    )


def _session_policies(
    facts: Snapshot, caller: Principal, session: Session, aws_policy: AwsPolicyText
) -> tuple[AttachedPolicy, ...] | None:
    """Return what the session was limited to when it was made; None if it was not."""
    if not session.policies:
        return None
    found = []
    for number, policy in enumerate(session.policies):
        at = Ref(policy.arn) if policy.arn else Ref(str(caller.arn)).child("session", number)
        text = managed_document(facts, caller.account, policy.arn, aws_policy) if policy.arn else policy.text
        name = policy.arn.rpartition("/")[2] or "the session policy"
        # A managed policy that is gone since limits to nothing.
        parsed = (
            parse_policy(text, at, PolicyKind.SESSION)
            if text is not None
            else Policy(at, PolicyKind.SESSION, ())
        )
        found.append(AttachedPolicy(name, Layer.SESSION, parsed))
    return tuple(found)


def _resource_policy(facts: Snapshot, request: AwsRequest) -> Attached | Unread | None:
    resource, action = request.resources[0], request.action.lower()
    if has_mandatory_policy(action, resource):
        role = _role_at(facts, resource)
        if role is None:
            return UNREAD
        document = _parsed_trust(role.trust, Ref(str(role.arn)).child("trust"), role.trusted_ids)
        return (AttachedPolicy("the trust policy", Layer.RESOURCE, document),)
    return UNREAD if crosses_accounts(request) and may_have_policy(action) else None


def _role_at(facts: Snapshot, resource: str) -> Role | None:
    """Return the role that is assumed; None for a KMS key, and for a role that is not among the facts."""
    sections = resource.split(":", 5)
    role = facts.role(sections[-2], resource.rpartition("/")[2]) if len(sections) > 1 else None
    return role if role is not None and str(role.arn) == resource else None


def policies_of(
    facts: Snapshot, principal: Principal, aws_policy: AwsPolicyText
) -> tuple[AttachedPolicy, ...]:
    """Return the identity policies of ``principal``, a user's groups included; root needs none.

    Raises:
        SekishoInputError: a stored document breaks the grammar (none does that was checked when written).
    """
    holder = _holder(facts, principal)
    if holder is None:
        return ()
    holders = (holder, *_groups(facts, holder))
    return tuple(policy for one in holders for policy in _attached(facts, one, aws_policy))


def _boundary(
    facts: Snapshot, caller: Principal, aws_policy: AwsPolicyText
) -> tuple[AttachedPolicy, ...] | Unread | None:
    """Return the permissions boundary of the user or role behind ``caller``.

    IAM User Guide, "Permissions boundaries for IAM entities". A policy in use as a boundary cannot be
    deleted: one that is not among the facts was not read.
    """
    holder = _holder(facts, caller)
    if holder is None or not holder.boundary:
        return None
    text = managed_document(facts, holder.account, holder.boundary, aws_policy)
    if text is None:
        return UNREAD
    document = _parsed_as(text, Ref(holder.boundary), PolicyKind.BOUNDARY)
    return (AttachedPolicy(holder.boundary.rpartition("/")[2], Layer.BOUNDARY, document),)


def managed_document(facts: Snapshot, account: str, arn: str, aws_policy: AwsPolicyText) -> str | None:
    """Return the text of a managed policy's default version, AWS's own or the account's; None if absent."""
    if Arn.parse(arn).account == "aws":
        return aws_policy(arn)
    own = facts.policy(account, arn)
    return None if own is None else own.document


def _holder(facts: Snapshot, principal: Principal) -> User | Role | None:
    kind, _, name = principal.entity.resource.rpartition("/")
    if not kind:
        return None  # the root user, itself or behind a federated user: no user named so
    if principal.type is PrincipalType.ROLE_SESSION:
        return facts.role(principal.account, name)
    return facts.user(principal.account, name)


def _groups(facts: Snapshot, holder: User | Role) -> tuple[Group, ...]:
    names = holder.groups if isinstance(holder, User) else ()
    return tuple(group for name in names if (group := facts.group(holder.account, name)) is not None)


def _attached(
    facts: Snapshot, holder: User | Group | Role, aws_policy: AwsPolicyText
) -> Iterator[AttachedPolicy]:
    for document in holder.inline:
        at = Ref(str(holder.arn)).child("inline", document.name)
        yield AttachedPolicy(document.name, Layer.IDENTITY, _parsed(document.text, at))
    for arn in holder.attached:
        text = managed_document(facts, holder.account, arn, aws_policy)
        if text is not None:
            yield AttachedPolicy(arn.rpartition("/")[2], Layer.IDENTITY, _parsed(text, Ref(arn)))


@lru_cache(maxsize=1024)
def _parsed(text: str, at: Ref) -> Policy:
    return parse_policy(text, at)


@lru_cache(maxsize=1024)
def _parsed_as(text: str, at: Ref, kind: PolicyKind) -> Policy:
    return parse_policy(text, at, kind)


@lru_cache(maxsize=1024)
def _parsed_trust(text: str, at: Ref, trusted_ids: tuple[tuple[str, str], ...]) -> Policy:
    return parse_policy(text, at, PolicyKind.TRUST, unique_ids=dict(trusted_ids))
