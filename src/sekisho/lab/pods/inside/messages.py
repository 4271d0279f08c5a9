"""How the lab and the first process of a pod speak: JSON with descriptors, one message per packet."""

import array
import json
import socket
from collections.abc import Mapping, Sequence
from typing import Any

MAX_BYTES = 160 * 1024
"""What fits into a packet of a Unix socket with its default buffer."""
MAX_DESCRIPTORS = 64
_CLOEXEC = 0x4000_0000
"""MSG_CMSG_CLOEXEC (recvmsg(2)), which Python does not name."""


def send(channel: socket.socket, message: Mapping[str, object], descriptors: Sequence[int] = ()) -> None:
    """Send one message.

    Raises:
        ValueError: it is too long.
        OSError: the other side is gone.
    """
    text = json.dumps(message).encode()
    if len(text) > MAX_BYTES:
        raise ValueError(f"{len(text)} bytes are more than the {MAX_BYTES} of a message")
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    channel.sendmsg([text], rights)


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[int]] | None:
    """Return the next message and its descriptors; None when the other side is gone.

    Raises:
        BlockingIOError: the socket does not block and nothing is there.
    """
    space = socket.CMSG_SPACE(MAX_DESCRIPTORS * array.array("i").itemsize)
    try:
        text, rights, _, _ = channel.recvmsg(MAX_BYTES, space, _CLOEXEC)
    except (ConnectionError, InterruptedError):
        return None
    if not text:
        return None
    found = array.array("i")
    for level, kind, data in rights:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            found.frombytes(data[: len(data) - len(data) % found.itemsize])
    message = json.loads(text)
    return message, list(found)
