"""Configurations and tokens of one issuer, for tables."""

import json
from collections.abc import Mapping
from typing import Any

from sekisho.decide.authn.oidc.authenticate import KeysFault, KeysQuestion, conclude, plan
from sekisho.decide.authn.oidc.configuration import configuration_of
from sekisho.decide.authn.oidc.model import OidcConfiguration
from sekisho.decide.decision import Decision
from sekisho.decide.proof.jws_keys import KeySet, parse_key_set
from sekisho.decide.values import Instant, KubeUser, Ref
from support.jwt import rsa_jwk, rsa_key, signed

ISSUER = "https://id.example.com"
NOW = Instant.parse_rfc3339("2026-05-06T07:08:09Z")
EPOCH = int(NOW.epoch)
MAPPINGS = {"username": {"claim": "sub", "prefix": ""}}


def keys(*names: str) -> KeySet:
    listed = [rsa_jwk(rsa_key(), kid=name) for name in names or ("k",)]
    return parse_key_set(json.dumps({"keys": listed}))


def document(*entries: Any, **more: Any) -> dict[str, Any]:
    top = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration"}
    return {**top, "jwt": list(entries), **more}


def entry(mappings: Any = None, **more: Any) -> dict[str, Any]:
    issuer = {"url": ISSUER, "audiences": ["kube"], **more.pop("issuer", {})}
    return {"issuer": issuer, "claimMappings": MAPPINGS | (mappings or {}), **more}


def configured(*entries: Any) -> OidcConfiguration:
    return configuration_of(document(*(entries or (entry(),))), Ref("auth.yaml"))


def claims(**more: Any) -> dict[str, Any]:
    """Return good claims, changed by ``more``; ``...`` takes one away."""
    told = {"iss": ISSUER, "aud": "kube", "exp": EPOCH + 60, "sub": "mira", **more}
    return {name: value for name, value in told.items() if value is not ...}


def token(told: Mapping[str, Any] | None = None, algorithm: str = "RS256", **header: Any) -> str:
    return signed(dict(claims() if told is None else told), algorithm, **{"kid": "k", **header})


def decided(
    told: Mapping[str, Any],
    configuration: OidcConfiguration | None = None,
    answer: KeySet | KeysFault | None = None,
    *,
    explain: bool = False,
) -> Decision[KubeUser]:
    """Return the decision about a token of ``told`` that needs no claim from elsewhere."""
    asked = plan(token(told), configuration or configured(), NOW)
    if not isinstance(asked, KeysQuestion):
        return asked
    found = conclude(asked, keys() if answer is None else answer, explain=explain)
    assert isinstance(found, Decision)
    return found
