"""The members of ``request`` and ``variables`` in admission expressions, and those that are named but none.

Source: Kubernetes, "Dynamic Admission Control", section "Matching requests: matchConditions"; apiserver
``pkg/admission/plugin/cel/compile.go`` (BuildRequestType).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from sekisho.decide.cel.lexemes import Lexeme, placed
from sekisho.decide.cel.library import types

REQUEST: Final = "request"
VARIABLES: Final = "variables"

_KIND: Final = {"group": "STRING", "version": "STRING", "kind": "STRING"}
_RESOURCE: Final = {"group": "STRING", "version": "STRING", "resource": "STRING"}
_FIELDS: Final[Mapping[str, Any]] = {
    "kind": _KIND,
    "resource": _RESOURCE,
    "subResource": "STRING",
    "requestKind": _KIND,
    "requestResource": _RESOURCE,
    "requestSubResource": "STRING",
    "name": "STRING",
    "namespace": "STRING",
    "operation": "STRING",
    "userInfo": {"username": "STRING", "uid": "STRING", "groups": "LIST", "extra": "MAP"},
    "dryRun": "BOOL",
    "options": "DYN",
}


def flat_variables() -> dict[str, Any]:
    """Return each member of ``request`` as a variable of its own, so that the compiler knows its type."""
    cel = types()
    text = cel.Type.STRING
    shapes = {
        "LIST": cel.Type.List(text),
        "MAP": cel.Type.Map(text, cel.Type.List(text)),
        **{name: getattr(cel.Type, name) for name in ("STRING", "BOOL", "DYN")},
    }
    return {f"{REQUEST}.{path}": shapes[shape] for path, shape in _leaves(_FIELDS)}


def _leaves(fields: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, shape in fields.items():
        if isinstance(shape, Mapping):
            yield from ((f"{name}.{path}", inner) for path, inner in _leaves(shape))
        else:
            yield name, shape


def tests_presence(text: str) -> bool:
    """Tell whether an expression asks ``has(request...)``, for which ``request`` has to be one value."""
    words = [word for _, _, word in placed(text)]
    asked = [Lexeme("name", "has"), Lexeme("other", "(")]
    roots = [Lexeme("name", REQUEST), Lexeme("name", VARIABLES)]
    return any(
        words[index : index + 2] == asked and words[index + 2] in roots for index in range(len(words) - 2)
    )


def undefined(text: str, variables: Sequence[str]) -> list[tuple[int, str]]:
    """Return offset and name of each member of ``request`` and ``variables`` that is named, but none."""
    roots: Mapping[str, Any] = {REQUEST: _FIELDS, VARIABLES: dict.fromkeys(variables)}
    words = list(placed(text))
    found: list[tuple[int, str]] = []
    for index, (_, _, word) in enumerate(words):
        before = words[index - 1][2].text if index else ""
        if word.kind != "name" or word.text not in roots or before == ".":
            continue
        fields: Any = roots[word.text]
        if not fields:  # an expression that has no variables does not know the word
            continue
        at = index + 1
        while isinstance(fields, Mapping) and [one.text for _, _, one in words[at : at + 1]] == ["."]:
            kind, member = words[at + 1][2] if at + 1 < len(words) else ("", "")
            if kind != "name":
                break
            if member not in fields:
                is_has = before == "(" and index > 1 and words[index - 2][2].text == "has"
                found.append((words[index - 1][0] if is_has else words[at][0], member))
                break
            fields, at = fields[member], at + 2
    return found
