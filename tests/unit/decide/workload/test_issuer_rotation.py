"""Keys of an issuer over time, and which issuers AWS can use."""

from datetime import timedelta

import pytest

from sekisho.decide.proof.jws_keys import PublicKey
from sekisho.decide.values import Instant, SekishoInputError
from sekisho.decide.workload.issuer import (
    IssuerKey,
    check_issuer,
    discovery_document,
    key_set_document,
    rotated,
)

DAY = timedelta(hours=24)
SECOND = timedelta(seconds=1)
START = Instant.parse_rfc3339("2026-11-24T00:00:00Z")
OLD = PublicKey("old", "RSA", "RS256", (("n", "AQ"), ("e", "AQAB")))
NEW = PublicKey("new", "EC", "ES256", (("crv", "P-256"), ("x", "AQ"), ("y", "Ag")))


def test_a_new_key_is_published_at_once_and_an_old_one_keeps_its_time() -> None:
    first = rotated((), (OLD,), START, DAY)
    assert first == (IssuerKey(OLD, START),)
    later = START + timedelta(days=3)
    assert rotated(first, (NEW, OLD, NEW), later, DAY) == (IssuerKey(NEW, later), IssuerKey(OLD, START))


def test_a_key_that_left_the_servers_is_published_until_its_last_token_ended() -> None:
    both = (IssuerKey(NEW, START), IssuerKey(OLD, START))
    left = rotated(both, (NEW,), START + DAY, DAY)
    assert left == (IssuerKey(NEW, START), IssuerKey(OLD, START, START + DAY))
    assert rotated(left, (NEW,), START + DAY + DAY + -SECOND, DAY) == left
    assert rotated(left, (NEW,), START + DAY + DAY, DAY) == (IssuerKey(NEW, START),)


def test_a_key_that_comes_back_is_in_use_again() -> None:
    gone = (IssuerKey(OLD, START, START + SECOND),)
    assert rotated(gone, (OLD,), START + DAY, DAY) == (IssuerKey(OLD, START),)


def test_a_key_signs_once_everybody_has_read_it() -> None:
    assert IssuerKey(OLD, START).signs_from(timedelta(hours=1)) == START + timedelta(hours=1)
    assert IssuerKey(OLD, START).leaves_at(DAY) is None


def test_the_documents_have_the_members_of_eks() -> None:
    issuer = "https://oidc.example.com/id/A"
    assert discovery_document(issuer, f"{issuer}/keys", ["RS256", "ES256", "RS256"]) == {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/keys",
        "authorization_endpoint": "urn:kubernetes:programmatic_authorization",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "claims_supported": ["sub", "iss"],
        "id_token_signing_alg_values_supported": ["RS256", "ES256"],
    }
    assert key_set_document((OLD, NEW)) == {
        "keys": [
            {"use": "sig", "kty": "RSA", "kid": "old", "alg": "RS256", "n": "AQ", "e": "AQAB"},
            {"use": "sig", "kty": "EC", "kid": "new", "alg": "ES256", "crv": "P-256", "x": "AQ", "y": "Ag"},
        ]
    }


@pytest.mark.parametrize(
    ("issuer", "path"),
    [
        ("https://oidc.example.com", ""),
        ("https://oidc.example.com/id/A", "/id/A"),
        ("https://e.com/" + "a" * 241, "/" + "a" * 241),
    ],
)
def test_an_issuer_that_aws_can_use(issuer: str, path: str) -> None:
    assert check_issuer(issuer) == path


@pytest.mark.parametrize(
    ("issuer", "problem"),
    [
        ("http://oidc.example.com", "an https URL"),
        ("https://", "an https URL"),
        ("https://e.com/" + "a" * 242, "at most 255"),
        ("https://oidc.example.com:8443/a", "no port"),
        ("https://oidc.example.com/a/", "no slash at the end"),
        ("https://oidc.example.com/a?b", "without query"),
        ("https://oidc.example.com/a#b", "without query"),
        ("https://me@oidc.example.com/a", "without query"),
        ("https://oidc.example.com/\u00e4", "without query"),
        ("https://oidc.example.com/\x7f", "without query"),
    ],
)
def test_an_issuer_that_aws_cannot_use(issuer: str, problem: str) -> None:
    with pytest.raises(SekishoInputError, match=problem):
        check_issuer(issuer)
