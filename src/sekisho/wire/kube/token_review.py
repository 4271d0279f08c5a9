"""TokenReview on the wire: what a kube-apiserver asks, and the answer in the version that it asked in.

Source: k8s.io/api ``authentication/v1`` and ``v1beta1``; kube-apiserver
``apiserver/plugin/pkg/authenticator/token/webhook``. Differs from aws-iam-authenticator: the answer
names version and kind, a refusal is HTTP 200 with its reason in ``status.error`` (which the API
server logs and the client never sees).
"""

from dataclasses import dataclass, field
from typing import Final

from sekisho.decide.values import Json, JsonObject, KubeUser, Ref, Secret, SekishoInputError
from sekisho.decide.values.documents import parse_json, to_json

GROUP: Final = "authentication.k8s.io"
VERSIONS: Final = (f"{GROUP}/v1", f"{GROUP}/v1beta1")
MAX_BODY_BYTES: Final = 64 * 1024
"""A token has at most 16 KiB."""

_CODE = "token-review.malformed"


@dataclass(frozen=True, slots=True)
class TokenReview:
    """A question: the version to answer in, the token, and for whom it is to hold (empty: for anybody)."""

    api_version: str
    token: Secret = field(repr=False)
    audiences: tuple[str, ...] = ()


def read_review(body: bytes) -> TokenReview:
    """Return the question in ``body``.

    Without ``apiVersion`` it is v1beta1: aws-iam-authenticator's clients may leave it out.

    Raises:
        SekishoInputError: it is no TokenReview; the token is never part of the message.
    """
    value = parse_json(body, "request")
    if not isinstance(value, dict):
        raise _malformed("", "expected a TokenReview")
    version = value.get("apiVersion", VERSIONS[1])
    if version not in VERSIONS:
        raise _malformed("/apiVersion", f"expected one of {', '.join(VERSIONS)}")
    if value.get("kind", "TokenReview") != "TokenReview":
        raise _malformed("/kind", "expected TokenReview")
    spec = value.get("spec")
    token = spec.get("token") if isinstance(spec, dict) else None
    if not isinstance(token, str) or not token:
        raise _malformed("/spec/token", "expected a token")
    audiences = (spec.get("audiences") if isinstance(spec, dict) else None) or []
    if not isinstance(audiences, list) or not all(isinstance(one, str) for one in audiences):
        raise _malformed("/spec/audiences", "expected a list of texts")
    return TokenReview(str(version), Secret(token), tuple(str(one) for one in audiences))


def admitted(review: TokenReview, user: KubeUser, audiences: tuple[str, ...] = ()) -> bytes:
    """Return the answer that ``review``'s token stands for ``user``.

    Without ``audiences`` an API server takes the answer to hold for its own.
    """
    shown: dict[str, Json] = {"username": user.name}
    if user.uid:
        shown["uid"] = user.uid
    if user.groups:
        shown["groups"] = list[Json](user.groups)
    if user.extra:
        shown["extra"] = {name: list[Json](values) for name, values in user.extra}
    named: JsonObject = {"audiences": list[Json](audiences)} if audiences else {}
    return _answer(review, {"authenticated": True, "user": shown, **named})


def refused(review: TokenReview, reason: str) -> bytes:
    """Return the answer that ``review``'s token stands for nobody, because of ``reason``."""
    return _answer(review, {"authenticated": False, "user": {}, "error": reason})


def _answer(review: TokenReview, status: JsonObject) -> bytes:
    document: JsonObject = {
        "kind": "TokenReview",
        "apiVersion": review.api_version,
        "metadata": {"creationTimestamp": None},
        "spec": {},
        "status": status,
    }
    return to_json(document)


def _malformed(pointer: str, problem: str) -> SekishoInputError:
    return SekishoInputError.single(_CODE, Ref("request", pointer), problem)
