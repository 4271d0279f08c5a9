"""Which service, region and partition a host name of AWS is.

AWS General Reference, "Service endpoints". Partitions, their suffixes and their regions are
botocore's own data; the tests hold every answer against botocore's endpoint rules.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from sekisho.wire.aws.models import known_services
from sekisho.wire.botocore_data import read_data

_MAX_HOST_CHARS = 253
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9])?", re.ASCII)
_LEGACY_S3 = re.compile(r"s3(-fips)?-(?P<region>[a-z]{2,}(-[a-z0-9]+)+)", re.ASCII)

# Services whose first label is not what botocore calls them.
_NAMES = {
    "api.ecr": "ecr",
    "email": "sesv2",
    "elasticloadbalancing": "elbv2",
    "monitoring": "cloudwatch",
    "oidc": "sso-oidc",
    "portal.sso": "sso",
    "states": "stepfunctions",
}
_ISSUER = "oidc.eks"
# Names of AWS outside of the partitions' suffixes: never to be reached from a lab either.
_FURTHER_SUFFIXES = (
    "amazonaws-us-gov.com",
    "amazonaws.cn",
    "amazoncognito.com",
    "amazonaws.com",
    "awsapps.com",
    "console.aws.amazon.com",
    "console.aws",
    "on.aws",
    "signin.aws",
    "signin.aws.amazon.com",
)
_COGNITO_SUFFIX = "amazoncognito.com"
# IAM's hosts without a region sign for this one (botocore, iam endpoint rules).
_IAM_REGIONS = {"aws-cn": "cn-north-1"}


_METADATA = frozenset(
    {"169.254.169.254", "169.254.170.2", "169.254.170.23", "[fd00:ec2::254]", "[fd00:ec2::23]"}
)


class EndpointKind(StrEnum):
    """What answers at a host name of AWS."""

    API = "api"
    ISSUER = "issuer"  # OIDC documents of EKS clusters
    CLUSTER = "cluster"  # a Kubernetes API of EKS
    LOGIN = "login"  # the pages of a Cognito user pool's domain
    UNSERVED = "unserved"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A host name of AWS.

    ``service`` is botocore's name, empty unless ``kind`` is API. ``region`` is the one in the
    name, the partition's for global hosts. ``label`` is what stands before: an S3 bucket, a
    Cognito domain, the name of a cluster.
    """

    kind: EndpointKind
    partition: str
    region: str
    service: str = ""
    label: str = ""


def locate(host: str) -> Endpoint | None:
    """Return what ``host`` is (a port is ignored), None where it is no name of AWS.

    Total, and closed where in doubt: text that is no host name, and the addresses of the
    instance and container metadata services, are AWS and unserved, so that a proxy never
    forwards them.
    """
    address = host.strip().lower()
    if address.startswith("["):
        name = address.partition("]")[0] + "]"
    else:
        name = address.partition(":")[0].rstrip(".")
    if name in _METADATA:
        return _unserved(_suffixes()[-1][1])
    if name.startswith("["):
        return None
    is_name = len(name) <= _MAX_HOST_CHARS and _HOST.fullmatch(name) is not None
    for suffix, partitions in _suffixes():
        if name == suffix or name.endswith(f".{suffix}"):
            labels = name[: -len(suffix)].removesuffix(".").split(".")
            if not is_name or "" in labels[1:]:
                return _unserved(partitions)
            return _read([label for label in labels if label], suffix, partitions)
    return None if is_name else _unserved(_suffixes()[-1][1])


def dns_suffix(partition: str) -> str:
    """Return what the host names of a partition end in (``amazonaws.com``), empty for an unknown one."""
    data: Any = read_data("partitions")
    found = (one["outputs"]["dnsSuffix"] for one in data["partitions"] if one["id"] == partition)
    return next(found, "")


@dataclass(frozen=True, slots=True)
class _Partition:
    name: str
    region: re.Pattern[str]
    default_region: str


@cache
def _suffixes() -> tuple[tuple[str, tuple[_Partition, ...]], ...]:
    """Return the suffixes of all partitions, the longest first, with the partitions they belong to."""
    data: Any = read_data("partitions")
    found: dict[str, tuple[_Partition, ...]] = {}
    for raw in data["partitions"]:
        outputs = raw["outputs"]
        partition = _Partition(raw["id"], re.compile(raw["regionRegex"]), outputs["implicitGlobalRegion"])
        for suffix in {outputs["dnsSuffix"], outputs["dualStackDnsSuffix"]}:
            found[suffix] = (*found.get(suffix, ()), partition)
    commercial = found["amazonaws.com"]
    for suffix in _FURTHER_SUFFIXES:
        found.setdefault(suffix, commercial)
    return tuple(sorted(found.items(), key=lambda item: -len(item[0])))


def _read(labels: list[str], suffix: str, partitions: tuple[_Partition, ...]) -> Endpoint:
    unserved = _unserved(partitions)
    if suffix == _COGNITO_SUFFIX:
        return _login(labels, partitions) or unserved
    if suffix in _FURTHER_SUFFIXES and suffix != "amazonaws.com":
        return unserved
    if labels[-1:] == ["eks"] and len(labels) > 2:
        found = _region(labels[-2], partitions)
        if found is not None:
            return Endpoint(EndpointKind.CLUSTER, found.name, labels[-2], label=".".join(labels[:-2]))
    partition, region, rest = _split_region(labels, partitions)
    endpoint = _service(rest, partition, region)
    return endpoint or Endpoint(EndpointKind.UNSERVED, partition.name, region)


def _unserved(partitions: tuple[_Partition, ...]) -> Endpoint:
    return Endpoint(EndpointKind.UNSERVED, partitions[0].name, partitions[0].default_region)


def _login(labels: list[str], partitions: tuple[_Partition, ...]) -> Endpoint | None:
    match labels:
        case [domain, "auth" | "auth-fips", region] if (found := _region(region, partitions)) is not None:
            return Endpoint(EndpointKind.LOGIN, found.name, region, label=domain)
    return None


def _region(label: str, partitions: tuple[_Partition, ...]) -> _Partition | None:
    return next((partition for partition in partitions if partition.region.fullmatch(label)), None)


def _split_region(labels: list[str], partitions: tuple[_Partition, ...]) -> tuple[_Partition, str, list[str]]:
    """Return partition, region and what stands before the region."""
    last = labels[-1] if labels else ""
    found = _region(last, partitions)
    if found is not None:
        return found, last, labels[:-1]
    legacy = _LEGACY_S3.fullmatch(last)
    if legacy is not None:
        found = _region(legacy["region"], partitions)
        if found is not None:
            return found, legacy["region"], [*labels[:-1], "s3"]
    if last == "global":
        return partitions[0], partitions[0].default_region, labels[:-1]
    # `iam.us-gov.amazonaws.com`: a partition in the place of a region.
    named = next((p for p in partitions if p.name == f"aws-{last}"), None)
    if named is not None:
        return named, named.default_region, labels[:-1]
    return partitions[0], partitions[0].default_region, labels


def _service(labels: list[str], partition: _Partition, region: str) -> Endpoint | None:
    if labels[-1:] == ["dualstack"]:
        labels = labels[:-1]
    if not labels:
        return None
    if labels[0] == "fips":
        labels = labels[1:]
    plain = [*labels[:-1], labels[-1].removesuffix("-fips")] if labels else []
    name = ".".join(plain)
    if name == _ISSUER:
        return Endpoint(EndpointKind.ISSUER, partition.name, region)
    if plain[-1:] == ["s3"]:
        return Endpoint(EndpointKind.API, partition.name, region, "s3", ".".join(plain[:-1]))
    if plain[-1:] == ["ddb"] and len(plain) == 2 and plain[0].isdecimal():
        # `ACCOUNT.ddb.REGION.amazonaws.com`: DynamoDB's endpoints of one account.
        name = "dynamodb"
    service = _NAMES.get(name, name)
    if service not in known_services():
        return None
    if service == "iam" and region == partition.default_region:
        region = _IAM_REGIONS.get(partition.name, region)
    return Endpoint(EndpointKind.API, partition.name, region, service)
