"""The STS endpoints of AWS, read from botocore's partitions and endpoint rules.

The only place that knows where the data files are; the rules they feed are in
`sekisho.decide.authn.sts_host`.
"""

from functools import cache
from typing import Any, Final, Protocol

from sekisho.decide.authn.sts_host import StsEndpoints, StsPartition

_API_VERSION: Final = "2011-06-15"
# STS has no dual-stack names in the isolated partitions, although their data names a suffix
# (aws-iam-authenticator, pkg/token).
_WITHOUT_DUAL_STACK: Final = frozenset({"aws-iso", "aws-iso-b", "aws-iso-e", "aws-iso-f"})


class _HostOf(Protocol):
    def __call__(self, region: str, *, fips: bool, dual_stack: bool) -> str: ...


def load_sts_endpoints(partition: str = "aws") -> StsEndpoints:
    """Return the endpoints for a server in ``partition``.

    Raises:
        ValueError: no such partition.
    """
    return StsEndpoints(partition, _partitions())


@cache
def _partitions() -> tuple[StsPartition, ...]:
    """Read botocore's files once: they come with the package and do not change."""
    import botocore.endpoint_provider
    import botocore.loaders

    loader = botocore.loaders.create_loader()
    data = loader.load_data("partitions")
    rules = loader.load_service_model("sts", "endpoint-rule-set-1", _API_VERSION)
    provider = botocore.endpoint_provider.EndpointProvider(rules, data)

    def host(region: str, *, fips: bool, dual_stack: bool) -> str:
        endpoint = provider.resolve_endpoint(
            Region=region, UseFIPS=fips, UseDualStack=dual_stack, UseGlobalEndpoint=False
        )
        return str(endpoint.url).removeprefix("https://")

    return tuple(_partition(entry, host) for entry in data["partitions"])


def _partition(entry: Any, host_of: _HostOf) -> StsPartition:
    outputs = entry["outputs"]
    name, domain = str(entry["id"]), str(outputs["dnsSuffix"])
    regions = sorted(region for region in entry["regions"] if not region.endswith("-global"))
    dual_stack = "" if name in _WITHOUT_DUAL_STACK else str(outputs["dualStackDnsSuffix"])
    fips = {
        suffix
        for suffix, is_dual in ((domain, False), (dual_stack, True))
        if suffix and host_of(regions[0], fips=True, dual_stack=is_dual) == f"sts-fips.{regions[0]}.{suffix}"
    }
    return StsPartition(
        name, domain, dual_stack, frozenset(regions), str(entry["regionRegex"]), frozenset(fips)
    )
