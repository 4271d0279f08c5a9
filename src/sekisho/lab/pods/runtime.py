"""The pods of a lab: seen in the world, given a node, run, and taken away with everything they left."""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field

from sekisho.decide.values import Json, JsonObject
from sekisho.facts import Cluster, Kind, kube_scope
from sekisho.lab.kube.objects import KubeObjects
from sekisho.lab.kube.service_address import SERVICE_ADDRESS
from sekisho.lab.kube.strategies import as_bound, with_status
from sekisho.lab.kube.token_requests import TokenRequests
from sekisho.lab.net.sockets import LOOPBACK
from sekisho.lab.pods.containers import PodContainers
from sekisho.lab.pods.events import SCHEDULER, Recorder, stored
from sekisho.lab.pods.image_table import table_of
from sekisho.lab.pods.images import Images
from sekisho.lab.pods.network import Table, relay
from sekisho.lab.pods.node import Node, grace_of
from sekisho.lab.pods.sandbox import Sandbox, SandboxConfig, SandboxError, machine_trees
from sekisho.lab.pods.scheduler import choose
from sekisho.lab.pods.status import conditions, lost, with_condition
from sekisho.lab.pods.worker import PodWorker
from sekisho.lab.world import Change, Clock, StateDir, World
from sekisho.wire.kube.members import mapping, objects, text
from sekisho.wire.kube.status import KubeError

_SOURCES = ("configmaps", "secrets", "serviceaccounts")
_ENDED = frozenset({"Succeeded", "Failed"})
TOKEN_CHECK_SECONDS = 2.0
PROBE_UID = "00000000-0000-0000-0000-000000000000"

_log = logging.getLogger("sekisho.lab.pods")


@dataclass(eq=False, slots=True)
class _Group:
    """The pods of one cluster."""

    node: Node
    workers: dict[tuple[str, str], PodWorker] = field(default_factory=dict)
    recorders: dict[str, Recorder] = field(default_factory=dict)
    """Of pods that wait for a node, by uid."""
    fresh: bool = True
    """Whether the lab has just started: what ran before was lost."""


class Pods:
    """Runs the pods of every cluster of a lab."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        state: StateDir,
        variables: Mapping[str, str],
        table: Table,
    ) -> None:
        self._world = world
        self._clock = clock
        self._state = state
        self._variables = variables
        self._table = dict(table)
        self._groups: dict[str, _Group] = {}
        self._scopes: dict[str, tuple[str, str]] = {}
        self._dirty: set[tuple[str, str, str]] = set()
        self._wake = asyncio.Event()
        self._ending: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._unavailable: str | None = None
        self._unlisten = world.listen(self._changed)

    def start(self) -> None:
        """Begin to run pods."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._work()), loop.create_task(self._renew())]

    async def stop(self) -> None:
        """End every pod; what the world says of them stays."""
        self._unlisten()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.leave_all()
        for task in tuple(self._ending):
            task.cancel()
        await asyncio.gather(*self._ending, return_exceptions=True)

    def join(self, cluster: Cluster, kube: KubeObjects, tokens: TokenRequests, port: int) -> Node:
        """Run the pods of a cluster whose API server listens at ``port``."""
        arn = str(cluster.arn)
        variables = {
            "KUBERNETES_SERVICE_HOST": SERVICE_ADDRESS,
            "KUBERNETES_SERVICE_PORT": "443",
            "KUBERNETES_SERVICE_PORT_HTTPS": "443",
            "KUBERNETES_PORT": f"tcp://{SERVICE_ADDRESS}:443",
            "KUBERNETES_PORT_443_TCP": f"tcp://{SERVICE_ADDRESS}:443",
            "KUBERNETES_PORT_443_TCP_PROTO": "tcp",
            "KUBERNETES_PORT_443_TCP_PORT": "443",
            "KUBERNETES_PORT_443_TCP_ADDR": SERVICE_ADDRESS,
            **self._variables,
        }
        api = relay(port, lambda: arn in self._groups)
        node = Node(
            cluster=cluster,
            objects=kube,
            tokens=tokens,
            clock=self._clock,
            images=Images(table_of(self._world), self._state.path),
            table=lambda: {**self._table, (SERVICE_ADDRESS, 443): api},
            variables=variables,
            trusted=self._state.ca_bundle,
            top=self._state.path / "pods",
            unavailable=lambda: self._unavailable or "",
        )
        self._table[LOOPBACK, port] = api
        kube.deletes_gracefully = True
        self._groups[arn] = _Group(node)
        for plural in ("pods", "nodes", *_SOURCES):
            self._scopes[kube_scope(arn, "", plural)] = (arn, plural)
        self._look_at_all(arn)
        return node

    async def leave(self, arn: str) -> None:
        """End the pods of a cluster that is gone or pauses."""
        group = self._groups.pop(arn, None)
        if group is None:
            return
        group.node.objects.deletes_gracefully = False
        self._scopes = {scope: found for scope, found in self._scopes.items() if found[0] != arn}
        await asyncio.gather(*(worker.terminate(0) for worker in group.workers.values()))

    async def leave_all(self) -> None:
        """End the pods of every cluster."""
        await asyncio.gather(*(self.leave(arn) for arn in list(self._groups)))

    def containers(self, arn: str) -> PodContainers | None:
        """Return the containers of a cluster; None where its pods do not run."""
        group = self._groups.get(arn)
        return None if group is None else PodContainers(group.node, lambda: group.workers, self._clock)

    def _changed(self, change: Change) -> None:
        """Note what has to be looked at; the work is done later, not within a commit."""
        if change.key.kind is not Kind.KUBE:
            return
        found = self._scopes.get(change.key.scope)
        if found is None:
            return
        arn, plural = found
        if plural == "nodes":
            self._look_at_all(arn)
            return
        namespace, _, name = change.key.name.partition("/")
        self._dirty.add((arn, namespace, name if plural == "pods" else ""))
        self._wake.set()

    def _look_at_all(self, arn: str) -> None:
        for pod in self._groups[arn].node.objects.listing(stored("pods")):
            self._dirty.add((arn, text(pod, "metadata", "namespace"), text(pod, "metadata", "name")))
        self._wake.set()

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            dirty, self._dirty = self._dirty, set()
            for arn, namespace, name in sorted(dirty):
                group = self._groups.get(arn)
                if group is None:
                    continue
                try:
                    if name:
                        await self._look_at(group, namespace, name)
                    else:
                        self._poke(group, namespace)
                except Exception:  # noqa: BLE001 - logged
                    # One pod that cannot be dealt with must not stop the others.
                    _log.exception("pod %s/%s", namespace, name)

    def _poke(self, group: _Group, namespace: str) -> None:
        for (place, _), worker in group.workers.items():
            if place == namespace:
                worker.poke()

    async def _look_at(self, group: _Group, namespace: str, name: str) -> None:
        pod = group.node.look("pods", namespace, name)
        worker = group.workers.get((namespace, name))
        if worker is not None and (pod is None or text(pod, "metadata", "uid") != worker.uid):
            del group.workers[(namespace, name)]
            self._end(self._discard(group, worker))
            worker = None
        if pod is None or not objects(pod, "spec", "containers"):
            return
        if text(pod, "metadata", "deletionTimestamp"):
            self._end(self._delete(group, pod, worker))
            return
        if not text(pod, "spec", "nodeName"):
            self._schedule(group, pod)
            return
        if worker is not None or text(pod, "status", "phase") in _ENDED:
            return
        ran = bool(text(pod, "status", "podIP"))
        if ran and (text(pod, "spec", "restartPolicy") or "Always") != "Always":
            self._fail(group.node, pod)
            return
        if self._unavailable is None:
            self._unavailable = await probe(self._state)
        group.workers[(namespace, name)] = PodWorker(group.node, pod, restarted=ran)

    def _schedule(self, group: _Group, pod: JsonObject) -> None:
        node = group.node
        uid, namespace, name = (text(pod, "metadata", member) for member in ("uid", "namespace", "name"))
        recorder = group.recorders.setdefault(uid, Recorder(node.objects, node.clock))
        found, why = choose(pod, node.objects.listing(stored("nodes")))
        condition: dict[str, Json] = {
            "type": "PodScheduled",
            "status": "True" if found else "False",
            "lastProbeTime": None,
            "lastTransitionTime": node.clock.now().rfc3339(),
        }
        if why:
            condition |= {"reason": "Unschedulable", "message": why}
        known = [one for one in objects(pod, "status", "conditions") if text(one, "type") == "PodScheduled"]
        if not found and known and text(known[0], "message") == why:
            return
        spec: dict[str, Json] = {"nodeName": found} if found else {}

        def change(before: JsonObject) -> JsonObject:
            status = {"phase": "Pending", **with_condition(mapping(before, "status"), condition)}
            return {**before, "spec": {**mapping(before, "spec"), **spec}, "status": status}

        with contextlib.suppress(KubeError):
            node.objects.update(stored("pods"), namespace, name, change, strategy=as_bound)
        if found:
            message = f"Successfully assigned {namespace}/{name} to {found}"
            recorder.note(pod, "Scheduled", message, component=SCHEDULER)
            del group.recorders[uid]
        else:
            recorder.note(pod, "FailedScheduling", why, warning=True, component=SCHEDULER)

    def _fail(self, node: Node, pod: JsonObject) -> None:
        """Say of a pod that ran when the lab was stopped, and does not start again, that it failed."""
        now = node.clock.now()

        def change(before: JsonObject) -> JsonObject:
            statuses: list[Json] = []
            for one in objects(before, "status", "containerStatuses"):
                state: Json = one.get("state")
                if not mapping(one, "state", "terminated"):
                    state = {"terminated": lost(now, text(one, "containerID")).document()}
                statuses.append({**one, "state": state, "ready": False, "started": False})
            told: dict[str, Json] = {
                "phase": "Failed",
                "reason": "Terminated",
                "message": "Pod was terminated because the lab stopped.",
                "containerStatuses": statuses,
            }
            status = mapping(before, "status")
            told["conditions"] = conditions(
                status, now, "Failed", has_sandbox=False, initialized=True, main=()
            )
            return {**before, "status": {**status, **told}}

        with contextlib.suppress(KubeError):
            node.objects.update(
                stored("pods"),
                text(pod, "metadata", "namespace"),
                text(pod, "metadata", "name"),
                change,
                strategy=with_status,
            )

    def _end(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _discard(self, group: _Group, worker: PodWorker) -> None:
        await worker.terminate(0)
        group.node.forget(worker.uid)

    async def _delete(self, group: _Group, pod: JsonObject, worker: PodWorker | None) -> None:
        """Let a pod that is being deleted end, then take it out of the world."""
        namespace, name = text(pod, "metadata", "namespace"), text(pod, "metadata", "name")
        if worker is not None:
            if worker.is_ending:
                return
            worker.is_ending = True
            await worker.terminate(grace_of(pod).total_seconds())
        with contextlib.suppress(KubeError):
            uid = text(pod, "metadata", "uid")
            group.node.objects.remove(stored("pods"), namespace, name, uid)

    async def _renew(self) -> None:
        """Replace tokens that are due by the lab's clock, which may be moved."""
        while True:
            await asyncio.sleep(TOKEN_CHECK_SECONDS)
            now = self._clock.now()
            for group in self._groups.values():
                for worker in group.workers.values():
                    if worker.files.renew is not None and worker.files.renew <= now:
                        worker.poke()


async def probe(state: StateDir) -> str:
    """Return why this machine cannot isolate a pod; empty if it can, which is tried."""
    folder = state.path / "pods" / PROBE_UID
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    trees, links = machine_trees()
    config = SandboxConfig(PROBE_UID, "probe", folder, trees, links, {}, listen=(("127.0.0.1", 1),))
    try:
        sandbox = await Sandbox.start(config)
    except SandboxError as error:
        return (
            f"{error}; pods need x86_64 or aarch64, seccomp, and user namespaces (sysctl "
            "user.max_user_namespaces, and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0)"
        )
    await sandbox.close()
    return ""
