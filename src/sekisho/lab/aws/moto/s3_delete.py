"""DeleteObjects with a decision for each key: what is permitted goes on, each other key is an error.

Source: Amazon S3 API Reference, "DeleteObjects": the answer is 200 and holds a result for each key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from sekisho.decide.proof.http_request import HttpRequest
from sekisho.wire.aws.faults import ServiceFault
from sekisho.wire.aws.message import Call, Response

_NAMESPACE: Final = "http://s3.amazonaws.com/doc/2006-03-01/"
_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_DIGESTS: Final = ("content-md5", "x-amz-checksum-", "x-amz-sdk-checksum-", "x-amz-trailer")


@dataclass(frozen=True, slots=True)
class Split:
    """The keys that may be deleted, as the body of a request; the errors of the others."""

    permitted: tuple[str, ...]
    errors: str
    body: bytes


def split(call: Call, partition: str, refused: Mapping[str, ServiceFault]) -> Split:
    """Return the keys of ``call`` apart; ``refused`` has the fault of each object's ARN that may not be."""
    delete: Any = call.parameters["Delete"]
    bucket: Any = call.parameters["Bucket"]
    permitted, errors = [], []
    for entry in delete["Objects"]:
        fault = refused.get(f"arn:{partition}:s3:::{bucket}/{entry['Key']}")
        if fault is None:
            permitted.append(str(entry["Key"]))
        else:
            errors.append(_element("Error", Key=entry["Key"], Code=fault.code, Message=fault.message))
    objects = "".join(_element("Object", Key=key) for key in permitted)
    quiet = "<Quiet>true</Quiet>" if delete.get("Quiet") else ""
    body = f'{_HEAD}<Delete xmlns="{_NAMESPACE}">{objects}{quiet}</Delete>'
    return Split(tuple(permitted), "".join(errors), body.encode())


def only_refused(parts: Split) -> Response:
    """Return the answer where nothing may be deleted."""
    body = f'{_HEAD}<DeleteResult xmlns="{_NAMESPACE}">{parts.errors}</DeleteResult>'
    return Response(200, {"Content-Type": "application/xml"}, body.encode())


def joined(answer: Response, parts: Split) -> Response:
    """Return moto's answer about the permitted keys with the errors of the others."""
    end = b"</DeleteResult>"
    if not parts.errors or end not in answer.body:
        return answer
    before, _, after = answer.body.rpartition(end)
    return Response(answer.status, answer.headers, before + parts.errors.encode() + end + after)


def headers_without_digests(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    """Return the headers without what was computed over the body that the client sent."""
    kept = [(name, value) for name, value in request.headers if not name.startswith(_DIGESTS)]
    dropped = {"x-amz-content-sha256", "content-encoding", "x-amz-decoded-content-length", "content-length"}
    return tuple((name, value) for name, value in kept if name not in dropped)


def _element(name: str, **members: str) -> str:
    inner = "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in members.items())
    return f"<{name}>{inner}</{name}>"
