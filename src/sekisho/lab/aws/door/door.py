"""The front door of AWS's side: every request to an AWS name passes here, in one order.

    parse -> signature -> who is calling -> action, resources, context -> policies -> operation

Nothing behind the door is reached by a request that any step refused, and each refusal is
an answer in the service's own protocol, never 5xx: clients would ask again.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from sekisho.connect.issuer_keys import IssuerKeysClient
from sekisho.decide.decision import Chain, Decision, Outcome
from sekisho.decide.iam.principals import caller_name
from sekisho.decide.proof.credential import Signed
from sekisho.decide.proof.http_request import HttpRequest
from sekisho.decide.sts import Session
from sekisho.decide.values import Anonymous, Instant, Principal, SekishoInputError
from sekisho.lab.aws import services, sts
from sekisho.lab.aws.door.delegation import Delegation, asker_of
from sekisho.lab.aws.door.entry import DoorEntry
from sekisho.lab.aws.door.gate import Gate
from sekisho.lab.aws.door.keys import client_headers
from sekisho.lab.aws.door.refusal import (
    RefusedError,
    service_refusal,
    signature_fault,
    signature_refusal,
    unreadable,
    unserved,
)
from sekisho.lab.aws.door.route import Route, route
from sekisho.lab.aws.message_key import message_key
from sekisho.lab.aws.moto.behind import Behind
from sekisho.lab.aws.moto.operations import is_answered
from sekisho.lab.aws.moto.resource_policies import ResourcePolicies
from sekisho.lab.aws.operation import AwsError, Context, Ids, Site
from sekisho.lab.aws.public_pages import PublicPages
from sekisho.lab.aws.web_identity import WebIdentity
from sekisho.lab.aws.web_keys import WebKeys
from sekisho.lab.door_code import DoorCode
from sekisho.lab.idp import operations as idp
from sekisho.lab.idp.login_site import LoginSite
from sekisho.lab.idp.refusal import pool_chain, pool_refusal
from sekisho.lab.idp.user_pools import UserPools
from sekisho.lab.journal import Journal
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.world import Clock, World
from sekisho.wire.aws import codec, message, validate
from sekisho.wire.aws.faults import ServiceFault, encode_fault
from sekisho.wire.aws.hosts import locate
from sekisho.wire.aws.message import Call, Form
from sekisho.wire.errors import WireError
from sekisho.wire.http import BodyTooLarge, Request, Response

MAX_BODY_BYTES = 4 * 1024 * 1024
MAX_OBJECT_BYTES = 16 * 1024 * 1024
"""Of an object, or a part of one: the AWS CLI sends parts of 8 MiB."""
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
        login_port: int,
    ) -> None:
        self.pools = UserPools(world, clock, ids)
        self.login = LoginSite(world, self.pools, journal, clock, ids, login_port)
        self.documents = PublicPages(world, keys, self.pools)
        self._world = world
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._site = site
        self._door_port = door_port
        self._issuer_keys = keys.key_set
        resources = ResourcePolicies(world)
        self._gate = Gate(world, resources, clock, door_port, self._message_key)
        self._behind = Behind(self._gate, resources)
        outside = IssuerKeysClient(lambda host: locate(host) is not None)
        self._web_identity = WebIdentity(world, clock, ids, WebKeys(world, keys, self.pools, outside).answer)

    async def serve(self, request: Request) -> Response:
        """Answer one request; never raises for what a client sent."""
        if self.login.is_domain(request):
            return await self.login.serve_domain(request)
        entry = DoorEntry(self._journal, self._clock, request, self._ids.request_id())
        limit = MAX_OBJECT_BYTES if _is_of_s3(request) else MAX_BODY_BYTES
        try:
            body = await request.body(limit)
        except BodyTooLarge:
            sentence = DoorCode.BODY_TOO_LARGE.sentence.format(limit=limit)
            entry.turned_away(413, DoorCode.BODY_TOO_LARGE, sentence)
            return self._too_large(request, sentence, entry.id)
        if request.header("origin") is not None:
            # No AWS client is a web page; a page that reaches this port is not one of ours.
            entry.turned_away(403, DoorCode.BROWSER_ORIGIN, "a browser asked")
            return _plain(403, "requests of web pages are refused", entry.id)
        page = await self.documents.page(request)
        if page is not None:
            entry.target, entry.question = "oidc", f"{request.method} {request.path}"[:200]
            entry.served(page.status)
            return page
        try:
            asked = HttpRequest(request.method, request.path, request.query, request.headers, body)
            where = route(asked, self._door_port)
        except SekishoInputError as error:
            entry.turned_away(400, error.faults[0].code, str(error))
            return _plain(400, str(error), entry.id)
        except AwsError as error:
            entry.turned_away(error.status, _door_code(error), error.message)
            return _plain(error.status, error.message, entry.id)
        return await self._serve_at(where, asked, entry)

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

    async def _serve_at(self, where: Route, asked: HttpRequest, entry: DoorEntry) -> Response:
        service = where.service
        form = codec.wanted_form(service, _message(asked))
        entry.target = entry.question = service.name
        chain: Chain | None = None
        refused: RefusedError | None = None
        try:
            if codec.names_unsigned(service, _message(asked)):
                answer, chain = await self._serve_unsigned(where, asked, entry)
            else:
                answer, refused = await self._serve_caller(where, asked, entry)
        except RefusedError as error:
            refused = error
            answer = encode_fault(service, error.fault, entry.id, form, asked.path)
        if refused is None:
            entry.served(answer.status, chain)
        else:
            entry.refused(answer.status, refused)
        return _response(answer)

    async def _serve_unsigned(
        self, where: Route, asked: HttpRequest, entry: DoorEntry
    ) -> tuple[message.Response, Chain]:
        """Answer a call that bears no signature; its decision is its own."""
        call = _decoded(where, asked, entry)
        if call.operation.name not in services.WITHOUT_SIGNATURE.get(where.service.name, ()):
            raise unserved(where.service.name, call.operation.name)
        try:
            validate.check(call)
        except WireError as error:
            raise unreadable(error) from None
        if where.service.name == idp.SERVICE:
            return await self._serve_pool_user(where, call, entry)
        granted = await self._web_identity.assume(where, call.parameters, client_headers(asked))
        self._world.commit(granted.answer.events, granted.answer.secrets)
        entry.who = granted.who
        answer = codec.encode(where.service, call.operation, granted.answer.output, entry.id, call.form)
        return answer, granted.chain

    async def _serve_pool_user(
        self, where: Route, call: Call, entry: DoorEntry
    ) -> tuple[message.Response, Chain]:
        try:
            done = await self.pools.unsigned(call.operation.name, where.region, call.parameters)
        except AwsError as error:
            raise pool_refusal(error) from None
        entry.who = done.who
        answer = codec.encode(where.service, call.operation, done.output, entry.id, call.form)
        return answer, pool_chain(done.decision)

    async def _serve_caller(
        self, where: Route, asked: HttpRequest, entry: DoorEntry
    ) -> tuple[message.Response, RefusedError | None]:
        """Answer a caller who signed, or nobody to S3; the second value is what of it was refused."""
        now = self._clock.now()
        proof = self._gate.verify(where, asked, self._gate.client_now(where, asked))
        caller = _caller(where, proof)
        entry.who = caller_name(caller) if isinstance(caller, Anonymous) else str(caller.arn)
        call = _decoded(where, asked, entry)
        session = self._gate.session_of(proof)
        if is_answered(where.service.name, call.operation.name):
            return await self._ask_behind(where, call, asked, proof, caller, session, now)
        headers = client_headers(asked)
        return await self._ask_own(where, call, headers, proof, caller, session, now, entry.id), None

    async def _ask_own(
        self,
        where: Route,
        call: Call,
        headers: Mapping[str, str],
        proof: Decision[Signed],
        caller: Principal | Anonymous,
        session: Session | None,
        now: Instant,
        request_id: str,
    ) -> message.Response:
        """Answer what is the lab's own: facts and events."""
        name = call.operation.name
        if not (where.service.name == "sts" and name in sts.DECIDED_HERE):
            self._gate.permit(where, call, proof, caller, session, headers)
        operation = services.operation(where.service.name, name)
        if operation is None or isinstance(caller, Anonymous):
            raise unserved(where.service.name, name)
        try:
            validate.check(call)
            context = self._delegating(self._context(where, caller, now, session, headers), proof)
            if where.service.name == idp.SERVICE:
                done = await self.pools.signed(operation, context, call.parameters)
            else:
                done = operation(context, call.parameters)
                self._world.commit(done.events, done.secrets)
        except WireError as error:
            raise unreadable(error) from None
        except AwsError as error:
            if error.secrets:
                self._world.commit((), error.secrets)
            raise service_refusal(error, proof) from None
        return codec.encode(where.service, call.operation, done.output, request_id, call.form)

    async def _ask_behind(
        self,
        where: Route,
        call: Call,
        request: HttpRequest,
        proof: Decision[Signed],
        caller: Principal | Anonymous,
        session: Session | None,
        now: Instant,
    ) -> tuple[message.Response, RefusedError | None]:
        """Answer what moto keeps; the second value is what of it was refused."""
        context = None if isinstance(caller, Anonymous) else self._context(where, caller, now, session)
        try:
            return await self._behind.answer(where, call, request, proof, caller, session, context)
        except WireError as error:
            raise unreadable(error) from None
        except AwsError as error:
            raise service_refusal(error, proof) from None

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
            self._message_key,
            headers,
            self._issuer_keys,
        )

    def _delegating(self, context: Context, proof: Decision[Signed]) -> Context:
        def delegate(role: str) -> Delegation:
            return Delegation(self._gate, self._journal, context, asker_of(context, proof, role))

        return replace(context, delegate=delegate)

    def _message_key(self) -> bytes:
        return message_key(self._world, self._ids)


def _caller(where: Route, proof: Decision[Signed]) -> Principal | Anonymous:
    """Return who calls; S3 hears those who signed nothing, as bucket policies may speak of them."""
    if proof.value is not None:
        return proof.value.principal
    if where.service.name == "s3" and proof.outcome is Outcome.NO_OPINION:
        return Anonymous()
    raise signature_refusal(where, proof)


def _decoded(where: Route, asked: HttpRequest, entry: DoorEntry) -> Call:
    try:
        call = codec.decode(where.service, _message(asked), where.bucket)
    except WireError as error:
        raise unreadable(error) from None
    entry.question = f"{where.service.name} {call.operation.name}"
    return call


def _message(request: HttpRequest) -> message.Request:
    return message.Request(request.method, request.path, request.query, dict(request.headers), request.body)


def _is_of_s3(request: Request) -> bool:
    """Tell whether a request says that it is S3's; nothing but the size of its body hangs on that."""
    endpoint = locate(request.header("host") or "")
    is_host = endpoint is not None and endpoint.service == "s3"
    return is_host or "/s3/aws4_request" in (request.header("authorization") or "")


def _door_code(error: AwsError) -> DoorCode:
    """Return the code of a request that names no service of the lab."""
    is_foreign = error.code in ("SekishoForeignHost", "SekishoHostHeader")
    return DoorCode.FOREIGN_HOST if is_foreign else DoorCode.UNSERVED


def _response(answer: message.Response) -> Response:
    return Response(answer.status, answer.body, tuple(answer.headers.items()))


def _plain(status: int, sentence: str, request_id: str) -> Response:
    headers = (("content-type", "text/plain; charset=utf-8"), ("x-amzn-requestid", request_id))
    return Response(status, f"sekisho: {sentence}\n".encode(), headers)
