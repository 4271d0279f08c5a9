"""What becomes of each claim of a token: used, checked or ignored, exactly one of the three.

A function of the configuration and of the names of the claims alone: it says the same whatever the answer.
"""

from collections.abc import Iterator, Mapping

from sekisho.decide.authn.oidc.code import OidcClaim
from sekisho.decide.authn.oidc.expression import Expression
from sekisho.decide.authn.oidc.model import JwtAuthenticator, Source, setting
from sekisho.decide.authn.oidc.refusal import CLAIMS
from sekisho.decide.authn.oidc.standard_claims import NAMES, SOURCES
from sekisho.decide.authn.oidc.user import CREDENTIAL_ID, EMAIL, EMAIL_VERIFIED
from sekisho.decide.decision import Step
from sekisho.decide.values import JsonObject

_STANDARD: Mapping[str, str] = {
    "iss": "whose token it is",
    "aud": "whom it is for",
    "exp": "until when it holds",
    "nbf": "from when it holds",
}


def ledger(claims: JsonObject, authenticator: JwtAuthenticator) -> tuple[Step, ...]:
    """Return a step for each claim, in the order of the token."""
    used = dict(_used(claims, authenticator))
    checked = dict(_checked(claims, authenticator))
    steps: list[Step] = []
    for name in claims:
        at, fact = CLAIMS.child(name), ("claim", name)
        if name in used:
            steps.append(Step(OidcClaim.USED, at, (fact, ("purpose", used[name]))))
        elif name in checked:
            steps.append(Step(OidcClaim.CHECKED, at, (fact, ("purpose", checked[name]))))
        else:
            steps.append(Step(OidcClaim.IGNORED, at, (fact,)))
    return tuple(steps)


def _used(claims: JsonObject, authenticator: JwtAuthenticator) -> Iterator[tuple[str, str]]:
    """Yield claims that make the user, the first purpose last: it is the one that is told."""
    for mapping in reversed(authenticator.extra):
        yield from _read(claims, mapping.expression, f"extra `{mapping.key}` ({setting(mapping.at)})")
    yield "jti", f"extra `{CREDENTIAL_ID}`"
    for purpose, source in (
        ("the uid", authenticator.uid),
        ("the groups", authenticator.groups),
        ("the user name", authenticator.username),
    ):
        yield from _of_source(claims, source, purpose)
    groups = authenticator.groups
    names = claims.get(NAMES)
    if groups is None or groups.claim in claims or not isinstance(names, Mapping):
        return
    if groups.claim in names:
        yield NAMES, f"where `{groups.claim}` lies"
        yield SOURCES, f"where `{groups.claim}` lies"


def _checked(claims: JsonObject, authenticator: JwtAuthenticator) -> Iterator[tuple[str, str]]:
    for rule in authenticator.claim_rules:
        yield from _read(claims, rule.expression, setting(rule.at))
    for required in authenticator.required:
        yield required.claim, setting(required.at)
    if authenticator.username.claim == EMAIL:
        yield EMAIL_VERIFIED, "an address counts only where it is verified"
    yield from _STANDARD.items()


def _of_source(claims: JsonObject, source: Source | None, purpose: str) -> Iterator[tuple[str, str]]:
    if source is None:
        return
    told = f"{purpose} ({setting(source.at)})"
    if source.expression is not None:
        yield from _read(claims, source.expression, told)
    else:
        yield source.claim, told


def _read(claims: JsonObject, expression: Expression, purpose: str) -> Iterator[tuple[str, str]]:
    for name in claims if expression.reads is None else expression.reads:
        yield name, purpose
