"""Add and remove entries in a section's YAML text, leaving the other lines alone.

An edit is made on lines and read back; where the lines do not lend themselves to it (flow
style, anchors, JSON) the section is written anew, and then it loses its comments.
"""

from collections.abc import Sequence
from typing import Any, Final

import yaml

from sekisho.decide.authn.aws_auth import section_nodes
from sekisho.decide.authn.source import Members, Node, Other
from sekisho.decide.values import Ref, SekishoInputError

EMPTY: Final = "[]\n"

_TAG: Final = "tag:yaml.org,2002:"
_AT: Final = Ref("section")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.resolver.Resolver()


def appended(section: str, text: str, entry: Node) -> str:
    """Return ``text`` with ``entry`` as its last item; ``text`` is readable or empty.

    Raises:
        SekishoInputError: ``text`` cannot be read.
    """
    nodes = section_nodes(section, text, _AT)
    wanted = (*nodes, entry)
    column = _block_column(text) if nodes else 0
    if column is not None:
        kept = text.rstrip("\n") + "\n" if nodes or text.lstrip().startswith("#") else ""
        added = "".join(" " * column + line for line in render((entry,)).splitlines(keepends=True))
        if _reads_as(section, kept + added, wanted):
            return kept + added
    return render(wanted)


def without(section: str, text: str, index: int) -> str:
    """Return ``text`` without item ``index``; comments right above the next item stay with it.

    Raises:
        SekishoInputError: ``text`` cannot be read.
    """
    nodes = section_nodes(section, text, _AT)
    wanted = (*nodes[:index], *nodes[index + 1 :])
    lines = text.splitlines(keepends=True)
    start = nodes[index].line - 1
    end = nodes[index + 1].line - 1 if index + 1 < len(nodes) else len(lines)
    while end > start + 1 and lines[end - 1].strip()[:1] in ("", "#"):
        end -= 1
    cut = "".join(lines[:start] + lines[end:])
    if not wanted:
        cut += EMPTY
    return cut if _reads_as(section, cut, wanted) else render(wanted)


def render(nodes: Sequence[Node]) -> str:
    """Return the items as a YAML list in block style."""
    if not nodes:
        return EMPTY
    text = yaml.serialize(
        _yaml_node(Node(tuple(nodes))), Dumper=yaml.SafeDumper, allow_unicode=True, width=10**6
    )
    return str(text)


def _reads_as(section: str, text: str, wanted: Sequence[Node]) -> bool:
    try:
        found = section_nodes(section, text, _AT)
    except SekishoInputError:
        return False
    return [_plain(node) for node in found] == [_plain(node) for node in wanted]


def _plain(node: Node) -> object:
    """Return the value without its lines."""
    match node.value:
        case tuple(items):
            return [_plain(item) for item in items]
        case Members(items):
            return [(name, _plain(member)) for name, member in items]
        case scalar:
            return scalar


def _block_column(text: str) -> int | None:
    """Return the column of the dashes; None if the list is not in block style."""
    root: Any = yaml.compose(text, Loader=_Loader)
    if root.flow_style:
        return None
    return int(root.start_mark.column)


def _yaml_node(node: Node) -> Any:
    match node.value:
        case tuple(items):
            return yaml.SequenceNode(f"{_TAG}seq", [_yaml_node(item) for item in items], flow_style=not items)
        case Members(items):
            pairs = [(_yaml_node(Node(name)), _yaml_node(member)) for name, member in items]
            return yaml.MappingNode(f"{_TAG}map", pairs, flow_style=not items)
        case str(text):
            return yaml.ScalarNode(f"{_TAG}str", text)
        case Other(text):
            return yaml.ScalarNode(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False)), text)
        case _:
            return yaml.ScalarNode(f"{_TAG}null", "null")
