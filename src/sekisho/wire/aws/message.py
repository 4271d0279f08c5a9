"""Requests and answers as HTTP sees them, and the call in between."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sekisho.wire.aws.models import ServiceModel
from sekisho.wire.aws.shape import Operation, Value

MAX_BODY_BYTES = 4 * 1024 * 1024
"""Of a request whose body is parsed; a streamed payload is the server's to bound."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request.

    ``path`` and ``query`` are the bytes of the request line, percent-encoding untouched: a
    ``%2F`` inside a label is not a slash. ``headers`` has lower-case names.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP answer; ``Content-Length`` and ``Date`` are the server's."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Form(StrEnum):
    """How an answer is spelled; services of the query protocol let the client choose."""

    MODELED = "modeled"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Call:
    """A decoded request: what is asked of which service, and in which form the answer is wanted.

    ``parameters`` has the model's member names and types; absent members are absent. Their
    constraints have not been checked (`validate.check`): a service authenticates first.
    """

    service: ServiceModel
    operation: Operation
    parameters: Mapping[str, Value]
    form: Form = Form.MODELED
