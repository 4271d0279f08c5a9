"""The MFA device that a caller shows with AssumeRole or GetSessionToken.

Source: STS API Reference, SerialNumber and TokenCode: both or none, and a device of the calling user; RFC
4226, section 7.3: guesses are slowed down.
"""

from sekisho.decide.sts.caller import SignedCaller
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.facts import StsFacts
from sekisho.decide.sts.refusal import Refusal, refused
from sekisho.decide.values import Principal, Ref, Secret


def refuse_mfa(
    operation: str, caller: SignedCaller, serial: str | None, code: Secret | None, facts: StsFacts
) -> Refusal | None:
    """Return why the code is not taken; None if it is, or if none was shown."""
    if serial is None and code is None:
        return None
    at = Ref(operation).child("TokenCode")
    if serial is None or code is None:
        return refused(StsCode.MFA_INCOMPLETE, at)
    who = caller.who
    until = facts.mfa_locked_until(who, serial) if isinstance(who, Principal) else None
    if until is not None:
        told = ("serial", serial), ("caller", caller.name), ("until", until.rfc3339())
        return refused(StsCode.MFA_LOCKED, at, *told)
    if isinstance(who, Principal) and facts.is_mfa_code(who, serial, code):
        return None
    return refused(StsCode.MFA_REFUSED, at, ("serial", serial), ("caller", caller.name))
