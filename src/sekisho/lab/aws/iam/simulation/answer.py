"""The answer of a simulation: one result for each action, with what each resource adds.

Source: IAM API Reference, "EvaluationResult" and "ResourceSpecificResult".
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sekisho.decide.iam import Position
from sekisho.decide.request.aws_reference import ServiceReference
from sekisho.decide.request.aws_request import ANY_RESOURCE
from sekisho.decide.request.aws_resources import fits_pattern
from sekisho.lab.aws.iam.simulation.verdict import Matched, Simulation, Verdict, simulate, strictest
from sekisho.wire.service_reference import load_service_reference


def evaluation_result(simulation: Simulation, action: str, resources: Sequence[str]) -> Mapping[str, Any]:
    """Return the EvaluationResult of one action: the strictest decision over all resources.

    Where ``*`` alone is simulated there are no ResourceSpecificResults.

    Raises:
        AwsError: as `simulate`.
    """
    verdicts = [simulate(simulation, action, resource) for resource in resources]
    decision = strictest(one.decision for one in verdicts)
    matched = dict.fromkeys(
        statement for one in verdicts if one.decision == decision for statement in one.matched
    )
    missing = missing_keys(simulation)
    is_any = list(resources) == [ANY_RESOURCE]
    result: dict[str, Any] = {
        "EvalActionName": action,
        "EvalResourceName": ANY_RESOURCE if is_any else resource_template(action, resources),
        "EvalDecision": decision,
        "MatchedStatements": [_statement(one) for one in matched],
        "MissingContextValues": missing,
    }
    by_organizations = [one.by_organizations for one in verdicts if one.by_organizations is not None]
    if by_organizations:
        result["OrganizationsDecisionDetail"] = {"AllowedByOrganizations": all(by_organizations)}
    result |= _boundary(one.by_boundary for one in verdicts)
    if not is_any:
        if all(one.by_organizations is not False for one in verdicts):
            result["EvalDecisionDetails"] = _details(verdicts)
        result["ResourceSpecificResults"] = [_of_resource(one, missing) for one in verdicts]
    return result


def missing_keys(simulation: Simulation) -> list[str]:
    """Return the keys that identity and resource policies read and no ContextEntry gives.

    All of them count, those of statements about other actions too (boto/boto3#3111). Nothing is supplied
    but the entries: not even ``aws:username`` of a simulated user, which GetContextKeysForPrincipalPolicy
    lists among the keys to give.
    """
    own = () if simulation.resource is None else (simulation.resource,)
    found: dict[str, str] = {}
    for policy in (*simulation.identity, *own):
        for key in policy.keys:
            if simulation.context.value(key) is None:
                found.setdefault(key.lower(), key)
    return list(found.values())


def resource_template(action: str, resources: Iterable[str]) -> str:
    """Return the ARN form of the simulated resource type, ``*`` for an action that has none.

    Of the types that the action acts on it is the first that a resource fits, else the first of all.
    """
    service = action.partition(":")[0].lower()
    reference = load_service_reference({service})
    facts = reference.action(action)
    forms = [] if facts is None else _forms(reference, service, facts.resource_types)
    fitting = (form for form in forms for resource in resources if fits_pattern(form, resource))
    return next(fitting, forms[0] if forms else ANY_RESOURCE)


def _forms(reference: ServiceReference, service: str, types: Iterable[str]) -> list[str]:
    found = (reference.arn_patterns.get(f"{service}:{name}") for name in types)
    return [form for form in found if form]


def _of_resource(verdict: Verdict, missing: list[str]) -> Mapping[str, Any]:
    result: dict[str, Any] = {
        "EvalResourceName": verdict.resource,
        "EvalResourceDecision": verdict.decision,
        "MatchedStatements": [_statement(one) for one in verdict.matched],
        "MissingContextValues": missing,
    }
    if verdict.details is not None:
        result["EvalDecisionDetails"] = verdict.details
    return {**result, **_boundary([verdict.by_boundary])}


def _boundary(allowed: Iterable[bool | None]) -> Mapping[str, Any]:
    found = [one for one in allowed if one is not None]
    detail = {"AllowedByPermissionsBoundary": all(found)}
    return {"PermissionsBoundaryDecisionDetail": detail} if found else {}


def _details(verdicts: Iterable[Verdict]) -> Mapping[str, str]:
    """Return the strictest word of each kind of policy; empty where all happens in one account."""
    said: dict[str, list[str]] = {}
    for verdict in verdicts:
        for type_, decision in (verdict.details or {}).items():
            said.setdefault(type_, []).append(decision)
    return {type_: strictest(decisions) for type_, decisions in said.items()}


def _statement(matched: Matched) -> Mapping[str, Any]:
    policy, number = matched
    begins, ends = policy.spans[number]
    return {
        "SourcePolicyId": policy.source_id,
        "SourcePolicyType": policy.type.value,
        "StartPosition": _position(begins),
        "EndPosition": _position(ends),
    }


def _position(position: Position) -> Mapping[str, int]:
    return {"Line": position.line, "Column": position.column}
