"""A decided call as moto gets it: written anew, so that moto reads in it what was decided and nothing else.

moto chooses its operation, region and account in ways of its own: by any query parameter, by
names in a form, by headers, even by what looks like a form inside of JSON. Only what belongs to
the decoded operation is handed over, the rest of the client's request is left behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.values import AccountId, Json, documents
from sekisho.lab.aws.door.route import Route
from sekisho.lab.aws.operation import AwsError
from sekisho.wire.aws.message import Call
from sekisho.wire.aws.query_in import parse_form, parse_pairs
from sekisho.wire.aws.shape import Location, Protocol

ACCOUNT_HEADER = "x-moto-account-id"
_FORM = "application/x-www-form-urlencoded"
_FORM_TYPES = (_FORM, "multipart/form-data")
_PASSED = ("content-", "if-", "x-amz-")
_PASSED_WHOLE = frozenset({"range", "cache-control", "expires"})
_DEFAULTS = {
    ("kms", "GetKeyPolicy"): ("PolicyName", "default"),
    ("kms", "PutKeyPolicy"): ("PolicyName", "default"),
}
_KEPT_BACK = frozenset({"x-amz-security-token", "x-amz-target", "content-length", "x-amz-date"})


@dataclass(frozen=True, slots=True)
class MotoRequest:
    """An HTTP request to moto's stand-in for a service."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes


def moto_request(where: Route, call: Call, request: HttpRequest, account: AccountId | str) -> MotoRequest:
    """Return ``request``, decoded as ``call``, for moto, in ``account``.

    Raises:
        AwsError: an object of a form's content type, which moto would read as parameters.
    """
    suffix = "amazonaws.com.cn" if where.partition == "aws-cn" else "amazonaws.com"
    host = f"{where.service.endpoint_prefix}.{where.region}.{suffix}"
    scope = f"{where.region}/{where.service.signing_name}/aws4_request"
    # moto has no part in authentication: it reads the region from here and checks nothing.
    authorization = f"AWS4-HMAC-SHA256 Credential=SEKISHO/20260101/{scope}, SignedHeaders=host, Signature=0"
    own = (("host", host), ("authorization", authorization), (ACCOUNT_HEADER, str(account)))
    match where.service.protocol:
        case Protocol.JSON:
            body, query, path, method = (
                _filled(call, request.body),
                f"Action={call.operation.name}",
                "/",
                "POST",
            )
            headers: tuple[tuple[str, str], ...] = (
                ("content-type", f"application/x-amz-json-{where.service.json_version}"),
                ("x-amz-target", f"{where.service.target_prefix}.{call.operation.name}"),
            )
        case Protocol.QUERY | Protocol.EC2:
            sent = request.body.decode("ascii").strip("\r\n") if request.body else ""
            body, query, path, method = urlencode(parse_form(request.query, sent)).encode(), "", "/", "POST"
            headers = (("content-type", _FORM),)
        case Protocol.REST_JSON | Protocol.REST_XML:
            # In the path, because moto chooses its service by host name: `iam.x.s3...` would be its IAM.
            path = _own_path(call)
            body, query, method = request.body, _own_query(call, request), request.method
            headers = _own_headers(request)
    return MotoRequest(
        method, f"https://{host}{path}" + (f"?{query}" if query else ""), (*own, *headers), body
    )


def _own_path(call: Call) -> str:
    """Return bucket and key, spelled anew: moto takes a bucket's name from the path as it stands there."""
    names = [text for name in ("Bucket", "Key") if isinstance(text := call.parameters.get(name), str)]
    return "/" + "/".join(quote(name, safe="/~") for name in names)


def _filled(call: Call, body: bytes) -> bytes:
    """Return a JSON body with what moto asks for and the service does not.

    Members that the operation does not have were not decided about: they are left out.
    """
    shape = call.operation.input
    known = () if shape is None else shape.shape.members.values()
    labels = {member.label for member in known}
    sent = _object(documents.parse_json(body, "request")) if body else {}
    default = _DEFAULTS.get((call.service.name, call.operation.name))
    if default is not None and default[0] not in call.parameters:
        sent[default[0]] = default[1]
    elif labels.issuperset(sent):
        return body
    return documents.to_json({name: value for name, value in sent.items() if name in labels})


def _object(value: Json) -> dict[str, Json]:
    return dict(value) if isinstance(value, Mapping) else {}


def _own_query(call: Call, request: HttpRequest) -> str:
    """Return the parameters that the operation knows; without any, moto would take headers for them."""
    shape = call.operation.input
    members = () if shape is None else shape.shape.members.values()
    known = {member.label for member in members if member.location is Location.QUERY}
    _, _, static = call.operation.uri.partition("?")
    known |= {name for name, _ in parse_pairs(static)}
    pairs = [(name, value) for name, value in parse_pairs(request.query) if name in known]
    return urlencode([*(pair for pair in pairs if pair[0] != "x-id"), ("x-id", call.operation.name)])


def _own_headers(request: HttpRequest) -> tuple[tuple[str, str], ...]:
    kind = "".join(request.header("content-type")).partition(";")[0].strip().lower()
    if kind in _FORM_TYPES:
        if request.body and request.method != "POST":
            problem = f"the lab keeps no objects of content type {kind}; name another with --content-type"
            raise AwsError("SekishoUnserved", problem)
        dropped = _KEPT_BACK | {"content-type"}
    else:
        dropped = _KEPT_BACK
    return tuple(
        (name, value)
        for name, value in request.headers
        if (name.startswith(_PASSED) or name in _PASSED_WHOLE) and name not in dropped
    )
