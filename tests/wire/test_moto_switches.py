"""The switches of the service behind the door: no request and no environment of the lab reaches one."""

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest

from e2e.hostile_wire import REGION, STS, Answer, Doors, render, rendered, signed, with_header
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.testing import RunningLab, running_lab
from support.boto_lab import AWAY, HOME, Caller, new_user, policy, profile

S3 = f"s3.{REGION}.amazonaws.com"
HERE = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
ENVIRONMENT = {
    "MOTO_ACCOUNT_ID": AWAY,
    "INITIAL_NO_AUTH_ACTION_COUNT": "0",
    "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",
    "MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "false",
    "MOTO_S3_CUSTOM_ENDPOINTS": f"https://{S3}",
    "TEST_SERVER_MODE": "true",
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """Return a lab that somebody started where moto's switches are set."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in ENVIRONMENT.items():
            patched.setenv(name, value)
        with running_lab(tmp_path_factory.mktemp("switches")) as running:
            yield running


@pytest.fixture(scope="module")
def home(lab: RunningLab) -> Caller:
    return profile(lab, "default")


@pytest.fixture
def doors(lab: RunningLab) -> Doors:
    return Doors.of(lab)


@pytest.fixture
def bucket(home: Caller) -> str:
    name = f"kept-{secrets.token_hex(4)}"
    home.ask("s3", "create_bucket", Bucket=name, **HERE)
    home.ask("s3", "put_object", Bucket=name, Key="k", Body=b"content")
    return name


def test_switches_in_the_environment_of_the_lab_do_nothing(
    lab: RunningLab, home: Caller, bucket: str
) -> None:
    assert home.ask("s3", "get_object", Bucket=bucket, Key="k")["Body"].read() == b"content"
    queue = home.ask("sqs", "create_queue", QueueName=f"q-{bucket}")["QueueUrl"]
    assert f"/{HOME}/" in queue
    away = profile(lab, "target-env")
    assert bucket not in [one["Name"] for one in away.ask("s3", "list_buckets")["Buckets"]]


def ask(doors: Doors, request: HttpRequest, service: str = "s3") -> Answer:
    host = request.header("host")[0]
    return doors.send(doors.aws(host), rendered(signed(request, doors.keys(), service=service)))


TARGETS = ("/moto-api/reset", "/moto-api/data.json", "/moto-api/reset-auth", "/moto-api/seed", "/moto-api/")


@pytest.mark.parametrize("path", TARGETS)
def test_no_path_is_a_switch(doors: Doors, home: Caller, bucket: str, path: str) -> None:
    second = f"127.0.0.1:{doors.second.port}"
    for method in ("POST", "DELETE"):
        for spelled in (path, path.replace("-", "%2d"), f"/{path}", f"/x/..{path}"):
            for host, service in ((S3, "s3"), (STS, "sts"), (f"kms.{REGION}.amazonaws.com", "kms")):
                answer = ask(doors, HttpRequest(method, spelled, "", (("host", host),)), service)
                assert 400 <= answer.status < 500, (method, spelled, host, answer.text)
            request = signed(
                HttpRequest(method, spelled, "", (("host", second),)), doors.keys(), service="s3"
            )
            assert 400 <= doors.ask(doors.second, request).status < 500
    assert home.ask("s3", "get_object", Bucket=bucket, Key="k")["Body"].read() == b"content"
    doors.assert_no_traceback()


HOSTS = (
    "motoapi.amazonaws.com",
    f"motoapi.{REGION}.amazonaws.com",
    f"moto.{REGION}.amazonaws.com",
    "motoapi.amazonaws.com:443",
    "127.0.0.1:5000",
    "localhost:5000",
    "motoserver",
)


@pytest.mark.parametrize("host", HOSTS)
def test_no_host_is_the_switchboard(doors: Doors, host: str) -> None:
    for target in (doors.second, doors.aws(S3)):
        data = render("POST", "/moto-api/reset", [("host", host)])
        assert doors.send(target, data).status in (400, 403, 404)
    doors.assert_no_traceback()


ABSOLUTE = (
    "https://motoapi.amazonaws.com/moto-api/reset",
    "http://motoapi.amazonaws.com/moto-api/reset",
    f"https://{STS}/",
    "https://evil.example/k",
)


@pytest.mark.parametrize("url", ABSOLUTE)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_whole_url_in_the_request_line_is_refused(doors: Doors, method: str, url: str) -> None:
    """Its host and the Host header may differ, and a server that believes either is believed wrongly."""
    for target, host in ((doors.aws(S3), S3), (doors.aws(STS), STS)):
        request = signed(HttpRequest(method, "/moto-api/reset", "", (("host", host),)), doors.keys())
        answer = doors.send(target, render(method, url, list(request.headers)))
        assert answer.status in (400, 403, 404), answer.text
    doors.assert_no_traceback()


FORGED = {
    "the account": ("x-moto-account-id", AWAY),
    "the account with underscores": ("x_moto_account_id", AWAY),
    "the account in CGI's spelling": ("http-x-moto-account-id", AWAY),
    "the operation": ("x-amz-target", "DynamoDB_20120810.ListTables"),
    "the method": ("x-http-method-override", "DELETE"),
    "the method, another way": ("x-method-override", "DELETE"),
    "the host": ("x-forwarded-host", "motoapi.amazonaws.com"),
    "the URL": ("x-original-url", "/moto-api/reset"),
    "the rewritten URL": ("x-rewrite-url", "/moto-api/reset"),
    "the forwarding": ("forwarded", "host=motoapi.amazonaws.com;proto=http"),
    "the copy source": ("x-amz-copy-source-other", "elsewhere/k"),
}


@pytest.mark.parametrize("case", FORGED)
def test_no_header_tells_more_than_the_decided_call(
    doors: Doors, home: Caller, bucket: str, case: str
) -> None:
    request = HttpRequest("GET", "/k", "", (("host", f"{bucket}.{S3}"), FORGED[case]))
    assert ask(doors, request).body == b"content"
    added = signed(replace(request, headers=request.headers[:1]), doors.keys(), service="s3")
    answer = doors.ask(doors.aws(request.header("host")[0]), with_header(added, *FORGED[case]))
    # A header of AWS's own that no signature covers is refused, any other one is left behind.
    is_signed_or_refused = FORGED[case][0].startswith("x-amz-")
    assert (answer.status, answer.body == b"content") == (
        (403, False) if is_signed_or_refused else (200, True)
    )
    queues = home.ask("sqs", "list_queues").get("QueueUrls", [])
    assert all(f"/{HOME}/" in url for url in queues)


@pytest.mark.parametrize(
    "name", ["_method", "X-HTTP-Method-Override", "Action", "x-moto-account-id", "acl", "delete"]
)
def test_no_parameter_names_another_operation(doors: Doors, home: Caller, bucket: str, name: str) -> None:
    answer = ask(doors, HttpRequest("GET", "/k", f"{name}=DELETE", (("host", f"{bucket}.{S3}"),)))
    assert answer.status < 500
    assert home.ask("s3", "get_object", Bucket=bucket, Key="k")["Body"].read() == b"content"


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PATCH", "CONNECT", "PROPFIND", "get"])
def test_methods_that_s3_does_not_have_are_refused(doors: Doors, bucket: str, method: str) -> None:
    headers = list(signed(HttpRequest("GET", "/k", "", (("host", f"{bucket}.{S3}"),)), doors.keys()).headers)
    answer = doors.send(doors.aws(f"{bucket}.{S3}"), render(method, "/k", headers))
    assert 400 <= answer.status < 500
    doors.assert_no_traceback()


def test_copying_under_a_get_copies_nothing(doors: Doors, home: Caller, bucket: str) -> None:
    headers = (("host", f"{bucket}.{S3}"), ("x-amz-copy-source", f"{bucket}/k"))
    assert ask(doors, HttpRequest("GET", "/copied", "", headers)).status == 404
    assert home.refused("s3", "get_object", Bucket=bucket, Key="copied").code == "NoSuchKey"


SOURCES = (
    "{bucket}/k;x",
    "%2F%2F{bucket}/k",
    "//{bucket}/k",
    "http://x/{bucket}/k",
    "{bucket}/k#x",
    "{bucket}",
    "/",
    "arn:aws:s3:eu-west-1:111122223333:accesspoint/a/object/k",
)


@pytest.mark.parametrize("source", SOURCES)
def test_a_copy_source_that_two_readers_could_read_apart_is_refused(
    doors: Doors, bucket: str, source: str
) -> None:
    headers = (("host", f"{bucket}.{S3}"), ("x-amz-copy-source", source.format(bucket=bucket)))
    answer = ask(doors, HttpRequest("PUT", "/copied", "", headers))
    assert 400 <= answer.status < 500
    doors.assert_no_traceback()


KEYS = (
    "/lead",
    "a//b",
    "a b+c%25",
    "\u00fc/\u65e5",
    "../x",
    "a/../b",
    "a;b=c?d#e&f",
    "policy",
    "k?acl",
    "%2e%2e/z",
    "~!*'()",
)


def test_a_key_is_the_same_to_the_decision_and_to_the_store(home: Caller, bucket: str) -> None:
    named = [f"arn:aws:s3:::{bucket}/{escaped(key)}" for key in KEYS]
    text = policy("s3:*", Resource=[*named, f"arn:aws:s3:::{bucket}"])
    holder = new_user(home, f"holder-{secrets.token_hex(4)}", text)
    for key in KEYS:
        holder.ask("s3", "put_object", Bucket=bucket, Key=key, Body=key.encode())
        assert holder.ask("s3", "get_object", Bucket=bucket, Key=key)["Body"].read() == key.encode()
    listed = holder.ask("s3", "list_objects_v2", Bucket=bucket)["Contents"]
    assert sorted(one["Key"] for one in listed) == sorted({*KEYS, "k"})
    assert holder.refused("s3", "get_object", Bucket=bucket, Key="k").code == "AccessDenied"


def escaped(key: str) -> str:
    """Return a key as a policy writes it literally."""
    return key.replace("*", "${*}").replace("?", "${?}")


def test_a_bucket_has_one_spelling(doors: Doors, bucket: str) -> None:
    for spelled in (bucket.replace("-", "%2d"), bucket.upper(), f"{bucket}%2fk"):
        answer = ask(doors, HttpRequest("GET", f"/{spelled}/k", "", (("host", S3),)))
        assert answer.status in (200, 400, 404)
        assert (answer.status == 200) == (spelled.lower() == bucket.replace("-", "%2d"))
