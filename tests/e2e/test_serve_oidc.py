"""Issuers of id tokens behind our authenticator, for a real kube-apiserver that knows none of them."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.e2e_clients import client
from sekisho.serve.authenticator.code import ServeCode
from support.checkpoint import ServedCheckpoint, served, waited
from support.issuer_site import IssuerSite, document, issuer_site
from support.jwt import rsa_jwk, rsa_key, signed
from support.kube_apiserver import ApiServerProcess, running_apiserver

REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
OLD, NEW = rsa_jwk(rsa_key(2048, 0), kid="old", use="sig"), rsa_jwk(rsa_key(2048, 1), kid="new", use="sig")


def entry(site: IssuerSite, name: str, audience: str = "kube", prefix: str = "") -> dict[str, Any]:
    url = site.url(f"/{name}")
    if f"/{name}/keys" not in site.pages:
        site.issuer(name, OLD)
    return {
        "issuer": {"url": url, "audiences": [audience], "certificateAuthority": site.authority},
        "claimMappings": {
            "username": {"claim": "sub", "prefix": prefix},
            "groups": {"claim": "groups", "prefix": f"{name}:"},
        },
    }


def write(file: Path, *entries: dict[str, Any]) -> None:
    top = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration"}
    new = file.with_suffix(".new")
    new.write_text(yaml.safe_dump({**top, "jwt": list(entries)}))
    new.replace(file)


def token(issuer: str, key: int = 0, **claims: Any) -> str:
    told = {"iss": issuer, "aud": "kube", "exp": int(time.time()) + 3600, "sub": "mira", **claims}
    return signed(told, "RS256", rsa_key(2048, key), kid=("old", "new")[key])


@dataclass(frozen=True)
class Site:
    """A cluster with our authenticator, the issuers that it takes, and their file."""

    issuers: IssuerSite
    file: Path
    api: ApiServerProcess
    authenticator: ServedCheckpoint

    def whoami(self, bearer: str) -> dict[str, Any] | None:
        status, body = self.api.ask("POST", REVIEWS, REVIEW, bearer)
        assert status in (201, 401)
        found: dict[str, Any] | None = body["status"]["userInfo"] if status == 201 else None
        return found

    def reason(self, bearer: str) -> str:
        status, body = self.authenticator.review(bearer)
        assert not body["status"]["authenticated"]
        return f"{status} {body['status']['error']}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("oidc-site")
    (folder / "config.yaml").write_text("clusterID: demo\n")
    file = folder / "issuers.yaml"
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder)}
    with issuer_site(folder / "issuers") as issuers:
        write(file, entry(issuers, "work", prefix="work:"), entry(issuers, "guests"))
        options = ["-c", folder / "config.yaml", "--authentication-config", file]
        with served(folder / "served", "authenticator", options, environment) as authenticator:
            webhook = folder / "served" / "webhook.yaml"
            text = yaml.safe_load(webhook.read_text())
            address = f"https://127.0.0.1:{authenticator.port}/authenticate"
            text["clusters"][0]["cluster"]["server"] = address
            webhook.write_text(yaml.safe_dump(text))
            flags = [
                f"--authentication-token-webhook-config-file={webhook}",
                "--authentication-token-webhook-version=v1",
                "--authentication-token-webhook-cache-ttl=0s",
            ]
            with running_apiserver(folder / "api", flags) as api:
                yield Site(issuers, file, api, authenticator)


def test_several_issuers_log_in_to_a_cluster_that_knows_none(site: Site) -> None:
    work = site.whoami(token(site.issuers.url("/work"), groups=["dev"], jti="t-1"))
    guests = site.whoami(token(site.issuers.url("/guests"), groups="visitors"))
    assert work == {
        "username": "work:mira",
        "groups": ["work:dev", "system:authenticated"],
        "extra": {"authentication.kubernetes.io/credential-id": ["JTI=t-1"]},
    }
    assert guests == {"username": "mira", "groups": ["guests:visitors", "system:authenticated"]}


def test_kubectl_logs_in_with_an_id_token(site: Site, tmp_path: Path) -> None:
    file = site.api.kubeconfig({"token": token(site.issuers.url("/work"))}, "kubeconfig-oidc")
    told = subprocess.run(
        [client("kubectl"), "--kubeconfig", file, "auth", "whoami", "-o", "json"],
        env={"HOME": str(tmp_path)},
        capture_output=True,
        check=True,
        timeout=60,
    )
    assert json.loads(told.stdout)["status"]["userInfo"]["username"] == "work:mira"


def test_a_refusal_says_which_claim_and_which_setting(site: Site) -> None:
    issuer = site.issuers.url("/work")
    for bearer, wanted in (
        (token(issuer, aud="web"), '200 oidc.audience: the token is for "web"; jwt[0].issuer.audiences'),
        (token(issuer, exp=1), "200 oidc.expired: the token expired at 1970-01-01T00:00:01Z"),
        (token(f"{issuer}/"), "200 oidc.issuer-not-configured: the token is of the issuer"),
        (token(issuer, key=1), "200 oidc.signature, jws.key-unknown: the token is not signed by a key of"),
        ("nothing", "200 oidc.not-a-jwt: "),
    ):
        reason = site.reason(bearer)
        assert reason.startswith(wanted)
        assert bearer.rpartition(".")[2] not in reason or bearer == "nothing"
        assert site.whoami(bearer) is None


def test_keys_change_and_an_issuer_goes_away_without_anybody_noticing(site: Site) -> None:
    issuer = site.issuers.url("/guests")
    assert site.whoami(token(issuer)) is not None
    site.issuers.pages["/guests/keys"] = document({"keys": [OLD, NEW]})
    assert site.whoami(token(issuer, key=1)) is not None
    site.issuers.pages["/guests/keys"] = (503, {}, b"")
    assert site.whoami(token(issuer, sub="other")) is not None
    asked = site.issuers.asked.count("/guests/keys")
    for number in range(20):
        told = signed({"iss": issuer, "aud": "kube", "exp": 9_999_999_999}, "RS256", kid=f"k-{number}")
        assert site.reason(told).startswith(("200 oidc.signature", "503 oidc.keys-unavailable"))
    assert site.issuers.asked.count("/guests/keys") - asked <= 1


def test_the_file_is_followed_and_a_bad_one_changes_nothing(site: Site) -> None:
    later = token(site.issuers.url("/later"))
    assert site.whoami(later) is None
    good = [entry(site.issuers, name) for name in ("work", "guests", "later")]
    write(site.file, *good)
    assert waited(lambda: site.whoami(later))["username"] == "mira"
    write(site.file, {**good[0], "claimMappings": {}})
    told = site.authenticator.logged("the authentication configuration is not used")[-1]
    assert "jwt/0/claimMappings/username: expected a claim or an expression" in told["problem"]
    assert f"{site.file}:" in told["problem"]
    assert site.whoami(later) is not None
    assert "claimMappings" in site.authenticator.health("/healthz")[1]
    write(site.file, *good)
    site.authenticator.logged("read the authentication configuration", 2)


def test_no_token_is_in_the_log(site: Site) -> None:
    bearer = token(site.issuers.url("/work"), aud="web")
    site.whoami(bearer)
    text = json.dumps(site.authenticator.log()) + (site.authenticator.folder / "log").read_text()
    assert bearer not in text
    assert bearer.split(".")[1] not in text
    assert bearer.split(".")[2] not in text


AUDIENCES = {
    "none asked for": ([], ["api", "kubernetes"]),
    "one of ours": (["api"], ["api"]),
    "one of ours among others": (["vault", "kubernetes"], ["kubernetes"]),
    "another": (["vault"], None),
}


def test_reviews_are_held_to_the_audiences_they_ask_for(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("clusterID: demo\n")
    with issuer_site(tmp_path / "issuers") as issuers:
        write(tmp_path / "issuers.yaml", entry(issuers, "work"))
        options = ["-c", tmp_path / "config.yaml", "--authentication-config", tmp_path / "issuers.yaml"]
        options += ["--api-audiences", "api, kubernetes"]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
        with served(tmp_path / "served", "authenticator", options, environment) as authenticator:
            for name, (asked, wanted) in AUDIENCES.items():
                spec = {"token": token(issuers.url("/work")), "audiences": asked}
                body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": spec}
                answer = json.loads(authenticator.post("/authenticate", json.dumps(body).encode())[1])
                assert answer["status"].get("audiences") == wanted, name
                assert answer["status"]["authenticated"] is (wanted is not None), name
                if wanted is None:
                    assert answer["status"]["error"].startswith(f"{ServeCode.AUDIENCE}: ")
            bad = {"token": "x", "audiences": "api"}
            body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "spec": bad}
            assert authenticator.post("/authenticate", json.dumps(body).encode())[0] == 400


def test_the_check_tells_who_could_name_users_of_kubernetes(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("clusterID: demo\n")
    file = tmp_path / "issuers.yaml"
    with issuer_site(tmp_path / "issuers") as issuers:
        write(file, entry(issuers, "work"))
        command = [sys.executable, "-P", "-m", "sekisho", "serve", "authenticator", "--check"]
        command += ["-c", str(tmp_path / "config.yaml"), "--authentication-config", str(file)]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        assert f"{file}: {issuers.url('/work')} can name users that begin with system:" in told.stderr
        write(file, {**entry(issuers, "work"), "claimMappings": {}})
        refused = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert refused.returncode == 2
        assert "claimMappings/username: expected a claim or an expression" in refused.stderr
