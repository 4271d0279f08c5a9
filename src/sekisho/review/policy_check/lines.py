"""Lines of many places in one file: it is read once, where `facts.lines` reads it for each place."""

from functools import cached_property
from typing import Any

import yaml

from sekisho.decide.values import Ref
from sekisho.facts.lines import line_of

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NULL = "tag:yaml.org,2002:null"


class Lines:
    """The lines of a ``text`` that was parsed already, and so is known to be JSON or YAML."""

    def __init__(self, text: str) -> None:
        self._text = text

    def line(self, pointer: str, document: int = 0) -> int:
        """Return the 1-based line of ``pointer`` in a document of the text, counted from 0.

        A member counts from the line of its name. Where the pointer leads into a text that the document
        holds, a block that keeps its lines is followed, and of any other the line where it stands is given.
        Total: 0 for a document that is not there, or JSON that is no YAML.
        """
        if document >= len(self._nodes):
            return 0
        node = self._nodes[document]
        line = int(node.start_mark.line) + 1
        for token in Ref("", pointer).tokens():
            if isinstance(node, yaml.ScalarNode) and node.style == "|":
                return line_of(self._text, pointer, document)
            child = _member(node, token)
            if child is None:
                break
            place, node = child
            line = int(place.start_mark.line) + 1
        return line

    @cached_property
    def _nodes(self) -> list[Any]:
        # JSON may be indented with tabs, which to YAML are no white space.
        is_json = self._text.lstrip()[:1] in ("{", "[")
        text = self._text.replace("\t", " ") if is_json else self._text
        try:
            return [node for node in yaml.compose_all(text, Loader=_LOADER) if node.tag != _NULL]
        except yaml.YAMLError:
            return []


def _member(node: Any, token: str) -> tuple[Any, Any] | None:
    """Return the node at which a member starts, and that of its value."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == token), None)
    if isinstance(node, yaml.SequenceNode) and token.isdecimal() and int(token) < len(node.value):
        member = node.value[int(token)]
        return member, member
    return None
