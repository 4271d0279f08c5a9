"""The condition keys that the door itself knows: they follow neither from the call nor from the caller."""

from sekisho.decide.request.aws_request import ContextValue
from sekisho.decide.values import Instant
from sekisho.lab.net.sockets import LOOPBACK


def door_keys(now: Instant) -> dict[str, ContextValue]:
    """Return time, transport and address of a request (IAM User Guide, "Global condition context keys")."""
    return {
        "aws:CurrentTime": now.rfc3339(),
        "aws:EpochTime": str(int(now.epoch)),
        "aws:SecureTransport": "true",
        "aws:SourceIp": LOOPBACK,
    }
