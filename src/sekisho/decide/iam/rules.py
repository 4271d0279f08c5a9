"""What turns the findings of statements into an outcome (IAM User Guide, "Policy evaluation logic")."""

from sekisho.decide.decision import Outcome
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import PrincipalType

_NO_PERMISSION_NEEDED = frozenset({"sts:getcalleridentity", "sts:getsessiontoken"})


def needs_no_permission(lowered_action: str) -> bool:
    """Tell whether the action is open to every authenticated caller, even one who is denied everything.

    Source: STS API Reference, GetCallerIdentity and GetSessionToken, "Permissions".
    """
    return lowered_action in _NO_PERMISSION_NEEDED


def is_root(request: AwsRequest) -> bool:
    """Tell whether the caller is an account's root user, who needs no policy."""
    return request.principal.type is PrincipalType.ROOT


def crosses_accounts(request: AwsRequest) -> bool:
    """Tell whether the resource belongs to another account, so that both sides have to allow."""
    owner = request.resource_account
    return owner is not None and owner != request.principal.account


def conclude(denied: Truth, allowed: Truth) -> Outcome:
    """Return the outcome; an unread fact counts only where it could change it.

    An explicit deny absorbs everything. Without one, nobody having allowed is the implicit deny.
    """
    if denied:
        return Outcome.DENY
    if denied is None or allowed is None:
        return Outcome.UNKNOWN
    return Outcome.ALLOW if allowed else Outcome.NO_OPINION


def with_resource_side(allowed: Truth, request: AwsRequest) -> Truth:
    """Return what the caller's side allows, as far as the owner of the resource goes along.

    The policies on the resource are not among the facts, so across accounts an allow stays open.
    """
    return None if allowed and crosses_accounts(request) else allowed
