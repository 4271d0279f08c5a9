"""The keys of an issuer out there, over real TLS on loopback: bounds, trust, caches.

Source: OpenID Connect Discovery 1.0, section 4; OpenID Connect Core 1.0, section 10.1.1.
"""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from sekisho.connect.https_document import MAX_BYTES, DocumentError, fetch_document, trusted_roots
from sekisho.connect.issuer_keys import (
    DEFAULT_SECONDS,
    FAILURE_SECONDS,
    MAX_ISSUERS,
    MAX_SECONDS,
    MIN_SECONDS,
    REFETCH_SECONDS,
    IssuerError,
    IssuerKeysClient,
)
from support.https_site import Site, https_site, page

KEYS = json.dumps({"keys": [{"kty": "RSA", "kid": "k-1", "n": "AQAB", "e": "AQAB"}]}).encode()
DISCOVERY = "/.well-known/openid-configuration"

Work = Callable[[Site], Awaitable[None]]


def run(folder: Path, work: Work) -> None:
    async def all_of_it() -> None:
        async with https_site(folder) as site:
            await work(site)

    asyncio.run(all_of_it())


def issuer(site: Site, keys: bytes | None = None) -> str:
    """Make ``site`` an issuer and return its URL."""
    told = {"issuer": site.url(), "jwks_uri": site.url("/keys")}
    site.pages = {DISCOVERY: page(json.dumps(told).encode()), "/keys": keys or page(KEYS)}
    return site.url()


class Ticks:
    """A clock that the test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def client(site: Site, ticks: Ticks | None = None) -> IssuerKeysClient:
    return IssuerKeysClient(lambda host: host == "sts.amazonaws.com", lambda: site.trust, ticks or Ticks())


def test_keys_are_fetched_once_and_kept(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        url, asking = issuer(site), client(site)
        found = await asyncio.gather(*(asking.keys(url, "k-1") for _ in range(5)))
        assert set(found) == {KEYS}
        assert site.asked == [DISCOVERY, "/keys"]

    run(tmp_path, work)


@pytest.mark.parametrize(
    ("headers", "kept"),
    [
        ((), DEFAULT_SECONDS),
        (("cache-control: no-store",), DEFAULT_SECONDS),
        (("cache-control: public, max-age=1",), MIN_SECONDS),
        (("cache-control: max-age=61",), 61),
        (("cache-control: max-age=999999",), MAX_SECONDS),
    ],
)
def test_keys_are_kept_as_long_as_they_hold(tmp_path: Path, headers: tuple[str, ...], kept: int) -> None:
    async def work(site: Site) -> None:
        ticks = Ticks()
        url, asking = issuer(site, page(KEYS, *headers)), client(site, ticks)
        for seconds, fetched in ((0.0, 1), (kept - 0.5, 1), (0.5, 2)):
            ticks.now += seconds
            assert await asking.keys(url, "k-1") == KEYS
            assert site.asked.count("/keys") == fetched

    run(tmp_path, work)


def test_an_unknown_key_id_is_asked_for_again_but_not_all_the_time(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        ticks = Ticks()
        url, asking = issuer(site), client(site, ticks)
        for seconds, key_id, fetched in (
            (0.0, "k-2", 1),
            (REFETCH_SECONDS - 0.5, "k-2", 1),
            (0.5, "k-1", 1),
            (0.0, "", 1),
            (0.0, "k-2", 2),
            (0.0, "k-3", 2),
        ):
            ticks.now += seconds
            await asking.keys(url, key_id)
            assert site.asked.count("/keys") == fetched, key_id

    run(tmp_path, work)


def test_a_failure_is_told_for_a_while_without_asking(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        ticks = Ticks()
        url, asking = issuer(site), client(site, ticks)
        site.pages[DISCOVERY] = page(b"", status="503 Busy")
        for seconds, asked in ((0.0, 1), (FAILURE_SECONDS - 0.5, 1), (0.5, 2)):
            ticks.now += seconds
            with pytest.raises(IssuerError, match="status 503"):
                await asking.keys(url, "k-1")
            assert len(site.asked) == asked
        issuer(site)
        ticks.now += FAILURE_SECONDS
        assert await asking.keys(url, "k-1") == KEYS

    run(tmp_path, work)


def test_only_so_many_issuers_are_remembered(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        url, asking = issuer(site), client(site)
        await asking.keys(url, "k-1")
        for number in range(MAX_ISSUERS):
            with pytest.raises(IssuerError):
                await asking.keys(f"http://issuer-{number}", "k")
        await asking.keys(url, "k-1")
        assert site.asked.count("/keys") == 2

    run(tmp_path, work)


ELSEWHERE = {
    "another issuer": {"issuer": "https://other.example"},
    "keys over plain HTTP": {"jwks_uri": "http://localhost/keys"},
    "keys at AWS": {"jwks_uri": "https://sts.amazonaws.com/keys"},
    "no keys": {"jwks_uri": None},
}


@pytest.mark.parametrize("changed", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_a_description_that_leads_elsewhere_is_no_description(
    tmp_path: Path, changed: dict[str, str | None]
) -> None:
    async def work(site: Site) -> None:
        url = issuer(site)
        told = {"issuer": url, "jwks_uri": site.url("/keys"), **changed}
        site.pages[DISCOVERY] = page(json.dumps(told).encode())
        with pytest.raises(IssuerError) as error:
            await client(site).keys(url, "k-1")
        assert error.value.in_time
        assert site.asked == [DISCOVERY]

    run(tmp_path, work)


ADDRESSES = {
    "http://localhost/x": "not an https address",
    "https://user@localhost/x": "not an https address",
    "https:///x": "not an https address",
    "https://[::1]/x": "not an https address",
    "https://localhost:99999/x": "not an address",
    "https://sts.amazonaws.com/x": "never asked",
    "https://169.254.169.254/x": "never asked",
    "https://2852039166/x": "never asked",  # the same address, as resolvers read it too
    "https://0xa9fea9fe/x": "never asked",
    "https://169.254.43518/x": "never asked",
    "https://localhost/a b": "not a path",
    "https://127.0.0.1:1/x": "no connection",
    "https://no-such-host.invalid/x": "no connection",
}


@pytest.mark.parametrize("url", ADDRESSES)
def test_addresses_that_are_not_asked(url: str) -> None:
    with pytest.raises(DocumentError, match=ADDRESSES[url]):
        asyncio.run(fetch_document(url, trusted_roots(), lambda host: host == "sts.amazonaws.com"))


REDIRECT = "302 Found"
ANSWERS: dict[str, tuple[bytes, str]] = {
    "not found": (page(b"", status="404 Not Found"), "status 404"),
    "leads to another host": (
        page(b"", "location: https://sts.amazonaws.com/", status=REDIRECT),
        "another host",
    ),
    "leads to plain HTTP": (page(b"", "location: http://localhost/", status=REDIRECT), "another host"),
    "leads nowhere": (page(b"", status=REDIRECT), "status 302"),
    "leads in a circle": (page(b"", "location: /x", status=REDIRECT), "too many redirects"),
    "too large": (page(b"x" * (MAX_BYTES + 40_000)), "longer than"),
    "a head without end": (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 60_000, "longer than"),
    "not HTTP": (b"SSH-2.0-x\r\n\r\n", "no HTTP response"),
    "nothing": (b"", "no HTTP response"),
    "cut off": (b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc", "cut off"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_answers_that_are_no_document(tmp_path: Path, case: str) -> None:
    async def work(site: Site) -> None:
        site.pages["/x"] = ANSWERS[case][0]
        with pytest.raises(DocumentError, match=ANSWERS[case][1]) as error:
            await fetch_document(site.url("/x"), site.trust, lambda _: False)
        assert error.value.in_time

    run(tmp_path, work)


def test_a_redirect_on_the_same_host_is_followed(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        site.pages = {"/x": page(b"", "location: /y?z=1", status=REDIRECT), "/y?z=1": page(b"here")}
        found = await fetch_document(site.url("/x"), site.trust, lambda _: False)
        assert found.body == b"here"

    run(tmp_path, work)


def test_a_body_without_length_ends_with_the_connection(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        site.pages["/x"] = b"HTTP/1.1 200 OK\r\n\r\nhere"
        assert (await fetch_document(site.url("/x"), site.trust, lambda _: False)).body == b"here"

    run(tmp_path, work)


def test_a_site_that_says_nothing_is_given_up_in_time(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        with pytest.raises(DocumentError, match="no answer within") as error:
            await fetch_document(site.url("/silent"), site.trust, lambda _: False, seconds=0.2)
        assert not error.value.in_time

    run(tmp_path, work)


def test_a_certificate_of_nobody_is_not_trusted(tmp_path: Path) -> None:
    async def work(site: Site) -> None:
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        with pytest.raises(DocumentError, match="not trusted"):
            await fetch_document(site.url("/x"), nobody, lambda _: False)
        assert site.asked == []

    run(tmp_path, work)
