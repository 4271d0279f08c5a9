"""The query of a presigned GetCallerIdentity URL, read so that no two readers can differ."""

import re
from typing import Final
from urllib.parse import unquote

from sekisho.decide.authn.token_code import IamTokenCode as Code
from sekisho.decide.decision import Step
from sekisho.decide.values import Ref

PARAMETERS: Final = frozenset(
    {
        "action",
        "version",
        "x-amz-algorithm",
        "x-amz-credential",
        "x-amz-date",
        "x-amz-expires",
        "x-amz-security-token",
        "x-amz-signature",
        "x-amz-signedheaders",
    }
)
"""The only names, in lower case, that a token may carry."""

_AT = Ref("token")
# RFC 3986 section 3.4, without `;` (some readers split at it) and `+` (a space to some).
_QUERY = re.compile(r"(?:[A-Za-z0-9\-._~!$&'()*,=:@/?]++|%[0-9A-Fa-f]{2})*", re.ASCII)
_PRINTABLE = re.compile(r"[\x20-\x7e]*", re.ASCII)


def parse_query(raw: str) -> dict[str, str] | Step:
    """Return the values by lower-cased name, or the step that refuses ``raw``.

    Names are compared ignoring case, so two spellings of one name are a duplicate
    (CVE-2022-2385: the second changed the access key id that a mapping was rendered with).
    """
    if not _QUERY.fullmatch(raw):
        return Step(Code.QUERY, _AT)
    found: dict[str, str] = {}
    unknown = False
    for piece in raw.split("&"):
        encoded_name, _, encoded_value = piece.partition("=")
        name, value = unquote(encoded_name), unquote(encoded_value)
        # Before lower-casing: the Kelvin sign would become the k of X-Amz-Security-Token.
        if not piece or not _PRINTABLE.fullmatch(name + value):
            return Step(Code.QUERY, _AT)
        name = name.lower()
        if name in found:
            shown = name if name in PARAMETERS else "(unknown)"
            return Step(Code.DUPLICATE, _AT, (("parameter", shown),))
        found[name] = value
        unknown = unknown or name not in PARAMETERS
    if unknown:
        return Step(Code.UNKNOWN_PARAMETER, _AT)
    return found
