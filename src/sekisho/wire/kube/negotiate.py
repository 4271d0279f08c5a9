"""What form of an answer a client accepts (RFC 9110 section 12.5.1, with the parameters Kubernetes adds).

``application/json;as=Table;v=v1;g=meta.k8s.io`` asks for a table, ``as=PartialObjectMetadata``
for metadata alone. Clients that would take protobuf are answered in JSON: they read the
Content-Type of the answer.
"""

from dataclasses import dataclass
from enum import Enum

from sekisho.wire.kube import status

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
PRODUCED = (JSON, YAML, PROTOBUF)
MAX_RANGES = 32


class Form(Enum):
    """The shape of an answer."""

    OBJECT = "object"
    TABLE = "Table"
    PARTIAL = "PartialObjectMetadata"
    PARTIAL_LIST = "PartialObjectMetadataList"


@dataclass(frozen=True, slots=True)
class Representation:
    """How to answer: ``version`` is that of meta.k8s.io for tables and partial objects."""

    form: Form = Form.OBJECT
    version: str = "v1"
    media_type: str = JSON


@dataclass(frozen=True, slots=True)
class MediaRange:
    """One element of an Accept header, parameters with lower-case names, without ``q``."""

    media_type: str
    parameters: tuple[tuple[str, str], ...] = ()
    quality: float = 1.0

    def parameter(self, name: str) -> str:
        """Return a parameter's value, empty where it is not given."""
        return dict(self.parameters).get(name, "")


def parse_accept(header: str) -> tuple[MediaRange, ...]:
    """Return the media ranges, the most wanted first; equal ones keep their order.

    Total: what cannot be read is left out, ranges after the 32nd too.
    """
    ranges = [_range(part) for part in header.split(",")[:MAX_RANGES] if part.strip()]
    return tuple(sorted((r for r in ranges if r.quality > 0), key=lambda r: -r.quality))


def negotiate(accept: str) -> Representation:
    """Return the first form of ``accept`` that is produced here; without a header, plain JSON.

    Raises:
        KubeError: 406, nothing that is accepted is produced.
    """
    ranges = parse_accept(accept)
    if not accept.strip():
        return Representation()
    for wanted in ranges:
        media_type = _produced(wanted.media_type)
        form = _form(wanted)
        if media_type and form:
            version = wanted.parameter("v") if form is not Form.OBJECT else "v1"
            return Representation(form, version or "v1", media_type)
    if any(_produced(wanted.media_type) for wanted in ranges):
        raise status.no_such_form(PRODUCED)
    raise status.not_acceptable(PRODUCED)


def _produced(media_type: str) -> str:
    if media_type in {JSON, PROTOBUF, "*/*", "application/*"}:
        return JSON
    return YAML if media_type == YAML else ""


def _form(wanted: MediaRange) -> Form | None:
    asked = wanted.parameter("as")
    if not asked:
        return Form.OBJECT
    if wanted.parameter("g") != "meta.k8s.io" or wanted.parameter("v") not in {"v1", "v1beta1"}:
        return None
    return next((form for form in (Form.TABLE, Form.PARTIAL, Form.PARTIAL_LIST) if form.value == asked), None)


def _range(part: str) -> MediaRange:
    media_type, *rest = part.split(";")
    parameters: list[tuple[str, str]] = []
    quality = 1.0
    for item in rest:
        name, _, value = item.partition("=")
        name, value = name.strip().lower(), value.strip().strip('"')
        if name == "q":
            quality = _quality(value)
        elif name:
            parameters.append((name, value))
    return MediaRange(media_type.strip().lower(), tuple(parameters), quality)


def _quality(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0.0 <= value <= 1.0 else 0.0
