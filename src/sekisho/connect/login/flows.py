"""The ways to be signed in: browser, device, password, and a refresh token that renews all of them.

Sources: RFC 8252 (browser, code with PKCE), RFC 8628 (device), RFC 6749, sections 4.3 (password; only where
the issuer lists the grant) and 6 (refresh); OpenID Connect Core 1.0, section 12.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.login.authorization import Authorization
from sekisho.connect.login.browser import open_browser
from sekisho.connect.login.id_token import Expected
from sekisho.connect.login.loopback import LoopbackServer, listening
from sekisho.connect.login.provider import Provider
from sekisho.connect.login.refusal import LoginRefused
from sekisho.connect.login.signed_in import SignedIn, Tell
from sekisho.connect.login.token_answer import DeviceGrant, OAuthRefusal, Tokens
from sekisho.decide.values import Ref, Secret, SekishoInputError

Hints = Mapping[str, str]
"""``prompt`` and ``login_hint`` of OpenID Connect Core 1.0, section 3.1.2.1."""
Way = Callable[[Provider, Hints], Awaitable[SignedIn]]
"""One way to be signed in at a provider. It raises LoginRefused and EnvironmentFailure."""

DEVICE_GRANT: Final = "urn:ietf:params:oauth:grant-type:device_code"
_SLOWER_SECONDS: Final = 5.0  # RFC 8628, section 3.5


def by_browser(command: tuple[str, ...], browsed: Callable[[str], str], tell: Tell) -> Way:
    """Return the way through a browser started by ``command`` (empty: the person opens the address).

    ``browsed`` gives the address of the login page as the browser reaches it.
    """

    async def sign_in(provider: Provider, hints: Hints) -> SignedIn:
        request = provider.request
        async with listening(request.redirect) as server:
            asked = Authorization(
                request.issuer,
                request.client_id,
                server.redirect_uri,
                request.scopes,
                Secret(secrets.token_urlsafe(32)),
                secrets.token_urlsafe(32),
                Secret(secrets.token_urlsafe(48)),
                provider.metadata.names_itself,
            )
            server.expect(asked)
            url = asked.url(browsed(provider.metadata.authorization), **hints)
            if open_browser(command, url):
                tell(f"sign in at {request.issuer} in the browser that opens")
            else:
                tell(f"open this address in a browser of this machine to sign in:\n{url}")
            code = await _code(server, provider)
            try:
                done = await _exchanged(provider, asked, code)
            except (LoginRefused, EnvironmentFailure) as error:
                server.tell(f"{error}.", is_good=False)
                raise
            server.tell(f"{request.issuer} knows you as {done.who}.", is_good=True)
            return done

    return sign_in


async def _code(server: LoopbackServer, provider: Provider) -> Secret:
    wait = provider.request.timeout.total_seconds()
    try:
        async with asyncio.timeout(wait):
            return await server.code()
    except TimeoutError:
        raise EnvironmentFailure(
            f"sign in at {provider.request.issuer}", f"nobody signed in within {wait:g} s", can_retry=True
        ) from None
    except LoginRefused as refused:
        server.tell(f"{refused}.", is_good=False)
        raise


async def _exchanged(provider: Provider, asked: Authorization, code: Secret) -> SignedIn:
    answer = await provider.tokens(
        {
            "grant_type": "authorization_code",
            "code": code.reveal(),
            "redirect_uri": asked.redirect_uri,
            "code_verifier": asked.verifier.reveal(),
        }
    )
    tokens = _granted(answer, "the code")
    return await _signed_in(
        provider, tokens, Expected(asked.nonce, nonce_required=True, access_token=tokens.access_token)
    )


def by_device(tell: Tell, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> Way:
    """Return the way over another device, for machines without a browser."""

    async def sign_in(provider: Provider, _hints: Hints) -> SignedIn:
        if not provider.metadata.device_authorization:
            raise _not_offered(provider, "--device", "no device authorization endpoint")
        grant = await provider.device_grant()
        if isinstance(grant, OAuthRefusal):
            raise LoginRefused(f"the issuer refused a device code: {grant.sentence}")
        tell(f"open {grant.verification_uri} on any device and enter the code {grant.user_code}")
        if grant.complete_uri:
            tell(f"or open {grant.complete_uri} and compare the code")
        tokens = await _polled(provider, grant, sleep)
        return await _signed_in(provider, tokens, Expected(access_token=tokens.access_token))

    return sign_in


async def _polled(
    provider: Provider, grant: DeviceGrant, sleep: Callable[[float], Awaitable[None]]
) -> Tokens:
    pause = grant.interval.total_seconds()
    deadline = time.monotonic() + grant.lifetime.total_seconds()
    form = {"grant_type": DEVICE_GRANT, "device_code": grant.device_code.reveal()}
    while time.monotonic() < deadline:
        await sleep(pause)
        answer = await provider.tokens(form)
        if isinstance(answer, Tokens):
            return answer
        if answer.code == "slow_down":
            pause += _SLOWER_SECONDS
        elif answer.code != "authorization_pending":
            raise LoginRefused(f"the issuer refused: {answer.sentence}")
    raise LoginRefused("the device code has expired")


def by_password(username: str, password: Secret) -> Way:
    """Return the way with user name and password (RFC 6749, section 4.3), meant for tests."""

    async def sign_in(provider: Provider, _hints: Hints) -> SignedIn:
        if "password" not in provider.metadata.grants:
            raise _not_offered(provider, "--password", "no `password` grant")
        form = {
            "grant_type": "password",
            "username": username,
            "password": password.reveal(),
            "scope": " ".join(provider.request.scopes),
        }
        tokens = _granted(await provider.tokens(form), "user name and password")
        return await _signed_in(provider, tokens, Expected(access_token=tokens.access_token))

    return sign_in


async def renewed(provider: Provider, kept: SignedIn, tell: Tell) -> SignedIn | None:
    """Return the sign-in renewed by its refresh token; None where the issuer does not take that any more.

    Raises:
        LoginRefused: what came is not to be believed.
        EnvironmentFailure: the issuer does not answer; opening a browser would not help.
    """
    if kept.refresh_token is None:
        return None
    form = {"grant_type": "refresh_token", "refresh_token": kept.refresh_token.reveal()}
    answer = await provider.tokens(form)
    if isinstance(answer, OAuthRefusal):
        tell(f"the refresh token is not taken any more: {answer.sentence}")
        return None
    if answer.id_token is None:
        tell("the issuer renews no id tokens")
        return None
    expected = Expected(kept.nonce, access_token=answer.access_token, subject=kept.token.subject)
    token = await provider.id_token(answer.id_token, expected)
    # RFC 6749, section 6: without a new refresh token the old one stays.
    return SignedIn(token, answer.refresh_token or kept.refresh_token, kept.nonce)


async def _signed_in(provider: Provider, tokens: Tokens, expected: Expected) -> SignedIn:
    if tokens.id_token is None:
        raise LoginRefused("the issuer gave no id token: is `openid` among the scopes of the client?")
    token = await provider.id_token(tokens.id_token, expected)
    return SignedIn(token, tokens.refresh_token, expected.nonce)


def _granted(answer: Tokens | OAuthRefusal, grant: str) -> Tokens:
    if isinstance(answer, OAuthRefusal):
        raise LoginRefused(f"the issuer does not take {grant}: {answer.sentence}")
    return answer


def _not_offered(provider: Provider, option: str, lack: str) -> SekishoInputError:
    return SekishoInputError.single(
        "login.not-offered",
        Ref(option),
        f"{provider.request.issuer} offers {lack}",
        "sign in with the browser",
    )
