"""Requests for authorization: which client asks, where the browser goes back to, and for what.

Sources: RFC 6749, sections 3.1 and 4.1; RFC 7636; Cognito Developer Guide, "Authorize endpoint". A browser is
sent to no address that the app client does not list: until that is known, what is wrong stands on a page.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from sekisho.facts import UserPool, UserPoolClient, UserPoolDomain
from sekisho.facts.pool_lookup import domain_of_pool
from sekisho.lab.aws.operation import AwsError
from sekisho.lab.idp.code import PoolCode
from sekisho.lab.idp.pool_context import PoolContext, Trail, existing_client, pool_of

MAX_FIELDS: Final = 40
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_MAX_CHARS: Final = 2_048


class GoBack(Exception):  # noqa: N818 - an answer: the browser is told by a redirect
    """What is wrong with a request whose redirect URI is the client's own."""

    def __init__(self, url: str, error: AwsError) -> None:
        super().__init__(error.code)
        self.url = url
        self.error = error


@dataclass(frozen=True, slots=True)
class Authorization:
    """A request for an authorization code that may be shown to a user."""

    pool: UserPool
    client: UserPoolClient
    redirect_uri: str
    scopes: str
    state: str | None = None
    nonce: str = ""
    challenge: str = ""
    prompt: str = ""

    def answered(self, **parameters: str) -> str:
        """Return the address to which the browser goes back."""
        return gone_back(self.redirect_uri, self.state, **parameters)

    def redirect_source(self) -> str:
        """Return the redirect URI as a source of a Content-Security-Policy."""
        url = urlsplit(self.redirect_uri)
        return f"{url.scheme}://{url.netloc}" if url.scheme in ("http", "https") else f"{url.scheme}:"


def gone_back(redirect_uri: str, state: str | None, **parameters: str) -> str:
    """Return a redirect URI with parameters added (RFC 6749, section 4.1.2)."""
    given = {**parameters, **({} if state is None else {"state": state})}
    return f"{redirect_uri}{'&' if urlsplit(redirect_uri).query else '?'}{urlencode(given)}"


def parse_fields(text: str) -> Mapping[str, str]:
    """Return the parameters of a query or a form.

    Raises:
        AwsError: too many, too long, not UTF-8, or one that is sent twice (RFC 6749, section 3.1).
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict")
    except (ValueError, UnicodeError):
        raise bad_request("parameters that cannot be read") from None
    found = dict(pairs)
    if len(found) < len(pairs):
        raise bad_request("a parameter is sent twice")
    if any(len(value) > _MAX_CHARS for value in found.values()):
        raise bad_request(f"a parameter is longer than {_MAX_CHARS} characters")
    return found


def bad_request(problem: str) -> AwsError:
    """Return the refusal of what is no request."""
    return Trail().refused(PoolCode.REQUEST, AwsError("invalid_request", problem), problem=problem)


def authorization(
    context: PoolContext, domain: UserPoolDomain | None, given: Mapping[str, str]
) -> Authorization:
    """Return what an authorization request asks for.

    Raises:
        AwsError: the client or the redirect URI is not to be trusted: it stands on a page.
        GoBack: anything else, which the client is told.
    """
    client, pool = client_at(context, domain, given.get("client_id", ""))
    redirect = given.get("redirect_uri") or client.default_redirect
    if not redirect or redirect not in client.callback_urls:
        error = AwsError("redirect_mismatch", "the app client does not list this redirect_uri")
        raise Trail().refused(PoolCode.REDIRECT_UNKNOWN, error, url=redirect, kind="callback")
    state = given.get("state")

    def refused(code: PoolCode, error: str, problem: str, **facts: str) -> GoBack:
        told = Trail().refused(code, AwsError(error, problem), problem=problem, **facts)
        url = gone_back(redirect, state, error=error, error_description=problem)
        return GoBack(url, told)

    if not client.oauth_enabled or "code" not in client.oauth_flows:
        raise refused(PoolCode.FLOW_OFF, "unauthorized_client", "the code flow is not enabled", flow="code")
    if given.get("response_type") != "code":
        raise refused(PoolCode.REQUEST, "unsupported_response_type", "expected response_type=code")
    scopes = given.get("scope", "").split() or list(client.oauth_scopes)
    for scope in scopes:
        if scope not in client.oauth_scopes:
            raise refused(PoolCode.SCOPE_UNKNOWN, "invalid_scope", "a scope is not allowed", scope=scope)
    challenge = given.get("code_challenge", "")
    if challenge or "code_challenge_method" in given:
        if given.get("code_challenge_method") != "S256":
            raise refused(PoolCode.REQUEST, "invalid_request", "expected code_challenge_method=S256")
        if not _CHALLENGE.fullmatch(challenge):
            raise refused(PoolCode.REQUEST, "invalid_request", "code_challenge is no SHA-256 in base64url")
    return Authorization(
        pool,
        client,
        redirect,
        " ".join(dict.fromkeys(scopes)),
        state,
        given.get("nonce", ""),
        challenge,
        given.get("prompt", ""),
    )


def client_at(
    context: PoolContext, domain: UserPoolDomain | None, client_id: str
) -> tuple[UserPoolClient, UserPool]:
    """Return an app client of the pool whose domain is asked; None asks on behalf of every domain.

    Raises:
        AwsError: there is none, or its pool has no domain.
    """
    client = existing_client(context, client_id)
    pool = pool_of(context, client)
    own = domain_of_pool(context.facts, pool)
    if own is None or domain not in (None, own):
        error = AwsError("invalid_client", "the app client is not of this domain's user pool")
        raise Trail().refused(PoolCode.CLIENT_UNKNOWN, error, client=client_id)
    return client, pool
