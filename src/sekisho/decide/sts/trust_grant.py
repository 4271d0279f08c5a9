"""The trust policy that would let a caller assume a role: the whole corrected document, as IAM takes it.

Sources: IAM User Guide, "AWS JSON policy elements: Principal" (a principal that was deleted is no longer
meant; saving the policy again means who has the name now), "Pass session tags in AWS STS".
"""

from copy import deepcopy
from dataclasses import replace
from typing import Final

from sekisho.decide.decision import Decision, Outcome, Repair, Step
from sekisho.decide.iam import Effect, Statement
from sekisho.decide.iam.code import Code, Near
from sekisho.decide.iam.matching import covers_action, means
from sekisho.decide.iam.principals import Reach
from sekisho.decide.sts.access import trust_of
from sekisho.decide.sts.code import StsFix
from sekisho.decide.sts.facts import RoleFacts
from sekisho.decide.values import Json, Principal, PrincipalType, Ref, ServicePrincipal, documents

_ASSUME: Final = "sts:assumerole"


def with_trust_grant(
    found: Decision[None], role: RoleFacts, caller: Principal | ServicePrincipal, action: str
) -> Decision[None]:
    """Return a refusal of ``role``'s trust policy with the policy that would not refuse. Total.

    What a Deny, a condition or unread facts decide stays as it is, and so does what the caller's own
    policies refuse.
    """
    codes = {step.code for step in found.decisive}
    if found.outcome is not Outcome.NO_OPINION or Code.NO_RESOURCE_ALLOW not in codes:
        return found
    if any(step.code is Code.CONDITION for step in found.nearest):
        return found
    text, at = _granting(role, caller, action, found.nearest)
    facts = (("role", str(role.arn)), ("at", str(at)), ("document", text))
    kept = tuple(one for one in found.repairs if "document" not in dict(one.facts))
    return replace(found, repairs=(Repair(StsFix.CORRECT_TRUST, facts), *kept))


def _granting(
    role: RoleFacts, caller: Principal | ServicePrincipal, action: str, nearest: tuple[Step, ...]
) -> tuple[str, Ref]:
    document = documents.parse_json(role.trust, str(role.arn))
    at = Ref(str(role.arn)).child("trust", "Statement")
    if any(step.code is Near.PRINCIPAL_RECREATED for step in nearest):
        return documents.to_json(document).decode(), at
    trust = trust_of(role)
    assuming = [
        statement
        for statement in trust.statements
        if statement.effect is Effect.ALLOW
        and covers_action(statement, _ASSUME)
        and means(statement, caller, None).perhaps is not Reach.NONE
    ]
    if action.lower() != _ASSUME and assuming:
        return _with_action(document, assuming[0], action), assuming[0].action_at
    return _with_statement(document, _statement(caller)), at


def _statement(caller: Principal | ServicePrincipal) -> Json:
    """Return the statement that names a caller; EKS, who asks for pods, needs both permissions."""
    if isinstance(caller, ServicePrincipal):
        actions: Json = ["sts:AssumeRole", "sts:TagSession"]
        return {"Effect": "Allow", "Principal": {"Service": caller.name}, "Action": actions}
    who = caller.entity if caller.type is PrincipalType.ROLE_SESSION else caller.arn
    return {"Effect": "Allow", "Principal": {"AWS": str(who)}, "Action": "sts:AssumeRole"}


def _with_action(document: Json, statement: Statement, action: str) -> str:
    found = deepcopy(document)
    holder = _holder(found, statement)
    listed = holder["Action"]
    holder["Action"] = [*(listed if isinstance(listed, list) else [listed]), action]
    return documents.to_json(found).decode()


def _holder(document: Json, statement: Statement) -> dict[str, Json]:
    value = document
    for token in statement.at.tokens()[1:]:
        value = value[int(token)] if isinstance(value, list) else value[token]  # type: ignore[index,call-overload]
    return value  # type: ignore[return-value]


def _with_statement(document: Json, added: Json) -> str:
    found = deepcopy(document)
    statements = found["Statement"]  # type: ignore[index,call-overload]
    listed = statements if isinstance(statements, list) else [statements]
    found["Statement"] = [*listed, added]  # type: ignore[index]
    return documents.to_json(found).decode()
