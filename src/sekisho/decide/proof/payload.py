"""The last line of the canonical request: what a signature says about the body.

Source: Amazon S3 API Reference, "Signature calculations for the Authorization header", which
lists the values of ``x-amz-content-sha256``. Every other service signs the body's SHA-256.
"""

import hashlib
import hmac
import re

from sekisho.decide.decision import Step
from sekisho.decide.proof.canonical import EMPTY_SHA256
from sekisho.decide.proof.code import Code
from sekisho.decide.proof.credential import Form
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.values import Ref

UNSIGNED = "UNSIGNED-PAYLOAD"
UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
CHUNKED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
CHUNKED_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"

_WORDS = frozenset({UNSIGNED, UNSIGNED_TRAILER, CHUNKED, CHUNKED_TRAILER})
_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)
_AT = Ref("request", "/headers/x-amz-content-sha256")


def sha256_hex(body: bytes) -> str:
    """Return the SHA-256 of ``body`` in lower-case hexadecimal."""
    return hashlib.sha256(body).hexdigest() if body else EMPTY_SHA256


def signed_payload_hash(
    request: HttpRequest, parameters: tuple[tuple[str, str], ...], form: Form, *, s3: bool
) -> str | Step:
    """Return the payload line that the client must have signed.

    For S3 the client says it: in a header, or for presigned requests in the query, else
    UNSIGNED-PAYLOAD. Any other service hashes the body itself and ignores the header.
    """
    if not s3:
        return sha256_hex(request.body)
    stated = request.header("x-amz-content-sha256")
    if not stated and form is Form.QUERY:
        stated = tuple(value for name, value in parameters if name == "X-Amz-Content-Sha256") or (UNSIGNED,)
    if not stated:
        return Step(Code.PAYLOAD_HASH_MISSING, _AT)
    if len(stated) > 1 or not (stated[0] in _WORDS or _SHA256.fullmatch(stated[0])):
        return Step(Code.PAYLOAD_HASH_FORM, _AT, (("payload_hash", stated[0][:64]),))
    return stated[0]


def compare_body(payload_hash: str, body: bytes) -> Step | None:
    """Return a step if a stated SHA-256 is not that of ``body``; S3's words state none."""
    if payload_hash in _WORDS or hmac.compare_digest(payload_hash, sha256_hex(body)):
        return None
    return Step(Code.PAYLOAD, _AT, (("stated", payload_hash), ("computed", sha256_hex(body))))
