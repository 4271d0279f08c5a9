"""Which calls STS refuses to sessions that a user's keys alone obtained, whatever policies permit.

Source: IAM User Guide, "Compare AWS STS credentials", the column of restrictions. The code of the refusal is
that of GetSessionToken called with a session; for other operations AWS documents none.
"""

from sekisho.decide.sts.caller import SignedCaller
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.refusal import Refusal, refused
from sekisho.decide.values import Principal, PrincipalType, Ref

_OPEN_TO_SESSIONS = frozenset({"AssumeRole", "GetCallerIdentity"})
_OPEN_TO_FEDERATED_USERS = frozenset({"GetCallerIdentity"})


def refuse_sts(caller: SignedCaller, operation: str) -> Refusal | None:
    """Return why STS does not take ``operation`` from ``caller``; None if its own rules decide. Total."""
    who = caller.who
    if caller.session is None or not isinstance(who, Principal) or who.type is PrincipalType.ROLE_SESSION:
        return None
    is_federated = who.type is PrincipalType.FEDERATED_USER
    if operation in (_OPEN_TO_FEDERATED_USERS if is_federated else _OPEN_TO_SESSIONS):
        return None
    code, prefix = (StsCode.FEDERATED_CALLER, "sts:") if is_federated else (StsCode.SESSION_NOT_FOR_STS, "")
    return refused(code, Ref("request"), ("caller", caller.name), ("action", f"{prefix}{operation}"))
