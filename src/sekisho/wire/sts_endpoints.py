"""The STS endpoints of AWS, read from botocore's partitions.

The only place that knows where the data files are; the rules they feed are in
`sekisho.decide.authn.sts_host`. botocore's endpoint rules for STS, of which the tests ask every
answer given here, are not run: importing what runs them would cost more than the rest of a start.
"""

from functools import cache
from typing import Any, Final

from sekisho.decide.authn.sts_host import StsEndpoints, StsPartition
from sekisho.wire.botocore_data import read_data

# STS has no dual-stack names in the isolated partitions, although their data names a suffix
# (aws-iam-authenticator, pkg/token).
_WITHOUT_DUAL_STACK: Final = frozenset({"aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"})
# Its plain names are FIPS endpoints already (botocore, sts endpoint rules).
_PLAIN_IS_FIPS: Final = "aws-us-gov"


def load_sts_endpoints(partition: str = "aws") -> StsEndpoints:
    """Return the endpoints for a server in ``partition``.

    Raises:
        ValueError: no such partition.
    """
    return StsEndpoints(partition, _partitions())


@cache
def _partitions() -> tuple[StsPartition, ...]:
    """Read botocore's file once: it comes with the package and does not change."""
    return tuple(_partition(entry) for entry in read_data("partitions")["partitions"])


def _partition(entry: Any) -> StsPartition:
    outputs = entry["outputs"]
    name, domain = str(entry["id"]), str(outputs["dnsSuffix"])
    regions = frozenset(region for region in entry["regions"] if not region.endswith("-global"))
    dual_stack = "" if name in _WITHOUT_DUAL_STACK else str(outputs["dualStackDnsSuffix"])
    fips = {domain, dual_stack} if outputs["supportsFIPS"] else set()
    fips -= {"", domain} if name == _PLAIN_IS_FIPS else {""}
    return StsPartition(name, domain, dual_stack, regions, str(entry["regionRegex"]), frozenset(fips))
