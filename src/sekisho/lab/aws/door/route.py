"""Which service a request is for: by AWS's host name, or through the second door by its signature."""

from dataclasses import dataclass

from sekisho.decide.decision import Step
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.proof.presented import read_presented
from sekisho.lab.aws.operation import AwsError
from sekisho.wire.aws.hosts import Endpoint, EndpointKind, locate
from sekisho.wire.aws.models import ServiceModel, known_services, load_service

_POOL_TARGET = "AWSCognitoIdentityProviderService."
SECOND_DOOR_HOSTS = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes. ``bucket`` is what stood before an S3 host name.

    ``region`` is empty for unsigned requests about user pools through the second door, which names none.
    """

    service: ServiceModel
    region: str
    partition: str
    bucket: str = ""


def is_aws_name(name: str) -> bool:
    """Tell whether a host name is AWS's, served here or not: such names never leave the lab."""
    return locate(name) is not None


def is_second_door(request: HttpRequest, door_port: int) -> bool:
    """Tell whether a request came through the door that has one name for all services."""
    name, _, port = "".join(request.header("host")).lower().partition(":")
    return name in SECOND_DOOR_HOSTS and port == str(door_port)


def route(request: HttpRequest, door_port: int) -> Route:
    """Return where ``request`` goes.

    Raises:
        AwsError: the Host header is missing, repeated, not AWS's and not the second door's, or names
            what the lab does not serve. The code begins with ``Sekisho``: AWS has no such answer.
    """
    hosts = request.header("host")
    if len(hosts) != 1:
        raise AwsError("SekishoHostHeader", "expected exactly one Host header")
    name, _, port = hosts[0].lower().partition(":")
    if is_second_door(request, door_port):
        return _by_signature(request)
    endpoint = locate(name)
    if endpoint is None or port not in ("", "443"):
        raise AwsError(
            "SekishoForeignHost",
            f"the lab's AWS door does not answer for the host {hosts[0][:128]!r}; it serves AWS's own names",
        )
    return _of_endpoint(endpoint, name)


def _of_endpoint(endpoint: Endpoint, name: str) -> Route:
    if endpoint.kind is not EndpointKind.API:
        raise AwsError("SekishoUnserved", f"the lab does not serve {name}; nothing was sent to AWS", 404)
    return Route(_model(endpoint.service), endpoint.region, endpoint.partition, endpoint.label)


def _by_signature(request: HttpRequest) -> Route:
    """Read the service from the credential scope: the second door has one name for all services."""
    presented = read_presented(request, request.parameters(), s3=False)
    if isinstance(presented, Step):
        # Requests of STS and of user pools are the only ones that may come here without a scope.
        if "".join(request.header("x-amz-target")).startswith(_POOL_TARGET):
            return Route(_model("cognito-idp"), "", "aws")
        return Route(_model("sts"), "us-east-1", "aws")
    region = presented.credential.region
    place = locate(f"sts.{region}.amazonaws.com")
    if place is None or place.kind is not EndpointKind.API or place.region != region:
        raise AwsError("SekishoUnserved", f"{region[:64]!r} is no region of AWS", 404)
    for name in sorted(known_services()):
        if name == presented.credential.service:
            return Route(_model(name), region, place.partition)
    raise AwsError(
        "SekishoUnserved",
        f"no service signs as {presented.credential.service[:64]!r}; nothing was sent to AWS",
        404,
    )


def _model(name: str) -> ServiceModel:
    try:
        return load_service(name)
    except LookupError as error:
        raise AwsError("SekishoUnserved", f"the lab does not serve {name}: {error}", 404) from None
