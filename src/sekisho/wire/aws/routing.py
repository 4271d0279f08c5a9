"""Which operation a path of a REST service names (Smithy, "http trait").

A path is split at its raw slashes before anything is decoded, so that an ARN written
``role%2Fapp`` stays inside one label. Literals go before labels; among operations of one path
the most particular that fits wins: static query parameters, then required members that the
query string or the headers carry, then what is not deprecated.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import unquote_to_bytes

from sekisho.wire.aws.models import ServiceModel
from sekisho.wire.aws.shape import Location, Operation
from sekisho.wire.errors import WireError

MAX_PATH_CHARS = 8192
_BROKEN_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Route:
    """An operation and the text of its labels, by the label's name."""

    operation: Operation
    labels: Mapping[str, str]


def route(
    service: ServiceModel, method: str, path: str, query: Mapping[str, list[str]], headers: Mapping[str, str]
) -> Route | None:
    """Return the operation that ``path`` names, None where there is none.

    Raises:
        WireError: the path is too long or not percent-encoded UTF-8.
    """
    if len(path) > MAX_PATH_CHARS:
        raise WireError("path", f"longer than {MAX_PATH_CHARS} characters", code="InvalidURI")
    root = _router(service).get(method)
    if root is None:
        return None
    segments = path.removeprefix("/").split("/")
    for node, found in _walk(root, segments, 0, ()):
        fitting = [target for target in node.targets if target.static_fits(query)]
        if fitting:
            best = max(fitting, key=lambda target: target.rank(query, headers))
            texts = (_decode(raw) for raw in found)
            return Route(best.operation, dict(zip(best.labels, texts, strict=True)))
    return None


@dataclass(slots=True)
class _Target:
    operation: Operation
    labels: tuple[str, ...]
    static: tuple[tuple[str, str], ...]
    required: tuple[tuple[Location, str], ...]

    def static_fits(self, query: Mapping[str, list[str]]) -> bool:
        return all(name in query and (not value or value in query[name]) for name, value in self.static)

    def rank(self, query: Mapping[str, list[str]], headers: Mapping[str, str]) -> tuple[bool, int, int, bool]:
        here = sum(
            name in query if place is Location.QUERY else name.lower() in headers
            for place, name in self.required
        )
        return here == len(self.required), len(self.static), here, not self.operation.is_deprecated


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    label: "_Node | None" = None
    greedy: "_Node | None" = None
    targets: list[_Target] = field(default_factory=list)


@cache
def _router(service: ServiceModel) -> dict[str, _Node]:
    roots: dict[str, _Node] = {}
    for name in sorted(service.operation_names):
        operation = service.operation(name)
        if operation is None:  # pragma: no cover - the names are the service's own
            continue
        path, _sep, static = operation.uri.partition("?")
        node = roots.setdefault(operation.method, _Node())
        labels: list[str] = []
        for segment in path.removeprefix("/").split("/"):
            if not (segment.startswith("{") and segment.endswith("}")):
                node = node.literals.setdefault(segment, _Node())
                continue
            labels.append(segment[1:-1].removesuffix("+"))
            if segment.endswith("+}"):
                node.greedy = node.greedy or _Node()
                node = node.greedy
            else:
                node.label = node.label or _Node()
                node = node.label
        pairs = (pair.partition("=") for pair in static.split("&") if pair)
        parameters = tuple((key, value) for key, _sep, value in pairs)
        node.targets.append(_Target(operation, tuple(labels), parameters, _required(operation)))
    return roots


def _required(operation: Operation) -> tuple[tuple[Location, str], ...]:
    if operation.input is None:
        return ()
    shape = operation.input.shape
    members = (shape.members[name] for name in shape.required)
    return tuple(
        (member.location, member.label)
        for member in members
        if member.location in (Location.QUERY, Location.HEADER)
    )


def _walk(
    node: _Node, segments: list[str], at: int, found: tuple[str, ...]
) -> Iterator[tuple[_Node, tuple[str, ...]]]:
    if at == len(segments):
        if node.targets:
            yield node, found
        return
    segment = segments[at]
    literal = node.literals.get(segment)
    if literal is not None:
        yield from _walk(literal, segments, at + 1, found)
    if node.label is not None and segment:
        yield from _walk(node.label, segments, at + 1, (*found, segment))
    if node.greedy is not None and segments[at:] != [""]:
        # What follows a greedy label in the models is at most a few literals.
        for end in range(len(segments), at, -1):
            if end == len(segments) or node.greedy.literals:
                yield from _walk(node.greedy, segments, end, (*found, "/".join(segments[at:end])))


def _decode(raw: str) -> str:
    if _BROKEN_PERCENT.search(raw):
        raise WireError("path", "broken percent-encoding", code="InvalidURI")
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeError:
        raise WireError("path", "not UTF-8", code="InvalidURI") from None
