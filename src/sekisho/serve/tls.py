"""The certificate of a checkpoint: from files that may be replaced while it serves, or made by itself."""

import logging
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.serve.file_source import follow, read_text
from sekisho.serve.json_log import facts
from sekisho.serve.written_file import write_at_once

_log = logging.getLogger("sekisho.serve")

_LIFETIME: Final = timedelta(days=36_500)
"""As long as aws-iam-authenticator's: kube-apiserver pins it, and nothing renews it there."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A certificate chain and its key, PEM. ``client_ca``: whoever connects must have a certificate of it."""

    certificate: Path
    key: Path
    client_ca: Path | None = None


class ServingCertificate:
    """A TLS context whose certificate follows its files.

    Raises:
        SekishoInputError: the files hold no certificate with its key.
    """

    def __init__(self, files: CertificateFiles) -> None:
        self._files = files
        self.problem = ""
        """Why the files cannot be used now; what was loaded before is served."""
        self.context = self._current = _loaded(files)
        # A context of its own for what is read later: files may change between two looks at them, and
        # half a pair must not reach the one in use.
        self.context.sni_callback = self._use_current

    def _use_current(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        connection.context = self._current

    def reload(self) -> None:
        """Take what the files hold now, for connections that come; a bad pair changes nothing."""
        try:
            self._current = _loaded(self._files)
        except SekishoInputError as error:
            if self.problem != str(error):
                _log.error("the new certificate is not used", extra=facts(problem=str(error)))
            self.problem = str(error)
        else:
            self.problem = ""

    async def run(self) -> None:
        """Follow the files."""
        files = (self._files.certificate, self._files.key, self._files.client_ca)
        await follow(tuple(path for path in files if path is not None), self.reload)

    def certificate_text(self) -> str:
        """Return the certificate chain, PEM."""
        return read_text(self._files.certificate)


def own_certificate(folder: Path, names: tuple[str, ...]) -> CertificateFiles:
    """Return the certificate that a checkpoint makes for itself in ``folder``, made if missing.

    ``cert.pem`` and ``key.pem``, as aws-iam-authenticator calls them: its own are taken over.

    Raises:
        EnvironmentFailure: the folder cannot be written.
    """
    files = CertificateFiles(folder / "cert.pem", folder / "key.pem")
    if files.certificate.exists() and files.key.exists():
        return files
    certificate, key = _make(names, datetime.now(UTC))
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_at_once(files.key, key, 0o600)
        write_at_once(files.certificate, certificate, 0o644)
    except OSError as error:
        raise EnvironmentFailure(
            f"write {folder}", (error.strerror or str(error)).lower() + "; choose another --state-dir"
        ) from None
    return files


def _loaded(files: CertificateFiles) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    text = read_text(files.certificate)
    read_text(files.key)
    if "-----BEGIN CERTIFICATE-----" not in text:
        raise SekishoInputError.single(
            "tls.no-certificate", Ref(str(files.certificate)), "expected a certificate in PEM"
        )
    try:
        context.load_cert_chain(files.certificate, files.key, password=_no_password)
    except (ssl.SSLError, OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or "cannot be used"
        raise SekishoInputError.single(
            "tls.key-mismatch",
            Ref(str(files.key)),
            f"expected the key of `{files.certificate}`, unencrypted PEM ({_words(reason)})",
        ) from None
    if files.client_ca is not None:
        read_text(files.client_ca)
        try:
            context.load_verify_locations(cafile=files.client_ca)
        except ssl.SSLError:
            raise SekishoInputError.single(
                "tls.no-client-ca", Ref(str(files.client_ca)), "expected certificates in PEM"
            ) from None
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _words(reason: str) -> str:
    return reason.lower().replace("_", " ")


def _no_password() -> str:
    raise ValueError("the key is encrypted")  # the library would ask on the terminal


def _make(names: tuple[str, ...], now: datetime) -> tuple[bytes, bytes]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sekisho")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM), private


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
