"""Microseconds per request decoded and answer encoded, beside moto's parser and serializer.

    python -m benchmarks.codec [--json]

Both sides get the same bytes and the same values in the same process; the best of five runs
counts. A ratio above 1 means that moto takes longer. moto is handed the operation and the
labels of the path (its router is Flask's), so that its figures are a floor.
"""

from collections.abc import Callable
from functools import partial
from urllib.parse import parse_qsl, urlencode

from benchmarks import harness
from benchmarks.harness import Row, microseconds
from botocore.loaders import Loader

from sekisho.decide.values import Instant
from sekisho.wire import aws

LOOPS = 500
REQUEST_ID = "4f7bbd0a-0000-4000-8000-0123456789ab"
POLICY = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":"*"}]}'
FORM_HEADERS = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
CREATED = Instant.parse_rfc3339("2026-01-31T09:00:00Z")

CREATE_ROLE = {
    "Action": "CreateRole",
    "Version": "2010-05-08",
    "RoleName": "app",
    "Path": "/",
    "AssumeRolePolicyDocument": POLICY,
    "Tags.member.1.Key": "team",
    "Tags.member.1.Value": "a",
}
CALLER = {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
DESCRIBE = "/clusters/dev/access-entries/arn%3Aaws%3Aiam%3A%3A111122223333%3Arole%2Fapp"


def form(fields: dict[str, str]) -> aws.Request:
    """Return a request of the query protocol."""
    return aws.Request("POST", "/", headers=FORM_HEADERS, body=urlencode(fields).encode())


REQUESTS = {
    "CreateRole": ("iam", form(CREATE_ROLE)),
    "GetCallerIdentity": ("sts", form(CALLER)),
    "DescribeAccessEntry": ("eks", aws.Request("GET", DESCRIBE)),
    "ListAccounts": (
        "organizations",
        aws.Request(
            "POST", "/", "", {"x-amz-target": "AWSOrganizationsV20161128.ListAccounts"}, b'{"MaxResults":20}'
        ),
    ),
}

ROLE: dict[str, aws.Value] = {
    "Path": "/",
    "RoleName": "app",
    "RoleId": "AROAEXAMPLE",
    "Arn": "arn:aws:iam::111122223333:role/app",
    "CreateDate": CREATED,
    "AssumeRolePolicyDocument": POLICY,
}
CLUSTER: dict[str, aws.Value] = {
    "name": "dev",
    "arn": "arn",
    "createdAt": CREATED,
    "version": "1.33",
    "tags": {"a": "b"},
}
ANSWERS: dict[str, tuple[str, dict[str, aws.Value]]] = {
    "GetCallerIdentity": (
        "sts",
        {"UserId": "AIDA", "Account": "111122223333", "Arn": "arn:aws:iam::1:user/a"},
    ),
    "ListRoles": ("iam", {"Roles": [ROLE] * 100, "IsTruncated": False}),
    "DescribeCluster": ("eks", {"cluster": CLUSTER}),
}


def main() -> None:
    """Print a line for each operation."""
    report = harness.run("Measure AWS's protocols beside moto.")
    report.add("decode and encode", measure())
    report.close()


def measure() -> list[Row]:
    """Return a row for each operation and direction."""
    rows: list[Row] = []
    for name, (service, request) in REQUESTS.items():
        model = aws.load_service(service)
        call = aws.decode(model, request)
        rows.append(
            _row(f"decode {name}", partial(aws.decode, model, request), moto_decode(service, request))
        )
        rows.append(_row(f"check {name}", partial(aws.check, call), None))
    for name, (service, output) in ANSWERS.items():
        model = aws.load_service(service)
        operation = model.operation(name)
        assert operation is not None
        ours = partial(aws.encode, model, operation, output, REQUEST_ID)
        rows.append(_row(f"encode {name}", ours, moto_encode(service, name, output)))
    return rows


def _row(what: str, ours: Callable[[], object], theirs: Callable[[], object] | None) -> Row:
    mine = microseconds(ours, LOOPS)
    row: Row = {"what": what, "sekisho_us": mine}
    if theirs is not None:
        other = microseconds(theirs, LOOPS)
        row |= {"moto_us": other, "ratio": other / mine}
    return row


def moto_decode(service: str, request: aws.Request) -> Callable[[], object] | None:
    """Return a call of moto's parser, None where moto is not installed."""
    try:
        from moto.core.model import ServiceModel
        from moto.core.parse import PROTOCOL_PARSERS, RequestDict
    except ImportError:
        return None
    from werkzeug.datastructures import Headers, MultiDict

    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    call = aws.decode(aws.load_service(service), request)
    operation = model.operation_model(call.operation.name)
    parser_class = PROTOCOL_PARSERS[model.resolved_protocol]

    def run() -> object:
        values = (
            MultiDict(parse_qsl(request.body.decode()))
            if model.metadata["protocol"] == "query"
            else MultiDict()
        )
        raw: RequestDict = {
            "url_params": dict(call.parameters),
            "headers": Headers(dict(request.headers)),
            "body": request.body,
            "url_path": request.path,
            "method": request.method,
            "values": values,
        }
        return parser_class(operation).parse(raw)

    return run


def moto_encode(service: str, name: str, output: dict[str, aws.Value]) -> Callable[[], object] | None:
    """Return a call of moto's serializer, None where moto is not installed."""
    try:
        from moto.core.model import ServiceModel
        from moto.core.serialize import SERIALIZERS
    except ImportError:
        return None
    model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
    serializer_class = SERIALIZERS[model.resolved_protocol]
    operation = model.operation_model(name)
    plain = plain_values(output)
    return lambda: serializer_class(operation).serialize(plain)


def plain_values(value: aws.Value) -> object:
    """Return ``value`` with datetimes in the place of instants."""
    match value:
        case Instant():
            return value.moment
        case dict():
            return {key: plain_values(child) for key, child in value.items()}
        case list():
            return [plain_values(child) for child in value]
        case _:
            return value


if __name__ == "__main__":
    main()
