"""A real kube-apiserver and our rules, given the same configurations and the same id tokens.

Sources: the running program (1.37); Kubernetes, "Authenticating", section "OpenID Connect Tokens".
"""

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sekisho.connect.id_tokens import IdTokens
from sekisho.decide.authn.mapping import implicit_groups
from sekisho.decide.authn.oidc.configuration import MAX_ISSUERS, read_configuration
from sekisho.decide.authn.oidc.model import OidcConfiguration, setting
from sekisho.decide.decision import Decision
from sekisho.decide.values import InputFault, Instant, KubeUser, SekishoInputError
from support.checkpoint import waited
from support.issuer_site import IssuerSite, issuer_site
from support.jwt import compact, encoded, rsa_jwk, rsa_key, signed
from support.kube_apiserver import ISSUER, ApiServerProcess, running_apiserver
from support.oidc_cases import ONLY_OURS, ONLY_REAL, REFUSED, STANDARD, SUB, Claims, Entry, cases, mapped

AUDIENCE = "kube"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
REVIEWS = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
DONE = re.compile(r'"failed to (?:load|validate|update) authentication config".*', re.DOTALL)
KEY = rsa_jwk(rsa_key(), kid="k", use="sig")
MOMENTS = ("exp", "nbf", "iat")


@dataclass
class Pair:
    """The real server and the issuers that it and we ask; ``entries`` are all of them with their tokens."""

    site: IssuerSite
    server: ApiServerProcess
    file: Path
    entries: list[tuple[Entry, list[Claims]]]

    def real(self, token: str) -> KubeUser | None:
        status, body = self.server.ask("POST", REVIEWS, REVIEW, token)
        if status != 201:
            assert status == 401, body
            return None
        info = body["status"]["userInfo"]
        extra = {key: tuple(values) for key, values in info.get("extra", {}).items()}
        groups = tuple(info.get("groups", ()))
        return KubeUser(info.get("username", ""), groups, info.get("uid", ""), tuple(sorted(extra.items())))


def entry(site: IssuerSite, name: str, told: Entry, **more: Any) -> Entry:
    url = site.issuer(name, KEY)
    issuer = {"url": url, "audiences": [AUDIENCE], "certificateAuthority": site.authority, **more}
    return {"issuer": issuer, **told}


def document(*entries: Any, version: str = "v1", **more: Any) -> str:
    top = {"apiVersion": f"apiserver.config.k8s.io/{version}", "kind": "AuthenticationConfiguration"}
    return yaml.safe_dump({**top, "jwt": list(entries), **more}, sort_keys=False)


def standard(issuer: str, claims: Claims) -> Claims:
    """Complete ``claims``; small numbers are seconds from now, ``=`` begins what stands as it is."""
    told: Claims = {"iss": issuer, "aud": AUDIENCE, "exp": 3600, "sub": "u-1", **claims}
    now = int(time.time())
    for name in MOMENTS:
        value = told.get(name)
        if isinstance(value, str) and value.endswith(" as text"):
            told[name] = str(now + int(value.removesuffix(" as text")))
        elif isinstance(value, str) and value.startswith("="):
            text = value[1:]
            told[name] = int(text) if text.lstrip("-").isdigit() else text
        elif isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9:
            told[name] = now + value
    if "EXP" in told:
        del told["exp"]
    return told


def only(name: str) -> str:
    return f"only-{name.replace(' ', '-')}"


def batches(site: IssuerSite) -> list[tuple[Entry, list[Claims]]]:
    found = [(entry(site, f"i{number}", told), claims) for number, (told, claims) in enumerate(cases())]
    found.append((entry(site, "standard", SUB), list(STANDARD.values())))
    several = entry(site, "several", SUB, audiences=["one", AUDIENCE], audienceMatchPolicy="MatchAny")
    found.append((several, list(STANDARD.values())))
    for table in (ONLY_REAL, ONLY_OURS):
        found += [(entry(site, only(name), told), []) for name, (told, _) in table.items()]
    found.append((entry(site, "slash/", SUB), []))
    found.append((entry(site, "elsewhere", SUB, discoveryURL=site.url("/found/here")), []))
    site.issuer("elsewhere", KEY, described_at="/found/here")
    found.append((entry(site, "far", mapped(groups={"claim": "g", "prefix": "g:"})), []))
    for name, told in (("there", {"g": ["dev"]}), ("lacks", {}), ("other", {"g": ["dev"], "aud": "other"})):
        site.pages[f"/claims/{name}"] = (200, {}, good(site.issuer("directory", KEY), told).encode())
    return found


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Pair]]:
    """Run as many servers as the issuers need: each takes 64."""
    folder = tmp_path_factory.mktemp("oidc")
    with ExitStack() as stack:
        site = stack.enter_context(issuer_site(folder / "site"))
        found: list[Pair] = []
        entries = batches(site)
        for start in range(0, len(entries), MAX_ISSUERS):
            part = entries[start : start + MAX_ISSUERS]
            file = folder / f"auth-{start}.yaml"
            file.write_text(document(*(one for one, _ in part)))
            server = stack.enter_context(
                running_apiserver(folder / f"kube-{start}", [f"--authentication-config={file}"])
            )
            found.append(Pair(site, server, file, part))
        for pair in found:
            # Discovery runs on after the server is ready: an issuer is known once its keys were asked for.
            for one, _ in pair.entries:
                token = good(one["issuer"]["url"], {"aud": "other"})
                keys = one["issuer"]["url"].removeprefix(site.url()) + "/keys"
                waited(lambda t=token, k=keys, p=pair: p.real(t) or k in site.asked or None)
        yield found


def ours(pair: Pair) -> OidcConfiguration:
    return read_configuration(str(pair.file), pair.file.read_text(), [ISSUER])


def decided(configuration: OidcConfiguration, tokens: list[str]) -> list[Decision[KubeUser]]:
    async def all_of_them() -> list[Decision[KubeUser]]:
        deciding = IdTokens(configuration)
        now = Instant.from_epoch(time.time())
        return [await deciding.decide(token, now) for token in tokens]

    return asyncio.run(all_of_them())


def comparable(user: KubeUser | None) -> KubeUser | None:
    if user is None:
        return None
    user = implicit_groups(user)
    return KubeUser(user.name, user.groups, user.uid, tuple(sorted(user.extra)))


def good(issuer: str, claims: Claims) -> str:
    return signed(standard(issuer, claims), "RS256", kid="k")


def find(pairs: list[Pair], name: str) -> tuple[Pair, str]:
    """Return the pair with the issuer under the path ``name``, and its URL."""
    for pair in pairs:
        url = pair.site.url(f"/{name}")
        if any(one["issuer"]["url"] == url for one, _ in pair.entries):
            return pair, url
    raise AssertionError(name)


def both(pair: Pair, token: str) -> tuple[Decision[KubeUser], KubeUser | None]:
    return decided(ours(pair), [token])[0], pair.real(token)


def test_claims_make_the_same_users(pairs: list[Pair]) -> None:
    admitted = refused = 0
    differing: list[str] = []
    for pair in pairs:
        asked = [(one, claims) for one, listed in pair.entries for claims in listed]
        tokens = [good(one["issuer"]["url"], claims) for one, claims in asked]
        found = decided(ours(pair), tokens)
        for (one, claims), token, decision in zip(asked, tokens, found, strict=True):
            real = pair.real(token)
            if comparable(decision.value) != real:
                told = {name: value for name, value in one.items() if name != "issuer"}
                differing.append(f"{told} {claims}: {decision.sentence()} / {real}")
            admitted += real is not None
            refused += real is None
    assert differing == []
    assert admitted > 400
    assert refused > 400


@pytest.mark.parametrize("name", ONLY_REAL)
def test_what_only_a_real_server_takes(pairs: list[Pair], name: str) -> None:
    pair, url = find(pairs, only(name))
    decision, real = both(pair, good(url, ONLY_REAL[name][1]))
    assert not decision.allowed
    assert real is not None


@pytest.mark.parametrize("name", ONLY_OURS)
def test_what_only_we_take(pairs: list[Pair], name: str) -> None:
    pair, url = find(pairs, only(name))
    decision, real = both(pair, good(url, ONLY_OURS[name][1]))
    assert decision.allowed
    assert real is None


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_a_file_takes_every_family(pairs: list[Pair], algorithm: str) -> None:
    pair, url = find(pairs, "standard")
    decision, real = both(pair, signed(standard(url, {}), algorithm, kid="k"))
    assert comparable(decision.value) == real
    assert real is not None


def hostile(url: str) -> dict[str, str]:
    """Return tokens that nobody may take."""
    claims = standard(url, {})
    token = good(url, {})
    head, body, signature = token.split(".")
    public = rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    other = encoded(json.dumps({**claims, "sub": "admin"}).encode())
    brought = {"kid": "k", "jwk": rsa_jwk(rsa_key(2048, 1)), "jku": "https://localhost:1/keys"}

    def hmac_of(secret: bytes) -> Any:
        return lambda data: hmac.new(secret, data, hashlib.sha256).digest()

    return {
        "alg none": compact({"alg": "none"}, claims, lambda _: b""),
        "alg None": compact({"alg": "None", "kid": "k"}, claims, lambda _: b""),
        "no alg": compact({"kid": "k"}, claims, lambda _: b""),
        "HS256 with the public key": compact({"alg": "HS256", "kid": "k"}, claims, hmac_of(public)),
        "HS256 with the key set": compact(
            {"alg": "HS256", "kid": "k"}, claims, hmac_of(json.dumps(KEY).encode())
        ),
        "RS256 said, HMAC made": compact({"alg": "RS256", "kid": "k"}, claims, hmac_of(public)),
        "another key": signed(claims, "RS256", rsa_key(2048, 1), kid="k"),
        "an unknown key": signed(claims, "RS256", kid="nobody"),
        "a key of its own": signed(claims, "RS256", rsa_key(2048, 1), **brought),
        "kid as a path": signed(claims, "RS256", kid="../../etc/passwd"),
        "kid as a URL": signed(claims, "RS256", rsa_key(2048, 1), kid=f"{url}/keys"),
        "kid as a number": signed(claims, "RS256", kid=1),
        "an elliptic algorithm": signed(claims, "ES256", kid="k"),
        "other claims": f"{head}.{other}.{signature}",
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "four parts": f"{token}.{signature}",
        "a token in a token": signed(token, "RS256", kid="k"),
        "a token of JSON": json.dumps({"protected": head, "payload": body, "signature": signature}),
        "a list for claims": signed([claims], "RS256", kid="k"),
        "an unknown demand": signed(claims, "RS256", kid="k", crit=["exp"]),
        "unencoded payload": signed(claims, "RS256", kid="k", crit=["b64"], b64=False),
        "padding": f"{head}=.{body}.{signature}",
        "another alphabet": f"{head}.{body}+.{signature}",
        "another issuer": signed({**claims, "iss": "https://elsewhere.example"}, "RS256", kid="k"),
        "the issuer in capitals": signed({**claims, "iss": url.upper()}, "RS256", kid="k"),
        "the issuer with a slash": signed({**claims, "iss": f"{url}/"}, "RS256", kid="k"),
        "a list of issuers": signed({**claims, "iss": [url]}, "RS256", kid="k"),
        "Google's short name": signed({**claims, "iss": "accounts.google.com"}, "RS256", kid="k"),
    }


def test_hostile_tokens_are_refused_by_both(pairs: list[Pair]) -> None:
    pair, url = find(pairs, "standard")
    told = hostile(url)
    found = decided(ours(pair), list(told.values()))
    assert [name for name, decision in zip(told, found, strict=True) if decision.allowed] == []
    assert [name for name, token in told.items() if pair.real(token) is not None] == []


def test_a_slash_at_the_end_is_part_of_the_name(pairs: list[Pair]) -> None:
    pair, url = find(pairs, "slash/")
    for name, is_taken in ((url, True), (url.rstrip("/"), False), (f"{url}/", False)):
        decision, real = both(pair, good(name, {}))
        assert (decision.allowed, real is not None) == (is_taken, is_taken)


def test_a_discovery_url_is_asked_as_it_stands(pairs: list[Pair]) -> None:
    pair, url = find(pairs, "elsewhere")
    decision, real = both(pair, good(url, {}))
    assert comparable(decision.value) == real
    assert real is not None


def test_groups_that_lie_elsewhere(pairs: list[Pair]) -> None:
    pair, url = find(pairs, "far")

    def bearer(name: str) -> str:
        source = {"endpoint": pair.site.url(f"/claims/{name}"), "access_token": "at-1"}
        return good(url, {"_claim_names": {"g": "s"}, "_claim_sources": {"s": source}})

    # The real server discovers the issuer of the claim behind its first answer, which is a refusal.
    real = waited(lambda: pair.real(bearer("there")))
    (decision,) = decided(ours(pair), [bearer("there")])
    assert comparable(decision.value) == real
    assert real.groups == ("g:dev", "system:authenticated")
    for name in ("lacks", "other", "missing"):
        decision, nobody = both(pair, bearer(name))
        assert not decision.allowed
        assert nobody is None


@pytest.fixture(scope="module")
def judged(pairs: list[Pair]) -> dict[str, tuple[str, str]]:
    """Give the running server each bad configuration in turn; return it with what the server says."""
    pair = pairs[0]
    site, log = pair.site, pair.server.folder / "kube-apiserver.log"
    base = entry(site, "standard", SUB)
    told: dict[str, str] = {}
    for name, change in REFUSED.items():
        merged = {**base, **change}
        if change.get("issuer", 0) is not None:
            merged["issuer"] = {**base["issuer"], **change.get("issuer", {})}
        told[name] = document(merged)
    many = [entry(site, f"many-{number}", SUB) for number in range(MAX_ISSUERS + 1)]
    told |= {
        "an issuer twice": document(base, base),
        "a discovery URL twice": document(
            *({**one, "issuer": {**one["issuer"], "discoveryURL": "https://d.example/d"}} for one in many[:2])
        ),
        "too many issuers": document(*many),
        "an unknown version": document(base, version="v2"),
        "another kind": document(base).replace("AuthenticationConfiguration", "AuthorizationConfiguration"),
        "no kind": document(base).replace("kind: AuthenticationConfiguration\n", ""),
        "no version": document(base).replace("apiVersion: apiserver.config.k8s.io/v1\n", ""),
        "an unknown member": document(base, jwts=[]),
        "a member twice": document(base) + "kind: AuthenticationConfiguration\n",
        "not YAML": "jwt: [",
        "issuers as a mapping": document().replace("jwt: []", "jwt: {}"),
        "an issuer that is text": document("x"),
    }
    found: dict[str, tuple[str, str]] = {}
    for name, text in told.items():
        before = log.stat().st_size
        new = pair.file.with_suffix(".new")
        new.write_text(text)
        new.replace(pair.file)
        said = waited(lambda start=before: DONE.search(log.read_bytes()[start:].decode()))
        found[name] = text, said.group()
    return found


def faults_of(text: str) -> tuple[InputFault, ...]:
    try:
        read_configuration("auth.yaml", text, [ISSUER])
    except SekishoInputError as error:
        return error.faults
    return ()


def test_what_a_real_server_cannot_use_we_cannot_use(judged: dict[str, tuple[str, str]]) -> None:
    differing: list[str] = []
    for name, (text, said) in judged.items():
        faults = faults_of(text)
        places = {setting(fault.at) for fault in faults}
        is_same = any(f"{place}:" in said for place in places) or "failed to validate" not in said
        if not faults or not is_same or not all(fault.line for fault in faults):
            differing.append(f"{name}: {faults} / {said}")
    assert differing == []
