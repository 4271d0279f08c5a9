"""An ``AuthenticationConfiguration`` file: read whole, every fault with its place and line.

Source: ``apiserver.config.k8s.io`` and its validation in kube-apiserver. As there, names of members are
exact, unknown and repeated ones are faults, and a list of no issuers is good.
"""

from collections.abc import Collection
from typing import Final

from sekisho.decide.authn.oidc.claim_mappings import read_mappings
from sekisho.decide.authn.oidc.issuer_rules import authority_fault, is_same_but_for_slashes, url_faults
from sekisho.decide.authn.oidc.members import Members, Problems
from sekisho.decide.authn.oidc.model import ALGORITHMS, JwtAuthenticator, OidcConfiguration
from sekisho.decide.authn.oidc.validation_rules import read_claim_rules, read_user_rules
from sekisho.decide.values import InputFault, Json, Ref, SekishoInputError
from sekisho.decide.values.documents import line_of, parse_yaml

KIND: Final = "AuthenticationConfiguration"
GROUP: Final = "apiserver.config.k8s.io"
VERSIONS: Final = tuple(f"{GROUP}/{version}" for version in ("v1", "v1beta1", "v1alpha1"))
MAX_ISSUERS: Final = 64
MATCH_ANY: Final = "MatchAny"
EGRESS: Final = ("controlplane", "cluster")


def read_configuration(name: str, text: str, disallowed_issuers: Collection[str] = ()) -> OidcConfiguration:
    """Return the configuration in the file ``name``.

    ``disallowed_issuers`` are those of the cluster's own service account tokens.

    Raises:
        SekishoInputError: it is none, or breaks a rule; every fault with its line.
    """
    value = parse_yaml(text, name)
    try:
        return configuration_of(value, Ref(name), disallowed_issuers)
    except SekishoInputError as error:
        raise SekishoInputError(
            InputFault(f.code, f.at, f.problem, f.hint, f.line or _line(text, f.at)) for f in error.faults
        ) from None


def configuration_of(value: Json, at: Ref, disallowed_issuers: Collection[str] = ()) -> OidcConfiguration:
    """Return the configuration that ``value``, a document that was read, holds.

    Raises:
        SekishoInputError: it breaks a rule; every fault with its place.
    """
    problems = Problems()
    top = problems.members(value, at, ("apiVersion", "kind", "jwt", "anonymous"))
    if top.text("apiVersion") not in VERSIONS:
        problems.add(at.child("apiVersion"), f"expected one of {', '.join(VERSIONS)}")
    if top.text("kind") != KIND:
        problems.add(at.child("kind"), f"expected {KIND}")
    _read_anonymous(top, problems)
    entries, issuers = top.items("jwt"), at.child("jwt")
    if len(entries) > MAX_ISSUERS:
        problems.add(issuers, f"at most {MAX_ISSUERS} issuers, found {len(entries)}")
        entries = ()
    found: dict[str, JwtAuthenticator] = {}
    discoveries: set[str] = set()
    for index, entry in enumerate(entries):
        one = _read_authenticator(entry, issuers.child(index), problems, disallowed_issuers)
        place = one.at.child("issuer")
        if one.issuer and one.issuer in found:
            problems.add(place.child("url"), f"`{one.issuer}` is configured already")
        if one.discovery_url and one.discovery_url in discoveries:
            problems.add(place.child("discoveryURL"), f"`{one.discovery_url}` is configured already")
        found[one.issuer] = one
        discoveries.add(one.discovery_url)
    problems.raise_if_any()
    return OidcConfiguration(found)


def _read_authenticator(
    value: Json, at: Ref, problems: Problems, disallowed: Collection[str]
) -> JwtAuthenticator:
    entry = problems.members(
        value, at, ("issuer", "claimMappings", "claimValidationRules", "userValidationRules")
    )
    issuer = problems.members(
        entry.value("issuer"),
        at.child("issuer"),
        (
            "url",
            "discoveryURL",
            "certificateAuthority",
            "audiences",
            "audienceMatchPolicy",
            "egressSelectorType",
        ),
    )
    url, discovery = issuer.text("url"), issuer.text("discoveryURL")
    _check_addresses(issuer, url, discovery, problems, disallowed)
    audiences = _audiences(issuer, problems)
    authority = issuer.text("certificateAuthority")
    wrong = authority_fault(authority) if authority else ""
    if wrong:
        problems.add(issuer.at.child("certificateAuthority"), wrong)
    egress = issuer.text("egressSelectorType")
    if egress and egress not in EGRESS:
        problems.add(issuer.at.child("egressSelectorType"), f"expected one of {', '.join(EGRESS)}")
    required, claim_rules = read_claim_rules(
        entry.items("claimValidationRules"), at.child("claimValidationRules"), problems
    )
    mappings = read_mappings(entry.value("claimMappings"), at.child("claimMappings"), claim_rules, problems)
    user_rules = read_user_rules(
        entry.items("userValidationRules"), at.child("userValidationRules"), problems
    )
    return JwtAuthenticator(
        at,
        url,
        audiences,
        mappings.username,
        mappings.groups,
        mappings.uid,
        mappings.extra,
        required,
        claim_rules,
        user_rules,
        discovery,
        authority,
        ALGORITHMS,
        issuer.at.child("audiences"),
        at,
    )


def _check_addresses(
    issuer: Members, url: str, discovery: str, problems: Problems, disallowed: Collection[str]
) -> None:
    at = issuer.at.child("url")
    if not url:
        problems.add(at, "expected the address of the issuer")
    elif url in disallowed:
        problems.add(at, "the cluster issues its own service account tokens under this address")
    for problem in url_faults(url) if url else ():
        problems.add(at, problem)
    if not discovery:
        return
    at = issuer.at.child("discoveryURL")
    if url and is_same_but_for_slashes(url, discovery):
        problems.add(at, "expected another address than url", "leave it out: url describes itself")
    for problem in url_faults(discovery):
        problems.add(at, problem)


def _audiences(issuer: Members, problems: Problems) -> tuple[str, ...]:
    at = issuer.at.child("audiences")
    audiences = issuer.texts("audiences")
    if not issuer.items("audiences"):
        problems.add(at, "expected at least one audience")
    for index, audience in enumerate(audiences):
        if not audience:
            problems.add(at.child(index), "an audience is not empty")
        elif audience in audiences[:index]:
            problems.add(at.child(index), f"`{audience}` is listed already")
    policy = issuer.text("audienceMatchPolicy")
    if len(audiences) > 1 and policy != MATCH_ANY:
        problems.add(
            issuer.at.child("audienceMatchPolicy"), f"several audiences need audienceMatchPolicy: {MATCH_ANY}"
        )
    elif policy not in ("", MATCH_ANY):
        problems.add(issuer.at.child("audienceMatchPolicy"), f"expected {MATCH_ANY} or nothing")
    return audiences


def _read_anonymous(top: Members, problems: Problems) -> None:
    at = top.at.child("anonymous")
    if top.value("anonymous") is None:
        return
    found = problems.members(top.value("anonymous"), at, ("enabled", "conditions"))
    enabled = found.value("enabled")
    if not isinstance(enabled, bool | None):
        problems.add(at.child("enabled"), "expected true or false")
    conditions = found.items("conditions")
    for index, condition in enumerate(conditions):
        problems.members(condition, at.child("conditions", index), ("path",)).text("path")
    if conditions and enabled is not True:
        problems.add(at.child("conditions"), "conditions need enabled: true")


def _line(text: str, at: Ref) -> int:
    """Return the line of a setting, of what it should be in where it is missing."""
    tokens = at.tokens()
    place = Ref(at.document)
    line = 0
    for token in tokens:
        place = place.child(token)
        line = line_of(text, place.pointer) or line
    return line or 1
