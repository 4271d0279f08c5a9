"""The classic flags of kube-apiserver for one issuer (``--oidc-*``).

Source: Kubernetes, "Authenticating", section "Using flags"; kube-apiserver
``pkg/kubeapiserver/options/authentication.go``.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from sekisho.decide.authn.oidc.code import OidcFault
from sekisho.decide.authn.oidc.issuer_rules import authority_fault, url_faults
from sekisho.decide.authn.oidc.members import Problems
from sekisho.decide.authn.oidc.model import (
    ALGORITHMS,
    DEFAULT_ALGORITHMS,
    JwtAuthenticator,
    OidcConfiguration,
    RequiredClaim,
    Source,
)
from sekisho.decide.values import Ref

NO_PREFIX: Final = "-"
EMAIL: Final = "email"


@dataclass(frozen=True, slots=True)
class OidcFlags:
    """The flags as given; empty: not given. ``ca`` is the content of ``--oidc-ca-file``."""

    issuer_url: str = ""
    client_id: str = ""
    username_claim: str = "sub"
    username_prefix: str = ""
    groups_claim: str = ""
    groups_prefix: str = ""
    required_claims: Mapping[str, str] = field(default_factory=dict)
    signing_algs: tuple[str, ...] = DEFAULT_ALGORITHMS
    ca: str = ""


def read_flags(flags: OidcFlags, disallowed_issuers: Collection[str] = ()) -> OidcConfiguration:
    """Return the configuration of ``flags``: one issuer.

    Raises:
        SekishoInputError: a flag is missing, or cannot be used.
    """
    problems = Problems(OidcFault.FLAGS)
    issuer, client = _at("issuer-url"), _at("client-id")
    if not flags.issuer_url:
        problems.add(issuer, "expected the address of the issuer: the flags --oidc-* need it")
    elif flags.issuer_url in disallowed_issuers:
        problems.add(issuer, "the cluster issues its own service account tokens under this address")
    for problem in url_faults(flags.issuer_url) if flags.issuer_url else ():
        problems.add(issuer, problem)
    if not flags.client_id:
        problems.add(client, "expected the client id that tokens are for")
    if not flags.username_claim:
        problems.add(_at("username-claim"), "expected the name of a claim")
    for algorithm in flags.signing_algs:
        if algorithm not in ALGORITHMS:
            problems.add(_at("signing-algs"), f"`{algorithm}`: expected {', '.join(ALGORITHMS)}")
    wrong = authority_fault(flags.ca) if flags.ca else ""
    if wrong:
        problems.add(_at("ca-file"), wrong)
    problems.raise_if_any()
    groups = Source(_at("groups-claim"), flags.groups_claim, flags.groups_prefix)
    one = JwtAuthenticator(
        issuer,
        flags.issuer_url,
        (flags.client_id,),
        Source(
            _at("username-claim"),
            flags.username_claim,
            username_prefix(flags.username_prefix, flags.username_claim, flags.issuer_url),
        ),
        groups if flags.groups_claim else None,
        required=tuple(
            RequiredClaim(_at("required-claim"), claim, value)
            for claim, value in flags.required_claims.items()
        ),
        certificate_authority=flags.ca,
        algorithms=flags.signing_algs or DEFAULT_ALGORITHMS,
        audiences_at=client,
        algorithms_at=_at("signing-algs"),
    )
    return OidcConfiguration({one.issuer: one})


def username_prefix(prefix: str, claim: str, issuer: str) -> str:
    """Return what stands before user names: nothing for ``-`` and, if not given, for ``email``."""
    if prefix == NO_PREFIX or (not prefix and claim == EMAIL):
        return ""
    return prefix or f"{issuer}#"


def _at(name: str) -> Ref:
    return Ref(f"--oidc-{name}")
