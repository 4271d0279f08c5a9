"""RBAC matching: one row per rule of the reference, asserted by code."""

import pytest

from sekisho.decide.rbac.examine import Code, examine, failing
from sekisho.decide.rbac.model import Rule
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Ref


def rule(verbs: str = "", groups: str = "", resources: str = "", names: str = "", urls: str = "") -> Rule:
    """Rules from space-separated lists; ``core`` and ``empty`` stand for the empty string."""
    lists = [
        tuple("" if word in ("core", "empty") else word for word in text.split())
        for text in (verbs, groups, resources, names, urls)
    ]
    return Rule(Ref("role/ns/r", "/rules/0"), *lists)


GET_POD = RequestAttributes("get", resource="pods", namespace="ns", name="web-0")
LIST_PODS = RequestAttributes("list", resource="pods", namespace="ns")
GET_LOG = RequestAttributes("get", resource="pods", subresource="log", namespace="ns", name="web-0")
HEALTH = RequestAttributes("get", path="/healthz/etcd")

CASES = {
    "exact rule": (GET_POD, rule("get", "core", "pods"), Code.MATCHED),
    "verb wildcard": (GET_POD, rule("*", "core", "pods"), Code.MATCHED),
    "verbs are case sensitive": (GET_POD, rule("GET", "core", "pods"), Code.VERB),
    "no verbs": (GET_POD, rule("", "core", "pods"), Code.VERB),
    "group wildcard": (GET_POD, rule("get", "*", "pods"), Code.MATCHED),
    "other API group": (GET_POD, rule("get", "apps", "pods"), Code.GROUP),
    "no groups at all": (GET_POD, rule("get", "", "pods"), Code.GROUP),
    "groups have no globs": (
        RequestAttributes("get", group="a.example.com", resource="x"),
        rule("get", "*.example.com", "x"),
        Code.GROUP,
    ),
    "resource does not cover subresource": (GET_LOG, rule("get", "core", "pods"), Code.RESOURCE),
    "subresource does not cover resource": (GET_POD, rule("get", "core", "pods/log"), Code.RESOURCE),
    "exact subresource": (GET_LOG, rule("get", "core", "pods/log"), Code.MATCHED),
    "subresource wildcard": (GET_LOG, rule("get", "core", "*/log"), Code.MATCHED),
    "subresource wildcard of another": (GET_LOG, rule("get", "core", "*/exec"), Code.RESOURCE),
    "subresource wildcard is not for resources": (GET_POD, rule("get", "core", "*/log"), Code.RESOURCE),
    "resource wildcard covers subresource": (GET_LOG, rule("get", "core", "*"), Code.MATCHED),
    "pods/* is a literal": (GET_LOG, rule("get", "core", "pods/*"), Code.RESOURCE),
    "*/* is a literal": (GET_LOG, rule("get", "core", "*/*"), Code.RESOURCE),
    "singular": (GET_POD, rule("get", "core", "pod"), Code.RESOURCE),
    "name listed": (GET_POD, rule("get", "core", "pods", "web-0"), Code.MATCHED),
    "another name listed": (GET_POD, rule("get", "core", "pods", "web-1"), Code.NAME),
    "name wildcard is a literal": (GET_POD, rule("get", "core", "pods", "*"), Code.NAME),
    "list has no name to match": (LIST_PODS, rule("list", "core", "pods", "web-0"), Code.NAME),
    "the empty name is that of a list": (LIST_PODS, rule("list", "core", "pods", "empty"), Code.MATCHED),
    "URL wildcard": (HEALTH, rule("get", urls="*"), Code.MATCHED),
    "URL exact": (HEALTH, rule("get", urls="/healthz/etcd"), Code.MATCHED),
    "URL prefix": (HEALTH, rule("get", urls="/healthz/*"), Code.MATCHED),
    "URL prefix without a slash": (HEALTH, rule("get", urls="/health*"), Code.MATCHED),
    "all trailing stars go": (HEALTH, rule("get", urls="/healthz/**"), Code.MATCHED),
    "inner stars are literal": (HEALTH, rule("get", urls="/*/etcd"), Code.URL),
    "a prefix needs what stands before the star": (
        RequestAttributes("get", path="/logs"),
        rule("get", urls="/logs/*"),
        Code.URL,
    ),
    "a trailing slash counts": (RequestAttributes("get", path="/x/"), rule("get", urls="/x"), Code.URL),
    "URL of another verb": (RequestAttributes("post", path="/x"), rule("get", urls="/x"), Code.VERB),
    "URL asked of a resource rule": (HEALTH, rule("*", "*", "*"), Code.ONLY_RESOURCES),
    "resource asked of a URL rule": (GET_POD, rule("*", urls="*"), Code.ONLY_URLS),
    "a mixed rule serves resources": (GET_POD, rule("get", "core", "pods", urls="/x"), Code.MATCHED),
    "a mixed rule serves URLs": (HEALTH, rule("get", "core", "pods", urls="*"), Code.MATCHED),
}


@pytest.mark.parametrize(("request_", "rule_", "code"), CASES.values(), ids=CASES.keys())
def test_examine(request_: RequestAttributes, rule_: Rule, code: Code) -> None:
    assert examine(request_, rule_) is code


def test_every_failing_facet_is_named() -> None:
    assert tuple(failing(GET_LOG, rule("list", "apps", "pods", "x"))) == (
        Code.VERB,
        Code.GROUP,
        Code.RESOURCE,
        Code.NAME,
    )
    assert tuple(failing(HEALTH, rule("list", urls="/x"))) == (Code.VERB, Code.URL)
