"""Every operation of the lab, called with every constraint of its model broken, by real boto3.

The cases come from botocore's models and the lab's tables of operations: a new operation has them at once.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError

from sekisho.lab.aws.services import OPERATIONS
from sekisho.testing import RunningLab, running_lab
from support.boto_lab import REGION, Caller, Refused, profile
from support.invalid_calls import invalid_calls, plain, with_unknown, with_wrong_types

NAMES = [(service, name) for service, table in OPERATIONS.items() for name in sorted(table)]
IDS = [f"{service} {name}" for service, name in NAMES]
ANSWERED_TO_ANYBODY = {"GetCallerIdentity", "GetSessionToken"}


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with running_lab(tmp_path_factory.mktemp("invalid-calls") / "state") as lab:
        yield profile(lab, "default")


class Clients:
    """A client of each service that sends whatever it is told to."""

    def __init__(self, caller: Caller) -> None:
        self._caller = caller
        self._made: dict[str, Any] = {}
        self.change: Callable[[Any], Any] | None = None

    def client(self, service: str) -> Any:
        if service not in self._made:
            lab: RunningLab = self._caller.lab
            environment = lab.environment()
            session = boto3.Session(self._caller.key_id, self._caller.secret, self._caller.token, REGION)
            config = Config(
                proxies={"https": environment["HTTPS_PROXY"]},
                retries={"total_max_attempts": 1},
                parameter_validation=False,
            )
            made = session.client(service, config=config, verify=environment["AWS_CA_BUNDLE"])
            made.meta.events.register("before-call", self._changed)
            self._made[service] = made
        return self._made[service]

    def _changed(self, params: dict[str, Any], **_: Any) -> None:
        if self.change is not None:
            params["body"] = self.change(params["body"])

    def ask(
        self, service: str, name: str, parameters: dict[str, Any], change: Callable[[Any], Any] | None = None
    ) -> Refused | None:
        """Return how the lab refuses; None where it answers."""
        self.change = change
        try:
            getattr(self.client(service), xform_name(name))(**parameters)
        except ClientError as error:
            told: Any = error.response
            status = told["ResponseMetadata"]["HTTPStatusCode"]
            return Refused(told["Error"]["Code"], status, told["Error"]["Message"])
        return None


@pytest.fixture(scope="module")
def clients(admin: Caller) -> Clients:
    return Clients(admin)


def is_aws_error(refused: Refused | None) -> bool:
    """Tell whether a client can tell what was wrong: 4xx, a code and a sentence in the service's protocol."""
    return (
        refused is not None
        and 400 <= refused.status < 500
        and refused.code not in ("", "Unknown", str(refused.status))
        and bool(refused.message)
    )


@pytest.mark.parametrize(("service", "name"), NAMES, ids=IDS)
def test_every_constraint_of_the_model_is_held(clients: Clients, service: str, name: str) -> None:
    model = clients.client(service).meta.service_model.operation_model(name)
    for call in invalid_calls(model):
        refused = clients.ask(service, name, call.parameters)
        assert is_aws_error(refused), (call, refused)
        assert refused is not None
        if call.fault == "missing":
            assert call.member.lower() in refused.message.lower(), refused


def required(shape: Any) -> dict[str, Any]:
    """Return the parameters that have to be there, none of them meaning anything."""
    return {} if shape is None else {name: plain(shape.members[name]) for name in shape.required_members}


@pytest.mark.parametrize(("service", "name"), NAMES, ids=IDS)
@pytest.mark.parametrize("change", [with_wrong_types, with_unknown])
def test_a_body_of_another_shape_never_breaks_the_lab(
    clients: Clients, service: str, name: str, change: Callable[[Any], Any]
) -> None:
    model = clients.client(service).meta.service_model
    given = required(model.operation_model(name).input_shape)
    refused = clients.ask(service, name, given, change)
    if refused is None:
        # AWS leaves unknown members alone, and in a form every value is a text.
        assert change is with_unknown or model.protocol == "query" or not given
    else:
        assert is_aws_error(refused), refused


@pytest.mark.parametrize(("service", "name"), NAMES, ids=IDS)
def test_nobody_gets_past_the_signature(stranger: Clients, service: str, name: str) -> None:
    model = stranger.client(service).meta.service_model.operation_model(name)
    refused = stranger.ask(service, name, required(model.input_shape))
    if name == "AssumeRoleWithWebIdentity":  # not signed at all: its token is the proof
        assert is_aws_error(refused)
        return
    assert refused is not None
    assert (refused.code, refused.status) in {
        ("SignatureDoesNotMatch", 403),
        ("InvalidSignatureException", 403),
        ("InvalidSignatureException", 400),
    }


@pytest.fixture(scope="module")
def stranger(admin: Caller) -> Clients:
    return Clients(replace(admin, secret="wrong" * 8))
