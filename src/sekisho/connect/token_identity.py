"""What a cached token depends on: who would sign it, for which cluster, where.

Answered without asking AWS's libraries, because loading them is what the cache saves. So the key
covers every input of credential resolution that can be seen from outside: all ``AWS_*`` variables,
and which version of the configuration, single sign-on and web identity files is there. What cannot be
seen (the output of a ``credential_process``, the role of the machine) may change unnoticed while an
entry lives, at most 13 minutes; ``--no-cache`` asks afresh.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import astuple
from pathlib import Path

from sekisho.connect.token_request import TokenRequest

_VERSION = "1"
_MAX_LOGIN_FILES = 64
_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")


def cache_key(request: TokenRequest, environ: Mapping[str, str], home: Path) -> str:
    """Return 64 hex digits; two requests with equal digits would be signed by the same identity.

    A SHA-256 over names and values, so that a changed secret key counts and none can be read back.
    """
    variables = sorted((name, value) for name, value in environ.items() if _is_relevant(name))
    files = [_file_identity(path) for path in _files(environ, home)]
    material = json.dumps([_VERSION, astuple(request), variables, files])
    return hashlib.sha256(material.encode("utf-8", "surrogateescape")).hexdigest()


def _is_relevant(name: str) -> bool:
    return (name.startswith("AWS_") and name != "AWS_PAGER") or name in _PROXIES


def _files(environ: Mapping[str, str], home: Path) -> Iterator[Path]:
    aws = home / ".aws"
    yield _expand(environ.get("AWS_CONFIG_FILE") or aws / "config", home)
    yield _expand(environ.get("AWS_SHARED_CREDENTIALS_FILE") or aws / "credentials", home)
    for name in ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"):
        if environ.get(name):
            yield _expand(environ[name], home)
    # Signing in as somebody else changes these and nothing else.
    for folder in (aws / "sso" / "cache", aws / "login" / "cache"):
        yield from sorted(folder.glob("*.json"))[:_MAX_LOGIN_FILES]


def _expand(path: str | Path, home: Path) -> Path:
    text = str(path)
    return home / text[2:] if text.startswith("~/") else Path(text)


def _file_identity(path: Path) -> tuple[str, int, int, int]:
    """Tell one version of a file from the next; a file that cannot be seen counts as absent."""
    try:
        seen = path.stat()
    except OSError:
        return (str(path), 0, 0, 0)
    return (str(path), seen.st_ino, seen.st_mtime_ns, seen.st_size)
