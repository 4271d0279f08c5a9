"""Answer a token request: from the cache if it can be, by signing otherwise."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from sekisho.connect.exec_credential import BearerToken
from sekisho.connect.token_cache import cache_directory, cached_token
from sekisho.connect.token_identity import cache_key
from sekisho.connect.token_request import TokenRequest
from sekisho.decide.values import Instant


def system_clock() -> Instant:
    """Return the present moment."""
    return Instant(datetime.now(UTC))


def obtain_token(
    request: TokenRequest,
    *,
    environ: Mapping[str, str],
    home: Path,
    note: Callable[[str], None],
    use_cache: bool = True,
    clock: Callable[[], Instant] = system_clock,
) -> BearerToken:
    """Return a token for ``request``; ``note`` is told in one line when the cache could not be used.

    Raises:
        SekishoInputError: the AWS configuration is wrong or names no region.
        EnvironmentFailure: no credentials, or STS refused the role or could not be reached.
    """

    def sign() -> BearerToken:
        # Loading botocore costs more than everything a cached answer does.
        from sekisho.connect.aws_session import open_session
        from sekisho.connect.eks_token import sign_token

        return sign_token(open_session(request.profile, request.region, environ), request, clock)

    if not use_cache:
        return sign()
    key = cache_key(request, environ, home)
    return cached_token(cache_directory(environ, home), key, clock, sign, note)
