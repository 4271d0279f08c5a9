"""The issuers of id tokens, from an ``AuthenticationConfiguration`` file that is read again as it changes."""

import logging
from collections.abc import Collection
from pathlib import Path

from sekisho.connect.id_tokens import IdTokens
from sekisho.decide.authn.oidc.configuration import read_configuration
from sekisho.decide.authn.oidc.model import OidcConfiguration
from sekisho.decide.authn.oidc.notices import notices
from sekisho.decide.decision import Decision
from sekisho.decide.values import Instant, KubeUser, SekishoInputError
from sekisho.serve.file_source import follow, read_text
from sekisho.serve.json_log import facts

_log = logging.getLogger("sekisho.authenticator")


class OidcFile:
    """Decides about id tokens by the file as it could be used last.

    A change takes effect whole or not at all; the keys of issuers that it leaves alone stay.
    """

    def __init__(self, path: Path, disallowed_issuers: Collection[str] = ()) -> None:
        """Read the file.

        Raises:
            SekishoInputError: it cannot be used: there is nothing yet to go on with.
        """
        self._path = path
        self._disallowed = disallowed_issuers
        self._tokens = IdTokens(self._read())
        self.problem = ""

    def notices(self) -> tuple[str, ...]:
        """Return what is odd about the file, a sentence each."""
        found = notices(self._tokens.configuration)
        return tuple(f"{self._path}: {step.sentence()}" for step in found)

    async def run(self) -> None:
        """Follow the file."""
        await follow((self._path,), self.reload)

    def reload(self) -> None:
        """Read the file as it is now."""
        try:
            configuration = self._read()
        except SekishoInputError as error:
            self.problem = str(error)
            _log.error("the authentication configuration is not used", extra=facts(problem=str(error)))
            return
        if self.problem or configuration != self._tokens.configuration:
            issuers = list(configuration.issuers)
            self._tokens = IdTokens(configuration, before=self._tokens)
            odd = list(self.notices()) or None
            _log.info("read the authentication configuration", extra=facts(issuers=issuers, notices=odd))
        self.problem = ""

    async def decide(self, token: str, now: Instant) -> Decision[KubeUser]:
        """Return who presents ``token``."""
        return await self._tokens.decide(token, now)

    def _read(self) -> OidcConfiguration:
        return read_configuration(str(self._path), read_text(self._path), self._disallowed)
