"""Rules of webhook configurations (kubernetes pkg/apis/admissionregistration/validation)."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube import names
from sekisho.wire.kube.causes import bad_value, duplicate, required, unsupported
from sekisho.wire.kube.members import items, mapping, objects, text
from sekisho.wire.kube.status import Cause
from sekisho.wire.kube.validate_conditions import condition_causes
from sekisho.wire.kube.validate_labels import selector_causes

VERSIONS = ("v1", "v1beta1")
MAX_TIMEOUT_SECONDS = 30

_SCOPES = ("*", "Cluster", "Namespaced")
_OPERATIONS = ("*", "CONNECT", "CREATE", "DELETE", "UPDATE")
_CHOICES = {
    "failurePolicy": ("Fail", "Ignore"),
    "matchPolicy": ("Equivalent", "Exact"),
    "reinvocationPolicy": ("IfNeeded", "Never"),
}
_SIDE_EFFECTS = ("None", "NoneOnDryRun")
_FORM = "; desired format: https://host[/path]"
_DNS_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_DNS_1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic "
    "character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', "
    f"regex used for validation is '{_DNS_1035}')"
)


def webhook_causes(value: JsonObject, old: JsonObject | None) -> Iterator[Cause]:
    """Check the webhooks of a configuration; an update is checked as a create is."""
    del old
    seen: set[str] = set()
    for index, hook in enumerate(objects(value, "webhooks")):
        field = f"webhooks[{index}]"
        yield from _webhook(hook, field)
        yield from _versions(items(hook, "admissionReviewVersions"), f"{field}.admissionReviewVersions")
        name = text(hook, "name")
        if name and name in seen:
            yield duplicate(f"{field}.name", name)
        seen.add(name)


def _webhook(hook: JsonObject, field: str) -> Iterator[Cause]:
    yield from _qualified(text(hook, "name"), f"{field}.name")
    for index, rule in enumerate(objects(hook, "rules")):
        yield from rule_causes(rule, f"{field}.rules[{index}]")
    for member in ("failurePolicy", "matchPolicy"):
        yield from choice_causes(hook, member, _CHOICES[member], field)
    if "sideEffects" not in hook:
        yield required(f"{field}.sideEffects", f"must specify one of {', '.join(_SIDE_EFFECTS)}")
    yield from choice_causes(hook, "sideEffects", _SIDE_EFFECTS, field)
    seconds = hook.get("timeoutSeconds")
    if isinstance(seconds, int) and not 1 <= seconds <= MAX_TIMEOUT_SECONDS:
        detail = f"the timeout value must be between 1 and {MAX_TIMEOUT_SECONDS} seconds"
        yield bad_value(f"{field}.timeoutSeconds", seconds, detail)
    for member in ("namespaceSelector", "objectSelector"):
        yield from selector_causes(mapping(hook, member), f"{field}.{member}")
    yield from choice_causes(hook, "reinvocationPolicy", _CHOICES["reinvocationPolicy"], field)
    yield from _client(mapping(hook, "clientConfig"), f"{field}.clientConfig")
    yield from condition_causes(objects(hook, "matchConditions"), f"{field}.matchConditions")


def choice_causes(hook: JsonObject, member: str, supported: Sequence[str], field: str) -> Iterator[Cause]:
    """Check a member that is one of a closed set."""
    if member in hook and text(hook, member) not in supported:
        yield unsupported(f"{field}.{member}", text(hook, member), supported)


def _qualified(name: str, field: str) -> Iterator[Cause]:
    problems = names.dns_subdomain_problems(name) if name else []
    if not name:
        yield required(field)
    elif problems:
        yield bad_value(field, name, ",".join(problems))
    elif name.count(".") < 2:
        yield bad_value(field, name, "should be a domain with at least three segments separated by dots")


def rule_causes(rule: JsonObject, field: str) -> Iterator[Cause]:
    """Check which requests a rule covers."""
    operations = items(rule, "operations")
    if not operations:
        yield required(f"{field}.operations")
    if len(operations) > 1 and "*" in operations:
        detail = "if '*' is present, must not specify other operations"
        yield bad_value(f"{field}.operations", list(operations), detail)
    for index, operation in enumerate(operations):
        if operation not in _OPERATIONS:
            yield unsupported(f"{field}.operations[{index}]", str(operation), _OPERATIONS)
    for member, words in (("apiGroups", "API groups"), ("apiVersions", "API versions")):
        given = items(rule, member)
        if not given:
            yield required(f"{field}.{member}")
        if len(given) > 1 and "*" in given:
            detail = f"if '*' is present, must not specify other {words}"
            yield bad_value(f"{field}.{member}", list(given), detail)
    for index, version in enumerate(items(rule, "apiVersions")):
        if version == "":
            yield required(f"{field}.apiVersions[{index}]")
    yield from _resources(items(rule, "resources"), f"{field}.resources")
    yield from choice_causes(rule, "scope", _SCOPES, field)


def _resources(given: Sequence[Json], field: str) -> Iterator[Cause]:
    if not given:
        yield required(field)
    whole: set[str] = set()
    of_all: set[str] = set()
    for index, one in enumerate(str(each) for each in given):
        here = f"{field}[{index}]"
        if not one:
            yield required(here)
        resource, slash, sub = one.partition("/")
        if not slash:
            continue
        if resource in whole:
            yield bad_value(here, one, f"if '{resource}/*' is present, must not specify {one}")
        if sub in of_all:
            yield bad_value(here, one, f"if '*/{sub}' is present, must not specify {one}")
        whole |= {resource} if sub == "*" else set()
        of_all |= {sub} if resource == "*" else set()
    if len(given) > 1 and "*/*" in given:
        yield bad_value(field, list(given), "if '*/*' is present, must not specify other resources")
    plain = [str(each) for each in given if each and "/" not in str(each)]
    if "*" in plain and plain[-1] != "*":
        detail = "if '*' is present, must not specify other resources without subresources"
        yield bad_value(field, list(given), detail)


def _client(client: JsonObject, field: str) -> Iterator[Cause]:
    if ("url" in client) == ("service" in client):
        yield required(field, "exactly one of url or service is required")
    elif "url" in client:
        yield from _url(text(client, "url"), f"{field}.url")
    else:
        yield from _service(mapping(client, "service"), f"{field}.service")


def _url(url: str, field: str) -> Iterator[Cause]:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        yield required(field, f"url must be a valid URL: {error}{_FORM}")
        return
    if parts.scheme != "https":
        yield bad_value(field, parts.scheme, f"'https' is the only allowed URL scheme{_FORM}")
    if not parts.netloc.rpartition("@")[2]:
        yield bad_value(field, "", f"host must be specified{_FORM}")
    if parts.username is not None:
        # What kube-apiserver shows here may be a password.
        yield bad_value(field, "***", "user information is not permitted in the URL")
    if parts.fragment:
        yield bad_value(field, parts.fragment, "fragments are not permitted in the URL")
    if parts.query:
        yield bad_value(field, parts.query, "query parameters are not permitted in the URL")


def _service(service: JsonObject, field: str) -> Iterator[Cause]:
    # kube-apiserver takes the one for the other here, and names the field that is not missing.
    for member, named in (("namespace", "name"), ("name", "namespace")):
        if not text(service, member):
            yield required(f"{field}.{named}")
    port = service.get("port", 443)
    if isinstance(port, int) and not 1 <= port <= 65_535:
        detail = "port is not valid: must be between 1 and 65535, inclusive"
        yield bad_value(f"{field}.port", port, detail)
    path = text(service, "path")
    if path in ("", "/"):
        return
    if path == "//":
        yield bad_value(f"{field}.path", path, "segment[0] may not be empty")
        return
    if not path.startswith("/"):
        yield bad_value(f"{field}.path", path, "must start with a '/'")
    for index, step in enumerate(path[1:].removesuffix("/").split("/")):
        problems = names.dns_subdomain_problems(step) if step else []
        if not step:
            yield bad_value(f"{field}.path", path, f"segment[{index}] may not be empty")
        yield from (bad_value(f"{field}.path", path, f"segment[{index}]: {one}") for one in problems)


def _versions(given: Sequence[Json], field: str) -> Iterator[Cause]:
    accepted = ", ".join(VERSIONS)
    if not given:
        yield required(field, f"must specify one of {accepted}")
        return
    seen: set[str] = set()
    for index, version in enumerate(str(each) for each in given):
        if version in seen:
            yield bad_value(f"{field}[{index}]", version, "duplicate version")
            continue
        seen.add(version)
        if len(version) > 63:
            yield bad_value(f"{field}[{index}]", version, "must be no more than 63 bytes")
        if not re.fullmatch(_DNS_1035, version):
            yield bad_value(f"{field}[{index}]", version, _DNS_1035_TEXT)
    if not seen & set(VERSIONS):
        yield bad_value(field, list(given), f"must include at least one of {accepted}")


_GROUP = "admissionregistration.k8s.io"
RULES = {
    (_GROUP, "MutatingWebhookConfiguration"): webhook_causes,
    (_GROUP, "ValidatingWebhookConfiguration"): webhook_causes,
}
