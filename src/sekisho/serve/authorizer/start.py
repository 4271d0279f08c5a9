"""From the flags to a serving authorizer."""

from collections.abc import Callable
from typing import Final

from sekisho.serve.authorizer.authorizer import Authorizer
from sekisho.serve.entry_sources import EntrySource
from sekisho.serve.server import CheckpointServer, Listening
from sekisho.serve.tls import ServingCertificate

DEFAULT_PORT: Final = 21364
DEFAULT_HEALTH_PORT: Final = 21365


async def serve(
    source: EntrySource,
    certificate: ServingCertificate,
    listening: Listening,
    started: Callable[[CheckpointServer], None],
) -> None:
    """Serve until told to stop.

    Raises:
        EnvironmentFailure: a port is taken.
    """
    await CheckpointServer(Authorizer(source), listening, certificate).serve(started)
