"""OIDC vectors: one authenticator configuration and one token -> user, skip, refusal or configuration error.

The issuer is modelled as a site of documents; keys are made here.
"""

import asyncio
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from sekisho.connect.https_document import DocumentError, HttpsDocument
from sekisho.connect.id_tokens import IdTokens
from sekisho.connect.issuer_keys import FAILURE_SECONDS
from sekisho.decide.authn.oidc.code import OidcCode
from sekisho.decide.authn.oidc.configuration import configuration_of
from sekisho.decide.authn.oidc.eks_provider import EksCluster, read_provider
from sekisho.decide.authn.oidc.flags import OidcFlags, read_flags
from sekisho.decide.authn.oidc.model import OidcConfiguration, setting
from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.values import Instant, KubeUser, Ref, SekishoInputError
from support.jwt import compact, ec_jwk, rsa_jwk, rsa_key, signed

DATA = json.loads((Path(__file__).parent / "data/authn/oidc.json").read_text())
DEFAULTS = DATA["defaults"]
ISSUER = DEFAULTS["issuer"]
NOW = Instant.parse_rfc3339("2026-05-06T07:08:09Z")
CASE_KEYS = {
    *("name", "config", "token", "published_keys", "expect", "acceptable_alternatives", "note", "discovery"),
    *("jwks_sequence", "repeat_token", "expect_max_jwks_requests", "distributed"),
}
SERIALS = {"rsa-a": 0, "rsa-b": 1}
EC = {"ec-256": "ES256", "ec-384": "ES384", "ec-521": "ES512"}
KINDS: dict[str, set[OidcCode]] = {
    "bad_signature": {OidcCode.SIGNATURE},
    "unsupported_alg": {OidcCode.ALGORITHM},
    "malformed": {OidcCode.MALFORMED},
    "expired": {OidcCode.EXPIRED, OidcCode.EXPIRY_MISSING},
    "not_yet_valid": {OidcCode.NOT_YET},
    "wrong_audience": {OidcCode.AUDIENCE},
    "missing_claim": {OidcCode.CLAIM_MISSING, OidcCode.USERNAME_EMPTY},
    "bad_claim_type": {OidcCode.CLAIM_TYPE, OidcCode.EXPRESSION_TYPE},
    "email_not_verified": {OidcCode.EMAIL_UNVERIFIED},
    "required_claim": {OidcCode.REQUIRED_MISSING, OidcCode.REQUIRED_VALUE},
    "claim_rule": {OidcCode.CLAIM_RULE},
    "user_rule": {OidcCode.USER_RULE},
    "expression_error": {OidcCode.EXPRESSION},
    "distributed_claim": {OidcCode.DISTRIBUTED},
    "not_ready": {OidcCode.NOT_READY},
    "jwks_unavailable": {OidcCode.KEYS_UNAVAILABLE},
}
Result = dict[str, Any]


def jwk(name: str) -> dict[str, Any]:
    if name in SERIALS:
        return rsa_jwk(rsa_key(2048, SERIALS[name]), kid=name, use="sig")
    return ec_jwk(EC[name], kid=name, use="sig")


def moments(value: Any) -> Any:
    """Replace {"$now": n} by moments."""
    if isinstance(value, dict) and "$now" in value:
        seconds = int(NOW.epoch) + value["$now"]
        return {"float": float(seconds), "string": str(seconds)}.get(value.get("as", ""), seconds)
    if isinstance(value, dict):
        return {name: moments(one) for name, one in value.items()}
    return [moments(one) for one in value] if isinstance(value, list) else value


def token_of(token: dict[str, Any]) -> str:
    header = {"alg": token["alg"], **({"kid": token["kid"]} if token["kid"] is not None else {})}
    claims, name = moments(token["claims"]), str(token["sign_with"])
    if name.startswith("hmac:"):
        public = rsa_key(2048, SERIALS[name.rpartition(":")[2]]).public_key()
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        return compact(header, claims, lambda data: hmac.new(pem, data, hashlib.sha256).digest())
    if token["alg"].startswith("PS"):
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
        key = rsa_key(2048, SERIALS[name])
        return compact(header, claims, lambda data: key.sign(data, pss, hashes.SHA256()))
    text = signed(claims, token["alg"], rsa_key(2048, SERIALS[name]), **header)
    if token.get("tamper") == "strip_signature":
        return f"{text.rpartition('.')[0]}."
    assert "tamper" not in token
    return text


def configured(config: dict[str, Any]) -> OidcConfiguration:
    told = {name: value for name, value in config.items() if name != "kind"}
    if config["kind"] == "flags":
        return read_flags(OidcFlags(**{**told, "signing_algs": tuple(told.get("signing_algs", ["RS256"]))}))
    if config["kind"] == "eks":
        return read_provider(told, EksCluster("1.34"), Ref("request"))
    repeat = told.pop("jwt_repeat", None)
    if repeat is not None:
        text = json.dumps(repeat["template"])
        told["jwt"] = [json.loads(text.replace("{i}", str(one))) for one in range(repeat["count"])]
    document = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration", **told}
    return configuration_of(document, Ref("auth.yaml"))


class ModelSite:
    """The documents of the case's issuers, as often as they are asked for."""

    def __init__(self, case: dict[str, Any]) -> None:
        self.discovery = {**DEFAULTS["discovery"], **case.get("discovery", {})}
        self.failing = self.discovery.get("fail_first_requests", 0)
        self.sets: Iterator[list[str]] = iter(case.get("jwks_sequence", []))
        self.published = case["published_keys"]
        self.asked: list[str] = []

    async def fetch(self, url: str, _trust: ssl.SSLContext, _is_refused: Any) -> HttpsDocument:
        self.asked.append(url)
        if url == self.discovery["served_at"]:
            if self.failing:
                self.failing -= 1
                raise DocumentError("the answer has status 503")
            return HttpsDocument(json.dumps(self.discovery["document"]).encode())
        issuer, _, path = url.partition("/.well-known/")
        if path:
            return HttpsDocument(json.dumps({"issuer": issuer, "jwks_uri": f"{issuer}/keys"}).encode())
        self.published = next(self.sets, self.published)
        return HttpsDocument(json.dumps({"keys": [jwk(name) for name in self.published]}).encode())


class Ticks:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def present(case: dict[str, Any], configuration: OidcConfiguration, monkeypatch: pytest.MonkeyPatch) -> Any:
    site, ticks = ModelSite(case), Ticks()
    tokens = IdTokens(configuration, monotonic=ticks, fetch=site.fetch)
    elsewhere: dict[str, Any] = case.get("distributed", {})

    async def claim(url: str, *_: Any, bearer: Any) -> HttpsDocument:
        assert url == elsewhere["url"]
        assert f"Bearer {bearer.reveal()}" == elsewhere["expect_authorization"]
        return HttpsDocument(token_of(elsewhere["respond_with_token"]).encode())

    if elsewhere:
        monkeypatch.setattr("sekisho.connect.id_tokens.fetch_document", claim)

    async def all_of_it() -> Decision[KubeUser]:
        if "jwks_sequence" in case and case["token"]["kid"] not in case["jwks_sequence"][0]:
            first = {
                **case["token"],
                "kid": case["jwks_sequence"][0][0],
                "sign_with": case["jwks_sequence"][0][0],
            }
            assert (await tokens.decide(token_of(first), NOW)).allowed
        told = await tokens.decide(token_of(case["token"]), NOW)
        for _ in range(case.get("discovery", {}).get("fail_first_requests", 0)):
            assert told.decisive[0].code is OidcCode.NOT_READY
            ticks.now += FAILURE_SECONDS
            told = await tokens.decide(token_of(case["token"]), NOW)
        for _ in range(case.get("repeat_token", 1) - 1):
            told = await tokens.decide(token_of(case["token"]), NOW)
        return told

    told = asyncio.run(all_of_it())
    fetched = sum(1 for url in site.asked if url.endswith("/keys"))
    assert fetched <= case.get("expect_max_jwks_requests", fetched)
    return told


def outcome(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Result:
    try:
        configuration = configured(case["config"])
    except SekishoInputError as error:
        return {"outcome": "config_error", "fields": [setting(fault.at) for fault in error.faults]}
    decision = present(case, configuration, monkeypatch)
    if decision.outcome is Outcome.ALLOW:
        user = decision.value
        extra = {key: list(values) for key, values in user.extra}
        return {
            "outcome": "authenticated",
            "username": user.name,
            "groups": list(user.groups),
            "uid": user.uid,
            "extra": extra,
        }
    if decision.outcome is Outcome.NO_OPINION:
        return {"outcome": "skipped"}
    return {"outcome": "denied", "code": decision.decisive[0].code, "message": decision.sentence()}


def agrees(found: Result, wanted: Result) -> bool:
    if found["outcome"] != wanted["outcome"]:
        return False
    if wanted["outcome"] == "denied":
        is_kind = found["code"] in KINDS[wanted["error_kind"]]
        return is_kind and wanted.get("message_contains", "") in found["message"]
    if wanted["outcome"] == "config_error":
        last = wanted["field"].rpartition(".")[2].replace("_", "-").lower()
        return any(
            field.rpartition(".")[2].lower().removeprefix("--oidc-") == last for field in found["fields"]
        )
    return all(found[name] == value for name, value in wanted.items())


@pytest.mark.parametrize("case", DATA["cases"], ids=[case["name"] for case in DATA["cases"]])
def test_vector(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(case) <= CASE_KEYS
    found = outcome(case, monkeypatch)
    wanted = [case["expect"], *case.get("acceptable_alternatives", [])]
    assert any(agrees(found, one) for one in wanted), found
