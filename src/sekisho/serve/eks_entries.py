"""Ask EKS for the access entries of a cluster, each described and with its access policies."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from sekisho.connect.aws_errors import aws_errors
from sekisho.decide.eks.entry_book import EntryBook
from sekisho.decide.values import Json, Ref
from sekisho.facts.described_entries import DescribedEntries, book_of_described, read_access_entries

OPERATION: Final = "eks:ListAccessEntries"
MAX_ENTRIES: Final = 2_000
"""More than EKS's quota for one cluster: a server that never stops listing is not followed for ever."""


def read_entries(eks: Any, cluster: str) -> EntryBook:
    """Return the access entries of ``cluster``, asked of the botocore client ``eks``: two calls an entry.

    Raises:
        EnvironmentFailure: EKS refused or could not be reached.
        SekishoInputError: an answer is not of its shape.
    """
    at = Ref(f"cluster/{cluster}", "/accessEntries")
    found = DescribedEntries(whole=True)
    with aws_errors(OPERATION):
        for principal in _pages(eks, "list_access_entries", "accessEntries", clusterName=cluster):
            described = eks.describe_access_entry(clusterName=cluster, principalArn=principal)
            policies = list(
                _pages(
                    eks,
                    "list_associated_access_policies",
                    "associatedAccessPolicies",
                    clusterName=cluster,
                    principalArn=principal,
                )
            )
            place = at.child(str(principal))
            read_access_entries({"accessEntry": _plain(described["accessEntry"])}, place, found)
            told = {"principalArn": str(principal), "associatedAccessPolicies": _plain(policies)}
            read_access_entries(told, place, found)
    return book_of_described(found, at)


def eks_reader(cluster: str, region: str, profile: str) -> Callable[[], EntryBook]:
    """Return what asks EKS as the configured credentials; botocore is loaded on the first call, and kept."""
    clients: list[Any] = []

    def read() -> EntryBook:
        if not clients:
            from sekisho.connect.aws_session import open_client, open_session

            clients.append(open_client(open_session(profile, region), "eks"))
        return read_entries(clients[0], cluster)

    return read


def _pages(eks: Any, operation: str, member: str, **parameters: str) -> Iterator[Any]:
    pages = eks.get_paginator(operation).paginate(**parameters, PaginationConfig={"MaxItems": MAX_ENTRIES})
    for page in pages:
        yield from page.get(member, ())


def _plain(value: Any) -> Json:
    """Return an answer of botocore's as the JSON that it was."""
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, str | int | float | bool) else None
