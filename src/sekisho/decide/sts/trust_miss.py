"""In which small thing a trust policy misses a web identity token, and the policy that would take it.

The statement that needs the fewest changes is told, with the whole corrected document: IAM replaces a trust
policy as a whole (IAM API Reference, "UpdateAssumeRolePolicy").
Sources: IAM User Guide, "Create a role for OpenID Connect federation", "Condition operators".
"""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Final

from sekisho.decide.decision import Decision, Outcome, Repair, Step
from sekisho.decide.iam import Effect, Statement
from sekisho.decide.iam.conditions import Condition
from sekisho.decide.iam.matching import covers_action
from sekisho.decide.iam.principals import PrincipalKind, PrincipalName
from sekisho.decide.request.aws_request import Context
from sekisho.decide.sts.access import trust_of
from sekisho.decide.sts.code import StsFix, StsNear
from sekisho.decide.sts.facts import ProviderFacts, RoleFacts
from sekisho.decide.values import Ref, Wildcard, documents

_ACTION: Final = "sts:assumerolewithwebidentity"
_SCHEMES: Final = ("https://", "http://")
_EQUALS: Final = frozenset({"StringEquals", "StringEqualsIgnoreCase"})
_ACCOUNT: Final = "system:serviceaccount:"


@dataclass(frozen=True, slots=True)
class _Change:
    """One change of the document: what is wrong, and what comes in the place of the member at ``at``."""

    step: Step
    at: Ref
    key: str = ""
    operator: str = ""
    value: str = ""


def with_trust_misses(
    found: Decision[None], role: RoleFacts, provider: ProviderFacts, context: Context
) -> Decision[None]:
    """Return a refusal of ``role``'s trust policy with its small mistakes named first. Total.

    What a Deny or unread facts decide stays as it is: no small change of the policy would help.
    """
    trust = trust_of(role)
    wanting: list[tuple[Statement, tuple[_Change, ...]]] = []
    if found.outcome is Outcome.NO_OPINION:
        for statement in trust.statements:
            if statement.effect is Effect.ALLOW and covers_action(statement, _ACTION):
                changes = _changes(statement, provider, context)
                if changes:
                    wanting.append((statement, changes))
    if not wanting:
        return found
    _, changes = min(wanting, key=lambda one: len(one[1]))
    document = documents.parse_json(role.trust, str(role.arn))
    for change in changes:
        document = _changed(document, change)
    text = documents.to_json(document).decode()
    facts = (("role", str(role.arn)), ("at", str(changes[0].at)), ("document", text))
    near = tuple(change.step for change in changes)
    places = {(step.at, step.code) for step in near}
    others = tuple(step for step in found.nearest if (step.at, step.code) not in places)
    return replace(found, nearest=(*near, *others), repairs=(Repair(StsFix.CORRECT_TRUST, facts),))


def _changes(statement: Statement, provider: ProviderFacts, context: Context) -> tuple[_Change, ...]:
    """Return every change that makes the statement take the token; none if one cannot be told."""
    changes = list(_of_principals(statement, provider))
    for condition in statement.conditions:
        if condition.holds(context) is not False:
            continue
        change = _of_condition(condition, provider, context)
        if change is None:
            return ()
        changes.append(change)
    return tuple(changes)


def _of_principals(statement: Statement, provider: ProviderFacts) -> Iterator[_Change]:
    principals = statement.principals
    arn = str(provider.arn)
    names = () if principals is None else principals.names
    federated = [name for name in names if name.kind is PrincipalKind.FEDERATED]
    if not federated or any(name.text in (arn, "*") for name in federated):
        return
    code, name = min(((_provider_miss(one, provider), one) for one in federated), key=_by_nearness)
    facts = (("written", name.text), ("provider", arn))
    yield _Change(Step(code, name.at, facts), name.at, value=arn)


def _provider_miss(name: PrincipalName, provider: ProviderFacts) -> StsNear:
    arn = str(provider.arn)
    if name.text.lower() == arn.lower():
        return StsNear.PROVIDER_CASE
    _, _, url = name.text.partition(":oidc-provider/")
    if url.removeprefix("https://").removeprefix("http://") == provider.url:
        return StsNear.PROVIDER_ACCOUNT if url == provider.url else StsNear.PROVIDER_SCHEME
    return StsNear.PROVIDER_OTHER


_NEARNESS: Final = (
    StsNear.PROVIDER_CASE,
    StsNear.PROVIDER_SCHEME,
    StsNear.PROVIDER_ACCOUNT,
    StsNear.PROVIDER_OTHER,
)


def _by_nearness(one: tuple[StsNear, PrincipalName]) -> int:
    return _NEARNESS.index(one[0])


def _of_condition(condition: Condition, provider: ProviderFacts, context: Context) -> _Change | None:
    """Return the change of a condition that does not hold; None where there is no small one."""
    comparison = condition.operator.comparison
    name = "" if comparison is None else comparison.name
    if name not in (*_EQUALS, "StringLike"):
        return None
    written, claim = condition.key, condition.key.rpartition(":")[2].lower()
    key = f"{provider.url}:{claim}"
    actual = context.value(key)
    if claim not in ("sub", "aud") or not isinstance(actual, str):
        return None
    values = [value.source for value in condition.values]
    bare = next((written[len(one) :] for one in _SCHEMES if written.lower().startswith(one)), written)
    told = (("key", written), ("bare", key))
    if written.lower() != key.lower():
        # A condition on another key says nothing of the values that this one should have.
        fits = any(_fits(name, value, actual) for value in values)
        code = StsNear.KEY_SCHEME if bare.lower() == key.lower() else StsNear.KEY_ISSUER
        value = "" if fits else actual
        return _Change(Step(code, condition.at, told), condition.at, key=key, value=value)
    like = next((value for value in values if name in _EQUALS and Wildcard(value).matches(actual)), None)
    if like is not None:
        facts = (("operator", condition.operator_name), ("written", like), ("actual", actual))
        operator = condition.operator_name.replace(name, "StringLike")
        return _Change(Step(StsNear.WILDCARD, condition.at, facts), condition.at, operator=operator)
    code = StsNear.CLAIM if claim == "aud" else _subject_miss(values, actual)
    step = Step(code, condition.at, (("written", ", ".join(values)), ("actual", actual)))
    return _Change(step, condition.at, value=actual)


def _fits(operator: str, value: str, actual: str) -> bool:
    return Wildcard(value).matches(actual) if operator == "StringLike" else value == actual


def _subject_miss(values: list[str], actual: str) -> StsNear:
    name = actual.rpartition(":")[2]
    others = (value for value in values if value.startswith(_ACCOUNT))
    return StsNear.NAMESPACE if any(one.rpartition(":")[2] == name for one in others) else StsNear.SUBJECT


def _changed(document: Any, change: _Change) -> Any:
    """Return the document after a change; values are added to a condition's, a principal is replaced."""
    found = deepcopy(document)
    tokens = list(change.at.tokens()[1:])  # the first is the document's own, `trust`
    if "Condition" not in tokens:
        _put(found, tokens, change.value)
        return found
    *path, operator, key = tokens
    condition = _at(found, path)
    values = condition[operator].pop(key)
    if not condition[operator]:
        del condition[operator]
    into = condition.setdefault(change.operator or operator, {})
    wanted = change.key or key
    listed = [*_listed(into.get(wanted, [])), *_listed(values), *filter(None, [change.value])]
    into[wanted] = listed[0] if len(listed) == 1 else listed
    return found


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _at(document: Any, tokens: list[str]) -> Any:
    for token in tokens:
        document = document[int(token)] if isinstance(document, list) else document[token]
    return document


def _put(document: Any, tokens: list[str], value: str) -> None:
    *path, last = tokens
    holder = _at(document, path)
    holder[int(last) if isinstance(holder, list) else last] = value
