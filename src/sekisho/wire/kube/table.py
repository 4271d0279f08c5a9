"""Objects as a Table (meta.k8s.io): what ``kubectl get`` prints.

Source: Kubernetes documentation, "Kubernetes API concepts", section "Receiving resources as Tables".
"""

from collections.abc import Iterable
from enum import Enum

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.wire.kube import columns, status
from sekisho.wire.kube.members import mapping, text
from sekisho.wire.kube.registry import Resource


class IncludeObject(Enum):
    """How much of each object a row carries (query parameter ``includeObject``)."""

    NONE = "None"
    METADATA = "Metadata"
    OBJECT = "Object"

    @classmethod
    def parse(cls, value: str) -> "IncludeObject":
        """Read the query parameter; empty means metadata.

        Raises:
            KubeError: 400, no such choice.
        """
        try:
            return cls(value or "Metadata")
        except ValueError:
            raise status.bad_request(
                "Unable to convert to Table as requested: includeObject: "
                f"Invalid value: {status.quote(value)}: must be 'Metadata', 'Object', 'None', or empty"
            ) from None


def table(
    resource: Resource,
    values: Iterable[JsonObject],
    now: Instant,
    *,
    version: str = "v1",
    include: IncludeObject = IncludeObject.METADATA,
    metadata: JsonObject | None = None,
    headers: bool = True,
) -> dict[str, Json]:
    """Return a Table of ``values``, which are objects of ``resource``.

    ``metadata`` is the list's (resourceVersion, continue); a Table of a single object or watch
    event carries the object's resourceVersion. ``headers`` is false for watch events after the first.
    """
    defined = columns.columns(resource.group, resource.kind)
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": dict(metadata or {}),
        "columnDefinitions": [column.definition() for column in defined] if headers else [],
        "rows": [
            {"cells": [column.cell(value, now) for column in defined], **_object(value, version, include)}
            for value in values
        ],
    }


def partial(value: JsonObject, version: str = "v1") -> dict[str, Json]:
    """Return ``value`` as PartialObjectMetadata."""
    return {
        "kind": "PartialObjectMetadata",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": mapping(value, "metadata"),
    }


def partial_list(values: Iterable[JsonObject], metadata: JsonObject, version: str = "v1") -> dict[str, Json]:
    """Return ``values`` as PartialObjectMetadataList."""
    return {
        "kind": "PartialObjectMetadataList",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": metadata,
        "items": [partial(value, version) for value in values],
    }


def single_metadata(value: JsonObject) -> dict[str, Json]:
    """Return the Table metadata for one object: its resourceVersion."""
    return {"resourceVersion": text(value, "metadata", "resourceVersion")}


def _object(value: JsonObject, version: str, include: IncludeObject) -> dict[str, Json]:
    match include:
        case IncludeObject.NONE:
            return {"object": None}
        case IncludeObject.METADATA:
            return {"object": partial(value, version)}
        case IncludeObject.OBJECT:
            return {"object": value}
