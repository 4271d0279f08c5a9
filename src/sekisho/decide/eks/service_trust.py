"""Whether a role's trust policy names a service at all, which EKS asks before it takes the role."""

from sekisho.decide.iam import PolicyKind, parse_policy
from sekisho.decide.iam.statement import Effect, Statement
from sekisho.decide.values import Arn, Ref, SekishoInputError, ServicePrincipal


def trusts_service(trust: str, role: Arn, service: str, *actions: str) -> bool:
    """Tell whether a trust policy lets ``service`` do each of ``actions``, under any condition. Total."""
    try:
        policy = parse_policy(trust, Ref(str(role)).child("trust"), PolicyKind.TRUST)
    except SekishoInputError:
        return False
    granted = [one for one in policy.statements if one.effect is Effect.ALLOW and _names(service, one)]
    return all(any(_covers(one, action) for one in granted) for action in actions)


def _names(service: str, statement: Statement) -> bool:
    named = None if statement.principals is None else statement.principals.allows(ServicePrincipal(service))
    return named is not None and bool(named.surely)


def _covers(statement: Statement, action: str) -> bool:
    # INVARIANT: a trust policy has no NotAction, its grammar refuses one.
    return any(pattern.matches(action.lower()) for pattern in statement.actions)
