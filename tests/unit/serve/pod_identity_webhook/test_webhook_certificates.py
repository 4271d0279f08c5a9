"""The webhook's own certificates: what is kept, what is renewed, which authorities are believed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from sekisho.serve.pod_identity_webhook import certificates
from sekisho.serve.pod_identity_webhook.certificates import Material, bundle, renewed, serving_names

NOW = datetime(2026, 11, 24, tzinfo=UTC)
NAMES = serving_names("hook", "eks")
DAY = timedelta(days=1)


def made(material: Material | None = None, now: datetime = NOW, names: tuple[str, ...] = NAMES) -> Material:
    found = renewed(material, names, now)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def first() -> Material:
    return made()


def test_the_names_are_those_of_the_service(first: Material) -> None:
    certificate = x509.load_pem_x509_certificate(first.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [
        "hook.eks.svc", "hook.eks", "hook", "hook.eks.svc.cluster.local",
    ]  # fmt: skip
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(first.authority))
    assert "PRIVATE" not in repr(first)


def test_a_certificate_is_kept_until_a_third_of_its_life_is_left(first: Material) -> None:
    ends = NOW + certificates.SERVING_LIFETIME
    assert renewed(first, NAMES, ends - certificates.RENEW_SERVING - DAY) is None
    again = made(first, ends - certificates.RENEW_SERVING)
    assert again.authority == first.authority
    assert again.certificate != first.certificate


def test_an_authority_is_replaced_long_before_it_ends(first: Material) -> None:
    ends = NOW + certificates.AUTHORITY_LIFETIME
    assert made(first, ends - certificates.RENEW_AUTHORITY - DAY).authority == first.authority
    assert made(first, ends - certificates.RENEW_AUTHORITY).authority != first.authority


def test_other_names_are_another_certificate(first: Material) -> None:
    assert made(first, names=serving_names("other", "eks")).authority == first.authority
    assert renewed(first, NAMES[:1], NOW) is None


BROKEN = {
    "no authority": ("authority", b""),
    "no key of the authority": ("authority_key", b""),
    "no certificate": ("certificate", b"x"),
    "no key": ("key", b""),
}


@pytest.mark.parametrize(("member", "value"), BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_used_is_made_anew(first: Material, member: str, value: bytes) -> None:
    found = made(replace(first, **{member: value}))
    assert (found.authority == first.authority) is (not member.startswith("authority"))
    assert renewed(found, NAMES, NOW) is None


def test_parts_that_do_not_belong_together_are_made_anew(first: Material) -> None:
    other = made()
    assert made(replace(first, authority_key=other.authority_key)).authority != first.authority
    assert made(replace(first, key=other.key)).authority == first.authority
    assert made(replace(first, certificate=other.certificate, key=other.key)).authority == first.authority


def test_a_bundle_keeps_what_is_ours_and_valid(first: Material) -> None:
    second, third, fourth = made(), made(), made()
    assert bundle(first.authority, b"", NOW) == first.authority
    assert bundle(first.authority, b"nonsense", NOW) == first.authority
    assert bundle(first.authority, first.authority, NOW) == first.authority
    assert bundle(second.authority, first.authority, NOW) == second.authority + first.authority
    assert bundle(second.authority, first.certificate, NOW) == second.authority
    several = first.authority + second.authority + third.authority
    assert bundle(fourth.authority, several, NOW) == fourth.authority + first.authority + second.authority
    ended = NOW + certificates.AUTHORITY_LIFETIME
    assert bundle(second.authority, first.authority, ended) == second.authority
