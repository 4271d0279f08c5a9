"""Request lines to attributes: one row per rule of requestinfo.go, both sides of each."""

import pytest

from sekisho.decide.request.kubernetes import (
    MAX_REQUEST_LINE_CHARS,
    RequestAttributes,
    creation_by_update,
    parse,
)
from sekisho.decide.values import SekishoInputError

CORE = "/api/v1"
SHOP = "/api/v1/namespaces/shop"


def core(verb: str, resource: str, **rest: str) -> RequestAttributes:
    return RequestAttributes(verb, version="v1", resource=resource, **rest)


CASES = {
    "root": ("GET", "/", "", RequestAttributes("get", path="/")),
    "empty path": ("GET", "", "", RequestAttributes("get", path="")),
    "two parts of api name no resource": ("GET", "/api/v1", "", RequestAttributes("get", path="/api/v1")),
    "three parts of api do": ("GET", "/api/v1/pods", "", core("list", "pods")),
    "three parts of apis name no resource": (
        "GET",
        "/apis/apps/v1",
        "",
        RequestAttributes("get", path="/apis/apps/v1"),
    ),
    "four parts of apis do": (
        "GET",
        "/apis/apps/v1/deployments",
        "",
        RequestAttributes("list", group="apps", version="v1", resource="deployments"),
    ),
    "a trailing slash counts for URLs": ("GET", "/version/", "", RequestAttributes("get", path="/version/")),
    "a trailing slash does not for resources": ("GET", "/api/v1/pods/", "", core("list", "pods")),
    "another prefix": ("GET", "/oapi/v1/pods/x", "", RequestAttributes("get", path="/oapi/v1/pods/x")),
    "the query is not part of the path": (
        "GET",
        "/healthz",
        "verbose",
        RequestAttributes("get", path="/healthz"),
    ),
    "a non-resource verb is the method": ("POST", "/api", "", RequestAttributes("post", path="/api")),
    "even an unknown method": ("BREW", "/api", "", RequestAttributes("brew", path="/api")),
    "post creates": ("POST", f"{SHOP}/pods", "", core("create", "pods", namespace="shop")),
    "put updates": ("PUT", f"{SHOP}/pods/a", "", core("update", "pods", namespace="shop", name="a")),
    "patch patches": ("PATCH", f"{SHOP}/pods/a", "", core("patch", "pods", namespace="shop", name="a")),
    "head gets": ("HEAD", f"{SHOP}/pods/a", "", core("get", "pods", namespace="shop", name="a")),
    "head without a name lists": ("HEAD", f"{SHOP}/pods", "", core("list", "pods", namespace="shop")),
    "delete with a name": (
        "DELETE",
        f"{SHOP}/pods/a",
        "",
        core("delete", "pods", namespace="shop", name="a"),
    ),
    "delete without one": ("DELETE", f"{SHOP}/pods", "", core("deletecollection", "pods", namespace="shop")),
    "unknown method has no verb": (
        "BREW",
        f"{SHOP}/pods/a",
        "",
        core("", "pods", namespace="shop", name="a"),
    ),
    "methods are case sensitive": ("get", f"{SHOP}/pods/a", "", core("", "pods", namespace="shop", name="a")),
    "watch alone is true": ("GET", f"{CORE}/pods", "watch", core("watch", "pods")),
    "watch=true": ("GET", f"{CORE}/pods", "watch=true", core("watch", "pods")),
    "watch=1": ("GET", f"{CORE}/pods", "watch=1", core("watch", "pods")),
    "watch=0": ("GET", f"{CORE}/pods", "watch=0", core("list", "pods")),
    "watch=False": ("GET", f"{CORE}/pods", "watch=False", core("list", "pods")),
    "the first watch counts": ("GET", f"{CORE}/pods", "watch=0&watch=1", core("list", "pods")),
    "watch with a name is a get": ("GET", f"{CORE}/nodes/a", "watch=1", core("get", "nodes", name="a")),
    "old watch path": ("GET", f"{CORE}/watch/pods", "", core("watch", "pods")),
    "old watch path whatever the method": ("POST", f"{CORE}/watch/pods", "", core("watch", "pods")),
    "old watch path in a namespace": (
        "GET",
        f"{CORE}/watch/namespaces/shop/pods/a",
        "",
        core("watch", "pods", namespace="shop", name="a"),
    ),
    "old proxy path has no subresource": (
        "GET",
        f"{CORE}/proxy/namespaces/shop/pods/a/metrics",
        "",
        core("proxy", "pods", namespace="shop", name="a"),
    ),
    "subresource": (
        "POST",
        f"{SHOP}/pods/a/exec",
        "",
        core("create", "pods", namespace="shop", name="a", subresource="exec"),
    ),
    "what follows a subresource is dropped": (
        "GET",
        f"{SHOP}/pods/a/proxy/metrics/x",
        "",
        core("get", "pods", namespace="shop", name="a", subresource="proxy"),
    ),
    "cluster-scoped object": (
        "GET",
        f"{CORE}/nodes/n1/proxy",
        "",
        core("get", "nodes", name="n1", subresource="proxy"),
    ),
    "all namespaces": ("GET", f"{CORE}/namespaces", "", core("list", "namespaces")),
    "one namespace is in itself": ("GET", SHOP, "", core("get", "namespaces", namespace="shop", name="shop")),
    "status is a namespace's subresource": (
        "PATCH",
        f"{SHOP}/status",
        "",
        core("patch", "namespaces", namespace="shop", name="shop", subresource="status"),
    ),
    "finalize is a namespace's subresource": (
        "PUT",
        f"{SHOP}/finalize",
        "",
        core("update", "namespaces", namespace="shop", name="shop", subresource="finalize"),
    ),
    "anything else is a resource in it": (
        "GET",
        f"{SHOP}/scale",
        "",
        core("list", "scale", namespace="shop"),
    ),
    "an escaped slash separates": (
        "GET",
        "/api/v1/namespaces/shop%2Fpods",
        "",
        core("list", "pods", namespace="shop"),
    ),
    "escapes are decoded": (
        "GET",
        f"{SHOP}/pods/a%3Ab",
        "",
        core("get", "pods", namespace="shop", name="a:b"),
    ),
}


@pytest.mark.parametrize(("method", "path", "query", "expected"), CASES.values(), ids=CASES.keys())
def test_parse(method: str, path: str, query: str, expected: RequestAttributes) -> None:
    found = parse(method, path, query)
    assert found == expected
    assert found.is_resource_request is (expected.path is None)


SELECTORS = {
    "one equals sign": ("metadata.name=a", "a"),
    "two": ("metadata.name==a", "a"),
    "not equal selects no name": ("metadata.name!=a", ""),
    "another field": ("spec.nodeName=a", ""),
    "among others": ("spec.nodeName=n,metadata.name=a", "a"),
    "the first of two": ("metadata.name=a,metadata.name=b", "a"),
    "empty terms are skipped": (",metadata.name=a,", "a"),
    "escaped comma": (r"metadata.name=a\,b", "a,b"),
    "unknown escape spoils the selector": (r"metadata.name=a\b", ""),
    "a bare equals sign too": ("metadata.name=a=b", ""),
    "and a dangling backslash": ("metadata.name=a\\", ""),
    "and a term without operator": ("metadata.name=a,b", ""),
    "dot is no path segment": ("metadata.name=.", ""),
    "dot dot neither": ("metadata.name=..", ""),
    "three dots are": ("metadata.name=...", "..."),
    "slash is not": ("metadata.name=a/b", ""),
    "percent is not": ("metadata.name=a%25b", ""),
    "empty name": ("metadata.name=", ""),
    "no selector": ("", ""),
}


@pytest.mark.parametrize(("selector", "name"), SELECTORS.values(), ids=SELECTORS.keys())
@pytest.mark.parametrize(("watch", "verb"), [("", "list"), ("&watch", "watch")])
def test_a_field_selector_can_name_the_object(selector: str, name: str, watch: str, verb: str) -> None:
    found = parse("GET", f"{SHOP}/secrets", f"fieldSelector={selector}{watch}")
    assert (found.verb, found.name, found.namespace) == (verb, name, "shop")


@pytest.mark.parametrize(
    ("method", "path", "kept"),
    [
        ("GET", f"{CORE}/pods", True),
        ("DELETE", f"{CORE}/pods", True),
        ("GET", f"{CORE}/watch/pods", True),
        ("GET", f"{CORE}/nodes/a", False),
        ("POST", f"{CORE}/pods", False),
    ],
)
def test_selectors_are_kept_raw_for_collections(method: str, path: str, kept: bool) -> None:
    found = parse(method, path, "fieldSelector=spec.nodeName%3Dn&labelSelector=a%3Db")
    expected = ("spec.nodeName=n", "a=b") if kept else ("", "")
    assert (found.field_selector, found.label_selector) == expected


def test_only_a_list_takes_its_name_from_the_selector() -> None:
    assert parse("DELETE", f"{SHOP}/secrets", "fieldSelector=metadata.name%3Da").name == ""
    assert parse("GET", f"{CORE}/watch/secrets", "fieldSelector=metadata.name%3Da").name == ""


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("/api/v1/watch", "", "request.path-verb-alone"),
        ("/apis/apps/v1/proxy", "", "request.path-verb-alone"),
        ("/api/v1/pods/%zz", "", "request.bad-escape"),
        ("/api/v1/pods/%2", "", "request.bad-escape"),
        ("/api/v1/pods/%ff", "", "request.bad-escape"),
        ("/" + "a" * MAX_REQUEST_LINE_CHARS, "", "request.line-too-long"),
        ("/a", "b" * (MAX_REQUEST_LINE_CHARS - 1), "request.line-too-long"),
    ],
)
def test_lines_that_cannot_be_read_raise(path: str, query: str, code: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        parse("GET", path, query)
    assert [fault.code for fault in caught.value.faults] == [code]


def test_the_longest_line_is_read() -> None:
    path = "/" + "a" * (MAX_REQUEST_LINE_CHARS - 1)
    assert parse("GET", path).path == path


def test_an_update_that_creates_asks_again_under_the_same_name() -> None:
    update = parse("PUT", "/apis/apps/v1/namespaces/shop/deployments/web")
    assert creation_by_update(update) == RequestAttributes(
        "create", group="apps", version="v1", resource="deployments", namespace="shop", name="web"
    )
