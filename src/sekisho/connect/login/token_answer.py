"""What a token endpoint and a device authorization endpoint answer, read once.

Sources: RFC 6749, sections 5.1 and 5.2; OpenID Connect Core 1.0, section 3.1.3.3; RFC 8628, section 3.2.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.login.authorization import told
from sekisho.connect.login.metadata import MAX_URL_CHARS, trouble
from sekisho.decide.values import Json, JsonObject, Secret, SekishoInputError, documents

MAX_TOKEN_CHARS: Final = 24 * 1024
"""Longer ones would not fit into a file of accounts, nor into a header of the API server."""
MAX_DEVICE_SECONDS: Final = 1_800
_DEFAULT_INTERVAL: Final = 5
_MAX_INTERVAL: Final = 60


@dataclass(frozen=True, slots=True)
class Tokens:
    """A successful answer; ``id_token`` and ``refresh_token`` are None where it has none."""

    id_token: Secret | None
    refresh_token: Secret | None
    access_token: Secret | None


@dataclass(frozen=True, slots=True)
class OAuthRefusal:
    """An error of RFC 6749, section 5.2: ``code`` for programs, ``sentence`` for people."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class DeviceGrant:
    """What a person has to type where, and how the answer is asked for."""

    device_code: Secret
    user_code: str
    verification_uri: str
    complete_uri: str
    lifetime: timedelta
    interval: timedelta


def parse_tokens(status: int, body: bytes, issuer: str) -> Tokens | OAuthRefusal:
    """Return the tokens, or what the issuer refused.

    Raises:
        EnvironmentFailure: the answer is neither.
    """
    value = _answer(status, body, issuer)
    if isinstance(value, OAuthRefusal):
        return value
    return Tokens(*(_secret(value, name, issuer) for name in ("id_token", "refresh_token", "access_token")))


def parse_device_grant(status: int, body: bytes, issuer: str) -> DeviceGrant | OAuthRefusal:
    """Return what the person has to do, or what the issuer refused.

    Raises:
        EnvironmentFailure: the answer is neither.
    """
    value = _answer(status, body, issuer)
    if isinstance(value, OAuthRefusal):
        return value
    code, user_code = _secret(value, "device_code", issuer), _text(value, "user_code")
    place, complete = _text(value, "verification_uri"), _text(value, "verification_uri_complete")
    seconds = _whole(value.get("expires_in"), 1, MAX_DEVICE_SECONDS)
    if code is None or not _is_shown(user_code, 64) or not _is_place(place) or seconds is None:
        raise trouble(issuer, "its answer to a device is incomplete")
    interval = _whole(value.get("interval", _DEFAULT_INTERVAL), 1, _MAX_INTERVAL) or _DEFAULT_INTERVAL
    return DeviceGrant(
        code,
        user_code,
        place,
        complete if _is_place(complete) else "",
        timedelta(seconds=seconds),
        timedelta(seconds=interval),
    )


def _answer(status: int, body: bytes, issuer: str) -> JsonObject | OAuthRefusal:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise trouble(issuer, f"it answered with status {status}", can_retry=True)
    try:
        value: Json = documents.parse_json(body, "answer")
    except SekishoInputError:
        raise trouble(issuer, f"its answer (status {status}) is not JSON") from None
    if not isinstance(value, dict):
        raise trouble(issuer, f"its answer (status {status}) is no JSON object")
    if status == HTTPStatus.OK and "error" not in value:
        return value
    error = value.get("error")
    if not isinstance(error, str):
        raise trouble(issuer, f"it answered with status {status} and no error")
    texts: Mapping[str, str] = {name: text for name, text in value.items() if isinstance(text, str)}
    return OAuthRefusal(error[:64], told(texts))


def _secret(value: JsonObject, name: str, issuer: str) -> Secret | None:
    text = value.get(name)
    if text is None or text == "":
        return None
    if not isinstance(text, str) or not _is_shown(text, MAX_TOKEN_CHARS):
        raise _unusable(issuer, name)
    return Secret(text)


def _unusable(issuer: str, name: str) -> EnvironmentFailure:
    return trouble(issuer, f"`{name}` of its answer is no token, or longer than {MAX_TOKEN_CHARS} characters")


def _text(value: JsonObject, name: str) -> str:
    found = value.get(name)
    return found if isinstance(found, str) else ""


def _is_shown(text: str, most: int) -> bool:
    return 0 < len(text) <= most and text.isascii() and text.isprintable()


def _is_place(url: str) -> bool:
    if not _is_shown(url, MAX_URL_CHARS) or " " in url:
        return False
    try:
        return urlsplit(url).scheme in ("https", "http")
    except ValueError:
        return False


def _whole(value: Json, least: int, most: int) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least:
        return None
    return int(min(value, most))
