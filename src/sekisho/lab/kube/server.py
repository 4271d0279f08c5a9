"""A cluster's API server: authentication, authorization, then the resource or document asked for."""

from dataclasses import dataclass, replace

from sekisho.decide.chain import admitted, admitted_by_authorizers, without_token
from sekisho.decide.chain.impersonate import Impersonated, impersonate, impersonated_chain
from sekisho.decide.decision import Chain, Outcome, ReasonCode
from sekisho.decide.request.impersonation import CONSTRAINED_SINCE, read_headers
from sekisho.decide.request.kubernetes import RequestAttributes, parse
from sekisho.decide.values import Instant, KubeUser, SekishoInputError
from sekisho.lab.aws.eks.versions import git_version, minor_version
from sekisho.lab.door_code import DoorCode
from sekisho.lab.journal import Asked, Journal
from sekisho.lab.kube.admission_code import AdmissionRefusedError
from sekisho.lab.kube.authenticator import Authenticated, Authenticator
from sekisho.lab.kube.exchange import Exchange, page_answer, status_answer
from sekisho.lab.kube.issuer_documents import api_server_page
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.kube.request_form import fits, is_apply
from sekisho.lab.kube.reviews import Reviews
from sekisho.lab.kube.service_address import SERVICE_HOSTS
from sekisho.lab.kube.streams import PodStreams
from sekisho.lab.kube.subresources import SERVED, Subresources
from sekisho.lab.kube.token_requests import TokenRequests
from sekisho.lab.kube.verbs import GrantRefusedError, Verbs
from sekisho.lab.world import Clock, Ids
from sekisho.wire.http import Answer, Request, Response, StreamResponse, Upgrade
from sekisho.wire.kube import schema, status
from sekisho.wire.kube.discovery import discover, version_page
from sekisho.wire.kube.negotiate import negotiate
from sekisho.wire.kube.openapi import OpenApi
from sekisho.wire.kube.options import check_query, read_query
from sekisho.wire.kube.registry import PODS, REGISTRY, Resource
from sekisho.wire.kube.status import KubeError

_HEALTH = frozenset({"/healthz", "/livez", "/readyz"})
_ANONYMOUS = KubeUser("system:anonymous", ("system:unauthenticated",))
_BEARER = "bearer "
_STREAMS = frozenset({"attach", "exec", "log", "portforward"})
MAX_TOKEN_HEADER_CHARS = 32 * 1024


@dataclass(frozen=True, slots=True)
class _Caller:
    """Who sends a request: the user, and what was found on the way to it.

    ``acting`` is set where the request asks to be made by another: ``user`` is that one then.
    """

    user: KubeUser
    found: Authenticated | None = None
    acting: Impersonated | None = None

    @property
    def name(self) -> str:
        """The IAM ARN of who sends the request, else its own user name, whoever it acts as."""
        if self.found is None:
            return self.user.name
        if self.found.identity is not None:
            return str(self.found.identity.arn)
        return (self.found.user or self.user).name


class _RefusedError(Exception):
    """An answer that identity decided: the Status, and the chain that says why."""

    def __init__(
        self, error: KubeError, who: str, chain: Chain | None, code: ReasonCode | None = None
    ) -> None:
        super().__init__(error.message)
        self.error = error
        self.who = who
        self.chain = chain
        self.code = code


class KubeServer:
    """The API server of one cluster."""

    def __init__(
        self,
        cluster: LiveCluster,
        authenticator: Authenticator,
        verbs: Verbs,
        subresources: Subresources,
        reviews: Reviews,
        token_requests: TokenRequests,
        streams: PodStreams,
        keys: IssuerKeys,
        journal: Journal,
        clock: Clock,
        ids: Ids,
        address: str,
    ) -> None:
        self._cluster = cluster
        self._authenticator = authenticator
        self._verbs = verbs
        self._subresources = subresources
        self._reviews = reviews
        self._token_requests = token_requests
        self._streams = streams
        self._keys = keys
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._address = address
        self._openapi = OpenApi(REGISTRY, schema.load(), git_version(cluster.cluster.version))

    async def serve(self, request: Request) -> Answer:
        """Answer one request; never raises for what a client sent."""
        audit_id = self._ids.request_id()
        now = self._clock.now()
        question, who = f"{request.method} {request.path}"[:200], ""
        try:
            self._check_door(request)
            attributes = _attributes(request)
            question = described(attributes)
            caller = await self._caller(request, attributes)
            who = caller.name
            caller = self._acting(caller, request, attributes)
            self._authorize(caller, attributes)
            answer = await self._answer(request, attributes, caller.user, now)
        except _RefusedError as refused:
            self._note(
                request,
                audit_id,
                now,
                question,
                refused.who,
                refused.error.code,
                refused.chain,
                refused.code,
                refused.error.message,
            )
            return _with_id(status_answer(refused.error), audit_id)
        except AdmissionRefusedError as error:
            chain = self._chain(caller, attributes)
            if chain is not None:
                chain = Chain(chain.name, (*chain.links, error.link))
            self._note(request, audit_id, now, question, who, error.code, chain, None, error.message)
            return _with_id(status_answer(error), audit_id)
        except GrantRefusedError as error:
            self._note(
                request, audit_id, now, question, who, error.code, None, error.reason_code, error.message
            )
            return _with_id(status_answer(error), audit_id)
        except KubeError as error:
            code = DoorCode.BODY_TOO_LARGE if error.code == 413 else DoorCode.SERVED
            self._note(request, audit_id, now, question, who, error.code, None, code, error.message)
            return _with_id(status_answer(error), audit_id)
        self._note(request, audit_id, now, question, who, answer.status, None, DoorCode.SERVED)
        return _with_id(answer, audit_id)

    def refusal(self, code: DoorCode, sentence: str) -> Response:
        """Answer and note a request whose head could not be read."""
        audit_id = self._ids.request_id()
        status_code = 431 if code is DoorCode.HEAD_TOO_LARGE else 400
        error = KubeError(status_code, "BadRequest", sentence)
        self._journal.note(
            Asked(
                audit_id,
                self._clock.now(),
                "kubernetes",
                self._cluster.name,
                "",
                "",
                "request",
                status_code,
                Outcome.DENY,
                str(code),
                sentence,
            )
        )
        return Response(status_code, status_answer(error).body, (("audit-id", audit_id),))

    def _check_door(self, request: Request) -> None:
        """Refuse web pages and foreign names: a browser may be made to ask (DNS rebinding).

        No page has the server's own origin, as it serves none; WebSocket clients name it of themselves.
        """
        own = (self._address, f"localhost:{self._address.rpartition(':')[2]}")
        origins = {value.lower() for name, value in request.headers if name == "origin"}
        if origins - {f"https://{name}" for name in own}:
            code = DoorCode.BROWSER_ORIGIN
            raise _RefusedError(KubeError(403, "Forbidden", code.sentence), "", None, code)
        hosts = [value.lower() for name, value in request.headers if name == "host"]
        if len(hosts) != 1 or not {hosts[0], hosts[0].removesuffix(":443")} & {*own, *SERVICE_HOSTS}:
            sentence = DoorCode.FOREIGN_HOST.sentence.format(host=status.quote(", ".join(hosts)[:128]))
            raise _RefusedError(KubeError(403, "Forbidden", sentence), "", None, DoorCode.FOREIGN_HOST)

    async def _caller(self, request: Request, attributes: RequestAttributes) -> _Caller:
        headers = [value for name, value in request.headers if name == "authorization"]
        if not headers and attributes.path in _HEALTH:
            return _Caller(_ANONYMOUS)
        header = headers[0] if len(headers) == 1 else None
        if (
            header is None
            or header[: len(_BEARER)].lower() != _BEARER
            or len(header) > MAX_TOKEN_HEADER_CHARS
        ):
            chain = without_token(headers[0][:0] if headers else None)
            raise _RefusedError(status.unauthorized(), "", chain)
        found = await self._authenticator.authenticate(header[len(_BEARER) :].strip())
        if found.user is None:
            chain = found.chain(self._cluster, attributes)
            who = str(found.identity.arn) if found.identity is not None else found.claimed
            raise _RefusedError(status.unauthorized(), who, chain)
        return _Caller(found.user, found)

    def _acting(self, caller: _Caller, request: Request, attributes: RequestAttributes) -> _Caller:
        """Return the caller as the user that the request asks to be made by, if it asks for one."""
        if caller.found is None:
            return caller
        try:
            wanted = read_headers(request.headers)
        except SekishoInputError as error:
            raise status.bad_request(error.faults[0].problem) from None
        if wanted is None:
            return caller
        constrained = minor_version(self._cluster.cluster.version) >= CONSTRAINED_SINCE
        acting = impersonate(caller.user, wanted, attributes, self._cluster, constrained=constrained)
        if acting.decision.value is not None:
            return replace(caller, user=acting.decision.value, acting=acting)
        lacking = replace(caller, acting=acting)
        assert acting.denied is not None  # noqa: S101 - a refusal names what was missing
        asked, because = acting.denied.request, acting.denied.forbidden
        raise _RefusedError(
            _forbidden(caller.user.name, asked, because), caller.name, self._chain(lacking, attributes)
        )

    def _chain(self, caller: _Caller, attributes: RequestAttributes) -> Chain | None:
        """Return what was decided about a request, explained."""
        if caller.found is None:
            return None
        if caller.acting is None:
            return caller.found.chain(self._cluster, attributes)
        sender = caller.found.chain(self._cluster)
        return impersonated_chain(sender, caller.acting, attributes, self._cluster)

    def _authorize(self, caller: _Caller, attributes: RequestAttributes) -> None:
        if admitted(caller.user, attributes, self._cluster):
            return
        error = _forbidden(caller.user.name, attributes)
        if admitted_by_authorizers(caller.user, attributes, self._cluster):
            # Refused is the second question, about create: kube-apiserver tells the authorizer's reason,
            # and RBAC has none.
            error = status.forbidden(attributes.resource, attributes.group, attributes.name, "")
        raise _RefusedError(error, caller.name, self._chain(caller, attributes))

    async def _answer(
        self, request: Request, attributes: RequestAttributes, user: KubeUser, now: Instant
    ) -> Answer:
        if attributes.path is not None:
            return self._document(request, attributes.path)
        resource = REGISTRY.at_path(attributes.group, attributes.version, attributes.resource)
        if resource is None:
            raise status.no_such_path()
        is_token = (attributes.resource_path, attributes.group) == ("serviceaccounts/token", "")
        is_stream = resource is PODS and attributes.subresource in _STREAMS and bool(attributes.namespace)
        if attributes.subresource and resource.subresource(attributes.subresource) is None:
            raise status.no_such_path()
        is_review = not resource.is_stored
        if (attributes.name and is_review) or (
            resource.namespaced and attributes.name and not attributes.namespace
        ):
            raise status.no_such_path()
        is_wrong = is_token and attributes.verb != "create"
        if is_wrong or (not is_stream and not fits(request.method, attributes, resource)):
            raise status.method_not_allowed()
        if attributes.namespace and not resource.namespaced and resource.plural != "namespaces":
            raise status.no_such_path()
        if is_stream:
            # What comes back is no object: the Accept header does not choose its form.
            return await self._streams.answer(request, attributes, user)
        form = negotiate(request.header("accept") or "")
        query = read_query(request.query)
        check_query(attributes.verb, query, is_apply=is_apply(request))
        exchange = Exchange(request, attributes, user, now, form, query)
        return await self._of_resource(exchange, resource)

    async def _of_resource(self, exchange: Exchange, resource: Resource) -> Response | StreamResponse:
        if not resource.is_stored:
            return await self._reviews.answer(exchange, resource)
        if exchange.attributes.subresource == "token":
            return await self._token_requests.create(exchange)
        if exchange.attributes.subresource in SERVED:
            return await self._subresources.answer(exchange, resource)
        return await self._verbs.answer(exchange, resource)

    def _document(self, request: Request, path: str) -> Response:
        if request.method not in ("GET", "HEAD"):
            raise status.method_not_allowed()
        if path in _HEALTH:
            return Response(200, b"ok", (("content-type", "text/plain; charset=utf-8"),))
        own = api_server_page(path, self._cluster.cluster.issuer, self._address, self._keys)
        if own is not None:
            return own
        version = git_version(self._cluster.cluster.version)
        if self._openapi.git_version != version:  # the cluster was updated
            self._openapi = OpenApi(REGISTRY, schema.load(), version)
        page = (
            version_page(version)
            if path.rstrip("/") == "/version"
            else discover(REGISTRY, path, request.header("accept") or "", self._address)
            or self._openapi.page(path)
        )
        if page is None:
            raise status.no_such_path()
        return page_answer(page, request)

    def _note(
        self,
        request: Request,
        audit_id: str,
        now: Instant,
        question: str,
        who: str,
        status_code: int,
        chain: Chain | None,
        code: ReasonCode | None,
        sentence: str = DoorCode.SERVED.sentence,
    ) -> None:
        outcome, told = Outcome.ALLOW, str(code)
        failed = chain.failed if chain is not None else None
        if failed is not None:
            outcome, sentence = failed.decision.outcome, failed.decision.sentence()
            told = str(failed.decision.decisive[0].code)
        elif code is not DoorCode.SERVED:
            outcome = Outcome.DENY
        client = request.header("user-agent") or ""
        self._journal.note(
            Asked(
                audit_id,
                now,
                "kubernetes",
                self._cluster.name,
                who,
                client,
                question,
                status_code,
                outcome,
                told,
                sentence,
                chain,
            )
        )


def described(attributes: RequestAttributes) -> str:
    """Return a request in kubectl's words: ``list configmaps in kube-system``, ``get /version``."""
    if attributes.path is not None:
        return f"{attributes.verb} {attributes.path}"[:200]
    group = f".{attributes.group}" if attributes.group else ""
    name = f" {attributes.name}" if attributes.name else ""
    place = f" in {attributes.namespace}" if attributes.namespace else ""
    return f"{attributes.verb} {attributes.resource_path}{group}{name}{place}"[:200]


def _forbidden(user: str, attributes: RequestAttributes, because: str = "") -> KubeError:
    if attributes.path is not None:
        return status.forbidden_path(user, attributes.verb, attributes.path, because)
    return status.forbidden_resource(
        user,
        attributes.verb,
        group=attributes.group,
        resource=attributes.resource,
        subresource=attributes.subresource,
        name=attributes.name,
        namespace=attributes.namespace,
        because=because,
    )


def _attributes(request: Request) -> RequestAttributes:
    try:
        return parse(request.method, request.path, request.query)
    except SekishoInputError as error:
        raise status.bad_request(error.faults[0].problem) from None


def _with_id(answer: Answer, audit_id: str) -> Answer:
    headers = (*answer.headers, ("audit-id", audit_id))
    if not any(name == "cache-control" for name, _ in headers):
        headers = (*headers, ("cache-control", "no-cache, private"))
    if isinstance(answer, Upgrade):
        return Upgrade((*answer.headers, ("audit-id", audit_id)), answer.run)
    if isinstance(answer, StreamResponse):
        return StreamResponse(answer.status, answer.parts, headers)
    return Response(answer.status, answer.body, headers)
