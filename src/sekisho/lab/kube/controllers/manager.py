"""Runs the controllers of one cluster: each looks at a change of the world right after it."""

from collections.abc import Callable, Mapping

from sekisho.facts import Kind, kube_scope
from sekisho.lab.kube.controllers.actor import Actor
from sekisho.lab.kube.controllers.controller import Controller, Item, Seen
from sekisho.lab.kube.controllers.deployments import DeploymentController
from sekisho.lab.kube.controllers.finished_jobs import FinishedJobs
from sekisho.lab.kube.controllers.garbage import GarbageCollector
from sekisho.lab.kube.controllers.jobs import JobController
from sekisho.lab.kube.controllers.loop import ControlLoop
from sekisho.lab.kube.controllers.namespace_contents import RootCertificates, ServiceAccounts
from sekisho.lab.kube.controllers.namespaces import NamespaceController
from sekisho.lab.kube.controllers.replica_sets import ReplicaSetController
from sekisho.lab.kube.controllers.token_secrets import TokenSecrets
from sekisho.lab.kube.issuer_keys import IssuerKeys
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.kube.objects import KubeObjects
from sekisho.lab.kube.writes import Writes
from sekisho.lab.world import Change, Clock, World
from sekisho.wire.kube.registry import RESOURCES


class Controllers:
    """The control loops of one cluster; owned by the event loop that `start` is called in."""

    def __init__(
        self,
        world: World,
        live: LiveCluster,
        objects: KubeObjects,
        writes: Writes,
        clock: Clock,
        keys: IssuerKeys,
        root_certificate: str,
    ) -> None:
        self._world = world
        self._clock = clock
        arn = str(live.cluster.arn)
        self._served = {kube_scope(arn, one.group, one.plural): one for one in RESOURCES if one.is_stored}

        def actor(name: str, component: str = "") -> Actor:
            return Actor(name, component or name, live, objects, writes, clock)

        controllers: tuple[Controller, ...] = (
            ServiceAccounts(actor("service-account-controller")),
            RootCertificates(actor("root-ca-cert-publisher"), root_certificate),
            TokenSecrets(
                Actor("", "serviceaccount-token-controller", live, objects, writes, clock),
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
        self._loops = tuple(ControlLoop(controller, clock) for controller in controllers)
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
        for loop in self._loops:
            loop.stop()

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
        for loop in self._loops:
            loop.tell(seen)

    def _clock_moved(self) -> None:
        for loop in self._loops:
            loop.clock_moved()
