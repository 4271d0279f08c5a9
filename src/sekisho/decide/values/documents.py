"""Strict reading of JSON and YAML: bounded, no duplicate member names, no surprises.

Everything that comes from outside passes through here once. Values come out as
plain Python objects; where in the text a member stands is found by a second scan
(`line_of`), only when something is reported.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import yaml

from sekisho.decide.values.errors import SekishoInputError
from sekisho.decide.values.json_value import Json
from sekisho.decide.values.ref import Ref

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_DEPTH = 100
MAX_NODES = 2_000_000

_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parse_json(text: str | bytes, name: str = "input") -> Json:
    """Return the value of one JSON document (RFC 8259).

    Stricter than `json.loads`: duplicate member names, ``NaN`` and infinities, input
    over ``MAX_DOCUMENT_BYTES`` and nesting over ``MAX_DEPTH`` are refused.

    Raises:
        SekishoInputError: with the line of the fault; ``name`` is the document of its Ref.
    """
    decoded = _decode(text, name)
    faults: list[str] = []

    def pairs(members: list[tuple[str, Any]]) -> dict[str, Any]:
        merged = dict(members)
        if len(merged) != len(members):
            names = [member for member, _ in members]
            faults.append(next(n for n in names if names.count(n) > 1))
        return merged

    def constant(token: str) -> NoReturn:
        raise ValueError(f"`{token}` is not JSON")

    try:
        value: Json = json.loads(decoded, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise SekishoInputError.single(
            "json.syntax", Ref(name), f"not JSON: {error.msg[:1].lower()}{error.msg[1:]}", line=error.lineno
        ) from None
    except (ValueError, RecursionError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise SekishoInputError.single("json.syntax", Ref(name), problem) from None
    if faults:
        raise SekishoInputError.single(
            "json.duplicate-member", Ref(name), f"the member `{faults[0]}` occurs twice"
        )
    _check_size(value, name)
    return value


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
    decoded = _decode(text, name)
    loader = _Loader(decoded)
    found: list[tuple[Json, int]] = []
    try:
        while loader.check_node():
            node = loader.get_node()
            value = _construct(loader, node, name, 0, _Budget(name))
            if value is not None:
                found.append((value, node.start_mark.line + 1))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not YAML"
        raise SekishoInputError.single(
            "yaml.syntax", Ref(name), f"not YAML: {problem}", line=mark.line + 1 if mark else 0
        ) from None
    except yaml.YAMLError as error:
        raise SekishoInputError.single("yaml.syntax", Ref(name), f"not YAML: {error}") from None
    except RecursionError:
        raise SekishoInputError.single("yaml.too-deep", Ref(name), "nested too deeply") from None
    finally:
        loader.dispose()
    return found


def to_json(value: object) -> bytes:
    """Return ``value`` as compact JSON, member order kept."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def line_of(text: str, pointer: str, document: int = 0) -> int:
    """Return the 1-based line of the place ``pointer`` (RFC 6901) names in JSON or YAML ``text``.

    ``document`` counts the non-empty documents of a YAML stream from 0. Where the pointer
    leads past what is there, the last place that exists counts. Total: 0 when ``text``
    cannot be read at all.
    """
    tokens = Ref("", pointer).tokens()
    try:
        nodes = [node for node in yaml.compose_all(text, Loader=_Loader) if not _is_null(node)]
        node = nodes[document]
    except (yaml.YAMLError, IndexError, RecursionError):
        return 0
    line = _line(node)
    for token in tokens:
        child = _member(node, token)
        if child is None:
            break
        line, node = child
    return line


def _is_null(node: Any) -> bool:
    return node is None or node.tag == "tag:yaml.org,2002:null"


def _line(node: Any) -> int:
    return int(node.start_mark.line) + 1


def _member(node: Any, token: str) -> tuple[int, Any] | None:
    """Return the line and node of member ``token``; a member counts from the line of its key."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == token:
                return _line(key), value
    if isinstance(node, yaml.SequenceNode) and token.isdecimal() and int(token) < len(node.value):
        child = node.value[int(token)]
        return _line(child), child
    return None


def _decode(text: str | bytes, name: str) -> str:
    size = len(text)
    if size > MAX_DOCUMENT_BYTES:
        raise SekishoInputError.single(
            "document.too-large", Ref(name), f"{size} bytes; at most {MAX_DOCUMENT_BYTES} are read"
        )
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SekishoInputError.single(
            "document.not-utf-8",
            Ref(name),
            f"not UTF-8 (byte {error.start})",
            line=text.count(b"\n", 0, error.start) + 1,
        ) from None


class _Budget:
    """Bounds what aliases can multiply: ten lines of YAML may stand for a billion values."""

    __slots__ = ("left", "name")

    def __init__(self, name: str) -> None:
        self.left = MAX_NODES
        self.name = name

    def spend(self, node: Any) -> None:
        self.left -= 1
        if self.left < 0:
            raise SekishoInputError.single(
                "yaml.too-large", Ref(self.name), f"more than {MAX_NODES} values", line=_line(node)
            )


def _construct(loader: Any, node: Any, name: str, depth: int, budget: _Budget) -> Json:
    budget.spend(node)
    if depth > MAX_DEPTH:
        raise SekishoInputError.single("yaml.too-deep", Ref(name), "nested too deeply", line=_line(node))
    if isinstance(node, yaml.SequenceNode):
        return [_construct(loader, child, name, depth + 1, budget) for child in node.value]
    if isinstance(node, yaml.MappingNode):
        return _mapping(loader, node, name, depth, budget)
    return _scalar(loader, node, name)


def _mapping(loader: Any, node: Any, name: str, depth: int, budget: _Budget) -> dict[str, Json]:
    result: dict[str, Json] = {}
    for key_node, value_node in node.value:
        if key_node.tag == "tag:yaml.org,2002:merge":
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
                "yaml.duplicate-key", Ref(name), f"the key `{key}` occurs twice", line=_line(key_node)
            )
        result[key] = _construct(loader, value_node, name, depth + 1, budget)
    return result


def _scalar(loader: Any, node: Any, name: str) -> Json:
    tag = node.tag.removeprefix("tag:yaml.org,2002:")
    match tag:
        case "str":
            return str(node.value)
        case "null":
            return None
        case "timestamp":
            return str(node.value)  # JSON has no dates; Kubernetes keeps the text
        case "int" | "float" if ":" in node.value:
            return str(node.value)  # `12:30` is a number in base 60 to YAML 1.1, text to Kubernetes
        case "bool" | "int" | "float":
            try:
                value = loader.construct_object(node, deep=True)
            except (ValueError, yaml.YAMLError):
                value = None
            if isinstance(value, bool | int) or (
                isinstance(value, float) and value == value and abs(value) != float("inf")
            ):
                return value
    raise SekishoInputError.single(
        "yaml.unsupported-value",
        Ref(name),
        f"`{str(node.value)[:40]}` ({node.tag}) has no JSON form",
        line=_line(node),
    )


def _is_encodable(value: Json) -> bool:
    try:
        to_json(value)
    except UnicodeEncodeError:
        return False
    return True


def _check_size(value: Json, name: str) -> None:
    for depth, _ in _walk(value):
        if depth > MAX_DEPTH:
            raise SekishoInputError.single("json.too-deep", Ref(name), "nested too deeply")


def _walk(value: Json) -> Iterator[tuple[int, Json]]:
    stack: list[tuple[int, Json]] = [(0, value)]
    while stack:
        depth, current = stack.pop()
        yield depth, current
        if depth > MAX_DEPTH:
            continue
        if isinstance(current, dict):
            stack.extend((depth + 1, child) for child in current.values())
        elif isinstance(current, list):
            stack.extend((depth + 1, child) for child in current)
