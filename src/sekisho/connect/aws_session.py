"""Where credentials and regions come from: botocore's session, as the AWS CLI sets it up.

Profiles, single sign-on, assumed roles, web identity, environment, containers and instance metadata
are botocore's business. Two things are added. ``AWS_REGION`` counts, before ``AWS_DEFAULT_REGION``, as
in the AWS CLI since version 2. Credentials of roles are shared with the AWS CLI through its own cache,
so that a one-time password typed there is not asked for here.
"""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.config import Config
from botocore.credentials import Credentials, RefreshableCredentials, create_credential_resolver
from botocore.exceptions import NoCredentialsError
from botocore.session import Session
from botocore.utils import JSONFileCache

from sekisho import __version__
from sekisho.connect.aws_errors import aws_errors, one_line
from sekisho.connect.token_request import RoleToAssume
from sekisho.decide.values import Instant, Ref, Secret, SekishoInputError

_CONNECT_SECONDS = 10
_READ_SECONDS = 30


@dataclass(frozen=True, slots=True)
class AwsKeys:
    """An access key; ``session_token`` is empty and ``expires`` None for the keys of a user."""

    access_key_id: str
    secret_key: Secret
    session_token: Secret
    expires: Instant | None = None


def open_session(profile: str, region: str, environ: Mapping[str, str] | None = None) -> Session:
    """Return a botocore session for ``profile`` and ``region``; empty means as configured.

    Raises:
        SekishoInputError: there is no such profile, or a configuration file cannot be understood.
    """
    environ = os.environ if environ is None else environ
    session = Session(profile=profile or None)
    session.user_agent_name = "sekisho"
    session.user_agent_version = __version__
    with aws_errors("aws:LoadConfiguration"):
        chosen = region or environ.get("AWS_REGION", "")
        if chosen:
            session.set_config_variable("region", chosen)
        resolver = create_credential_resolver(
            session, cache=_SharedCache(), region_name=session.get_config_variable("region")
        )
        session.register_component("credential_provider", resolver)
    return session


def selected_profile(session: Session) -> str:
    """Return the profile somebody named, by option or by variable; empty if nobody did."""
    return str(session.profile or "")


def open_client(session: Session, service: str, keys: AwsKeys | None = None) -> Any:
    """Return a botocore client of ``service``, signing with ``keys`` or else as configured.

    Raises:
        SekishoInputError: no region, or an endpoint URL that is none.
    """
    explicit: dict[str, str] = {}
    if keys is not None:
        explicit = {
            "aws_access_key_id": keys.access_key_id,
            "aws_secret_access_key": keys.secret_key.reveal(),
            "aws_session_token": keys.session_token.reveal(),
        }
    config = Config(connect_timeout=_CONNECT_SECONDS, read_timeout=_READ_SECONDS)
    try:
        with aws_errors(f"{service}:Connect"):
            return session.create_client(service, config=config, **explicit)
    except ValueError as error:
        if isinstance(error, SekishoInputError):
            raise
        # botocore's words for an endpoint URL without scheme or host
        raise SekishoInputError.single(
            "aws.configuration", Ref("AWS configuration"), one_line(error)
        ) from None


def current_keys(session: Session) -> AwsKeys:
    """Return the credentials the session resolves to, renewed if they were about to end.

    Raises:
        SekishoInputError: a profile or configuration file is wrong.
        EnvironmentFailure: there are none, or whoever hands them out refused or could not be reached.
    """
    with aws_errors("aws:ResolveCredentials"):
        found = session.get_credentials()
        if found is None:
            raise NoCredentialsError
        frozen = found.get_frozen_credentials()
    return AwsKeys(frozen.access_key, Secret(frozen.secret_key), Secret(frozen.token or ""), _expiry(found))


def role_keys(sts: Any, role: RoleToAssume) -> AwsKeys:
    """Return the credentials of a new session of ``role``, assumed through the client ``sts``.

    Raises:
        EnvironmentFailure: STS refused (with its code and message) or could not be reached.
    """
    external_id = {"ExternalId": role.external_id} if role.external_id else {}
    with aws_errors("sts:AssumeRole"):
        answer = sts.assume_role(RoleArn=role.arn, RoleSessionName=role.session_name, **external_id)
    keys = answer["Credentials"]
    return AwsKeys(
        keys["AccessKeyId"],
        Secret(keys["SecretAccessKey"]),
        Secret(keys["SessionToken"]),
        Instant.from_epoch(keys["Expiration"].timestamp()),
    )


def botocore_credentials(keys: AwsKeys) -> Credentials:
    """Return ``keys`` as botocore's signers want them."""
    return Credentials(
        keys.access_key_id, keys.secret_key.reveal(), keys.session_token.reveal() or None, method="sekisho"
    )


def _expiry(found: Credentials) -> Instant | None:
    # No public attribute says when credentials end, and a token signed with them ends with them.
    moment = getattr(found, "_expiry_time", None) if isinstance(found, RefreshableCredentials) else None
    return Instant.from_epoch(moment.timestamp()) if moment is not None else None


class _SharedCache:
    """The AWS CLI's cache of role credentials; where it cannot be written, they are asked for again."""

    def __init__(self) -> None:
        self._files = JSONFileCache(str(Path.home() / ".aws" / "cli" / "cache"))

    def __contains__(self, key: str) -> bool:
        return key in self._files

    def __getitem__(self, key: str) -> Any:
        return self._files[key]

    def __delitem__(self, key: str) -> None:
        del self._files[key]

    def __setitem__(self, key: str, value: Any) -> None:
        with suppress(OSError):
            self._files[key] = value
