"""From flags to a serving webhook: its certificate, its sources, its way to the cluster."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import aiohttp

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.api_server import ApiServer, from_kubeconfig, in_cluster
from sekisho.connect.kube.follow import Follower
from sekisho.connect.kube.single_object import ObjectClient
from sekisho.serve.file_source import read_text
from sekisho.serve.pod_identity_webhook.accounts import SERVICE_ACCOUNTS, Accounts, annotations_of
from sekisho.serve.pod_identity_webhook.managed_certificate import ManagedCertificate
from sekisho.serve.pod_identity_webhook.mappings import CONFIG_MAP, ConfigMapRoles, FileIdentities
from sekisho.serve.pod_identity_webhook.metrics import Metrics
from sekisho.serve.pod_identity_webhook.settings import Flags
from sekisho.serve.pod_identity_webhook.webhook import PodIdentityWebhook
from sekisho.serve.server import CheckpointServer, Listening
from sekisho.serve.tls import CertificateFiles, ServingCertificate

MANAGE_SECONDS: Final = 15.0


async def serve(
    flags: Flags, environ: Mapping[str, str], started: Callable[[CheckpointServer], None]
) -> None:
    """Serve until told to stop.

    Raises:
        SekishoInputError: the kubeconfig or the certificate is unusable.
        EnvironmentFailure: a port is taken, or the cluster cannot be reached for the certificate.
    """
    api = api_server(flags, environ)
    metrics = Metrics()
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        prefix = flags.mutation.annotation_prefix
        accounts = Accounts(
            Follower(session, api, SERVICE_ACCOUNTS, keep=partial(annotations_of, prefix)),
            ObjectClient(session, api, flags.lookup_seconds),
            metrics,
            prefix,
        )
        managed = None
        if flags.certificate is not None and flags.key is not None:
            files = CertificateFiles(flags.certificate, flags.key, flags.client_ca)
        else:
            managed = _managed(flags, ObjectClient(session, api, MANAGE_SECONDS))
            await managed.ensure()
            files = CertificateFiles(managed.files.certificate, managed.files.key, flags.client_ca)
        checkpoint = PodIdentityWebhook(
            flags.mutation,
            accounts,
            _roles(flags, session, api, metrics) if flags.watch_config_map else None,
            FileIdentities(flags.identities, metrics) if flags.identities is not None else None,
            metrics,
            managed,
        )
        listening = Listening(flags.address, flags.port, flags.metrics_port, flags.shutdown_delay)
        await CheckpointServer(checkpoint, listening, ServingCertificate(files)).serve(started)


def api_server(flags: Flags, environ: Mapping[str, str]) -> ApiServer:
    """Return the cluster whose service accounts count.

    Raises:
        SekishoInputError: the kubeconfig is unusable.
        EnvironmentFailure: there is no kubeconfig, and this is no pod.
    """
    if flags.kubeconfig:
        path = Path(flags.kubeconfig).expanduser()
        return from_kubeconfig(path, read_text(path), flags.kube_api)
    found = in_cluster(environ)
    if found is None:
        raise EnvironmentFailure("read the service accounts", "outside of a pod it needs --kubeconfig")
    return found


def _managed(flags: Flags, client: ObjectClient) -> ManagedCertificate:
    return ManagedCertificate(
        client,
        flags.state_dir,
        flags.namespace,
        flags.service_name,
        flags.tls_secret,
        flags.configuration,
        lambda: datetime.now(UTC),
    )


def _roles(flags: Flags, session: aiohttp.ClientSession, api: ApiServer, metrics: Metrics) -> ConfigMapRoles:
    path = f"/api/v1/namespaces/{flags.namespace}/configmaps"
    follower = Follower(session, api, path, f"metadata.name={CONFIG_MAP}")
    return ConfigMapRoles(follower, flags.namespace, metrics)
