"""GetSessionToken: temporary credentials of the calling user itself. Needs no permission.

Source: STS API Reference, "GetSessionToken".
"""

from datetime import timedelta
from typing import Final

from sekisho.decide.decision import Decision
from sekisho.decide.sts import parameters
from sekisho.decide.sts.caller import SignedCaller
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.facts import StsFacts
from sekisho.decide.sts.mfa import refuse_mfa
from sekisho.decide.sts.parameters import GetSessionToken
from sekisho.decide.sts.refusal import Refusal, granted, invalid, refused
from sekisho.decide.sts.session import Session
from sekisho.decide.values import Instant, Principal, PrincipalType, Ref

DEFAULT: Final = timedelta(hours=12)
ROOT_MAXIMUM: Final = timedelta(hours=1)
"""What a root user asks beyond this is cut to it, without an error."""

_OPERATION = "GetSessionToken"


def get_session_token(
    request: GetSessionToken, caller: SignedCaller, facts: StsFacts, now: Instant
) -> Decision[Session]:
    """Return the session of the calling user or root user, or why there is none. Total."""
    code = None if request.token_code is None else request.token_code.reveal()
    found = (
        *parameters.violations({"serialNumber": request.serial_number, "tokenCode": code}),
        *parameters.duration_violations(request.duration),
    )
    refusal = invalid(_OPERATION, found)
    if refusal is not None:
        return refusal
    who = person(_OPERATION, caller)
    if isinstance(who, Decision):
        return who
    refusal = refuse_mfa(_OPERATION, caller, request.serial_number, request.token_code, facts)
    if refusal is not None:
        return refusal
    shown = now if request.serial_number is not None else None
    until = now + personal_duration(request.duration, who)
    return granted(Session(who, now, until, provenance=caller.provenance, mfa_at=shown))


def person(operation: str, caller: SignedCaller) -> Principal | Refusal:
    """Return the user or root user who signs with long-term keys, or the refusal of anybody else."""
    at, name = Ref(operation), ("caller", caller.name)
    who = caller.who
    if caller.session is not None:
        return refused(StsCode.SESSION_CALLER, at, name, ("action", operation))
    if isinstance(who, Principal) and who.type in (PrincipalType.USER, PrincipalType.ROOT):
        return who
    return refused(StsCode.NOT_A_PERSON, at, name, ("action", operation))


def personal_duration(asked: timedelta | None, who: Principal) -> timedelta:
    """Return how long the session lasts: 12 hours unless asked, and never more than one for a root user."""
    wanted = DEFAULT if asked is None else asked
    return min(wanted, ROOT_MAXIMUM) if who.type is PrincipalType.ROOT else wanted
