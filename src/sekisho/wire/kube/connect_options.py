"""The query of exec, attach and port-forward as the object that admission is asked about, and back.

Source: core/v1 PodExecOptions, PodAttachOptions and PodPortForwardOptions; apiserver
``pkg/endpoints/handlers/rest.go`` (ConnectResource).
"""

from typing import Final

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube.members import items, text
from sekisho.wire.kube.pod_options import Query, flag

KINDS: Final = {
    "attach": "PodAttachOptions",
    "exec": "PodExecOptions",
    "portforward": "PodPortForwardOptions",
}
_FLAGS: Final = ("stdin", "stdout", "stderr", "tty")


def options_of(subresource: str, query: Query) -> JsonObject:
    """Return the options that a query gives; what is no port is left to whoever forwards."""
    if subresource == "portforward":
        ports: list[Json] = [
            int(part)
            for value in query.get("ports", ())
            for part in value.split(",")
            if part.isascii() and part.isdecimal() and len(part) < 6
        ]
        return {"ports": ports} if ports else {}
    options: dict[str, Json] = {name: True for name in _FLAGS if flag(query, name)}
    container = next(iter(query.get("container", ())), "")
    options |= {"container": container} if container else {}
    if subresource == "exec":
        options["command"] = list(query["command"]) if "command" in query else None
    return options


def query_of(options: JsonObject) -> Query:
    """Return the query that gives these options."""
    query = {name: ["true"] for name in _FLAGS if options.get(name) is True}
    for name in ("command", "ports"):
        if items(options, name):
            query[name] = [str(one) for one in items(options, name)]
    container = text(options, "container")
    return {**query, "container": [container]} if container else query
