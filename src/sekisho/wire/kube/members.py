"""Total readers for documents of unknown shape: a member of another type counts as absent."""

from collections.abc import Mapping, Sequence

from sekisho.decide.values import Json, JsonObject


def mapping(value: Json, *path: str) -> JsonObject:
    """Return the object reached by following ``path`` from ``value``; empty where there is none."""
    found = _follow(value, path)
    return found if isinstance(found, Mapping) else {}


def items(value: Json, *path: str) -> Sequence[Json]:
    """Return the list at ``path``; empty where there is none."""
    found = _follow(value, path)
    return found if isinstance(found, Sequence) and not isinstance(found, str) else ()


def objects(value: Json, *path: str) -> list[JsonObject]:
    """Return the objects in the list at ``path``; other elements are left out."""
    return [item for item in items(value, *path) if isinstance(item, Mapping)]


def text(value: Json, *path: str) -> str:
    """Return the string at ``path``; empty where there is none."""
    found = _follow(value, path)
    return found if isinstance(found, str) else ""


def number(value: Json, *path: str) -> int:
    """Return the integer at ``path``; 0 where there is none."""
    found = _follow(value, path)
    return found if isinstance(found, int) and not isinstance(found, bool) else 0


def is_list(value: Json) -> bool:
    """Tell whether ``value`` is a JSON array."""
    return isinstance(value, Sequence) and not isinstance(value, str)


def _follow(value: Json, path: tuple[str, ...]) -> Json:
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value
