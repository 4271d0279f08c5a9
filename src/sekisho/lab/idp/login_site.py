"""The site of a user pool's domain: under AWS's own name, and for browsers at ``http://localhost:PORT``.

``/oauth2/authorize``, ``/login`` and ``/logout`` are for browsers; ``/oauth2/token``, ``/oauth2/revoke`` and
``/oauth2/userInfo`` for programs. A browser shows what it is sent: nothing here trusts that another page did
not send it.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from sekisho.decide.decision import Outcome
from sekisho.decide.values import Secret
from sekisho.decide.values.documents import to_json
from sekisho.facts import Snapshot, UserPoolDomain
from sekisho.facts.pool_lookup import pool_domain
from sekisho.lab.aws.operation import Answer, AwsError, Ids
from sekisho.lab.idp import login_flow, token_endpoint
from sekisho.lab.idp.code import PoolCode
from sekisho.lab.idp.login_page import (
    GUARDS,
    Form,
    error_page,
    expired_page,
    naming,
    new_password_page,
    sign_in_page,
)
from sekisho.lab.idp.oauth_request import Authorization, GoBack, authorization, bad_request, parse_fields
from sekisho.lab.idp.pool_context import Anybody, PoolContext, Trail
from sekisho.lab.idp.refusal import pool_chain
from sekisho.lab.idp.user_pools import UserPools
from sekisho.lab.journal import Asked, Journal
from sekisho.lab.world import Clock, World
from sekisho.wire.aws.hosts import EndpointKind, locate
from sekisho.wire.http import BodyTooLarge, Request, Response

MAX_BODY_BYTES: Final = 16 * 1024
_TARGET: Final = "cognito-login"
_BROWSER: Final = "cognito"
_CSRF: Final = "XSRF-TOKEN"
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_FORBIDDEN: Final = 403
_JSON: Final = ("content-type", "application/json;charset=UTF-8")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request came in: the origin of the page, and the domain that its name is (None: all)."""

    origin: str
    region: str = ""
    domain: UserPoolDomain | None = None

    @property
    def is_secure(self) -> bool:
        """Whether the browser speaks TLS here."""
        return self.origin.startswith("https:")

    def cookie_name(self, name: str) -> str:
        """Return the name of a cookie: browsers keep no ports apart, and take ``__Host-`` over TLS only."""
        return f"__Host-{name}" if self.is_secure else f"{name}-{self.origin.rpartition(':')[2]}"

    def cookie(self, name: str, value: str, seconds: int | None = None) -> tuple[str, str]:
        """Return the header that sets a cookie no script can read."""
        age = "" if seconds is None else f"; Max-Age={seconds}"
        secure = "; Secure" if self.is_secure else ""
        return "set-cookie", f"{self.cookie_name(name)}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}"

    def cookie_value(self, request: Request, name: str) -> str:
        """Return the value that the browser sends for a cookie, empty without one."""
        wanted = self.cookie_name(name)
        for header, text in request.headers:
            if header == "cookie":
                for pair in text.split(";"):
                    found, _, value = pair.strip().partition("=")
                    if found == wanted:
                        return value
        return ""


@dataclass(frozen=True, slots=True)
class _Shown:
    """An answer, and what the journal keeps of it."""

    response: Response
    answer: Answer | None = None
    error: AwsError | None = None


class LoginSite:
    """Answers requests to the domains of user pools; owned by one event loop."""

    def __init__(
        self, world: World, pools: UserPools, journal: Journal, clock: Clock, ids: Ids, local_port: int
    ) -> None:
        self._world = world
        self._pools = pools
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._local = frozenset({f"localhost:{local_port}", f"127.0.0.1:{local_port}"})

    async def serve_local(self, request: Request) -> Response:
        """Answer a browser at the lab's own port, which a page elsewhere may have called by another name."""
        host = (request.header("host") or "").lower()
        if host not in self._local:
            error = bad_request("this port answers to localhost alone")
            return self._noted(request, _Shown(error_page(421, error.message), error=error))
        return await self._serve(request, Place(f"http://{host}"))

    def is_domain(self, request: Request) -> bool:
        """Tell whether a request is for a domain of Cognito's, served or not."""
        found = locate(request.header("host") or "")
        return found is not None and found.kind is EndpointKind.LOGIN

    async def serve_domain(self, request: Request) -> Response:
        """Answer a request under AWS's own name, ``DOMAIN.auth.REGION.amazoncognito.com``."""
        host = (request.header("host") or "").lower().removesuffix(":443")
        found = locate(host)
        assert found is not None  # noqa: S101 - is_domain told so
        domain = pool_domain(self._world.facts, found.region, found.label)
        if domain is None:
            error = bad_request(f"no user pool has the domain {found.label}")
            return self._noted(request, _Shown(error_page(404, error.message), error=error))
        return await self._serve(request, Place(f"https://{host}", found.region, domain))

    async def _serve(self, request: Request, place: Place) -> Response:
        path = request.path.rstrip("/")
        try:
            if path in ("/oauth2/token", "/oauth2/revoke", "/oauth2/userInfo"):
                shown = await self._program(request, place, path)
            else:
                shown = await self._browser(request, place, path)
        except BodyTooLarge:
            error = bad_request(f"the body is longer than {MAX_BODY_BYTES} bytes")
            shown = _Shown(error_page(413, error.message), error=error)
        return self._noted(request, shown)

    # --- programs

    async def _program(self, request: Request, place: Place, path: str) -> _Shown:
        header = request.header("authorization") or ""
        try:
            if path == "/oauth2/userInfo":
                answer = await self._run(
                    place, lambda context: token_endpoint.user_info(context, place.domain, header)
                )
            else:
                form = await self._form(request)
                endpoint = token_endpoint.token if path == "/oauth2/token" else token_endpoint.revoke
                answer = await self._run(place, lambda context: endpoint(context, place.domain, form, header))
        except AwsError as error:
            return _Shown(_program_refusal(error, path), error=error)
        body = b"" if path == "/oauth2/revoke" else to_json(dict(answer.output))
        return _Shown(Response(200, body, (_JSON, ("pragma", "no-cache"), *GUARDS)), answer)

    # --- browsers

    async def _browser(self, request: Request, place: Place, path: str) -> _Shown:
        try:
            given = parse_fields(request.query)
            if path == "/logout" and request.method == "GET":
                return await self._logout(request, place, given)
            if path not in ("/oauth2/authorize", "/login") or request.method not in ("GET", "POST"):
                return _Shown(error_page(404, "There is no such page."), error=bad_request("no such page"))
            asked = authorization(self._context(place), place.domain, given)
            if path == "/login" and request.method == "POST":
                return await self._submitted(request, place, asked)
            if path == "/login":
                return _Shown(self._sign_in(request, place, asked))
            return await self._authorize(request, place, asked)
        except GoBack as wrong:
            return _Shown(_redirect(wrong.url), error=wrong.error)
        except AwsError as error:
            return _Shown(error_page(400, error.message), error=error)

    async def _authorize(self, request: Request, place: Place, asked: Authorization) -> _Shown:
        browser = place.cookie_value(request, _BROWSER)
        answer = await self._run(place, lambda context: login_flow.session_reused(context, asked, browser))
        location = answer.output.get("location")
        if location is not None:
            return _Shown(_redirect(location), answer)
        if "none" in asked.prompt.split():
            error = bad_request("the browser has not signed in")
            return _Shown(_redirect(asked.answered(error="login_required")), error=error)
        return _Shown(_redirect(f"/login?{request.query}"))

    async def _logout(self, request: Request, place: Place, given: Mapping[str, str]) -> _Shown:
        browser = place.cookie_value(request, _BROWSER)
        answer = await self._run(
            place, lambda context: login_flow.logged_out(context, place.domain, given, browser)
        )
        gone = _redirect(answer.output["location"], place.cookie(_BROWSER, "", 0))
        return _Shown(gone, answer)

    async def _submitted(self, request: Request, place: Place, asked: Authorization) -> _Shown:
        form = await self._form(request)
        forged = self._forged(request, place, form)
        if forged is not None:
            return forged
        password = form.get("password", "")
        if "session" in form:
            return await self._changed(request, place, asked, form, password)
        name = form.get("username", "").strip()
        try:
            answer = await self._run(
                place, lambda context: login_flow.password_given(context, asked, name, password)
            )
        except AwsError as error:
            return _Shown(self._sign_in(request, place, asked, name, error.message), error=error)
        if "challenge" in answer.output:
            response = self._new_password(request, place, asked, answer.output["challenge"], name)
            return _Shown(response, answer)
        return self._signed_in(place, answer)

    async def _changed(
        self, request: Request, place: Place, asked: Authorization, form: Mapping[str, str], password: str
    ) -> _Shown:
        session = form["session"]
        try:
            if not Secret(password).matches(form.get("again", "")):
                raise bad_request("The two passwords differ.")
            answer = await self._run(
                place, lambda context: login_flow.new_password_given(context, asked, session, password)
            )
        except AwsError as error:
            if error.code == "NotAuthorizedException":
                sentence = "The time to change the password is over. Sign in again."
                return _Shown(self._sign_in(request, place, asked, "", sentence), error=error)
            response = self._new_password(
                request, place, asked, session, form.get("username", ""), error.message
            )
            return _Shown(response, error=error)
        return self._signed_in(place, answer)

    def _signed_in(self, place: Place, answer: Answer) -> _Shown:
        seconds = int(login_flow.BROWSER_LIFETIME.total_seconds())
        cookie = place.cookie(_BROWSER, answer.output["browser"], seconds)
        return _Shown(_redirect(answer.output["location"], cookie), answer)

    def _sign_in(
        self, request: Request, place: Place, asked: Authorization, name: str = "", problem: str = ""
    ) -> Response:
        token = place.cookie_value(request, _CSRF) or secrets.token_urlsafe(32)
        form = _form(request, asked, {"_csrf": token})
        named = naming(asked.pool.username_attributes)
        shown = sign_in_page(asked.pool.name, form, named, name, problem)
        return shown.with_headers(place.cookie(_CSRF, token))

    def _new_password(
        self,
        request: Request,
        place: Place,
        asked: Authorization,
        session: str,
        username: str,
        problem: str = "",
    ) -> Response:
        hidden = {"_csrf": place.cookie_value(request, _CSRF), "session": session}
        form = _form(request, asked, hidden)
        return new_password_page(login_flow.rules(asked.pool.password_policy), form, username, problem)

    def _forged(self, request: Request, place: Place, form: Mapping[str, str]) -> _Shown | None:
        """Return the refusal of a form that another page sent (CSRF), None for one of this browser's."""
        cookie = place.cookie_value(request, _CSRF)
        own = request.header("origin") in (None, place.origin)
        near = request.header("sec-fetch-site") in (None, "same-origin", "none")
        if own and near and cookie and Secret(cookie).matches(form.get("_csrf", "")):
            return None
        sentence = "The form has expired. Open the page again and allow its cookie."
        error = Trail().refused(PoolCode.CSRF, AwsError("csrf", sentence, _FORBIDDEN))
        return _Shown(expired_page(_FORBIDDEN, sentence, f"/login?{request.query}"), error=error)

    # --- both

    async def _form(self, request: Request) -> Mapping[str, str]:
        kind = (request.header("content-type") or "").partition(";")[0].strip().lower()
        if request.method != "POST" or kind != _FORM_TYPE:
            raise bad_request(f"expected POST with a body of type {_FORM_TYPE}")
        body = await request.body(MAX_BODY_BYTES)
        try:
            return parse_fields(body.decode("ascii"))
        except UnicodeError:
            raise bad_request("the body is not percent-encoded") from None

    async def _run(self, place: Place, operation: Callable[[Anybody], Answer]) -> Answer:
        return await self._pools.run(place.region, operation)

    def _context(self, place: Place) -> PoolContext:
        facts: Snapshot = self._world.facts
        return Anybody(facts, place.region, self._clock.now(), self._ids, self._world.secret)

    def _noted(self, request: Request, shown: _Shown) -> Response:
        error, answer = shown.error, shown.answer
        decision = error.decision if error is not None else None if answer is None else answer.decision
        code, sentence, outcome = "door.served", "served", Outcome.ALLOW
        if error is not None:
            outcome = Outcome.DENY
            code = str(decision.decisive[0].code) if decision is not None else f"aws.{error.code}"
            sentence = decision.sentence() if decision is not None else error.message
        request_id = self._ids.request_id()
        self._journal.note(
            Asked(
                request_id,
                self._clock.now(),
                "aws",
                _TARGET,
                "" if answer is None else answer.who,
                request.header("user-agent") or "",
                f"{request.method} {request.path}"[:200],
                shown.response.status,
                outcome,
                code,
                sentence,
                None if decision is None else pool_chain(decision),
            )
        )
        return shown.response.with_headers(("x-amz-cognito-request-id", request_id))


def _form(request: Request, asked: Authorization, hidden: Mapping[str, str]) -> Form:
    return Form(f"/login?{request.query}", hidden, asked.redirect_source(), asked.client.name)


def _redirect(location: str, *headers: tuple[str, str]) -> Response:
    return Response(302, b"", (("location", location), *GUARDS, *headers))


def _program_refusal(error: AwsError, path: str) -> Response:
    """Return a refusal as RFC 6749, section 5.2, and RFC 6750, section 3, write it."""
    described = {} if error.code == error.message else {"error_description": error.message}
    challenge: tuple[tuple[str, str], ...] = ()
    if error.status == HTTPStatus.UNAUTHORIZED:
        scheme = "Bearer" if path == "/oauth2/userInfo" else "Basic"
        challenge = (("www-authenticate", f'{scheme} realm="{_TARGET}"'),)
    body = to_json({"error": error.code, **described})
    return Response(error.status, body, (_JSON, *GUARDS, *challenge))
