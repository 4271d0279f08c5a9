"""Why a door of the lab turns a request away before it is a question of identity."""

from sekisho.decide.decision import ReasonCode


class DoorCode(ReasonCode):
    """Refusals of the lab's own doors; they stand in the journal and in the answer."""

    BROWSER_ORIGIN = (
        "door.browser-origin",
        "requests of web pages are refused (the request has an Origin header)",
    )
    FOREIGN_HOST = "door.foreign-host", "this door does not answer for the host {host}"
    HEAD_TOO_LARGE = "door.head-too-large", "the request head is larger than {limit} bytes"
    HEAD_TOO_SLOW = "door.head-too-slow", "the request head took too long"
    BODY_TOO_SLOW = "door.body-too-slow", "the request body took too long"
    MALFORMED = "door.malformed", "the bytes are not an HTTP request"
    BODY_TOO_LARGE = "door.body-too-large", "the request body is larger than {limit} bytes"
    UNSERVED = "door.unserved", "{problem}"
    SERVED = "door.served", "the request was served"
    REFUSED = "door.refused", "the API server refused the request for a reason of its own: {problem}"
    NOT_CONNECT = "door.not-connect", "the proxy serves CONNECT and plain HTTP requests only"
    AWS_PORT = "door.aws-port", "the lab serves {target} on port 443 only and never forwards AWS names"
    POD_NETWORK = (
        "door.pod-network",
        "{target} is no AWS name: a pod of the lab reaches what the lab serves, and no other host",
    )
    METADATA = (
        "door.metadata-address",
        "{target} is an address of instance metadata, which the lab never forwards",
    )
    UNREACHED = "door.unreached", "{target} cannot be found"
    TUNNEL = "door.tunnel", "tunnelled to {target}, which is not an AWS name"
