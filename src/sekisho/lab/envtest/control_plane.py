"""One cluster's control plane of real programs: etcd, kube-apiserver, kube-controller-manager, our webhooks.

Its folder in the state directory keeps etcd's data: what people made there is there again after a restart.
"""

import asyncio
import logging
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiohttp
from cryptography.hazmat.primitives import serialization

from sekisho.connect.kube.api_server import ApiServer
from sekisho.decide.values import Secret
from sekisho.facts import Cluster
from sekisho.lab.envtest import flags
from sekisho.lab.envtest.assets import Assets
from sekisho.lab.envtest.audit import AuditLog
from sekisho.lab.envtest.checkpoints import Checkpoints
from sekisho.lab.envtest.first_objects import Seeder
from sekisho.lab.envtest.mirror import Mirror
from sekisho.lab.envtest.program import Program
from sekisho.lab.errors import LabError
from sekisho.lab.journal import Journal
from sekisho.lab.kube.authenticator import Authenticator
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.net.authority import Authority
from sekisho.lab.net.sockets import LOOPBACK, free_ports, listen, port_of
from sekisho.lab.world import Clock, Ids, World
from sekisho.wire.http import HttpServer

READY_SECONDS: Final = 90.0
POLL_SECONDS: Final = 0.1
_SERVING_NAMES: Final = (
    LOOPBACK,
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "10.100.0.1",
)

_log = logging.getLogger("sekisho.envtest")


@dataclass(frozen=True, slots=True)
class Place:
    """What a control plane is given of the lab."""

    world: World
    authority: Authority
    journal: Journal
    clock: Clock
    ids: Ids
    keys: IssuerKeys
    folder: Path
    assets: Assets


class ControlPlane:
    """The programs of one cluster, from `start` to `stop`."""

    def __init__(self, place: Place, live: LiveCluster, authenticator: Authenticator) -> None:
        self._place = place
        self._live = live
        self._authenticator = authenticator
        self._programs: list[Program] = []
        self._webhooks: HttpServer | None = None
        self._session: aiohttp.ClientSession | None = None
        self._mirror: Mirror | None = None
        self._audit = AuditLog(live, place.journal, place.clock, place.ids)

    async def start(self) -> None:
        """Start everything; returns once the API server is ready and the world's objects are in it.

        Raises:
            LabError: a program cannot be started, or ends.
        """
        place, cluster = self._place, self._live.cluster
        token, admission = Secret(place.ids.hex(32)), Secret(place.ids.hex(32))
        listener = listen(0, f"the checkpoints of {cluster.name}")
        plane = self._prepare(cluster, port_of(listener), token)
        seeded = plane.folder / "seeded"
        is_new = not seeded.exists()
        server = ApiServer(f"https://{LOOPBACK}:{plane.port}", _trust(plane), lambda: None)
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        seeder = Seeder(self._session, server, place.world, str(cluster.arn))
        self._mirror = Mirror(place.world, str(cluster.arn), self._session, server, self._failed)
        checkpoints = Checkpoints(
            place.world,
            self._live,
            self._authenticator,
            self._audit,
            token,
            admission,
            lambda namespace, name: seeder.refresh(self._mirror, namespace, name),
        )
        self._webhooks = HttpServer(checkpoints.serve, listener, tls=place.authority.context(LOOPBACK))
        await self._webhooks.start()
        await self._run(flags.etcd_command(plane), plane)
        await self._run([*flags.api_server_command(plane), *await _emulation(place.assets, cluster)], plane)
        await self._ready(server)
        mutate = f"https://{LOOPBACK}:{port_of(listener)}/mutate/{admission.reveal()}"
        await seeder.put_first_objects(mutate, place.authority.certificate, is_new=is_new)
        seeded.touch(mode=0o600)
        if place.assets.controller_manager is not None:
            await self._run(flags.controller_manager_command(plane), plane)
        await self._mirror.start()

    async def stop(self) -> None:
        """End every program, the API server before its etcd."""
        if self._mirror is not None:
            await self._mirror.stop()
        for program in reversed(self._programs):
            await program.stop()
        self._programs.clear()
        if self._webhooks is not None:
            await self._webhooks.stop()
        self._audit.close()
        if self._session is not None:
            await self._session.close()

    async def _run(self, command: list[str], plane: flags.Plane) -> None:
        self._programs.append(await Program.start(command, plane.folder))

    def _failed(self, told: str) -> None:
        _log.warning("the copy of cluster %s: %s", self._live.name, told)

    def _prepare(self, cluster: Cluster, webhooks: int, token: Secret) -> flags.Plane:
        """Write the files of the control plane; all of them are read by its owner alone."""
        place = self._place
        folder = place.folder / f"{cluster.arn.account}-{cluster.region}-{cluster.name}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        etcd, peer = free_ports(2, "etcd")
        port = int(cluster.endpoint.rpartition(":")[2])
        plane = flags.Plane(place.assets, folder, port, etcd, peer, cluster.issuer)
        issuer = place.keys.give_to_kubernetes(cluster.issuer)
        texts = {"authority.pem": place.authority.certificate, "audit-policy.json": flags.audit_policy()}
        texts |= {"issuer.key": issuer.reveal(), "issuer.pub": _public(issuer)}
        holders = {
            "serving": place.authority.files("kube-apiserver", names=_SERVING_NAMES),
            "admin": place.authority.files(flags.ADMIN, "system:masters"),
            "controllers": place.authority.files("system:kube-controller-manager", "system:masters"),
        }
        for name, made in holders.items():
            texts |= {f"{name}.pem": made.certificate, f"{name}.key": made.key.reveal()}
        texts["controllers.json"] = flags.certificate_file(plane, "controllers")
        for name in ("authenticate", "authorize", "audit"):
            url = f"https://{LOOPBACK}:{webhooks}/{name}"
            texts[f"{name}.json"] = flags.webhook_file(url, plane.file("authority.pem"), token)
        for name, text in texts.items():
            _write(folder / name, text)
        return plane

    async def _ready(self, server: ApiServer) -> None:
        assert self._session is not None  # noqa: S101 - start made it
        try:
            async with asyncio.timeout(READY_SECONDS):
                while True:
                    for program in self._programs:
                        program.check()
                    try:
                        async with self._session.get(f"{server.url}/readyz", ssl=server.trust) as answer:
                            if answer.status == 200:
                                return
                    except aiohttp.ClientError:
                        pass  # it does not listen yet
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            folder = self._place.folder
            raise LabError(
                f"the API server of {self._live.name} was not ready within {READY_SECONDS:.0f} s; "
                f"its log is below {folder}"
            ) from None


async def _emulation(assets: Assets, cluster: Cluster) -> list[str]:
    """Return the flag for the cluster's version, of the kube-apiserver that is there."""
    process = await asyncio.create_subprocess_exec(
        assets.api_server, "--version", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    told, _ = await process.communicate()
    return flags.emulation(told.decode("ascii", "replace"), cluster.version)


def _trust(plane: flags.Plane) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=plane.file("authority.pem"))
    context.load_cert_chain(plane.file("admin.pem"), plane.file("admin.key"))
    return context


def _public(private: Secret) -> str:
    key = serialization.load_pem_private_key(private.reveal().encode(), None)
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem.decode()


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
