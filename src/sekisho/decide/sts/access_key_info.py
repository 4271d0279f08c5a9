"""GetAccessKeyInfo: the account that an access key belongs to, active or not.

Source: STS API Reference, "GetAccessKeyInfo". The permission is decided by the door: the action has no
resource types and no further rule.
"""

from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.facts import StsFacts
from sekisho.decide.sts.parameters import message_of, violations
from sekisho.decide.values import AccountId, Ref

_AT = Ref("GetAccessKeyInfo").child("AccessKeyId")


def get_access_key_info(key_id: str, facts: StsFacts) -> Decision[AccountId]:
    """Return the account of ``key_id``, or why it is not told. Total.

    Differs: AWS reads the account out of newer key ids, whether or not the key exists; here the key
    has to be known.
    """
    found = violations({"accessKeyId": key_id})
    if found:
        return _denied(StsCode.PARAMETER, ("message", message_of(found)))
    account = facts.access_key_account(key_id)
    if account is None:
        return _denied(StsCode.KEY_UNKNOWN, ("key", key_id))
    step = Step(StsCode.FOUND, _AT, (("found", f"the key is of account {account}"),))
    return Decision(Outcome.ALLOW, (step,), (step,), account)


def _denied(code: StsCode, *facts: tuple[str, str]) -> Decision[AccountId]:
    step = Step(code, _AT, facts)
    return Decision(Outcome.DENY, (step,), (step,))
