"""Who the bearers of id tokens are: the rules of `decide.authn.oidc`, keys and claims fetched as they ask."""

import ssl
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from sekisho.connect.https_document import DocumentError, IsRefused, fetch_document, trusted_roots
from sekisho.connect.issuer_keys import Fetch, IssuerError, IssuerKeysClient
from sekisho.decide.authn.oidc.authenticate import (
    ClaimFault,
    ClaimQuestion,
    KeysFault,
    KeysQuestion,
    conclude,
    plan,
    plan_claim,
)
from sekisho.decide.authn.oidc.model import JwtAuthenticator, OidcConfiguration
from sekisho.decide.decision import Decision
from sekisho.decide.proof.jws_keys import KeySet, discovery_url, parse_key_set
from sekisho.decide.values import Instant, KubeUser, SekishoInputError

_METADATA: Final = "169.254."
"""Where a machine of AWS keeps its own credentials: no address that a token names may lead there."""

_parse_key_set = lru_cache(maxsize=256)(parse_key_set)


def is_never_asked(host: str) -> bool:
    """Tell of a host that no configuration and no token makes us ask."""
    return host.startswith(_METADATA)


class IdTokens:
    """Decides about id tokens under one configuration; owned by one event loop."""

    def __init__(
        self,
        configuration: OidcConfiguration,
        is_refused: IsRefused = is_never_asked,
        *,
        before: "IdTokens | None" = None,
        monotonic: Callable[[], float] = time.monotonic,
        fetch: Fetch = fetch_document,
    ) -> None:
        """``before`` is what decided until now: the keys of issuers that stay as they are stay, too."""
        self.configuration = configuration
        self._is_refused = is_refused
        self._monotonic = monotonic
        self._fetch = fetch
        self._clients: dict[str, IssuerKeysClient] = {}
        for issuer, one in configuration.issuers.items():
            kept = before.client_of(one) if before is not None else None
            self._clients[issuer] = kept or self._client(one)

    async def decide(self, token: str, now: Instant, *, explain: bool = False) -> Decision[KubeUser]:
        """Return who presents ``token``, as `conclude` tells it. Never raises but for cancellation."""
        asked = plan(token, self.configuration, now)
        while isinstance(asked, KeysQuestion):
            found = conclude(asked, await self._keys(asked), explain=explain)
            if isinstance(found, Decision):
                return found
            asked = plan_claim(found, await self._claim(found), now)
        return asked

    def client_of(self, authenticator: JwtAuthenticator) -> IssuerKeysClient | None:
        """Return what fetches the keys of an issuer, if it is configured the same way here."""
        own = self.configuration.issuers.get(authenticator.issuer)
        if own is None or _reached(own) != _reached(authenticator):
            return None
        return self._clients[own.issuer]

    def _client(self, authenticator: JwtAuthenticator) -> IssuerKeysClient:
        issuer, discovery = authenticator.issuer, authenticator.discovery_url

        def describe(asked: str) -> str:
            return discovery if discovery and asked == issuer else discovery_url(asked)

        return IssuerKeysClient(
            self._is_refused,
            lru_cache(maxsize=1)(lambda: _trust(authenticator)),
            self._monotonic,
            describe=describe,
            fetch=self._fetch,
        )

    async def _keys(self, question: KeysQuestion) -> KeySet | KeysFault:
        client = self._clients[question.authenticator.issuer]
        try:
            body = await client.keys(question.issuer, question.key_id)
        except IssuerError as error:
            return KeysFault(str(error), is_discovery=error.is_description)
        try:
            return _parse_key_set(body)
        except SekishoInputError as error:
            return KeysFault(error.faults[0].problem)

    async def _claim(self, question: ClaimQuestion) -> str | ClaimFault:
        trust = _trust(question.asked_by.authenticator)
        try:
            document = await fetch_document(
                question.endpoint, trust, self._is_refused, bearer=question.access_token
            )
            return document.body.decode("ascii")
        except DocumentError as error:
            return ClaimFault(str(error))
        except UnicodeDecodeError:
            return ClaimFault("the answer is no token")


def _reached(authenticator: JwtAuthenticator) -> tuple[str, str]:
    return authenticator.discovery_url, authenticator.certificate_authority


def _trust(authenticator: JwtAuthenticator) -> ssl.SSLContext:
    """Return whom to believe about an issuer: its own authority alone, if it has one."""
    if not authenticator.certificate_authority:
        return trusted_roots()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=authenticator.certificate_authority)
    return context
