"""Service models, loaded from botocore on first use and kept.

Operations and shapes are built when they are first asked for: a process that serves four
services pays for the shapes of the calls it has seen.
"""

from functools import cache
from typing import Any

from sekisho.wire import botocore_data
from sekisho.wire.aws.shape import Kind, Location, Member, Operation, Protocol, Shape


@cache
def load_service(name: str) -> "ServiceModel":
    """Return the model of the service botocore calls ``name`` (``sts``, ``cognito-idp``).

    Raises:
        LookupError: botocore has no such service, or it speaks none of the protocols served here.
    """
    try:
        raw = botocore_data.read_model(name, "service-2")
    except LookupError:
        raise LookupError(f"no service model is named `{name}`") from None
    metadata = raw["metadata"]
    spoken = [*metadata.get("protocols", ()), metadata["protocol"]]
    known = [Protocol(word) for word in spoken if word in list(Protocol)]
    if not known:
        raise LookupError(f"`{name}` speaks {', '.join(dict.fromkeys(spoken))}, which is not served")
    return ServiceModel(name, known[0], raw)


def known_services() -> frozenset[str]:
    """Return the name of every service that has a model."""
    return botocore_data.services()


class ServiceModel:
    """One service: its protocol, its operations, its errors.

    Attributes:
        signing_name: the service in the scope of a SigV4 credential.
        xml_namespace: of every answer in XML; empty where the model has none.
    """

    __slots__ = (
        "_faults",
        "_operations",
        "_raw",
        "_shapes",
        "api_version",
        "endpoint_prefix",
        "json_version",
        "name",
        "operation_names",
        "protocol",
        "signing_name",
        "target_prefix",
        "xml_namespace",
    )

    # The raw model is JSON of many forms; everything that leaves this class is typed.
    def __init__(self, name: str, protocol: Protocol, raw: Any) -> None:
        metadata = raw["metadata"]
        self.name = name
        self.protocol = protocol
        self.api_version: str = metadata["apiVersion"]
        self.endpoint_prefix: str = metadata["endpointPrefix"]
        self.signing_name: str = metadata.get("signingName", metadata["endpointPrefix"])
        self.json_version: str = metadata.get("jsonVersion", "1.1")
        self.target_prefix: str = metadata.get("targetPrefix", "")
        namespace = metadata.get("xmlNamespace", "")
        self.xml_namespace: str = namespace if isinstance(namespace, str) else namespace["uri"]
        self.operation_names: frozenset[str] = frozenset(raw["operations"])
        self._raw = raw
        self._shapes: dict[str, Shape] = {}
        self._operations: dict[str, Operation] = {}
        self._faults: dict[str, Shape] | None = None

    def operation(self, name: str) -> Operation | None:
        """Return the operation called ``name`` exactly, None where there is none."""
        built = self._operations.get(name)
        if built is None and name in self.operation_names:
            built = self._operations[name] = self._build_operation(name)
        return built

    def fault(self, code: str) -> Shape | None:
        """Return the modeled error with this code or shape name, None where the model has none."""
        if self._faults is None:
            found: dict[str, Shape] = {}
            for name, raw in self._raw["shapes"].items():
                if raw.get("exception"):
                    shape = self._shape(name)
                    found[name] = shape
                    found.setdefault(shape.error_code, shape)
            self._faults = found
        return self._faults.get(code)

    def _build_operation(self, name: str) -> Operation:
        raw = self._raw["operations"][name]
        output = raw.get("output")
        http = raw["http"]
        return Operation(
            name=name,
            method=http["method"],
            uri=http["requestUri"],
            status=http.get("responseCode") or 200,
            input=self._member("", raw["input"]) if "input" in raw else None,
            output=self._member("", output) if output is not None else None,
            result_wrapper=(output or {}).get("resultWrapper", ""),
            errors=tuple(error["shape"] for error in raw.get("errors", ())),
            is_unsigned=raw.get("authtype") == "none" or raw.get("auth") == ["smithy.api#noAuth"],
            is_deprecated=raw.get("deprecated", False),
        )

    def _shape(self, name: str) -> Shape:
        known = self._shapes.get(name)
        if known is not None:
            return known
        raw = self._raw["shapes"][name]
        kind = Kind(raw["type"])
        error = raw.get("error", {})
        members: dict[str, Member] = {}
        shape = Shape(
            name=name,
            kind=kind,
            members=members,
            required=tuple(raw.get("required", ())),
            minimum=raw.get("min"),
            maximum=raw.get("max"),
            pattern=raw.get("pattern", ""),
            enum=tuple(raw.get("enum", ())),
            is_sensitive=raw.get("sensitive", False),
            is_document=raw.get("document", False),
            payload=raw.get("payload", ""),
            error_code=error.get("code", name),
            error_status=error.get("httpStatusCode") or (500 if raw.get("fault") else 400),
        )
        self._shapes[name] = shape  # before its members: a structure may hold itself
        if kind is Kind.STRUCTURE:
            for member, reference in raw.get("members", {}).items():
                members[member] = self._member(member, reference)
        elif kind is Kind.LIST:
            members["member"] = self._member("member", raw["member"])
        elif kind is Kind.MAP:
            members["key"] = self._member("key", raw["key"])
            members["value"] = self._member("value", raw["value"])
        return shape

    def _member(self, name: str, reference: Any) -> Member:
        # What the reference says goes before what the shape says of itself.
        traits = {**self._raw["shapes"][reference["shape"]], **reference}
        wire_name = traits.get("locationName", "")
        namespace = traits.get("xmlNamespace", {})
        capitalised = wire_name[:1].upper() + wire_name[1:]
        location = traits.get("location", "")
        return Member(
            name=name,
            shape=self._shape(reference["shape"]),
            wire_name=wire_name,
            label=wire_name or name,
            ec2_label=traits.get("queryName") or capitalised or name,
            location=Location(location),
            is_flattened=bool(traits.get("flattened")),
            timestamp_format=traits.get("timestampFormat", ""),
            xml_namespace=namespace if isinstance(namespace, str) else namespace.get("uri", ""),
            xml_prefix="" if isinstance(namespace, str) else namespace.get("prefix", ""),
            is_attribute=bool(traits.get("xmlAttribute")),
            is_json_value=bool(traits.get("jsonvalue")),
            is_event_stream=bool(traits.get("eventstream")),
        )
