"""The ``stacks`` of an account in a world file, made from facts.

Deleted stacks, those that wait for their first change set, change sets and events are not saved.
"""

from sekisho.decide.values import Json, JsonObject
from sekisho.facts.keys import Kind
from sekisho.facts.snapshot import Snapshot
from sekisho.facts.stack_model import Stack
from sekisho.facts.world.saved.accounts import filled, tags_document
from sekisho.facts.world.stacks import STATUSES


def stack_documents(facts: Snapshot, account: str) -> list[Json]:
    """Return the stacks of an account as a world file writes them, by region and name."""
    found = [
        one
        for scope in facts.scopes(Kind.STACK)
        if scope.startswith(f"{account}/")
        for one in facts.scope(Kind.STACK, scope).values()
        if isinstance(one, Stack) and one.status in STATUSES and one.template
    ]
    return [_document(one) for one in sorted(found, key=lambda one: (one.region, one.name))]


def _document(stack: Stack) -> JsonObject:
    outputs: list[Json] = [
        filled({"key": one.key, "value": one.value, "description": one.description, "export": one.export})
        for one in stack.outputs
    ]
    resources: list[Json] = [
        filled(
            {
                "logicalId": one.logical_id,
                "type": one.type,
                "physicalId": one.physical_id,
                "status": one.status if one.status != STATUSES[0] else "",
                "updated": one.updated.rfc3339(),
                "attributes": tags_document(one.attributes),
            }
        )
        for one in stack.resources
        if one.physical_id
    ]
    return filled(
        {
            "name": stack.name,
            "region": stack.region,
            "uuid": stack.uuid,
            "status": stack.status if stack.status != STATUSES[0] else "",
            "reason": stack.reason,
            "created": stack.created.rfc3339(),
            "updated": "" if stack.updated is None else stack.updated.rfc3339(),
            "description": stack.description,
            "template": stack.template,
            "parameters": dict(stack.parameters),
            "capabilities": list(stack.capabilities),
            "tags": tags_document(stack.tags),
            "roleArn": stack.role,
            "disableRollback": True if stack.disable_rollback else None,
            "terminationProtection": True if stack.is_protected else None,
            "resources": resources,
            "outputs": outputs,
            "imports": list(stack.imports),
        }
    )
