"""The lab's authority, asked by a real TLS client: which name gets which certificate."""

import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from sekisho.decide.values import Secret
from sekisho.lab.net.authority import Authority, AuthorityFiles, create_authority

NOW = datetime.now(UTC)
FILES = create_authority(NOW)
AUTHORITY = Authority(FILES)
STS = "sts.eu-west-1.amazonaws.com"
LONG = f"{'a' * 60}.s3.eu-west-1.amazonaws.com"


def trusting(certificate: str) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=certificate)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def shaken(server: ssl.SSLContext, name: str | None, client: ssl.SSLContext) -> x509.Certificate:
    """Let ``client`` connect to ``name`` in memory; return the certificate it was shown.

    Raises:
        ssl.SSLError: the client does not trust what it was shown.
    """
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    near = client.wrap_bio(to_client, to_server, server_hostname=name)
    far = server.wrap_bio(to_server, to_client, server_side=True)
    done: set[ssl.SSLObject] = set()
    while len(done) < 2:
        for side in (near, far):
            try:
                side.do_handshake()
                done.add(side)
            except ssl.SSLWantReadError:
                continue
    shown = near.getpeercert(binary_form=True)
    assert shown is not None
    return x509.load_der_x509_certificate(shown)


def names(certificate: x509.Certificate) -> list[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(name.value) for name in found]


@pytest.mark.parametrize("name", [STS, "127.0.0.1", "::1", LONG], ids=["name", "IPv4", "IPv6", "long"])
def test_a_client_that_trusts_the_authority_trusts_its_certificates(name: str) -> None:
    certificate = shaken(AUTHORITY.context(name), name, trusting(AUTHORITY.certificate))
    assert names(certificate) == [name]
    assert certificate.not_valid_before_utc < NOW < certificate.not_valid_after_utc
    assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=398)


def test_a_certificate_for_several_names() -> None:
    context = AUTHORITY.context("127.0.0.1", "localhost")
    for name in ("127.0.0.1", "localhost"):
        assert names(shaken(context, name, trusting(AUTHORITY.certificate))) == ["127.0.0.1", "localhost"]


REFUSED = {
    "another name": (STS, "iam.amazonaws.com", AUTHORITY.certificate, "Hostname mismatch"),
    "an address that is only a name": (STS, "127.0.0.1", AUTHORITY.certificate, "IP address mismatch"),
    "another authority of the same name": (STS, STS, create_authority(NOW).certificate, "verify failed"),
}


@pytest.mark.parametrize(("minted", "asked", "trusted", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_what_a_client_refuses(minted: str, asked: str, trusted: str, problem: str) -> None:
    with pytest.raises(ssl.SSLError, match=problem):
        shaken(AUTHORITY.context(minted), asked, trusting(trusted))


def test_old_protocols_are_refused() -> None:
    client = trusting(AUTHORITY.certificate)
    client.maximum_version = ssl.TLSVersion.TLSv1_2
    assert names(shaken(AUTHORITY.context(STS), STS, client)) == [STS]
    assert AUTHORITY.context(STS).minimum_version is ssl.TLSVersion.TLSv1_2


def is_served(name: str) -> bool:
    return name.endswith(".amazonaws.com")


BY_NAME = {
    "a name that is served": (STS, [STS]),
    "in upper case": (STS.upper(), [STS]),
    "another one": ("iam.amazonaws.com", ["iam.amazonaws.com"]),
    "a name that is not served": ("example.com", ["127.0.0.1", "localhost"]),
    "the name of the door": ("localhost", ["127.0.0.1", "localhost"]),
    "an address, which is never sent as a name": ("127.0.0.1", ["127.0.0.1", "localhost"]),
}


@pytest.mark.parametrize(("asked", "shown"), BY_NAME.values(), ids=BY_NAME.keys())
def test_the_name_asked_for_chooses_the_certificate(asked: str, shown: list[str]) -> None:
    server = AUTHORITY.serving(is_served, "127.0.0.1", "localhost")
    client = trusting(AUTHORITY.certificate)
    client.check_hostname = False
    assert names(shaken(server, asked, client)) == shown


def test_a_client_that_names_nobody_gets_the_default() -> None:
    client = trusting(AUTHORITY.certificate)
    client.check_hostname = False
    assert names(shaken(AUTHORITY.serving(is_served, "localhost"), None, client)) == ["localhost"]


def test_a_served_name_is_verified_through_the_door() -> None:
    server = AUTHORITY.serving(is_served, "localhost")
    assert names(shaken(server, STS, trusting(AUTHORITY.certificate))) == [STS]


def test_the_authority_outlives_the_process() -> None:
    again = Authority(AuthorityFiles(FILES.certificate, Secret(FILES.key.reveal())))
    assert names(shaken(again.context(STS), STS, trusting(AUTHORITY.certificate))) == [STS]


def test_it_may_sign_certificates_but_no_authorities() -> None:
    root = x509.load_pem_x509_certificate(FILES.certificate.encode())
    limits = root.extensions.get_extension_for_class(x509.BasicConstraints).value
    leaf = shaken(AUTHORITY.context(STS), STS, trusting(AUTHORITY.certificate))
    assert (limits.ca, limits.path_length) == (True, 0)
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    assert leaf.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign is False


def test_the_key_is_not_printed() -> None:
    assert "PRIVATE KEY" not in repr(FILES)
    assert "PRIVATE KEY" not in FILES.certificate


def test_certificates_are_made_once_and_no_more_than_so_many_are_kept() -> None:
    authority = Authority(FILES, max_names=2)
    first = authority.context("a.test")
    assert authority.context("a.test") is first
    second = authority.context("b.test")
    assert authority.context("a.test") is first
    authority.context("c.test")  # the third: everything is forgotten
    assert authority.context("a.test") is not first
    assert authority.context("b.test") is not second
