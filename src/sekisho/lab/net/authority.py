"""The lab's own certificate authority: one root, a certificate per name, minted on first use."""

import ssl
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sekisho.decide.values import Secret

_LIFETIME = timedelta(days=3650)
_LEAF_LIFETIME = timedelta(days=397)
MAX_NAMES = 1_000
"""How many certificates are kept at once: names come from clients."""


@dataclass(frozen=True, slots=True)
class AuthorityFiles:
    """What must last of an authority: its certificate (PEM) and its key (PEM, secret)."""

    certificate: str
    key: Secret


def create_authority(now: datetime) -> AuthorityFiles:
    """Return a new authority (ECDSA P-256, ten years, may not sign further authorities)."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sekisho lab authority")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return AuthorityFiles(
        certificate.public_bytes(serialization.Encoding.PEM).decode(), Secret(private.decode())
    )


class Authority:
    """Hands out TLS server contexts for the names clients ask for."""

    def __init__(self, files: AuthorityFiles, max_names: int = MAX_NAMES) -> None:
        self._max_names = max_names
        self.certificate = files.certificate
        self._certificate = x509.load_pem_x509_certificate(files.certificate.encode())
        key = serialization.load_pem_private_key(files.key.reveal().encode(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)  # noqa: S101 - create_authority made it
        self._key = key
        # One key for every leaf: making a key costs more than making a certificate.
        self._leaf_key = ec.generate_private_key(ec.SECP256R1())
        self._contexts: dict[str, ssl.SSLContext] = {}

    def context(self, *names: str) -> ssl.SSLContext:
        """Return a server context with a certificate for ``names`` (host names or IP addresses)."""
        wanted = ",".join(names)
        found = self._contexts.get(wanted)
        if found is None:
            if len(self._contexts) >= self._max_names:
                self._contexts.clear()
            found = self._contexts[wanted] = self._make(names)
        return found

    def serving(self, is_served: Callable[[str], bool], *names: str) -> ssl.SSLContext:
        """Return a context that answers every name of TLS's server name indication with its own certificate.

        Names for which ``is_served`` is false, and clients that send none, get the certificate for ``names``.
        """
        context = self._make(names)

        def choose(socket: ssl.SSLObject, name: str | None, _context: ssl.SSLContext) -> None:
            if name is not None and is_served(name.lower()):
                socket.context = self.context(name.lower())

        context.sni_callback = choose
        return context

    def files(self, user: str, group: str = "", names: tuple[str, ...] = ()) -> AuthorityFiles:
        """Return a certificate and its key for a program of the lab's own.

        As a client it is ``user`` of ``group`` (Kubernetes documentation, "Authenticating", "X509 client
        certificates"), as a server it answers for ``names``.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        subject = [x509.NameAttribute(NameOID.COMMON_NAME, user)]
        if group:
            subject.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, group))
        uses = [ExtendedKeyUsageOID.CLIENT_AUTH, *([ExtendedKeyUsageOID.SERVER_AUTH] if names else [])]
        certificate = self._sign(names, x509.Name(subject), key.public_key(), uses)
        return AuthorityFiles(
            certificate.public_bytes(serialization.Encoding.PEM).decode(),
            Secret(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                ).decode()
            ),
        )

    def _make(self, names: tuple[str, ...]) -> ssl.SSLContext:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        public = self._leaf_key.public_key()
        certificate = self._sign(names, subject, public, [ExtendedKeyUsageOID.SERVER_AUTH])
        private = self._leaf_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        chain = certificate.public_bytes(serialization.Encoding.PEM) + self.certificate.encode()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_alpn_protocols(["http/1.1"])
        # ssl loads a chain from a file only; the folder is private and gone at once.
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "chain.pem"
            path.touch(mode=0o600)
            path.write_bytes(private + chain)
            context.load_cert_chain(path)
        return context

    def _sign(
        self,
        names: tuple[str, ...],
        subject: x509.Name,
        public: ec.EllipticCurvePublicKey,
        uses: list[x509.ObjectIdentifier],
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._certificate.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + _LEAF_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(signs=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
            )
        )
        if names:
            answers_for = x509.SubjectAlternativeName([_general_name(name) for name in names])
            builder = builder.add_extension(answers_for, critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
