"""Which hosts a token may send us to: the STS endpoints of one partition, and nothing else.

A token is a URL that its bearer wrote; asking any other host who the bearer is would
let that host answer. The regions and domains of AWS come in as values, read at the
edge from the SDK's endpoint rules (see ``sekisho.wire.sts_endpoints``).
"""

import re
from dataclasses import dataclass

from sekisho.decide.decision import ReasonCode

GLOBAL_HOST = "sts.amazonaws.com"
GLOBAL_REGION = "us-east-1"
"""The region that signatures for the global endpoint are scoped to (IAM User Guide, "Manage AWS STS")."""

_REGION = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", re.ASCII)
_MAX_HOST_CHARS = 253


class StsHostCode(ReasonCode):
    """Why a host is refused."""

    NOT_STS = "iam-token.host-not-sts", "`{host}` is not an STS endpoint"
    PARTITION = (
        "iam-token.host-other-partition",
        "`{host}` belongs to partition {partition}; this cluster trusts {expected}",
    )
    REGION = "iam-token.host-unknown-region", "`{host}` names no region of partition {expected}"


@dataclass(frozen=True, slots=True)
class StsPartition:
    """One AWS partition as the SDK's rules describe it.

    ``regions`` are the real regions listed for it, ``region_pattern`` the regular
    expression for regions newer than the list; ``dual_stack_domain`` is empty where no
    dual-stack STS name is accepted; ``fips_domains`` are those of the two domains under
    which ``sts-fips.REGION`` names exist (GovCloud's plain names are FIPS already).
    """

    name: str
    domain: str
    dual_stack_domain: str
    regions: frozenset[str]
    region_pattern: str
    fips_domains: frozenset[str]

    def has_region(self, region: str) -> bool:
        """Tell whether ``region`` is, or by its name may be, one of this partition's."""
        return region in self.regions or re.fullmatch(self.region_pattern, region, re.ASCII) is not None


@dataclass(frozen=True, slots=True)
class StsEndpoints:
    """What one cluster trusts: ``partition`` is the name of its own, one of ``partitions``.

    Raises:
        ValueError: ``partition`` is not among ``partitions``.
    """

    partition: str
    partitions: tuple[StsPartition, ...]

    def __post_init__(self) -> None:
        if not any(known.name == self.partition for known in self.partitions):
            raise ValueError(f"expected one of {', '.join(known.name for known in self.partitions)}")

    @property
    def own(self) -> StsPartition:
        """The partition whose STS decides."""
        return next(known for known in self.partitions if known.name == self.partition)

    def partition_of(self, region: str) -> StsPartition | None:
        """Return the partition ``region`` belongs to; a listed region beats a pattern."""
        listed = (known for known in self.partitions if region in known.regions)
        guessed = (known for known in self.partitions if known.has_region(region))
        return next(listed, None) or next(guessed, None)


def region_of(host: str, endpoints: StsEndpoints, server_region: str) -> str | StsHostCode:
    """Return the region that signatures for ``host`` are scoped to, or why the host is refused.

    ``server_region`` is the region the server runs in ("" unknown): its own regional name
    is accepted even when the rules do not know the region yet. Comparison is exact: case,
    a trailing dot or a port make another host.

    Source: aws-iam-authenticator ``pkg/token`` (host allow-list). Differs: regions of another
    partition are refused although aws and aws-us-gov share a domain, and so are names that
    are no region (``sts.s3.amazonaws.com`` is a bucket).
    """
    own = endpoints.own
    if host == GLOBAL_HOST:
        return GLOBAL_REGION if own.name == "aws" else StsHostCode.PARTITION
    labels = host.split(".", 2)
    if len(host) > _MAX_HOST_CHARS or len(labels) != 3 or labels[0] not in ("sts", "sts-fips"):
        return StsHostCode.NOT_STS
    service, region, suffix = labels
    if not _REGION.fullmatch(region):
        return StsHostCode.NOT_STS
    partition = endpoints.partition_of(region)
    if partition is None:
        if not (service == "sts" and region == server_region and _is_domain(suffix, own)):
            return StsHostCode.REGION
    elif not _is_domain(suffix, partition) or (service != "sts" and suffix not in partition.fips_domains):
        return StsHostCode.NOT_STS
    elif partition.name != own.name:
        return StsHostCode.PARTITION
    return region


def partition_name(host: str, endpoints: StsEndpoints) -> str:
    """Return the partition ``host`` seems to belong to, "" if none; for explanations only."""
    if host == GLOBAL_HOST:
        return "aws"
    labels = host.split(".", 2)
    found = endpoints.partition_of(labels[1]) if len(labels) == 3 else None
    return found.name if found else ""


def _is_domain(suffix: str, partition: StsPartition) -> bool:
    return suffix == partition.domain or (suffix != "" and suffix == partition.dual_stack_domain)
