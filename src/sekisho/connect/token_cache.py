"""Tokens kept between two commands of the same person: when an entry counts, and who makes the next one.

Whatever goes wrong here costs time, never the answer: the token is then made afresh and a note says why.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

from sekisho.connect.exec_credential import BearerToken
from sekisho.connect.private_folder import PrivateFolder, PrivateFolderTrouble
from sekisho.decide.values import Instant, Secret

SAFETY = timedelta(minutes=1)
"""A token is not handed out during its last minute: the call it is for must still arrive."""
MAX_LIFETIME = timedelta(minutes=14)
LOCK_WAIT = timedelta(seconds=5)

_SUFFIX = ".json"


def cache_directory(environ: Mapping[str, str], home: Path) -> Path:
    """Return the folder of the cache: ``SEKISHO_TOKEN_CACHE``, else below the XDG cache folder."""
    chosen = environ.get("SEKISHO_TOKEN_CACHE")
    if chosen:
        return Path(chosen)
    base = environ.get("XDG_CACHE_HOME", "")
    # XDG Base Directory Specification: a relative path is invalid and ignored.
    return (Path(base) if base.startswith("/") else home / ".cache") / "sekisho" / "tokens"


def cached_token(
    directory: Path,
    key: str,
    clock: Callable[[], Instant],
    make: Callable[[], BearerToken],
    note: Callable[[str], None],
    lock_wait: timedelta = LOCK_WAIT,
) -> BearerToken:
    """Return the token of ``key`` that ``directory`` holds, else what ``make`` returns, then kept there.

    Of several processes that ask at once one calls ``make`` and the others wait for its answer, at
    most ``lock_wait``. ``note`` is told, in one line, when the cache could not be used. Raises what
    ``make`` raises and nothing of its own.
    """
    made: BearerToken | None = None
    try:
        with PrivateFolder.opened(directory) as folder:
            if (found := _read(folder, key, clock())) is not None:
                return found
            with folder.locked(key, lock_wait):
                if (found := _read(folder, key, clock())) is not None:
                    return found
                made = make()
                _drop_expired(folder, clock())
                folder.write(key + _SUFFIX, _encode(made))
    except PrivateFolderTrouble as trouble:
        note(f"token cache not used: {trouble}")
    return made if made is not None else make()


def _read(folder: PrivateFolder, key: str, now: Instant) -> BearerToken | None:
    content = folder.read(key + _SUFFIX)
    token = _decode(content) if content is not None else None
    return token if token is not None and _is_usable(token, now) else None


def _is_usable(token: BearerToken, now: Instant) -> bool:
    """A token that outlives any real one was written under another clock, or by another hand."""
    left = token.expires - now
    return SAFETY < left <= MAX_LIFETIME


def _drop_expired(folder: PrivateFolder, now: Instant) -> None:
    for name in folder.names(_SUFFIX):
        content = folder.read(name)
        token = _decode(content) if content is not None else None
        if token is None or not _is_usable(token, now):
            folder.remove(name)


def _encode(token: BearerToken) -> bytes:
    entry = {"expirationTimestamp": token.expires.rfc3339(), "token": token.text.reveal()}
    return json.dumps(entry).encode()


def _decode(content: bytes) -> BearerToken | None:
    """Return the entry, or None for what is not one: it will be replaced."""
    try:
        match json.loads(content):
            case {"expirationTimestamp": str(expires), "token": str(text)} if text.startswith("k8s-aws-v1."):
                return BearerToken(Secret(text), Instant.parse_rfc3339(expires))
    except (ValueError, RecursionError):
        pass
    return None
