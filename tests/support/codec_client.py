"""An AWS service as a real client meets it: botocore's serializer and parser around codec and operations.

A call goes the way it takes behind the door: bytes, decoded, checked against the model, done, its events
stored and read again, the answer encoded and parsed by botocore. No server runs.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import urlencode

import pytest
from botocore import handlers, parsers, serialize
from botocore.awsrequest import HeadersDict
from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, Shape

from sekisho.decide.values import Ref
from sekisho.facts import Put, Snapshot
from sekisho.facts.json_form import fact_from_json, fact_to_json
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation
from sekisho.wire import aws
from sekisho.wire.errors import WireError

REQUEST_ID = "4f7bbd0a-0000-4000-8000-0123456789ab"
OVERRULED = {
    "PermissionsBoundaryAttachmentType": ("Policy",),
    "PolicySourceType": ("IAM Policy", "Permissions Boundary Policy", "Resource Policy"),
}
"""Values that AWS answers although its own model does not list them."""


class RefusedError(Exception):
    """What botocore parsed of an error."""

    def __init__(self, parsed: Any) -> None:
        super().__init__(parsed["Error"]["Message"])
        self.code = parsed["Error"]["Code"]
        self.message = parsed["Error"]["Message"]
        self.reason = parsed.get("Reason", "")
        self.status = parsed["ResponseMetadata"]["HTTPStatusCode"]


class World(Protocol):
    """The facts that operations are done on."""

    facts: Snapshot

    def context(self) -> Context:
        """Return what an operation is given."""

    def apply(self, answer: Answer) -> Any:
        """Take an operation's events."""


class CodecClient:
    """Calls operations by name, as boto3 does."""

    def __init__(self, service: str, operations: Mapping[str, Operation], world: World) -> None:
        self.model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
        self.called: set[str] = set()
        self._service = aws.load_service(service)
        self._operations = operations
        self._world = world

    def call(self, name: str, **parameters: Any) -> Any:
        """Return the parsed answer; every string in it fits the pattern of its shape.

        Raises:
            RefusedError: the parsed answer is an error.
        """
        model = self.model.operation_model(name)
        response = self._answer(self._request(model, parameters))
        headers = HeadersDict(response.headers)
        raw = {"status_code": response.status, "headers": headers, "body": response.body, "context": {}}
        parser = parsers.create_parser(self.model.resolved_protocol)
        parsed = parser.parse(raw, model.output_shape)
        assert parsed["ResponseMetadata"]["RequestId"] == REQUEST_ID
        if "Error" in parsed:
            shape = self.model.shape_for_error_code(parsed["Error"]["Code"])
            raise RefusedError(parsed | (parser.parse(raw, shape) if shape is not None else {}))
        self.called.add(name)
        del parsed["ResponseMetadata"]
        if model.output_shape is not None:
            self._check_patterns(parsed, model.output_shape)
        handlers.json_decode_policies(parsed, model)
        return parsed

    def refused(self, name: str, **parameters: Any) -> RefusedError:
        """Return the error an operation is answered with."""
        with pytest.raises(RefusedError) as caught:
            self.call(name, **parameters)
        return caught.value

    def _request(self, model: OperationModel, parameters: Any) -> aws.Request:
        protocol = self.model.resolved_protocol
        serializer = serialize.create_serializer(protocol, include_validation=False)
        sent = serializer.serialize_to_request(parameters, model)
        headers = {name.lower(): value for name, value in sent["headers"].items()}
        body = sent["body"] if isinstance(sent["body"], bytes) else urlencode(sent["body"]).encode()
        return aws.Request(sent["method"], sent["url_path"], "", headers, body)

    def _answer(self, request: aws.Request) -> aws.Response:
        try:
            call = aws.decode(self._service, request)
            aws.check(call)
            answer = self._operations[call.operation.name](self._world.context(), call.parameters)
        except WireError as error:
            return aws.encode_fault(self._service, aws.ServiceFault.of(error), REQUEST_ID)
        except AwsError as error:
            fault = aws.ServiceFault(error.code, error.message, error.status, error.members)
            return aws.encode_fault(self._service, fault, REQUEST_ID)
        self._world.apply(answer)
        self._world.facts = _stored_and_read(self._world.facts)
        return aws.encode(self._service, call.operation, answer.output, REQUEST_ID, call.form)

    def _check_patterns(self, value: Any, shape: Shape) -> None:
        """Compare ids and ARNs with the patterns of AWS's own model, of which botocore checks none."""
        if shape.type_name == "structure":
            for name, member in value.items():
                self._check_patterns(member, shape.members[name])
        elif shape.type_name == "list":
            for member in value:
                self._check_patterns(member, shape.member)
        elif shape.type_name == "string" and isinstance(value, str):
            # botocore drops `pattern` from its shapes; the raw model has it.
            pattern = self.model._service_description["shapes"][shape.name].get("pattern", "")
            if r"\p{" not in pattern:
                assert re.search(pattern, value), f"{shape.name}: {value}"
            assert not shape.enum or value in (*shape.enum, *OVERRULED.get(shape.name, ())), (
                f"{shape.name}: {value}"
            )


def _stored_and_read(facts: Snapshot) -> Snapshot:
    """Return the facts as they come back from where the world keeps them."""
    items = [(key, json.dumps(fact_to_json(fact))) for key, fact in facts.items()]
    return Snapshot(Put(key, fact_from_json(key.kind, json.loads(text), Ref("state"))) for key, text in items)
