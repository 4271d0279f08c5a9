"""The operations the lab answers itself, by service."""

from collections.abc import Mapping

from sekisho.lab.aws import eks, iam, organizations, sts
from sekisho.lab.aws.operation import Operation

OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    "sts": sts.OPERATIONS,
    "iam": iam.OPERATIONS,
    "eks": eks.OPERATIONS,
    "organizations": organizations.OPERATIONS,
}


def operation(service: str, name: str) -> Operation | None:
    """Return the operation, or None where the lab does not serve it."""
    return OPERATIONS.get(service, {}).get(name)
