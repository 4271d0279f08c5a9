"""Statements that another statement makes pointless.

Cover is judged on the texts alone and only where it is certain: a statement that is not found here may
still be pointless. An explicit deny wins whatever the order of statements is.
"""

from collections.abc import Iterator

from sekisho.decide.iam import Effect, Policy, Statement
from sekisho.decide.iam.principals import EVERYONE
from sekisho.decide.iam.statement import ResourcePattern
from sekisho.decide.values import Wildcard
from sekisho.review.policy_check.code import PolicyCode
from sekisho.review.policy_check.finding import Finding, found

_MAX_STATEMENTS = 200
"""Above this the pairs are too many to be looked at; no quota allows such a policy."""


def check_cover(policy: Policy) -> Iterator[Finding]:
    """Yield a finding for each statement that another one covers."""
    if len(policy.statements) > _MAX_STATEMENTS:
        return
    for index, statement in enumerate(policy.statements):
        for other_index, other in enumerate(policy.statements):
            if other is statement or not _covers(other, statement):
                continue
            if other.effect is not statement.effect:
                if other.effect is Effect.DENY and not other.conditions:
                    yield found(PolicyCode.UNREACHABLE, statement.at, other=_name(other))
                    break
                continue
            same = _covers(statement, other) and _conditions(other) == _conditions(statement)
            if _is_as_wide(other, statement) and not (same and other_index > index):
                yield found(PolicyCode.REDUNDANT, statement.at, "leave it out", other=_name(other))
                break


def _name(statement: Statement) -> str:
    return statement.sid or statement.at.pointer


def _is_as_wide(other: Statement, statement: Statement) -> bool:
    return not other.conditions or _conditions(other) == _conditions(statement)


def _conditions(statement: Statement) -> frozenset[tuple[str, str, frozenset[str]]]:
    return frozenset(
        (one.operator_name.lower(), one.key.lower(), frozenset(value.source for value in one.values))
        for one in statement.conditions
    )


def _covers(other: Statement, statement: Statement) -> bool:
    """Tell whether actions, resources and principals of ``statement`` are all among those of ``other``."""
    return (
        _covers_actions(other, statement)
        and _covers_resources(other, statement)
        and _covers_principals(other, statement)
    )


def _covers_actions(other: Statement, statement: Statement) -> bool:
    mine = {pattern.text.lower() for pattern in statement.actions}
    theirs = {pattern.text.lower() for pattern in other.actions}
    if other.not_action or statement.not_action:
        both = other.not_action and statement.not_action
        return (both and theirs <= mine) or (not other.not_action and "*" in theirs)
    return all(any(_text_covers(wide, text) for wide in theirs) for text in mine)


def _covers_resources(other: Statement, statement: Statement) -> bool:
    mine = {pattern.text for pattern in statement.resources}
    theirs = {pattern.text for pattern in other.resources}
    if other.not_resource or statement.not_resource:
        both = other.not_resource and statement.not_resource
        return (both and theirs <= mine) or (not other.not_resource and "*" in theirs)
    if not mine or not theirs:
        return mine == theirs
    return all(
        any(_resource_covers(wide, narrow) for wide in other.resources) for narrow in statement.resources
    )


def _resource_covers(wide: ResourcePattern, narrow: ResourcePattern) -> bool:
    if wide.text in ("*", narrow.text):
        return True
    if "${" in wide.text or "${" in narrow.text or len(wide.sections) != len(narrow.sections):
        return False
    return all(
        _text_covers(one.source, other.source)
        for one, other in zip(wide.sections, narrow.sections, strict=True)
    )


def _covers_principals(other: Statement, statement: Statement) -> bool:
    one, two = other.principals, statement.principals
    if one is None or two is None:
        return one is two
    mine = {(name.kind, name.text) for name in two.names}
    theirs = {(name.kind, name.text) for name in one.names}
    if one.negated or two.negated:
        return one.negated and two.negated and mine == theirs
    return mine <= theirs or any(text == EVERYONE and kind == "AWS" for kind, text in theirs)


def _text_covers(wide: str, narrow: str) -> bool:
    # The `*` of the narrow text stands as a character here, which only a `*` may take.
    return wide == narrow or ("?" not in wide and Wildcard(wide).matches(narrow))
