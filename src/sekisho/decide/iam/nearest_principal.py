"""In what one respect a name in a Principal element differs from the caller."""

from sekisho.decide.iam.code import Near
from sekisho.decide.iam.principals import PrincipalKind, PrincipalName, is_entity
from sekisho.decide.iam.statement import Statement
from sekisho.decide.values import Arn, Caller, FederatedPrincipal, Principal


def principal_difference(statement: Statement, caller: Caller) -> tuple[Near, PrincipalName] | None:
    """Return the name of ``statement`` that is nearest to ``caller`` and how it differs; None if none is."""
    names = statement.principals.names if statement.principals is not None else ()
    found = [(code, name) for name in names if (code := _difference(name, caller)) is not None]
    return min(found, key=lambda one: _ORDER.index(one[0]), default=None)


_ORDER = (
    Near.PRINCIPAL_RECREATED,
    Near.PRINCIPAL_CASE,
    Near.PRINCIPAL_PATH,
    Near.PRINCIPAL_SESSION,
    Near.PRINCIPAL_ACCOUNT,
    Near.PRINCIPAL_ISSUER,
)


def _difference(name: PrincipalName, caller: Caller) -> Near | None:
    match caller:
        case Principal():
            return _of_principal(name.arn, caller) if name.arn is not None else None
        case FederatedPrincipal() if name.kind is PrincipalKind.FEDERATED:
            return Near.PRINCIPAL_ISSUER
        case _:
            return None


def _of_principal(arn: Arn, caller: Principal) -> Near | None:
    if is_entity(arn, caller):
        return Near.PRINCIPAL_RECREATED
    own = caller.arn if arn.service == "sts" else caller.entity
    if str(arn).lower() == str(own).lower():
        return Near.PRINCIPAL_CASE
    if arn.account != own.account:
        is_namesake = (arn.service, arn.resource) == (own.service, own.resource)
        return Near.PRINCIPAL_ACCOUNT if is_namesake else None
    if arn.service == "sts":
        role, own_role = (one.resource.rpartition("/")[0] for one in (arn, own))
        return Near.PRINCIPAL_SESSION if role == own_role else None
    return Near.PRINCIPAL_PATH if _kind_and_name(arn) == _kind_and_name(own) else None


def _kind_and_name(arn: Arn) -> tuple[str, str]:
    return arn.resource.partition("/")[0], arn.resource.rpartition("/")[2]
