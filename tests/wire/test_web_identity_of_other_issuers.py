"""Tokens of an issuer that is not the lab's: its keys are fetched over TLS, as AWS would fetch them.

The issuer runs on loopback, and the lab trusts its certificate through SSL_CERT_FILE.
"""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sekisho.testing import running_lab
from support.boto_lab import HOME, Caller, Refused, codes_of, last_refusal, new_role, policy, profile
from support.https_site import Site, https_site, page
from support.jwt import ec_jwk, rsa_jwk, rsa_key, signed

WEB = "sts:AssumeRoleWithWebIdentity"
TAGS = "https://aws.amazon.com/tags"
SOURCE = "https://aws.amazon.com/source_identity"


@dataclass(frozen=True, slots=True)
class Ground:
    """An issuer, and an account that trusts it."""

    site: Site
    admin: Caller

    @property
    def issuer(self) -> str:
        return self.site.url()

    @property
    def url(self) -> str:
        return self.issuer.removeprefix("https://")

    def publish(self, *keys: Any) -> None:
        told = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"}
        self.site.pages = {
            "/.well-known/openid-configuration": page(json.dumps(told).encode()),
            "/jwks": page(json.dumps({"keys": list(keys)}).encode()),
        }

    def role(self, name: str, *actions: str, **conditions: Any) -> None:
        provider = f"arn:aws:iam::{HOME}:oidc-provider/{self.url}"
        found = {"Condition": conditions} if conditions else {}
        new_role(
            self.admin, name, policy(WEB, *actions, Principal={"Federated": provider}, **found), seconds=7200
        )

    def claims(self, **more: Any) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self.issuer, "sub": "mira", "aud": "app-1", "iat": now - 5, "exp": now + 600, **more}

    def ask(self, token: str, role: str) -> Any:
        return self.admin.ask("sts", "assume_role_with_web_identity", **asking(token, role))

    def refused(self, token: str, role: str) -> Refused:
        return self.admin.refused("sts", "assume_role_with_web_identity", **asking(token, role))


def asking(token: str, role: str) -> dict[str, str]:
    arn = f"arn:aws:iam::{HOME}:role/{role}"
    return {"RoleArn": arn, "RoleSessionName": "mira-1", "WebIdentityToken": token}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Serve a site from a thread of its own until the tests are done."""
    folder = tmp_path_factory.mktemp("issuer")
    ready, done = threading.Event(), asyncio.Event()
    found: list[tuple[Site, asyncio.AbstractEventLoop]] = []

    async def serve() -> None:
        async with https_site(folder) as running:
            found.append((running, asyncio.get_running_loop()))
            ready.set()
            await done.wait()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert ready.wait(10)
    running, loop = found[0]
    yield running
    loop.call_soon_threadsafe(done.set)
    thread.join(10)


@pytest.fixture(scope="module")
def ground(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(site.certificate))
        with running_lab(tmp_path_factory.mktemp("lab") / "lab") as lab:
            admin = profile(lab, "default")
            admin.ask(
                "iam",
                "create_open_id_connect_provider",
                Url=site.url(),
                ClientIDList=["app-1", "app-2"],
                ThumbprintList=["0" * 40],
            )
            yield Ground(site, admin)


def test_the_issuer_s_keys_decide_and_new_ones_are_found(ground: Ground) -> None:
    ground.role("people", StringEquals={f"{ground.url}:aud": "app-1"})
    ground.publish(rsa_jwk(rsa_key(), kid="one", alg="RS256", use="sig"))
    answer = ground.ask(signed(ground.claims(), "RS256", kid="one"), "people")
    assert (answer["SubjectFromWebIdentityToken"], answer["Audience"]) == ("mira", "app-1")
    assert answer["Provider"] == f"arn:aws:iam::{HOME}:oidc-provider/{ground.url}"
    asked = ground.site.asked.count("/jwks")
    ground.ask(signed(ground.claims(), "RS256", kid="one"), "people")
    assert ground.site.asked.count("/jwks") == asked
    unknown = ground.refused(signed(ground.claims(), "RS256", rsa_key(2048, 9), kid="two"), "people")
    assert unknown.message == "The signature of the provided token could not be verified"
    assert codes_of(last_refusal(ground.admin.lab)) == ["sts.token-signature", "jws.key-unknown"]


def test_tags_and_source_identity_of_the_token_are_passed_on_if_they_may_be(ground: Ground) -> None:
    told = ground.claims(
        **{TAGS: {"principal_tags": {"team": ["tide"]}, "transitive_tag_keys": ["team"]}, SOURCE: "mira@x"}
    )
    ground.role("bare")
    denied = Refused("AccessDenied", 403, f"Not authorized to perform {WEB}")
    assert ground.refused(signed(told, "RS256", kid="one"), "bare") == denied
    entry = last_refusal(ground.admin.lab)
    assert entry["chain"]["links"][-1]["decisive"][0]["facts"]["action"] == "sts:TagSession"
    tagged = {"StringEquals": {"aws:RequestTag/team": "tide"}}
    ground.role("tagged", "sts:TagSession", "sts:SetSourceIdentity", **tagged)
    answer = ground.ask(signed(told, "RS256", kid="one"), "tagged")
    assert answer["SourceIdentity"] == "mira@x"
    other = signed(
        {**told, TAGS: {"principal_tags": {"team": ["ebb"]}, "transitive_tag_keys": []}}, "RS256", kid="one"
    )
    assert ground.refused(other, "tagged") == denied


def test_an_issuer_that_answers_nonsense(ground: Ground) -> None:
    """Another issuer on the same site: nothing of it is known yet."""
    issuer = f"{ground.issuer}/tenant"
    iam = ground.admin.client("iam")
    iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["app-1"], ThumbprintList=["0" * 40])
    place = "/tenant/.well-known/openid-configuration"
    ground.site.pages[place] = page(json.dumps({"issuer": ground.issuer, "jwks_uri": "https://x"}).encode())
    token = signed(ground.claims(iss=issuer), "RS256", kid="one")
    refused = ground.refused(token, "people")
    assert (refused.code, refused.status) == ("InvalidIdentityToken", 400)
    entry = last_refusal(ground.admin.lab)
    assert entry["sentence"] == f"the keys of {issuer} could not be had (no usable discovery document)"


def test_an_issuer_with_elliptic_keys(ground: Ground) -> None:
    issuer = f"{ground.issuer}/curves"
    iam = ground.admin.client("iam")
    arn = iam.create_open_id_connect_provider(Url=issuer, ClientIDList=["app-1"], ThumbprintList=["0" * 40])[
        "OpenIDConnectProviderArn"
    ]
    new_role(ground.admin, "curves", policy(WEB, Principal={"Federated": arn}))
    told = {"issuer": issuer, "jwks_uri": f"{issuer}/keys"}
    ground.site.pages["/curves/.well-known/openid-configuration"] = page(json.dumps(told).encode())
    keys = [ec_jwk("ES384", kid="e"), rsa_jwk(rsa_key(), kid="e", use="enc")]
    ground.site.pages["/curves/keys"] = page(json.dumps({"keys": keys}).encode())
    answer = ground.ask(signed(ground.claims(iss=issuer), "ES384", kid="e"), "curves")
    assert answer["Provider"] == arn
