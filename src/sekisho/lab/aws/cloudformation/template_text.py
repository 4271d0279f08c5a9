"""The text of a template -> its value, with the long form of every short function of YAML.

JSON if it begins with a brace, else YAML 1.1. Aliases and merge keys are refused, as by AWS, so that no
template stands for more than its own text. Source: CloudFormation User Guide, "CloudFormation template
formats", "Intrinsic function reference".
"""

from typing import Any, Final

import yaml

from sekisho.decide.values import Json, SekishoInputError, documents
from sekisho.lab.aws.cloudformation.errors import invalid
from sekisho.lab.aws.operation import AwsError

MAX_TEMPLATE_BYTES: Final = 51_200
MAX_DEPTH: Final = 64

_FUNCTIONS: Final = frozenset(
    {"And", "Base64", "Cidr", "Equals", "FindInMap", "GetAtt", "GetAZs", "If", "ImportValue", "Join", "Not"}
    | {"Or", "Select", "Split", "Sub", "Transform"}
)
_STANDARD: Final = "tag:yaml.org,2002:"
_TYPES: Final = frozenset({"bool", "float", "int", "map", "null", "seq", "str"})
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_RESOLVER: Any = yaml.SafeLoader("")


def parse_template_text(text: str) -> dict[str, Json]:
    """Return the value of a template.

    Raises:
        AwsError: too long, neither JSON nor YAML, or no object.
    """
    if len(text.encode()) > MAX_TEMPLATE_BYTES:
        raise invalid(
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: "
            f"Member must have length less than or equal to {MAX_TEMPLATE_BYTES}"
        )
    value = _json(text) if text.lstrip().startswith("{") else _yaml(text)
    if not isinstance(value, dict):
        raise invalid("Template format error: unsupported structure.")
    return value


def _json(text: str) -> Json:
    try:
        return documents.parse_json(text, "template")
    except SekishoInputError as error:
        fault = error.faults[0]
        place = f" (line {fault.line})" if fault.line else ""
        raise invalid(f"Template format error: JSON not well-formed.{place}: {fault.problem}") from None


def _yaml(text: str) -> Json:
    try:
        return _Reader(text).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"
        raise invalid(f"Template format error: YAML not well-formed.{place}") from None
    except yaml.YAMLError:
        raise invalid("Template format error: YAML not well-formed.") from None


class _Reader:
    """Builds the value from events: nothing recurses deeper than `MAX_DEPTH`."""

    def __init__(self, text: str) -> None:
        self._events = yaml.parse(text, Loader=_LOADER)

    def document(self) -> Json:
        next(self._events)  # the stream begins
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value = self._value(next(self._events), 0)
        next(self._events)  # the document ends
        if not isinstance(next(self._events), yaml.StreamEndEvent):
            raise invalid("Template format error: YAML not well-formed: more than one document")
        return value

    def _value(self, event: Any, depth: int) -> Json:
        if depth > MAX_DEPTH:
            raise _at(event, "nested too deeply")
        match event:
            case yaml.AliasEvent():
                raise invalid("Template error: YAML aliases are not allowed in CloudFormation templates")
            case yaml.ScalarEvent():
                return _tagged(event, _scalar(event))
            case yaml.SequenceStartEvent():
                items: list[Json] = []
                while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                    items.append(self._value(item, depth + 1))
                return _tagged(event, items)
            case _:
                return _tagged(event, self._mapping(depth))

    def _mapping(self, depth: int) -> dict[str, Json]:
        found: dict[str, Json] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            if not isinstance(key, yaml.ScalarEvent):
                raise _at(key, "a key must be a string")
            if key.value == "<<" and key.implicit[0]:
                raise _at(key, "merge keys are not allowed")
            if key.value in found:
                raise _at(key, f"the key '{key.value[:64]}' occurs twice")
            found[key.value] = self._value(next(self._events), depth + 1)
        return found


def _at(event: Any, problem: str) -> AwsError:
    mark = event.start_mark
    place = f"(line {mark.line + 1}, column {mark.column + 1})"
    return invalid(f"Template format error: YAML not well-formed. {place}: {problem}")


def _tagged(event: Any, value: Json) -> Json:
    """Return ``value`` under the function that its short tag stands for."""
    tag = event.tag
    if tag is None or tag == "!" or tag.removeprefix(_STANDARD) in _TYPES:
        return value
    name = tag[1:]
    if name in ("Ref", "Condition"):
        return {name: value}
    if name not in _FUNCTIONS or not tag.startswith("!"):
        raise _at(event, f"the tag '{tag[:64]}' is not known")
    return {f"Fn::{name}": value}


def _scalar(event: Any) -> Json:
    """Return a scalar as JSON has it: dates, octal and sexagesimal numbers stay the text that they are."""
    text = str(event.value)
    if not event.implicit[0] or (event.tag or "").startswith("!"):
        return text
    match str(_RESOLVER.resolve(yaml.ScalarNode, text, (True, False))).removeprefix(_STANDARD):
        case "null":
            return None
        case "bool":
            return text.lower() in ("true", "yes", "on")
        case "int" if text.isascii() and text.lstrip("-").isdecimal() and str(int(text)) == text:
            return int(text)
        case _:
            return text
