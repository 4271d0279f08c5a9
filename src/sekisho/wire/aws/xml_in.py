"""XML bodies of the ``rest-xml`` protocol, as values of the model.

Smithy, "AWS restXml protocol". Document types, and with them every entity but the five of
XML itself, are refused; unknown elements are ignored.
"""

from dataclasses import dataclass, field
from xml.parsers import expat

from sekisho.wire.aws.scalars import parse_scalar
from sekisho.wire.aws.shape import Kind, Location, Member, Value
from sekisho.wire.errors import WireError

MAX_ELEMENTS = 100_000
MAX_DEPTH = 64


@dataclass(slots=True)
class Element:
    """An element without its namespaces: a model never tells two names apart by them."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: list["Element"] = field(default_factory=list)
    text: str = ""


def parse_xml(body: bytes) -> Element:
    """Return the root element of ``body``.

    Raises:
        WireError: ``MalformedXML``, not well-formed, with a document type, too deep or too large.
    """
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = builder.doctype
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        raise malformed(f"not well-formed, line {error.lineno}") from None
    except (LookupError, ValueError):  # an encoding that the declaration names and nobody knows
        raise malformed("unknown encoding") from None
    return builder.root.children[0]


def decode_structure(owner: Member, element: Element, path: str = "") -> dict[str, Value]:
    """Return the members of ``owner`` that ``element`` holds.

    Raises:
        WireError: ``MalformedXML``, a value is not of its type.
    """
    grouped: dict[str, list[Element]] = {}
    for child in element.children:
        grouped.setdefault(child.name, []).append(child)
    found: dict[str, Value] = {}
    for name, member in owner.shape.members.items():
        if member.location is not Location.BODY:
            continue
        here = f"{path}.{name}" if path else name
        if member.is_attribute:
            attribute = element.attributes.get(member.label.rpartition(":")[2])
            if attribute is not None:
                found[name] = attribute
            continue
        elements = grouped.get(_label(member))
        if elements:
            found[name] = _several(member, elements, here)
    return found


def decode_value(member: Member, element: Element, path: str) -> Value:
    """Return the value of one element.

    Raises:
        WireError: ``MalformedXML``, not of its type.
    """
    shape = member.shape
    if shape.kind is Kind.STRUCTURE:
        return decode_structure(member, element, path)
    if shape.kind is Kind.LIST:
        label = shape.item.wire_name or "member"
        return _list(member, [child for child in element.children if child.name == label], path)
    if shape.kind is Kind.MAP:
        return _map(member, [child for child in element.children if child.name == "entry"], path)
    if element.children:
        raise malformed(f"`{path}` holds elements where a {shape.kind.value} was expected")
    try:
        return parse_scalar(member, element.text)
    except ValueError as error:
        raise malformed(f"`{path}` must be {error}") from None


def malformed(problem: str) -> WireError:
    """Return the refusal of a body that is not the XML of the model."""
    return WireError("body", problem, code="MalformedXML")


def _label(member: Member) -> str:
    if member.is_flattened and member.shape.kind is Kind.LIST:
        return member.shape.item.wire_name or member.label
    return member.label


def _several(member: Member, elements: list[Element], path: str) -> Value:
    if member.is_flattened and member.shape.kind is Kind.LIST:
        return _list(member, elements, path)
    if member.is_flattened and member.shape.kind is Kind.MAP:
        return _map(member, elements, path)
    if len(elements) > 1:
        raise malformed(f"`{path}` occurs {len(elements)} times")
    return decode_value(member, elements[0], path)


def _list(member: Member, elements: list[Element], path: str) -> list[Value]:
    item = member.shape.item
    return [decode_value(item, element, f"{path}.{at}") for at, element in enumerate(elements, 1)]


def _map(member: Member, entries: list[Element], path: str) -> dict[str, Value]:
    key, value = member.shape.key, member.shape.value
    found: dict[str, Value] = {}
    for entry in entries:
        parts = {child.name: child for child in entry.children}
        name = parts.get(key.wire_name or "key")
        inner = parts.get(value.wire_name or "value")
        if name is None or inner is None or name.text in found:
            raise malformed(f"`{path}` has an entry without a key of its own and a value")
        found[name.text] = decode_value(value, inner, f"{path}.{name.text}")
    return found


class _Builder:
    __slots__ = ("_count", "_open", "root")

    def __init__(self) -> None:
        self.root = Element("")
        self._open = [self.root]
        self._count = 0

    def doctype(self, *_: object) -> None:
        raise malformed("a document type is not allowed")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MAX_ELEMENTS or len(self._open) > MAX_DEPTH:
            raise malformed("too large or nested too deeply")
        local = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        element = Element(name.rpartition(" ")[2], local)
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _: str) -> None:
        self._open.pop()

    def characters(self, text: str) -> None:
        self._open[-1].text += text
