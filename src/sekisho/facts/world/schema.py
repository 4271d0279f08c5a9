"""The JSON Schema of world files (draft 2020-12), made of the tables that the reader reads by.

Whatever the reader accepts, the schema accepts: names that nothing has, documents that break their
grammar and other faults that no schema can tell are the reader's.
"""

import re

from sekisho.decide.values import Json, JsonObject
from sekisho.facts.shape import SECRET_KEYS
from sekisho.facts.world.shape import (
    Anything,
    Choice,
    Document,
    Flag,
    Listed,
    Member,
    Moment,
    Named,
    Number,
    Record,
    Shape,
    Text,
)
from sekisho.facts.world.tables import API_VERSION, WORLD

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_DOCUMENT: JsonObject = {"type": ["object", "string"], "description": "an object, or JSON text"}


def world_schema() -> JsonObject:
    """Return the schema of a world file."""
    definitions: dict[str, Json] = {"policyDocument": _DOCUMENT}
    root = _record(WORLD, definitions)
    return {
        "$schema": DRAFT,
        "$id": f"https://{API_VERSION}/world.schema.json",
        "title": "World file of sekisho",
        "$comment": f"No secret stands in a world file: {', '.join(sorted(SECRET_KEYS))} are refused.",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _record(record: Record, definitions: dict[str, Json]) -> JsonObject:
    required: list[Json] = [member.name for member in record.members if member.required]
    return {
        "type": "object",
        "additionalProperties": False,
        **({"required": required} if required else {}),
        "properties": {member.name: _member(member, record, definitions) for member in record.members},
    }


def _member(member: Member, record: Record, definitions: dict[str, Json]) -> JsonObject:
    found = _shape(member.shape, record, definitions)
    described: dict[str, Json] = {"description": member.told}
    default = getattr(member.shape, "default", None)
    if not member.required and default not in (None, "", 0):
        described["default"] = default
    # A member that is null is one that is absent; one that has to be there cannot be null.
    return {**described, **(found if member.required else _or_null(found))}


def _or_null(found: JsonObject) -> JsonObject:
    if isinstance(found.get("type"), str):
        choices = found.get("enum")
        enum: dict[str, Json] = {"enum": [*choices, None]} if isinstance(choices, list) else {}
        return {**found, "type": [found["type"], "null"], **enum}
    return {"anyOf": [found, {"type": "null"}]}


def _shape(shape: Shape, record: Record, definitions: dict[str, Json]) -> JsonObject:
    match shape:
        case Text():
            return _text(shape)
        case Choice():
            return {"type": "string", "enum": list(shape.choices)}
        case Number():
            return {"type": "integer", "minimum": shape.low, "maximum": shape.high}
        case Flag():
            return {"type": "boolean"}
        case Moment():
            return {"type": "string"}
        case Document():
            return _ref("policyDocument")
        case Anything():
            required: list[Json] = list(shape.required)
            return {"type": "object", **({"required": required} if required else {})}
        case Listed():
            item = (
                _ref(shape.item) if isinstance(shape.item, str) else _shape(shape.item, record, definitions)
            )
            return {"type": "array", "items": item}
        case Named():
            # Where the reader takes null for empty text, so does the schema.
            item = _shape(shape.item, record, definitions)
            is_free = isinstance(shape.item, Text) and shape.item.form is None
            return {"type": "object", "additionalProperties": _or_null(item) if is_free else item}
        case _:  # INVARIANT: Record is the only shape left
            if shape.name not in definitions:
                definitions[shape.name] = {}
                definitions[shape.name] = _record(shape, definitions)
            return _ref(shape.name)


def _text(shape: Text) -> JsonObject:
    found: dict[str, Json] = {"type": "string"}
    if shape.form is not None:
        found["pattern"] = f"^(?:{_ecma(shape.form)})$"
    if shape.longest:
        found["maxLength"] = shape.longest
    return found


def _ecma(form: re.Pattern[str]) -> str:
    """Return the pattern: the tables use only what ECMA-262 and Python write alike."""
    return form.pattern


def _ref(name: str) -> JsonObject:
    return {"$ref": f"#/$defs/{name}"}
