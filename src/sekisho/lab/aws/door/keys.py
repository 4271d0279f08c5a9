"""The condition keys that the door itself knows: they follow neither from the call nor from the caller."""

from collections.abc import Mapping
from typing import Final

from sekisho.decide.proof.credential import Signed
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.request.aws_request import ContextValue
from sekisho.decide.values import Instant
from sekisho.lab.net.sockets import LOOPBACK

CLIENT_HEADERS: Final = {"user-agent": "aws:UserAgent", "referer": "aws:referer"}
"""Headers whose text is the value of a key."""

SERVICE_ADDRESS: Final = "198.51.100.1"
"""Where a service asks from that asks for a caller: no address of the caller's (IAM User Guide,
"aws:ViaAWSService"), here one of documentation (RFC 5737)."""


def client_headers(request: HttpRequest) -> dict[str, str]:
    """Return what a request says of its client; a header that is repeated counts once, as the first."""
    found = {header: request.header(header) for header in CLIENT_HEADERS}
    return {header: values[0] for header, values in found.items() if values}


def door_keys(now: Instant, headers: Mapping[str, str]) -> dict[str, ContextValue]:
    """Return time, transport, address and client of a request.

    ``headers`` are those that tell of the client (`CLIENT_HEADERS`); one that was not sent is an absent
    key. Source: IAM User Guide, "AWS global condition context keys".
    """
    said: dict[str, ContextValue] = {
        key: headers[header] for header, key in CLIENT_HEADERS.items() if header in headers
    }
    return said | {
        "aws:CurrentTime": now.rfc3339(),
        "aws:EpochTime": str(int(now.epoch)),
        "aws:SecureTransport": "true",
        "aws:SourceIp": LOOPBACK,
    }


def signature_keys(signed: Signed, now: Instant) -> dict[str, ContextValue]:
    """Return how a request was signed, as S3's policies ask (S3 API Reference, "Condition keys for SigV4").

    ``now`` is the client's moment; ``s3:signatureAge`` counts milliseconds.
    """
    return {
        "s3:authType": str(signed.form),
        "s3:signatureversion": "AWS4-HMAC-SHA256",
        "s3:signatureAge": str(max(0, int((now - signed.signed_at).total_seconds() * 1000))),
        "s3:x-amz-content-sha256": signed.payload_hash,
        "s3:TlsVersion": "1.3",
    }
