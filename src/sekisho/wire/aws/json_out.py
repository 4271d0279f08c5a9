"""Values of the model as JSON: ``json``, ``rest-json``, and ``query`` for clients that ask for it."""

import base64
import math
from collections.abc import Mapping

from sekisho.decide.values import Instant, Json
from sekisho.wire.aws.scalars import render_float
from sekisho.wire.aws.shape import Kind, Location, Member, Value
from sekisho.wire.aws.timestamps import EPOCH, render_epoch, render_timestamp


def encode_structure(
    owner: Member, values: Mapping[str, Value], *, by_member_name: bool = False
) -> dict[str, Json]:
    """Return the body members of ``owner``; None is absence.

    ``by_member_name`` ignores the names of other protocols (``locationName`` of a query
    service is an XML element).

    Raises:
        KeyError: ``values`` has a member that the model does not: a fault of the operation.
        TypeError: a value is not of its member's type.
    """
    members = owner.shape.members
    found: dict[str, Json] = {}
    for name, value in values.items():
        member = members[name]
        if value is not None and member.location is Location.BODY:
            label = name if by_member_name else member.label
            found[label] = encode_value(member, value, by_member_name=by_member_name)
    return found


def encode_value(member: Member, value: Value, *, by_member_name: bool = False) -> Json:
    """Return one value as JSON.

    Raises:
        TypeError: ``value`` is not of the member's type.
    """
    shape = member.shape
    if isinstance(value, str | bool | int) or value is None:
        return value
    if isinstance(value, Mapping):
        if shape.kind is Kind.MAP:
            inner = shape.value
            return {
                key: encode_value(inner, child, by_member_name=by_member_name) for key, child in value.items()
            }
        if shape.is_document:
            return {key: encode_value(member, child) for key, child in value.items()}
        return encode_structure(member, value, by_member_name=by_member_name)
    if isinstance(value, float):
        return value if math.isfinite(value) else render_float(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Instant):
        form = (member.timestamp_format or EPOCH).lower()
        return render_epoch(value) if form == EPOCH else render_timestamp(value, form)
    if shape.is_document:
        return [encode_value(member, child) for child in value]
    if shape.kind is Kind.LIST:
        item = shape.item
        return [encode_value(item, child, by_member_name=by_member_name) for child in value]
    raise TypeError(f"`{member.name}` ({shape.name}) cannot hold a {type(value).__name__}")
