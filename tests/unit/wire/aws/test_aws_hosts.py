"""Host names: held against botocore's endpoint rules, and closed where in doubt."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import Loader

from sekisho.wire import aws
from sekisho.wire.aws.hosts import Endpoint, EndpointKind, locate

API, ISSUER, LOGIN = EndpointKind.API, EndpointKind.ISSUER, EndpointKind.LOGIN

NAMES = {
    "sts.eu-west-1.amazonaws.com": Endpoint(API, "aws", "eu-west-1", "sts"),
    "sts.amazonaws.com": Endpoint(API, "aws", "us-east-1", "sts"),
    "STS.AmazonAWS.com.:443": Endpoint(API, "aws", "us-east-1", "sts"),
    "iam.us-gov.amazonaws.com": Endpoint(API, "aws-us-gov", "us-gov-west-1", "iam"),
    "iam.cn-north-1.amazonaws.com.cn": Endpoint(API, "aws-cn", "cn-north-1", "iam"),
    "oidc.eks.eu-west-1.amazonaws.com": Endpoint(ISSUER, "aws", "eu-west-1"),
    "oidc.eks.cn-north-1.amazonaws.com.cn": Endpoint(ISSUER, "aws-cn", "cn-north-1"),
    "ABC.gr7.eu-west-1.eks.amazonaws.com": Endpoint(
        EndpointKind.CLUSTER, "aws", "eu-west-1", label="abc.gr7"
    ),
    "cognito-idp.eu-west-1.amazonaws.com": Endpoint(API, "aws", "eu-west-1", "cognito-idp"),
    "shop.auth.eu-west-1.amazoncognito.com": Endpoint(LOGIN, "aws", "eu-west-1", label="shop"),
    "s3.amazonaws.com": Endpoint(API, "aws", "us-east-1", "s3"),
    "my.bucket.s3.eu-west-1.amazonaws.com": Endpoint(API, "aws", "eu-west-1", "s3", "my.bucket"),
    "b.s3.dualstack.eu-west-1.amazonaws.com": Endpoint(API, "aws", "eu-west-1", "s3", "b"),
    "b.s3-eu-west-1.amazonaws.com": Endpoint(API, "aws", "eu-west-1", "s3", "b"),
    "s3.b.s3.amazonaws.com": Endpoint(API, "aws", "us-east-1", "s3", "s3.b"),
    "api.ecr.eu-west-1.amazonaws.com": Endpoint(API, "aws", "eu-west-1", "ecr"),
}


@pytest.mark.parametrize(("host", "endpoint"), NAMES.items(), ids=NAMES.keys())
def test_a_name_of_a_service(host: str, endpoint: Endpoint) -> None:
    assert locate(host) == endpoint


@pytest.mark.parametrize(
    "host",
    [
        "amazonaws.com",
        "nobody-knows.eu-west-1.amazonaws.com",
        "lb-1.eu-west-1.elb.amazonaws.com",
        "signin.aws.amazon.com",
        "eu-west-1.console.aws.amazon.com",
        "x.amazoncognito.com",
        "d-1.awsapps.com",
        "sts..amazonaws.com",
        "sts amazonaws.com",
        "s\u017fs.amazonaws.com",
        "a" * 254 + ".amazonaws.com",
        "",
        "169.254.169.254",
        "169.254.170.23:80",
        "[fd00:ec2::254]:80",
    ],
)
def test_a_name_nobody_serves_is_still_aws(host: str) -> None:
    found = locate(host)
    assert found is not None
    assert found.kind is EndpointKind.UNSERVED
    assert found.service == ""


@pytest.mark.parametrize(
    "host",
    ["kubernetes.io", "evilamazonaws.com", "amazonaws.com.evil.io", "127.0.0.1", "[::1]:443", "localhost"],
)
def test_a_name_of_somebody_else(host: str) -> None:
    assert locate(host) is None


SERVED = (
    "sts",
    "iam",
    "eks",
    "eks-auth",
    "s3",
    "organizations",
    "cognito-idp",
    "cloudformation",
    "ec2",
    "ecr",
)


@pytest.mark.parametrize("service", SERVED)
def test_every_endpoint_botocore_dials_is_located(service: str) -> None:
    dialled = list(endpoints(service))
    assert len(dialled) > 40
    for url, partition, region in dialled:
        found = locate(urlsplit(url).netloc)
        assert found is not None, url
        assert (found.service, found.partition, found.region) == (service, partition, region), url
        assert found.label == ("bkt" if service == "s3" else ""), url


def endpoints(service: str) -> Iterator[tuple[str, str, str]]:
    """Every address of a service that botocore's rules give: URL, partition and region to sign for."""
    loader = Loader()
    partitions = loader.load_data("partitions")
    provider = EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
    for partition in partitions["partitions"]:
        regions = [region for region in partition["regions"] if not region.endswith("-global")]
        for region in regions:
            for flags in range(4):
                rules = {"Region": region, "UseFIPS": flags > 1, "UseDualStack": flags % 2 == 1}
                try:
                    found = provider.resolve_endpoint(
                        **rules, **({"Bucket": "bkt"} if service == "s3" else {})
                    )
                except EndpointProviderError:
                    continue
                schemes = found.properties.get("authSchemes", [{}])
                yield found.url, partition["id"], schemes[0].get("signingRegion", region)


@pytest.mark.parametrize("name", ["nobody", "", "../sts"])
def test_a_service_without_a_model(name: str) -> None:
    with pytest.raises(LookupError):
        aws.load_service(name)


def test_a_model_is_loaded_once() -> None:
    assert aws.load_service("sts") is aws.load_service("sts")
    sts = aws.load_service("sts")
    web = sts.operation("AssumeRoleWithWebIdentity")
    own = sts.operation("AssumeRole")
    assert web is not None
    assert own is not None
    assert (web.is_unsigned, own.is_unsigned) == (True, False)
    assert sts.operation("Nope") is None
    assert (sts.signing_name, aws.load_service("eks-auth").signing_name) == ("sts", "eks-auth")
