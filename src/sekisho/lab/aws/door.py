"""The front door of AWS's side: every request to an AWS name passes here, in one order.

    parse -> signature -> who is calling -> action, resources, context -> policies -> operation

Nothing behind the door is reached by a request that any step refused, and each refusal is
an answer in the service's own protocol, never 5xx: clients would ask again.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sekisho.connect.issuer_keys import IssuerKeysClient
from sekisho.decide.decision import Chain, Decision, Outcome
from sekisho.decide.proof.credential import Signed
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.sts import Session
from sekisho.decide.values import Instant, Principal, SekishoInputError
from sekisho.lab.aws import services, sts
from sekisho.lab.aws.door_keys import client_headers
from sekisho.lab.aws.door_refusal import (
    RefusedError,
    service_refusal,
    signature_fault,
    signature_refusal,
    unreadable,
    unserved,
)
from sekisho.lab.aws.gate import Gate
from sekisho.lab.aws.message_key import message_key
from sekisho.lab.aws.moto_services import MotoServices
from sekisho.lab.aws.operation import AwsError, Context, Ids, Site
from sekisho.lab.aws.route import Route, route
from sekisho.lab.aws.web_identity import Granted, WebIdentity
from sekisho.lab.aws.web_keys import WebKeys
from sekisho.lab.door_code import DoorCode
from sekisho.lab.journal import Asked, Journal
from sekisho.lab.kube.issuer_documents import public_page
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.world import Clock, World
from sekisho.wire.aws import codec, message, validate
from sekisho.wire.aws.faults import ServiceFault, encode_fault
from sekisho.wire.aws.hosts import EndpointKind, locate
from sekisho.wire.aws.message import Call, Form
from sekisho.wire.errors import WireError
from sekisho.wire.http import BodyTooLarge, Request, Response

MAX_BODY_BYTES = 4 * 1024 * 1024
_TOO_LARGE = "RequestEntityTooLarge"


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
        keys: IssuerKeys,
    ) -> None:
        self._keys = keys
        self._world = world
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._site = site
        self._door_port = door_port
        self._moto = MotoServices()
        self._gate = Gate(world, clock, door_port, lambda: message_key(world, ids))
        outside = IssuerKeysClient(lambda host: locate(host) is not None)
        self._web_identity = WebIdentity(world, clock, ids, WebKeys(world, keys, outside).answer)

    async def serve(self, request: Request) -> Response:
        """Answer one request; never raises for what a client sent."""
        request_id = self._ids.request_id()
        try:
            body = await request.body(MAX_BODY_BYTES)
        except BodyTooLarge:
            sentence = DoorCode.BODY_TOO_LARGE.sentence.format(limit=MAX_BODY_BYTES)
            self._note(request, request_id, "", "aws", 413, Outcome.DENY, DoorCode.BODY_TOO_LARGE, sentence)
            return self._too_large(request, sentence, request_id)
        if request.header("origin") is not None:
            # No AWS client is a web page; a page that reaches this port is not one of ours.
            self._note(
                request, request_id, "", "aws", 403, Outcome.DENY, "door.browser-origin", "a browser asked"
            )
            return _plain(403, "requests of web pages are refused", request_id)
        page = self._issuer_page(request)
        if page is not None:
            self._note(
                request,
                request_id,
                "",
                "oidc",
                page.status,
                Outcome.ALLOW,
                "door.served",
                "served",
                question=f"{request.method} {request.path}"[:200],
            )
            return page
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

    def _issuer_page(self, request: Request) -> Response | None:
        """Return a page of a cluster's issuer, which anyone may read; None where it is something else."""
        host = (request.header("host") or "").lower().removesuffix(":443")
        found = locate(host)
        if found is None or found.kind is not EndpointKind.ISSUER or request.method not in ("GET", "HEAD"):
            return None
        return public_page(f"https://{host}{request.path}", self._world.facts.clusters(), self._keys)

    def caller_identity(self, request: HttpRequest, now: Instant) -> tuple[Decision[Signed], int, bytes]:
        """Answer STS GetCallerIdentity for the cluster's authenticator, in process.

        The same verification and the same bytes as over the wire, whatever host of STS the
        presigned URL names.

        Returns:
            The decision on the signature, the HTTP status and the body.
        """
        where = route(request, self._door_port)
        proof = self._gate.verify(where, request, now)
        request_id = self._ids.request_id()
        if proof.value is None:
            fault = signature_fault(where, proof)
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

    def _too_large(self, request: Request, sentence: str, request_id: str) -> Response:
        """Answer in the protocol of the service that the head names, in plain words where it names none."""
        try:
            head = HttpRequest(request.method, request.path, request.query, request.headers, b"")
            service = route(head, self._door_port).service
        except (SekishoInputError, AwsError):
            return _plain(413, sentence, request_id)
        return _response(encode_fault(service, ServiceFault(_TOO_LARGE, sentence, 413), request_id))

    async def _serve_at(
        self, where: Route, request: Request, signed: HttpRequest, request_id: str
    ) -> Response:
        service = where.service
        form = codec.wanted_form(service, _message(signed))
        now = self._clock.now()
        question, who = service.name, ""
        try:
            if codec.names_unsigned(service, _message(signed)):
                call = _decoded(where, signed)
                question = f"{service.name} {call.operation.name}"
                granted = await self._serve_unsigned(where, call, signed)
                answer = codec.encode(service, call.operation, granted.answer.output, request_id, call.form)
                self._note(
                    request,
                    request_id,
                    granted.who,
                    service.name,
                    answer.status,
                    Outcome.ALLOW,
                    "door.served",
                    "served",
                    question=question,
                    chain=granted.chain,
                )
                return _response(answer)
            proof = self._gate.verify(where, signed, self._gate.client_now(signed))
            caller = _proven(where, proof)
            who = str(caller.arn)
            call = _decoded(where, signed)
            question = f"{service.name} {call.operation.name}"
            session = self._gate.session_of(proof)
            if not (where.service.name == "sts" and call.operation.name in sts.DECIDED_HERE):
                self._gate.permit(where, call, proof, caller, session, client_headers(signed))
            answer = await self._perform(where, call, signed, proof, session, now, request_id)
        except RefusedError as refused:
            answer = encode_fault(service, refused.fault, request_id, form, signed.path)
            code = refused.code
            self._note(
                request,
                request_id,
                who or refused.who,
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

    async def _serve_unsigned(self, where: Route, call: Call, request: HttpRequest) -> Granted:
        """Answer a call that bears no signature; its decision is its own."""
        if call.operation.name not in services.WITHOUT_SIGNATURE.get(where.service.name, ()):
            raise unserved(where.service.name, call.operation.name)
        try:
            validate.check(call)
        except WireError as error:
            raise unreadable(error) from None
        granted = await self._web_identity.assume(where, call.parameters, client_headers(request))
        self._world.commit(granted.answer.events, granted.answer.secrets)
        return granted

    async def _perform(
        self,
        where: Route,
        call: Call,
        request: HttpRequest,
        proof: Decision[Signed],
        session: Session | None,
        now: Instant,
        request_id: str,
    ) -> message.Response:
        caller = _proven(where, proof)
        operation = services.operation(where.service.name, call.operation.name)
        if operation is None:
            if self._moto.serves(where.service.name):
                try:
                    return await self._moto.answer(where, request, caller.account)
                except AwsError as error:
                    raise service_refusal(error) from None
            raise unserved(where.service.name, call.operation.name)
        try:
            validate.check(call)
            done = operation(
                self._context(where, caller, now, session, client_headers(request)), call.parameters
            )
            self._world.commit(done.events, done.secrets)
        except WireError as error:
            raise unreadable(error) from None
        except AwsError as error:
            raise service_refusal(error, proof) from None
        return codec.encode(where.service, call.operation, done.output, request_id, call.form)

    def _context(
        self,
        where: Route,
        caller: Principal,
        now: Instant,
        session: Session | None = None,
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> Context:
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
            session,
            self._world.secret,
            lambda: message_key(self._world, self._ids),
            headers,
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


def _proven(where: Route, proof: Decision[Signed]) -> Principal:
    if proof.value is None:
        raise signature_refusal(where, proof)
    return proof.value.principal


def _decoded(where: Route, request: HttpRequest) -> Call:
    try:
        return codec.decode(where.service, _message(request), where.bucket)
    except WireError as error:
        raise unreadable(error) from None


def _message(request: HttpRequest) -> message.Request:
    return message.Request(request.method, request.path, request.query, dict(request.headers), request.body)


def _door_code(error: AwsError) -> DoorCode:
    """Return the code of a request that names no service of the lab."""
    is_foreign = error.code in ("SekishoForeignHost", "SekishoHostHeader")
    return DoorCode.FOREIGN_HOST if is_foreign else DoorCode.UNSERVED


def _response(answer: message.Response) -> Response:
    return Response(answer.status, answer.body, tuple(answer.headers.items()))


def _plain(status: int, sentence: str, request_id: str) -> Response:
    headers = (("content-type", "text/plain; charset=utf-8"), ("x-amzn-requestid", request_id))
    return Response(status, f"sekisho: {sentence}\n".encode(), headers)
