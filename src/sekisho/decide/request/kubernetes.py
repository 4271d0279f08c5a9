"""Read a Kubernetes request line as the attributes that authorizers decide on.

The rules are those of the API server (apiserver ``pkg/endpoints/request/requestinfo.go``):
what has no resource in its path is a non-resource request, and verbs are not methods.
"""

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, unquote

from sekisho.decide.values import Ref, SekishoInputError

MAX_REQUEST_LINE_CHARS = 64 * 1024

_VERB_OF_METHOD = {
    "POST": "create",
    "GET": "get",
    "HEAD": "get",
    "PUT": "update",
    "PATCH": "patch",
    "DELETE": "delete",
}
_PATH_VERBS = frozenset({"watch", "proxy"})
_NAMESPACE_SUBRESOURCES = frozenset({"status", "finalize"})
_COLLECTION_VERBS = frozenset({"list", "watch", "deletecollection"})
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FIELD_TERM = re.compile(r"(?P<field>.*?)(?P<operator>!=|==|=)(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class RequestAttributes:
    """One request as authorizers see it (authorization.k8s.io/v1 ResourceAttributes, NonResourceAttributes).

    ``path`` is the URL path of a non-resource request and None for a resource request; a
    non-resource request has no other attribute than its verb. ``group`` is ``""`` for the core
    group. ``namespace`` is ``""`` at cluster scope and for all namespaces. ``name`` is ``""``
    where the request names no object. The selectors are raw, kept for list, watch and
    deletecollection; RBAC ignores them.
    """

    verb: str
    group: str = ""
    version: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str | None = None
    field_selector: str = ""
    label_selector: str = ""

    @property
    def is_resource_request(self) -> bool:
        """Whether the request is about a resource, not about a URL."""
        return self.path is None

    @property
    def resource_path(self) -> str:
        """``resource`` or ``resource/subresource``: the spelling that rules use."""
        return f"{self.resource}/{self.subresource}" if self.subresource else self.resource


def parse(method: str, path: str, query: str = "") -> RequestAttributes:
    """Return the attributes of one request.

    ``method`` is as sent (case matters), ``path`` and ``query`` as on the request line,
    percent-encoded and without the ``?``. Like the API server, an encoded slash separates
    path segments too.

    Raises:
        SekishoInputError: the line is over ``MAX_REQUEST_LINE_CHARS``, an escape is broken or
            not UTF-8, or ``/watch`` and ``/proxy`` are followed by nothing.
    """
    decoded = _decode(path, query)
    parts = decoded.strip("/").split("/")
    split = _split_version(parts)
    if split is None:
        return RequestAttributes(verb=method.lower(), path=decoded)
    group, version, rest = split
    verb = _VERB_OF_METHOD.get(method, "")
    if rest[0] in _PATH_VERBS:
        if len(rest) < 2:
            raise SekishoInputError.single(
                "request.path-verb-alone", Ref("request"), f"expected a resource after `{decoded}`"
            )
        verb, rest = rest[0], rest[1:]
    namespace, rest = _split_namespace(rest)
    attributes = RequestAttributes(
        verb=verb,
        group=group,
        version=version,
        resource=rest[0],
        subresource=rest[2] if len(rest) > 2 and verb != "proxy" else "",
        namespace=namespace,
        name=rest[1] if len(rest) > 1 else "",
    )
    return _of_collection(attributes, dict(reversed(parse_qsl(query, keep_blank_values=True))))


def creation_by_update(attributes: RequestAttributes) -> RequestAttributes:
    """Return the second request that is authorized when an update or patch creates the object.

    A PUT, PATCH or server-side apply on a missing object must also be allowed to ``create`` it,
    under the name in the URL (apiserver ``handlers/update.go`` and ``handlers/patch.go``).
    """
    return replace(attributes, verb="create")


def _decode(path: str, query: str) -> str:
    if len(path) + len(query) > MAX_REQUEST_LINE_CHARS:
        raise SekishoInputError.single(
            "request.line-too-long", Ref("request"), f"longer than {MAX_REQUEST_LINE_CHARS} characters"
        )
    if _BAD_ESCAPE.search(path):
        raise SekishoInputError.single(
            "request.bad-escape", Ref("request"), "expected two hexadecimal digits after each `%` of the path"
        )
    try:
        return unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise SekishoInputError.single(
            "request.bad-escape", Ref("request"), "expected the escapes of the path to be UTF-8"
        ) from None


def _split_version(parts: list[str]) -> tuple[str, str, list[str]] | None:
    """Return group, version and what follows; None for a path that names no resource."""
    if parts[0] == "api" and len(parts) >= 3:
        return "", parts[1], parts[2:]
    if parts[0] == "apis" and len(parts) >= 4:
        return parts[1], parts[2], parts[3:]
    return None


def _split_namespace(rest: list[str]) -> tuple[str, list[str]]:
    """``namespaces/X`` itself keeps X as its name and as its namespace."""
    if rest[0] != "namespaces" or len(rest) < 2:
        return "", rest
    if len(rest) > 2 and rest[2] not in _NAMESPACE_SUBRESOURCES:
        return rest[1], rest[2:]
    return rest[1], rest


def _of_collection(attributes: RequestAttributes, query: dict[str, str]) -> RequestAttributes:
    """Turn a get or delete without a name into list, watch or deletecollection."""
    selector = query.get("fieldSelector", "")
    verb, name = attributes.verb, attributes.name
    if not name and verb == "get":
        verb = "watch" if _is_true(query.get("watch")) else "list"
        name = _selected_name(selector)
    elif not name and verb == "delete":
        verb = "deletecollection"
    if verb not in _COLLECTION_VERBS:
        return attributes
    return replace(
        attributes,
        verb=verb,
        name=name,
        field_selector=selector,
        label_selector=query.get("labelSelector", ""),
    )


def _is_true(value: str | None) -> bool:
    """``?watch`` and ``?watch=`` are true: only ``false`` and ``0`` are not (apimachinery conversion)."""
    return value is not None and value.lower() not in {"false", "0"}


def _selected_name(selector: str) -> str:
    """Return X of ``metadata.name=X``, the only way that a list or watch can carry a name.

    A selector that cannot be parsed selects no name, and neither does an X that could not
    stand in a path.
    """
    found = ""
    for term in _split_terms(selector):
        match = _FIELD_TERM.fullmatch(term)
        if match is None:
            return ""
        value = _unescape(match["value"])
        if value is None:
            return ""
        if not found and match["field"] == "metadata.name" and match["operator"] != "!=":
            found = value
    return "" if found in {".", ".."} or "/" in found or "%" in found else found


def _split_terms(selector: str) -> list[str]:
    """Split at commas that no backslash protects; empty terms say nothing."""
    return re.findall(r"(?:\\.|[^,\\]|\\$)+", selector, re.DOTALL)


def _unescape(value: str) -> str | None:
    """Return the value of a term; None if an escape or a bare ``=`` makes it invalid."""
    bare = re.sub(r"\\[\\,=]", "", value)
    if "\\" in bare or "=" in bare:
        return None
    return re.sub(r"\\([\\,=])", r"\1", value)
