"""A service model as typed values: operations, shapes and how each member travels.

The words are those of botocore's ``service-2.json`` files (``locationName``, ``flattened``,
``payload``); what they mean is Smithy's "AWS protocols" specification. Built by `models`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sekisho.decide.values import Instant

Value = None | bool | int | float | str | bytes | Instant | Sequence["Value"] | Mapping[str, "Value"]
"""A decoded parameter: timestamps are `Instant`, blobs are bytes, structures and maps are mappings."""


class Kind(StrEnum):
    """What a shape holds, in the model's own words."""

    STRUCTURE = "structure"
    LIST = "list"
    MAP = "map"
    STRING = "string"
    CHARACTER = "character"
    INTEGER = "integer"
    LONG = "long"
    FLOAT = "float"
    DOUBLE = "double"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    BLOB = "blob"


class Location(StrEnum):
    """Which part of an HTTP message carries a member."""

    BODY = ""
    URI = "uri"
    QUERY = "querystring"
    HEADER = "header"
    HEADERS = "headers"
    STATUS = "statusCode"


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A type of the model.

    ``members`` of a list is ``{"member": ...}``, of a map ``{"key": ..., "value": ...}``.
    ``minimum`` and ``maximum`` bound the value of a number and the length of anything else.
    """

    # INVARIANT: `members` is filled by the builder before anybody else sees the shape.
    name: str
    kind: Kind
    members: Mapping[str, "Member"]
    required: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    pattern: str = ""
    enum: tuple[str, ...] = ()
    is_sensitive: bool = False
    is_document: bool = False
    payload: str = ""
    error_code: str = ""
    error_status: int = 0

    @property
    def item(self) -> "Member":
        """The element of a list."""
        return self.members["member"]

    @property
    def key(self) -> "Member":
        """The key of a map."""
        return self.members["key"]

    @property
    def value(self) -> "Member":
        """The value of a map."""
        return self.members["value"]


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A shape at one place, and how it travels there.

    ``wire_name`` is empty where the model names none; ``label`` then falls back to the
    member's own name. ``ec2_label`` is the name in requests of the ``ec2`` protocol.
    """

    name: str
    shape: Shape
    wire_name: str
    label: str
    ec2_label: str
    location: Location
    is_flattened: bool
    timestamp_format: str
    xml_namespace: str
    xml_prefix: str
    is_attribute: bool
    is_json_value: bool
    is_event_stream: bool


class Protocol(StrEnum):
    """How a service speaks."""

    QUERY = "query"
    EC2 = "ec2"
    JSON = "json"
    REST_JSON = "rest-json"
    REST_XML = "rest-xml"


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One thing a service can be asked to do.

    ``result_wrapper`` is the element around the result in the query protocol; ``status`` the
    HTTP status of success. ``is_unsigned`` operations are called without a SigV4 signature.
    """

    name: str
    method: str
    uri: str
    status: int
    input: Member | None
    output: Member | None
    result_wrapper: str
    errors: tuple[str, ...]
    is_unsigned: bool
    is_deprecated: bool
