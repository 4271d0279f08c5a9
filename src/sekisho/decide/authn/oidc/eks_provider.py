"""An OIDC identity provider of an EKS cluster: the fields of ``OidcIdentityProviderConfigRequest``.

Source: EKS User Guide, "Grant users access to Kubernetes with an external OIDC provider"; EKS API
Reference, "AssociateIdentityProviderConfig".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sekisho.decide.authn.oidc.code import OidcFault, OidcFix, OidcNear
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
from sekisho.decide.decision import Decision, Repair, Step
from sekisho.decide.values import InputFault, Json, KubeUser, Ref
from sekisho.decide.values.documents import to_json

MAX_PROVIDERS: Final = 10
"""From Kubernetes 1.32; before there is one."""
PROVIDERS: Final = "identityProviders"
"""What a cluster's providers are listed under: a refusal names ``identityProviders.NAME.clientId``."""
MAX_CLAIM_CHARS: Final = 63
MAX_VALUE_CHARS: Final = 253
MAX_REQUEST_BYTES: Final = 12 * 1024
"""Of all the providers of a cluster together."""
SAME_AS_CLUSTER: Final = (
    "Incorrect Identity Provider URL configuration. "
    "The Identity Provider URL cannot be same as OpenID Connect (OIDC) issuer URL"
)

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
    """What the rules ask of the cluster: version (``1.34``), own issuer, who is associated already.

    ``used_bytes`` is the size of those, as JSON.
    """

    version: str
    issuer: str = ""
    names: Sequence[str] = ()
    issuers: Sequence[str] = ()
    used_bytes: int = 0


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
    _check_count(found, issuer, cluster, problems.found)
    if cluster.used_bytes + len(to_json(dict(request))) > MAX_REQUEST_BYTES:
        problem = f"the identity providers of a cluster have at most {MAX_REQUEST_BYTES} bytes together"
        problems.found.append(InputFault(OidcFault.PROVIDER_LIMIT, at, problem))
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
        issuer_at=at.child("issuerUrl"),
    )
    return OidcConfiguration({issuer: one})


def most_providers(version: str) -> int:
    """Return how many identity providers a cluster of ``version`` may have."""
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
    return MAX_PROVIDERS if numbers >= _SEVERAL_FROM else 1


def _check_count(found: Members, issuer: str, cluster: EksCluster, faults: list[InputFault]) -> None:
    most = most_providers(cluster.version)
    name = found.text("identityProviderConfigName")
    at = found.at.child("identityProviderConfigName")
    if name in cluster.names:
        problem, hint = f"`{name}` is associated already", "disassociate it first: there is no update"
        faults.append(InputFault(OidcFault.PROVIDER_IN_USE, at, problem, hint))
    elif len(cluster.names) >= most:
        what = "identity provider" if most == 1 else "identity providers"
        problem = f"a cluster of version {cluster.version} has at most {most} {what}"
        faults.append(InputFault(OidcFault.PROVIDER_LIMIT, at, problem))
    if issuer in cluster.issuers:
        at = found.at.child("issuerUrl")
        faults.append(InputFault(OidcFault.PROVIDER_IN_USE, at, "the issuer is associated already"))


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


def for_providers(decision: Decision[KubeUser]) -> Decision[KubeUser]:
    """Return a refusal with repairs that EKS knows: its identity providers are associated, never changed."""
    near = tuple(_matching_issuer(step) for step in decision.nearest if step.code is OidcNear.ISSUER)
    repairs = tuple(told for one in decision.repairs for told in _as_eks_does(one))
    return replace(decision, repairs=(*near, *repairs))


def _as_eks_does(repair: Repair) -> tuple[Repair, ...]:
    told = dict(repair.facts)
    match repair.code:
        case OidcFix.ADD_AUDIENCE:
            return (_reassociate(told["setting"], f"with clientId `{told['audience']}`"),)
        case OidcFix.ADD_ISSUER:
            return (Repair(OidcFix.ASSOCIATE, (("issuer", told["issuer"]),)),)
        case OidcFix.ALLOW_ALGORITHM:
            return ()  # RS256 is the only one there
        case _:
            return (repair,)


def _matching_issuer(step: Step) -> Repair:
    told = dict(step.facts)
    return _reassociate(told["setting"], f"with issuerUrl `{told['issuer']}`")


def _reassociate(setting: str, change: str) -> Repair:
    name = setting.removeprefix(PROVIDERS).rpartition(".")[0].strip(".[]")
    return Repair(OidcFix.REASSOCIATE, (("provider", name), ("change", change)))
