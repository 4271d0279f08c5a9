"""An issuer and its endpoints, asked for one client: description, keys, tokens, devices, revocation."""

import base64
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import quote_plus

from sekisho.connect.login.http_exchange import HttpAnswer, HttpExchange
from sekisho.connect.login.id_token import Expected, believed, question_about
from sekisho.connect.login.login_request import LoginRequest
from sekisho.connect.login.metadata import Metadata, parse_metadata, trouble
from sekisho.connect.login.signed_in import IdToken
from sekisho.connect.login.token_answer import (
    DeviceGrant,
    OAuthRefusal,
    Tokens,
    parse_device_grant,
    parse_tokens,
)
from sekisho.decide.proof.jws_keys import discovery_url
from sekisho.decide.values import Instant, Secret


class Provider:
    """The issuer of one request, once it has described itself."""

    def __init__(
        self,
        request: LoginRequest,
        metadata: Metadata,
        exchange: HttpExchange,
        clock: Callable[[], Instant],
    ) -> None:
        self.request = request
        self.metadata = metadata
        self._exchange = exchange
        self._clock = clock

    @classmethod
    async def discovered(
        cls, request: LoginRequest, exchange: HttpExchange, clock: Callable[[], Instant]
    ) -> "Provider":
        """Return the issuer as it describes itself (OpenID Connect Discovery 1.0, section 4).

        Raises:
            EnvironmentFailure: it does not, or not in a way that can be used.
        """
        answer = await exchange.get(discovery_url(request.issuer))
        if answer.status != HTTPStatus.OK:
            raise trouble(request.issuer, f"its discovery document has status {answer.status}")
        return cls(request, parse_metadata(answer.body, request.issuer), exchange, clock)

    async def tokens(self, grant: Mapping[str, str]) -> Tokens | OAuthRefusal:
        """Return the tokens for a grant (its ``grant_type`` and parameters), or the refusal.

        Raises:
            EnvironmentFailure: the token endpoint gives neither.
        """
        answer = await self._authenticated(self.metadata.token, grant)
        return parse_tokens(answer.status, answer.body, self.request.issuer)

    async def device_grant(self) -> DeviceGrant | OAuthRefusal:
        """Ask for a device code (RFC 8628, section 3.1).

        Raises:
            EnvironmentFailure: the endpoint gives none and no refusal.
        """
        form = {"scope": " ".join(self.request.scopes)}
        answer = await self._authenticated(self.metadata.device_authorization, form)
        return parse_device_grant(answer.status, answer.body, self.request.issuer)

    async def revoke(self, refresh_token: Secret) -> str:
        """Revoke a refresh token (RFC 7009, section 2); return why it did not work, empty if it did.

        Raises:
            EnvironmentFailure: the endpoint does not answer.
        """
        if not self.metadata.revocation:
            return "the issuer has no revocation endpoint"
        form = {"token": refresh_token.reveal(), "token_type_hint": "refresh_token"}
        answer = await self._authenticated(self.metadata.revocation, form)
        return "" if answer.status == HTTPStatus.OK else f"the issuer answered with status {answer.status}"

    async def id_token(self, text: Secret, expected: Expected) -> IdToken:
        """Return ``text`` as what it says, if it is to be believed.

        Raises:
            LoginRefused: it is not.
            EnvironmentFailure: the keys could not be had.
        """
        question = question_about(text, self.request, self.metadata, self._clock())
        answer = await self._exchange.get(self.metadata.keys)
        if answer.status != HTTPStatus.OK:
            raise trouble(self.request.issuer, f"its keys have status {answer.status}")
        return believed(question, answer.body, expected)

    async def _authenticated(self, url: str, form: Mapping[str, str]) -> HttpAnswer:
        """POST as the client: RFC 6749, section 2.3.1; Basic where the issuer takes it."""
        client, secret = self.request.client_id, self.request.client_secret
        if secret is None:
            return await self._exchange.post(url, {**form, "client_id": client})
        methods = self.metadata.token_auth_methods
        if "client_secret_basic" in methods:
            pair = f"{quote_plus(client)}:{quote_plus(secret.reveal())}"
            header = "Basic " + base64.b64encode(pair.encode()).decode()
            return await self._exchange.post(url, form, {"authorization": header})
        if "client_secret_post" in methods:
            return await self._exchange.post(
                url, {**form, "client_id": client, "client_secret": secret.reveal()}
            )
        problem = "it takes a client secret neither by client_secret_basic nor by client_secret_post"
        raise trouble(self.request.issuer, problem)
