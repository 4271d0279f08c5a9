"""What is odd about a configuration of issuers, although it can be used: who could name ``system:``.

Names and groups that begin with ``system:`` are Kubernetes' own, and ``system:masters`` passes every check
of an API server. EKS refuses prefixes that contain it; an API server says nothing.
"""

from collections.abc import Iterator
from typing import Final

from sekisho.decide.authn.oidc.model import JwtAuthenticator, OidcConfiguration, Source, setting
from sekisho.decide.cel.lexemes import lexemes
from sekisho.decide.decision import ReasonCode, Step

SYSTEM: Final = "system:"


class OidcNotice(ReasonCode):
    """One code per oddity."""

    SYSTEM_NAME = (
        "oidc.system-name",
        "{issuer} can name {what} that begin with system: ({setting} puts nothing before them)",
    )
    SHARED_NAMES = "oidc.shared-names", "{issuer} can name {what} of {other}: both have the prefix `{prefix}`"


def notices(configuration: OidcConfiguration) -> tuple[Step, ...]:
    """Return what is odd, a step each, in the order of the file. Total."""
    found: list[Step] = []
    named: dict[str, JwtAuthenticator] = {}
    for one in configuration.issuers.values():
        found += _system(one)
        prefix = _prefix(one.username)
        if prefix is None:
            continue
        other = named.setdefault(prefix, one)
        if other is not one:
            facts = ("issuer", one.issuer), ("what", "users"), ("other", other.issuer), ("prefix", prefix)
            found.append(Step(OidcNotice.SHARED_NAMES, one.username.at, facts))
    return tuple(found)


def _system(one: JwtAuthenticator) -> Iterator[Step]:
    # A rule over the user that mentions it is taken to forbid it: what it says is its author's business.
    if any(SYSTEM in rule.expression.text for rule in one.user_rules):
        return
    for what, source in (("users", one.username), ("groups", one.groups)):
        if source is not None and SYSTEM.startswith((_prefix(source) or "")[: len(SYSTEM)]):
            facts = ("issuer", one.issuer), ("what", what), ("setting", setting(source.at))
            yield Step(OidcNotice.SYSTEM_NAME, source.at, facts)


def _prefix(source: Source) -> str | None:
    """Return what stands before each name; None if that cannot be told of an expression."""
    if source.expression is None:
        return source.prefix
    words = lexemes(source.expression.text)
    if len(words) > 1 and words[0].kind == "string" and words[1] == ("other", "+"):
        return words[0].text
    return None
