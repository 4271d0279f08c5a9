"""The lab's copy of what a real API server keeps: the facts that decisions and questions read.

Every collection that identity needs is listed, then watched. The values of Secrets are not copied.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

import aiohttp

from sekisho.connect.kube.api_server import ApiServer
from sekisho.connect.kube.follow import Follower
from sekisho.decide.values import JsonObject
from sekisho.facts import Delete, Event, Key, Kind, Put, kube_scope
from sekisho.lab.world import World
from sekisho.wire.kube.members import text
from sekisho.wire.kube.registry import REGISTRY, Resource

COPIED: Final = (
    ("", "namespaces"),
    ("", "configmaps"),
    ("", "serviceaccounts"),
    ("", "pods"),
    ("", "nodes"),
    ("rbac.authorization.k8s.io", "clusterroles"),
    ("rbac.authorization.k8s.io", "clusterrolebindings"),
    ("rbac.authorization.k8s.io", "roles"),
    ("rbac.authorization.k8s.io", "rolebindings"),
)


class Mirror:
    """Keeps the objects of one cluster in the world as its API server has them."""

    def __init__(
        self,
        world: World,
        cluster_arn: str,
        session: aiohttp.ClientSession,
        server: ApiServer,
        failed: Callable[[str], None],
    ) -> None:
        self._world = world
        self._cluster = cluster_arn
        self._session = session
        self._server = server
        self._failed = failed
        self._versions: dict[Resource, dict[str, str]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Return once every collection was copied for the first time; goes on copying."""
        first: list[asyncio.Future[None]] = []
        for group, plural in COPIED:
            resource = REGISTRY.at_path(group, "v1", plural)
            assert resource is not None  # noqa: S101 - the lab serves what it copies
            listed = asyncio.get_running_loop().create_future()
            first.append(listed)
            follower = Follower(self._session, self._server, f"{resource.at.path}/{plural}")
            changed = partial(self._changed, resource, listed)
            self._tasks.append(asyncio.create_task(follower.run(changed, self._failed)))
        await asyncio.gather(*first)

    async def stop(self) -> None:
        """Stop copying."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def put(self, resource: Resource, body: JsonObject) -> None:
        """Take over one object that was read beside the watch."""
        self._commit(resource, [body])

    def _changed(
        self, resource: Resource, listed: "asyncio.Future[None]", objects: Mapping[str, JsonObject]
    ) -> None:
        known = self._versions.get(resource)
        if known is None:
            # What the world has and the server has not is gone.
            scope = self._world.facts.scope(Kind.KUBE, self._scope(resource))
            known = dict.fromkeys(scope, "")
        present = {name: text(body, "metadata", "resourceVersion") for name, body in objects.items()}
        gone = [Delete(self._key(resource, name)) for name in known if name not in present]
        fresh = [body for name, body in objects.items() if known.get(name) != present[name]]
        self._versions[resource] = present
        self._commit(resource, fresh, gone)
        if not listed.done():
            listed.set_result(None)

    def _commit(self, resource: Resource, bodies: Iterable[JsonObject], gone: Iterable[Event] = ()) -> None:
        kind = {"apiVersion": resource.at.api_version, "kind": resource.kind}
        events: list[Event] = list(gone)
        for body in bodies:
            name = f"{text(body, 'metadata', 'namespace')}/{text(body, 'metadata', 'name')}"
            events.append(Put(self._key(resource, name), {**kind, **body}))
        if events:
            self._world.commit(events)

    def _scope(self, resource: Resource) -> str:
        return kube_scope(self._cluster, resource.group, resource.plural)

    def _key(self, resource: Resource, name: str) -> Key:
        return Key(Kind.KUBE, self._scope(resource), name)
