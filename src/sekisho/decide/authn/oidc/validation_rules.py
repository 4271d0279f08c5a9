"""``claimValidationRules`` and ``userValidationRules``: what has to hold of a token and of its user."""

from collections.abc import Sequence

from sekisho.decide.authn.oidc.expression import compile_claims, compile_user
from sekisho.decide.authn.oidc.members import Members, Problems
from sekisho.decide.authn.oidc.model import RequiredClaim, Rule
from sekisho.decide.values import Json, Ref, SekishoInputError


def read_claim_rules(
    values: Sequence[Json], at: Ref, problems: Problems
) -> tuple[tuple[RequiredClaim, ...], tuple[Rule, ...]]:
    """Return the claims that are required and the rules over claims; faults go to ``problems``."""
    required: list[RequiredClaim] = []
    rules: list[Rule] = []
    seen: set[tuple[str, str]] = set()
    for index, value in enumerate(values):
        place = at.child(index)
        found = problems.members(value, place, ("claim", "requiredValue", "expression", "message"))
        claim, text = found.text("claim"), found.text("expression")
        if bool(claim) == bool(text):
            problems.add(place, "expected claim or expression" + (", not both" if claim else ""))
            continue
        kind, word, odd = ("claim", claim, "message") if claim else ("expression", text, "requiredValue")
        if found.text(odd):
            problems.add(place.child(odd), f"means nothing beside {kind}")
        if (kind, word) in seen:
            problems.add(place.child(kind), "there is a rule for it already")
            continue
        seen.add((kind, word))
        if claim:
            required.append(RequiredClaim(place, claim, found.text("requiredValue")))
        else:
            rules += _rule(found, place, problems, of_user=False)
    return tuple(required), tuple(rules)


def read_user_rules(values: Sequence[Json], at: Ref, problems: Problems) -> tuple[Rule, ...]:
    """Return the rules over the user; faults go to ``problems``."""
    rules: list[Rule] = []
    seen: set[str] = set()
    for index, value in enumerate(values):
        place = at.child(index)
        found = problems.members(value, place, ("expression", "message"))
        text = found.text("expression")
        if not text:
            problems.add(place.child("expression"), "expected a condition")
            continue
        if text in seen:
            problems.add(place.child("expression"), "there is a rule for it already")
            continue
        seen.add(text)
        rules += _rule(found, place, problems, of_user=True)
    return tuple(rules)


def _rule(found: Members, at: Ref, problems: Problems, *, of_user: bool) -> tuple[Rule, ...]:
    text, message, place = found.text("expression"), found.text("message"), at.child("expression")
    try:
        expression = compile_user(text, place) if of_user else compile_claims(text, place, is_condition=True)
    except SekishoInputError as error:
        problems.take(error)
        return ()
    return (Rule(place, expression, message),)
