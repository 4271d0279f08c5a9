"""Values of the model as XML: ``query``, ``ec2`` and ``rest-xml`` answers."""

import re
from collections.abc import Mapping, Sequence

from sekisho.wire.aws.scalars import render_scalar
from sekisho.wire.aws.shape import Kind, Location, Member, Value

_SPECIAL = re.compile(r"[&<>\r\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#xD;"}


def escape(text: str) -> str:
    """Return ``text`` for the inside of an element.

    Characters that XML 1.0 cannot hold in any spelling (section 2.2) become U+FFFD.
    """
    if _SPECIAL.search(text) is None:
        return text
    return _SPECIAL.sub(lambda match: _ENTITIES.get(match[0], "\ufffd"), text)


def _attribute(text: str) -> str:
    return escape(text).replace('"', "&quot;")


def write_members(parts: list[str], owner: Member, values: Mapping[str, Value]) -> None:
    """Append the body members of ``owner``; None is absence.

    Raises:
        KeyError: ``values`` has a member that the model does not: a fault of the operation.
        TypeError: a value is not of its member's type.
    """
    members = owner.shape.members
    for name, value in values.items():
        member = members[name]
        if value is not None and member.location is Location.BODY and not member.is_attribute:
            write_element(parts, member, member.label, value)


def write_element(parts: list[str], member: Member, label: str, value: Value) -> None:
    """Append ``value`` as the element ``label``, or several where the member is flattened.

    Raises:
        KeyError, TypeError: as `write_members`.
    """
    kind = member.shape.kind
    if isinstance(value, str):  # most of what is ever written
        parts.append(f"<{label}{_namespace(member)}>{escape(value)}</{label}>")
    elif kind is Kind.STRUCTURE and isinstance(value, Mapping):
        parts.append(f"<{label}{_namespace(member)}{_attributes(member, value)}>")
        write_members(parts, member, value)
        parts.append(f"</{label}>")
    elif kind is Kind.LIST and isinstance(value, Sequence) and not isinstance(value, str | bytes):
        _write_list(parts, member, label, value)
    elif kind is Kind.MAP and isinstance(value, Mapping):
        _write_map(parts, member, label, value)
    else:
        parts.append(f"<{label}{_namespace(member)}>{escape(render_scalar(member, value))}</{label}>")


def _write_list(parts: list[str], member: Member, label: str, values: Sequence[Value]) -> None:
    item = member.shape.item
    if member.is_flattened:
        label = item.wire_name or label
        for value in values:
            write_element(parts, item, label, value)
        return
    inner = item.wire_name or "member"
    parts.append(f"<{label}{_namespace(member)}>")
    for value in values:
        write_element(parts, item, inner, value)
    parts.append(f"</{label}>")


def _write_map(parts: list[str], member: Member, label: str, values: Mapping[str, Value]) -> None:
    key, value = member.shape.key, member.shape.value
    entry = label if member.is_flattened else "entry"
    if not member.is_flattened:
        parts.append(f"<{label}{_namespace(member)}>")
    for name, child in values.items():
        parts.append(f"<{entry}>")
        write_element(parts, key, key.wire_name or "key", name)
        write_element(parts, value, value.wire_name or "value", child)
        parts.append(f"</{entry}>")
    if not member.is_flattened:
        parts.append(f"</{label}>")


def _namespace(member: Member) -> str:
    if not member.xml_namespace:
        return ""
    prefix = f":{member.xml_prefix}" if member.xml_prefix else ""
    return f' xmlns{prefix}="{_attribute(member.xml_namespace)}"'


def _attributes(owner: Member, values: Mapping[str, Value]) -> str:
    written = ""
    for name, value in values.items():
        member = owner.shape.members[name]
        if member.is_attribute and value is not None:
            written += f' {member.label}="{_attribute(render_scalar(member, value))}"'
    return written
