"""The configuration of issuers: files, flags, EKS; every fault with its place.

Sources: Kubernetes, "Using Authentication Configuration" and "Using flags"; EKS User Guide, "Grant users
access to Kubernetes with an external OIDC provider". The faults of files are held to a real API server
in ``tests/e2e/test_real_oidc.py``.
"""

from typing import Any

import pytest
import yaml

from sekisho.decide.authn.oidc.authenticate import conclude, plan
from sekisho.decide.authn.oidc.code import OidcFault
from sekisho.decide.authn.oidc.configuration import configuration_of, read_configuration
from sekisho.decide.authn.oidc.eks_provider import (
    MAX_REQUEST_BYTES,
    SAME_AS_CLUSTER,
    EksCluster,
    for_providers,
    read_provider,
)
from sekisho.decide.authn.oidc.flags import OidcFlags, read_flags
from sekisho.decide.authn.oidc.issuer_rules import url_faults
from sekisho.decide.authn.oidc.model import ALGORITHMS, DEFAULT_ALGORITHMS, setting
from sekisho.decide.decision import Decision
from sekisho.decide.values import Ref, SekishoInputError
from support.https_site import certificate
from support.oidc_build import ISSUER, NOW, claims, document, entry, keys, token
from support.oidc_cases import REFUSED

OWN = "https://kubernetes.default.svc.cluster.local"


def faults(value: Any) -> dict[str, str]:
    with pytest.raises(SekishoInputError) as error:
        configuration_of(value, Ref("auth.yaml"), [OWN])
    return {setting(fault.at): fault.problem for fault in error.value.faults}


def changed(change: dict[str, Any]) -> dict[str, Any]:
    base = entry()
    if "issuer" not in change:
        return {**base, **change}
    return {**base, "issuer": {**base["issuer"], **change["issuer"]} if change["issuer"] else None}


@pytest.mark.parametrize("change", REFUSED.values(), ids=REFUSED.keys())
def test_a_setting_that_is_wrong_is_named(change: dict[str, Any]) -> None:
    found = faults(document(changed(change)))
    assert all(place.startswith("jwt[0]") for place in found)


PLACES: dict[str, tuple[Any, str]] = {
    "no mapping": ([], "auth.yaml"),
    "an unknown version": ({**document(), "apiVersion": "v1"}, "apiVersion"),
    "another kind": ({**document(), "kind": "Pod"}, "kind"),
    "an issuer twice": (document(entry(), entry()), "jwt[1].issuer.url"),
    "a discovery URL twice": (
        document(*(entry(issuer={"url": f"{ISSUER}/{n}", "discoveryURL": "https://d.e"}) for n in "ab")),
        "jwt[1].issuer.discoveryURL",
    ),
    "too many": (document(*[entry()] * 65), "jwt"),
    "a list for a mapping": (document(entry(claimMappings=[])), "jwt[0].claimMappings"),
    "anonymous by a word": (document(anonymous={"enabled": "yes"}), "anonymous.enabled"),
    "conditions without": (document(anonymous={"conditions": [{"path": "/x"}]}), "anonymous.conditions"),
    "a condition that is none": (
        document(anonymous={"enabled": True, "conditions": [{"path": 1}]}), "anonymous.conditions[0].path"
    ),
    "a number for text": (document(entry(issuer={"url": 5})), "jwt[0].issuer.url"),
}  # fmt: skip


@pytest.mark.parametrize(("value", "place"), PLACES.values(), ids=PLACES.keys())
def test_a_file_that_is_wrong_as_a_whole(value: Any, place: str) -> None:
    assert place in faults(value)


def test_faults_have_lines_and_all_are_told_at_once() -> None:
    text = yaml.safe_dump(document(entry(issuer={"url": "http://x.example", "audiences": []})))
    with pytest.raises(SekishoInputError) as error:
        read_configuration("auth.yaml", text)
    lines = text.splitlines()
    told = {setting(fault.at): lines[fault.line - 1].strip() for fault in error.value.faults}
    assert told == {"jwt[0].issuer.url": "url: http://x.example", "jwt[0].issuer.audiences": "audiences: []"}
    with pytest.raises(SekishoInputError) as missing:
        read_configuration("auth.yaml", "jwt: []\n")
    assert {fault.line for fault in missing.value.faults} == {1}


def test_a_good_file(tmp_path: Any) -> None:
    pem = certificate(tmp_path).read_text()
    more = {
        "discoveryURL": "https://in.example/d",
        "certificateAuthority": pem,
        "egressSelectorType": "cluster",
    }
    several = {"audiences": ["a", "b"], "audienceMatchPolicy": "MatchAny"}
    full = entry(issuer={**more, **several})
    text = yaml.safe_dump(document(full, anonymous={"enabled": True, "conditions": [{"path": "/livez"}]}))
    found = read_configuration("auth.yaml", text).issuers[ISSUER]
    assert found.discovery_url == "https://in.example/d"
    assert found.audiences == ("a", "b")
    assert found.algorithms == ALGORITHMS
    assert found.certificate_authority == pem
    assert pem not in repr(found)
    assert (
        read_configuration("auth.yaml", yaml.safe_dump(document(anonymous={"enabled": False}))).issuers == {}
    )


URLS = {
    "https://a.example": True,
    "https://a.example:8443/x/": True,
    "https://[::1]:8443": True,
    "https://a.example/%20": True,
    "https://a.example/%2": False,
    "https://a.example/ x": False,
    "https://": False,
    "https://a.example:": False,
    "https://a.example:99999": False,
    "https://a.example?": False,
    "https://a.example#": False,
    "http://a.example": False,
    "https://:p@a.example": False,
    "https://a b": False,
    "https://[x": False,
}


@pytest.mark.parametrize("url", URLS)
def test_addresses(url: str) -> None:
    assert (list(url_faults(url)) == []) is URLS[url]


def flag_faults(flags: OidcFlags) -> set[str]:
    with pytest.raises(SekishoInputError) as error:
        read_flags(flags, [OWN])
    assert {fault.code for fault in error.value.faults} == {OidcFault.FLAGS}
    return {setting(fault.at) for fault in error.value.faults}


FLAGS = {
    "nothing": (OidcFlags(), {"--oidc-issuer-url", "--oidc-client-id"}),
    "no issuer": (OidcFlags(client_id="k"), {"--oidc-issuer-url"}),
    "no client": (OidcFlags(ISSUER), {"--oidc-client-id"}),
    "plain HTTP": (OidcFlags("http://x.example", "k"), {"--oidc-issuer-url"}),
    "the cluster's own": (OidcFlags(OWN, "k"), {"--oidc-issuer-url"}),
    "no claim": (OidcFlags(ISSUER, "k", username_claim=""), {"--oidc-username-claim"}),
    "HS256": (OidcFlags(ISSUER, "k", signing_algs=("RS256", "HS256")), {"--oidc-signing-algs"}),
    "none": (OidcFlags(ISSUER, "k", signing_algs=("none",)), {"--oidc-signing-algs"}),
    "no certificate": (OidcFlags(ISSUER, "k", ca="x"), {"--oidc-ca-file"}),
}


@pytest.mark.parametrize(("flags", "places"), FLAGS.values(), ids=FLAGS.keys())
def test_flags_that_are_wrong(flags: OidcFlags, places: set[str]) -> None:
    assert flag_faults(flags) == places


PREFIXES = {
    ("", "sub"): f"{ISSUER}#",
    ("", "email"): "",
    ("-", "sub"): "",
    ("-", "email"): "",
    ("p:", "sub"): "p:",
    ("p:", "email"): "p:",
}


@pytest.mark.parametrize(("prefix", "claim"), PREFIXES)
def test_the_prefix_of_user_names(prefix: str, claim: str) -> None:
    found = read_flags(OidcFlags(ISSUER, "k", username_claim=claim, username_prefix=prefix)).issuers[ISSUER]
    assert found.username.prefix == PREFIXES[prefix, claim]
    eks = {"identityProviderConfigName": "n", "issuerUrl": ISSUER, "clientId": "k"}
    eks |= {"usernameClaim": claim, "usernamePrefix": prefix}
    provider = read_provider(eks, EksCluster("1.34"), Ref("request")).issuers[ISSUER]
    assert provider.username.prefix == PREFIXES[prefix, claim]


def test_flags_that_are_good() -> None:
    flags = OidcFlags(
        ISSUER, "k", groups_claim="g", groups_prefix="-", required_claims={"a": "b"}, signing_algs=()
    )
    found = read_flags(flags).issuers[ISSUER]
    assert found.groups is not None
    assert found.groups.prefix == "-"
    assert [(one.claim, one.value) for one in found.required] == [("a", "b")]
    assert found.algorithms == DEFAULT_ALGORITHMS


REQUEST = {"identityProviderConfigName": "corp", "issuerUrl": ISSUER, "clientId": "kube"}
CLUSTER = EksCluster("1.34", "https://oidc.eks.example/id/X", ("other",), ("https://other.example",))
FULL = EksCluster("1.34", used_bytes=MAX_REQUEST_BYTES - 50)
LIMITS: dict[str, tuple[dict[str, Any], EksCluster, str]] = {
    "no name": ({"identityProviderConfigName": ""}, CLUSTER, "identityProviderConfigName"),
    "no issuer": ({"issuerUrl": None}, CLUSTER, "issuerUrl"),
    "no client": ({"clientId": ""}, CLUSTER, "clientId"),
    "plain HTTP": ({"issuerUrl": "http://x.example"}, CLUSTER, "issuerUrl"),
    "a query": ({"issuerUrl": "https://x.example?a=b"}, CLUSTER, "issuerUrl"),
    "the cluster's own issuer": ({"issuerUrl": CLUSTER.issuer}, CLUSTER, "issuerUrl"),
    "an issuer twice": ({"issuerUrl": "https://other.example"}, CLUSTER, "issuerUrl"),
    "a name twice": ({"identityProviderConfigName": "other"}, CLUSTER, "identityProviderConfigName"),
    "a second one before 1.32": ({}, EksCluster("1.31", "", ("a",)), "identityProviderConfigName"),
    "an eleventh": ({}, EksCluster("1.32", "", tuple("abcdefghij")), "identityProviderConfigName"),
    "system: as a prefix": ({"usernamePrefix": "system:"}, CLUSTER, "usernamePrefix"),
    "system: within a prefix": ({"groupsPrefix": "a-system:b"}, CLUSTER, "groupsPrefix"),
    "claims as a list": ({"requiredClaims": ["a"]}, CLUSTER, "requiredClaims"),
    "a name of none": ({"requiredClaims": {"": "v"}}, CLUSTER, "requiredClaims."),
    "a long name": ({"requiredClaims": {"a" * 64: "v"}}, CLUSTER, f"requiredClaims.{'a' * 64}"),
    "an empty value": ({"requiredClaims": {"a": ""}}, CLUSTER, "requiredClaims.a"),
    "a long value": ({"requiredClaims": {"a": "v" * 254}}, CLUSTER, "requiredClaims.a"),
    "a value that is a number": ({"requiredClaims": {"a": 1}}, CLUSTER, "requiredClaims.a"),
    "more than 12 KiB with the others": ({}, FULL, "request"),
    "an unknown field": ({"issuerURL": ISSUER}, CLUSTER, "issuerURL"),
}


COUNTED = {
    "an issuer twice": OidcFault.PROVIDER_IN_USE,
    "a name twice": OidcFault.PROVIDER_IN_USE,
    "a second one before 1.32": OidcFault.PROVIDER_LIMIT,
    "an eleventh": OidcFault.PROVIDER_LIMIT,
    "more than 12 KiB with the others": OidcFault.PROVIDER_LIMIT,
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_of_eks(name: str) -> None:
    change, cluster, place = LIMITS[name]
    with pytest.raises(SekishoInputError) as error:
        read_provider(REQUEST | change, cluster, Ref("request"))
    assert place in {setting(fault.at) for fault in error.value.faults}
    assert {fault.code for fault in error.value.faults} == {COUNTED.get(name, OidcFault.PROVIDER)}


def test_the_cluster_s_own_issuer_is_refused_in_aws_s_words() -> None:
    with pytest.raises(SekishoInputError, match=SAME_AS_CLUSTER.replace("(", r"\(").replace(")", r"\)")):
        read_provider(REQUEST | {"issuerUrl": CLUSTER.issuer}, CLUSTER, Ref("request"))


def test_what_eks_takes() -> None:
    largest = {"a" * 63: "v" * 253}
    more: dict[str, Any] = {"groupsClaim": "g", "groupsPrefix": "g:", "requiredClaims": largest}
    for version in ("1.31", "1.32"):
        names = () if version == "1.31" else tuple("abcdefghi")
        found = read_provider(REQUEST | more, EksCluster(version, "", names), Ref("request")).issuers[ISSUER]
        assert found.groups is not None
        assert [(one.claim, one.value) for one in found.required] == [*largest.items()]
        assert found.algorithms == DEFAULT_ALGORITHMS


def repaired(told: dict[str, Any], algorithm: str = "RS256", name: str = "corp") -> list[str]:
    """Return what a cluster with the provider of `REQUEST` proposes to the bearer of ``told``."""
    at = Ref("cluster", "/identityProviders").child(name)
    provider = read_provider(REQUEST | {"requiredClaims": {"hd": "example.com"}}, EksCluster("1.34"), at)
    asked = plan(token(told, algorithm), provider, NOW)
    found = asked if isinstance(asked, Decision) else conclude(asked, keys())
    assert isinstance(found, Decision)
    assert not found.allowed
    return [one.sentence() for one in for_providers(found).repairs]


AGAIN = "EKS changes no identity provider: disassociate `{}` and associate it again, with {}"
REPAIRS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "another client": (claims(aud="web"), [AGAIN.format("corp", "clientId `web`")]),
    "a slash at the end": (claims(iss=f"{ISSUER}/"), [AGAIN.format("corp", f"issuerUrl `{ISSUER}/`")]),
    "another issuer": (
        claims(iss="https://else.example"),
        [
            "associate an identity provider with issuerUrl `https://else.example`, if it is to be trusted",
        ],
    ),
    "another value": (
        claims(hd="example.org"),
        [f"change identityProviders.corp.requiredClaims.hd, or have {ISSUER} issue what it asks for"],
    ),
}


@pytest.mark.parametrize("name", REPAIRS)
def test_repairs_are_what_eks_can_do(name: str) -> None:
    told, sentences = REPAIRS[name]
    assert repaired(told) == sentences


def test_no_repair_proposes_an_algorithm_that_eks_does_not_take() -> None:
    assert repaired(claims(), "RS512") == []


@pytest.mark.parametrize("name", ["7", "a.b", "x"])
def test_a_repair_names_the_provider_whatever_its_name(name: str) -> None:
    assert repaired(claims(aud="web"), name=name) == [AGAIN.format(name, "clientId `web`")]
