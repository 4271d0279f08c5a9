"""What the query of a request for a pod's streams asks for (core/v1 PodExecOptions, PodLogOptions and kin).

Source: apimachinery ``pkg/runtime/conversion.go`` (how a query becomes values), ``ValidatePodLogOptions``
of ``pkg/apis/core/validation``. `tests/e2e/test_real_pod_streams.py` compares the texts with kube-apiserver.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qs

from sekisho.decide.values import Instant, JsonObject
from sekisho.wire.kube import status
from sekisho.wire.kube.causes import bad_value, not_allowed
from sekisho.wire.kube.members import items, text
from sekisho.wire.kube.status import Cause
from sekisho.wire.kube.streams.remote_command import Wanted

MAX_COMMAND_WORDS = 1_000
MAX_FORWARDED_PORTS = 64
_INT64 = 1 << 63
_MAX_SECONDS = timedelta.max // timedelta(seconds=1)
_NUMBER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_NEGATIVE = "must be greater than or equal to 0"
_NOT_POSITIVE = "must be greater than 0"

Query = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class StreamQuery:
    """What exec and attach ask for; ``container`` is empty where none is named, ``command`` for attach."""

    container: str
    wanted: Wanted
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LogQuery:
    """What a log request asks for; None where nothing is said."""

    container: str
    follow: bool
    previous: bool
    timestamps: bool
    tail_lines: int | None
    limit_bytes: int | None
    since: timedelta | None
    since_time: Instant | None


def read_values(raw: str) -> dict[str, list[str]]:
    """Return every value of every query parameter; total."""
    return parse_qs(raw, keep_blank_values=True, max_num_fields=None)


def read_stream(query: Query) -> StreamQuery:
    """Read the query of exec or attach.

    Raises:
        KubeError: 400, a command of too many words.
    """
    tty = flag(query, "tty")
    # A terminal has one stream of output (kubelet, ``remotecommand.NewOptions``).
    wanted = Wanted(flag(query, "stdin"), flag(query, "stdout"), flag(query, "stderr") and not tty, tty)
    command = tuple(query.get("command", ()))
    if len(command) > MAX_COMMAND_WORDS:
        raise status.bad_request(f"the command has more than {MAX_COMMAND_WORDS} words")
    return StreamQuery(_first(query, "container"), wanted, command)


def check_stream(asked: StreamQuery, *, is_exec: bool) -> None:
    """Refuse a request that names no stream, or no command to run.

    Raises:
        KubeError: 400, with kubelet's texts where it has one.
    """
    wanted = asked.wanted
    if not (wanted.stdin or wanted.stdout or wanted.stderr):
        raise status.bad_request("you must specify at least 1 of stdin, stdout, stderr")
    if is_exec and not any(asked.command):
        raise status.bad_request("you must specify at least one command for the container")


def read_log(query: Query, pod: str) -> LogQuery:
    """Read and check the query of a log request.

    Raises:
        KubeError: 400 a number or time that is none, 422 one that is not allowed.
    """
    tail, limit, seconds = (_number(query, name) for name in ("tailLines", "limitBytes", "sinceSeconds"))
    since_time = _time(query, "sinceTime")
    causes: list[Cause] = []
    if tail is not None and tail < 0:
        causes.append(bad_value("tailLines", tail, _NEGATIVE))
    if limit is not None and limit < 1:
        causes.append(bad_value("limitBytes", limit, _NOT_POSITIVE))
    if seconds is not None and since_time is not None:
        causes.append(not_allowed("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif seconds is not None and seconds < 1:
        causes.append(bad_value("sinceSeconds", seconds, _NOT_POSITIVE))
    if causes:
        raise status.invalid("PodLogOptions", "", pod, causes)
    since = (
        None if seconds is None else timedelta(seconds=min(seconds, timedelta.max // timedelta(seconds=1)))
    )
    return LogQuery(
        _first(query, "container"),
        flag(query, "follow"),
        flag(query, "previous"),
        flag(query, "timestamps"),
        tail,
        limit,
        since,
        since_time,
    )


def read_ports(query: Query) -> tuple[int, ...]:
    """Read the ports of a port-forward over WebSocket channels.

    Raises:
        KubeError: 400, none, too many, or one that is no port.
    """
    ports: list[int] = []
    for one in (part for value in query.get("ports", ()) for part in value.split(",")):
        if not one.isascii() or not one.isdecimal() or len(one) > 5 or not 0 < int(one) < 1 << 16:
            raise status.bad_request(f"unable to parse {status.quote(one)} as a port")
        ports.append(int(one))
    if not ports:
        raise status.bad_request('query parameter "ports" is required')
    if len(ports) > MAX_FORWARDED_PORTS:
        raise status.bad_request(f"at most {MAX_FORWARDED_PORTS} ports are forwarded over one connection")
    return tuple(ports)


def chosen_container(pod: JsonObject, container: str) -> str:
    """Return the container that a request is about: the one it names, else the only one.

    Raises:
        KubeError: 400, the pod has no such container, or several and none is named.
    """
    name = text(pod, "metadata", "name")
    kinds = ("initContainers", "containers", "ephemeralContainers")
    names = [text(one, "name") for kind in kinds for one in items(pod, "spec", kind)]
    if container:
        if container not in names:
            raise status.bad_request(f"container {container} is not valid for pod {name}")
        return container
    own = items(pod, "spec", "containers")
    if len(own) == 1:
        return text(own[0], "name")
    sentence = f"a container name must be specified for pod {name}"
    raise status.bad_request(f"{sentence}, choose one of: [{' '.join(names)}]" if own else sentence)


def flag(query: Query, name: str) -> bool:
    """Tell whether a flag is set: without a value it is, and so it is by any but ``false`` and ``0``."""
    return name in query and _first(query, name).lower() not in ("false", "0")


def _first(query: Query, name: str) -> str:
    return next(iter(query.get(name, ())), "")


def _number(query: Query, name: str) -> int | None:
    if name not in query:
        return None
    given = _first(query, name)
    if not _NUMBER.fullmatch(given):
        raise status.bad_request(f"strconv.ParseInt: parsing {status.quote(given)}: invalid syntax")
    if len(given) > 20 or not -_INT64 <= int(given) < _INT64:
        raise status.bad_request(f"strconv.ParseInt: parsing {status.quote(given)}: value out of range")
    return int(given)


def _time(query: Query, name: str) -> Instant | None:
    given = _first(query, name)
    if not given or given == "null":
        return None
    try:
        return Instant.parse_rfc3339(given)
    except ValueError:
        shown = status.quote(given)
        raise status.bad_request(
            f'parsing time {shown} as "2006-01-02T15:04:05Z07:00": cannot parse {shown} as "2006"'
        ) from None
