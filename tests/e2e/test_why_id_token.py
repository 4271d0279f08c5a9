"""``sekisho why --token`` for id tokens: a process, an issuer over TLS, exit codes, and no token anywhere."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.issuer_site import IssuerSite, issuer_site
from support.jwt import rsa_jwk, rsa_key, signed

ALLOWED, DENIED, BAD_INPUT, UNKNOWN = 0, 1, 2, 3


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuerSite]:
    with issuer_site(tmp_path_factory.mktemp("why") / "site") as site:
        site.issuer("work", rsa_jwk(rsa_key(), kid="k"))
        yield site


def issuers(folder: Path, site: IssuerSite, name: str = "work") -> Path:
    entry = {
        "issuer": {
            "url": site.url(f"/{name}"),
            "audiences": ["kube"],
            "certificateAuthority": site.authority,
        },
        "claimMappings": {
            "username": {"claim": "email", "prefix": "work:"},
            "groups": {"claim": "groups", "prefix": ""},
        },
        "claimValidationRules": [{"expression": "claims.tenant == 't1'", "message": "not our tenant"}],
    }
    top = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration"}
    file = folder / "issuers.yaml"
    file.write_text(yaml.safe_dump({**top, "jwt": [entry]}))
    return file


def token(site: IssuerSite, **claims: Any) -> str:
    told = {
        "iss": site.url("/work"),
        "aud": "kube",
        "exp": int(time.time()) + 3600,
        "email": "mira@x.e",
    }
    told |= {"tenant": "t1", "groups": ["dev"], "nonce": "n", **claims}
    return signed(told, "RS256", kid="k")


def why(folder: Path, *arguments: object, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "sekisho", "why", *(str(one) for one in arguments)]
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "NO_COLOR": "1"}
    return subprocess.run(
        command, input=stdin, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_a_token_that_is_taken_claim_by_claim(site: IssuerSite, tmp_path: Path) -> None:
    file = issuers(tmp_path, site)
    bearer = token(site)
    place = tmp_path / "token"
    place.write_text(bearer + "\n")
    found = why(tmp_path, "--token", place, "--authentication-config", file)
    assert found.returncode == ALLOWED, found.stderr
    lines = [line.split() for line in found.stdout.splitlines()]
    classes = {line[1]: line[0] for line in lines if line and line[0] in ("used", "checked", "ignored")}
    assert classes == {
        **dict.fromkeys(("iss", "aud", "exp", "tenant"), "checked"),
        **dict.fromkeys(("email", "groups"), "used"),
        "nonce": "ignored",
    }
    assert "user work:mira@x.e, groups dev, system:authenticated" in found.stdout
    assert bearer not in found.stdout + found.stderr
    assert bearer.split(".")[2] not in found.stdout


def test_a_refusal_names_claim_value_rule_setting_and_line(site: IssuerSite, tmp_path: Path) -> None:
    file = issuers(tmp_path, site)
    command = ("--token", "-", "--authentication-config", file)
    found = why(tmp_path, *command, "-o", "json", stdin=token(site, tenant="t2"))
    assert found.returncode == DENIED
    document = json.loads(found.stdout)
    (step,) = document["links"][0]["decisive"]
    assert step["code"] == "oidc.claim-rule"
    assert 'tenant = "t2"' in step["sentence"]
    assert "not our tenant" in step["sentence"]
    ((setting, where),) = document["settings"].items()
    assert setting == "jwt[0].claimValidationRules[0].expression"
    line = int(where.removeprefix(f"{file}:"))
    assert "claims.tenant" in file.read_text().splitlines()[line - 1]
    told = {one["claim"]: one for one in document["claims"]}
    assert told["tenant"]["value"] == "t2"
    assert told["tenant"]["class"] == "checked"
    text = why(tmp_path, *command, stdin=token(site, tenant="t2"))
    assert f"{setting}: {where}" in text.stdout


def test_access_tokens_in_a_token_are_not_shown(site: IssuerSite, tmp_path: Path) -> None:
    elsewhere = {
        "_claim_names": {"x": "s"},
        "_claim_sources": {"s": {"endpoint": "https://x", "access_token": "zz9"}},
    }
    command = ("--token", "-", "--authentication-config", issuers(tmp_path, site))
    for form in ("json", "text"):
        found = why(tmp_path, *command, "-o", form, stdin=token(site, **elsewhere))
        assert found.returncode == ALLOWED
        assert "zz9" not in found.stdout


def test_other_answers_have_other_exit_codes(site: IssuerSite, tmp_path: Path) -> None:
    file = issuers(tmp_path, site)
    command = ("--token", "-", "--authentication-config", file)
    other = why(tmp_path, *command, stdin=token(site, iss=f"{site.url('/work')}/"))
    assert other.returncode == DENIED
    assert "they differ in the slash at the end" in other.stdout
    silent = issuers(tmp_path, site, "gone")
    gone = why(
        tmp_path, "--token", "-", "--authentication-config", silent, stdin=token(site, iss=site.url("/gone"))
    )
    assert gone.returncode == UNKNOWN
    assert "oidc.not-ready" in gone.stdout
    bad = tmp_path / "bad.yaml"
    bad.write_text("jwt: {}\n")
    refused = why(tmp_path, "--token", "-", "--authentication-config", bad, stdin="x")
    assert refused.returncode == BAD_INPUT
    assert "bad.yaml:1 at /jwt: expected a list" in refused.stderr


def test_a_token_among_the_arguments_is_not_taken_and_not_repeated(site: IssuerSite, tmp_path: Path) -> None:
    file = issuers(tmp_path, site)
    for bearer in (token(site), "k8s-aws-v1.aHR0cHM6Ly9zdHM"):
        found = why(tmp_path, "--token", bearer, "--authentication-config", file)
        assert found.returncode == BAD_INPUT
        assert "expected a file, not a token" in found.stderr
        assert bearer not in found.stderr + found.stdout
    missing = why(tmp_path, "--token", tmp_path / "no", "--authentication-config", file)
    assert missing.returncode == BAD_INPUT
    (tmp_path / "odd").write_bytes(b"\xff")
    odd = why(tmp_path, "--token", tmp_path / "odd", "--authentication-config", file)
    assert odd.returncode == BAD_INPUT
    assert "expected a token" in odd.stderr
