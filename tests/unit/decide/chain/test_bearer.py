"""Which checkpoint a bearer token is for, before anything about it is believed."""

from typing import Any

import pytest

from sekisho.decide.chain import LinkName, checkpoint_of
from support.jwt import compact

OWN, CORP, OTHER = "https://oidc.eks.example/id/A", "https://id.example.com", "https://oidc.eks.example/id/B"
GOOGLE = "https://accounts.google.com"


def token(claims: Any) -> str:
    return compact({"alg": "none"}, claims, lambda _: b"")


CASES: dict[str, tuple[str, LinkName]] = {
    "a token of IAM": ("k8s-aws-v1.aHR0cHM6Ly9zdHM", LinkName.TOKEN),
    "no token at all": ("", LinkName.TOKEN),
    "two parts": ("a.b", LinkName.TOKEN),
    "claims that are no JSON": ("a.YQ.c", LinkName.TOKEN),
    "claims with one member twice": (
        f"{token({}).split('.')[0]}.eyJhIjoxLCJhIjoyfQ.c",
        LinkName.ID_TOKEN,
    ),
    "an encrypted token": ("eyJhbGciOiJSU0EtT0FFUCJ9.b.c.d.e", LinkName.ID_TOKEN),
    "JSON that is no token": ("eyJh.b", LinkName.TOKEN),
    "the cluster's own issuer": (token({"iss": OWN}), LinkName.SERVICE_ACCOUNT),
    "a token of a Secret": (token({"iss": "kubernetes/serviceaccount"}), LinkName.SERVICE_ACCOUNT),
    "another cluster's token": (token({"iss": OTHER, "kubernetes.io": {}}), LinkName.SERVICE_ACCOUNT),
    "another cluster that is a provider": (token({"iss": CORP, "kubernetes.io": {}}), LinkName.ID_TOKEN),
    "a provider": (token({"iss": CORP}), LinkName.ID_TOKEN),
    "google without a scheme": (
        token({"iss": "accounts.google.com", "kubernetes.io": {}}),
        LinkName.ID_TOKEN,
    ),
    "an issuer that is no provider": (token({"iss": f"{CORP}/"}), LinkName.ID_TOKEN),
    "an issuer that is a list": (token({"iss": [OWN]}), LinkName.ID_TOKEN),
    "no issuer": (token({}), LinkName.ID_TOKEN),
    "claims that are a list": (token([OWN]), LinkName.ID_TOKEN),
}


@pytest.mark.parametrize("name", CASES)
def test_checkpoint(name: str) -> None:
    text, expected = CASES[name]
    assert checkpoint_of(text, OWN, {CORP, GOOGLE}) is expected
