"""The two documents of an issuer as files and as pages."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from sekisho.decide.values import Ref, SekishoInputError
from sekisho.decide.values.documents import to_json
from sekisho.decide.workload.issuer import (
    DEFAULT_KEYS,
    IssuerKey,
    check_issuer,
    discovery_document,
    key_set_document,
)
from sekisho.serve.issuer.record import RECORD, write_file

DISCOVERY: Final = ".well-known/openid-configuration"


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer's URL, the path that the URL has, and the name of its key document below it."""

    url: str
    path: str
    keys: str = DEFAULT_KEYS

    @classmethod
    def parse(cls, url: str, keys: str = DEFAULT_KEYS) -> "Issuer":
        """Return the issuer at ``url``.

        Raises:
            SekishoInputError: AWS could not use it, or the name of the key document is no relative path.
        """
        parts = keys.split("/")
        if not all(part and part.strip(".") and part.isprintable() and part.isascii() for part in parts):
            problem = "expected a path below the issuer such as `keys.json`"
            raise SekishoInputError.single("issuer.keys-path", Ref("issuer"), problem)
        if keys in (DISCOVERY, RECORD):
            problem = f"`{keys}` is the name of another file; expected one such as `keys.json`"
            raise SekishoInputError.single("issuer.keys-path", Ref("issuer"), problem)
        return cls(url, check_issuer(url), keys)

    def documents(self, keys: Iterable[IssuerKey]) -> dict[str, bytes]:
        """Return what is published, by path below the issuer."""
        listed = [one.key for one in keys]
        described = discovery_document(self.url, f"{self.url}/{self.keys}", [key.algorithm for key in listed])
        return {DISCOVERY: to_json(described), self.keys: to_json(key_set_document(listed))}


def write_documents(folder: Path, issuer: Issuer, keys: Iterable[IssuerKey]) -> list[Path]:
    """Write the documents below ``folder``, the keys first; return their paths.

    Raises:
        EnvironmentFailure: one cannot be written.
    """
    written = []
    for name, content in sorted(issuer.documents(keys).items(), reverse=True):
        write_file(folder / name, content)
        written.append(folder / name)
    return written


def etag_of(content: bytes) -> str:
    """Return the entity tag of a document (RFC 9110, section 8.8.3)."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def cache_control(max_age: timedelta) -> tuple[str, str]:
    """Return the header that says for how long a document may be kept."""
    return ("cache-control", f"public, max-age={int(max_age.total_seconds())}")
