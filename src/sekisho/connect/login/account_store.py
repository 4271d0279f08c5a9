"""Accounts that are signed in, kept between commands: one private file each, or the secrets in a keyring.

A file that cannot be read as an account counts as absent and is replaced.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.login.login_request import LoginRequest
from sekisho.connect.login.signed_in import SignedIn, read_kept
from sekisho.connect.private_folder import PrivateFolder, PrivateFolderTrouble
from sekisho.decide.values import Secret

SERVICE: Final = "sekisho login"
SAME_CLIENT_SECONDS: Final = 30.0
"""Clients ask again and again (k9s, editors): what one was just told does not open the next browser."""
_SUFFIX: Final = ".json"
_FAILED: Final = ".failed"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who is signed in at ``issuer`` for ``client_id``; ``name`` is the person's own name for it."""

    key: str
    issuer: str
    client_id: str
    name: str
    scopes: tuple[str, ...]
    signed_in: SignedIn


@dataclass(frozen=True, slots=True)
class Failure:
    """A sign-in that came to nothing: when (seconds since 1970), why, and for which process (0: none)."""

    at: float
    sentence: str
    is_refusal: bool
    client: int = 0


class Vault(Protocol):
    """Where secrets are, by key."""

    def read(self, key: str) -> str | None:
        """Return the secrets of ``key``."""
        ...

    def write(self, key: str, text: str) -> None:
        """Keep ``text`` under ``key``."""
        ...

    def remove(self, key: str) -> None:
        """Forget ``key``."""
        ...


class KeyringVault:
    """Secrets in the keyring of the machine, by the library ``keyring``.

    Raises:
        EnvironmentFailure: the library is not there, or its keyring does not work.
    """

    def __init__(self) -> None:
        try:
            self._keyring: Any = import_module("keyring")
        except ImportError:
            raise EnvironmentFailure(
                "use the keyring", "the library `keyring` is not installed here (pip install keyring)"
            ) from None

    def read(self, key: str) -> str | None:
        """Return the secrets of ``key``, None if there are none."""
        found = self._asked("get_password", key)
        return found if isinstance(found, str) else None

    def write(self, key: str, text: str) -> None:
        """Keep ``text`` under ``key``."""
        self._asked("set_password", key, text)

    def remove(self, key: str) -> None:
        """Forget ``key``."""
        if self.read(key) is not None:
            self._asked("delete_password", key)

    def _asked(self, name: str, *words: str) -> object:
        try:
            return getattr(self._keyring, name)(SERVICE, *words)
        except Exception as error:  # noqa: BLE001 - each of its back ends has errors of its own
            raise EnvironmentFailure("use the keyring", f"it failed ({type(error).__name__})") from None


def store_directory(environ: Mapping[str, str], home: Path) -> Path:
    """Return the folder of accounts: ``SEKISHO_LOGIN_DIR``, else below the XDG state folder."""
    chosen = environ.get("SEKISHO_LOGIN_DIR")
    if chosen:
        return Path(chosen)
    base = environ.get("XDG_STATE_HOME", "")
    # XDG Base Directory Specification: a relative path is invalid and ignored.
    return (Path(base) if base.startswith("/") else home / ".local" / "state") / "sekisho-login"


class AccountStore:
    """The accounts in an open folder. ``vault`` None: their secrets are in the files too.

    Each method raises PrivateFolderTrouble and, with a vault, EnvironmentFailure.
    """

    def __init__(self, folder: PrivateFolder, vault: Vault | None = None) -> None:
        self._folder = folder
        self._vault = vault

    def read(self, key: str) -> Account | None:
        """Return the account under ``key``."""
        content = self._folder.read(key + _SUFFIX)
        value = _object(content) if content is not None else None
        if value is None:
            return None
        if value.get("keyring") is True:
            secrets = (self._vault or KeyringVault()).read(key)
            value |= _object((secrets or "").encode()) or {}
        return _account(key, value)

    def write(self, account: Account) -> None:
        """Keep ``account`` in place of the one with its key; secrets that are in a keyring stay there."""
        done = account.signed_in
        vault = self._vault or (KeyringVault() if self._is_in_keyring(account.key) else None)
        told: dict[str, Any] = {
            "issuer": account.issuer,
            "clientId": account.client_id,
            "account": account.name,
            "scopes": list(account.scopes),
            "nonce": done.nonce,
        }
        refresh = {"refreshToken": done.refresh_token.reveal()} if done.refresh_token is not None else {}
        secrets = {"idToken": done.token.text.reveal(), **refresh}
        if vault is not None:
            vault.write(account.key, json.dumps(secrets))
            told["keyring"] = True
        else:
            told |= secrets
        self._folder.write(account.key + _SUFFIX, json.dumps(told).encode())
        self._folder.remove(account.key + _FAILED)

    def remove(self, key: str) -> None:
        """Forget the account under ``key``, secrets first."""
        if self._is_in_keyring(key):
            (self._vault or KeyringVault()).remove(key)
        self._folder.remove(key + _SUFFIX)

    def _is_in_keyring(self, key: str) -> bool:
        value = _object(self._folder.read(key + _SUFFIX) or b"")
        return value is not None and value.get("keyring") is True

    def accounts(self) -> tuple[Account, ...]:
        """Return every account, by issuer and name."""
        found: list[Account] = []
        for name in self._folder.names(_SUFFIX):
            with suppress(PrivateFolderTrouble):  # one file that is not ours takes nothing from the others
                account = self.read(name.removesuffix(_SUFFIX))
                found += [account] if account is not None else []
        return tuple(sorted(found, key=lambda one: (one.issuer, one.client_id, one.name)))

    def note_failure(self, key: str, failure: Failure) -> None:
        """Leave word for those who wait to sign in under ``key`` that it came to nothing."""
        told = {
            "at": failure.at,
            "sentence": failure.sentence,
            "refused": failure.is_refusal,
            "client": failure.client,
        }
        self._folder.write(key + _FAILED, json.dumps(told).encode())

    def failure_since(self, key: str, moment: float, client: int) -> Failure | None:
        """Return a failure after ``moment`` or, if it was told to ``client`` too, shortly before it."""
        content = self._folder.read(key + _FAILED)
        match _object(content or b""):
            case {"at": float(at), "sentence": str(sentence), "refused": bool(refused), "client": int(told)}:
                is_told_again = client != 0 and told == client and at >= moment - SAME_CLIENT_SECONDS
                return Failure(at, sentence, refused, told) if at >= moment or is_told_again else None
        return None


def account_of(request: LoginRequest, done: SignedIn) -> Account:
    """Return the account that ``request`` names, signed in."""
    return Account(request.key, request.issuer, request.client_id, request.account, request.scopes, done)


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _account(key: str, value: dict[str, Any]) -> Account | None:
    match value:
        case {
            "issuer": str(issuer),
            "clientId": str(client),
            "account": str(name),
            "scopes": list(scopes),
            "nonce": str(nonce),
            "idToken": str(text),
        }:
            token, refresh = read_kept(text), value.get("refreshToken")
            if token is None or not token.subject:
                return None
            kept = SignedIn(token, Secret(refresh) if isinstance(refresh, str) else None, nonce)
            return Account(key, issuer, client, name, tuple(map(str, scopes)), kept)
    return None
