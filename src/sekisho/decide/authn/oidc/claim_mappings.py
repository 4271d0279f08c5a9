"""``claimMappings``: which claims, or which expressions over them, make the user."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sekisho.decide.authn.oidc.expression import Expression, compile_claims, uses_unverified_email
from sekisho.decide.authn.oidc.members import Members, Problems
from sekisho.decide.authn.oidc.model import ExtraMapping, Rule, Source
from sekisho.decide.values import Json, Ref, SekishoInputError

_LABEL: Final = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*", re.ASCII)
_PATH: Final = re.compile(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+", re.ASCII)
_RESERVED: Final = ("kubernetes.io", "k8s.io")
_MAX_DOMAIN = 253


@dataclass(frozen=True, slots=True)
class Mappings:
    """What makes name, groups, uid and extra of a user."""

    username: Source
    groups: Source | None
    uid: Source | None
    extra: tuple[ExtraMapping, ...]


def read_mappings(value: Json, at: Ref, claim_rules: Sequence[Rule], problems: Problems) -> Mappings:
    """Return the mappings in ``value``; faults go to ``problems``."""
    found = problems.members(value, at, ("username", "groups", "uid", "extra"))
    username = _prefixed(found.value("username"), at.child("username"), problems, is_needed=True)
    groups = _prefixed(found.value("groups"), at.child("groups"), problems, is_needed=False)
    uid = _uid(found.value("uid"), at.child("uid"), problems)
    extra = tuple(_extra(found, at.child("extra"), problems))
    source = username or Source(at.child("username"))
    if source.expression is not None:
        others = [one.expression.text for one in extra] + [rule.expression.text for rule in claim_rules]
        if uses_unverified_email(source.expression.text, others):
            problems.add(
                at.child("username", "expression"),
                "who uses claims.email has to look at claims.email_verified, too",
                "here, in an extra valueExpression or in a claimValidationRules expression",
            )
    return Mappings(source, groups, uid, extra)


def _prefixed(value: Json, at: Ref, problems: Problems, *, is_needed: bool) -> Source | None:
    found = problems.members(value, at, ("claim", "prefix", "expression"))
    claim, text = found.text("claim"), found.text("expression")
    prefix = None if found.value("prefix") is None else found.text("prefix")
    if claim and text:
        problems.add(at, "expected claim or expression, not both")
    elif text:
        if prefix is not None:
            problems.add(at.child("prefix"), "an expression takes no prefix", "put it into the expression")
        expression = _expression(text, at.child("expression"), problems)
        return Source(at.child("expression"), expression=expression) if expression is not None else None
    elif claim:
        if prefix is None:
            problems.add(at.child("prefix"), "a claim needs a prefix", 'write prefix: "" for none')
        return Source(at.child("claim"), claim, prefix or "")
    elif is_needed:
        problems.add(at, "expected a claim or an expression")
    return None


def _uid(value: Json, at: Ref, problems: Problems) -> Source | None:
    found = problems.members(value, at, ("claim", "expression"))
    claim, text = found.text("claim"), found.text("expression")
    if claim and text:
        problems.add(at, "expected claim or expression, not both")
        return None
    if claim:
        return Source(at.child("claim"), claim)
    expression = _expression(text, at.child("expression"), problems) if text else None
    return Source(at.child("expression"), expression=expression) if expression is not None else None


def _extra(found: Members, at: Ref, problems: Problems) -> Iterator[ExtraMapping]:
    seen: set[str] = set()
    for index, value in enumerate(found.items("extra")):
        place = at.child(index)
        entry = problems.members(value, place, ("key", "valueExpression"))
        key, text = entry.text("key"), entry.text("valueExpression")
        wrong = _key_fault(key)
        if wrong:
            problems.add(place.child("key"), wrong)
        if key in seen:
            problems.add(place.child("key"), f"`{key}` is mapped already")
        seen.add(key)
        if not text:
            problems.add(place.child("valueExpression"), "expected an expression")
            continue
        expression = _expression(text, place.child("valueExpression"), problems)
        if expression is not None:
            yield ExtraMapping(place.child("valueExpression"), key, expression)


def _key_fault(key: str) -> str:
    domain, slash, path = key.partition("/")
    if not slash or len(domain) > _MAX_DOMAIN or not _DOMAIN.fullmatch(domain) or not _PATH.fullmatch(path):
        return "expected a key such as `example.com/department`"
    if key != key.lower():
        return "expected a key in lower case"
    if any(domain == one or domain.endswith(f".{one}") for one in _RESERVED):
        return f"the domains {' and '.join(_RESERVED)} belong to Kubernetes"
    return ""


def _expression(text: str, at: Ref, problems: Problems) -> Expression | None:
    try:
        return compile_claims(text, at, is_condition=False)
    except SekishoInputError as error:
        problems.take(error)
        return None
