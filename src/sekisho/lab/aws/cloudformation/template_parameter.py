"""A parameter of a template, and the values that it takes.

Source: CloudFormation User Guide, "CloudFormation template Parameters syntax".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sekisho.decide.values import Json
from sekisho.lab.aws.cloudformation.allowed_pattern import check_pattern, fits
from sekisho.lab.aws.cloudformation.errors import invalid, unserved

TYPES: Final = ("String", "Number", "List<Number>", "CommaDelimitedList")
MAX_VALUE_BYTES: Final = 4096
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MEMBERS = frozenset(
    {"Type", "Default", "NoEcho", "AllowedValues", "AllowedPattern", "MaxLength", "MinLength", "MaxValue"}
    | {"MinValue", "Description", "ConstraintDescription"}
)


@dataclass(frozen=True, slots=True)
class TemplateParameter:
    """A parameter; ``default`` is None where there is none, ``bounds`` are MinLength and its siblings."""

    name: str
    type: str
    default: str | None
    is_hidden: bool
    description: str
    allowed: tuple[str, ...]
    pattern: str
    bounds: Mapping[str, float]
    constraint: str

    def checked(self, value: str) -> str:
        """Return ``value`` if the parameter takes it.

        Raises:
            AwsError: it breaks a constraint; a value that is not to be shown is not told.
        """
        if len(value.encode()) > MAX_VALUE_BYTES:
            raise invalid(f"Parameter '{self.name}' must not be longer than {MAX_VALUE_BYTES} bytes")
        for item in self.items(value) if "List" in self.type else (value,):
            problem = self._problem(item)
            if problem:
                told = f"failed to satisfy constraint: {self.constraint}" if self.constraint else problem
                raise invalid(f"Parameter '{self.name}' {told}")
        return value

    def items(self, value: str) -> tuple[str, ...]:
        """Return the members of a value that is a list."""
        return tuple(one.strip() for one in value.split(",")) if value else ()

    def resolved(self, value: str) -> Json:
        """Return what Ref gives."""
        return value if self.type in ("String", "Number") else list(self.items(value))

    def _problem(self, value: str) -> str:
        if "Number" in self.type:
            if not _NUMBER.fullmatch(value):
                return "must be a number."
            number = float(value)
            if number < self.bounds.get("MinValue", number):
                return f"must be a number not less than {self.bounds['MinValue']:g}"
            if number > self.bounds.get("MaxValue", number):
                return f"must be a number not greater than {self.bounds['MaxValue']:g}"
        elif len(value) < self.bounds.get("MinLength", 0):
            return f"must contain at least {self.bounds['MinLength']:g} characters"
        elif len(value) > self.bounds.get("MaxLength", len(value)):
            return f"must contain at most {self.bounds['MaxLength']:g} characters"
        if self.allowed and value not in self.allowed:
            return "must be one of AllowedValues"
        if self.pattern and not fits(self.pattern, value):
            return f"must match pattern {self.pattern}"
        return ""


def read_parameter(name: str, value: Json) -> TemplateParameter:
    """Return the parameter that a template declares.

    Raises:
        AwsError: it has not the form of one, or its type is one of those that ask other services.
    """
    if not isinstance(value, dict) or not isinstance(value.get("Type"), str):
        raise invalid(f"Template format error: Every Parameters object must contain a Type member. ({name})")
    unknown = [member for member in value if member not in _MEMBERS]
    if unknown:
        raise invalid(f"Invalid template parameter property '{unknown[0]}'")
    type_ = str(value["Type"])
    if type_ not in TYPES:
        if type_.startswith(("AWS::", "List<AWS::")):
            raise unserved(f"parameters of the type {type_}")
        raise invalid(f"Template format error: Unrecognized parameter type: {type_}")
    allowed = value.get("AllowedValues") or []
    bounds: dict[str, float] = {}
    for bound in ("MinLength", "MaxLength", "MinValue", "MaxValue"):
        if bound in value:
            text = _text(value[bound], name, bound)
            if not _NUMBER.fullmatch(text):
                raise invalid(f"Template format error: {bound} of parameter {name} must be a number.")
            bounds[bound] = float(text)
    if not isinstance(allowed, list):
        raise invalid(f"Template format error: AllowedValues of parameter {name} must be a list.")
    pattern = _optional(value, name, "AllowedPattern")
    if pattern:
        check_pattern(pattern, name)
    found = TemplateParameter(
        name,
        type_,
        _text(value["Default"], name, "Default") if value.get("Default") is not None else None,
        _optional(value, name, "NoEcho").lower() == "true",
        _optional(value, name, "Description"),
        tuple(_text(one, name, "AllowedValues") for one in allowed),
        pattern,
        bounds,
        _optional(value, name, "ConstraintDescription"),
    )
    if found.default is not None:
        found.checked(found.default)
    return found


def _optional(value: Mapping[str, Json], name: str, member: str) -> str:
    return "" if value.get(member) is None else _text(value[member], name, member)


def _text(value: Json, name: str, member: str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise invalid(f"Template format error: {member} of parameter {name} must be a string.")
    return str(value)
