"""Read the signature that a request presents; nothing here is checked against a key.

Source: IAM User Guide, "Elements of an AWS API request signature"; for the query form
Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sekisho.decide.decision import Step
from sekisho.decide.proof.canonical import ALGORITHM
from sekisho.decide.proof.code import Code
from sekisho.decide.proof.credential import Form
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.values import Instant, Ref, Secret

MAX_PRESIGNED_LIFETIME = timedelta(days=7)
_MAX_SHOWN_CHARS = 128

_QUERY_NAMES = (
    "X-Amz-Algorithm",
    "X-Amz-Credential",
    "X-Amz-Signature",
    "X-Amz-SignedHeaders",
    "X-Amz-Date",
    "X-Amz-Expires",
    "X-Amz-Security-Token",
)
_REQUIRED = _QUERY_NAMES[:5]
_SPELLING = {name.lower(): name for name in _QUERY_NAMES}
_MARKS = frozenset(_QUERY_NAMES[:3])
_ONCE = ("x-amz-date", "x-amz-security-token", "x-amz-content-sha256")
_HEADER_FIELDS = ("Credential", "SignedHeaders", "Signature")
_FIELD = re.compile(r"([A-Za-z]+)=([!-+\--~]*)", re.ASCII)
_SEPARATOR = re.compile(r"[ \t]*,[ \t]*")
_EXPIRES = re.compile(r"[0-9]{1,6}", re.ASCII)
_HTTP_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) "
    r"([0-9]{2}):([0-9]{2}):([0-9]{2}) (?:GMT|[+-]0000)",
    re.ASCII,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class CredentialScope:
    """``KEY/DATE/REGION/SERVICE/TERMINATOR``, the parts as written."""

    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str

    @property
    def scope(self) -> str:
        """The scope as the string to sign has it."""
        return f"{self.date}/{self.region}/{self.service}/{self.terminator}"


@dataclass(frozen=True, slots=True)
class Presented:
    """A signature as presented: the claim, its scope, and what it says it covers.

    ``amz_date`` is ``signed_at`` as the string to sign has it; ``lifetime`` is X-Amz-Expires, read
    only for S3.
    """

    form: Form
    credential: CredentialScope
    signed_headers: str
    signature: str
    signed_at: Instant
    amz_date: str
    session_token: Secret | None
    lifetime: timedelta | None = None

    def place(self, parameter: str) -> Ref:
        """Return where ``parameter`` (``Credential``, ``SignedHeaders``...) stands in the request."""
        if self.form is Form.QUERY:
            return Ref("request", f"/query/X-Amz-{parameter}")
        return Ref("request", "/headers/x-amz-date" if parameter == "Date" else "/headers/authorization")


def read_presented(
    request: HttpRequest, parameters: tuple[tuple[str, str], ...], *, s3: bool
) -> Presented | Step:
    """Return the signature that ``request`` presents, or the step that says why there is none.

    ``parameters`` are the request's decoded ones. With ``s3``, X-Amz-Expires is required and read.
    """
    given, repeated = _signature_parameters(parameters)
    authorization = request.header("authorization")
    if authorization and not _MARKS.isdisjoint(given):
        return Step(Code.TWO_MECHANISMS, Ref("request", "/headers/authorization"))
    for name in _ONCE:
        if len(request.header(name)) > 1:
            return Step(Code.REPEATED, Ref("request", f"/headers/{name}"), (("name", name),))
    if len(authorization) > 1:
        return Step(Code.REPEATED, Ref("request", "/headers/authorization"), (("name", "authorization"),))
    if authorization:
        return _from_header(request, authorization[0])
    if _MARKS.isdisjoint(given):
        return _without_version_4(parameters)
    if repeated:
        return Step(Code.REPEATED, Ref("request", f"/query/{repeated}"), (("name", repeated),))
    return _from_query(given, s3=s3)


def _signature_parameters(parameters: tuple[tuple[str, str], ...]) -> tuple[dict[str, str], str]:
    """Return the parameters of a presigned request by their own spelling, and one given twice.

    Names that differ only in case count as the same name given twice (CVE-2022-2385); alone,
    another spelling is found missing.
    """
    given: dict[str, str] = {}
    seen: set[str] = set()
    repeated = ""
    for name, value in parameters:
        spelling = _SPELLING.get(name.lower())
        if spelling is None:
            continue
        if spelling in seen:
            repeated = spelling
        seen.add(spelling)
        given[spelling] = value if name == spelling else ""
    return given, repeated


def _without_version_4(parameters: tuple[tuple[str, str], ...]) -> Step:
    names = {name for name, _ in parameters}
    if {"AWSAccessKeyId", "Signature"} <= names:
        return Step(Code.ALGORITHM, Ref("request", "/query/Signature"), (("algorithm", "version 2"),))
    return Step(Code.UNSIGNED, Ref("request", "/headers/authorization"))


def _from_query(given: Mapping[str, str], *, s3: bool) -> Presented | Step:
    required = (*_REQUIRED, "X-Amz-Expires") if s3 else _REQUIRED
    missing = [name for name in required if not given.get(name)]
    if missing:
        return _missing(missing, Ref("request", "/query"))
    if given["X-Amz-Algorithm"] != ALGORITHM:
        return _algorithm(given["X-Amz-Algorithm"], Ref("request", "/query/X-Amz-Algorithm"))
    lifetime = None
    if s3:
        expires = given["X-Amz-Expires"]
        if not _EXPIRES.fullmatch(expires) or timedelta(seconds=int(expires)) > MAX_PRESIGNED_LIFETIME:
            at = Ref("request", "/query/X-Amz-Expires")
            return Step(Code.EXPIRES_FORM, at, (("expires", expires[:_MAX_SHOWN_CHARS]),))
        lifetime = timedelta(seconds=int(expires))
    signed_at = _amz_date(given["X-Amz-Date"])
    if signed_at is None:
        return _date_form(given["X-Amz-Date"], Ref("request", "/query/X-Amz-Date"))
    credential = _credential(given["X-Amz-Credential"])
    if credential is None:
        return _credential_form(given["X-Amz-Credential"], Ref("request", "/query/X-Amz-Credential"))
    token = given.get("X-Amz-Security-Token")
    return Presented(
        Form.QUERY,
        credential,
        signed_headers=given["X-Amz-SignedHeaders"],
        signature=given["X-Amz-Signature"],
        signed_at=signed_at,
        amz_date=given["X-Amz-Date"],
        session_token=None if token is None else Secret(token),
        lifetime=lifetime,
    )


def _from_header(request: HttpRequest, authorization: str) -> Presented | Step:
    at = Ref("request", "/headers/authorization")
    algorithm, _, rest = authorization.strip().partition(" ")
    if algorithm != ALGORITHM:
        return _algorithm(algorithm, at)
    fields: dict[str, str] = {}
    for part in _SEPARATOR.split(rest.strip()):
        field = _FIELD.fullmatch(part)
        if field is None or field[1] not in _HEADER_FIELDS:
            continue
        if field[1] in fields:
            return Step(Code.REPEATED, at, (("name", field[1]),))
        fields[field[1]] = field[2]
    missing = [name for name in _HEADER_FIELDS if not fields.get(name)]
    dates = request.header("x-amz-date") or request.header("date")
    if not dates:
        missing.append("X-Amz-Date")
    if missing:
        return _missing(missing, at)
    signed_at = _amz_date(dates[0]) or _http_date(dates[0])
    if signed_at is None or len(dates) > 1:
        return _date_form(dates[0], Ref("request", "/headers/x-amz-date"))
    credential = _credential(fields["Credential"])
    if credential is None:
        return _credential_form(fields["Credential"], at)
    tokens = request.header("x-amz-security-token")
    return Presented(
        Form.HEADER,
        credential,
        signed_headers=fields["SignedHeaders"],
        signature=fields["Signature"],
        signed_at=signed_at,
        amz_date=signed_at.amz(),
        session_token=Secret(tokens[0]) if tokens else None,
    )


def _credential(text: str) -> CredentialScope | None:
    parts = text.split("/")
    return CredentialScope(*parts) if len(parts) == 5 else None


def _amz_date(text: str) -> Instant | None:
    try:
        return Instant.parse_amz(text)
    except ValueError:
        return None


def _http_date(text: str) -> Instant | None:
    """Read an IMF-fixdate (RFC 9110 §5.6.7): the Date header stands in for X-Amz-Date.

    botocore writes UTC as ``-0000`` there (RFC 5322 §3.3).
    """
    match = _HTTP_DATE.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6))
    try:
        moment = datetime(year, _MONTHS.index(match[2]) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return Instant(moment)


def _missing(names: list[str], at: Ref) -> Step:
    return Step(Code.MISSING, at, (("missing", ", ".join(names)),))


def _algorithm(algorithm: str, at: Ref) -> Step:
    # What stands in the place of an algorithm may be a credential of another scheme.
    shown = algorithm if algorithm.startswith(("AWS", "HMAC", "Basic", "Bearer")) else "another scheme"
    return Step(Code.ALGORITHM, at, (("algorithm", shown[:_MAX_SHOWN_CHARS]),))


def _date_form(date: str, at: Ref) -> Step:
    return Step(Code.DATE_FORM, at, (("date", date[:_MAX_SHOWN_CHARS]),))


def _credential_form(credential: str, at: Ref) -> Step:
    return Step(Code.CREDENTIAL_FORM, at, (("credential", credential[:_MAX_SHOWN_CHARS]),))
