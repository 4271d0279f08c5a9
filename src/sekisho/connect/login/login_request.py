"""What a person asks for who wants to be signed in, checked once."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from sekisho.decide.authn.oidc.issuer_rules import authority_fault, url_faults
from sekisho.decide.values import InputFault, Ref, Secret, SekishoInputError

DEFAULT_ACCOUNT: Final = "default"
DEFAULT_SCOPES: Final = ("openid",)
DEFAULT_PORTS: Final = (8000, 18000)
"""The ports of kubelogin: app clients that were registered for it stay as they are."""
DEFAULT_TIMEOUT: Final = timedelta(minutes=3)

_VERSION = "1"
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
_ACCOUNT = re.compile(r"[\w.@+=-]{1,128}", re.ASCII)
_CLIENT = re.compile(r"[!-~]{1,256}", re.ASCII)
_SCOPE = re.compile(r"[!#-\[\]-~]{1,128}", re.ASCII)  # RFC 6749, section 3.3
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?", re.ASCII)
_MAX_PORTS: Final = 16
_MAX_PATH_CHARS: Final = 128
_MAX_SECONDS: Final = 3_600


@dataclass(frozen=True, slots=True)
class Redirect:
    """Where the browser may come back to: the first of ``ports`` that is free, 0 for any.

    An empty ``path`` leaves the address without one, as kubelogin and Cognito's examples write it.
    """

    ports: tuple[int, ...] = DEFAULT_PORTS
    host: str = "localhost"
    path: str = ""


@dataclass(frozen=True, slots=True)
class LoginRequest:
    """Tokens of ``issuer`` for ``client_id``. ``account`` is the person's own name for who signs in.

    ``certificate_authority`` is PEM, empty for the roots of the machine; ``client_secret`` is None for a
    public client.
    """

    issuer: str
    client_id: str
    client_secret: Secret | None = None
    scopes: tuple[str, ...] = DEFAULT_SCOPES
    certificate_authority: str = field(default="", repr=False)
    account: str = DEFAULT_ACCOUNT
    redirect: Redirect = Redirect()
    timeout: timedelta = DEFAULT_TIMEOUT

    @property
    def key(self) -> str:
        """64 hex digits; two requests with equal digits may be answered by the same token."""
        material = [_VERSION, self.issuer, self.client_id, sorted(self.scopes), self.account]
        return hashlib.sha256(json.dumps(material).encode()).hexdigest()

    @property
    def is_loopback(self) -> bool:
        """Whether the issuer is a program of this machine, which alone may do without TLS."""
        return is_loopback_http(self.issuer)


def is_loopback_http(url: str) -> bool:
    """Tell whether ``url`` is plain HTTP to this machine (RFC 8252, section 8.3)."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def parse_login_request(
    *,
    issuer: str,
    client_id: str,
    client_secret: str | None = None,
    scope: str = "",
    certificate_authority: str = "",
    account: str = "",
    listen: str = "",
    redirect_host: str = "",
    redirect_path: str = "",
    timeout: str = "",
) -> LoginRequest:
    """Return the request that the options of ``sekisho login`` stand for; ``openid`` is always in its scope.

    Raises:
        SekishoInputError: what cannot be an issuer, a client, a scope, an account, a port or a path.
    """
    faults: list[InputFault] = []

    def fault(option: str, problem: str, hint: str = "") -> None:
        faults.append(InputFault("login.option", Ref(option), problem, hint))

    for problem in _issuer_faults(issuer):
        fault("--issuer", problem)
    if not _CLIENT.fullmatch(client_id):
        fault("--client-id", "expected the client id that the issuer knows")
    scopes = tuple(dict.fromkeys((*DEFAULT_SCOPES, *scope.replace(",", " ").split())))
    if not all(_SCOPE.fullmatch(one) for one in scopes):
        fault("--scope", "expected names of scopes with spaces between them")
    if certificate_authority and (wrong := authority_fault(certificate_authority)):
        fault("--certificate-authority", wrong)
    if account and not _ACCOUNT.fullmatch(account):
        fault("--account", "expected 1 to 128 of letters, digits and _.@+=-")
    if client_secret is not None and not client_secret.strip():
        fault("--client-secret-file", "the file is empty")
    seconds = int(timeout) if timeout.isdecimal() and len(timeout) < 6 else 0
    if timeout and not 0 < seconds <= _MAX_SECONDS:
        fault("--timeout", f"expected 1 to {_MAX_SECONDS} seconds")
    ports = _ports(listen)
    faults += _redirect_faults(ports, redirect_host, redirect_path)
    if faults:
        raise SekishoInputError(faults)
    return LoginRequest(
        issuer,
        client_id,
        Secret(client_secret.strip()) if client_secret is not None else None,
        scopes,
        certificate_authority,
        account or DEFAULT_ACCOUNT,
        Redirect(ports, redirect_host or "localhost", redirect_path),
        timedelta(seconds=seconds) if timeout else DEFAULT_TIMEOUT,
    )


def _issuer_faults(issuer: str) -> Iterator[str]:
    if is_loopback_http(issuer):
        # Held against the same rules; that it has no TLS is all that sets it apart.
        yield from url_faults("https" + issuer.removeprefix("http"))
        return
    yield from url_faults(issuer)


def _redirect_faults(ports: tuple[int, ...], host: str, path: str) -> Iterator[InputFault]:
    def fault(option: str, problem: str) -> InputFault:
        return InputFault("login.option", Ref(option), problem)

    if not ports:
        yield fault("--listen", "expected ports with commas between them, 0 for a free one")
    if host not in ("", "localhost", "127.0.0.1"):
        yield fault("--redirect-host", "expected localhost or 127.0.0.1")
    if path and (not _PATH.fullmatch(path) or len(path) > _MAX_PATH_CHARS):
        yield fault("--redirect-path", "expected a path such as /callback")


def _ports(listen: str) -> tuple[int, ...]:
    if not listen:
        return DEFAULT_PORTS
    parts = [part.strip() for part in listen.split(",")]
    if len(parts) > _MAX_PORTS or not all(part.isdecimal() and len(part) < 6 for part in parts):
        return ()
    ports = tuple(dict.fromkeys(int(part) for part in parts))
    return ports if all(port < 65_536 for port in ports) else ()
