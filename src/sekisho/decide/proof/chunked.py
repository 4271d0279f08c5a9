"""S3's aws-chunked bodies: each chunk is signed, and its signature covers the one before.

Source: Amazon S3 API Reference, "Signature calculations for the Authorization header:
transferring payload in multiple chunks" and "Trailing headers with signatures".
"""

import hmac
import re

from sekisho.decide.decision import Step
from sekisho.decide.proof.canonical import EMPTY_SHA256, signature
from sekisho.decide.proof.code import Code
from sekisho.decide.proof.payload import sha256_hex
from sekisho.decide.values import Ref

_HEAD = re.compile(rb"([0-9a-fA-F]{1,8});chunk-signature=([0-9a-f]{64})\r\n")
_TRAILER = re.compile(rb"((?:[a-z0-9-]+:[ -~]*\r?\n)+)\r?\n?x-amz-trailer-signature:([0-9a-f]{64})(?:\r\n)+")
_TRAILER_LINE = re.compile(rb"([a-z0-9-]+):[ ]*([ -~]*?)[ ]*\r?\n")
_AT = Ref("request", "/body")


def verify_chunks(
    body: bytes, key: bytes, amz_date: str, scope: str, seed: str, *, trailer: bool
) -> Step | None:
    """Return the step that refuses ``body``, or None if every part of it is signed.

    ``seed`` is the request's own signature, ``key`` its signing key.
    """
    at = 0
    previous = seed
    index = 0
    while True:
        head = _HEAD.match(body, at)
        if head is None:
            return Step(Code.CHUNKS_FORM, _AT)
        size = int(head[1], 16)
        end = head.end() + size
        data = body[head.end() : end]
        text = f"{amz_date}\n{scope}\n{previous}\n{EMPTY_SHA256}\n{sha256_hex(data)}"
        previous = signature(key, f"AWS4-HMAC-SHA256-PAYLOAD\n{text}")
        if not hmac.compare_digest(previous.encode(), head[2]):
            return Step(Code.CHUNK, _AT, (("index", str(index)),))
        if size == 0:
            break
        if body[end : end + 2] != b"\r\n":
            return Step(Code.CHUNKS_FORM, _AT)
        at = end + 2
        index += 1
    rest = body[head.end() :]
    if trailer:
        return _verify_trailer(rest, key, f"{amz_date}\n{scope}\n{previous}")
    return None if rest in (b"", b"\r\n") else Step(Code.CHUNKS_FORM, _AT)


def _verify_trailer(rest: bytes, key: bytes, before: str) -> Step | None:
    match = _TRAILER.fullmatch(rest)
    if match is None:
        return Step(Code.CHUNKS_FORM, _AT)
    canonical = b"".join(name + b":" + value + b"\n" for name, value in _TRAILER_LINE.findall(match[1]))
    expected = signature(key, f"AWS4-HMAC-SHA256-TRAILER\n{before}\n{sha256_hex(canonical)}")
    if not hmac.compare_digest(expected.encode(), match[2]):
        return Step(Code.CHUNK, _AT, (("index", "trailer"),))
    return None
