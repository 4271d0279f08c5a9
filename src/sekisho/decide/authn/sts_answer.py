"""What STS said about a token: who made it, or why that is not known.

Throttled, down and refused are three results: only the last one is about the caller.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NoReturn

from sekisho.decide.authn.canonical import ArnError, ArnKind, Canonical, canonicalize
from sekisho.decide.authn.iam_token import TOKEN, StsQuestion
from sekisho.decide.decision import Decision, Outcome, ReasonCode, Repair, Step
from sekisho.decide.values import AccountId, Arn, SekishoInputError, documents

MAX_ANSWER_BYTES: Final = 64 * 1024

THROTTLING: Final = frozenset(
    {
        "BandwidthLimitExceeded",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
"""Error codes by which AWS says "later" (AWS SDKs and Tools Reference Guide, "Retry behavior")."""

_XML_CODE = re.compile(rb"<Code>([A-Za-z0-9._-]{1,64})</Code>")
_ERROR_CODE = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_USER_ID = re.compile(r"[\w+=,.@:-]{1,256}", re.ASCII)


class StsCode(ReasonCode):
    """What came of asking STS."""

    IDENTIFIED = "iam-token.identified", "STS names the caller {arn}"
    THROTTLED = "iam-token.sts-throttled", "STS at {host} is throttling (HTTP {status} {error})"
    UNREACHABLE = "iam-token.sts-unreachable", "STS at {host} could not be asked ({fault})"
    UNAVAILABLE = "iam-token.sts-unavailable", "STS at {host} failed with HTTP {status}"
    REFUSED = "iam-token.sts-refused", "STS at {host} refused the token: {error} (HTTP {status})"
    MALFORMED = "iam-token.sts-malformed", "STS at {host} answered what cannot be understood: {problem}"


class StsRepairCode(ReasonCode):
    """What the bearer of a refused token can do, by STS's error code."""

    OTHER_CLUSTER = (
        "iam-token.make-for-cluster",
        "make the token for cluster `{cluster_id}`: the signature covers the cluster it was made for",
    )
    RENEW = "iam-token.renew-credentials", "renew the AWS credentials that make the token"
    KEY = (
        "iam-token.check-access-key",
        "check access key {access_key_id}: STS at {host} does not know it, or it is inactive",
    )


class StsFaultKind(StrEnum):
    """Why there is no answer."""

    CONNECT = "no connection"
    TIMEOUT = "time-out"
    READ = "answer cut off"


@dataclass(frozen=True, slots=True)
class StsAnswer:
    """An HTTP answer. The adapter reads at most ``MAX_ANSWER_BYTES`` + 1 bytes of the body."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class StsFault:
    """STS was asked, or was to be asked, and there is no answer."""

    kind: StsFaultKind


@dataclass(frozen=True, slots=True)
class StsIdentity:
    """Who made a token, as STS says.

    ``user_id`` is the principal's unique id (``AROA...``, ``AIDA...``; the account id for
    root; ``ACCOUNT:NAME`` for a federated user), ``session_name`` the part after the colon
    for role sessions and "" for everybody else. ``canonical`` is what mappings name.
    """

    arn: Arn
    canonical: Canonical
    account: AccountId
    user_id: str
    session_name: str
    access_key_id: str


class _MalformedError(Exception):
    """Carries the first fault out of `_identity`; never leaves this module."""


def conclude(question: StsQuestion, answer: StsAnswer | StsFault) -> Decision[StsIdentity]:
    """Return ALLOW with the identity, DENY if STS refused, UNKNOWN if it cannot be known now.

    Total. UNKNOWN has three causes, told apart by the code: throttled (retry later, HTTP
    429 to the asker), unreachable or failing (503), not understood. STS's own message is
    never carried on, because it quotes the signed request.
    """
    if isinstance(answer, StsFault):
        return _unknown(StsCode.UNREACHABLE, question, fault=answer.kind.value)
    if answer.status != 200:
        return _failed(question, answer)
    try:
        identity = _identity(question, answer.body)
    except _MalformedError as fault:
        return _unknown(StsCode.MALFORMED, question, problem=str(fault))
    facts = (("arn", str(identity.arn)), ("canonical_arn", str(identity.canonical.arn)), *question.facts())
    step = Step(StsCode.IDENTIFIED, TOKEN, facts)
    return Decision(Outcome.ALLOW, (step,), (step,), identity)


def identity_of(arn: str, user_id: str, account: str, access_key_id: str = "") -> StsIdentity:
    """Return the identity with the three values of a GetCallerIdentity result.

    Raises:
        ValueError: the values are no identity, with what was expected.
    """
    try:
        canonical = canonicalize(arn)
    except ArnError as error:
        raise ValueError(f"Arn is no principal's ({error.problem})") from None
    if account != canonical.arn.account:
        raise ValueError("Account is not the account of Arn")
    if not _USER_ID.fullmatch(user_id):
        raise ValueError("UserId has characters that no unique id has")
    session = ""
    if canonical.kind in (ArnKind.ASSUMED_ROLE, ArnKind.ROLE):
        user_id, colon, session = user_id.partition(":")
        if not (user_id and colon and session) or ":" in session:
            raise ValueError("UserId of a role session is not ID:SESSION")
    return StsIdentity(Arn.parse(arn), canonical, AccountId(account), user_id, session, access_key_id)


def _failed(question: StsQuestion, answer: StsAnswer) -> Decision[StsIdentity]:
    error = _error_code(answer.body)
    status = str(answer.status)
    if answer.status == 429 or error in THROTTLING:
        return _unknown(StsCode.THROTTLED, question, status=status, error=error)
    if not 400 <= answer.status < 500:
        return _unknown(StsCode.UNAVAILABLE, question, status=status, error=error)
    step = _step(StsCode.REFUSED, question, status=status, error=error)
    return Decision(
        Outcome.DENY,
        (step,),
        (*question.notes, step),
        nearest=question.notes,
        repairs=_repairs(question, error),
    )


def _repairs(question: StsQuestion, error: str) -> tuple[Repair, ...]:
    match error:
        case "SignatureDoesNotMatch":
            cluster_id = dict(question.headers)["x-k8s-aws-id"]
            return (Repair(StsRepairCode.OTHER_CLUSTER, (("cluster_id", cluster_id),)),)
        case "ExpiredToken" | "ExpiredTokenException":
            return (Repair(StsRepairCode.RENEW),)
        case "InvalidClientTokenId" | "UnrecognizedClientException":
            facts = (("access_key_id", question.access_key_id), ("host", question.host))
            return (Repair(StsRepairCode.KEY, facts),)
        case _:
            return ()


def _unknown(code: StsCode, question: StsQuestion, **facts: str) -> Decision[StsIdentity]:
    step = _step(code, question, **facts)
    return Decision(Outcome.UNKNOWN, (step,), (*question.notes, step))


def _step(code: StsCode, question: StsQuestion, **facts: str) -> Step:
    return Step(code, TOKEN, (*facts.items(), *question.facts()))


def _error_code(body: bytes) -> str:
    """Return STS's error code, from JSON or from XML; "" if there is none that is safe to print."""
    if len(body) > MAX_ANSWER_BYTES:
        return ""
    xml = _XML_CODE.search(body)
    if xml is not None:
        return xml.group(1).decode("ascii")
    try:
        parsed = documents.parse_json(body)
    except SekishoInputError:
        return ""
    match parsed:
        case {"Error": {"Code": str(code)}} if _ERROR_CODE.fullmatch(code):
            return code
        case _:
            return ""


def _identity(question: StsQuestion, body: bytes) -> StsIdentity:
    if len(body) > MAX_ANSWER_BYTES:
        _malformed(f"longer than {MAX_ANSWER_BYTES} bytes")
    try:
        parsed = documents.parse_json(body)
    except SekishoInputError:
        _malformed("not JSON")
    match parsed:
        case {
            "GetCallerIdentityResponse": {
                "GetCallerIdentityResult": {"Arn": str(arn), "UserId": str(user_id), "Account": str(account)}
            }
        }:
            pass
        case _:
            _malformed("no GetCallerIdentityResult with Arn, UserId and Account")
    try:
        identity = identity_of(arn, user_id, account, question.access_key_id)
    except ValueError as error:
        _malformed(str(error))
    if identity.arn.partition != question.partition:
        _malformed(f"the caller is of partition {identity.arn.partition}, STS of {question.partition}")
    return identity


def _malformed(problem: str) -> NoReturn:
    raise _MalformedError(problem)
