"""A template: what stacks are made of, read and held to its form before anything happens.

Source: CloudFormation User Guide, "Template reference", "CloudFormation quotas".
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sekisho.decide.values import Json, JsonObject
from sekisho.lab.aws.cloudformation.errors import invalid, unserved
from sekisho.lab.aws.cloudformation.template_parameter import TemplateParameter, read_parameter
from sekisho.lab.aws.cloudformation.template_text import parse_template_text

MAX_RESOURCES: Final = 500
MAX_PARAMETERS: Final = 200
MAX_OUTPUTS: Final = 200
MAX_MAPPINGS: Final = 200
MAX_DESCRIPTION_BYTES: Final = 1024
VERSION: Final = "2010-09-09"

_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}", re.ASCII)
_SECTIONS = frozenset(
    {"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Mappings", "Conditions"}
    | {"Resources", "Outputs"}
)
_UNSERVED_SECTIONS = ("Transform", "Rules", "Hooks")
_ATTRIBUTES = frozenset(
    {"Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy", "Metadata"}
)
_DELETION_POLICIES = ("Delete", "Retain", "RetainExceptOnCreate")
_OUTPUT_MEMBERS = frozenset({"Value", "Description", "Export", "Condition"})
_DYNAMIC_REFERENCE = "{{resolve:"


@dataclass(frozen=True, slots=True)
class TemplateResource:
    """A resource as the template has it."""

    logical_id: str
    type: str
    properties: JsonObject
    depends_on: tuple[str, ...] = ()
    condition: str = ""
    deletion_policy: str = "Delete"
    replace_policy: str = "Delete"


@dataclass(frozen=True, slots=True)
class TemplateOutput:
    """An output as the template has it; ``export`` is None where it is not exported."""

    key: str
    value: Json
    description: str = ""
    condition: str = ""
    export: Json = None


@dataclass(frozen=True, slots=True)
class Template:
    """A template whose form is right; what it refers to has not been checked (`template_check`)."""

    text: str
    description: str
    parameters: Mapping[str, TemplateParameter]
    mappings: JsonObject
    conditions: JsonObject
    resources: Mapping[str, TemplateResource]
    outputs: Mapping[str, TemplateOutput]

    @property
    def resource_types(self) -> tuple[str, ...]:
        """Every type of resource that occurs, in the order of first occurrence."""
        return tuple(dict.fromkeys(one.type for one in self.resources.values()))


def parse_template(text: str) -> Template:
    """Return the template that ``text`` is.

    Raises:
        AwsError: the text, or what it says, has not the form of a template.
    """
    value = parse_template_text(text)
    for section in _UNSERVED_SECTIONS:
        if section in value:
            raise unserved(f"the section {section} of templates")
    unknown = [name for name in value if name not in _SECTIONS]
    if unknown:
        raise invalid(f"Invalid template property or properties [{', '.join(unknown)}]")
    if _DYNAMIC_REFERENCE in text:
        raise unserved("dynamic references ({{resolve:...}})")
    if str(value.get("AWSTemplateFormatVersion", VERSION)) != VERSION:
        raise invalid("Template format error: AWSTemplateFormatVersion must be 2010-09-09")
    resources = {name: _resource(name, member) for name, member in _section(value, "Resources").items()}
    if not resources:
        raise invalid("Template format error: At least one Resources member must be defined.")
    template = Template(
        text,
        _description(value.get("Description"), "Template"),
        {name: read_parameter(name, member) for name, member in _section(value, "Parameters").items()},
        _section(value, "Mappings"),
        _section(value, "Conditions"),
        resources,
        {name: _output(name, member) for name, member in _section(value, "Outputs").items()},
    )
    _hold_to_quotas(template)
    return template


def _section(value: JsonObject, name: str) -> dict[str, Json]:
    found = value.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise invalid(f"Template format error: {name} must be an object.")
    for key in found:
        if not _LOGICAL_ID.fullmatch(key):
            raise invalid(f"Template format error: {name} name '{key[:255]}' is non alphanumeric.")
    return found


def _description(value: Json, where: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value.encode()) > MAX_DESCRIPTION_BYTES:
        raise invalid(
            f"Template format error: Description of {where} must be a string of at most "
            f"{MAX_DESCRIPTION_BYTES} bytes."
        )
    return value


def _resource(name: str, value: Json) -> TemplateResource:
    where = f"[/Resources/{name}]"
    if not isinstance(value, dict):
        raise invalid(f"Template format error: {where} resource definition must be an object.")
    type_ = value.get("Type")
    if not isinstance(type_, str):
        raise invalid(f"Template format error: {where} Every Resources object must contain a Type member.")
    unknown = [member for member in value if member not in _ATTRIBUTES]
    if unknown:
        raise invalid(f"Invalid template resource property '{unknown[0]}'")
    properties = value.get("Properties")
    if not isinstance(properties, dict | None):
        raise invalid(f"Template format error: [/Resources/{name}/Properties] must be an object.")
    depends = value.get("DependsOn")
    names = [depends] if isinstance(depends, str) else [] if depends is None else depends
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise invalid("Template format error: DependsOn must be a string or list of strings.")
    condition = value.get("Condition")
    if not isinstance(condition, str | None):
        raise invalid(f"Template format error: {where} Condition must be a string.")
    return TemplateResource(
        name,
        type_,
        properties or {},
        tuple(str(one) for one in names),
        condition or "",
        _policy(value.get("DeletionPolicy"), "DeletionPolicy", _DELETION_POLICIES),
        _policy(value.get("UpdateReplacePolicy"), "UpdateReplacePolicy", _DELETION_POLICIES[:2]),
    )


def _policy(value: Json, attribute: str, choices: tuple[str, ...]) -> str:
    if value is None:
        return choices[0]
    if not isinstance(value, str) or value not in choices:
        raise invalid(
            f"Template format error: Unrecognized {attribute}: expected one of {', '.join(choices)}"
        )
    return value


def _output(name: str, value: Json) -> TemplateOutput:
    if not isinstance(value, dict) or "Value" not in value or not value.keys() <= _OUTPUT_MEMBERS:
        raise invalid(
            f"Template format error: Output {name} must have a Value, and may have a Description, an Export "
            "and a Condition."
        )
    export, condition = value.get("Export"), value.get("Condition")
    if export is not None and not (isinstance(export, dict) and set(export) == {"Name"}):
        raise invalid(f"Template format error: The Export of output {name} must have the one member Name.")
    if not isinstance(condition, str | None):
        raise invalid(f"Template format error: The Condition of output {name} must be a string.")
    described = _description(value.get("Description"), f"output {name}")
    return TemplateOutput(
        name, value["Value"], described, condition or "", export["Name"] if isinstance(export, dict) else None
    )


def _hold_to_quotas(template: Template) -> None:
    for noun, found, limit in (
        ("resources", template.resources, MAX_RESOURCES),
        ("parameters", template.parameters, MAX_PARAMETERS),
        ("outputs", template.outputs, MAX_OUTPUTS),
        ("mappings", template.mappings, MAX_MAPPINGS),
    ):
        if len(found) > limit:
            raise invalid(
                f"Template format error: Number of {noun}, {len(found)}, is greater than maximum allowed, "
                f"{limit}"
            )
