"""A world file's document as YAML that people read: blocks for texts of several lines, no aliases."""

import re
from typing import Any

import yaml

from sekisho.decide.values import Json, JsonObject

_WIDE = 1_000_000
"""Wider than any line: a folded scalar cannot be searched for."""

_BREAKS = re.compile("[\r\x85\u2028\u2029\ufeff]")

HEADER = """\
# A world of sekisho: `sekisho up --world FILE` starts from it, `sekisho world load FILE` loads it.
# No secret stands in it: access keys are made anew, Secrets come without their data.
"""


def world_text(document: JsonObject) -> str:
    """Return the document as YAML, one part after the other; `parse_yaml` reads it back as it was."""
    scalars = {name: value for name, value in document.items() if not isinstance(value, list)}
    parts = [{name: value} for name, value in document.items() if isinstance(value, list)]
    head = HEADER + (_dumped(scalars) if scalars else "")
    return "\n".join([head, *(_dumped(part) for part in parts)])


def _dumped(value: Json) -> str:
    found: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        default_flow_style=False,
        allow_unicode=True,
        width=_WIDE,
    )
    return found


class _Dumper(yaml.SafeDumper):
    """Indents lists under their keys, as most people do."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent a list, whatever ``indentless`` asks."""
        del indentless
        super().increase_indent(flow, indentless=False)

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything in full."""
        del data
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    # The emitter falls back to quotes where a block would not keep the text, but for some line breaks
    # of Unicode, which plain scalars lose.
    style = "|" if "\n" in value.rstrip("\n") else None
    if _BREAKS.search(value):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)
