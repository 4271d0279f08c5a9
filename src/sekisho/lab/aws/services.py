"""The operations the lab answers itself, by service."""

from collections.abc import Mapping

from sekisho.lab.aws import cloudformation, eks, eks_auth, iam, organizations, sts, web_identity
from sekisho.lab.aws.operation import Operation
from sekisho.lab.idp import operations as idp

OPERATIONS: Mapping[str, Mapping[str, Operation]] = {
    "sts": sts.OPERATIONS,
    "iam": iam.OPERATIONS,
    "cloudformation": cloudformation.OPERATIONS,
    "eks": eks.OPERATIONS,
    "eks-auth": eks_auth.OPERATIONS,
    "organizations": organizations.OPERATIONS,
    idp.SERVICE: idp.OPERATIONS,
}

WITHOUT_SIGNATURE: Mapping[str, frozenset[str]] = {
    "sts": frozenset({web_identity.OPERATION}),
    idp.SERVICE: frozenset(idp.WITHOUT_SIGNATURE),
}
"""What the door answers without a signature, by service; such an operation decides everything itself."""


def served(service: str) -> tuple[str, ...]:
    """Return the names of all operations of a service that the lab answers itself, sorted."""
    return tuple(sorted({*OPERATIONS.get(service, {}), *WITHOUT_SIGNATURE.get(service, ())}))


def operation(service: str, name: str) -> Operation | None:
    """Return the operation, or None where the lab does not serve it."""
    return OPERATIONS.get(service, {}).get(name)
