"""Every way to make a cluster of the lab take an id token that it must not take, and keys it cannot get.

Sources: RFC 8725 (JWT best current practices), sections 2 and 3; OpenID Connect Core 1.0, section 3.1.3.7.
The verification itself is held to tables in tests/unit; here a whole API server is asked over TLS.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from sekisho.testing import RunningLab, running_lab
from support.boto_lab import Caller, codes_of, last_refusal, profile
from support.issuer_site import IssuerSite, document, issuer_site
from support.jwt import compact, encoded, rsa_jwk, rsa_key, signed
from support.oidc_login import ask_with, associate, disassociate, tokens_of, who_is
from support.user_pools import OAUTH, Pool, fetch, new_pool, part

CLUSTER = "eks-clu"
PERSON = "ana@example.com"
FAR = 4_000_000_000
_NUMBERS = count(1)


@dataclass(frozen=True, slots=True)
class Ground:
    """A cluster with two pools of the lab, and with issuers out there, as providers."""

    lab: RunningLab
    admin: Caller
    pool: Pool
    client: str
    tokens: Any
    other: Pool
    other_tokens: Any
    site: IssuerSite

    def refused(self, token: str) -> list[str]:
        """Return the codes of the refusal of a token that has to be refused."""
        answer = ask_with(self.lab, CLUSTER, token)
        assert answer.status == 401, answer
        return codes_of(last_refusal(self.lab))

    def new_issuer(self, *keys: dict[str, Any]) -> str:
        """Serve an issuer and associate it under the name of its path."""
        name = f"site-{next(_NUMBERS)}"
        issuer = self.site.issuer(name, *keys)
        associate(self.admin, CLUSTER, name, issuer, "kube", usernamePrefix="-")
        return issuer

    def leave(self, issuer: str) -> None:
        """Take an issuer of `new_issuer` away: a cluster has at most ten."""
        disassociate(self.admin, CLUSTER, issuer.rpartition("/")[2])


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    folder = tmp_path_factory.mktemp("hostile")
    with issuer_site(folder / "site") as site, pytest.MonkeyPatch.context() as patch:
        roots = folder / "roots.pem"
        roots.write_text(site.authority)
        patch.setenv("SSL_CERT_FILE", str(roots))
        with running_lab(folder / "lab") as lab:
            admin = profile(lab, "default")
            pools = [new_pool(admin, name) for name in ("one", "two")]
            found = []
            for index, pool in enumerate(pools):
                client = pool.new_client(**OAUTH)["ClientId"]
                pool.new_user(PERSON)
                found.append((pool, client, tokens_of(pool, client, PERSON)))
                associate(
                    admin, CLUSTER, f"pool-{index}", pool.issuer, client, requiredClaims={"token_use": "id"}
                )
            (one, client, tokens), (two, _, other_tokens) = found
            yield Ground(lab, admin, one, client, tokens, two, other_tokens, site)


def good(ground: Ground, **more: Any) -> dict[str, Any]:
    claims = {**part(ground.tokens["IdToken"], 1), **more}
    return {name: value for name, value in claims.items() if value is not ...}


def mac(pool: Pool, data: bytes) -> bytes:
    """Return the HMAC of ``data`` by the text of the pool's public key."""
    jwk = fetch(pool.admin.lab, f"{pool.issuer}/.well-known/jwks.json").json["keys"][0]

    def number(text: str) -> int:
        return int.from_bytes(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))

    key = RSAPublicNumbers(number(jwk["e"]), number(jwk["n"])).public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hmac.new(pem, data, hashlib.sha256).digest()


def test_the_good_token_is_taken(ground: Ground) -> None:
    assert who_is(ground.lab, CLUSTER, ground.tokens["IdToken"])["username"].startswith(ground.pool.issuer)


def forged(ground: Ground, how: str) -> str:  # noqa: C901 - one arm each
    """Return a token of the first pool's claims that only looks right."""
    header, claims = part(ground.tokens["IdToken"], 0), good(ground)
    text = ground.tokens["IdToken"]
    match how:
        case "alg none":
            return compact({**header, "alg": "none"}, claims, lambda _: b"")
        case "no signature":
            return f"{text.rpartition('.')[0]}."
        case "HMAC with the public key":
            return compact({**header, "alg": "HS256"}, claims, lambda data: mac(ground.pool, data))
        case "HMAC with the public key under RS256":
            return compact(header, claims, lambda data: mac(ground.pool, data))
        case "another key under the right kid":
            return signed(claims, "RS256", rsa_key(2048, 3), kid=header["kid"])
        case "the key in the header":
            key = rsa_key(2048, 3)
            return signed(claims, "RS256", key, kid=header["kid"], jwk=rsa_jwk(key))
        case "a key set of the attacker's":
            return signed(claims, "RS256", rsa_key(2048, 3), kid="x", jku=ground.site.url("/keys"))
        case "kid as a path":
            return signed(claims, "RS256", rsa_key(2048, 3), kid="../../../../dev/null")
        case "kid as an address":
            return signed(claims, "RS256", rsa_key(2048, 3), kid=ground.site.url("/keys"))
        case "the other pool's token renamed":
            other = part(ground.other_tokens["IdToken"], 1)
            moved = {**other, "iss": ground.pool.issuer, "aud": ground.client}
            head, _, signature = ground.other_tokens["IdToken"].split(".")
            return f"{head}.{encoded(json.dumps(moved).encode())}.{signature}"
        case "one claim twice":
            head, _, signature = text.split(".")
            body = json.dumps(claims)[:-1] + ', "email": "root@example.com"}'
            return f"{head}.{encoded(body.encode())}.{signature}"
        case "a token in a token":
            return compact({**header, "cty": "JWT"}, claims, lambda _: text.encode())
        case "a critical extension":
            return signed(claims, "RS256", rsa_key(2048, 3), kid=header["kid"], crit=["b64"], b64=False)
    raise AssertionError(how)


FORGED = {
    "alg none": "oidc.algorithm",
    "no signature": "oidc.signature",
    "HMAC with the public key": "oidc.algorithm",
    "HMAC with the public key under RS256": "oidc.signature",
    "another key under the right kid": "oidc.signature",
    "the key in the header": "oidc.signature",
    "a key set of the attacker's": "oidc.signature",
    "kid as a path": "oidc.signature",
    "kid as an address": "oidc.signature",
    "the other pool's token renamed": "oidc.signature",
    "one claim twice": "oidc.not-a-jwt",
    "a token in a token": "oidc.signature",
    "a critical extension": "oidc.malformed",
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token(ground: Ground, how: str) -> None:
    asked = len(ground.site.asked)
    assert FORGED[how] in ground.refused(forged(ground, how))
    assert len(ground.site.asked) == asked


def test_a_token_of_another_client_of_the_pool(ground: Ground) -> None:
    client = ground.pool.new_client("other", **OAUTH)["ClientId"]
    token = tokens_of(ground.pool, client, PERSON)["IdToken"]
    assert ground.refused(token) == ["oidc.audience"]
    (link,) = last_refusal(ground.lab)["chain"]["links"]
    assert link["decisive"][0]["facts"]["setting"] == "identityProviders.pool-0.clientId"
    (repair,) = link["repairs"]
    assert (repair["code"], repair["facts"]["provider"]) == ("oidc.reassociate", "pool-0")
    told = [step["code"] for step in link["trace"] if step["code"].startswith("oidc.claim-")]
    assert {"oidc.claim-used", "oidc.claim-checked", "oidc.claim-ignored"} == set(told)


def test_an_access_token_where_an_id_token_belongs(ground: Ground) -> None:
    # Cognito's access tokens have no `aud`: the client stands in `client_id`.
    assert ground.refused(ground.tokens["AccessToken"]) == ["oidc.audience"]


def test_a_refresh_token_is_no_token_for_a_cluster(ground: Ground) -> None:
    assert ground.refused(ground.tokens["RefreshToken"]) == ["iam-token.prefix"]


def test_an_id_token_never_reaches_sts(ground: Ground) -> None:
    for token in (ground.tokens["IdToken"], signed({"iss": "https://else.example"}, "RS256")):
        ask_with(ground.lab, CLUSTER, token)
    assert ground.refused(signed({"iss": "https://else.example"}, "RS256")) == ["oidc.issuer-not-configured"]
    (link,) = last_refusal(ground.lab)["chain"]["links"]
    assert link["link"] == "id-token"
    assert [repair["code"] for repair in link["repairs"]] == ["oidc.associate-provider"]


def test_a_token_of_a_mebibyte(ground: Ground) -> None:
    long = signed(good(ground, pad="x" * 1_000_000), "RS256", rsa_key(2048, 3))
    answer = ask_with(ground.lab, CLUSTER, long)
    assert answer.status == 431
    assert who_is(ground.lab, CLUSTER, ground.tokens["IdToken"])["username"]


KEY = rsa_jwk(rsa_key(), kid="key-1", alg="RS256", use="sig")


def claims_of(issuer: str, **more: Any) -> dict[str, Any]:
    told = {"iss": issuer, "aud": "kube", "exp": FAR, "sub": "mira", **more}
    return {name: value for name, value in told.items() if value is not ...}


TIMES: dict[str, tuple[dict[str, Any], str]] = {
    "expired": ({"exp": 1_700_000_000}, "oidc.expired"),
    "no end": ({"exp": ...}, "oidc.expiry-missing"),
    "not yet valid": ({"nbf": FAR - 1}, "oidc.not-yet-valid"),
    "nobody": ({"sub": ...}, "oidc.claim-missing"),
    "a name that is a list": ({"sub": ["mira"]}, "oidc.claim-type"),
    "for nobody": ({"aud": []}, "oidc.audience"),
}


@pytest.fixture(scope="module")
def issuer(ground: Ground) -> str:
    return ground.new_issuer(KEY)


@pytest.mark.parametrize("name", TIMES)
def test_a_claim_that_does_not_hold(ground: Ground, issuer: str, name: str) -> None:
    change, code = TIMES[name]
    assert who_is(ground.lab, CLUSTER, signed(claims_of(issuer), "RS256"))["username"] == "mira"
    assert ground.refused(signed(claims_of(issuer, **change), "RS256")) == [code]


def test_an_issuer_with_a_slash_more_is_another_one(ground: Ground, issuer: str) -> None:
    token = signed(claims_of(f"{issuer}/"), "RS256")
    assert ground.refused(token) == ["oidc.issuer-not-configured"]
    assert codes_of(last_refusal(ground.lab), "nearest") == ["oidc.issuer-nearly"]


def test_groups_that_lie_at_an_address_of_aws_are_not_fetched(ground: Ground) -> None:
    name = f"site-{next(_NUMBERS)}"
    issuer = ground.site.issuer(name, KEY)
    associate(ground.admin, CLUSTER, name, issuer, "kube", groupsClaim="groups", usernamePrefix="-")
    for endpoint in (
        "http://169.254.169.254/latest",
        "https://169.254.169.254/",
        "https://iam.amazonaws.com/",
    ):
        told = {"_claim_names": {"groups": "s"}, "_claim_sources": {"s": {"endpoint": endpoint}}}
        assert ground.refused(signed(claims_of(issuer, **told), "RS256")) == ["oidc.distributed-claim"]
    ground.leave(issuer)


PAGES: dict[str, tuple[tuple[int, dict[str, str], bytes], str]] = {
    "gone": ((404, {}, b"{}"), "oidc.not-ready"),
    "broken": ((200, {}, b"{"), "oidc.not-ready"),
    "huge": ((200, {}, b'{"issuer": "' + b"x" * 300_000), "oidc.not-ready"),
    "redirecting to AWS": ((302, {"location": "https://sts.amazonaws.com/"}, b""), "oidc.not-ready"),
    "redirecting to the metadata service": (
        (302, {"location": "https://169.254.169.254/latest"}, b""),
        "oidc.not-ready",
    ),
    "another issuer's": (
        document({"issuer": "https://else.example", "jwks_uri": "https://else.example/k"}),
        "oidc.not-ready",
    ),
}


@pytest.mark.parametrize("name", PAGES)
def test_an_issuer_whose_description_is_wrong_refuses_its_people_alone(ground: Ground, name: str) -> None:
    page, code = PAGES[name]
    issuer = ground.new_issuer(KEY)
    ground.site.pages[f"/{issuer.rpartition('/')[2]}/.well-known/openid-configuration"] = page
    assert ground.refused(signed(claims_of(issuer), "RS256")) == [code]
    assert last_refusal(ground.lab)["outcome"] == "unknown"
    assert who_is(ground.lab, CLUSTER, ground.tokens["IdToken"])["username"]
    ground.leave(issuer)


def test_a_server_that_is_not_there(ground: Ground) -> None:
    associate(ground.admin, CLUSTER, "nowhere", "https://localhost:9", "kube")
    assert ground.refused(signed(claims_of("https://localhost:9"), "RS256")) == ["oidc.not-ready"]
    disassociate(ground.admin, CLUSTER, "nowhere")


def test_keys_that_change_under_load_interrupt_nobody(ground: Ground) -> None:
    issuer = ground.new_issuer(KEY)
    path = issuer.removeprefix(ground.site.url())
    old = signed(claims_of(issuer), "RS256")
    new = signed(claims_of(issuer), "RS256", rsa_key(2048, 2), kid="key-2")
    assert who_is(ground.lab, CLUSTER, old)["username"] == "mira"
    both = {"keys": [KEY, rsa_jwk(rsa_key(2048, 2), kid="key-2")]}
    ground.site.pages[f"{path}/keys"] = document(both)
    before = ground.site.asked.count(f"{path}/keys")
    with ThreadPoolExecutor(8) as pool:
        tokens = [old, new] * 12
        answers = list(pool.map(lambda token: ask_with(ground.lab, CLUSTER, token).status, tokens))
    assert set(answers) == {403}  # known to the cluster, and without rights
    assert ground.site.asked.count(f"{path}/keys") == before + 1
    unknown = [signed(claims_of(issuer), "RS256", rsa_key(2048, 3), kid=f"no-{i}") for i in range(12)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda token: ask_with(ground.lab, CLUSTER, token).status, unknown))
    assert set(answers) == {401}
    assert ground.site.asked.count(f"{path}/keys") <= before + 2
    ground.leave(issuer)


def test_keys_of_an_issuer_that_went_away_still_count(ground: Ground) -> None:
    issuer = ground.new_issuer(KEY)
    path = issuer.removeprefix(ground.site.url())
    token = signed(claims_of(issuer), "RS256")
    assert who_is(ground.lab, CLUSTER, token)["username"] == "mira"
    ground.site.pages[f"{path}/keys"] = (500, {}, b"")
    assert ground.refused(signed(claims_of(issuer), "RS256", rsa_key(2048, 3), kid="new")) == [
        "oidc.keys-unavailable"
    ]
    assert who_is(ground.lab, CLUSTER, token)["username"] == "mira"
    ground.leave(issuer)
