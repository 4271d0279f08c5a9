"""An OIDC identity provider of an EKS cluster: the fields of ``OidcIdentityProviderConfigRequest``.

Source: EKS User Guide, "Grant users access to Kubernetes with an external OIDC provider"; EKS API
Reference, "AssociateIdentityProviderConfig".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sekisho.decide.authn.oidc.code import OidcFault
from sekisho.decide.authn.oidc.flags import username_prefix
from sekisho.decide.authn.oidc.issuer_rules import url_faults
from sekisho.decide.authn.oidc.members import Members, Problems
from sekisho.decide.authn.oidc.model import (
    DEFAULT_ALGORITHMS,
    JwtAuthenticator,
    OidcConfiguration,
    RequiredClaim,
    Source,
)
from sekisho.decide.values import Json, Ref

MAX_PROVIDERS: Final = 10
"""From Kubernetes 1.32; before there is one."""
MAX_CLAIM_CHARS: Final = 63
MAX_VALUE_CHARS: Final = 253
SAME_AS_CLUSTER: Final = "Identity Provider URL cannot be same as OpenID Connect (OIDC) issuer URL"

_FIELDS: Final = (
    "identityProviderConfigName",
    "issuerUrl",
    "clientId",
    "usernameClaim",
    "usernamePrefix",
    "groupsClaim",
    "groupsPrefix",
    "requiredClaims",
)
_SYSTEM: Final = "system:"
_SEVERAL_FROM: Final = (1, 32)


@dataclass(frozen=True, slots=True)
class EksCluster:
    """What the rules ask of the cluster: version (``1.34``), own issuer, who is associated already."""

    version: str
    issuer: str = ""
    names: Sequence[str] = ()
    issuers: Sequence[str] = ()


def read_provider(request: Mapping[str, Json], cluster: EksCluster, at: Ref) -> OidcConfiguration:
    """Return the configuration that an association makes.

    Raises:
        SekishoInputError: a field is missing, or breaks a limit of EKS.
    """
    problems = Problems(OidcFault.PROVIDER)
    found = problems.members(request, at, _FIELDS)
    issuer, claim = found.text("issuerUrl"), found.text("usernameClaim") or "sub"
    for name in ("identityProviderConfigName", "issuerUrl", "clientId"):
        if not found.text(name):
            problems.add(at.child(name), "expected a value")
    for problem in url_faults(issuer) if issuer else ():
        problems.add(at.child("issuerUrl"), problem)
    if cluster.issuer and issuer == cluster.issuer:
        problems.add(at.child("issuerUrl"), SAME_AS_CLUSTER)
    _check_count(found, issuer, cluster, problems)
    for name in ("usernamePrefix", "groupsPrefix"):
        if _SYSTEM in found.text(name):
            problems.add(at.child(name), f"a prefix does not contain {_SYSTEM}")
    required = _required(found, problems)
    problems.raise_if_any()
    groups = Source(at.child("groupsClaim"), found.text("groupsClaim"), found.text("groupsPrefix"))
    one = JwtAuthenticator(
        at,
        issuer,
        (found.text("clientId"),),
        Source(
            at.child("usernameClaim"), claim, username_prefix(found.text("usernamePrefix"), claim, issuer)
        ),
        groups if groups.claim else None,
        required=required,
        algorithms=DEFAULT_ALGORITHMS,
        audiences_at=at.child("clientId"),
        algorithms_at=at,
    )
    return OidcConfiguration({issuer: one})


def _check_count(found: Members, issuer: str, cluster: EksCluster, problems: Problems) -> None:
    numbers = tuple(int(part) for part in cluster.version.split(".")[:2] if part.isdecimal())
    most = MAX_PROVIDERS if numbers >= _SEVERAL_FROM else 1
    name = found.text("identityProviderConfigName")
    at = found.at.child("identityProviderConfigName")
    if name in cluster.names:
        problems.add(at, f"`{name}` is associated already", "disassociate it first: there is no update")
    elif len(cluster.names) >= most:
        problems.add(at, f"a cluster of version {cluster.version} has at most {most} identity providers")
    if issuer in cluster.issuers:
        problems.add(found.at.child("issuerUrl"), "the issuer is associated already")


def _required(found: Members, problems: Problems) -> tuple[RequiredClaim, ...]:
    at = found.at.child("requiredClaims")
    value = found.value("requiredClaims")
    if value is not None and not isinstance(value, dict):
        problems.add(at, "expected a mapping")
        value = None
    claims: list[RequiredClaim] = []
    for name, wanted in (value or {}).items():
        place = at.child(name)
        if not 1 <= len(name) <= MAX_CLAIM_CHARS:
            problems.add(place, f"the name of a claim has 1 to {MAX_CLAIM_CHARS} characters")
        if not isinstance(wanted, str) or not 1 <= len(wanted) <= MAX_VALUE_CHARS:
            problems.add(place, f"a required value has 1 to {MAX_VALUE_CHARS} characters")
        else:
            claims.append(RequiredClaim(place, name, wanted))
    return tuple(claims)
