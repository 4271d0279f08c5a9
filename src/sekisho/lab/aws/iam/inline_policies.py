"""Inline policies, the same for users, groups and roles."""

from dataclasses import replace
from functools import partial

from sekisho.decide.iam import policy_size
from sekisho.facts import Document
from sekisho.lab.aws.iam.documents import check_identity_policy, on_wire
from sekisho.lab.aws.iam.entity import ENTITY_TYPES, Entity, EntityType, put
from sekisho.lab.aws.iam.errors import limit_exceeded, no_such_entity
from sekisho.lab.aws.iam.listing import listed
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters


def _put(kind: EntityType, context: Context, parameters: Parameters) -> Answer:
    """Add an inline policy, or replace the one of that name."""
    entity = kind.to_change(context, parameters)
    name, text = parameters["PolicyName"], parameters["PolicyDocument"]
    check_identity_policy(text, name)
    others = tuple(document for document in entity.inline if document.name != name)
    inline = (*others, Document(name, text))
    # The quota is for all inline policies of one entity together.
    if sum(policy_size(document.text) for document in inline) > kind.max_inline_chars:
        raise limit_exceeded(
            f"Maximum policy size of {kind.max_inline_chars} bytes exceeded for {kind.noun} {entity.name}"
        )
    return Answer({}, (put(replace(entity, inline=inline)),))


def _get(kind: EntityType, context: Context, parameters: Parameters) -> Answer:
    """Return the document of an inline policy as it was written."""
    entity = kind.named(context, parameters)
    document = _named(kind, entity, parameters["PolicyName"])
    return Answer(
        {
            f"{kind.title}Name": entity.name,
            "PolicyName": document.name,
            "PolicyDocument": on_wire(document.text),
        }
    )


def _list(kind: EntityType, context: Context, parameters: Parameters) -> Answer:
    """List the names of inline policies."""
    names = sorted(document.name for document in kind.named(context, parameters).inline)
    return Answer(listed("PolicyNames", names, parameters, str))


def _delete(kind: EntityType, context: Context, parameters: Parameters) -> Answer:
    """Delete an inline policy."""
    entity = kind.to_change(context, parameters)
    gone = _named(kind, entity, parameters["PolicyName"])
    left = tuple(document for document in entity.inline if document is not gone)
    return Answer({}, (put(replace(entity, inline=left)),))


def _named(kind: EntityType, entity: Entity, name: str) -> Document:
    for document in entity.inline:
        if document.name == name:
            return document
    raise no_such_entity(f"The {kind.noun} policy with name {name} cannot be found.")


OPERATIONS: dict[str, Operation] = {
    name: operation
    for kind in ENTITY_TYPES
    for name, operation in (
        (f"Put{kind.title}Policy", partial(_put, kind)),
        (f"Get{kind.title}Policy", partial(_get, kind)),
        (f"List{kind.title}Policies", partial(_list, kind)),
        (f"Delete{kind.title}Policy", partial(_delete, kind)),
    )
}
