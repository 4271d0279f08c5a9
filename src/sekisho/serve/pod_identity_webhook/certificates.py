"""A certificate authority and a serving certificate of the webhook's own, as they lie in a Secret.

Source: Kubernetes documentation, "Dynamic Admission Control", "Contacting the webhook" (``caBundle``);
"TLS Secrets". Kubernetes signs no certificates for webhooks any more (signer ``legacy-unknown``).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITY_NAME: Final = "sekisho-pod-identity-webhook"
AUTHORITY_LIFETIME: Final = timedelta(days=3650)
SERVING_LIFETIME: Final = timedelta(days=365)
RENEW_AUTHORITY: Final = timedelta(days=730)
"""An authority with less time left is replaced: longer than a serving certificate lasts."""
RENEW_SERVING: Final = timedelta(days=122)
_BACKDATED: Final = timedelta(hours=1)
MAX_BUNDLED: Final = 3
"""Authorities in a ``caBundle`` at most: the one in use, and those that replicas may still serve with."""


@dataclass(frozen=True, slots=True)
class Material:
    """Authority and serving certificate with their keys, PEM. The keys are in no representation."""

    authority: bytes
    authority_key: bytes
    certificate: bytes
    key: bytes

    def __repr__(self) -> str:
        return "Material(***)"


def serving_names(service: str, namespace: str) -> tuple[str, ...]:
    """Return the names by which kube-apiserver and others reach a Service; the first is the API server's."""
    name = f"{service}.{namespace}"
    return f"{name}.svc", name, service, f"{name}.svc.cluster.local"


def renewed(material: Material | None, names: tuple[str, ...], now: datetime) -> Material | None:
    """Return what to serve with instead of ``material``; None: it is good for a while.

    The authority stays where only the serving certificate ends or has other names.
    """
    authority = None if material is None else _authority(material, now)
    if material is not None and authority is not None and _is_good(material, authority[0], names, now):
        return None
    if material is not None and authority is not None:
        certificate, key = authority
        authority_text, authority_key = material.authority, material.authority_key
    else:
        key = ec.generate_private_key(ec.SECP256R1())
        certificate = _make_authority(key, now)
        authority_text, authority_key = _pem(certificate), _key_pem(key)
    own_key = ec.generate_private_key(ec.SECP256R1())
    serving = _make_serving(certificate, key, own_key, names, now)
    return Material(authority_text, authority_key, _pem(serving), _key_pem(own_key))


def bundle(authority: bytes, before: bytes, now: datetime) -> bytes:
    """Return the ``caBundle`` with ``authority`` first and what of ``before`` is ours and still valid."""
    own = x509.load_pem_x509_certificate(authority)
    kept = [own]
    for certificate in _certificates(before):
        is_ours = certificate.subject == own.subject and certificate.not_valid_after_utc > now
        if is_ours and certificate not in kept and len(kept) < MAX_BUNDLED:
            kept.append(certificate)
    return b"".join(_pem(certificate) for certificate in kept)


def _certificates(text: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text)
    except ValueError:
        return []


def _authority(
    material: Material, now: datetime
) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None:
    try:
        certificate = x509.load_pem_x509_certificate(material.authority)
        key = serialization.load_pem_private_key(material.authority_key, None)
    except (ValueError, TypeError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return (certificate, key) if certificate.not_valid_after_utc - now > RENEW_AUTHORITY else None


def _is_good(material: Material, authority: x509.Certificate, names: tuple[str, ...], now: datetime) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(material.certificate)
        key = serialization.load_pem_private_key(material.key, None)
        certificate.verify_directly_issued_by(authority)
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return (
        key.public_key() == certificate.public_key()
        and set(names) <= set(found.get_values_for_type(x509.DNSName))
        and certificate.not_valid_after_utc - now > RENEW_SERVING
    )


def _make_authority(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, AUTHORITY_NAME)])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        _builder(name, name, key.public_key(), now, AUTHORITY_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )


def _make_serving(
    authority: x509.Certificate,
    authority_key: ec.EllipticCurvePrivateKey,
    key: ec.EllipticCurvePrivateKey,
    names: tuple[str, ...],
    now: datetime,
) -> x509.Certificate:
    # Another name than the issuer's: some verifiers take equal ones for a certificate that signed itself.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"{AUTHORITY_NAME}-serving")])
    dns_names = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key())
    return (
        _builder(subject, authority.subject, key.public_key(), now, SERVING_LIFETIME)
        .add_extension(dns_names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer, critical=False)
        .sign(authority_key, hashes.SHA256())
    )


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, lasts: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + lasts)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _key_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
