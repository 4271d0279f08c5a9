"""Actions that do not exist, and actions that are listed more than once."""

from collections.abc import Iterator

from sekisho.decide.iam.statement import ActionPattern, Statement
from sekisho.review.policy_check.code import PolicyCode
from sekisho.review.policy_check.finding import Finding, found
from sekisho.review.policy_check.reference import Reference


def check_actions(statement: Statement, reference: Reference) -> Iterator[Finding]:
    """Yield a finding for each action pattern that means no action."""
    for pattern in statement.actions:
        if not reference.matching(pattern):
            yield _unknown(pattern, reference)


def check_repeated(statement: Statement) -> Iterator[Finding]:
    """Yield a finding for each action or resource that the same list has already."""
    first: dict[str, ActionPattern] = {}
    for pattern in statement.actions:
        known = first.setdefault(pattern.text.lower(), pattern)
        if known is not pattern:
            code = PolicyCode.DUPLICATE if known.text == pattern.text else PolicyCode.CASE_DUPLICATE
            yield found(code, pattern.at, "leave one out", text=pattern.text, other=known.text)
    wild = [pattern for pattern in statement.actions if "*" in pattern.text]
    for pattern in statement.actions:
        wider = next((other for other in wild if _covers(other, pattern)), None)
        if wider is not None:
            yield found(PolicyCode.COVERED, pattern.at, "leave it out", text=pattern.text, other=wider.text)
    seen: set[str] = set()
    for resource in statement.resources:
        if resource.text in seen:
            yield found(PolicyCode.DUPLICATE, resource.at, "leave one out", text=resource.text)
        seen.add(resource.text)


def _covers(wider: ActionPattern, pattern: ActionPattern) -> bool:
    # A `?` would take the `*` of the other for one character.
    same = wider.text.lower() == pattern.text.lower()
    return not same and "?" not in wider.text and wider.matches(pattern.text.lower())


def _unknown(pattern: ActionPattern, reference: Reference) -> Finding:
    service, _, name = pattern.text.partition(":")
    lowered = service.lower()
    if "*" not in lowered and lowered not in reference.prefixes:
        near = reference.nearest_service(lowered)
        hint = f"did you mean `{near}:{name}`" if near else ""
        return found(PolicyCode.UNKNOWN_SERVICE, pattern.at, hint, service=service)
    if "*" in pattern.text or "?" in pattern.text:
        return found(PolicyCode.NO_SUCH_ACTIONS, pattern.at, pattern=pattern.text)
    near = reference.nearest_action(lowered, name)
    hint = f"did you mean `{near}`" if near else ""
    return found(PolicyCode.UNKNOWN_ACTION, pattern.at, hint, service=service, action=name)
