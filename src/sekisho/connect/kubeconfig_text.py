"""Write new entries into the text of a kubeconfig so that the rest of it stays as its owner wrote it.

The text is changed only where an entry is: comments, quoting and order elsewhere survive, as does an
entry that already says the same. The result is read back and must mean exactly what `kubeconfig.merge`
says; where a text is written in a way this cannot do (lists in flow style, aliases, an end marker), the
whole document is written anew and only then are comments lost.
"""

import textwrap
from dataclasses import dataclass
from typing import Any

import yaml

from sekisho.connect.kubeconfig import LISTS, Entries, check_kubeconfig, merge, position
from sekisho.decide.values import Json, SekishoInputError
from sekisho.decide.values.documents import parse_yaml

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class _Edit:
    """Characters ``start`` to ``end`` of the text give way to ``text``."""

    start: int
    end: int
    text: str


def merge_text(text: str, name: str, new: Entries) -> str:
    """Return ``text``, the kubeconfig ``name``, with ``new`` merged into it.

    Raises:
        SekishoInputError: ``text`` is not a kubeconfig; each fault has its line.
    """
    content = check_kubeconfig(parse_yaml(text, name), name, text)
    merged = merge(content, new)
    if not content and not text.strip().startswith("{"):
        head = text if not text or text.endswith("\n") else text + "\n"
        return _verified(head + dump(merged), merged) or dump(merged)
    return _verified(_spliced(text, content, new), merged) or dump(merged)


def dump(value: Json) -> str:
    """Return ``value`` as YAML in block style, members in their order, long values on one line."""
    return str(
        yaml.safe_dump(value, sort_keys=False, default_flow_style=False, width=1 << 30, allow_unicode=True)
    )


def _verified(text: str | None, meaning: Json) -> str | None:
    if text is None:
        return None
    try:
        return text if parse_yaml(text) == meaning else None
    except SekishoInputError:
        return None


def _spliced(text: str, content: dict[str, Json], new: Entries) -> str | None:
    """Return the edited text, or None where it is written in a way that edits cannot follow."""
    root = yaml.compose(text, Loader=_Loader)
    if not isinstance(root, yaml.MappingNode) or root.flow_style:
        return None
    values = {key.value: value for key, value in root.value}
    edits: list[_Edit] = []
    missing: dict[str, Json] = {}
    for key in LISTS:
        entry = new.of(key)
        if key not in values:
            missing[key] = [dict(entry)]
            continue
        changes = _list_edit(text, values[key], content.get(key), dict(entry))
        if changes is None:
            return None
        edits.extend(changes)
    current = new.context["name"]
    if "current-context" not in values:
        missing["current-context"] = current
    elif content.get("current-context") != current:
        edits.append(_value_edit(values["current-context"], _scalar(current)))
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    if missing:
        text = (text if text.endswith("\n") else text + "\n") + dump(missing)
    return text


def _list_edit(text: str, node: Any, members: Json, entry: dict[str, Json]) -> tuple[_Edit, ...] | None:
    """Return what puts ``entry`` into the list at ``node``; None if it is in flow style."""
    if not isinstance(members, list) or not members:
        edit = _value_edit(node, "\n" + dump([entry]).rstrip("\n"))
        start = len(text[: edit.start].rstrip(" "))  # the space after the colon would dangle
        return (_Edit(start, edit.end, edit.text),)
    if node.flow_style:
        return None
    at = position(members, entry["name"])
    if at is None:
        end = _line_end(text, _end(node))
        column = node.start_mark.column
        return (_Edit(end, end, "\n" + textwrap.indent(dump([entry]).rstrip("\n"), " " * column)),)
    if members[at] == entry:
        return ()
    old = node.value[at]
    if old.flow_style:
        return None
    block = textwrap.indent(dump(entry).rstrip("\n"), " " * old.start_mark.column).lstrip(" ")
    return (_Edit(old.start_mark.index, _end(old), block),)


def _value_edit(node: Any, text: str) -> _Edit:
    """Replace a scalar, an empty list or nothing at all, right after its key's colon."""
    start, end = node.start_mark.index, _end(node)
    lead = " " if start == end and not text.startswith("\n") else ""
    return _Edit(start, end, lead + text)


def _scalar(value: Json) -> str:
    return dump([value]).removeprefix("- ").rstrip("\n")


def _end(node: Any) -> int:
    """Return where the last character of ``node`` ends.

    A block collection's own end mark lies after the blank lines and comments that follow it, and
    those belong to whatever comes next.
    """
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        node = last[1] if isinstance(node, yaml.MappingNode) else last
    return int(node.end_mark.index)


def _line_end(text: str, index: int) -> int:
    """Return the end of the line ``index`` is in: a comment behind a value stays with it."""
    if index and text[index - 1] == "\n":  # a block scalar ends with its line
        return index - 1
    found = text.find("\n", index)
    return len(text) if found < 0 else found
