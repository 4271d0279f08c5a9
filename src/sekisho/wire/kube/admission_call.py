"""AdmissionReview as an API server writes it, and the answer of a webhook read.

Source: k8s.io/apiserver ``pkg/admission/plugin/webhook/request``; Kubernetes documentation, "Dynamic
Admission Control", "Webhook request and response".
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sekisho.decide.values import Json, JsonObject, SekishoInputError
from sekisho.decide.values.documents import parse_json, to_json
from sekisho.wire.kube.members import items, mapping, text

GROUP: Final = "admission.k8s.io"
MAX_ANSWER_BYTES: Final = 3 * 1024 * 1024
MAX_WARNINGS: Final = 32
MAX_WARNING_CHARS: Final = 256
"""kube-apiserver keeps so much of each, and 4096 characters of all."""
MAX_ALL_WARNING_CHARS: Final = 4096


class AnswerError(ValueError):
    """The webhook answered with something that is no review of this request; the text says what."""

    def __init__(self, problem: str, what: str = "received invalid webhook response:") -> None:
        super().__init__(f"{what} {problem}")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a webhook says: ``patch`` is a JSON Patch, None where nothing changes."""

    allowed: bool
    status: JsonObject
    patch: Json = None
    warnings: tuple[str, ...] = ()
    audit: tuple[tuple[str, str], ...] = ()


def write_review(version: str, request: JsonObject) -> bytes:
    """Return the question in ``version`` (``v1`` or ``v1beta1``); ``request`` has its uid."""
    return to_json({"kind": "AdmissionReview", "apiVersion": f"{GROUP}/{version}", "request": request})


def read_answer(body: bytes, version: str, uid: str, *, mutating: bool) -> Answer:
    """Return the answer to the question ``uid`` in ``version``.

    Raises:
        AnswerError: it is no answer to it.
    """
    try:
        value = parse_json(body, "answer")
    except SekishoInputError as error:
        raise AnswerError(error.faults[0].problem) from None
    if not isinstance(value, Mapping) or not isinstance(value.get("response"), Mapping):
        raise AnswerError("webhook response was absent")
    response = mapping(value, "response")
    if version == "v1":
        if text(response, "uid") != uid:
            raise AnswerError(f'expected response.uid="{uid}", got "{text(response, "uid")[:256]}"')
        found = f"{GROUP}/{version}, Kind=AdmissionReview"
        given = f"{text(value, 'apiVersion')}, Kind={text(value, 'kind')}"
        if given != found:
            raise AnswerError(f"expected webhook response of {found}, got {given[:256]}")
    warnings = [one for one in items(response, "warnings") if isinstance(one, str)]
    audit = mapping(response, "auditAnnotations")
    return Answer(
        response.get("allowed") is True,
        mapping(response, "status"),
        _patch(response, version, mutating=mutating),
        bounded_warnings(warnings),
        tuple((name, text(audit, name)) for name in sorted(audit)[:64]),
    )


def _patch(response: JsonObject, version: str, *, mutating: bool) -> Json:
    given, kind = text(response, "patch"), response.get("patchType")
    if not mutating:
        if version == "v1" and given:
            raise AnswerError("validating webhook may not return response.patch")
        if version == "v1" and kind is not None:
            raise AnswerError("validating webhook may not return response.patchType")
        return None
    if version == "v1":
        if given and kind is None:
            raise AnswerError("webhook returned response.patch but not response.patchType")
        if not given and kind is not None:
            raise AnswerError("webhook returned response.patchType but not response.patch")
        if kind == "":
            raise AnswerError('webhook returned invalid response.patchType of ""')
        if kind not in (None, "JSONPatch"):
            raise AnswerError(f'"{str(kind)[:64]}"', "unsupported patch type")
    if not given:
        return None
    try:
        patch = parse_json(base64.b64decode(given, validate=True), "patch")
    except (binascii.Error, ValueError, SekishoInputError):
        raise AnswerError("not base64 of JSON", "received undecodable patch in webhook response:") from None
    return patch or None


def bounded_warnings(warnings: list[str]) -> tuple[str, ...]:
    """Return warnings as far as they are passed on to a client."""
    kept: list[str] = []
    left = MAX_ALL_WARNING_CHARS
    for one in warnings[:MAX_WARNINGS]:
        shown = " ".join(one.split())[: min(MAX_WARNING_CHARS, left)]
        left -= len(shown)
        if shown:
            kept.append(shown)
    return tuple(kept)
