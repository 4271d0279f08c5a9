"""A manifest of aws-auth as text: another ``data`` goes in, every other line stays. Does no I/O."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from sekisho.decide.values import Json, JsonObject, Ref, SekishoInputError, documents

EMPTY_MANIFEST = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aws-auth\n  namespace: kube-system\n"

_STEP = 2  # columns a block literal is indented by


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file that holds aws-auth. ``place`` counts the non-empty documents of ``values`` from 0."""

    text: str
    values: tuple[Json, ...]
    place: int
    config_map: JsonObject
    data: Mapping[str, str]

    def line_of(self, section: str, line: int) -> int:
        """Return the line of the file that is the 1-based ``line`` of the text of ``section``; 0 unknown."""
        node = _member(_data_node(self.text, self.place), section)
        if node is None:
            return 0
        first = int(node.start_mark.line) + 1
        return first + line if node.style in ("|", ">") else first


def parse_manifest(text: str, name: str) -> Manifest:
    """Return the manifest in ``text``, YAML (of one or more documents) or JSON; ``name`` is the file's.

    Raises:
        SekishoInputError: not readable, not exactly one aws-auth in it, or its data is not text.
    """
    if _is_json(text):
        values: tuple[Json, ...] = (documents.parse_json(text, name),)
    else:
        values = tuple(value for value, _ in documents.parse_yaml_all(text, name))
    found_there = [(index, found) for index, value in enumerate(values) if (found := _aws_auth(value))]
    if len(found_there) != 1:
        count = len(found_there) or "none"
        raise SekishoInputError.single(
            "map.not-aws-auth",
            Ref(name),
            f"expected one ConfigMap named aws-auth of namespace kube-system, found {count}",
        )
    place, config_map = found_there[0]
    data = config_map.get("data")
    if data is not None and not isinstance(data, Mapping):
        raise _fault("map.data-not-a-mapping", text, name, place, "", "expected data to be a mapping")
    texts: dict[str, str] = {}
    for section, content in (data or {}).items():
        if not isinstance(content, str):
            problem = f"expected the text of a list, found {_kind(content)}"
            raise _fault("map.section-not-text", text, name, place, section, problem)
        texts[section] = content
    return Manifest(text, values, place, config_map, texts)


def with_data(manifest: Manifest, after: Mapping[str, str]) -> str:
    """Return the text of ``manifest`` with ``after`` as its data.

    Only the changed sections are written anew. Where the text does not lend itself to that (flow
    style, anchors, JSON) the file is written anew as a whole, and YAML then loses its comments. The
    result is read back before it is returned.
    """
    wanted = list(manifest.values)
    wanted[manifest.place] = {**manifest.config_map, "data": dict(after)}
    if _is_json(manifest.text):
        return json.dumps(wanted[0], indent=2, ensure_ascii=False) + "\n"
    changed = {name: text for name, text in after.items() if manifest.data.get(name) != text}
    for render in (_literal, _quoted):
        edited = _spliced(manifest, changed, render)
        if edited is not None and _reads_as(edited, wanted):
            return edited
    return str(yaml.safe_dump_all(wanted, sort_keys=False, allow_unicode=True))


def _spliced(manifest: Manifest, changed: Mapping[str, str], render: Any) -> str | None:
    text = manifest.text
    data = _data_node(text, manifest.place)
    line_end = "\r\n" if "\r\n" in text else "\n"
    if not isinstance(data, yaml.MappingNode) or data.flow_style or not data.value:
        return None
    column = int(data.value[0][0].start_mark.column)
    pieces: list[tuple[int, int, str]] = []
    added = ""
    for section, content in changed.items():
        node = _member(data, section)
        written = render(content, column)
        if node is None:
            added += f"\n{' ' * column}{section}: {written}"
        else:
            pieces.append((node.start_mark.index, _end(text, node), written))
    if added:
        end = _end(text, data.value[-1][1])
        end = min((i for i in (text.find("\r\n", end), text.find("\n", end)) if i >= 0), default=len(text))
        pieces.append((end, end, added))
    for start, end, piece in sorted(pieces, reverse=True):
        rest = text[end:] or "\n"
        text = text[:start] + piece.replace("\n", line_end) + rest
    return text


def _end(text: str, node: Any) -> int:
    """Return where the value ends: YAML counts the empty lines after a block literal as part of it."""
    start = int(node.start_mark.index)
    return start + len(text[start : node.end_mark.index].rstrip())


def _literal(text: str, column: int) -> str:
    """Return ``text`` as a block literal, as people write the sections of aws-auth."""
    lines = text.removesuffix("\n").split("\n")
    indicator = str(_STEP) if text[:1] in (" ", "\n") else ""
    chomp = "" if text.endswith("\n") else "-"
    body = "".join(f"\n{' ' * (column + _STEP)}{line}" if line else "\n" for line in lines)
    return f"|{indicator}{chomp}{body}"


def _quoted(text: str, _column: int) -> str:
    return json.dumps(text, ensure_ascii=False)


def _reads_as(text: str, wanted: Sequence[Json]) -> bool:
    try:
        return [value for value, _ in documents.parse_yaml_all(text)] == wanted
    except SekishoInputError:
        return False


def _data_node(text: str, place: int) -> Any:
    """Return the node of ``data`` in a document; None if it has none or the text is read differently."""
    try:
        # The loader in Python, because its marks count characters of this very text.
        roots = [root for root in yaml.compose_all(text, Loader=yaml.SafeLoader) if not _is_null(root)]
    except yaml.YAMLError:
        return None
    return _member(roots[place], "data") if place < len(roots) else None


def _is_null(node: Any) -> bool:
    return node is None or node.tag == "tag:yaml.org,2002:null"


def _member(node: Any, name: str) -> Any:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for key, value in node.value if key.value == name), None)


def _is_json(text: str) -> bool:
    return text.lstrip()[:1] == "{"


def _aws_auth(value: Json) -> JsonObject | None:
    match value:
        case {"kind": "ConfigMap", "metadata": {"name": "aws-auth", **metadata}} if isinstance(
            value, Mapping
        ):
            return value if metadata.get("namespace", "kube-system") == "kube-system" else None
        case _:
            return None


def _kind(value: Json | JsonObject) -> str:
    match value:
        case None:
            return "nothing"
        case Mapping():
            return "a mapping"
        case bool() | int() | float():
            return "a number or a boolean"
        case _:
            return "a list"


def _fault(code: str, text: str, name: str, place: int, section: str, problem: str) -> SekishoInputError:
    at = Ref(name).child("data", *([section] if section else []))
    hint = f"write `{section}: |` and indent the list below it" if section else ""
    return SekishoInputError.single(code, at, problem, hint, documents.line_of(text, at.pointer, place))
