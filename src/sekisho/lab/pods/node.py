"""What the pods of one cluster share: its objects, its tokens, the lab's addresses and folders."""

import contextlib
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.facts import Cluster
from sekisho.lab.kube.objects import KubeObjects
from sekisho.lab.kube.strategies import with_status
from sekisho.lab.kube.token_requests import TokenRequests
from sekisho.lab.pods.events import stored
from sekisho.lab.pods.images import Images
from sekisho.lab.pods.network import Table
from sekisho.lab.pods.sandbox import Sandbox, SandboxConfig, SandboxError
from sekisho.lab.pods.status import conditions, phase
from sekisho.lab.pods.volumes import DEFAULT_TOKEN_SECONDS, Token, VolumeError, token_life
from sekisho.lab.world import Clock
from sekisho.wire.kube.defaults_pod import quality
from sekisho.wire.kube.members import mapping, number, objects, text
from sekisho.wire.kube.status import KubeError

if TYPE_CHECKING:
    from sekisho.lab.pods.worker import PodWorker

DEFAULT_HOST = "192.168.0.1"


@dataclass(eq=False, slots=True)
class Node:
    """A cluster as whoever runs its pods sees it (a kubelet for all of its nodes)."""

    cluster: Cluster
    objects: KubeObjects
    tokens: TokenRequests
    clock: Clock
    images: Images
    table: Callable[[], Table]
    """Returns what pods find in their network."""
    variables: Mapping[str, str]
    trusted: Path
    """The certificates that pods trust."""
    top: Path
    """The folder of all pods."""
    unavailable: Callable[[], str]
    """Returns why no pod can be isolated; empty if one can."""
    _addresses: dict[str, str] = field(default_factory=dict)

    def folder(self, uid: str) -> Path:
        """Return the folder of a pod."""
        return self.top / uid

    def log_path(self, uid: str, container: str, run: int) -> Path:
        """Return where the log of a run of a container is kept."""
        return self.folder(uid) / "logs" / container / f"{run}.log"

    def forget(self, uid: str) -> None:
        """Remove everything that is kept of a pod."""
        shutil.rmtree(self.folder(uid), ignore_errors=True)

    async def start_sandbox(self, config: SandboxConfig) -> Sandbox:
        """Return a pod's namespaces.

        Raises:
            SandboxError: they cannot be made.
        """
        why = self.unavailable()
        if why:
            raise SandboxError(why)
        return await Sandbox.start(config)

    def look(self, plural: str, namespace: str, name: str) -> JsonObject | None:
        """Return an object of the core group; None if there is none."""
        try:
            return self.objects.read(stored(plural), namespace, name)
        except KubeError:
            return None

    def sign(self, pod: JsonObject, source: JsonObject) -> Token:
        """Return a token for a projected source of a pod, bound to it.

        Raises:
            VolumeError: the service account or the pod is gone.
        """
        seconds = number(source, "expirationSeconds") or DEFAULT_TOKEN_SECONDS
        metadata = mapping(pod, "metadata")
        audience = text(source, "audience")
        audiences: list[Json] = [audience] if audience else []
        request: JsonObject = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {
                "audiences": audiences,
                "expirationSeconds": seconds,
                "boundObjectRef": {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "name": text(metadata, "name"),
                    "uid": text(metadata, "uid"),
                },
            },
        }
        account = text(pod, "spec", "serviceAccountName") or "default"
        now = self.clock.now()
        try:
            answer, _ = self.tokens.issue(text(metadata, "namespace"), account, request, now)
        except KubeError as error:
            raise VolumeError(f"failed to fetch token: {error.message}") from None
        told = Instant.parse_rfc3339(text(answer, "status", "expirationTimestamp"))
        life = token_life(int((told.moment - now.moment).total_seconds()))
        return Token(text(answer, "status", "token"), now + life)

    def address_of(self, uid: str) -> str:
        """Return the address of a pod: one of the node's network, kept while it is there."""
        number_ = int(uid.replace("-", "")[-4:], 16)
        return f"192.168.{64 + number_ // 256 % 128}.{2 + number_ % 252}"

    def host_address(self, node: str) -> str:
        """Return the address of a node."""
        found = self.look("nodes", "", node)
        for one in objects(found, "status", "addresses") if found is not None else ():
            if text(one, "type") == "InternalIP":
                return text(one, "address")
        return DEFAULT_HOST

    def publish(self, worker: "PodWorker", started: Instant) -> None:
        """Write the status of a pod that is still there."""
        main, first = worker.main, worker.first
        initialized = all(state.succeeded or (state.is_sidecar and state.started) for state in first)
        reached = phase(worker.policy, first, main)

        def change(before: JsonObject) -> JsonObject:
            if text(before, "metadata", "uid") != worker.uid:
                return before
            status = mapping(before, "status")
            host = self.host_address(worker.files.place.node)
            told: dict[str, Json] = {
                "phase": reached,
                "conditions": conditions(
                    status,
                    self.clock.now(),
                    reached,
                    has_sandbox=worker.sandbox is not None,
                    initialized=initialized,
                    main=[*(state for state in first if state.is_sidecar), *main],
                ),
                "hostIP": host,
                "hostIPs": [{"ip": host}],
                "startTime": text(status, "startTime") or started.rfc3339(),
                **worker.statuses,
                "qosClass": text(status, "qosClass") or quality(before),
            }
            if worker.sandbox is not None or text(status, "podIP"):
                address = self.address_of(worker.uid)
                told |= {"podIP": address, "podIPs": [{"ip": address}]}
            return {**before, "status": {**status, **told}}

        with contextlib.suppress(KubeError):
            self.objects.update(stored("pods"), worker.namespace, worker.name, change, strategy=with_status)


def grace_of(pod: JsonObject) -> timedelta:
    """Return how long a pod that is being deleted may take."""
    return timedelta(seconds=number(pod, "metadata", "deletionGracePeriodSeconds"))
