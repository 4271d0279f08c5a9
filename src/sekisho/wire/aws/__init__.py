"""AWS's protocols from the server's side: one codec over botocore's service models.

`hosts.locate` tells which service a host name is, `models.load_service` what that service can
be asked, `codec.decode` what a request asks, `validate.check` whether its parameters satisfy the
model, `codec.encode` and `faults.encode_fault` write the answer.
"""

from sekisho.wire.aws.codec import decode, encode, wanted_form
from sekisho.wire.aws.faults import ServiceFault, encode_fault
from sekisho.wire.aws.hosts import Endpoint, EndpointKind, locate
from sekisho.wire.aws.message import Call, Form, Request, Response
from sekisho.wire.aws.models import ServiceModel, known_services, load_service
from sekisho.wire.aws.shape import Operation, Protocol, Value
from sekisho.wire.aws.validate import check

__all__ = [
    "Call",
    "Endpoint",
    "EndpointKind",
    "Form",
    "Operation",
    "Protocol",
    "Request",
    "Response",
    "ServiceFault",
    "ServiceModel",
    "Value",
    "check",
    "decode",
    "encode",
    "encode_fault",
    "known_services",
    "load_service",
    "locate",
    "wanted_form",
]
