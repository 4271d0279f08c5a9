"""STS operations. GetCallerIdentity needs no permission: it says what the signature proved."""

from sekisho.decide import sts
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters


def get_caller_identity(context: Context, _parameters: Parameters) -> Answer:
    """Return account, ARN and unique id of the caller (STS API, "GetCallerIdentity")."""
    identity = sts.caller_identity(context.caller)
    return Answer({"Account": identity.account, "Arn": str(identity.arn), "UserId": identity.user_id})


OPERATIONS: dict[str, Operation] = {"GetCallerIdentity": get_caller_identity}
