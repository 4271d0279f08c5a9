"""The parameters of STS operations, and the constraints of AWS's own service model on them.

Sources: AWS STS API Reference, "AssumeRole", "AssumeRoleWithWebIdentity", "GetSessionToken",
"GetFederationToken", "GetAccessKeyInfo", "DecodeAuthorizationMessage": length constraints and patterns.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sekisho.decide.sts.session import Tags
from sekisho.decide.values import Secret

MAX_TAGS = 50
MAX_POLICY_ARNS = 10
_NAME = r"[\w+=,.@-]*"
_TAG_TEXT = r"[\p{L}\p{Z}\p{N}_.:/=+\-@]"
_MAX_SHOWN = 1024


@dataclass(frozen=True, slots=True)
class SessionParameters:
    """What the operations that make sessions have in common. None and empty mean: not sent."""

    duration: timedelta | None = None
    policy: str | None = None
    policy_arns: tuple[str, ...] = ()
    tags: Tags = ()


@dataclass(frozen=True, slots=True)
class AssumeRole:
    """AssumeRole. ``role`` is the ARN as it was sent."""

    role: str
    session_name: str
    session: SessionParameters = SessionParameters()
    transitive_keys: tuple[str, ...] = ()
    external_id: str | None = None
    source_identity: str | None = None
    serial_number: str | None = None
    token_code: Secret | None = None


@dataclass(frozen=True, slots=True)
class AssumeRoleWithWebIdentity:
    """AssumeRoleWithWebIdentity; tags and source identity come from the token alone."""

    role: str
    session_name: str
    token: Secret
    session: SessionParameters = SessionParameters()
    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class GetSessionToken:
    """GetSessionToken."""

    duration: timedelta | None = None
    serial_number: str | None = None
    token_code: Secret | None = None


@dataclass(frozen=True, slots=True)
class GetFederationToken:
    """GetFederationToken."""

    name: str
    session: SessionParameters = SessionParameters()


@dataclass(frozen=True, slots=True)
class _Rule:
    minimum: int
    maximum: int
    pattern: str = ""
    sensitive: bool = False


_ROLE_RULES: Mapping[str, _Rule] = {
    "roleArn": _Rule(20, 2048),
    "roleSessionName": _Rule(2, 64, _NAME),
    "externalId": _Rule(2, 1224, r"[\w+=,.@:\/-]*"),
    "sourceIdentity": _Rule(2, 64, _NAME),
    "serialNumber": _Rule(9, 256, r"[\w+=/:,.@-]*"),
    "tokenCode": _Rule(6, 6, r"[\d]*", sensitive=True),
    "policy": _Rule(1, 2048, r"[\u0009\u000A\u000D\u0020-\u00FF]+"),
    "webIdentityToken": _Rule(4, 20_000, sensitive=True),
    "providerId": _Rule(4, 2048),
    "name": _Rule(2, 32, _NAME),
    "accessKeyId": _Rule(16, 128, r"[\w]*"),
    "encodedMessage": _Rule(1, 10_240),
}
_POLICY_ARN = _Rule(20, 2048)
_TAG_KEY = _Rule(1, 128, f"{_TAG_TEXT}+")
_TAG_VALUE = _Rule(0, 256, f"{_TAG_TEXT}*")

ROLE_SECONDS = (900, 43_200)
TOKEN_SECONDS = (900, 129_600)
"""Least and most DurationSeconds, of sessions of roles and of GetSessionToken and GetFederationToken."""


def violations(texts: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return a sentence for each constraint that a parameter, by its name in AWS's messages, fails."""
    return tuple(
        sentence
        for name, text in texts.items()
        if text is not None
        for sentence in _failed(name, text, _ROLE_RULES[name])
    )


def session_violations(session: SessionParameters, seconds: tuple[int, int]) -> tuple[str, ...]:
    """Return the sentences for what the common parameters fail; ``seconds`` is what the operation allows."""
    found = [*violations({"policy": session.policy}), *_duration(session.duration, seconds)]
    if len(session.policy_arns) > MAX_POLICY_ARNS:
        found.append(_too_many("policyArns", MAX_POLICY_ARNS))
    if len(session.tags) > MAX_TAGS:
        found.append(_too_many("tags", MAX_TAGS))
    for place, arn in enumerate(session.policy_arns, 1):
        found.extend(_failed(f"policyArns.{place}.member.arn", arn, _POLICY_ARN))
    for place, (key, value) in enumerate(session.tags, 1):
        found.extend(_failed(f"tags.{place}.member.key", key, _TAG_KEY))
        found.extend(_failed(f"tags.{place}.member.value", value, _TAG_VALUE))
    return tuple(found)


def duration_violations(duration: timedelta | None) -> tuple[str, ...]:
    """Return the sentences for a DurationSeconds of GetSessionToken."""
    return tuple(_duration(duration, TOKEN_SECONDS))


def transitive_violations(keys: Sequence[str]) -> tuple[str, ...]:
    """Return the sentences for TransitiveTagKeys."""
    found = [_too_many("transitiveTagKeys", MAX_TAGS)] if len(keys) > MAX_TAGS else []
    for place, key in enumerate(keys, 1):
        found.extend(_failed(f"transitiveTagKeys.{place}.member", key, _TAG_KEY))
    return tuple(found)


def message_of(found: Sequence[str]) -> str:
    """Return the message of a ValidationError with these sentences."""
    noun = "error" if len(found) == 1 else "errors"
    return f"{len(found)} validation {noun} detected: {'; '.join(found)}"


def source_identity_violations(text: str) -> tuple[str, ...]:
    """Return what a source identity fails, wherever it came from."""
    return violations({"sourceIdentity": text})


def _failed(name: str, text: str, rule: _Rule) -> Iterator[str]:
    shown = "Value" if rule.sensitive else f"Value '{text[:_MAX_SHOWN]}'"
    said = f"{shown} at '{name}' failed to satisfy constraint: "
    if len(text) < rule.minimum:
        yield f"{said}Member must have length greater than or equal to {rule.minimum}"
    if len(text) > rule.maximum:
        yield f"{said}Member must have length less than or equal to {rule.maximum}"
    elif rule.pattern and not _matches(rule.pattern, text):
        yield f"{said}Member must satisfy regular expression pattern: {rule.pattern}"


def _matches(pattern: str, text: str) -> bool:
    if _TAG_TEXT in pattern:
        return all(char in "_.:/=+-@" or unicodedata.category(char)[0] in "LZN" for char in text)
    return re.fullmatch(pattern, text, re.ASCII) is not None


def _duration(duration: timedelta | None, seconds: tuple[int, int]) -> Iterator[str]:
    if duration is None:
        return
    asked = int(duration.total_seconds())
    said = f"Value '{asked}' at 'durationSeconds' failed to satisfy constraint: Member must have value "
    least, most = seconds
    if asked < least:
        yield f"{said}greater than or equal to {least}"
    if asked > most:
        yield f"{said}less than or equal to {most}"


def _too_many(name: str, most: int) -> str:
    said = f"Value at '{name}' failed to satisfy constraint: "
    return f"{said}Member must have length less than or equal to {most}"
