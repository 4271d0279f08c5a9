"""From the flags to documents in a folder, or to a server of them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import aiohttp

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.api_server import ApiServer, from_kubeconfig, in_cluster
from sekisho.connect.kube.single_object import ObjectClient
from sekisho.decide.proof.jws_keys import KeySet
from sekisho.decide.values import Instant, JsonObject
from sekisho.serve.file_source import read_text
from sekisho.serve.issuer.documents import Issuer, write_documents
from sekisho.serve.issuer.issuer import IssuerDocuments
from sekisho.serve.issuer.key_sources import ClusterKeys, FileKeys, keys_of_files
from sekisho.serve.issuer.plan import plan, steps
from sekisho.serve.issuer.record import published
from sekisho.serve.server import CheckpointServer, Listening
from sekisho.serve.tls import CertificateFiles, ServingCertificate
from sekisho.wire.http.event_loop import loop_factory

ASK_SECONDS: Final = 15.0


@dataclass(frozen=True, slots=True)
class Flags:
    """What the documents are made of. Without ``public_keys`` the cluster is asked."""

    issuer: Issuer
    public_keys: tuple[Path, ...]
    kubeconfig: str
    folder: Path | None
    max_age: timedelta
    longest_token: timedelta


@dataclass(frozen=True, slots=True)
class Published:
    """What was written, what each key may do, and the steps of a rotation."""

    files: tuple[Path, ...]
    plan: tuple[JsonObject, ...]
    steps: tuple[str, ...]


def publish_once(flags: Flags, environ: Mapping[str, str], folder: Path | None) -> Published:
    """Write the documents into ``folder``, if there is one, with the record of keys beside them.

    Raises:
        SekishoInputError: a key file, the kubeconfig or the record is unusable; nothing was written.
        EnvironmentFailure: the cluster cannot be reached, or a file cannot be written.
    """
    present = keys_of_files(flags.public_keys) if flags.public_keys else asyncio.run(_asked(flags, environ))
    now = Instant(datetime.now(UTC))
    keys = published(flags.folder or folder, present, now, flags.longest_token)
    files = () if folder is None else tuple(write_documents(folder, flags.issuer, keys))
    rows = tuple(plan(keys, now, flags.max_age, flags.longest_token))
    return Published(files, rows, steps(flags.max_age, flags.longest_token))


def run(
    flags: Flags,
    environ: Mapping[str, str],
    listening: Listening,
    certificate: tuple[Path, Path],
    started: Callable[[CheckpointServer], None],
) -> None:
    """Serve until told to stop.

    Raises:
        SekishoInputError: the kubeconfig or the certificate is unusable.
        EnvironmentFailure: a port is taken.
    """
    serving = ServingCertificate(CertificateFiles(*certificate, None))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(flags, environ, listening, serving, started))


async def _serve(
    flags: Flags,
    environ: Mapping[str, str],
    listening: Listening,
    certificate: ServingCertificate,
    started: Callable[[CheckpointServer], None],
) -> None:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        source = (
            FileKeys(flags.public_keys)
            if flags.public_keys
            else ClusterKeys(ObjectClient(session, _api_server(flags, environ), ASK_SECONDS))
        )
        documents = IssuerDocuments(flags.issuer, source, flags.folder, flags.max_age, flags.longest_token)
        await CheckpointServer(documents, listening, certificate, is_public=True).serve(started)


async def _asked(flags: Flags, environ: Mapping[str, str]) -> KeySet:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        return await ClusterKeys(ObjectClient(session, _api_server(flags, environ), ASK_SECONDS)).read()


def _api_server(flags: Flags, environ: Mapping[str, str]) -> ApiServer:
    if flags.kubeconfig:
        path = Path(flags.kubeconfig).expanduser()
        return from_kubeconfig(path, read_text(path))
    found = in_cluster(environ)
    if found is None:
        raise EnvironmentFailure("read the keys", "outside of a pod it needs --public-key or --kubeconfig")
    return found
