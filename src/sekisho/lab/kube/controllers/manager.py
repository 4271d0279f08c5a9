"""Runs the controllers of one cluster: a change of the world is looked at right after it, one at a time."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping

from sekisho.decide.values import Instant
from sekisho.facts import Kind, kube_scope
from sekisho.lab.kube.controllers.actor import Actor
from sekisho.lab.kube.controllers.controller import Controller, Item, Seen
from sekisho.lab.kube.controllers.deployments import DeploymentController
from sekisho.lab.kube.controllers.finished_jobs import FinishedJobs
from sekisho.lab.kube.controllers.garbage import GarbageCollector
from sekisho.lab.kube.controllers.jobs import JobController
from sekisho.lab.kube.controllers.namespace_contents import RootCertificates, ServiceAccounts
from sekisho.lab.kube.controllers.namespaces import NamespaceController
from sekisho.lab.kube.controllers.replica_sets import ReplicaSetController
from sekisho.lab.kube.controllers.token_secrets import TokenSecrets
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.kube.objects import KubeObjects
from sekisho.lab.world import Change, Clock, World
from sekisho.wire.kube.registry import RESOURCES
from sekisho.wire.kube.status import KubeError

_FIRST_RETRY_SECONDS = 0.05
_LAST_RETRY_SECONDS = 60.0
_LONGEST_SLEEP_SECONDS = 86_400.0

_Work = tuple[int, Item]
"""Which controller is to look at what."""


class Controllers:
    """The control loops of one cluster; owned by the event loop that `start` is called in."""

    def __init__(
        self,
        world: World,
        live: LiveCluster,
        objects: KubeObjects,
        clock: Clock,
        keys: IssuerKeys,
        root_certificate: str,
    ) -> None:
        self._world = world
        self._clock = clock
        arn = str(live.cluster.arn)
        self._served = {kube_scope(arn, one.group, one.plural): one for one in RESOURCES if one.is_stored}

        def actor(name: str, component: str = "") -> Actor:
            return Actor(name, component or name, world, live, objects, clock)

        self._controllers: tuple[Controller, ...] = (
            ServiceAccounts(actor("service-account-controller")),
            RootCertificates(actor("root-ca-cert-publisher"), root_certificate),
            TokenSecrets(
                Actor("", "serviceaccount-token-controller", world, live, objects, clock),
                keys,
                live.cluster.issuer,
                root_certificate,
            ),
            ReplicaSetController(actor("replicaset-controller")),
            DeploymentController(actor("deployment-controller")),
            JobController(actor("job-controller")),
            FinishedJobs(actor("ttl-after-finished-controller")),
            GarbageCollector(actor("generic-garbage-collector")),
            NamespaceController(actor("namespace-controller")),
        )
        self._waiting: OrderedDict[_Work, None] = OrderedDict()
        self._failures: dict[_Work, int] = {}
        self._timers: dict[_Work, asyncio.TimerHandle] = {}
        self._due: dict[_Work, Instant] = {}
        self._next: asyncio.Handle | None = None
        self._stops: list[Callable[[], None]] = []

    def start(self) -> None:
        """Look at everything that there is, and from then on at what changes."""
        self._stops = [self._world.listen(self._changed), self._clock.listen(self._clock_moved)]
        for scope, resource in self._served.items():
            for place, fact in self._world.facts.scope(Kind.KUBE, scope).items():
                if isinstance(fact, Mapping):
                    namespace, _, name = place.partition("/")
                    self._tell(Seen(Item(resource, namespace, name), None, fact))

    def stop(self) -> None:
        """Do nothing any more."""
        for stop in self._stops:
            stop()
        self._stops = []
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._waiting.clear()
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _changed(self, change: Change) -> None:
        resource = self._served.get(change.key.scope) if change.key.kind is Kind.KUBE else None
        if resource is None:
            return
        namespace, _, name = change.key.name.partition("/")
        before, after = (
            fact if isinstance(fact, Mapping) else None for fact in (change.before, change.after)
        )
        self._tell(Seen(Item(resource, namespace, name), before, after))

    def _tell(self, seen: Seen) -> None:
        for index, controller in enumerate(self._controllers):
            for item in controller.concerned(seen):
                self._add((index, item))

    def _add(self, work: _Work) -> None:
        self._waiting[work] = None
        if self._next is None:
            self._next = asyncio.get_running_loop().call_soon(self._work)

    def _work(self) -> None:
        """Look at one thing; requests are answered between two of them."""
        self._next = None
        if not self._waiting:
            return
        work, _ = self._waiting.popitem(last=False)
        self._forget_timer(work)
        index, item = work
        try:
            again = self._controllers[index].sync(item)
        except KubeError:
            count = self._failures[work] = self._failures.get(work, 0) + 1
            self._wake(work, min(_FIRST_RETRY_SECONDS * 2 ** min(count, 16), _LAST_RETRY_SECONDS))
        else:
            self._failures.pop(work, None)
            if again is not None:
                self._due[work] = again
                self._wake(work, (again - self._clock.now()).total_seconds())
        finally:
            if self._waiting and self._next is None:
                self._next = asyncio.get_running_loop().call_soon(self._work)

    def _wake(self, work: _Work, seconds: float) -> None:
        delay = min(max(seconds, 0.0), _LONGEST_SLEEP_SECONDS)
        self._timers[work] = asyncio.get_running_loop().call_later(delay, self._add, work)

    def _forget_timer(self, work: _Work) -> None:
        timer = self._timers.pop(work, None)
        if timer is not None:
            timer.cancel()
        self._due.pop(work, None)

    def _clock_moved(self) -> None:
        """Look at what is due by the lab's new time."""
        for work in tuple(self._due):
            self._add(work)
