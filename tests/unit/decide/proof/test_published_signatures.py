"""Signatures that AWS prints in its own documentation, with the keys of the same pages."""

from datetime import timedelta

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.proof import (
    Code,
    Credential,
    HttpRequest,
    Scope,
    SigningKeys,
    presign,
    sign_headers,
    verify,
)
from sekisho.decide.sts import user
from sekisho.decide.values import Instant, Secret

MIRA = user("111122223333", "mira", "AIDAEXAMPLE000000001")
S3_KEY = Credential("AKIAIOSFODNN7EXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), MIRA)
S3_NOW = Instant.parse_amz("20130524T000000Z")
S3 = Scope("s3", frozenset({"us-east-1"}))
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_iam_user_guide_list_users() -> None:
    keys = SigningKeys("AKIDEXAMPLE", Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"))
    request = HttpRequest(
        "GET",
        "/",
        "Action=ListUsers&Version=2010-05-08",
        (
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
        ),
    )
    now = Instant.parse_amz("20150830T123600Z")
    signed = sign_headers(request, keys, now, region="us-east-1", service="iam")
    assert signed.header("authorization") == (
        (
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-date, "
            "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        ),
    )


def test_s3_reference_get_object_with_range() -> None:
    request = HttpRequest(
        "GET",
        "/test.txt",
        "",
        (("host", "examplebucket.s3.amazonaws.com"), ("range", "bytes=0-9"), ("x-amz-content-sha256", EMPTY)),
    )
    signed = sign_headers(request, S3_KEY.keys, S3_NOW, region="us-east-1", service="s3")
    assert signed.header("authorization")[0].endswith(
        "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, "
        "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
    )


def test_s3_reference_presigned_get() -> None:
    request = HttpRequest("GET", "/test.txt", "", (("host", "examplebucket.s3.amazonaws.com"),))
    signed = presign(
        request, S3_KEY.keys, S3_NOW, region="us-east-1", service="s3", lifetime=timedelta(days=1)
    )
    assert signed.query == (
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&"
        "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&"
        "X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&"
        "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    )


def chunk(data: bytes, signature: str) -> bytes:
    return b"%x;chunk-signature=%s\r\n%s\r\n" % (len(data), signature.encode(), data)


CHUNKS = (
    chunk(b"a" * 65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"),
    chunk(b"a" * 1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"),
    chunk(b"", "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"),
)
TRAILER_CHUNKS = (
    chunk(b"a" * 65536, "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2"),
    chunk(b"a" * 1024, "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7"),
    b"0;chunk-signature=2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992\r\n",
    b"x-amz-checksum-crc32c:sOO8/Q==\r\n",
    b"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n",
)


def chunked(body: bytes) -> HttpRequest:
    headers = (
        ("host", "s3.amazonaws.com"),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("content-length", "66824"),
        (
            "authorization",
            (
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                "SignedHeaders=content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;"
                "x-amz-decoded-content-length;x-amz-storage-class,"
                "Signature=4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
            ),
        ),
    )
    return HttpRequest("PUT", "/examplebucket/chunkObject.txt", "", headers, body)


def trailing(body: bytes) -> HttpRequest:
    headers = (
        ("host", "s3.amazonaws.com"),
        ("x-amz-date", "20130524T000000Z"),
        ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"),
        ("content-encoding", "aws-chunked"),
        ("x-amz-decoded-content-length", "66560"),
        ("x-amz-trailer", "x-amz-checksum-crc32c"),
        (
            "authorization",
            (
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
                "SignedHeaders=content-encoding;host;x-amz-content-sha256;x-amz-date;"
                "x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer,"
                "Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"
            ),
        ),
    )
    return HttpRequest("PUT", "/examplebucket/chunkObject.txt", "", headers, body)


FIRST, SECOND, LAST = CHUNKS
BODIES = {
    "as printed": (chunked(b"".join(CHUNKS)), Code.SIGNED),
    "data changed": (chunked((FIRST + SECOND + LAST).replace(b"aaa", b"aab", 1)), Code.CHUNK),
    "chunks swapped": (chunked(SECOND + FIRST + LAST), Code.CHUNK),
    "chunk left out": (chunked(FIRST + LAST), Code.CHUNK),
    "end cut off": (chunked(FIRST + SECOND), Code.CHUNKS_FORM),
    "cut inside a chunk": (chunked((FIRST + SECOND)[:-9]), Code.CHUNK),
    "cut before the line break": (chunked((FIRST + SECOND)[:-2]), Code.CHUNKS_FORM),
    "more after the end": (chunked(FIRST + SECOND + LAST + b"x"), Code.CHUNKS_FORM),
    "not chunked at all": (chunked(b"a" * 66560), Code.CHUNKS_FORM),
    "empty": (chunked(b""), Code.CHUNKS_FORM),
    "trailer as printed": (trailing(b"".join(TRAILER_CHUNKS)), Code.SIGNED),
    "trailer changed": (trailing(b"".join(TRAILER_CHUNKS).replace(b"sOO8", b"sOO9")), Code.CHUNK),
    "trailer left out": (trailing(b"".join(TRAILER_CHUNKS[:3])), Code.CHUNKS_FORM),
}


@pytest.mark.parametrize(("request_", "code"), BODIES.values(), ids=BODIES.keys())
def test_s3_reference_chunked_upload(request_: HttpRequest, code: Code) -> None:
    decision = verify(request_, {S3_KEY.access_key_id: S3_KEY}.get, S3_NOW, S3)
    assert [step.code for step in decision.decisive] == [code]
    assert decision.outcome is (Outcome.ALLOW if code is Code.SIGNED else Outcome.DENY)
