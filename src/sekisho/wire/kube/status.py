"""Status documents (meta.k8s.io/v1 Status) with the texts of kube-apiserver: clients print them verbatim.

The texts are facts of the protocol (k8s.io/apimachinery pkg/api/errors, k8s.io/apiserver
endpoints/handlers/responsewriters): kubectl, eksctl and people's scripts look for them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sekisho.decide.values import Json


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason of an ``Invalid`` answer: ``field`` is a path such as ``rules[0].verbs``."""

    reason: str
    message: str
    field: str

    def document(self) -> dict[str, Json]:
        """Return the cause as a member of ``details.causes``."""
        return {"reason": self.reason, "message": self.message, "field": self.field}

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class KubeError(Exception):
    """A request that is answered with a failure Status: ``code`` is the HTTP status."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Json] | None = None) -> None:
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details or {}
        self.warnings: tuple[str, ...] = ()
        """Texts for ``Warning`` headers: what was wrong with the body besides."""
        super().__init__(message)

    def document(self) -> dict[str, Json]:
        """Return the Status document of this answer."""
        status: dict[str, Json] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
        }
        if self.reason:
            status["reason"] = self.reason
        if self.details:
            status["details"] = self.details
        status["code"] = self.code
        return status


def success(resource: str, group: str, name: str, uid: str = "") -> dict[str, Json]:
    """Return the Status that answers a DELETE which removed ``name`` at once."""
    details = _details(resource, group, name)
    if uid:
        details["uid"] = uid
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": details,
    }


def unauthorized() -> KubeError:
    """No credential, or none that is accepted."""
    return KubeError(401, "Unauthorized", "Unauthorized")


def forbidden_resource(
    user: str,
    verb: str,
    *,
    group: str,
    resource: str,
    subresource: str = "",
    name: str = "",
    namespace: str = "",
    because: str = "",
) -> KubeError:
    """``user`` may not ``verb`` the resource; the text ends with the authorizer's reason, ``because``."""
    path = f"{resource}/{subresource}" if subresource else resource
    scope = f"in the namespace {quote(namespace)}" if namespace else "at the cluster scope"
    sentence = f"User {quote(user)} cannot {verb} resource {quote(path)} in API group {quote(group)} {scope}"
    return forbidden(resource, group, name, _escaped(sentence) + (f": {because}" if because else ""))


def forbidden_path(user: str, verb: str, path: str, because: str = "") -> KubeError:
    """``user`` may not ``verb`` the non-resource ``path``."""
    sentence = _escaped(f"User {quote(user)} cannot {verb} path {quote(path)}")
    sentence += f": {because}" if because else ""
    return KubeError(403, "Forbidden", f"forbidden: {sentence}", {})


def forbidden(resource: str, group: str, name: str, sentence: str) -> KubeError:
    """Admission or authorization refuses; ``sentence`` says why."""
    subject = qualified(resource, group) + (f" {quote(name)}" if name else "")
    return KubeError(403, "Forbidden", f"{subject} is forbidden: {sentence}", _details(resource, group, name))


def not_found(resource: str, group: str, name: str) -> KubeError:
    """There is no such object."""
    message = f"{qualified(resource, group)} {quote(name)} not found"
    return KubeError(404, "NotFound", message, _details(resource, group, name))


def no_such_path() -> KubeError:
    """The path names no resource that is served."""
    return KubeError(404, "NotFound", "the server could not find the requested resource")


def method_not_allowed(method_or_verb: str = "") -> KubeError:
    """The resource exists but does not know this verb."""
    return KubeError(
        405,
        "MethodNotAllowed",
        "the server does not allow this method on the requested resource",
        {"causes": [{"reason": "UnexpectedServerResponse", "message": method_or_verb}]}
        if method_or_verb
        else {},
    )


def not_acceptable(accepted: Sequence[str]) -> KubeError:
    """No media type of the Accept header can be produced."""
    shown = f"406: Not Acceptable\n\nAvailable representations: {', '.join(accepted)}"
    return KubeError(406, "NotAcceptable", shown)


def no_such_form(accepted: Sequence[str]) -> KubeError:
    """The media type can be produced, the form that its parameters ask for cannot."""
    return KubeError(
        406, "NotAcceptable", f"only the following media types are accepted: {', '.join(accepted)}"
    )


def not_in_form(asked: str, what: str, type_: str) -> KubeError:
    """The form that is asked for is not one of a list, or of a single object."""
    return KubeError(
        406, "NotAcceptable", f"you requested {asked}, but the requested object {what} ({type_})"
    )


def already_exists(resource: str, group: str, name: str) -> KubeError:
    """A create of a name that is taken."""
    message = f"{qualified(resource, group)} {quote(name)} already exists"
    return KubeError(409, "AlreadyExists", message, _details(resource, group, name))


MODIFIED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(resource: str, group: str, name: str, sentence: str = MODIFIED) -> KubeError:
    """The update is based on another version than the stored one, or a precondition fails."""
    message = f"Operation cannot be fulfilled on {qualified(resource, group)} {quote(name)}: {sentence}"
    return KubeError(409, "Conflict", message, _details(resource, group, name))


def expired(asked: int | str, oldest: int | str) -> KubeError:
    """The history before ``oldest`` is gone; the client has to list again."""
    return KubeError(410, "Expired", f"too old resource version: {asked} ({oldest})")


def continue_expired() -> KubeError:
    """The continue token is older than the kept history."""
    return KubeError(
        410,
        "Expired",
        "The provided continue parameter is too old to display a consistent list result. "
        "You must start a new list without the continue parameter.",
    )


def set_on_create() -> KubeError:
    """A create names a resourceVersion; kube-apiserver answers it as an error without a reason."""
    return KubeError(500, "", "resourceVersion should not be set on objects to be created")


def too_large(limit: int) -> KubeError:
    """The request body is longer than ``limit`` bytes."""
    return KubeError(413, "RequestEntityTooLarge", f"Request entity too large: limit is {limit}")


def unsupported_media_type(media_type: str, accepted: Sequence[str]) -> KubeError:
    """The body's Content-Type is not one that is read here."""
    shown = "the body of the request was in an unknown format - accepted media types include: "
    shown += ", ".join(accepted)
    return KubeError(
        415, "UnsupportedMediaType", shown, {"causes": [_unexpected(media_type)]} if media_type else {}
    )


def invalid(kind: str, group: str, name: str, causes: Sequence[Cause]) -> KubeError:
    """The object breaks rules of its kind; every cause is told."""
    told = list(dict.fromkeys(str(cause) for cause in causes))
    listed = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    message = f"{qualified(kind, group)} {quote(name)} is invalid" + (f": {listed}" if told else "")
    details = _details(kind, group, name)
    details["causes"] = [cause.document() for cause in causes]
    return KubeError(422, "Invalid", message, details)


def bad_request(message: str) -> KubeError:
    """The request cannot be understood."""
    return KubeError(400, "BadRequest", message)


def strict_decoding(kind: str, version: str, problems: Sequence[str]) -> KubeError:
    """``fieldValidation=Strict`` and the body has unknown or duplicate fields.

    ``problems`` are texts such as ``unknown field "spec.x"``; ``version`` is the version
    within the group (``v1``), as kube-apiserver writes it.
    """
    told = ", ".join(problems)
    return bad_request(
        f"{kind} in version {quote(version)} cannot be handled as a {kind}: strict decoding error: {told}"
    )


def cannot_decode(kind: str, version: str, problem: str) -> KubeError:
    """The body is of ``kind`` but a member has the wrong type."""
    return bad_request(f"{kind} in version {quote(version)} cannot be handled as a {kind}: {problem}")


def internal(sentence: str) -> KubeError:
    """Something on this side failed; ``sentence`` must not hold a credential."""
    return KubeError(
        500, "InternalError", f"Internal error occurred: {sentence}", {"causes": [{"message": sentence}]}
    )


def qualified(resource: str, group: str) -> str:
    """Return ``roles.rbac.authorization.k8s.io``; the core group is not written."""
    return f"{resource}.{group}" if group else resource


def quote(text: str) -> str:
    """Return ``text`` in double quotes with Go's escapes (the common ones coincide with JSON's)."""
    return json.dumps(text, ensure_ascii=False)


def _details(resource: str, group: str, name: str) -> dict[str, Json]:
    members = {"name": name, "group": group, "kind": resource}
    return {key: value for key, value in members.items() if value}


def _unexpected(message: str) -> dict[str, Json]:
    return {"reason": "UnexpectedServerResponse", "message": message}


def _escaped(sentence: str) -> str:
    # The user name is under the caller's control and a browser may show the answer.
    return sentence.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
