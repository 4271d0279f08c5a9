"""Whom to trust for what: the configuration of id tokens, validated, with the place of each setting.

Source: Kubernetes, "Authenticating", section "Using Authentication Configuration"
(``apiserver.config.k8s.io``, kind ``AuthenticationConfiguration``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sekisho.decide.authn.oidc.expression import Expression
from sekisho.decide.values import Ref

ALGORITHMS: Final = ("ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
"""What a configuration file takes, and what the flag ``--oidc-signing-algs`` may list."""
DEFAULT_ALGORITHMS: Final = ("RS256",)
GOOGLE: Final = "https://accounts.google.com"
GOOGLE_BARE: Final = "accounts.google.com"

_SOMEWHERE: Final = Ref("configuration")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a value comes from: the claim ``claim`` behind ``prefix``, or what ``expression`` yields."""

    at: Ref
    claim: str = ""
    prefix: str = ""
    expression: Expression | None = None


@dataclass(frozen=True, slots=True)
class ExtraMapping:
    """One key of the user's ``extra`` and what yields its values."""

    at: Ref
    key: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class RequiredClaim:
    """A claim that has to be this text."""

    at: Ref
    claim: str
    value: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on the claims or on the user; ``message`` is what a refusal says."""

    at: Ref
    expression: Expression
    message: str


@dataclass(frozen=True, slots=True)
class JwtAuthenticator:
    """One issuer: whose tokens, for whom, and who their bearers are.

    ``certificate_authority`` is PEM, empty for the roots of the machine; ``discovery_url`` is empty
    where the issuer describes itself at its own address. ``issuer_at``, ``audiences_at``
    and ``algorithms_at`` are the settings that a refusal names; ``issuer_at`` is ``issuer.url`` by default.
    """

    at: Ref
    issuer: str
    audiences: tuple[str, ...]
    username: Source
    groups: Source | None = None
    uid: Source | None = None
    extra: tuple[ExtraMapping, ...] = ()
    required: tuple[RequiredClaim, ...] = ()
    claim_rules: tuple[Rule, ...] = ()
    user_rules: tuple[Rule, ...] = ()
    discovery_url: str = ""
    certificate_authority: str = field(default="", repr=False)
    algorithms: tuple[str, ...] = ALGORITHMS
    audiences_at: Ref = field(default=_SOMEWHERE)
    algorithms_at: Ref = field(default=_SOMEWHERE)
    issuer_at: Ref | None = None


@dataclass(frozen=True, slots=True)
class OidcConfiguration:
    """Every issuer whose tokens are taken, by its URL: no two have one."""

    issuers: Mapping[str, JwtAuthenticator] = field(default_factory=dict)


def setting(at: Ref) -> str:
    """Return how a person finds a setting: ``jwt[0].issuer.url``, ``--oidc-client-id``."""
    shown = ""
    for token in at.tokens():
        shown += f"[{token}]" if token.isdecimal() else f".{token}" if shown else token
    return shown or at.document
