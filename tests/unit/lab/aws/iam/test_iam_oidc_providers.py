"""OIDC providers: one per issuer and account, by the URL as AWS keeps it."""

import base64
import hashlib

import pytest

from sekisho.facts import OpenIdConnectProvider
from unit.lab.aws.iam.build import ACCOUNT, ISSUER, NOW, OTHER, Iam

ARN = f"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"
THUMBPRINT = "9E99A48A9960B14926BB7F3B02E22DA2B0AB7280"
CERTIFICATE = b"certificate"
PEM = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(CERTIFICATE).decode()}\n-----END CERTIFICATE-----\n"
AUTHORITY = base64.b64encode(PEM.encode()).decode()

URLS = {
    "as the issuer writes it": (f"https://{ISSUER}", ISSUER),
    "with the default port, as eksctl sends it": (
        f"https://{ISSUER.replace('.com/', '.com:443/')}",
        ISSUER,
    ),
    "without a path": ("https://idp.example.com", "idp.example.com"),
    "a trailing slash is another issuer": ("https://idp.example.com/", "idp.example.com/"),
    "another port stays": ("https://idp.example.com:8443/a", "idp.example.com:8443/a"),
    "a default port without a path": ("https://idp.example.com:443", "idp.example.com"),
}


@pytest.mark.parametrize(("url", "kept"), URLS.values(), ids=URLS.keys())
def test_the_url_is_kept_without_scheme_and_default_port(url: str, kept: str) -> None:
    iam = Iam()
    made = iam.ask("CreateOpenIDConnectProvider", Url=url, ClientIDList=["sts.amazonaws.com"])
    assert made == {"OpenIDConnectProviderArn": f"arn:aws:iam::111122223333:oidc-provider/{kept}"}
    described = iam.ask("GetOpenIDConnectProvider", **made)
    assert (described["Url"], described["ClientIDList"]) == (kept, ["sts.amazonaws.com"])
    refused = iam.refusal("CreateOpenIDConnectProvider", Url=url)
    assert refused == ("EntityAlreadyExists", f"Provider with url https://{kept} already exists.", 409)


INVALID = {
    "no scheme": ISSUER,
    "no TLS": f"http://{ISSUER}",
    "a query": "https://idp.example.com/?a=b",
    "a fragment": "https://idp.example.com/#a",
    "no host": "https:///a",
    "credentials": "https://u@idp.example.com",
    "white space": "https://idp.example.com/a b",
}


@pytest.mark.parametrize("url", INVALID.values(), ids=INVALID.keys())
def test_what_is_no_url_of_a_provider(url: str) -> None:
    refused = Iam().refusal("CreateOpenIDConnectProvider", Url=url)
    assert refused == ("ValidationError", "Invalid Open ID Connect Provider URL", 400)


def test_every_account_registers_an_issuer_by_itself() -> None:
    iam = Iam(OpenIdConnectProvider(OTHER, ISSUER, NOW))
    iam.ask("CreateOpenIDConnectProvider", Url=f"https://{ISSUER}")
    assert iam.ask("ListOpenIDConnectProviders") == {"OpenIDConnectProviderList": [{"Arn": ARN}]}


def test_tags_come_back() -> None:
    iam = Iam()
    tags = [{"Key": "alpha.eksctl.io/cluster-name", "Value": "eks-clu"}]
    made = iam.ask("CreateOpenIDConnectProvider", Url=f"https://{ISSUER}", Tags=tags)
    assert made["Tags"] == tags
    assert iam.ask("GetOpenIDConnectProvider", OpenIDConnectProviderArn=ARN)["Tags"] == tags


THUMBPRINTS = {
    "given": (f"https://{ISSUER}", [THUMBPRINT], [THUMBPRINT]),
    "the lab's authority for a name of AWS": (
        f"https://{ISSUER}",
        None,
        [hashlib.sha1(CERTIFICATE, usedforsecurity=False).hexdigest()],
    ),
    "unknown for another name": ("https://idp.example.com", None, []),
    "a name that only looks like AWS's": ("https://evilamazonaws.com", None, []),
}


@pytest.mark.parametrize(("url", "given", "kept"), THUMBPRINTS.values(), ids=THUMBPRINTS.keys())
def test_thumbprints(url: str, given: list[str] | None, kept: list[str]) -> None:
    iam = Iam(authority=AUTHORITY)
    parameters = {"ThumbprintList": given} if given else {}
    made = iam.ask("CreateOpenIDConnectProvider", Url=url, **parameters)
    assert iam.ask("GetOpenIDConnectProvider", **made)["ThumbprintList"] == kept


def test_the_lists_have_limits() -> None:
    iam = Iam()
    url = f"https://{ISSUER}"
    refused = iam.refusal("CreateOpenIDConnectProvider", Url=url, ThumbprintList=[THUMBPRINT] * 6)
    assert refused == ("InvalidInput", "Thumbprint list must contain fewer than 5 entries.", 400)
    assert iam.refusal("CreateOpenIDConnectProvider", Url=url, ThumbprintList=["x" * 40])[0] == (
        "ValidationError"
    )
    clients = [f"c{at}" for at in range(101)]
    refused = iam.refusal("CreateOpenIDConnectProvider", Url=url, ClientIDList=clients)
    sentence = "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100"
    assert refused == ("LimitExceeded", sentence, 409)
    iam.ask(
        "CreateOpenIDConnectProvider", Url=url, ClientIDList=clients[:100], ThumbprintList=[THUMBPRINT] * 5
    )
    refused = iam.refusal(
        "AddClientIDToOpenIDConnectProvider", OpenIDConnectProviderArn=ARN, ClientID="one-more"
    )
    assert refused == ("LimitExceeded", sentence, 409)
    iam.ask("AddClientIDToOpenIDConnectProvider", OpenIDConnectProviderArn=ARN, ClientID="c0")


def test_the_quota_of_providers() -> None:
    iam = Iam(*(OpenIdConnectProvider(ACCOUNT, f"idp{at}.example.com", NOW) for at in range(99)))
    iam.ask("CreateOpenIDConnectProvider", Url="https://last.example.com")
    refused = iam.refusal("CreateOpenIDConnectProvider", Url="https://more.example.com")
    sentence = "Cannot exceed quota for OpenIdConnectProvidersPerAccount: 100"
    assert refused == ("LimitExceeded", sentence, 409)


def test_audiences_and_thumbprints_change() -> None:
    iam = Iam(OpenIdConnectProvider(ACCOUNT, ISSUER, NOW, ("a",)))
    who = {"OpenIDConnectProviderArn": ARN}
    iam.ask("AddClientIDToOpenIDConnectProvider", **who, ClientID="b")
    iam.ask("AddClientIDToOpenIDConnectProvider", **who, ClientID="b")
    iam.ask("RemoveClientIDFromOpenIDConnectProvider", **who, ClientID="a")
    iam.ask("RemoveClientIDFromOpenIDConnectProvider", **who, ClientID="absent")
    iam.ask("UpdateOpenIDConnectProviderThumbprint", **who, ThumbprintList=[THUMBPRINT])
    described = iam.ask("GetOpenIDConnectProvider", **who)
    assert (described["ClientIDList"], described["ThumbprintList"]) == (["b"], [THUMBPRINT])


def test_deleting_a_provider_twice_is_no_error() -> None:
    iam = Iam(OpenIdConnectProvider(ACCOUNT, ISSUER, NOW))
    for _ in range(2):
        iam.ask("DeleteOpenIDConnectProvider", OpenIDConnectProviderArn=ARN)
    refused = iam.refusal("GetOpenIDConnectProvider", OpenIDConnectProviderArn=ARN)
    assert refused == ("NoSuchEntity", f"OpenIDConnect Provider not found for arn {ARN}", 404)


@pytest.mark.parametrize("arn", ["not-an-arn-of-anything", "arn:aws:iam::111122223333:role/app"])
def test_what_is_no_arn_of_a_provider(arn: str) -> None:
    for operation in ("GetOpenIDConnectProvider", "DeleteOpenIDConnectProvider"):
        refused = Iam().refusal(operation, OpenIDConnectProviderArn=arn)
        assert refused == ("InvalidInput", f"ARN {arn} is not valid.", 400)
