"""Refusals of the front door: what the client is told in its service's words, and the whole reason."""

from collections.abc import Callable

from sekisho.decide.chain import request_to_aws
from sekisho.decide.decision import Chain, Decision, Link, Outcome
from sekisho.decide.iam.layers import Policies
from sekisho.decide.iam.refusal import access_denied_text
from sekisho.decide.proof.aws_error import Family, aws_error
from sekisho.decide.proof.credential import Signed
from sekisho.decide.request.aws_request import ANY_RESOURCE, AwsRequest
from sekisho.lab.aws.door.route import Route
from sekisho.lab.aws.operation import AwsError
from sekisho.wire.aws.faults import ServiceFault
from sekisho.wire.aws.message import Call
from sekisho.wire.aws.shape import Protocol
from sekisho.wire.errors import WireError

_FAMILIES = {
    Protocol.QUERY: Family.QUERY,
    Protocol.EC2: Family.EC2,
    Protocol.JSON: Family.JSON,
    Protocol.REST_JSON: Family.REST_JSON,
    Protocol.REST_XML: Family.S3,
}

_DENIED = {
    Protocol.QUERY: ("AccessDenied", 403),
    Protocol.EC2: ("UnauthorizedOperation", 403),
    Protocol.JSON: ("AccessDeniedException", 400),
    Protocol.REST_JSON: ("AccessDeniedException", 403),
    Protocol.REST_XML: ("AccessDenied", 403),
}
_DENIED_BY = {"sns": ("AuthorizationError", 403), "sqs": ("AccessDenied", 403)}
"""How a service calls a missing permission (the "Common errors" page of its API reference)."""

EncodeMessage = Callable[[AwsRequest, Decision[None]], str]
"""Seals what was decided about a request (`decide.sts.encode_message`)."""


class RefusedError(Exception):
    """A request that is not served: what the client is told, and the chain if one was decided.

    ``who`` is the caller where the request proves it by other means than a signature.
    """

    def __init__(
        self,
        fault: ServiceFault,
        outcome: Outcome,
        sentence: str,
        chain: Chain | None = None,
        who: str = "",
    ) -> None:
        super().__init__(fault.code)
        self.fault = fault
        self.outcome = outcome
        self.sentence = sentence
        self.chain = chain
        self.who = who

    @property
    def code(self) -> str:
        """The stable code of what decided."""
        failed = self.chain.failed if self.chain is not None else None
        if failed is not None and failed.decision.decisive:
            return str(failed.decision.decisive[0].code)
        return f"aws.{self.fault.code}"


def signature_refusal(where: Route, proof: Decision[Signed]) -> RefusedError:
    """Return the refusal of a signature."""
    chain = request_to_aws.decide(proof, (), lambda _asked: Policies())
    return RefusedError(signature_fault(where, proof), proof.outcome, proof.sentence(), chain)


def signature_fault(where: Route, proof: Decision[Signed]) -> ServiceFault:
    """Return a refused signature in the words of the service."""
    error = aws_error(proof, _FAMILIES[where.service.protocol])
    return ServiceFault(error.code, error.message, error.http_status)


def unreadable(error: WireError) -> RefusedError:
    """Return the refusal of a request that breaks its protocol or its operation's constraints."""
    return RefusedError(ServiceFault.of(error), Outcome.DENY, error.problem)


def unserved(service: str, operation: str) -> RefusedError:
    """Return the refusal of an operation that nobody in the lab answers."""
    sentence = f"the lab does not serve {service} {operation}; nothing was sent to AWS"
    return RefusedError(ServiceFault("SekishoUnserved", sentence, 400), Outcome.UNKNOWN, sentence)


def permission_refusal(
    chain: Chain, refused: AwsRequest | Decision[None], call: Call, encode: EncodeMessage
) -> RefusedError:
    """Return the refusal of a call that policies do not permit, or that maps to no permission.

    ``encode`` makes the message that the caller may have decoded, for services that send one.
    """
    failed = chain.failed
    assert failed is not None  # noqa: S101 - evaluate and explain agree: a refusal has a failed link
    decision = failed.decision
    if isinstance(refused, Decision):
        sentence = f"the lab cannot tell which permission {call.operation.name} needs: {decision.sentence()}"
        return RefusedError(ServiceFault("SekishoUnmapped", sentence, 400), decision.outcome, sentence, chain)
    permission: Decision[None] = decision  # type: ignore[assignment]  # permission links are Decision[None]
    text = access_denied_text(refused, permission)
    if call.service.protocol is Protocol.EC2:
        text = f"You are not authorized to perform this operation. {text}"
        if refused.resources[0] != ANY_RESOURCE:
            # Of operations on no resource in particular, such as DescribeInstances, EC2 sends none.
            text += f". Encoded authorization failure message: {encode(refused, permission)}"
    code, status = _DENIED_BY.get(call.service.name, _DENIED[call.service.protocol])
    return RefusedError(ServiceFault(code, text, status), decision.outcome, decision.sentence(), chain)


def service_refusal(error: AwsError, proof: Decision[Signed] | None = None) -> RefusedError:
    """Return the own refusal of a service, with the reason where it decided about identity itself."""
    fault = ServiceFault(error.code, error.message, error.status, error.members)
    if error.chain is not None and proof is not None:
        links = (Link(request_to_aws.AwsLink.SIGNATURE, proof), *error.chain.links)
        chain = Chain(error.chain.name, links)
        failed = chain.failed
        sentence = error.message if failed is None else failed.decision.sentence()
        return RefusedError(fault, chain.outcome, sentence, chain)
    if error.decision is not None and proof is not None:
        chain = request_to_aws.decided(proof, error.decision)
        return RefusedError(fault, error.decision.outcome, error.decision.sentence(), chain)
    return RefusedError(fault, Outcome.ALLOW, error.message)
