"""Examine one rule for one request: the only place where RBAC rules are matched.

One rule must satisfy every facet of the request; no rule denies. Kubernetes reference,
"Using RBAC Authorization", "Role and ClusterRole"; kubernetes ``pkg/apis/rbac/v1/evaluation_helpers.go``.
"""

from collections.abc import Iterator

from sekisho.decide.decision import ReasonCode
from sekisho.decide.rbac.model import Rule
from sekisho.decide.request.kubernetes import RequestAttributes


class Code(ReasonCode):
    """What became of a rule or a binding. Shown in JSON, asserted in tests, never renamed."""

    MATCHED = "rbac.matched", "RBAC: allowed by {binding} of {role} to {subject}"
    MASTERS = "rbac.system-masters", "allowed as a member of the group `{group}`, before RBAC is asked"
    VERB = "rbac.verb-not-listed", "{role} does not list the verb `{verb}` for `{resource}`"
    GROUP = "rbac.api-group-not-listed", "{role} does not list the API group `{group}`"
    RESOURCE = "rbac.resource-not-listed", "{role} does not list the resource `{resource}`"
    NAME = "rbac.resource-name-not-listed", "{role} is limited to names other than `{name}`"
    URL = "rbac.url-not-listed", "{role} does not list the URL `{path}`"
    ONLY_URLS = "rbac.rule-for-urls", "the rule of {role} is about URLs, the request about a resource"
    ONLY_RESOURCES = (
        "rbac.rule-for-resources",
        "the rule of {role} is about resources, the request about a URL",
    )
    ROLE_MISSING = "rbac.role-missing", "{binding} grants nothing: {role} does not exist"
    ROLE_UNSUPPORTED = "rbac.role-kind-unsupported", "{binding} grants nothing: it cannot refer to {role}"
    NO_MATCH = "rbac.no-rule-matches", "User {user} cannot {verb} {what}"
    OTHER_SUBJECT = "rbac.subject-not-the-user", "{binding} of {role} would allow, but names {subject}"
    SUBJECT_SPELLING = (
        "rbac.subject-spelling",
        "{binding} of {role} would allow, but names {subject} where the user is {known_as}",
    )
    OTHER_NAMESPACE = (
        "rbac.binding-in-other-namespace",
        "{binding} of {role} to {subject} would allow, but only in the namespace `{granted}`",
    )


def examine(request: RequestAttributes, rule: Rule) -> Code:
    """Return MATCHED if ``rule`` covers ``request``, else the first facet that does not. Total."""
    return next(failing(request, rule), Code.MATCHED)


def failing(request: RequestAttributes, rule: Rule) -> Iterator[Code]:
    """Yield every facet of ``rule`` that fails to cover ``request``, in the order they are examined."""
    if request.path is not None:
        yield from _failing_url(request.verb, request.path, rule)
        return
    if not rule.resources and not rule.groups and rule.urls:
        yield Code.ONLY_URLS
        return
    if request.verb not in rule.verbs and "*" not in rule.verbs:
        yield Code.VERB
    if request.group not in rule.groups and "*" not in rule.groups:
        yield Code.GROUP
    if not covers_resource(rule.resources, request.resource, request.subresource):
        yield Code.RESOURCE
    if rule.names and request.name not in rule.names:
        yield Code.NAME


def covers_resource(listed: tuple[str, ...], resource: str, subresource: str) -> bool:
    """Whether one of the ``listed`` resources covers the one requested.

    ``*`` covers subresources too; ``pods`` does not cover ``pods/log``; ``*/log`` covers the log of
    anything. ``pods/*`` and ``*/*`` are literals.
    """
    if "*" in listed:
        return True
    if not subresource:
        return resource in listed
    return f"{resource}/{subresource}" in listed or f"*/{subresource}" in listed


def covers_url(listed: tuple[str, ...], path: str) -> bool:
    """Whether one of the ``listed`` URLs covers ``path``: exactly, or as a prefix that ends in ``*``."""
    return any(url == path or (url.endswith("*") and path.startswith(url.rstrip("*"))) for url in listed)


def _failing_url(verb: str, path: str, rule: Rule) -> Iterator[Code]:
    if not rule.urls:
        yield Code.ONLY_RESOURCES
        return
    if verb not in rule.verbs and "*" not in rule.verbs:
        yield Code.VERB
    if not covers_url(rule.urls, path):
        yield Code.URL
