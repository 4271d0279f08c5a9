"""Requests of the ``query`` and ``ec2`` protocols: a form, its names flattened with dots.

Smithy, "AWS Query protocol" and "AWS EC2 query protocol". A parameter the model does not
know is ignored, as the services do; a name given twice or a value that is not of its type is not.
"""

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from sekisho.wire.aws.complaints import Complaints
from sekisho.wire.aws.scalars import parse_scalar
from sekisho.wire.aws.shape import Kind, Member, Protocol, Value
from sekisho.wire.errors import WireError

MAX_PARAMETERS = 10_000
MAX_DEPTH = 32
MAX_NAME_CHARS = 1024

Tree = dict[str, "str | Tree"]

_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_INDEX = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)


def parse_form(*parts: str) -> dict[str, str]:
    """Return the parameters of a query string and of a form body together.

    Raises:
        WireError: ``MalformedQueryString`` for broken percent-encoding, text that is not
            UTF-8, a name given twice, or too many parameters.
    """
    parameters: dict[str, str] = {}
    for part in parts:
        for name, value in parse_pairs(part):
            if name in parameters:
                raise _malformed(f"the parameter `{name[:80]}` occurs twice")
            parameters[name] = value
    return parameters


def parse_pairs(text: str) -> list[tuple[str, str]]:
    """Return the decoded pairs of a query string or a form, in order.

    Raises:
        WireError: ``MalformedQueryString`` for broken percent-encoding, text that is not
            UTF-8, or too many parameters.
    """
    pairs = [pair for pair in text.split("&") if pair] if text else []
    if len(pairs) > MAX_PARAMETERS:
        raise _malformed(f"more than {MAX_PARAMETERS} parameters")
    split = (pair.partition("=") for pair in pairs)
    return [(_decode(name), _decode(value)) for name, _, value in split]


def decode_form(
    shape: Member | None, form: dict[str, str], protocol: Protocol, complaints: Complaints
) -> dict[str, Value]:
    """Return the parameters of ``form`` by the member names of ``shape``.

    Raises:
        WireError: a value is not of its type, or the names contradict each other.
    """
    if shape is None:
        return {}
    tree = _plant(form)
    return _Reader(protocol, complaints).structure(shape, tree, "")


def _decode(text: str) -> str:
    if "%" not in text and "+" not in text and text.isascii():
        return text
    if _BROKEN_PERCENT.search(text):
        raise _malformed("broken percent-encoding")
    try:
        return unquote_to_bytes(text.replace("+", " ")).decode("utf-8")
    except UnicodeError:
        raise _malformed("not UTF-8") from None


def _plant(form: dict[str, str]) -> Tree:
    """Return ``{"A.B": "x"}`` as ``{"A": {"B": "x"}}``."""
    tree: Tree = {}
    for name, value in form.items():
        if "." not in name:
            if name in tree:
                raise _malformed(f"`{name[:80]}` is both a value and a structure")
            tree[name] = value
            continue
        tokens = name.split(".")
        if len(name) > MAX_NAME_CHARS or len(tokens) > MAX_DEPTH:
            raise _malformed("a parameter name is nested too deeply")
        branch = tree
        for token in tokens[:-1]:
            child = branch.setdefault(token, {})
            if isinstance(child, str):
                raise _malformed(f"`{name[:80]}` is both a value and a structure")
            branch = child
        if tokens[-1] in branch:
            raise _malformed(f"`{name[:80]}` is both a value and a structure")
        branch[tokens[-1]] = value
    return tree


class _Reader:
    __slots__ = ("_complaints", "_is_ec2")

    def __init__(self, protocol: Protocol, complaints: Complaints) -> None:
        self._is_ec2 = protocol is Protocol.EC2
        self._complaints = complaints

    def structure(self, owner: Member, tree: Tree, path: str) -> dict[str, Value]:
        found: dict[str, Value] = {}
        for name, member in owner.shape.members.items():
            label = self._label(member)
            node = tree.get(label)
            if node is not None:
                found[name] = self._value(member, node, f"{path}.{name}" if path else name)
        return found

    def _label(self, member: Member) -> str:
        if self._is_ec2:
            return member.ec2_label
        if member.is_flattened and member.shape.kind is Kind.LIST:
            return member.shape.item.wire_name or member.label
        return member.label

    def _value(self, member: Member, node: str | Tree, path: str) -> Value:
        kind = member.shape.kind
        if isinstance(node, str):
            if kind is Kind.LIST and not node:
                return []
            if kind is Kind.MAP and not node:
                return {}
            if kind is Kind.STRUCTURE and not node:
                return {}
            try:
                return parse_scalar(member, node)
            except ValueError as error:
                raise self._complaints.not_of_type(path, member, node, str(error)) from None
        if kind is Kind.STRUCTURE:
            return self.structure(member, node, path)
        if kind is Kind.LIST:
            return self._list(member, node, path)
        if kind is Kind.MAP:
            return self._map(member, node, path)
        raise self._complaints.not_of_type(path, member, None, f"a {kind.value}")

    def _list(self, member: Member, node: Tree, path: str) -> list[Value]:
        item = member.shape.item
        if not (self._is_ec2 or member.is_flattened):
            node = self._child(node, item.wire_name or "member", path, member)
        return [self._value(item, child, f"{path}.{index}") for index, child in _entries(node, path)]

    def _map(self, member: Member, node: Tree, path: str) -> dict[str, Value]:
        key, value = member.shape.key, member.shape.value
        key_label, value_label = key.wire_name or "key", value.wire_name or "value"
        if not member.is_flattened:
            node = self._child(node, "entry", path, member)
        found: dict[str, Value] = {}
        for index, entry in _entries(node, path):
            name = entry.get(key_label) if isinstance(entry, dict) else None
            if not isinstance(entry, dict) or not isinstance(name, str):
                raise _malformed(f"`{path}.{index}` has no `{key_label}`")
            if name in found:
                raise _malformed(f"`{path}` names a key twice")
            found[name] = self._value(value, entry.get(value_label, ""), f"{path}.{index}.value")
        return found

    def _child(self, node: Tree, label: str, path: str, member: Member) -> Tree:
        child = node.get(label)
        if isinstance(child, str) or len(node) != 1 or child is None:
            raise self._complaints.not_of_type(path, member, None, f"a list of `{label}.N`")
        return child


def _entries(node: Tree, path: str) -> Iterator[tuple[int, "str | Tree"]]:
    """Yield what ``1``, ``2`` ... hold, in order; gaps close up."""
    if not all(_INDEX.fullmatch(key) for key in node):
        raise _malformed(f"the indexes of `{path}` are not numbers from 1")
    for index in sorted(map(int, node)):
        yield index, node[str(index)]


def _malformed(problem: str) -> WireError:
    return WireError("parameters", problem, code="MalformedQueryString")
