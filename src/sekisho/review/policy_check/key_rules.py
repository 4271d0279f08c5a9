"""Condition keys that are not known, or not brought by the actions, and operators of another type.

Sources: Service Authorization Reference; IAM User Guide, "IAM JSON policy elements: Condition operators" and
"Set operators for multivalued context keys".
"""

import re
from collections.abc import Iterator, Sequence

from sekisho.decide.iam.conditions import Condition, Quantifier
from sekisho.decide.iam.statement import Effect, Statement
from sekisho.review.policy_check.code import PolicyCode
from sekisho.review.policy_check.finding import Finding, found
from sekisho.review.policy_check.global_keys import ASKED_PER_ACTION, GLOBAL_KEYS
from sekisho.review.policy_check.reference import KeySet, Reference

_GLOBAL = KeySet.of(frozenset(key.lower() for key in GLOBAL_KEYS))
_FAMILIES = ("String", "Numeric", "Date", "Bool", "Binary", "Arn", "Ip")
_NOUNS = {
    "String": "text",
    "Numeric": "numbers",
    "Date": "dates",
    "Bool": "truth values",
    "Binary": "bytes",
    "Arn": "ARNs",
    "Ip": "addresses",
}
_OF_TYPE = {
    "String": ("String", "text"),
    "ARN": ("Arn", "an ARN"),
    "Bool": ("Bool", "a truth value"),
    "Numeric": ("Numeric", "a number"),
    "Date": ("Date", "a date"),
    "IPAddress": ("Ip", "an address"),
}
_ARRAY = "ArrayOf"
_FREE_TEXT = ("tag/", "encryptioncontext:")
_ALSO = frozenset({("aws:epochtime", "Numeric"), ("aws:tokenissuetime", "Numeric")})


def operator_family(condition: Condition) -> str:
    """Return the family of a condition's operator (``String``, ``Arn``, ...), empty for ``Null``."""
    comparison = condition.operator.comparison
    if comparison is None:
        return ""
    name = comparison.name.removeprefix("Not")
    return next(family for family in _FAMILIES if name.startswith(family))


def check_keys(statement: Statement, reference: Reference) -> Iterator[Finding]:
    """Yield findings about the condition keys of a statement and the operators applied to them."""
    for condition in statement.conditions:
        type_ = reference.key_type(condition.key)
        if is_claim(condition.key):
            continue  # federation has its own rules
        if not type_:
            near = reference.nearest_key(condition.key)
            hint = f"did you mean `{near}`" if near else ""
            yield found(PolicyCode.UNKNOWN_KEY, condition.at, hint, key=condition.key)
            continue
        yield from _brought(statement, condition, reference)
        yield from _operator(condition, type_)
        yield from _sets(statement, condition, type_)


def is_claim(key: str) -> bool:
    """Tell whether a condition key is a claim of an identity provider: ``host/path:claim``."""
    lowered = key.lower()
    host = re.split("[/:]", lowered, maxsplit=1)[0]
    return lowered.startswith(("http://", "https://")) or "." in host or host == "saml"


def _brought(statement: Statement, condition: Condition, reference: Reference) -> Iterator[Finding]:
    key = condition.key.lower()
    per_action = key.startswith(ASKED_PER_ACTION)
    if statement.not_action or (key in _GLOBAL and not per_action):
        return
    if any(pattern.text in ("*", "*:*") for pattern in statement.actions):
        return
    actions = [action for pattern in statement.actions for action in reference.matching(pattern)]
    if actions and not any(key in reference.keys(action) for action in actions):
        code = PolicyCode.TAG_KEY_NOT_BROUGHT if per_action else PolicyCode.KEY_NOT_BROUGHT
        yield found(code, condition.at, _absence(statement, condition), key=condition.key)


def _absence(statement: Statement, condition: Condition) -> str:
    comparison = condition.operator.comparison
    if comparison is None:
        return "`Null` of it is always true"
    holds = condition.operator.if_exists or comparison.negated
    effect = "applies" if holds else "never applies"
    return f"without the key this {statement.effect.lower()} {effect}"


def _operator(condition: Condition, type_: str) -> Iterator[Finding]:
    family = operator_family(condition)
    wanted, noun = _OF_TYPE.get(type_.removeprefix(_ARRAY), ("", ""))
    key = condition.key.lower()
    if not family or not wanted or family == wanted or (key, family) in _ALSO:
        return
    if wanted == "String" and _may_hold(condition, family):
        return
    name = condition.operator_name
    if wanted == "Arn" and family == "String":
        hint = "`ArnLike` compares section by section, so that `*` does not cross a colon"
        yield found(PolicyCode.ARN_AS_TEXT, condition.at, hint, operator=name, key=condition.key)
        return
    yield found(
        PolicyCode.OPERATOR_TYPE,
        condition.at,
        f"use an operator of the family `{_family_name(wanted)}`",
        operator=name,
        family=_NOUNS[family],
        key=condition.key,
        type=noun,
    )


def _may_hold(condition: Condition, family: str) -> bool:
    """Tell whether text under the key may well be what the operator compares: a tag may hold anything."""
    if any(part in condition.key.lower() for part in _FREE_TEXT):
        return True
    return family == "Arn" and all(value.source.startswith("arn:") for value in condition.values)


def _family_name(family: str) -> str:
    return {"Arn": "ArnLike", "Ip": "IpAddress", "Bool": "Bool"}.get(family, f"{family}Equals")


def _sets(statement: Statement, condition: Condition, type_: str) -> Iterator[Finding]:
    operator, key = condition.operator, condition.key
    if operator.comparison is None:
        return
    name, at = condition.operator_name, condition.at
    several = type_.startswith(_ARRAY)
    if operator.quantifier is Quantifier.ONE:
        if several:
            hint = f"write `ForAnyValue:{name}` or `ForAllValues:{name}`"
            yield found(PolicyCode.SET_OPERATOR_MISSING, at, hint, key=key, operator=name)
        return
    if not several:
        hint = f"write `{name.partition(':')[2]}`"
        yield found(PolicyCode.SET_OPERATOR_NEEDLESS, at, hint, key=key, operator=name)
    # Which tags may be passed is the one question to which "none" is a good answer.
    is_risky = statement.effect is Effect.ALLOW and operator.quantifier is Quantifier.ALL
    if is_risky and key.lower() != "aws:tagkeys" and not _must_exist(key, statement.conditions):
        hint = f'add `"Null": {{"{key}": "false"}}`'
        yield found(PolicyCode.ALL_VALUES_OF_NOTHING, at, hint, operator=name, key=key)


def _must_exist(key: str, conditions: Sequence[Condition]) -> bool:
    return any(
        other.key.lower() == key.lower()
        and other.operator.comparison is None
        and all(value.source.lower() == "false" for value in other.values)
        for other in conditions
    )
