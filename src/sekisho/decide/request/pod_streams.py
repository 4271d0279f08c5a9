"""Which requests open a stream into a pod, and what more they need since Kubernetes 1.35.

A WebSocket begins with a GET, whose verb is ``get``, where SPDY began with a POST, whose verb is
``create``. Since 1.35 the API server asks for ``create`` in addition, so that whoever may only ``get``
``pods/exec`` cannot run commands (kubernetes ``pkg/registry/core/pod/rest/authorize.go``, feature gate
AuthorizePodWebsocketUpgradeCreatePermission, on by default).
"""

import re
from dataclasses import replace
from typing import Final

from sekisho.decide.request.kubernetes import RequestAttributes

CREATE_SINCE: Final = 35
"""The minor version of Kubernetes from which a ``get`` of a stream needs ``create`` as well."""

STREAMS: Final = frozenset({"attach", "exec", "portforward"})
_VERSION: Final = re.compile(r"1\.([0-9]{1,4})(?:\..*)?", re.ASCII)


def also_created(request: RequestAttributes) -> RequestAttributes | None:
    """Return the request with the verb ``create`` if it gets a stream of a pod, else None. Total."""
    is_stream = request.group == "" and request.resource == "pods" and request.subresource in STREAMS
    if not is_stream or request.verb != "get":
        return None
    return replace(request, verb="create")


def minor_of(version: str) -> int | None:
    """Return 34 for ``1.34`` or ``1.34.2-eks``; None for what was not read or is no version. Total."""
    found = _VERSION.fullmatch(version.removeprefix("v"))
    return int(found[1]) if found is not None else None
