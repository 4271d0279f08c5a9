"""Pages of an Organizations listing: ``MaxResults`` and ``NextToken`` in, ``NextToken`` out."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from sekisho.lab.aws.operation import Parameters
from sekisho.lab.aws.paging import page

DEFAULT_RESULTS = 20

T = TypeVar("T")


def listed(
    member: str, items: Sequence[T], parameters: Parameters, describe: Callable[[T], object]
) -> dict[str, Any]:
    """Return one page of ``items`` as the output member ``member``.

    Raises:
        AwsError: the token was not made here.
    """
    limit = parameters.get("MaxResults") or DEFAULT_RESULTS
    found, token = page(items, parameters.get("NextToken"), limit, "InvalidInputException")
    return {member: [describe(item) for item in found], **({"NextToken": token} if token else {})}
