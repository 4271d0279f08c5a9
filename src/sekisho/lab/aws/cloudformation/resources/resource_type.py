"""A type of resource: its properties, and the calls that make, change and delete one.

Source: CloudFormation Template Reference, "AWS resource and property types reference".
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from sekisho.decide.values import Json, documents
from sekisho.lab.aws.operation import AwsError

Ask = Callable[[str, str, Mapping[str, Any]], Mapping[str, Any]]
"""(service, operation, parameters) -> output. Raises AwsError where the service refuses."""

Wanted = Mapping[str, Any]
"""Properties by name: of the form that the type lists, tags as a mapping, its name among them."""


class Form(StrEnum):
    """What a property holds."""

    TEXT = "a string"
    NUMBER = "an integer"
    FLAG = "true or false"
    TEXTS = "a list of strings"
    DOCUMENT = "a policy document"
    OBJECT = "an object"
    OBJECTS = "a list of objects"
    TAGS = "a list of tags"


@dataclass(frozen=True, slots=True)
class Property:
    """A property: ``replaces`` where a change makes another resource of it."""

    form: Form = Form.TEXT
    is_required: bool = False
    replaces: bool = False


@dataclass(frozen=True, slots=True)
class Made:
    """A resource that was made: what Ref gives, and what Fn::GetAtt reads."""

    physical_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ResourceType:
    """How one type is served.

    ``name_property`` is generated where the template does not give it, of at most ``name_chars``
    characters. ``custom_names`` are the properties that need CAPABILITY_NAMED_IAM; ``is_of_iam`` that the
    type needs CAPABILITY_IAM.
    """

    name: str
    properties: Mapping[str, Property]
    create: Callable[[Ask, Wanted], Made]
    update: Callable[[Ask, Made, Wanted, Wanted], Made]
    delete: Callable[[Ask, str, Wanted], None]
    attributes: frozenset[str] = frozenset()
    name_property: str = ""
    name_chars: int = 64
    custom_names: tuple[str, ...] = ()

    @property
    def is_of_iam(self) -> bool:
        """Whether making one needs the caller to acknowledge that permissions change."""
        return self.name.startswith("AWS::IAM::")

    @property
    def takes_tags(self) -> bool:
        """Whether the stack's tags go on to it."""
        return "Tags" in self.properties


def read_properties(type_: ResourceType, given: Json) -> dict[str, Any]:
    """Return the properties of a resource, each of its form; those that are null are absent.

    Raises:
        AwsError: one is missing, unknown or of another form.
    """
    found: dict[str, Any] = {}
    for name, value in given.items() if isinstance(given, Mapping) else ():
        if name not in type_.properties:
            raise _refused(type_, f"#: extraneous key [{name}] is not permitted")
        if value is not None:
            found[name] = _of_form(type_, name, type_.properties[name].form, value)
    for name, one in type_.properties.items():
        if one.is_required and name not in found:
            raise _refused(type_, f"#: required key [{name}] not found")
    return found


def _of_form(type_: ResourceType, name: str, form: Form, value: Json) -> Any:
    if form is Form.TAGS:
        return _tags(type_, name, value)
    found = _scalar(form, value) if form in (Form.TEXT, Form.NUMBER, Form.FLAG) else _structure(form, value)
    if found is None:
        raise _refused(type_, f"#/{name}: expected {form}")
    return found


def _scalar(form: Form, value: Json) -> str | int | bool | None:
    """Return a scalar of ``form``, however the template spells it; None if it is none."""
    match form, value:
        case Form.TEXT, bool():
            return "true" if value else "false"
        case Form.TEXT, str() | int() | float():
            return str(value)
        case Form.NUMBER, int() if not isinstance(value, bool):
            return value
        case Form.NUMBER, str() if value.isascii() and value.isdecimal() and len(value) < 10:
            return int(value)
        case Form.FLAG, bool():
            return value
        case Form.FLAG, str() if value.lower() in ("true", "false"):
            return value.lower() == "true"
        case _:
            return None


def _structure(form: Form, value: Json) -> Any:
    """Return a list, an object or a document of ``form``; None if it is none."""
    match form, value:
        case Form.TEXTS, list() if all(isinstance(one, str | int | float) for one in value):
            return [str(one) for one in value]
        case Form.DOCUMENT, dict():
            return documents.to_json(value).decode()
        case Form.DOCUMENT, str():
            return value
        case Form.OBJECT, dict():
            return value
        case Form.OBJECTS, list() if all(isinstance(one, dict) for one in value):
            return value
        case _:
            return None


def _tags(type_: ResourceType, name: str, value: Json) -> dict[str, str]:
    """Read tags as a list of Key and Value, or as an object, as some types of EKS have them."""
    pairs: list[Json] = (
        [{"Key": key, "Value": one} for key, one in value.items()]
        if isinstance(value, Mapping)
        else list(value)
        if isinstance(value, list)
        else [None]
    )
    found: dict[str, str] = {}
    for pair in pairs:
        match pair:
            case {"Key": str(key), "Value": str() | int() | float() as text} if key not in found:
                found[key] = str(text)
            case _:
                raise _refused(
                    type_, f"#/{name}: expected {Form.TAGS}, each with a Key of its own and a Value"
                )
    return found


def _refused(type_: ResourceType, problem: str) -> AwsError:
    return AwsError(
        "InvalidRequest", f"Properties validation failed for resource of type {type_.name}: {problem}"
    )


def members(wanted: Wanted, *names: str, **renamed: str) -> dict[str, Any]:
    """Return parameters of a call: the properties that are there, under their names or other ones.

    ``renamed`` are parameters with the property that each takes.
    """
    pairs = ((name, name) for name in names)
    return {to: wanted[of] for to, of in (*pairs, *renamed.items()) if of in wanted}


def tag_list(wanted: Wanted) -> dict[str, Any]:
    """Return the parameter ``Tags`` as IAM takes it, none where there are no tags."""
    tags = wanted.get("Tags")
    return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]} if tags else {}


def tag_changes(before: Wanted, after: Wanted) -> tuple[list[str], dict[str, str]]:
    """Return the keys of tags to remove, and the tags to set."""
    had, has = before.get("Tags") or {}, after.get("Tags") or {}
    gone = [key for key in had if key not in has]
    return gone, {key: value for key, value in has.items() if had.get(key) != value}


def difference(before: Wanted, after: Wanted, name: str) -> tuple[list[str], list[str]]:
    """Return what a list loses and what it gains."""
    had, has = before.get(name) or [], after.get(name) or []
    return [one for one in had if one not in has], [one for one in has if one not in had]


def parts(physical_id: str, count: int, separator: str = "|") -> list[str]:
    """Return the parts of a physical id, the last ``count`` of them.

    Raises:
        AwsError: it has fewer: no resource was ever made under it.
    """
    found = physical_id.rsplit(separator, count - 1)
    if len(found) < count:
        raise AwsError("InvalidRequest", f"`{physical_id[:200]}` is the id of no such resource")
    return found


def attribute(made: Made, name: str) -> str:
    """Return an attribute of a resource.

    Raises:
        AwsError: it is not known: the stack comes from a world file that does not tell it.
    """
    if name not in made.attributes:
        raise AwsError("InvalidRequest", f"the attribute {name} of `{made.physical_id[:200]}` is not known")
    return made.attributes[name]
