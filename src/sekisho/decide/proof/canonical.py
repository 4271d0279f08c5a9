"""The canonical request, the string to sign and the signing key of Signature Version 4.

Source: IAM User Guide, "Create a signed AWS API request"; for S3 the Amazon S3 API
Reference, "Authenticating Requests (AWS Signature Version 4)".
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
S3_SERVICES = frozenset({"s3", "s3express", "s3-object-lambda", "s3-outposts"})

_ENCODED = re.compile(r"[^A-Za-z0-9_.~-]")
_ENCODED_IN_PATH = re.compile(r"[^A-Za-z0-9_.~/-]")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})", re.ASCII)
# The unreserved characters and the upper-case escapes of all others; linear (possessive).
_CANONICAL = re.compile(
    r"(?:[A-Za-z0-9_.~-]++|%(?:[0189A-F][0-9A-F]|2[0-9A-CF]|3[A-F]|40|5[B-E]|60|7[B-DF]))*+", re.ASCII
)
_NOT_NORMAL = re.compile(r"//|/\.{1,2}(?:/|$)")
_PERCENT = {chr(code): f"%{code:02X}" for code in range(128)}


def canonical_request(
    method: str, path: str, query: str, headers: Iterable[tuple[str, str]], payload_hash: str
) -> str:
    """Join the six parts; ``headers`` are the signed ones in order, their values already trimmed.

    The answer holds one character per byte (ISO 8859-1), as header values do.
    """
    listed = tuple(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in listed)
    names = ";".join(name for name, _ in listed)
    return f"{method}\n{path}\n{query}\n{lines}\n{names}\n{payload_hash}"


def canonical_path(path: str, service: str) -> str:
    """Return the canonical URI of a raw path.

    S3 takes the key as it is and encodes it once. Every other service normalises the path
    (`normal_path`) and encodes what the client sent, so that a ``%`` becomes ``%25``.
    """
    if path == "/":
        return path
    if service in S3_SERVICES:
        return _ENCODED_IN_PATH.sub(_percent_byte, _ESCAPE.sub(_unescaped_byte, path))
    return _ENCODED_IN_PATH.sub(_percent_byte, normal_path(path))


def normal_path(path: str) -> str:
    """Return ``path`` without empty, ``.`` and ``..`` segments; only a final slash is kept.

    Outside S3 the signature is over this form: route on it, not on the raw path.
    """
    if not _NOT_NORMAL.search(path):
        return path
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    trailing = "/" if kept and path.endswith("/") else ""
    return "/" + "/".join(kept) + trailing


def canonical_query(query: str) -> str:
    """Encode the parameters of a raw query anew and sort them by name, then value; no signature in it.

    What is already encoded as RFC 3986 wants it is taken over as it stands: nearly every client
    sends nothing else, and a session token is long.
    """
    pairs = []
    for segment in query.split("&"):
        if segment:
            name, _, value = segment.partition("=")
            pairs.append((_encoded_anew(name), _encoded_anew(value)))
    pairs.sort()
    return "&".join(f"{name}={value}" for name, value in pairs if name != "X-Amz-Signature")


def header_values(headers: Iterable[tuple[str, str]]) -> Mapping[str, str]:
    """Return each header's canonical value: trimmed, runs of spaces collapsed, repeats joined by commas."""
    values: dict[str, str] = {}
    for name, raw in headers:
        value = _trimmed(raw)
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def string_to_sign(amz_date: str, scope: str, request: str) -> str:
    """Return the four lines that the signing key signs; ``request`` is the canonical request."""
    return f"{ALGORITHM}\n{amz_date}\n{scope}\n{hashlib.sha256(request.encode('latin-1')).hexdigest()}"


def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """Derive the key for one day, region and service.

    Four HMACs cost about four microseconds; caching them would keep keys alive after their
    credential was deleted, so nothing is cached.
    """
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def signature(key: bytes, text: str) -> str:
    """Return the lower-case hexadecimal HMAC-SHA256 of ``text``."""
    return hmac.digest(key, text.encode(), "sha256").hex()


def uri_encode(text: str) -> str:
    """Percent-encode all but the unreserved characters of RFC 3986 §2.3; a space is ``%20``."""
    return _ENCODED.sub(_percent_text, text)


def _encoded_anew(text: str) -> str:
    if _CANONICAL.fullmatch(text):
        return text
    decoded = _ESCAPE.sub(_unescaped_byte, text.replace("+", " "))
    return _ENCODED.sub(_percent_byte, decoded)


def _unescaped_byte(escape: re.Match[str]) -> str:
    return chr(int(escape[1], 16))


def _percent_text(match: re.Match[str]) -> str:
    char = match[0]
    return _PERCENT.get(char) or "".join(f"%{byte:02X}" for byte in char.encode())


def _percent_byte(match: re.Match[str]) -> str:
    """Encode a character that stands for one byte."""
    return f"%{ord(match[0]):02X}"


def _trimmed(value: str) -> str:
    # Bytes know only ASCII white space; text would also collapse parts of UTF-8 sequences.
    if " " in value or "\t" in value:
        return b" ".join(value.encode("latin-1").split()).decode("latin-1")
    return value
