"""Pages of a list: where one ends and the next begins.

Source: Kubernetes documentation, "Kubernetes API Concepts", "Retrieving large results sets in chunks".
"""

import base64
import binascii
import json

from sekisho.decide.values import JsonObject, SekishoInputError
from sekisho.decide.values.documents import parse_json
from sekisho.wire.kube import status
from sekisho.wire.kube.members import text


def place_of(body: JsonObject) -> str:
    """Return where an object stands in a list: lists are sorted by it."""
    return f"{text(body, 'metadata', 'namespace')}/{text(body, 'metadata', 'name')}"


def continue_token(place: str) -> str:
    """Return the token with which the list goes on after ``place``."""
    return base64.urlsafe_b64encode(json.dumps({"v": 1, "after": place}).encode()).decode()


def continued(token: str) -> str | None:
    """Return the place that a token names; None: the list begins.

    Raises:
        KubeError: 400, no token of this server.
    """
    if not token:
        return None
    try:
        value = parse_json(base64.urlsafe_b64decode(token.encode()), "continue")
    except (binascii.Error, SekishoInputError):
        value = None
    match value:
        case {"v": 1, "after": str(place)}:
            return place
    try:
        base64.urlsafe_b64decode(token.encode())
    except (binascii.Error, ValueError):
        problem = f"illegal base64 data at input byte {len(token) - len(token) % 4}"
    else:
        problem = "not a token of this server"
    raise status.bad_request(f"invalid continue token: continue key is not valid: {problem}")
