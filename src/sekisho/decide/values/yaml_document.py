"""Strict reading of YAML as Kubernetes reads it, and the lines of what was read."""

from functools import lru_cache
from typing import Any

import yaml

from sekisho.decide.values.document_text import MAX_DEPTH, decode, shown
from sekisho.decide.values.errors import SekishoInputError
from sekisho.decide.values.json_value import Json
from sekisho.decide.values.ref import Ref

MAX_NODES = 2_000_000
_FEW_NODES = 1_000

_SURELY_SHALLOW = 1_000
"""Up to this nesting no text can overrun the stack of the composer, which is recursive and in C."""

_TAG = "tag:yaml.org,2002:"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_yaml(text: str | bytes, name: str = "input") -> Json:
    """Return the value of one YAML document, as Kubernetes reads YAML (scalars of YAML 1.1, string keys).

    Raises:
        SekishoInputError: not YAML, several documents, a duplicate or non-string key, a
            tag other than the standard ones, a value that JSON does not have, or too large.
    """
    documents = parse_yaml_all(text, name)
    if len(documents) > 1:
        raise SekishoInputError.single(
            "yaml.several-documents", Ref(name), f"expected one document, found {len(documents)}"
        )
    return documents[0][0] if documents else None


def parse_yaml_all(text: str | bytes, name: str = "input") -> list[tuple[Json, int]]:
    """Return every non-empty YAML document with the 1-based line it starts on.

    Raises:
        SekishoInputError: as `parse_yaml`.
    """
    decoded = decode(text, name)
    found: list[tuple[Json, int]] = []
    budget = _Budget(name, len(decoded))
    try:
        deep = _line_too_deep(decoded)
        if deep:
            raise _too_deep(name, deep)
        loader = _Loader(decoded)
        try:
            while loader.check_node():
                node = loader.get_node()
                value = _construct(loader, node, name, 0, budget)
                if value is not None:
                    found.append((value, _line(node)))
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not YAML"
        raise SekishoInputError.single(
            "yaml.syntax", Ref(name), f"not YAML: {problem}", line=mark.line + 1 if mark else 0
        ) from None
    except yaml.reader.ReaderError as error:
        # The C reader gives the character as a number, the Python one as a character.
        number = error.character if isinstance(error.character, int) else ord(error.character)
        raise SekishoInputError.single(
            "yaml.syntax", Ref(name), f"not YAML: the character #x{number:04x} is not allowed"
        ) from None
    return found


def line_of(text: str, pointer: str, document: int = 0) -> int:
    """Return the 1-based line of the place ``pointer`` (RFC 6901) names in JSON or YAML ``text``.

    ``document`` counts the non-empty documents of a YAML stream from 0. Where the pointer
    leads past what is there, the last place that exists counts. Total: 0 when ``text``
    cannot be read at all.
    """
    nodes = _nodes(text)
    if document >= len(nodes):
        return 0
    node = nodes[document]
    line = _line(node)
    for token in Ref("", pointer).tokens():
        child = _member(node, token)
        if child is None:
            break
        line, node = child
    return line


@lru_cache(maxsize=4)  # asked about one place of a text after the other
def _nodes(text: str) -> list[Any]:
    """Return the documents of a text that are not empty; none if it cannot be read."""
    try:
        decoded = decode(text, "")
        if _line_too_deep(decoded):
            return []
        return [node for node in yaml.compose_all(decoded, Loader=_Loader) if not _is_null(node)]
    except (SekishoInputError, yaml.YAMLError):
        return []


def _is_null(node: Any) -> bool:
    return node is None or node.tag == f"{_TAG}null"


def _line(node: Any) -> int:
    """Return the 1-based line on which a node or event starts."""
    return int(node.start_mark.line) + 1


def _member(node: Any, token: str) -> tuple[int, Any] | None:
    """Return the line and node of member ``token``; a member counts from the line of its key."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == token:
                return _line(key), value
    if isinstance(node, yaml.SequenceNode) and token.isdecimal() and len(token) < 10:
        index = int(token)
        if index < len(node.value):
            return _line(node.value[index]), node.value[index]
    return None


def _line_too_deep(text: str) -> int:
    """Return the line on which nesting exceeds ``MAX_DEPTH``, 0 if it nowhere does.

    Composing recurses in C without a limit: a megabyte of ``[`` would end the process.
    The scan over events does not recurse; text that cannot nest deeply is spared it.

    Raises:
        yaml.YAMLError: not YAML.
    """
    # A block collection begins at least a column right of the one around it, but for a
    # sequence in a mapping, which may begin at the same one.
    columns = max(map(len, text.splitlines()), default=0)
    if 2 * columns + text.count("[") + text.count("{") <= _SURELY_SHALLOW:
        return 0
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH + 1:
                return _line(event)
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
    return 0


def _too_deep(name: str, line: int) -> SekishoInputError:
    return SekishoInputError.single("yaml.too-deep", Ref(name), "nested too deeply", line=line)


class _Budget:
    """Bounds what aliases can multiply: ten lines of YAML may stand for a billion values."""

    __slots__ = ("left", "most", "name")

    def __init__(self, name: str, characters: int) -> None:
        # Without aliases a text has fewer values than characters.
        self.left = min(MAX_NODES, max(_FEW_NODES, 2 * characters))
        self.most = self.left
        self.name = name

    def spend(self, node: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise SekishoInputError.single(
                "yaml.too-large", Ref(self.name), f"more than {self.most} values", line=_line(node)
            )


def _construct(loader: Any, node: Any, name: str, depth: int, budget: _Budget) -> Json:
    budget.spend(node)
    if depth > MAX_DEPTH:
        raise _too_deep(name, _line(node))
    match node:
        case yaml.SequenceNode(tag="tag:yaml.org,2002:seq"):
            return [_construct(loader, child, name, depth + 1, budget) for child in node.value]
        case yaml.MappingNode(tag="tag:yaml.org,2002:map"):
            return _mapping(loader, node, name, depth, budget)
        case yaml.ScalarNode():
            return _scalar(loader, node, name)
        case _:
            raise _unsupported(node, name)


def _mapping(loader: Any, node: Any, name: str, depth: int, budget: _Budget) -> dict[str, Json]:
    result: dict[str, Json] = {}
    for key_node, value_node in node.value:
        if key_node.tag == f"{_TAG}merge":
            raise SekishoInputError.single(
                "yaml.merge-key", Ref(name), "merge keys (`<<`) are not supported", line=_line(key_node)
            )
        if not isinstance(key_node, yaml.ScalarNode):
            raise SekishoInputError.single(
                "yaml.key-not-a-string", Ref(name), "a key must be a string", line=_line(key_node)
            )
        # Kubernetes turns scalar keys (8080, true) into their text: ConfigMap data relies on it.
        key = str(key_node.value)
        if key in result:
            raise SekishoInputError.single(
                "yaml.duplicate-key", Ref(name), f"the key {shown(key)} occurs twice", line=_line(key_node)
            )
        result[key] = _construct(loader, value_node, name, depth + 1, budget)
    return result


def _scalar(loader: Any, node: Any, name: str) -> Json:
    match node.tag.removeprefix(_TAG):
        case "str":
            return str(node.value)
        case "null":
            return None
        case "timestamp":
            return str(node.value)  # JSON has no dates; Kubernetes keeps the text
        case "int" | "float" if ":" in node.value:
            return str(node.value)  # `12:30` is a number in base 60 to YAML 1.1, text to Kubernetes
        case "bool" | "int" | "float":
            value = _number_or_bool(loader, node)
            if value is not None:
                return value
    raise _unsupported(node, name)


def _number_or_bool(loader: Any, node: Any) -> bool | int | float | None:
    """Return the value, or None where JSON has none: an infinity, or ``!!int`` before what is no number."""
    try:
        value: bool | int | float = loader.construct_object(node, deep=True)
    except (ValueError, LookupError):
        return None
    return value if abs(value) < float("inf") else None


def _unsupported(node: Any, name: str) -> SekishoInputError:
    # The tag and not the value: a value may be a credential.
    return SekishoInputError.single(
        "yaml.unsupported-value",
        Ref(name),
        f"a value of type {shown(node.tag.removeprefix(_TAG))} has no JSON form here",
        line=_line(node),
    )
