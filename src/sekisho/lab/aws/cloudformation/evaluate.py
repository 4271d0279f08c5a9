"""Intrinsic functions and conditions of a template -> values.

Source: CloudFormation User Guide, "Intrinsic function reference", "Condition functions",
"Pseudo parameters reference".
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sekisho.decide.values import Json
from sekisho.lab.aws.cloudformation.errors import invalid, unserved
from sekisho.lab.aws.cloudformation.order import condition_order
from sekisho.lab.aws.cloudformation.references import IN_TEXT, attribute_of
from sekisho.lab.aws.cloudformation.template import Template
from sekisho.lab.aws.operation import AwsError

MAX_TEXT_CHARS: Final = 262_144
"""Of one text that a function makes."""

LATER: Final = "{{changeSet:KNOWN_AFTER_APPLY}}"
"""What a change set shows for a value that is known only when the resource is there."""


class _NoValue:
    """Stands for ``AWS::NoValue``: what has this value is left out."""


_NO_VALUE: Final = _NoValue()
_Resolved = Json | _NoValue


@dataclass(frozen=True, slots=True)
class Known:
    """A resource that is there: what Ref gives, and its attributes."""

    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scope:
    """Everything that a function of a template can ask for.

    ``parameters`` and ``pseudo`` are what Ref gives; ``exported`` finds the value of an export by its
    name. ``conditions`` are those of the template, ``known`` the resources that are there, by logical id.
    """

    template: Template
    parameters: Mapping[str, Json]
    pseudo: Mapping[str, Json]
    exported: Callable[[str], str | None]
    conditions: Mapping[str, bool] = field(default_factory=dict)
    known: Mapping[str, Known] = field(default_factory=dict)

    def with_conditions(self) -> "Scope":
        """Return this scope with every condition of its template decided.

        Raises:
            AwsError: a condition has not the form of one, or conditions ask for each other in a circle.
        """
        scope = self
        for name in condition_order(self.template):
            decided = _Evaluation(scope).condition(self.template.conditions[name])
            scope = replace(scope, conditions={**scope.conditions, name: decided})
        return scope

    def with_known(self, logical_id: str, known: Known) -> "Scope":
        """Return this scope with one more resource."""
        return replace(self, known={**self.known, logical_id: known})

    def holds(self, condition: str) -> bool:
        """Tell whether a condition of the template holds; the empty one always does."""
        return not condition or self.conditions[condition]

    def value(self, value: Json) -> Json:
        """Return ``value`` with every function replaced by what it gives.

        Raises:
            AwsError: a function has no such arguments, or refers to what is not there.
        """
        found = _Evaluation(self).value(value)
        return None if isinstance(found, _NoValue) else found


class _Evaluation:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._functions: Mapping[str, Callable[[Json], _Resolved]] = {
            "Ref": self._ref,
            "Fn::Base64": self._base64,
            "Fn::FindInMap": self._find_in_map,
            "Fn::GetAtt": self._get_att,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import_value,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::Sub": self._sub,
        }

    def value(self, value: Json) -> _Resolved:
        if isinstance(value, dict):
            if len(value) == 1:
                ((name, given),) = value.items()
                function = self._functions.get(name)
                if function is not None:
                    return function(given)
                if name.startswith("Fn::"):
                    raise unserved(f"the function {name[:64]}")
            found = {name: self.value(member) for name, member in value.items()}
            return {name: member for name, member in found.items() if not isinstance(member, _NoValue)}
        if isinstance(value, list):
            members = [self.value(member) for member in value]
            return [member for member in members if not isinstance(member, _NoValue)]
        return value

    def condition(self, value: Json) -> bool:
        match value:
            case {"Fn::Equals": [left, right]}:
                return _text_or_value(self.value(left)) == _text_or_value(self.value(right))
            case {"Fn::Not": [one]}:
                return not self.condition(one)
            case {"Fn::And": list(several)} if 2 <= len(several) <= 10:
                return all(self.condition(one) for one in several)
            case {"Fn::Or": list(several)} if 2 <= len(several) <= 10:
                return any(self.condition(one) for one in several)
            case {"Condition": str(name)}:
                return self._named_condition(name)
        raise invalid(
            "Template format error: Every Conditions member must be one of Fn::And, Fn::Equals, Fn::Not, "
            "Fn::Or and Condition, with its arguments."
        )

    def _named_condition(self, name: str) -> bool:
        found = self._scope.conditions.get(name)
        if found is None:
            raise invalid(f"Template error: unresolved condition dependency {name[:255]}")
        return found

    def _ref(self, given: Json) -> _Resolved:
        scope = self._scope
        if given == "AWS::NoValue":
            return _NO_VALUE
        for known in (scope.parameters, scope.pseudo):
            if isinstance(given, str) and given in known:
                return known[given]
        return self._resource(given).physical_id

    def _get_att(self, given: Json) -> Json:
        found = attribute_of(given)
        if found is None:
            raise _arguments("Fn::GetAtt", "a resource and one of its attributes")
        attribute = self.value(found[1])
        known = self._resource(found[0]).attributes
        if not isinstance(attribute, str) or attribute not in known:
            raise invalid(f"Template error: resource {found[0]} does not support attribute type {attribute}")
        return known[attribute]

    def _resource(self, name: Json) -> Known:
        known = self._scope.known.get(name) if isinstance(name, str) else None
        if known is None:
            raise invalid(
                f"Template format error: Unresolved resource dependencies [{str(name)[:255]}] in the "
                "Resources block of the template"
            )
        return known

    def _if(self, given: Json) -> _Resolved:
        match given:
            case [str(name), yes, no]:
                return self.value(yes if self._named_condition(name) else no)
        raise _arguments("Fn::If", "a condition and two values")

    def _sub(self, given: Json) -> str:
        text, own = (given[0], given[1]) if isinstance(given, list) and len(given) == 2 else (given, {})
        if not isinstance(text, str) or not isinstance(own, dict):
            raise _arguments("Fn::Sub", "a string, or a string and a map of values")
        names = {name: _text("Fn::Sub", self.value(value)) for name, value in own.items()}
        parts: list[str] = []
        end = 0
        for found in IN_TEXT.finditer(text):
            literal, name = found[1], found[2].strip()
            parts.append(text[end : found.start()])
            end = found.end()
            if literal:
                parts.append(f"${{{found[2]}}}")
            elif name in names:
                parts.append(names[name])
            else:
                value = self._get_att(name) if "." in name else self._ref(name)
                parts.append(_text("Fn::Sub", value))
        return _bounded([*parts, text[end:]])

    def _join(self, given: Json) -> str:
        match given:
            case [str(delimiter), several]:
                found = self._list(several, "Fn::Join")
                return _bounded([_text("Fn::Join", one) for one in found], delimiter)
        raise _arguments("Fn::Join", "a delimiter and a list of strings")

    def _split(self, given: Json) -> Json:
        match given:
            case [str(delimiter), text] if delimiter:
                return list(_text("Fn::Split", self.value(text)).split(delimiter))
        raise _arguments("Fn::Split", "a delimiter and a string")

    def _select(self, given: Json) -> Json:
        match given:
            case [index, several]:
                at = self.value(index)
                found = self._list(several, "Fn::Select")
                if isinstance(at, int | str) and str(at).isascii() and str(at).isdecimal():
                    if int(str(at)[:9]) < len(found):
                        return found[int(at)]
                    raise invalid(
                        "Template error: Fn::Select cannot select nonexistent value at index " + str(at)
                    )
        raise _arguments("Fn::Select", "an index and a list")

    def _list(self, given: Json, function: str) -> list[Json]:
        found = self.value(given)
        if not isinstance(found, list):
            raise _arguments(function, "a list")
        return found

    def _find_in_map(self, given: Json) -> Json:
        match given:
            case [name, first, second]:
                keys = [_text("Fn::FindInMap", self.value(one)) for one in (name, first, second)]
                found: Json = self._scope.template.mappings
                for key in keys:
                    if not isinstance(found, Mapping) or key not in found:
                        raise invalid(f"Template error: Unable to get mapping for {'::'.join(keys)[:512]}")
                    found = found[key]
                return found
        raise _arguments("Fn::FindInMap", "a mapping and two keys")

    def _base64(self, given: Json) -> str:
        return base64.b64encode(_text("Fn::Base64", self.value(given)).encode()).decode()

    def _import_value(self, given: Json) -> str:
        name = _text("Fn::ImportValue", self.value(given))
        found = self._scope.exported(name)
        if found is None:
            raise invalid(f"No export named {name} found.")
        return found


def _text_or_value(value: _Resolved) -> _Resolved:
    return _text("", value) if isinstance(value, str | int | float) else value


def _text(function: str, value: _Resolved) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise _arguments(function, "strings")


def _bounded(parts: list[str], delimiter: str = "") -> str:
    if sum(map(len, parts)) + len(delimiter) * len(parts) > MAX_TEXT_CHARS:
        raise invalid(f"Template error: a function makes a text of more than {MAX_TEXT_CHARS} characters")
    return delimiter.join(parts)


def _arguments(function: str, expected: str) -> AwsError:
    return invalid(f"Template error: every {function} object requires {expected}.")
