"""Why a resource failed, as the events of a stack tell it (CloudFormation CLI, "Handler error codes")."""

from collections.abc import Mapping
from typing import Final

from sekisho.lab.aws.operation import AwsError, DelegateError

_HANDLER_CODES: Final[Mapping[str, str]] = {
    "AccessDenied": "AccessDenied",
    "AccessDeniedException": "AccessDenied",
    "EntityAlreadyExists": "AlreadyExists",
    "ResourceInUseException": "AlreadyExists",
    "NoSuchEntity": "NotFound",
    "ResourceNotFoundException": "NotFound",
    "LimitExceeded": "ServiceLimitExceeded",
    "ResourceLimitExceededException": "ServiceLimitExceeded",
    "DeleteConflict": "ResourceConflict",
}
"""The code of a service -> the code of the handler; every other refusal is an InvalidRequest."""

_TITLES: Final = {"iam": "Iam", "eks": "Eks"}


def reason_of(error: AwsError, token: str) -> str:
    """Return the reason of a failure; ``token`` is the id of the handler's request."""
    if not isinstance(error, DelegateError):
        return error.message
    told = (
        f"{error.message} (Service: {_TITLES[error.service]}, Status Code: {error.status}, "
        f"Request ID: {error.request_id})"
    )
    code = _HANDLER_CODES.get(error.code, "InvalidRequest")
    return f'Resource handler returned message: "{told}" (RequestToken: {token}, HandlerErrorCode: {code})'
