"""Where the statements of a policy stand in its text, as AWS's policy simulator counts.

Lines and columns count from 1. A statement begins right after what opens it in the simulator's reading:
the brace of a single statement, the bracket of the list for the first of several, the end of the
statement before for every other; it ends right after its closing brace. IAM API Reference, "Position",
names the members and not the rule; the rule is that of AWS's examples (IAM API Reference,
"SimulateCustomPolicy" and "SimulatePrincipalPolicy"; AWS CLI Reference, "simulate-custom-policy").
"""

import json
import re
from dataclasses import dataclass

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two characters: in front of the one at ``column`` of ``line``."""

    line: int
    column: int


Span = tuple[Position, Position]
"""Where a statement begins and where it ends."""


def statement_spans(text: str) -> tuple[Span, ...]:
    """Return the span of each statement of the policy ``text``, in order.

    Total for a text that `parse_policy` takes.
    """
    depth, name, begins = 0, "", 0
    inside = ""
    spans: list[Span] = []
    for token in _TOKEN.finditer(text):
        match token.group():
            case "{" | "[" as opening:
                depth += 1
                if depth == len("{{") and name == "Statement":
                    inside, begins = opening, token.end()
            case "}" | "]" as closing:
                depth -= 1
                if inside and closing == "}" and depth == (1 if inside == "{" else 2):
                    spans.append((_position(text, begins), _position(text, token.end())))
                    begins = token.end()
                if depth == 1:
                    inside = ""
            case string:
                # In the outermost object the last string before a bracket is the name of the member.
                name = json.loads(string, strict=False) if depth == 1 else name
    return tuple(spans)


def _position(text: str, offset: int) -> Position:
    return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
