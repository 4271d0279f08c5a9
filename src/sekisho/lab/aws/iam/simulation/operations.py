"""SimulateCustomPolicy, SimulatePrincipalPolicy and the two lists of context keys (IAM API Reference)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sekisho.decide.values import PrincipalType
from sekisho.facts import Role
from sekisho.lab.aws.iam.entity import ENTITY_TYPES, Entity
from sekisho.lab.aws.iam.errors import invalid_input, no_such_entity
from sekisho.lab.aws.iam.linked_services import SERVICE_LINKED_PATH
from sekisho.lab.aws.iam.listing import paged
from sekisho.lab.aws.iam.simulation.answer import evaluation_result
from sekisho.lab.aws.iam.simulation.entries import read_entries
from sekisho.lab.aws.iam.simulation.exclusions import read_exclusions
from sekisho.lab.aws.iam.simulation.parameters import (
    action_names,
    anybody,
    caller_of,
    entity_arn,
    refuse_too_many,
    resource_arns,
    resource_owner,
)
from sekisho.lab.aws.iam.simulation.sources import (
    Held,
    Source,
    SourceType,
    boundary_of,
    given,
    given_levels,
    held_by,
    scp_levels,
    source,
)
from sekisho.lab.aws.iam.simulation.verdict import Simulation
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters


def simulate_custom_policy(context: Context, parameters: Parameters) -> Answer:
    """Tell what policies given as text would decide."""
    named = parameters.get("CallerArn")
    if named is None and parameters.get("ResourcePolicy") is not None:
        raise invalid_input("Invalid Input CallerArn: it is required with a ResourcePolicy")
    levels = parameters.get("OrderedOrganizationPolicyInputList")
    simulation = Simulation(
        anybody(context) if named is None else caller_of(entity_arn(named), context.facts),
        read_entries(parameters.get("ContextEntries") or ()),
        given(parameters, "PolicyInputList", SourceType.IDENTITY),
        _resource_policy(parameters),
        _given_boundary(parameters),
        None if levels is None else given_levels(levels),
        resource_owner(parameters),
    )
    return _answer(simulation, parameters)


def simulate_principal_policy(context: Context, parameters: Parameters) -> Answer:
    """Tell what the policies of a user, group or role would decide, with more policies given as text."""
    entity = _entity(context, parameters)
    left_out = read_exclusions(parameters)
    held = [one for one in held_by(context, entity) if not left_out.leave_out(one)]
    boundary = _given_boundary(parameters)
    if boundary is None and not left_out.boundary:
        own = boundary_of(context, entity)
        boundary = None if own is None else (source(own.name, SourceType.BOUNDARY, own.text, own.arn),)
    bound_by_scps = not (left_out.scps or _is_service_linked(entity))
    named = parameters.get("CallerArn")
    simulation = Simulation(
        caller_of(entity.arn if named is None else entity_arn(named), context.facts),
        read_entries(parameters.get("ContextEntries") or ()),
        (*_sources(held), *given(parameters, "PolicyInputList", SourceType.IDENTITY)),
        _resource_policy(parameters),
        boundary,
        scp_levels(context) if bound_by_scps else None,
        resource_owner(parameters),
    )
    return _answer(simulation, parameters)


def get_context_keys_for_custom_policy(_context: Context, parameters: Parameters) -> Answer:
    """List the keys that policies given as text read."""
    return _keys(given(parameters, "PolicyInputList", SourceType.IDENTITY))


def get_context_keys_for_principal_policy(context: Context, parameters: Parameters) -> Answer:
    """List the keys that the policies of a user, group or role read; boundaries and SCPs do not count."""
    entity = _entity(context, parameters)
    more = given(parameters, "PolicyInputList", SourceType.IDENTITY)
    return _keys((*_sources(held_by(context, entity)), *more))


OPERATIONS: dict[str, Operation] = {
    "GetContextKeysForCustomPolicy": get_context_keys_for_custom_policy,
    "GetContextKeysForPrincipalPolicy": get_context_keys_for_principal_policy,
    "SimulateCustomPolicy": simulate_custom_policy,
    "SimulatePrincipalPolicy": simulate_principal_policy,
}


def _answer(simulation: Simulation, parameters: Parameters) -> Answer:
    actions, resources = action_names(parameters), resource_arns(parameters)
    if simulation.resource is not None and simulation.caller.type is not PrincipalType.USER:
        # IAM's own words; policies of resources are simulated for users alone.
        raise invalid_input("Invalid caller - Caller must be an IAM user in this context.")
    page, more = paged(actions, parameters)
    refuse_too_many(page, resources)
    results: Sequence[Mapping[str, Any]] = [
        evaluation_result(simulation, action, resources) for action in page
    ]
    return Answer({"EvaluationResults": results, **more})


def _keys(policies: Iterable[Source]) -> Answer:
    found: dict[str, str] = {}
    for policy in policies:
        for key in policy.keys:
            found.setdefault(key.lower(), key)
    return Answer({"ContextKeyNames": list(found.values())})


def _entity(context: Context, parameters: Parameters) -> Entity:
    """Return whom PolicySourceArn names.

    Raises:
        AwsError: InvalidInput, not the ARN of an entity; NoSuchEntity, there is none, or not in the account.
    """
    arn = entity_arn(parameters["PolicySourceArn"])
    noun, name = arn.resource.partition("/")[0], arn.resource.rpartition("/")[2]
    kind = next(kind for kind in ENTITY_TYPES if kind.noun == noun)
    found = kind.find(context.facts, context.account, name)
    if found is None or found.arn != arn:
        raise no_such_entity(f"The {noun} with name {name} cannot be found.")
    return found


def _sources(held: Iterable[Held]) -> tuple[Source, ...]:
    """Return an entity's policies; one that is attached twice, to a user and its group, counts once."""
    once = {one.arn or (one.holder.arn, one.name): one for one in held}
    return tuple(
        source(one.source_id, SourceType.IDENTITY, one.text, number)
        for number, one in enumerate(once.values(), 1)
    )


def _resource_policy(parameters: Parameters) -> Source | None:
    text = parameters.get("ResourcePolicy")
    return None if text is None else source("ResourcePolicy", SourceType.RESOURCE, text, "")


def _given_boundary(parameters: Parameters) -> tuple[Source, ...] | None:
    found = given(parameters, "PermissionsBoundaryPolicyInputList", SourceType.BOUNDARY)
    if len(found) > 1:
        raise invalid_input("Invalid Input PermissionsBoundaryPolicyInputList: only one policy is allowed")
    return found or None


def _is_service_linked(entity: Entity) -> bool:
    """Tell whether no service control policy binds the entity (Organizations User Guide, "SCP effects")."""
    return isinstance(entity, Role) and entity.path.startswith(SERVICE_LINKED_PATH)
