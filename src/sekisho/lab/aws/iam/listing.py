"""Pages of an IAM listing: ``MaxItems`` and ``Marker`` in, ``IsTruncated`` and ``Marker`` out."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from sekisho.lab.aws.operation import Parameters
from sekisho.lab.aws.paging import page

DEFAULT_ITEMS = 100

T = TypeVar("T")


class _Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def path(self) -> str: ...


N = TypeVar("N", bound=_Named)


def listed(
    member: str, items: Sequence[T], parameters: Parameters, describe: Callable[[T], object]
) -> dict[str, Any]:
    """Return one page of ``items`` as the output member ``member``.

    Raises:
        AwsError: the marker was not made here.
    """
    found, more = paged(items, parameters)
    return {member: [describe(item) for item in found], **more}


def paged(items: Sequence[T], parameters: Parameters) -> tuple[list[T], Mapping[str, Any]]:
    """Return one page of ``items`` and the members that say whether another follows.

    Raises:
        AwsError: the marker was not made here.
    """
    limit = parameters.get("MaxItems") or DEFAULT_ITEMS
    found, marker = page(items, parameters.get("Marker"), limit, "ValidationError")
    return found, {"IsTruncated": bool(marker), **({"Marker": marker} if marker else {})}


def under_path(items: Iterable[N], parameters: Parameters) -> list[N]:
    """Return what lies under ``PathPrefix``, by name."""
    prefix = parameters.get("PathPrefix") or "/"
    return sorted((item for item in items if item.path.startswith(prefix)), key=lambda item: item.name)
