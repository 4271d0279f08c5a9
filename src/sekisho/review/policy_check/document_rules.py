"""What shows only in the document itself: its length, and conditions that say nothing.

Sources: IAM User Guide, "IAM and AWS STS quotas"; AWS Organizations User Guide, "Quotas".
"""

from collections.abc import Iterator, Mapping
from typing import Final

from sekisho.decide.iam import PolicyKind, policy_size
from sekisho.decide.iam.grammar import (
    GRAMMARS,
    MAX_MANAGED_CHARS,
    MAX_ROLE_INLINE_CHARS,
    MAX_SESSION_CHARS,
    MAX_TRUST_CHARS,
)
from sekisho.decide.values import Json, Ref, documents
from sekisho.review.policy_check.code import PolicyCode
from sekisho.review.policy_check.finding import Finding, found

MAX_TRUST_RAISED_CHARS = 4096
MAX_ORGANIZATION_CHARS = 5120
MAX_RESOURCE_CHARS = 20_480

_HARD: Final = {
    PolicyKind.IDENTITY: MAX_ROLE_INLINE_CHARS,
    PolicyKind.BOUNDARY: MAX_MANAGED_CHARS,
    PolicyKind.SESSION: MAX_SESSION_CHARS,
    PolicyKind.TRUST: MAX_TRUST_RAISED_CHARS,
    PolicyKind.SCP: MAX_ORGANIZATION_CHARS,
    PolicyKind.RCP: MAX_ORGANIZATION_CHARS,
    PolicyKind.RESOURCE: MAX_RESOURCE_CHARS,
}
_SOFT: Final = {
    PolicyKind.IDENTITY: (
        MAX_MANAGED_CHARS,
        "a managed policy has at most 6144, only a role's inline one more",
    ),
    PolicyKind.TRUST: (MAX_TRUST_CHARS, "without a raised quota a trust policy has at most 2048"),
}


def check_size(value: Json, at: Ref, kind: PolicyKind) -> Iterator[Finding]:
    """Yield a finding if the document is longer than its kind, or a use of its kind, may be."""
    size = policy_size(documents.to_json(value).decode())
    limit = _HARD[kind]
    if size > limit:
        noun = "any place of an identity policy" if kind is PolicyKind.IDENTITY else GRAMMARS[kind].noun
        yield found(PolicyCode.TOO_LONG, at, "divide it", size=str(size), noun=noun, limit=str(limit))
        return
    most, limits = _SOFT.get(kind, (limit, ""))
    if size > most:
        yield found(PolicyCode.NEARLY_TOO_LONG, at, size=str(size), limits=limits)


def check_empty_conditions(value: Json, at: Ref) -> Iterator[Finding]:
    """Yield a finding for each Condition, or operator in one, that holds nothing."""
    for statement, place in statements_of(value, at):
        condition = statement.get("Condition") if isinstance(statement, Mapping) else None
        if not isinstance(condition, Mapping):
            continue
        hint = "leave it out, or say what has to hold"
        if not condition:
            yield found(PolicyCode.EMPTY_CONDITION, place.child("Condition"), hint)
        for operator, keys in condition.items():
            if isinstance(keys, Mapping) and not keys:
                yield found(PolicyCode.EMPTY_CONDITION, place.child("Condition", operator), hint)


def statements_of(value: Json, at: Ref) -> list[tuple[Json, Ref]]:
    """Return the members of Statement, read or not, with their places."""
    listed = value.get("Statement") if isinstance(value, Mapping) else None
    place = at.child("Statement")
    if isinstance(listed, list):
        return [(member, place.child(index)) for index, member in enumerate(listed)]
    return [] if listed is None else [(listed, place)]
