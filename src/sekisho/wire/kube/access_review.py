"""SubjectAccessReview on the wire: what a kube-apiserver asks, and the answer in the version it asked in.

Source: k8s.io/api ``authorization/v1`` and ``v1beta1`` (where groups are ``group``); kube-apiserver
``apiserver/plugin/pkg/authorizer/webhook``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Json, JsonObject, KubeUser, Ref, SekishoInputError
from sekisho.decide.values.documents import parse_json, to_json

GROUP: Final = "authorization.k8s.io"
VERSIONS: Final = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
MAX_BODY_BYTES: Final = 1024 * 1024
"""A request's attributes come from a URL and a few headers; groups and extra values may be many."""

_CODE = "access-review.malformed"


@dataclass(frozen=True, slots=True)
class AccessReview:
    """A question: who wants to do what, and the version to answer in."""

    api_version: str
    user: KubeUser
    request: RequestAttributes


def read_review(body: bytes) -> AccessReview:
    """Return the question in ``body``.

    Raises:
        SekishoInputError: it is no SubjectAccessReview.
    """
    value = parse_json(body, "request")
    if not isinstance(value, Mapping):
        raise _malformed("", "expected a SubjectAccessReview")
    version = value.get("apiVersion")
    if version not in VERSIONS:
        raise _malformed("/apiVersion", f"expected one of {', '.join(VERSIONS)}")
    if value.get("kind") != "SubjectAccessReview":
        raise _malformed("/kind", "expected SubjectAccessReview")
    spec = _mapping(value.get("spec"), "/spec")
    groups = spec.get("groups" if version == VERSIONS[0] else "group")
    user = KubeUser(
        _text(spec.get("user"), "/spec/user"),
        _texts(groups, "/spec/groups"),
        _text(spec.get("uid"), "/spec/uid"),
        tuple(
            (name, _texts(values, "/spec/extra"))
            for name, values in _mapping(spec.get("extra"), "/spec/extra").items()
        ),
    )
    return AccessReview(str(version), user, _attributes(spec))


def answered(review: AccessReview, *, allowed: bool, reason: str, error: str = "") -> bytes:
    """Return the answer: allowed, or no opinion (never denied, so that RBAC is still asked)."""
    status: dict[str, Json] = {"allowed": allowed}
    if reason:
        status["reason"] = reason
    if error:
        status["evaluationError"] = error
    return to_json({"kind": "SubjectAccessReview", "apiVersion": review.api_version, "status": status})


def _attributes(spec: JsonObject) -> RequestAttributes:
    resource, url = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if (resource is None) == (url is None):
        raise _malformed("/spec", "expected either resourceAttributes or nonResourceAttributes")
    if url is not None:
        asked = _mapping(url, "/spec/nonResourceAttributes")
        return RequestAttributes(
            _text(asked.get("verb"), "/spec/nonResourceAttributes/verb"),
            path=_text(asked.get("path"), "/spec/nonResourceAttributes/path"),
        )
    at = "/spec/resourceAttributes"
    asked = _mapping(resource, at)
    names = ("verb", "group", "version", "resource", "subresource", "namespace", "name")
    return RequestAttributes(*(_text(asked.get(name), f"{at}/{name}") for name in names))


def _mapping(value: Json, pointer: str) -> JsonObject:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _malformed(pointer, "expected an object")
    return value


def _text(value: Json, pointer: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _malformed(pointer, "expected text")
    return value


def _texts(value: Json, pointer: str) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise _malformed(pointer, "expected a list of text")
    return tuple(_text(item, pointer) for item in value)


def _malformed(pointer: str, problem: str) -> SekishoInputError:
    return SekishoInputError.single(_CODE, Ref("request", pointer), problem)
