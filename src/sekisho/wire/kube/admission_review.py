"""AdmissionReview on the wire: what a kube-apiserver asks, and the answer in the version that it asked in.

Source: k8s.io/api ``admission/v1`` and ``v1beta1``; Kubernetes documentation, "Dynamic Admission
Control", "Webhook request and response".
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sekisho.decide.values import Json, JsonObject, Ref, SekishoInputError
from sekisho.decide.values.documents import parse_json, to_json
from sekisho.decide.workload.mutation import Patch

GROUP: Final = "admission.k8s.io"
VERSIONS: Final = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
MAX_BODY_BYTES: Final = 3 * 1024 * 1024
"""As much as kube-apiserver takes from a client; what it asks about was smaller."""
MAX_UID_CHARS: Final = 256
MAX_WARNING_CHARS: Final = 256
"""kube-apiserver cuts longer warnings, and all of them where they have more than 4096 together."""
MAX_WARNINGS: Final = 8

_CODE: Final = "admission-review.malformed"


@dataclass(frozen=True, slots=True)
class AdmissionReview:
    """A question. ``pod`` is the object as it came; ``resource`` has its subresource (``pods/status``)."""

    api_version: str
    uid: str
    namespace: str
    name: str
    operation: str
    resource: str
    is_dry_run: bool
    pod: Json

    @property
    def is_creation(self) -> bool:
        """Whether a pod is created."""
        return self.operation == "CREATE" and self.resource == "pods"


def read_review(body: bytes) -> AdmissionReview:
    """Return the question in ``body``.

    Raises:
        SekishoInputError: it is no AdmissionReview with a request.
    """
    value = parse_json(body, "request")
    if not isinstance(value, dict):
        raise _malformed("", "expected an AdmissionReview")
    version = value.get("apiVersion")
    if version not in VERSIONS:
        raise _malformed("/apiVersion", f"expected one of {', '.join(VERSIONS)}")
    if value.get("kind") != "AdmissionReview":
        raise _malformed("/kind", "expected AdmissionReview")
    request = value.get("request")
    if not isinstance(request, dict):
        raise _malformed("/request", "expected an object")
    uid = _text(request, "uid")
    if not uid or len(uid) > MAX_UID_CHARS:
        raise _malformed("/request/uid", f"expected at most {MAX_UID_CHARS} characters")
    resource = request.get("resource")
    if not isinstance(resource, dict):
        raise _malformed("/request/resource", "expected an object")
    group, plural = _text(resource, "group", "resource/"), _text(resource, "resource", "resource/")
    subresource = _text(request, "subResource")
    shown = f"{plural}.{group}" if group else plural
    return AdmissionReview(
        str(version),
        uid,
        _text(request, "namespace"),
        _text(request, "name"),
        _text(request, "operation"),
        f"{shown}/{subresource}" if subresource else shown,
        request.get("dryRun") is True,
        request.get("object"),
    )


def allowed(review: AdmissionReview, patch: Patch, warnings: Sequence[str], audit: dict[str, str]) -> bytes:
    """Return the answer that the pod may be created, after ``patch``.

    ``warnings`` are shown to whoever creates it; ``audit`` goes into the API server's audit log.
    """
    response: dict[str, Json] = {"uid": review.uid, "allowed": True}
    if patch:
        document = to_json([one.document() for one in patch])
        response |= {"patchType": "JSONPatch", "patch": base64.b64encode(document).decode()}
    if warnings:
        response["warnings"] = [text[:MAX_WARNING_CHARS] for text in warnings[:MAX_WARNINGS]]
    if audit:
        response["auditAnnotations"] = audit
    return _answer(review, response)


def refused(review: AdmissionReview, message: str) -> bytes:
    """Return the answer that the request is none this webhook can read, because of ``message``."""
    status: JsonObject = {"status": "Failure", "reason": "BadRequest", "code": 400, "message": message}
    return _answer(review, {"uid": review.uid, "allowed": False, "status": status})


def _answer(review: AdmissionReview, response: JsonObject) -> bytes:
    return to_json({"apiVersion": review.api_version, "kind": "AdmissionReview", "response": response})


def _text(request: JsonObject, name: str, within: str = "") -> str:
    found = request.get(name)
    if found is None:
        return ""
    if not isinstance(found, str):
        raise _malformed(f"/request/{within}{name}", "expected a string")
    return found


def _malformed(pointer: str, problem: str) -> SekishoInputError:
    return SekishoInputError.single(_CODE, Ref("request", pointer), problem)
