"""One pod on its way: waiting for what it needs, its containers in order, their restarts, its end."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from functools import partial

from sekisho.decide.values import Instant, Json, JsonObject
from sekisho.lab.pods.attempt import Attempt
from sekisho.lab.pods.environment import VariableError
from sekisho.lab.pods.events import Recorder
from sekisho.lab.pods.handlers import Place
from sekisho.lab.pods.hooks import post_start, stop
from sekisho.lab.pods.images import ImageError, Installed
from sekisho.lab.pods.node import Node
from sekisho.lab.pods.pod_files import PodFiles
from sekisho.lab.pods.probes import Probe, Watch
from sekisho.lab.pods.sandbox import CommandSpec, Sandbox, SandboxError
from sekisho.lab.pods.status import INITIALIZING, ContainerState, Terminated, lost, state_from
from sekisho.lab.pods.volumes import VolumeError
from sekisho.wire.kube.members import mapping, number, objects, text

FIRST_BACK_OFF_SECONDS = 10.0
MAX_BACK_OFF_SECONDS = 300.0
RESET_SECONDS = 600.0
RETRY_SECONDS = 20.0
"""How long a pod waits for something missing before it looks again by itself."""
_START_ERROR = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: "
    "runc create failed: unable to start container process: "
)

_log = logging.getLogger("sekisho.lab.pods")


class PodWorker:
    """Runs one pod from the moment that it is bound to a node."""

    def __init__(self, node: Node, pod: JsonObject, *, restarted: bool) -> None:
        self.node = node
        self.pod = pod
        self.uid = text(pod, "metadata", "uid")
        self.namespace = text(pod, "metadata", "namespace")
        self.name = text(pod, "metadata", "name")
        self.files = PodFiles(node, pod)
        self.events = Recorder(node.objects, node.clock)
        self.sandbox: Sandbox | None = None
        self.is_ending = False
        self.attempts: dict[str, Attempt] = {}
        self._stops: list[Callable[[], object]] = []
        self._watches: dict[str, asyncio.Task[None]] = {}
        self._ill: set[str] = set()
        """Containers that a probe had ended: they are started again however they end."""
        self._is_over = False
        """Whether no container is started again."""
        self._wake = asyncio.Event()
        self._moved = asyncio.Event()
        self.images: dict[str, Installed] = {}
        self._started: Instant | None = None
        self._specs = {
            text(one, "name"): one
            for one in (*objects(pod, "spec", "initContainers"), *objects(pod, "spec", "containers"))
        }
        self.first = [self._state(one) for one in objects(pod, "spec", "initContainers")]
        self.main = [self._state(one) for one in objects(pod, "spec", "containers")]
        for state, spec in zip(self.first, objects(pod, "spec", "initContainers"), strict=True):
            state.is_sidecar = text(spec, "restartPolicy") == "Always"
        if restarted:
            self._remember()
        if self.first:
            for state in self.main:
                state.waiting = INITIALIZING
        self.task: asyncio.Task[None] = asyncio.get_running_loop().create_task(self._live())
        self.task.add_done_callback(self._fell)

    @property
    def policy(self) -> str:
        """The pod's restart policy."""
        return text(self.pod, "spec", "restartPolicy") or "Always"

    def spec_of(self, container: str) -> JsonObject:
        """Return a container's spec."""
        return self._specs[container]

    def poke(self) -> None:
        """Look again: something that the pod uses may have changed."""
        self._wake.set()
        if self.sandbox is not None:
            with contextlib.suppress(VolumeError):
                self.files.write_volumes()

    async def terminate(self, seconds: float) -> None:
        """End the pod: its containers have ``seconds`` to end, sidecars what the others leave of them."""
        if self.sandbox is not None and seconds > 0:
            await self._stop_all(seconds)
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)

    async def _stop_all(self, seconds: float) -> None:
        self._is_over = True
        now = asyncio.get_running_loop().time
        ends = now() + seconds
        sidecars = [state.name for state in self.first if state.is_sidecar]
        others = [name for name in self.attempts if name not in sidecars]
        for watch in self._watches.values():
            watch.cancel()
        await asyncio.gather(*(self._stop(name, seconds) for name in others))
        for name in reversed(sidecars):
            if name in self.attempts:
                await self._stop(name, max(ends - now(), 0))

    async def _stop(self, name: str, seconds: float, message: str = "") -> None:
        self.events.note(self.pod, "Killing", message or f"Stopping container {name}", of=name)
        await stop(self._place(name), seconds, self._warn(name))

    async def _live(self) -> None:
        tasks: list[asyncio.Task[None]] = []
        try:
            self._publish()
            await self._find_images()
            await self._fill_volumes()
            await self._enter_sandbox()
            for state in self.first:
                if state.is_sidecar:
                    tasks.append(asyncio.create_task(self._keep(state, "Always")))
                    while not state.started:
                        await self._moved.wait()
                        self._moved.clear()
                    continue
                await self._keep(state, "Never" if self.policy == "Never" else "OnFailure")
                if not state.succeeded:
                    self._publish()
                    return
            main = [asyncio.create_task(self._keep(state, self.policy)) for state in self.main]
            tasks += main
            await asyncio.gather(*main)
            await self._stop_all(number(self.pod, "spec", "terminationGracePeriodSeconds"))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for stop in self._stops:
                with contextlib.suppress(Exception):
                    await stop()  # type: ignore[misc]
            if self.sandbox is not None:
                await self.sandbox.close()
                self.sandbox = None
        self._publish()

    def _fell(self, task: "asyncio.Task[None]") -> None:
        """Say what no pod should be able to cause."""
        error = None if task.cancelled() else task.exception()
        if error is not None:
            _log.error("pod %s/%s", self.namespace, self.name, exc_info=error)
            self.events.note(self.pod, "Failed", f"the lab failed to run the pod: {error}", warning=True)

    async def _find_images(self) -> None:
        while True:
            missing = False
            for state in (*self.first, *self.main):
                image = text(self._specs[state.name], "image")
                try:
                    self.images[state.name] = self.node.images.installed(image)
                except ImageError as error:
                    missing = True
                    state.wait("ErrImageNeverPull", str(error))
                    self.events.note(self.pod, "ErrImageNeverPull", str(error), warning=True, of=state.name)
                    self.events.note(
                        self.pod, "Failed", "Error: ErrImageNeverPull", warning=True, of=state.name
                    )
            self._publish()
            if not missing:
                return
            await self._pause(RETRY_SECONDS)

    async def _fill_volumes(self) -> None:
        while True:
            try:
                self.files.write_volumes()
            except VolumeError as error:
                self.events.note(self.pod, "FailedMount", str(error), warning=True)
                await self._pause(RETRY_SECONDS)
            else:
                return

    async def _enter_sandbox(self) -> None:
        delay = FIRST_BACK_OFF_SECONDS
        while True:
            table = self.node.table()
            config = self.files.sandbox_config(self.images.values(), table)
            try:
                self.sandbox = await self.node.start_sandbox(config)
            except SandboxError as error:
                message = f"Failed to create pod sandbox: {error}"
                self.events.note(self.pod, "FailedCreatePodSandBox", message, warning=True)
                await asyncio.sleep(delay)
                delay = min(delay * 2, MAX_BACK_OFF_SECONDS)
                continue
            for place, listener in self.sandbox.listeners.items():
                self._stops.append(await table[place](self.files.place, listener))
            self.sandbox.listeners.clear()  # whoever serves them closes them
            self._publish()
            return

    async def _keep(self, state: ContainerState, policy: str) -> None:
        """Run a container, and again as the policy says; returns when it is over."""
        delay = 0.0
        while True:
            begun = asyncio.get_running_loop().time()
            how = await self._run_once(state)
            state.end(how)
            is_done = how.exit_code == 0 and state.name not in self._ill
            self._publish()
            if self._is_over or policy == "Never" or (policy == "OnFailure" and is_done):
                return
            self._ill.discard(state.name)
            if asyncio.get_running_loop().time() - begun >= RESET_SECONDS:
                delay = 0.0
            if not delay:
                # A container that ended for the first time is started again at once.
                state.restarts += 1
                delay = FIRST_BACK_OFF_SECONDS
                continue
            who = f"{state.name} in pod {self.name}_{self.namespace}({self.uid})"
            message = f"back-off {delay:.0f}s restarting failed container={who.replace(' in pod ', ' pod=')}"
            state.wait("CrashLoopBackOff", message)
            told = f"Back-off restarting failed container {who}"
            self.events.note(self.pod, "BackOff", told, warning=True, of=state.name)
            self._publish()
            await asyncio.sleep(delay)
            delay = min(delay * 2, MAX_BACK_OFF_SECONDS)
            state.restarts += 1

    async def _run_once(self, state: ContainerState) -> Terminated:
        """Run a container until it ends; an environment that lacks something is waited for."""
        spec, image = self._specs[state.name], self.images[state.name]
        assert self.sandbox is not None  # noqa: S101 - containers run in one
        while True:
            try:
                command = self.files.command(spec, image)
            except VariableError as error:
                state.wait("CreateContainerConfigError", str(error))
                self.events.note(self.pod, "Failed", f"Error: {error}", warning=True, of=state.name)
                self._publish()
                await self._pause(RETRY_SECONDS)
            else:
                break
        self.events.note(
            self.pod,
            "Pulled",
            f'Container image "{text(spec, "image")}" already present on machine',
            of=state.name,
        )
        log = self.node.log_path(self.uid, state.name, state.restarts)
        log.with_name(f"{state.restarts - 2}.log").unlink(missing_ok=True)  # the last two are kept
        now = self.node.clock.now()
        container_id = f"sekisho://{self.uid}/{state.name}/{state.restarts}"
        try:
            attempt = await Attempt.start(
                self.sandbox, command, log, self.node.clock, stdin=spec.get("stdin") is True
            )
        except (SandboxError, OSError) as error:
            message = f"{_START_ERROR}{error}"
            self.events.note(self.pod, "Failed", f"Error: {message}", warning=True, of=state.name)
            return Terminated(128, "StartError", now, self.node.clock.now(), 0, message, container_id)
        self.attempts[state.name] = attempt
        self.events.note(self.pod, "Created", f"Container created: {state.name}", of=state.name)
        self.events.note(self.pod, "Started", f"Container started: {state.name}", of=state.name)
        begin = partial(state.run, now, container_id)
        if not mapping(spec, "lifecycle", "postStart"):
            begin()
            self._publish()
        self._watches[state.name] = asyncio.create_task(self._watch(state, begin))
        try:
            ended = await attempt.wait()
        except BaseException:
            attempt.close()
            raise
        finally:
            self.attempts.pop(state.name, None)
            watch = self._watches.pop(state.name)
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        code = ended.exit_code
        reason = "OOMKilled" if ended.too_large else "Error" if code else "Completed"
        return Terminated(code, reason, now, self.node.clock.now(), 0, "", container_id)

    async def _watch(self, state: ContainerState, begin: Callable[[], None]) -> None:
        """Watch over a run of a container: its hook first, then its probes."""
        place, warn = self._place(state.name), self._warn(state.name)
        grace = number(self.pod, "spec", "terminationGracePeriodSeconds")
        if not await post_start(place, warn):
            await self._stop(state.name, grace, "FailedPostStartHook")
            return
        if state.running is None:
            begin()

        def started() -> None:
            state.started = True
            self._publish()

        def ready(is_ready: bool) -> None:
            if state.ready is not is_ready:
                state.ready = is_ready
                self._publish()

        async def kill(probe: Probe) -> None:
            again = "" if self.policy == "Never" and not state.is_sidecar else ", will be restarted"
            message = f"Container {state.name} failed {probe.kind.lower()} probe{again}"
            self._ill.add(state.name)
            await self._stop(state.name, grace if probe.grace is None else probe.grace, message)

        await Watch(place, warn, started, ready, kill).run()

    def _place(self, name: str) -> Place:
        """Return a running container as its handlers reach it."""
        attempt, spec = self.attempts[name], self._specs[name]
        address = self.node.address_of(self.uid)

        def command(argv: Sequence[str]) -> CommandSpec:
            return self.files.executed(spec, self.images[name], argv, tty=False)

        return Place(attempt.sandbox, attempt.process, spec, address, command)

    def _warn(self, name: str) -> Callable[[str, str], None]:
        return lambda reason, message: self.events.note(self.pod, reason, message, warning=True, of=name)

    async def _pause(self, seconds: float) -> None:
        """Wait until something changed, or for a while."""
        self._wake.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)

    def _state(self, spec: JsonObject) -> ContainerState:
        return ContainerState(text(spec, "name"), text(spec, "image"))

    def _remember(self) -> None:
        """Count what ran before the lab was stopped as an attempt that ended."""
        known = {
            text(one, "name"): one
            for member in ("initContainerStatuses", "containerStatuses")
            for one in objects(self.pod, "status", member)
        }
        now = self.node.clock.now()
        for index, state in enumerate(self.main):
            found = known.get(state.name)
            if found is None:
                continue
            again = self.main[index] = state_from(found, state.name, state.image)
            if again.container_id:
                again.last = lost(now, again.container_id)
                again.restarts += 1

    def _publish(self) -> None:
        """Write the pod's status."""
        if self._started is None:
            self._started = self.node.clock.now()
        self.node.publish(self, self._started)
        self._moved.set()

    @property
    def statuses(self) -> dict[str, Json]:
        """The statuses of the pod's containers."""
        found: dict[str, Json] = {}
        if self.first:
            found["initContainerStatuses"] = [state.document() for state in self.first]
        return {**found, "containerStatuses": [state.document() for state in self.main]}

    @property
    def labels(self) -> JsonObject:
        """The pod's labels."""
        return mapping(self.pod, "metadata", "labels")
