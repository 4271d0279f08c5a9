"""Objects of one cluster: create, read, update, delete, as the API server's storage does it.

Every method that changes something commits before it returns. The rules here are those
of the generic registry store (kubernetes ``pkg/registry``): names, uids, conflicts,
preconditions, and when an object that is deleted is gone.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sekisho.decide.rbac import aggregate
from sekisho.decide.rbac import objects as rbac_objects
from sekisho.decide.rbac.model import Role
from sekisho.decide.values import Json, JsonObject
from sekisho.decide.values.documents import to_json
from sekisho.facts import Delete, Event, Key, Kind, Put, kube_key, kube_scope
from sekisho.lab.kube.deletion import Deleted, check_marks, deleted, is_released
from sekisho.lab.kube.strategies import as_created, as_updated
from sekisho.lab.world import Clock, Ids, World
from sekisho.wire.kube import status
from sekisho.wire.kube.defaults import with_defaults
from sekisho.wire.kube.managed_fields import with_known_times
from sekisho.wire.kube.members import mapping, text
from sekisho.wire.kube.prepare import prepared
from sekisho.wire.kube.registry import RBAC, REGISTRY, Resource

_NAMESPACES = REGISTRY.at_path("", "v1", "namespaces")
_CLUSTER_ROLES = REGISTRY.at_path(RBAC.group, RBAC.version, "clusterroles")

_CREATABLE_BY_UPDATE = frozenset({RBAC.group})
"""Groups whose strategies let PUT create (AllowCreateOnUpdate)."""


_SERVER_OWNED = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "resourceVersion",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
"""Metadata that no update changes."""

MAX_STORED_BYTES = 1_572_864
"""How long an object may be (etcd, ``--max-request-bytes``): a patch may copy what it finds, again and again.

Differs: what counts here is JSON, which is somewhat longer than what kube-apiserver stores.
"""

Strategy = Callable[[Resource, JsonObject, JsonObject], JsonObject]
"""Resource, object as stored and object as wanted: what of it is to be stored."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: the object as it is now, and whether it is new."""

    body: JsonObject
    created: bool = False


class KubeObjects:
    """The objects of one cluster."""

    def __init__(self, world: World, cluster_arn: str, clock: Clock, ids: Ids) -> None:
        self._world = world
        self._cluster = cluster_arn
        self._clock = clock
        self._ids = ids
        self.deletes_gracefully = False
        """Whether somebody runs the cluster's pods, who lets one that is deleted end first (`remove`)."""

    @property
    def revision(self) -> int:
        """The newest revision of the world: the resourceVersion of a list."""
        return self._world.revision

    def read(self, resource: Resource, namespace: str, name: str) -> JsonObject:
        """Return one object.

        Raises:
            KubeError: 404.
        """
        return self._world.revealed(self._stored(resource, namespace, name))

    def listing(self, resource: Resource, namespace: str = "") -> list[JsonObject]:
        """Return the objects of a resource, of one namespace or of all, sorted by namespace and name."""
        scope = self._world.facts.scope(Kind.KUBE, kube_scope(self._cluster, resource.group, resource.plural))
        prefix = f"{namespace}/" if namespace else ""
        return [
            self._world.revealed(fact)
            for name, fact in sorted(scope.items())
            if name.startswith(prefix) and isinstance(fact, Mapping)
        ]

    def suffix(self) -> str:
        """Return a random end for a generated name."""
        return self._ids.suffix()

    def begun(self, body: JsonObject) -> JsonObject:
        """Return an object that is to be created, with its uid and the time, and a name if it has none."""
        metadata: dict[str, Json] = {
            **mapping(body, "metadata"),
            "uid": str(uuid.uuid4()),
            "creationTimestamp": self._clock.now().rfc3339(),
        }
        prefix = text(metadata, "generateName")
        if prefix and not text(metadata, "name"):
            metadata["name"] = f"{prefix}{self.suffix()}"
        return {**body, "metadata": metadata}

    def create(
        self, resource: Resource, namespace: str, body: JsonObject, *, dry_run: bool = False
    ) -> Written:
        """Create an object that has begun and was validated.

        Raises:
            KubeError: 409 the name is taken, 404 the namespace is missing, 403 it is going away.
        """
        metadata = dict(mapping(body, "metadata"))
        name = str(metadata["name"])
        if resource.namespaced:
            self._require_namespace(resource, namespace, name)
            metadata["namespace"] = namespace
        else:
            metadata.pop("namespace", None)
        key = self._key(resource, namespace, name)
        if self._world.facts.get(key) is not None:
            raise status.already_exists(resource.plural, resource.group, name)
        for server_owned in (
            "resourceVersion",
            "generation",
            "selfLink",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
        ):
            metadata.pop(server_owned, None)
        made = with_defaults(resource, prepared(resource, {**body, "metadata": metadata}))
        created = as_created(resource, made)
        check_size(created)
        if dry_run:
            return Written(created, created=True)
        self._commit([Put(key, created)])
        return Written(self.read(resource, namespace, name), created=True)

    def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Callable[[JsonObject], JsonObject],
        *,
        dry_run: bool = False,
        strategy: Strategy = as_updated,
    ) -> Written:
        """Replace an object by ``change`` of it; one that is marked as deleted goes with its last finalizer.

        ``change`` gets the object as stored and returns the wanted one; what the server owns is kept, and
        ``strategy`` says what else is not this request's to change.

        Raises:
            KubeError: 404, or 409 when the wanted object is based on another version.
        """
        before = self.read(resource, namespace, name)
        wanted = change(before)
        merged = self._merged(resource, name, before, strategy(resource, before, wanted))
        after = with_known_times(before, prepared(resource, merged))
        check_marks(resource, before, after)
        if after == before:
            return Written(before)
        check_size(after)
        key = self._key(resource, namespace, name)
        if not dry_run and is_released(after):
            self._commit([Delete(key)])
        elif not dry_run:
            self._commit([Put(key, after)])
            after = self.read(resource, namespace, name)
        return Written(after)

    def may_create_by_update(self, resource: Resource) -> bool:
        """Tell whether a PUT to a name that does not exist creates it."""
        return resource.group in _CREATABLE_BY_UPDATE

    def exists(self, resource: Resource, namespace: str, name: str) -> bool:
        """Tell whether there is such an object."""
        return self._world.facts.get(self._key(resource, namespace, name)) is not None

    def delete(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        options: JsonObject,
        *,
        dry_run: bool = False,
    ) -> Deleted:
        """Delete an object, or mark it as deleted where something holds it yet.

        ``options`` are meta/v1 DeleteOptions.

        Raises:
            KubeError: 404; 409 a precondition (uid, resourceVersion) fails; 403 for a namespace
                that a cluster cannot be without.
        """
        found = self.read(resource, namespace, name)
        preconditions = mapping(options, "preconditions")
        for member, word in (("uid", "UID"), ("resourceVersion", "ResourceVersion")):
            expected, actual = text(preconditions, member), text(found, "metadata", member)
            if expected and expected != actual:
                what = "deleted and then recreated" if member == "uid" else "modified"
                sentence = (
                    f"the {word} in the precondition ({expected}) does not match "
                    f"the {word} in record ({actual}). The object might have been {what}"
                )
                raise status.conflict(resource.kind, resource.group, name, sentence)
        if resource is _NAMESPACES and name in ("default", "kube-system", "kube-public", "kube-node-lease"):
            raise status.forbidden(resource.plural, resource.group, name, "this namespace may not be deleted")
        if not self.deletes_gracefully:  # nobody would let it go
            options = {**options, "gracePeriodSeconds": 0}
        left = deleted(resource, found, options, self._clock.now())
        key = self._key(resource, namespace, name)
        if left.gone:
            if not dry_run:
                self._commit([Delete(key)])
            # Only kinds that may take their time show that they were marked on their way out.
            return left if resource.kind == "Pod" else Deleted(found, gone=True)
        if left.body != found and not dry_run:
            self._commit([Put(key, left.body)])
            left = Deleted(self.read(resource, namespace, name), gone=False)
        return left

    def remove(self, resource: Resource, namespace: str, name: str, uid: str) -> None:
        """Let a pod go that was marked as deleted and has ended, if it is still the one with ``uid``.

        A finalizer holds it all the same.
        """
        if self.exists(resource, namespace, name):
            found = self.read(resource, namespace, name)
            if text(found, "metadata", "uid") == uid:
                self.delete(resource, namespace, name, {"gracePeriodSeconds": 0})

    def _stored(self, resource: Resource, namespace: str, name: str) -> JsonObject:
        found = self._world.facts.kube(self._key(resource, namespace, name))
        if found is None:
            raise status.not_found(resource.plural, resource.group, name)
        return found

    def _key(self, resource: Resource, namespace: str, name: str) -> Key:
        place = namespace if resource.namespaced else ""
        return kube_key(self._cluster, resource.group, resource.plural, place, name)

    def _merged(self, resource: Resource, name: str, before: JsonObject, wanted: JsonObject) -> JsonObject:
        old = mapping(before, "metadata")
        metadata = dict(mapping(wanted, "metadata"))
        version = metadata.get("resourceVersion")
        if version and version != old["resourceVersion"]:
            raise status.conflict(resource.plural, resource.group, name)
        if metadata.get("uid") and metadata["uid"] != old["uid"]:
            place = f"{text(old, 'namespace')}/" if resource.namespaced else ""
            sentence = (
                f"StorageError: invalid object, Code: 4, Key: /registry/{resource.plural}/{place}{name}, "
                f"ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: "
                f"UID in precondition: {metadata['uid']}, UID in object meta: {old['uid']}"
            )
            raise status.conflict(resource.plural, resource.group, name, sentence)
        for member in _SERVER_OWNED:
            metadata.pop(member, None)
            if member in old:
                metadata[member] = old[member]
        return {**wanted, "metadata": metadata}

    def _require_namespace(self, resource: Resource, namespace: str, name: str) -> None:
        found = self._world.facts.kube(kube_key(self._cluster, "", "namespaces", "", namespace))
        if found is None:
            raise status.not_found("namespaces", "", namespace)
        if text(found, "metadata", "deletionTimestamp"):
            sentence = f"unable to create new content in namespace {namespace} because it is being terminated"
            refused = status.forbidden(resource.plural, resource.group, name, sentence)
            cause: Json = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {namespace} is being terminated",
                "field": "metadata.namespace",
            }
            refused.details["causes"] = [cause]
            raise refused

    def _commit(self, events: Iterable[Event]) -> None:
        wanted = list(events)
        self._world.commit(wanted)
        assert _CLUSTER_ROLES is not None  # noqa: S101 - the registry serves them
        touched = kube_scope(self._cluster, _CLUSTER_ROLES.group, _CLUSTER_ROLES.plural)
        if any(event.key.scope == touched for event in wanted):
            self._world.commit(aggregated(self._cluster, self.listing(_CLUSTER_ROLES)))


def check_size(body: JsonObject) -> None:
    """Return if an object is short enough to be stored.

    Raises:
        KubeError: 500 with etcd's own text.
    """
    if len(to_json(body)) > MAX_STORED_BYTES:
        raise status.KubeError(500, "", "etcdserver: request is too large")


def aggregated(cluster_arn: str, cluster_roles: Iterable[JsonObject]) -> list[Event]:
    """Return the changes that make the rules of aggregated ClusterRoles what their selectors gather.

    This is what the ClusterRole aggregation controller of a real cluster does after each change.
    """
    bodies = {text(body, "metadata", "name"): body for body in cluster_roles}
    stored = {}
    for body in bodies.values():
        role = rbac_objects.parse_object(body)
        assert isinstance(role, Role)  # noqa: S101 - only ClusterRoles are stored under clusterroles
        stored[role.key] = role
    events: list[Event] = []
    for key, role in aggregate.converge(stored).items():
        body = bodies[key.name]
        if role.aggregation is None:
            continue
        rules: list[Json] = [rbac_objects.rule_to_json(rule) for rule in role.rules]
        if body.get("rules") != rules:
            events.append(
                Put(kube_key(cluster_arn, RBAC.group, "clusterroles", "", key.name), {**body, "rules": rules})
            )
    return events
