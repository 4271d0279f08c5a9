"""The authorization request that a browser is sent with, and whether an answer belongs to it.

Sources: RFC 6749, sections 4.1.1 and 4.1.2; RFC 7636 (PKCE, S256 always); OpenID Connect Core 1.0, section
3.1.2; RFC 9207. Pure: what has to be unguessable is handed in.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from sekisho.connect.login.refusal import LoginRefused
from sekisho.decide.values import Secret
from sekisho.decide.values.document_text import shown

MAX_FIELDS: Final = 20
MAX_QUERY_CHARS: Final = 16 * 1024
_MAX_TOLD: Final = 200
_ERROR = re.compile(r"[!#-\[\]-~]{1,64}", re.ASCII)


class NotOurs(Exception):  # noqa: N818 - somebody else's request: the sign-in goes on
    """What came is no answer to this request: it is refused, and the browser is still waited for."""


@dataclass(frozen=True, slots=True)
class Authorization:
    """One request for a code. ``state``, ``nonce`` and ``verifier`` are fresh and unguessable.

    ``iss_required``: the issuer says that its answers name it.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    state: Secret
    nonce: str
    verifier: Secret
    iss_required: bool = False

    def url(self, endpoint: str, **more: str) -> str:
        """Return the address to open; ``more`` are ``prompt`` and ``login_hint``."""
        parameters = {
            "response_type": "code",
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "scope": " ".join(self.scopes),
            "state": self.state.reveal(),
            "nonce": self.nonce,
            "code_challenge": challenge(self.verifier),
            "code_challenge_method": "S256",
            **more,
        }
        return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(parameters)}"


def challenge(verifier: Secret) -> str:
    """Return the S256 code challenge (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.reveal().encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def read_answer(query: str, authorization: Authorization) -> Secret:
    """Return the code that an authorization response brings.

    Raises:
        NotOurs: its ``state`` is missing or another's, or it cannot be read.
        LoginRefused: it answers this request, with an error, of another issuer, or without a code.
    """
    given = _parameters(query)
    if "state" not in given or not authorization.state.matches(given["state"]):
        raise NotOurs("its state is missing" if "state" not in given else "its state is another's")
    found = given.get("iss")
    if found is None and authorization.iss_required:
        raise LoginRefused("the answer does not say which issuer it is of, although the issuer's answers do")
    if found is not None and found != authorization.issuer:
        raise LoginRefused(f"the answer is of another issuer, {shown(found)}: somebody mixes issuers up")
    if "error" in given:
        raise LoginRefused(f"the issuer refused: {told(given)}")
    if not given.get("code"):
        raise LoginRefused("the answer has no code")
    return Secret(given["code"])


def told(given: Mapping[str, str]) -> str:
    """Return what an OAuth error says, safely: ``access_denied (the user said no)``."""
    error = given.get("error", "")
    name = error if _ERROR.fullmatch(error) else "an error without a name"
    description = shown(given.get("error_description", "")[:_MAX_TOLD])[1:-1]
    return f"{name} ({description})" if description else name


def _parameters(query: str) -> Mapping[str, str]:
    if len(query) > MAX_QUERY_CHARS:
        raise NotOurs("it is too long")
    try:
        pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except (ValueError, UnicodeError):
        raise NotOurs("it cannot be read") from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise NotOurs("a parameter is there twice")
    return found
