"""Which requests open a stream into a pod with a GET, and from which version that needs create as well."""

from dataclasses import replace

import pytest

from sekisho.decide.request.kubernetes import RequestAttributes, parse
from sekisho.decide.request.pod_streams import CREATE_SINCE, also_created, minor_of

EXEC = parse("GET", "/api/v1/namespaces/default/pods/web/exec", "command=x")

ALONE = {
    "already create": replace(EXEC, verb="create"),
    "another group": replace(EXEC, group="example.com"),
    "another resource": replace(EXEC, resource="services"),
    "the pod itself": replace(EXEC, subresource=""),
    "logs are no upgrade": replace(EXEC, subresource="log"),
    "the proxy of a pod is asked by method": replace(EXEC, subresource="proxy"),
    "a list": replace(EXEC, verb="list"),
    "a path": parse("GET", "/healthz"),
}


@pytest.mark.parametrize("subresource", ["attach", "exec", "portforward"])
def test_a_get_of_a_stream_is_a_create_too(subresource: str) -> None:
    request = replace(EXEC, subresource=subresource)
    assert also_created(request) == replace(request, verb="create")


@pytest.mark.parametrize("request_", ALONE.values(), ids=ALONE.keys())
def test_other_requests_are_one_question(request_: RequestAttributes) -> None:
    assert also_created(request_) is None


@pytest.mark.parametrize(
    ("version", "minor"),
    [
        ("1.34", 34),
        ("1.35", CREATE_SINCE),
        ("v1.34.2-eks-5e0fdde", 34),
        ("1.9", 9),
        ("", None),
        ("2.1", None),
        ("1.x", None),
        ("1.34x", None),
    ],
)
def test_the_minor_version_of_a_version(version: str, minor: int | None) -> None:
    assert minor_of(version) == minor
