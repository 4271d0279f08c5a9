"""The host allow-list: which hosts a token may name, by partition and region."""

import pytest

from sekisho.decide.authn.sts_host import (
    StsEndpoints,
    StsPartition,
    partition_name,
    region_of,
)
from sekisho.decide.authn.sts_host import StsHostCode as Code

AWS = StsPartition(
    "aws",
    "amazonaws.com",
    "api.aws",
    frozenset({"eu-west-1", "us-east-1"}),
    r"^(us|eu)\-\w+\-\d+$",
    frozenset({"amazonaws.com", "api.aws"}),
)
GOV = StsPartition(
    "aws-us-gov",
    "amazonaws.com",
    "api.aws",
    frozenset({"us-gov-west-1"}),
    r"^us\-gov\-\w+\-\d+$",
    frozenset({"api.aws"}),
)
CN = StsPartition(
    "aws-cn",
    "amazonaws.com.cn",
    "api.amazonwebservices.com.cn",
    frozenset({"cn-north-1"}),
    r"^cn\-\w+\-\d+$",
    frozenset({"amazonaws.com.cn"}),
)
ISO = StsPartition(
    "aws-iso", "c2s.ic.gov", "", frozenset({"us-iso-east-1"}), r"^us\-iso\-\w+\-\d+$", frozenset()
)
ALL = (AWS, GOV, CN, ISO)

ALLOWED = {
    "global": ("aws", "", "sts.amazonaws.com", "us-east-1"),
    "regional": ("aws", "", "sts.eu-west-1.amazonaws.com", "eu-west-1"),
    "FIPS": ("aws", "", "sts-fips.us-east-1.amazonaws.com", "us-east-1"),
    "dual stack": ("aws", "", "sts.eu-west-1.api.aws", "eu-west-1"),
    "FIPS and dual stack": ("aws", "", "sts-fips.eu-west-1.api.aws", "eu-west-1"),
    "a region newer than the list": ("aws", "", "sts.eu-newland-9.amazonaws.com", "eu-newland-9"),
    "GovCloud": ("aws-us-gov", "", "sts.us-gov-west-1.amazonaws.com", "us-gov-west-1"),
    "a newer GovCloud region": ("aws-us-gov", "", "sts.us-gov-west-9.amazonaws.com", "us-gov-west-9"),
    "China": ("aws-cn", "", "sts.cn-north-1.amazonaws.com.cn", "cn-north-1"),
    "the server's own region, unknown": ("aws-cn", "moon-1", "sts.moon-1.amazonaws.com.cn", "moon-1"),
    "the same by dual stack": ("aws", "moon-1", "sts.moon-1.api.aws", "moon-1"),
    "isolated": ("aws-iso", "", "sts.us-iso-east-1.c2s.ic.gov", "us-iso-east-1"),
}


@pytest.mark.parametrize(("partition", "own", "host", "region"), ALLOWED.values(), ids=ALLOWED.keys())
def test_allowed(partition: str, own: str, host: str, region: str) -> None:
    assert region_of(host, StsEndpoints(partition, ALL), own) == region


REFUSED = {
    "global is commercial": ("aws-cn", "", "sts.amazonaws.com", Code.PARTITION),
    "global is not GovCloud": ("aws-us-gov", "", "sts.amazonaws.com", Code.PARTITION),
    "GovCloud on a commercial server": ("aws", "", "sts.us-gov-west-1.amazonaws.com", Code.PARTITION),
    "commercial on a GovCloud server": (
        "aws-us-gov",
        "",
        "sts.eu-west-1.amazonaws.com",
        Code.PARTITION,
    ),
    "China on a commercial server": ("aws", "", "sts.cn-north-1.amazonaws.com.cn", Code.PARTITION),
    "a region with another partition's domain": (
        "aws",
        "",
        "sts.eu-west-1.amazonaws.com.cn",
        Code.NOT_STS,
    ),
    "GovCloud has no FIPS prefix": (
        "aws-us-gov",
        "",
        "sts-fips.us-gov-west-1.amazonaws.com",
        Code.NOT_STS,
    ),
    "a bucket named sts": ("aws", "", "sts.s3.amazonaws.com", Code.REGION),
    "unknown region, not the server's": (
        "aws-cn",
        "moon-2",
        "sts.moon-1.amazonaws.com.cn",
        Code.REGION,
    ),
    "own unknown region by FIPS": (
        "aws-cn",
        "moon-1",
        "sts-fips.moon-1.amazonaws.com.cn",
        Code.REGION,
    ),
    "own unknown region, other domain": ("aws-cn", "moon-1", "sts.moon-1.amazonaws.com", Code.REGION),
    "no dual stack there": ("aws-iso", "", "sts.us-iso-east-1.", Code.NOT_STS),
    "own unknown region, empty domain": ("aws-iso", "moon-1", "sts.moon-1.", Code.REGION),
    "upper case": ("aws", "", "STS.eu-west-1.amazonaws.com", Code.NOT_STS),
    "upper case region": ("aws", "", "sts.EU-WEST-1.amazonaws.com", Code.NOT_STS),
    "trailing dot": ("aws", "", "sts.eu-west-1.amazonaws.com.", Code.NOT_STS),
    "other service": ("aws", "", "ec2.eu-west-1.amazonaws.com", Code.NOT_STS),
    "no domain": ("aws", "", "sts.eu-west-1", Code.NOT_STS),
    "empty": ("aws", "", "", Code.NOT_STS),
    "region ends in a hyphen": ("aws", "", "sts.eu-west-.amazonaws.com", Code.NOT_STS),
    "longer than a name can be": ("aws", "", f"sts.eu-{'a' * 250}-1.amazonaws.com", Code.NOT_STS),
    "look-alike suffix": ("aws", "", "sts.eu-west-1.amazonaws.com.attacker.test", Code.NOT_STS),
}


@pytest.mark.parametrize(("partition", "own", "host", "code"), REFUSED.values(), ids=REFUSED)
def test_refused(partition: str, own: str, host: str, code: Code) -> None:
    assert region_of(host, StsEndpoints(partition, ALL), own) is code


def test_the_own_partition_is_one_of_those_known() -> None:
    with pytest.raises(ValueError, match="aws-us-gov"):
        StsEndpoints("aws-moon", ALL)


def test_partition_names_for_explanations() -> None:
    endpoints = StsEndpoints("aws", ALL)
    hosts = (
        "sts.amazonaws.com",
        "sts.us-gov-west-1.amazonaws.com",
        "example.com",
        "sts.moon-1.amazonaws.com",
    )
    assert [partition_name(host, endpoints) for host in hosts] == ["aws", "aws-us-gov", "", ""]
