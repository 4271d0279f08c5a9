"""From settings to a serving authenticator: its certificate, its sources, its way to STS."""

import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import aiohttp

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.api_server import ApiServer, from_kubeconfig, in_cluster
from sekisho.connect.kube.follow import Follower
from sekisho.decide.authn.backend import Backend, BackendMode
from sekisho.decide.authn.entry import Reading
from sekisho.decide.authn.entry_reader import Rules
from sekisho.decide.authn.iam_token import TokenServer
from sekisho.decide.authn.sts_host import StsEndpoints
from sekisho.decide.values import Instant, Ref, SekishoInputError
from sekisho.serve.authenticator.answers import Answers
from sekisho.serve.authenticator.authenticator import Authenticator
from sekisho.serve.authenticator.cluster_sources import (
    CONFIG_MAPS,
    IDENTITY_MAPPINGS,
    AccessEntrySource,
    ConfigMapSource,
    CustomResourceSource,
)
from sekisho.serve.authenticator.config_file import ServerConfig, read_config
from sekisho.serve.authenticator.file_sources import DynamicFile, DynamicModes, MountedFile
from sekisho.serve.authenticator.metrics import Metrics
from sekisho.serve.authenticator.oidc_file import OidcFile
from sekisho.serve.authenticator.private_dns import PrivateDns, describe_with
from sekisho.serve.authenticator.settings import Settings
from sekisho.serve.authenticator.sources import Source, Sources
from sekisho.serve.authenticator.sts_client import MAX_AT_ONCE, Patience, StsClient
from sekisho.serve.entry_flags import entry_source
from sekisho.serve.file_source import read_text
from sekisho.serve.server import CheckpointServer, Listening
from sekisho.serve.tls import ServingCertificate
from sekisho.wire.sts_endpoints import load_sts_endpoints

_ROLE_SECONDS: Final = 1800.0


def load_config(path: Path | None, *, sso_role_match: bool) -> ServerConfig:
    """Return what the configuration file says; nothing without one.

    Raises:
        SekishoInputError: it cannot be read or is malformed.
    """
    if path is None:
        return ServerConfig(Backend(BackendMode.MOUNTED_FILE, Ref("no file"), Reading.CANONICAL))
    return read_config(str(path), read_text(path), sso_role_match=sso_role_match)


def endpoints_of(partition: str) -> StsEndpoints:
    """Return the STS endpoints that tokens may name.

    Raises:
        SekishoInputError: there is no such partition.
    """
    try:
        return load_sts_endpoints(partition)
    except ValueError as error:
        raise SekishoInputError.single("authenticator.partition", Ref("--partition"), str(error)) from None


def now() -> Instant:
    """Return the present moment."""
    return Instant(datetime.now(UTC))


async def serve(
    settings: Settings,
    certificate: ServingCertificate,
    endpoints: StsEndpoints,
    environ: Mapping[str, str],
    started: Callable[[CheckpointServer], None],
) -> None:
    """Serve until told to stop.

    Raises:
        SekishoInputError: the kubeconfig, the cluster id, the proxy or the file of issuers is unusable.
        EnvironmentFailure: a port is taken, the cluster or EC2 cannot be set up.
    """
    metrics = Metrics()
    issuers = OidcFile(settings.authentication_config) if settings.authentication_config else None
    try:
        server = TokenServer(settings.cluster_id, endpoints, settings.region, refuse_foreign_scope=True)
    except ValueError as error:
        raise SekishoInputError.single("authenticator.cluster-id", Ref("--cluster-id"), str(error)) from None
    api = _api_server(settings, environ)
    connector = aiohttp.TCPConnector(limit=2 * MAX_AT_ONCE, ssl=ssl.create_default_context())
    # No cookie, no decompression bomb, no redirect: two fixed kinds of question are asked.
    async with (
        aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=10, sock_connect=5),
            headers={"user-agent": "sekisho-authenticator"},
            skip_auto_headers=("accept-encoding",),
        ) as session,
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as cluster_session,
    ):
        sources = Sources(_makers(settings, metrics, api, cluster_session), settings.modes, metrics)
        client = StsClient(session, endpoints, metrics, Patience(settings.sts_seconds), environ)
        checkpoint = Authenticator(
            server,
            sources,
            Answers(client.ask, now, metrics, settings.kept_for),
            _private_dns(settings, metrics),
            settings.config.scrubbed_accounts,
            metrics,
            now,
            modes=DynamicModes(settings.dynamic_modes, sources.use, metrics, now)
            if settings.dynamic_modes
            else None,
            issuers=issuers,
            api_audiences=settings.api_audiences,
        )
        listening = Listening(settings.address, settings.port, settings.health_port, settings.shutdown_delay)
        await CheckpointServer(checkpoint, listening, certificate).serve(started)


def _api_server(settings: Settings, environ: Mapping[str, str]) -> ApiServer | None:
    """Return the cluster that some sources are read from; None if none of them is configured."""
    wanted = {BackendMode.CONFIG_MAP, BackendMode.CRD} & set(settings.modes)
    if settings.kubeconfig:
        path = Path(settings.kubeconfig).expanduser()
        return from_kubeconfig(path, read_text(path), settings.master)
    found = in_cluster(environ)
    if found is None and wanted:
        raise EnvironmentFailure(
            "read mappings from the cluster",
            f"{' and '.join(sorted(wanted))} need --kubeconfig outside of a pod",
        )
    return found


def _makers(
    settings: Settings, metrics: Metrics, api: ApiServer | None, session: aiohttp.ClientSession
) -> dict[BackendMode, Callable[[], Source]]:
    reserved = settings.config.reserved_prefixes
    makers: dict[BackendMode, Callable[[], Source]] = {}
    if settings.config_path is not None:
        path = settings.config_path
        makers[BackendMode.MOUNTED_FILE] = lambda: MountedFile(
            path, settings.config.mounted, sso_role_match=settings.sso_role_match
        )
    if settings.dynamic_file is not None:
        dynamic = settings.dynamic_file
        makers[BackendMode.DYNAMIC_FILE] = lambda: DynamicFile(
            dynamic,
            metrics,
            now,
            user_id_strict=settings.user_id_strict,
            reserved_prefixes=reserved.get(BackendMode.DYNAMIC_FILE, ()),
        )
    if BackendMode.ACCESS_ENTRIES in settings.modes:
        entries = entry_source(settings.entries)
        makers[BackendMode.ACCESS_ENTRIES] = lambda: AccessEntrySource(entries)
    if api is not None:
        rules = Rules(Reading.CANONICAL, settings.sso_role_match)
        makers[BackendMode.CONFIG_MAP] = lambda: ConfigMapSource(
            Follower(session, api, CONFIG_MAPS, "metadata.name=aws-auth"),
            rules,
            metrics,
            reserved.get(BackendMode.CONFIG_MAP, ()),
        )
        makers[BackendMode.CRD] = lambda: CustomResourceSource(
            Follower(session, api, IDENTITY_MAPPINGS), reserved.get(BackendMode.CRD, ())
        )
    return makers


def _private_dns(settings: Settings, metrics: Metrics) -> PrivateDns:
    """Return what asks EC2 for the names of nodes."""

    @lru_cache(maxsize=1)
    def client(_hour: int) -> Any:
        # botocore is loaded on the first question; a role's session is renewed well within its hour.
        from sekisho.connect.aws_session import open_client, open_session, role_keys
        from sekisho.connect.token_request import RoleToAssume

        session = open_session("", settings.region)
        if not settings.describe_role:
            return open_client(session, "ec2")
        role = RoleToAssume(settings.describe_role, "aws-iam-authenticator")
        return open_client(session, "ec2", role_keys(open_client(session, "sts"), role))

    def describe(names: Sequence[str]) -> dict[str, str]:
        return describe_with(client(int(time.monotonic() // _ROLE_SECONDS)))(names)

    return PrivateDns(describe, metrics, settings.describe_qps, settings.describe_burst)
