"""Whose calls IAM refuses whatever policies permit: those of sessions that a user's keys alone obtained.

Source: IAM User Guide, "Compare AWS STS credentials", the column of restrictions; STS API Reference,
"GetSessionToken". IAM answers as if it knew no such key.
"""

from sekisho.decide.sts.caller import SignedCaller
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.refusal import Refusal, refused
from sekisho.decide.values import Principal, PrincipalType, Ref


def refuse_iam(caller: SignedCaller) -> Refusal | None:
    """Return why IAM takes no call from ``caller``; None if its policies decide. Total."""
    who, session = caller.who, caller.session
    if session is None or not isinstance(who, Principal):
        return None
    if who.type is PrincipalType.FEDERATED_USER:
        return refused(StsCode.FEDERATED_NOT_FOR_IAM, Ref("request"), ("caller", caller.name))
    if who.type is PrincipalType.ROLE_SESSION or session.mfa_at is not None:
        return None
    return refused(StsCode.SESSION_NOT_FOR_IAM, Ref("request"), ("caller", caller.name))
