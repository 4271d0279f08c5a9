"""``authorizer`` of admission expressions: what a chain of its calls asks, and whether it is allowed.

A value of it is a mapping whose member ``is`` holds bytes, which nothing read from JSON does. The compiler
checks an expression against types of their own and evaluates it over mappings: the library passes no value
of an opaque type.

Source: Kubernetes, "Common Expression Language in Kubernetes", section "Kubernetes authorizer library";
apiserver ``pkg/cel/library/authz.go``.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from sekisho.decide.cel.library import types
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser

Authorize = Callable[[KubeUser, RequestAttributes], bool]

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_STEP: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = re.compile(rf"(?=.{{1,253}}\Z){_STEP}(\.{_STEP})*")
_ATTRIBUTES: Final = {
    **{name: name for name in ("group", "resource", "subresource", "namespace", "name")},
    "fieldSelector": "field_selector",
    "labelSelector": "label_selector",
}
_AUTHORIZER: Final = b"Authorizer"
_PATH: Final = b"PathCheck"
_GROUP: Final = b"GroupCheck"
_RESOURCE: Final = b"ResourceCheck"
_DECISION: Final = b"Decision"


def whole(user: KubeUser) -> dict[str, Any]:
    """Return the value of ``authorizer`` for the user of a request."""
    return {"is": _AUTHORIZER, "user": user.name, "groups": list(user.groups)}


def request_resource(user: KubeUser, request: RequestAttributes) -> dict[str, Any]:
    """Return the value of ``authorizer.requestResource``."""
    return {
        **whole(user),
        "is": _RESOURCE,
        "group": request.group,
        "resource": request.resource,
        "subresource": request.subresource,
        "namespace": request.namespace,
        "name": request.name,
    }


def _account(value: Mapping[str, Any], namespace: str, name: str) -> dict[str, Any]:
    if not _SUBDOMAIN.fullmatch(name):
        raise ValueError("Invalid service account name")
    if not _LABEL.fullmatch(namespace):
        raise ValueError("Invalid service account namespace")
    user = f"system:serviceaccount:{namespace}:{name}"
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    return {**value, "user": user, "groups": groups}


def _named(kind: bytes, member: str) -> Callable[[Mapping[str, Any], str], dict[str, Any]]:
    def asked(value: Mapping[str, Any], text: str) -> dict[str, Any]:
        if not text and kind != _GROUP:
            raise ValueError(f"{member} must not be empty")
        return {**value, "is": kind, member: text}

    return asked


def _with(member: str) -> Callable[[Mapping[str, Any], str], dict[str, Any]]:
    def asked(value: Mapping[str, Any], text: str) -> dict[str, Any]:
        return {**value, member: text}

    return asked


def checking(authorize: Authorize) -> Callable[[Mapping[str, Any], str], dict[str, Any]]:
    """Return the function ``check`` over ``authorize``."""

    def check(value: Mapping[str, Any], verb: str) -> dict[str, Any]:
        _require("check(map, string)", value, _PATH, _RESOURCE)
        user = KubeUser(str(value["user"]), tuple(value["groups"]))
        if value["is"] == _PATH:
            asked = RequestAttributes(verb, path=str(value["path"]))
        else:
            named = {to: str(value.get(member, "")) for member, to in _ATTRIBUTES.items()}
            asked = RequestAttributes(verb, version="*", **named)
        return {"is": _DECISION, "allowed": authorize(user, asked)}

    return check


_CALLS: Final[tuple[tuple[str, bytes, int, bytes | str, Callable[..., Any]], ...]] = (
    ("serviceAccount", _AUTHORIZER, 2, _AUTHORIZER, _account),
    ("path", _AUTHORIZER, 1, _PATH, _named(_PATH, "path")),
    ("group", _AUTHORIZER, 1, _GROUP, _named(_GROUP, "group")),
    ("resource", _GROUP, 1, _RESOURCE, _named(_RESOURCE, "resource")),
    *(
        (name, _RESOURCE, 1, _RESOURCE, _with(name))
        for name in ("subresource", "namespace", "name", "fieldSelector", "labelSelector")
    ),
    ("allowed", _DECISION, 0, "BOOL", lambda value: value["allowed"]),
    ("errored", _DECISION, 0, "BOOL", lambda _: False),
    ("error", _DECISION, 0, "STRING", lambda _: ""),
    ("reason", _DECISION, 0, "STRING", lambda _: ""),
)
"""Name, type that it is called on, number of texts that it takes, type of its value, and what it does."""


def checked_type(kind: bytes = _AUTHORIZER) -> Any:
    """Return the type that the compiler holds an expression to."""
    return types().Type.AbstractType(f"kubernetes.authorization.{kind.decode()}")


def checked_variables() -> dict[str, Any]:
    """Return the variables of this library by their types."""
    return {"authorizer": checked_type(), "authorizer.requestResource": checked_type(_RESOURCE)}


def checked_functions() -> list[Any]:
    """Return the functions as the compiler is to check them."""
    cel = types()
    found = [
        _declared(name, [checked_type(kind), *[cel.Type.STRING] * count], _type(result, checked_type))
        for name, kind, count, result, _ in _CALLS
    ]
    checks = [
        cel.Overload(
            f"{kind.decode()}_check", checked_type(_DECISION), [checked_type(kind), cel.Type.STRING], True
        )
        for kind in (_PATH, _RESOURCE)
    ]
    return [*found, cel.FunctionDecl("check", checks)]


def mapping_type() -> Any:
    """Return the type that values have in an evaluation."""
    cel = types()
    return cel.Type.Map(cel.Type.STRING, cel.Type.DYN)


def functions() -> list[Any]:
    """Return the functions as they are evaluated; ``check`` is bound to an authorizer by each evaluation."""
    cel = types()
    value = mapping_type()
    found = [
        _declared(
            name,
            [value, *[cel.Type.STRING] * count],
            _type(result, lambda _: value),
            _guarded(f"{name}(map{', string' * count})", kind, function),
        )
        for name, kind, count, result, function in _CALLS
    ]
    return [*found, _declared("check", [value, cel.Type.STRING], value)]


def bound(authorize: Authorize) -> Any:
    """Return ``check`` for one evaluation."""
    cel = types()
    value = mapping_type()
    return cel.Function("check", [value, cel.Type.STRING], True, checking(authorize), value)


def _declared(name: str, parameters: list[Any], result: Any, function: Any = None) -> Any:
    cel = types()
    given = {} if function is None else {"impl": function}
    overload = cel.Overload(f"authorizer_{name}", result, parameters, True, **given)
    return cel.FunctionDecl(name, [overload])


def _type(result: bytes | str, of_kind: Callable[[bytes], Any]) -> Any:
    return getattr(types().Type, result) if isinstance(result, str) else of_kind(result)


def _guarded(called_as: str, kind: bytes, function: Callable[..., Any]) -> Callable[..., Any]:
    def called(value: Mapping[str, Any], *texts: str) -> Any:
        _require(called_as, value, kind)
        return function(value, *texts)

    return called


def _require(called_as: str, value: Mapping[str, Any], *kinds: bytes) -> None:
    if value.get("is") not in kinds:
        raise ValueError(f"no such overload: {called_as}")
