"""Id tokens against issuers over real TLS that fail, change, lie and are slow.

Sources: OpenID Connect Discovery 1.0; OpenID Connect Core 1.0, sections 5.6.2 and 10.1.1.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sekisho.connect.https_document import MAX_BYTES, DocumentError, fetch_document, trusted_roots
from sekisho.connect.id_tokens import IdTokens, is_never_asked
from sekisho.connect.issuer_keys import (
    DEFAULT_SECONDS,
    FAILURE_SECONDS,
    REFETCH_SECONDS,
    STALE_SECONDS,
)
from sekisho.decide.authn.oidc.code import OidcCode
from sekisho.decide.authn.oidc.configuration import configuration_of
from sekisho.decide.authn.oidc.model import OidcConfiguration
from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.values import Instant, KubeUser, Ref, Secret
from support.issuer_site import IssuerSite, document, issuer_site
from support.jwt import rsa_jwk, rsa_key, signed
from support.oidc_build import document as configuration_document

OLD, NEW = (rsa_jwk(rsa_key(2048, serial), kid=f"k{serial}") for serial in (0, 1))


class Ticks:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IssuerSite]:
    with issuer_site(tmp_path_factory.mktemp("issuers")) as found:
        yield found


def configuration(site: IssuerSite, *names: str, **issuer: Any) -> OidcConfiguration:
    entries = [
        {
            "issuer": {
                "url": site.url(f"/{name}"),
                "audiences": ["kube"],
                "certificateAuthority": site.authority,
                **issuer,
            },
            "claimMappings": {
                "username": {"claim": "sub", "prefix": ""},
                "groups": {"claim": "groups", "prefix": ""},
            },
        }
        for name in names
    ]
    return configuration_of(configuration_document(*entries), Ref("auth.yaml"))


def token(issuer: str, key: int = 0, kid: str = "", **claims: Any) -> str:
    told = {"iss": issuer, "aud": "kube", "exp": int(time.time()) + 3600, "sub": "mira", **claims}
    return signed(told, "RS256", rsa_key(2048, key), kid=kid or f"k{key}")


Ask = Callable[..., Awaitable[Decision[KubeUser]]]


def run(site: IssuerSite, name: str, work: Callable[[Ask, Ticks], Awaitable[None]], **issuer: Any) -> None:
    ticks = Ticks()

    async def all_of_it() -> None:
        tokens = IdTokens(configuration(site, name, **issuer), monotonic=ticks)

        async def ask(key: int = 0, **told: Any) -> Decision[KubeUser]:
            text = token(told.pop("iss", site.url(f"/{name}")), key, **told)
            return await tokens.decide(text, Instant.from_epoch(time.time()))

        await work(ask, ticks)

    asyncio.run(all_of_it())


def code(decision: Decision[KubeUser]) -> OidcCode:
    found = decision.decisive[0].code
    assert isinstance(found, OidcCode)
    return found


def test_a_new_key_counts_at_once_and_unknown_ones_cost_one_request(site: IssuerSite) -> None:
    site.issuer("rotating", OLD)

    async def work(ask: Ask, ticks: Ticks) -> None:
        assert (await ask()).allowed
        site.issuer("rotating", OLD, NEW)
        assert (await ask(1)).allowed
        before = site.asked.count("/rotating/keys")
        for number in range(50):
            assert code(await ask(kid=f"bogus-{number}")) is OidcCode.SIGNATURE
        assert site.asked.count("/rotating/keys") == before + 1
        assert (await ask()).allowed
        ticks.now += REFETCH_SECONDS
        assert code(await ask(kid="bogus")) is OidcCode.SIGNATURE
        assert site.asked.count("/rotating/keys") == before + 2
        site.issuer("rotating", NEW)
        ticks.now += DEFAULT_SECONDS
        assert code(await ask()) is OidcCode.SIGNATURE

    run(site, "rotating", work)


def test_keys_that_were_had_outlive_an_outage_for_a_day(site: IssuerSite) -> None:
    site.issuer("outage", OLD)

    async def work(ask: Ask, ticks: Ticks) -> None:
        assert (await ask()).allowed
        site.pages["/outage/keys"] = (500, {}, b"")
        ticks.now += DEFAULT_SECONDS
        assert (await ask()).allowed
        asked = site.asked.count("/outage/keys")
        assert (await ask()).allowed
        assert site.asked.count("/outage/keys") == asked
        told = await ask(1)
        assert told.outcome is Outcome.UNKNOWN
        assert code(told) is OidcCode.KEYS_UNAVAILABLE
        ticks.now += FAILURE_SECONDS
        assert (await ask()).allowed  # and asks again behind the answer
        assert (await ask(1)).outcome is Outcome.UNKNOWN  # waits for that
        assert site.asked.count("/outage/keys") == asked + 1
        site.issuer("outage", OLD, NEW)
        ticks.now += FAILURE_SECONDS
        assert (await ask(1)).allowed
        site.pages["/outage/keys"] = (500, {}, b"")
        ticks.now += STALE_SECONDS
        assert (await ask()).outcome is Outcome.UNKNOWN

    run(site, "outage", work)


def test_an_issuer_that_is_down_and_slow_keeps_nobody_waiting(site: IssuerSite) -> None:
    site.issuer("slow", OLD)

    async def work(ask: Ask, ticks: Ticks) -> None:
        assert (await ask()).allowed
        site.pages["/slow/keys"] = (503, {}, b"")
        ticks.now += DEFAULT_SECONDS
        assert (await ask()).allowed
        ticks.now += FAILURE_SECONDS
        told = await asyncio.gather(*(ask() for _ in range(20)))
        assert all(one.allowed for one in told)

    run(site, "slow", work)


FAULTS: dict[str, tuple[str, Any, OidcCode]] = {
    "no description": ("description", (404, {}, b""), OidcCode.NOT_READY),
    "a description that is none": ("description", (200, {}, b"<html>"), OidcCode.NOT_READY),
    "a description of another": ("description", document({"issuer": "https://x"}), OidcCode.NOT_READY),
    "no place of keys": ("description", None, OidcCode.NOT_READY),
    "a description that leads away": (
        "description", (302, {"location": "https://127.0.0.1/x"}, b""), OidcCode.NOT_READY
    ),
    "a huge description": ("description", (200, {}, b" " * (MAX_BYTES + 40_000)), OidcCode.NOT_READY),
    "no keys": ("keys", (404, {}, b""), OidcCode.KEYS_UNAVAILABLE),
    "keys that lead away": (
        "keys", (302, {"location": "https://127.0.0.1/x"}, b""), OidcCode.KEYS_UNAVAILABLE
    ),
    "keys that are none": ("keys", (200, {}, b"<html>"), OidcCode.KEYS_UNAVAILABLE),
    "keys as a mapping": ("keys", document({"keys": {}}), OidcCode.KEYS_UNAVAILABLE),
    "huge keys": ("keys", (200, {}, b" " * (MAX_BYTES + 40_000)), OidcCode.KEYS_UNAVAILABLE),
    "too many keys": ("keys", document({"keys": [OLD] * 101}), OidcCode.KEYS_UNAVAILABLE),
    "an empty set": ("keys", document({"keys": []}), OidcCode.SIGNATURE),
    "keys of another kind": (
        "keys", document({"keys": [{"kty": "oct", "k": "AA", "kid": "k0"}]}), OidcCode.SIGNATURE
    ),
    "a private key": ("keys", document({"keys": [{**OLD, "use": "enc"}]}), OidcCode.SIGNATURE),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_issuers_that_fail(site: IssuerSite, name: str) -> None:
    what, page, wanted = FAULTS[name]
    path = name.replace(" ", "-")
    url = site.issuer(path, OLD)
    place = f"/{path}/keys" if what == "keys" else f"/{path}/.well-known/openid-configuration"
    site.pages[place] = page or document({"issuer": url})

    async def work(ask: Ask, _: Ticks) -> None:
        assert code(await ask()) is wanted

    run(site, path, work)


def test_a_description_elsewhere_with_the_issuer_s_own_name(site: IssuerSite) -> None:
    site.issuer("inside", OLD, described_at="/found/inside")

    async def work(ask: Ask, _: Ticks) -> None:
        assert (await ask()).allowed

    run(site, "inside", work, discoveryURL=site.url("/found/inside"))


def test_an_authority_of_its_own_is_the_only_one(site: IssuerSite, tmp_path: Path) -> None:
    url = site.issuer("private", OLD)
    with issuer_site(tmp_path) as other:
        for authority in ({"certificateAuthority": other.authority}, {"certificateAuthority": ""}):

            async def work(ask: Ask, _: Ticks) -> None:
                told = await ask()
                assert code(told) is OidcCode.NOT_READY
                assert "not trusted" in told.sentence()

            run(site, "private", work, **authority)
    assert url


def test_a_key_of_one_issuer_is_none_of_another(site: IssuerSite) -> None:
    site.issuer("one", OLD)
    two = site.issuer("two", {**NEW, "kid": "k0"})

    async def all_of_it() -> None:
        tokens = IdTokens(configuration(site, "one", "two"))
        now = Instant.from_epoch(time.time())
        assert (await tokens.decide(token(site.url("/one")), now)).allowed
        assert code(await tokens.decide(token(two), now)) is OidcCode.SIGNATURE
        assert (await tokens.decide(token(two, 1, kid="k0"), now)).allowed

    asyncio.run(all_of_it())


def test_keys_stay_where_a_new_configuration_leaves_an_issuer_alone(site: IssuerSite) -> None:
    for name in ("kept", "moved", "gone"):
        site.issuer(name, OLD)
    site.pages["/elsewhere"] = site.pages["/moved/.well-known/openid-configuration"]

    async def all_of_it() -> None:
        now = Instant.from_epoch(time.time())
        before = IdTokens(configuration(site, "kept", "moved", "gone"))
        for name in ("kept", "moved", "gone"):
            assert (await before.decide(token(site.url(f"/{name}")), now)).allowed
        moved = configuration(site, "moved", discoveryURL=site.url("/elsewhere")).issuers
        kept = configuration(site, "kept").issuers
        after = IdTokens(OidcConfiguration({**moved, **kept}), before=before)
        for name in ("kept", "moved"):
            assert (await after.decide(token(site.url(f"/{name}")), now)).allowed
        assert (await after.decide(token(site.url("/gone")), now)).outcome is Outcome.NO_OPINION
        assert site.asked.count("/kept/keys") == 1
        assert site.asked.count("/moved/keys") == 2
        assert site.asked.count("/elsewhere") == 1

    asyncio.run(all_of_it())


def elsewhere(site: IssuerSite, path: str) -> dict[str, Any]:
    source = {"endpoint": site.url(path), "access_token": "at-1"}
    return {"_claim_names": {"groups": "s"}, "_claim_sources": {"s": source}}


def test_groups_that_lie_elsewhere(site: IssuerSite) -> None:
    issuer = site.issuer("work", OLD)
    other = site.issuer("directory", NEW)
    site.pages["/groups"] = (200, {}, token(other, 1, groups=["dev"]).encode())
    site.pages["/nothing"] = (200, {}, b"\xff")

    async def work(ask: Ask, _: Ticks) -> None:
        found = await ask(**elsewhere(site, "/groups"))
        assert found.value is not None
        assert found.value.groups == ("dev",)
        assert site.bearers[site.asked.index("/groups")] == "Bearer at-1"
        assert code(await ask(**elsewhere(site, "/missing"))) is OidcCode.DISTRIBUTED
        assert code(await ask(**elsewhere(site, "/nothing"))) is OidcCode.DISTRIBUTED

    run(site, "work", work)
    assert issuer


def test_no_claim_leads_to_a_machine_s_own_credentials(site: IssuerSite) -> None:
    site.issuer("work", OLD)
    assert is_never_asked("169.254.169.254")
    assert not is_never_asked("10.1.2.3")
    source = {"endpoint": "https://169.254.169.254/latest/meta-data"}

    async def work(ask: Ask, _: Ticks) -> None:
        told = await ask(_claim_names={"groups": "s"}, _claim_sources={"s": source})
        assert "never asked" in told.sentence()

    run(site, "work", work)


def test_a_token_that_no_header_can_hold_is_not_sent() -> None:
    with pytest.raises(DocumentError, match="none that a header can hold"):
        asyncio.run(
            fetch_document(
                "https://localhost:1/", trusted_roots(), is_never_asked, bearer=Secret("a\r\nb: c")
            )
        )


def test_no_answer_holds_the_token(site: IssuerSite) -> None:
    site.issuer("work", OLD)
    text = token(site.url("/work"), aud="other")

    async def all_of_it() -> None:
        tokens = IdTokens(configuration(site, "work"))
        told = await tokens.decide(text, Instant.from_epoch(time.time()), explain=True)
        shown = json.dumps([[step.sentence(), dict(step.facts)] for step in told.trace])
        assert all(part not in shown for part in text.split("."))

    asyncio.run(all_of_it())
