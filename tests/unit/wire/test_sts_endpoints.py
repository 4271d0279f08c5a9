"""botocore's data as values: partitions, domains and the hosts that follow from them."""

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.loaders import Loader

from sekisho.decide.authn.sts_host import StsHostCode, region_of
from sekisho.wire.sts_endpoints import load_sts_endpoints

DOMAINS = {
    "aws": ("amazonaws.com", "api.aws"),
    "aws-cn": ("amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    "aws-us-gov": ("amazonaws.com", "api.aws"),
    "aws-iso": ("c2s.ic.gov", ""),
    "aws-iso-b": ("sc2s.sgov.gov", ""),
    "aws-iso-e": ("cloud.adc-e.uk", ""),
    "aws-iso-f": ("csp.hci.ic.gov", ""),
    "aws-eusc": ("amazonaws.eu", "api.amazonwebservices.eu"),
}


def test_partitions_and_their_domains() -> None:
    partitions = load_sts_endpoints().partitions
    assert {known.name: (known.domain, known.dual_stack_domain) for known in partitions} == DOMAINS


HOSTS = {
    "commercial": ("aws", "sts.eu-central-1.amazonaws.com", "eu-central-1"),
    "FIPS": ("aws", "sts-fips.us-east-2.amazonaws.com", "us-east-2"),
    "dual stack": ("aws", "sts.ap-southeast-2.api.aws", "ap-southeast-2"),
    "GovCloud": ("aws-us-gov", "sts.us-gov-east-1.amazonaws.com", "us-gov-east-1"),
    "GovCloud by FIPS": ("aws-us-gov", "sts-fips.us-gov-east-1.amazonaws.com", StsHostCode.NOT_STS),
    "GovCloud on a commercial server": ("aws", "sts.us-gov-east-1.amazonaws.com", StsHostCode.PARTITION),
    "China": ("aws-cn", "sts.cn-northwest-1.amazonaws.com.cn", "cn-northwest-1"),
    "the name of a partition is no region": ("aws", "sts.aws-global.amazonaws.com", StsHostCode.REGION),
    "a bucket": ("aws", "sts.s3.amazonaws.com", StsHostCode.REGION),
    "a bucket in a region": ("aws", "sts.s3-us-west-2.amazonaws.com", StsHostCode.REGION),
}


@pytest.mark.parametrize(("partition", "host", "expected"), HOSTS.values(), ids=HOSTS)
def test_hosts(partition: str, host: str, expected: str | StsHostCode) -> None:
    assert region_of(host, load_sts_endpoints(partition), "") == expected


def test_an_unknown_partition_is_refused() -> None:
    with pytest.raises(ValueError, match="expected one of"):
        load_sts_endpoints("aws-moon")


def test_fips_names_are_those_of_botocores_endpoint_rules() -> None:
    loader = Loader()
    rules = loader.load_service_model("sts", "endpoint-rule-set-1")
    provider = EndpointProvider(rules, loader.load_data("partitions"))
    for known in load_sts_endpoints().partitions:
        for domain in filter(None, (known.domain, known.dual_stack_domain)):
            region = min(known.regions)
            endpoint = provider.resolve_endpoint(
                Region=region,
                UseFIPS=True,
                UseDualStack=domain == known.dual_stack_domain,
                UseGlobalEndpoint=False,
            )
            is_separate = endpoint.url == f"https://sts-fips.{region}.{domain}"
            assert (domain in known.fips_domains) is is_separate, (known.name, domain)
