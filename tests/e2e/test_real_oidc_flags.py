"""A real kube-apiserver started with ``--oidc-*`` flags and our reading of the same flags, token by token.

Source: the running program (1.37); Kubernetes, "Authenticating", section "Using flags".
"""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from sekisho.connect.id_tokens import IdTokens
from sekisho.decide.authn.oidc.flags import OidcFlags, read_flags
from sekisho.decide.decision import Decision
from sekisho.decide.values import Instant, KubeUser
from support.checkpoint import waited
from support.issuer_site import issuer_site
from support.jwt import rsa_jwk, rsa_key, signed
from support.kube_apiserver import running_apiserver

REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

TOKENS: dict[str, tuple[str, dict[str, Any]]] = {
    "as it should be": ("RS256", {}),
    "with groups": ("RS256", {"groups": ["dev", "ops"]}),
    "with one group": ("RS256", {"groups": "dev"}),
    "a listed algorithm": ("PS256", {}),
    "an algorithm that is not listed": ("RS384", {}),
    "another tenant": ("RS256", {"tenant": "t2"}),
    "no tenant": ("RS256", {"tenant": None}),
    "a tenant that is a number": ("RS256", {"tenant": 1}),
    "a name with =": ("RS256", {"note": "a=b"}),
    "another audience": ("RS256", {"aud": "web"}),
    "expired": ("RS256", {"exp": 1}),
    "an address not verified": ("RS256", {"email": "a@b", "email_verified": False}),
}

SETTINGS: dict[str, dict[str, Any]] = {
    "the defaults": {},
    "an address": {"username_claim": "email"},
    "groups, algorithms and required claims": {
        "username_prefix": "-",
        "groups_claim": "groups",
        "groups_prefix": "-",
        "signing_algs": ("RS256", "PS256"),
        "required_claims": {"tenant": "t1"},
    },
}


@pytest.mark.parametrize("name", SETTINGS)
def test_flags_make_the_same_users(tmp_path: Path, name: str) -> None:
    settings = SETTINGS[name]
    with issuer_site(tmp_path / "site") as site:
        issuer = site.issuer("work", rsa_jwk(rsa_key(), kid="k"))
        ca = tmp_path / "ca.pem"
        ca.write_text(site.authority)
        flags = [f"--oidc-issuer-url={issuer}", "--oidc-client-id=kube", f"--oidc-ca-file={ca}"]
        for flag, value in settings.items():
            listed = (
                [f"{one}={wanted}" for one, wanted in value.items()] if isinstance(value, dict) else [value]
            )
            shown = [",".join(one) if isinstance(one, tuple) else one for one in listed]
            option = flag.replace("_", "-").replace("required-claims", "required-claim")
            flags += [f"--oidc-{option}={one}" for one in shown]
        configuration = read_flags(OidcFlags(issuer, "kube", ca=site.authority, **settings))
        base = {"iss": issuer, "aud": "kube", "exp": int(time.time()) + 3600, "sub": "u", "tenant": "t1"}
        base |= {"email": "a@b"}
        tokens = {
            case: signed({**base, **told}, algorithm, kid="k") for case, (algorithm, told) in TOKENS.items()
        }

        async def all_of_them() -> list[Decision[KubeUser]]:
            deciding, now = IdTokens(configuration), Instant.from_epoch(time.time())
            return [await deciding.decide(token, now) for token in tokens.values()]

        found = asyncio.run(all_of_them())
        with running_apiserver(tmp_path / "kube", flags) as server:

            def real(token: str) -> tuple[str, tuple[str, ...]] | None:
                status, body = server.ask("POST", REVIEWS, REVIEW, token)
                if status != 201:
                    return None
                info = body["status"]["userInfo"]
                return info["username"], tuple(info["groups"])

            waited(lambda: real(tokens["as it should be"]))
            for case, decision in zip(tokens, found, strict=True):
                user = decision.value
                mine = None if user is None else (user.name, (*user.groups, "system:authenticated"))
                assert mine == real(tokens[case]), case
