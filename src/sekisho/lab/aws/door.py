"""The front door of AWS's side: every request to an AWS name passes here, in one order.

    parse -> signature -> who is calling -> action, resources, context -> policies -> operation

Nothing behind the door is reached by a request that any step refused, and each refusal is
an answer in the service's own protocol, never 5xx: clients would ask again.
"""

from sekisho.decide.chain import request_to_aws
from sekisho.decide.decision import Chain, Decision, Outcome, Step
from sekisho.decide.iam.evaluate import evaluate
from sekisho.decide.iam.layers import Policies
from sekisho.decide.iam.refusal import access_denied_text
from sekisho.decide.proof.aws_error import Family, aws_error
from sekisho.decide.proof.credential import Credential, Signed
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.proof.presented import read_presented
from sekisho.decide.proof.scope import Scope
from sekisho.decide.proof.verify import verify
from sekisho.decide.request.aws import map_call
from sekisho.decide.request.aws_call import AwsCall
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.request.aws_request import Context as ConditionContext
from sekisho.decide.values import Instant, Principal, SekishoInputError
from sekisho.facts.permissions import policies_for
from sekisho.lab.aws import services
from sekisho.lab.aws.credentials import credential_of
from sekisho.lab.aws.found_arns import found_arns
from sekisho.lab.aws.moto_services import MotoServices
from sekisho.lab.aws.operation import AwsError, Context, Ids, Site
from sekisho.lab.aws.route import Route, is_second_door, route
from sekisho.lab.door_code import DoorCode
from sekisho.lab.journal import Asked, Journal
from sekisho.lab.world import Clock, World
from sekisho.wire.aws import codec, message, validate
from sekisho.wire.aws.faults import ServiceFault, encode_fault
from sekisho.wire.aws.message import Call, Form
from sekisho.wire.aws.shape import Protocol
from sekisho.wire.aws_managed_policies import aws_policy_text
from sekisho.wire.errors import WireError
from sekisho.wire.http import BodyTooLarge, Request, Response
from sekisho.wire.service_reference import load_service_reference

MAX_BODY_BYTES = 4 * 1024 * 1024

_FAMILIES = {
    Protocol.QUERY: Family.QUERY,
    Protocol.EC2: Family.EC2,
    Protocol.JSON: Family.JSON,
    Protocol.REST_JSON: Family.REST_JSON,
    Protocol.REST_XML: Family.S3,
}


class _RefusedError(Exception):
    """A request that is not served: what the client is told, and the chain if one was decided."""

    def __init__(
        self, fault: ServiceFault, outcome: Outcome, sentence: str, chain: Chain | None = None
    ) -> None:
        super().__init__(fault.code)
        self.fault = fault
        self.outcome = outcome
        self.sentence = sentence
        self.chain = chain


class AwsDoor:
    """Answers requests to AWS names."""

    def __init__(
        self,
        world: World,
        journal: Journal,
        clock: Clock,
        ids: Ids,
        site: Site,
        door_port: int,
    ) -> None:
        self._world = world
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._site = site
        self._door_port = door_port
        self._moto = MotoServices()

    async def serve(self, request: Request) -> Response:
        """Answer one request; never raises for what a client sent."""
        request_id = self._ids.request_id()
        try:
            body = await request.body(MAX_BODY_BYTES)
        except BodyTooLarge:
            sentence = DoorCode.BODY_TOO_LARGE.sentence.format(limit=MAX_BODY_BYTES)
            self._note(request, request_id, "", "aws", 413, Outcome.DENY, DoorCode.BODY_TOO_LARGE, sentence)
            return _plain(413, sentence, request_id)
        if request.header("origin") is not None:
            # No AWS client is a web page; a page that reaches this port is not one of ours.
            self._note(
                request, request_id, "", "aws", 403, Outcome.DENY, "door.browser-origin", "a browser asked"
            )
            return _plain(403, "requests of web pages are refused", request_id)
        try:
            signed_request = HttpRequest(request.method, request.path, request.query, request.headers, body)
            where = route(signed_request, self._door_port)
        except SekishoInputError as error:
            self._note(request, request_id, "", "aws", 400, Outcome.DENY, error.faults[0].code, str(error))
            return _plain(400, str(error), request_id)
        except AwsError as error:
            self._note(
                request, request_id, "", "aws", error.status, Outcome.DENY, _door_code(error), error.message
            )
            return _plain(error.status, error.message, request_id)
        return await self._serve_at(where, request, signed_request, request_id)

    def caller_identity(self, request: HttpRequest, now: Instant) -> tuple[Decision[Signed], int, bytes]:
        """Answer STS GetCallerIdentity for the cluster's authenticator, in process.

        The same verification and the same bytes as over the wire, whatever host of STS the
        presigned URL names.

        Returns:
            The decision on the signature, the HTTP status and the body.
        """
        where = route(request, self._door_port)
        proof = self._verify(where, request, now)
        request_id = self._ids.request_id()
        if proof.value is None:
            fault = _signature_fault(where, proof)
            answer = encode_fault(where.service, fault, request_id, Form.JSON)
            return proof, answer.status, answer.body
        call = codec.decode(where.service, _message(request))
        context = self._context(where, proof.value.principal, now)
        operation = services.operation("sts", call.operation.name)
        if operation is None:
            return proof, 400, b"{}"
        output = operation(context, call.parameters).output
        answer = codec.encode(where.service, call.operation, output, request_id, Form.JSON)
        return proof, answer.status, answer.body

    async def _serve_at(
        self, where: Route, request: Request, signed: HttpRequest, request_id: str
    ) -> Response:
        service = where.service
        form = codec.wanted_form(service, _message(signed))
        now = self._clock.now()
        question, who = service.name, ""
        try:
            proof = self._verify(where, signed, self._clock.client_now(_signed_at(signed)))
            caller = _proven(where, proof)
            who = str(caller.arn)
            call = _decoded(where, signed)
            question = f"{service.name} {call.operation.name}"
            self._permit(where, call, proof, caller)
            answer = await self._perform(where, call, signed, caller, now, request_id)
        except _RefusedError as refused:
            answer = encode_fault(service, refused.fault, request_id, form, signed.path)
            code = _code_of(refused)
            self._note(
                request,
                request_id,
                who,
                service.name,
                answer.status,
                refused.outcome,
                code,
                refused.sentence,
                question=question,
                chain=refused.chain,
            )
            return _response(answer)
        self._note(
            request,
            request_id,
            who,
            service.name,
            answer.status,
            Outcome.ALLOW,
            "door.served",
            "served",
            question=question,
        )
        return _response(answer)

    def _verify(self, where: Route, request: HttpRequest, now: Instant) -> Decision[Signed]:
        regions = {where.region}
        if where.service.name == "sts":
            regions.add(
                "us-east-1" if request.header("host")[0].startswith("sts.amazonaws.com") else where.region
            )
        scope = Scope(where.service.signing_name, frozenset(regions))
        partition = None if is_second_door(request, self._door_port) else where.partition

        def known(key_id: str) -> Credential | None:
            found = credential_of(self._world, key_id)
            # Partitions share nothing: to GovCloud's STS a key of the commercial one does not exist.
            is_ours = found is not None and partition in (None, found.principal.arn.partition)
            return found if is_ours else None

        return verify(request, known, now, scope)

    def _permit(self, where: Route, call: Call, proof: Decision[Signed], caller: Principal) -> None:
        """Return if every permission the call needs is given.

        Raises:
            _RefusedError: with the explained chain.
        """
        aws_call = AwsCall(
            where.service.name,
            call.operation.name,
            call.parameters,  # type: ignore[arg-type]  # names and shapes are read, values never re-typed
            caller,
            caller.account,
            where.region,
            where.partition,
            ConditionContext.of({}),
        )
        facts = self._world.facts
        reference = load_service_reference({where.service.name, "iam"})
        requests = map_call(aws_call, reference, found_arns(facts, caller.account))

        def applying(asked: AwsRequest) -> Policies:
            return policies_for(facts, asked, aws_policy_text)

        if not isinstance(requests, Decision) and all(
            evaluate(asked, applying(asked)).allowed for asked in requests
        ):
            return
        chain = request_to_aws.decide(proof, requests, applying)
        raise _permission_refusal(chain, requests, call)

    async def _perform(
        self, where: Route, call: Call, request: HttpRequest, caller: Principal, now: Instant, request_id: str
    ) -> message.Response:
        operation = services.operation(where.service.name, call.operation.name)
        if operation is None:
            if self._moto.serves(where.service.name):
                try:
                    return await self._moto.answer(where, request, caller.account)
                except AwsError as error:
                    raise _service_refusal(error) from None
            sentence = (
                f"the lab does not serve {where.service.name} {call.operation.name}; nothing was sent to AWS"
            )
            raise _RefusedError(ServiceFault("SekishoUnserved", sentence, 400), Outcome.UNKNOWN, sentence)
        try:
            validate.check(call)
            done = operation(self._context(where, caller, now), call.parameters)
            self._world.commit(done.events, done.secrets)
        except WireError as error:
            raise _RefusedError(ServiceFault.of(error), Outcome.DENY, error.problem) from None
        except AwsError as error:
            raise _service_refusal(error) from None
        return codec.encode(where.service, call.operation, done.output, request_id, call.form)

    def _context(self, where: Route, caller: Principal, now: Instant) -> Context:
        # AWS's dates have whole seconds; facts are stored with no more.
        now = Instant.from_epoch(int(now.epoch))
        return Context(
            self._world.facts,
            caller,
            caller.account,
            where.region,
            where.partition,
            now,
            self._ids,
            self._site,
        )

    def _note(
        self,
        request: Request,
        request_id: str,
        who: str,
        target: str,
        status: int,
        outcome: Outcome,
        code: str,
        sentence: str,
        *,
        question: str = "",
        chain: Chain | None = None,
    ) -> None:
        client = request.header("user-agent") or ""
        self._journal.note(
            Asked(
                request_id,
                self._clock.now(),
                "aws",
                target,
                who,
                client,
                question or request.method,
                status,
                outcome,
                code,
                sentence,
                chain,
            )
        )


def _signed_at(request: HttpRequest) -> Instant | None:
    presented = read_presented(request, request.parameters(), s3=False)
    return None if isinstance(presented, Step) else presented.signed_at


def _proven(where: Route, proof: Decision[Signed]) -> Principal:
    if proof.value is None:
        chain = request_to_aws.decide(proof, (), lambda _asked: Policies())
        raise _RefusedError(_signature_fault(where, proof), proof.outcome, proof.sentence(), chain)
    return proof.value.principal


def _decoded(where: Route, request: HttpRequest) -> Call:
    try:
        return codec.decode(where.service, _message(request), where.bucket)
    except WireError as error:
        raise _RefusedError(ServiceFault.of(error), Outcome.DENY, error.problem) from None


def _message(request: HttpRequest) -> message.Request:
    return message.Request(request.method, request.path, request.query, dict(request.headers), request.body)


def _signature_fault(where: Route, proof: Decision[Signed]) -> ServiceFault:
    error = aws_error(proof, _FAMILIES[where.service.protocol])
    return ServiceFault(error.code, error.message, error.http_status)


def _permission_refusal(
    chain: Chain, requests: tuple[AwsRequest, ...] | Decision[None], call: Call
) -> _RefusedError:
    failed = chain.failed
    assert failed is not None  # noqa: S101 - evaluate and explain agree: a refusal has a failed link
    decision = failed.decision
    if isinstance(requests, Decision):
        sentence = f"the lab cannot tell which permission {call.operation.name} needs: {decision.sentence()}"
        return _RefusedError(
            ServiceFault("SekishoUnmapped", sentence, 400), decision.outcome, sentence, chain
        )
    refused = requests[len(chain.links) - 2]
    text = access_denied_text(refused, decision)  # type: ignore[arg-type]  # permission links are Decision[None]
    is_rest = call.service.protocol is Protocol.REST_JSON
    code = "AccessDeniedException" if is_rest else "AccessDenied"
    return _RefusedError(ServiceFault(code, text, 403), decision.outcome, decision.sentence(), chain)


def _service_refusal(error: AwsError) -> _RefusedError:
    fault = ServiceFault(error.code, error.message, error.status, error.members)
    return _RefusedError(fault, Outcome.ALLOW, error.message)


def _code_of(refused: _RefusedError) -> str:
    failed = refused.chain.failed if refused.chain is not None else None
    if failed is not None and failed.decision.decisive:
        return str(failed.decision.decisive[0].code)
    return f"aws.{refused.fault.code}"


def _door_code(error: AwsError) -> DoorCode:
    """Return the code of a request that names no service of the lab."""
    is_foreign = error.code in ("SekishoForeignHost", "SekishoHostHeader")
    return DoorCode.FOREIGN_HOST if is_foreign else DoorCode.UNSERVED


def _response(answer: message.Response) -> Response:
    return Response(answer.status, answer.body, tuple(answer.headers.items()))


def _plain(status: int, sentence: str, request_id: str) -> Response:
    headers = (("content-type", "text/plain; charset=utf-8"), ("x-amzn-requestid", request_id))
    return Response(status, f"sekisho: {sentence}\n".encode(), headers)
