"""Objects of one cluster: create, read, update, delete, as the API server's storage does it.

Every method that changes something commits before it returns. The rules here are those
of the generic registry store (kubernetes ``pkg/registry``): names, uids, conflicts,
preconditions, what a namespace brings and takes with it.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sekisho.decide.rbac import aggregate
from sekisho.decide.rbac import objects as rbac_objects
from sekisho.decide.rbac.model import Role
from sekisho.decide.values import Json, JsonObject
from sekisho.facts import Delete, Event, Key, Kind, Put, kube_key, kube_scope
from sekisho.lab.world import Clock, Ids, World
from sekisho.wire.kube import status
from sekisho.wire.kube.defaults import with_defaults
from sekisho.wire.kube.managed_fields import with_known_times
from sekisho.wire.kube.members import mapping, text
from sekisho.wire.kube.prepare import prepared
from sekisho.wire.kube.registry import CORE, RBAC, REGISTRY, Resource

_NAMESPACES = REGISTRY.at_path("", "v1", "namespaces")
_CLUSTER_ROLES = REGISTRY.at_path(RBAC.group, RBAC.version, "clusterroles")

_CREATABLE_BY_UPDATE = frozenset({RBAC.group})
"""Groups whose strategies let PUT create (AllowCreateOnUpdate)."""


_ROOT_CERTIFICATE_NOTE = (
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints "
    "such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across "
    "distributions of Kubernetes clusters."
)


@dataclass(frozen=True, slots=True)
class Written:
    """What a write did: the object as it is now, and whether it is new."""

    body: JsonObject
    created: bool = False


class KubeObjects:
    """The objects of one cluster."""

    def __init__(self, world: World, cluster_arn: str, clock: Clock, ids: Ids, root_certificate: str) -> None:
        self._world = world
        self._cluster = cluster_arn
        self._clock = clock
        self._ids = ids
        self._root_certificate = root_certificate

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

    def named(self, body: JsonObject) -> JsonObject:
        """Return the object with a name made of its ``generateName``, if it has only that."""
        prefix = text(body, "metadata", "generateName")
        if text(body, "metadata", "name") or not prefix:
            return body
        return {**body, "metadata": {**mapping(body, "metadata"), "name": f"{prefix}{self._ids.suffix()}"}}

    def create(
        self, resource: Resource, namespace: str, body: JsonObject, *, dry_run: bool = False
    ) -> Written:
        """Create an object that was decoded and validated.

        Raises:
            KubeError: 409 the name is taken, 404 the namespace is missing, 403 it is going away.
        """
        metadata = dict(mapping(body, "metadata"))
        name = str(metadata["name"])
        if resource.namespaced:
            self._require_namespace(namespace)
            metadata["namespace"] = namespace
        else:
            metadata.pop("namespace", None)
        key = self._key(resource, namespace, name)
        if self._world.facts.get(key) is not None:
            raise status.already_exists(resource.plural, resource.group, name)
        metadata |= {"uid": str(uuid.uuid4()), "creationTimestamp": self._clock.now().rfc3339()}
        for server_owned in (
            "resourceVersion",
            "generation",
            "selfLink",
            "deletionTimestamp",
        ):
            metadata.pop(server_owned, None)
        created = with_defaults(resource, prepared(resource, {**body, "metadata": metadata}))
        if dry_run:
            return Written(created, created=True)
        self._commit([Put(key, created), *self._companions(resource, name)])
        return Written(self.read(resource, namespace, name), created=True)

    def update(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        change: Callable[[JsonObject], JsonObject],
        *,
        dry_run: bool = False,
    ) -> Written:
        """Replace an object by ``change`` of it.

        ``change`` gets the object as stored and returns the wanted one; what the server owns is kept.

        Raises:
            KubeError: 404, or 409 when the wanted object is based on another version.
        """
        before = self.read(resource, namespace, name)
        wanted = change(before)
        after = with_known_times(before, prepared(resource, self._merged(resource, name, before, wanted)))
        if after == before:
            return Written(before)
        if not dry_run:
            self._commit([Put(self._key(resource, namespace, name), after)])
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
        preconditions: JsonObject,
        *,
        dry_run: bool = False,
    ) -> JsonObject:
        """Delete an object, and with a namespace all that is in it; returns the object as it was.

        Raises:
            KubeError: 404; 409 a precondition (uid, resourceVersion) fails; 403 for a namespace
                that a cluster cannot be without.
        """
        found = self.read(resource, namespace, name)
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
        if not dry_run:
            contents = self._contents(name) if resource is _NAMESPACES else []
            self._commit([*contents, Delete(self._key(resource, namespace, name))])
        return found

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
        for member in ("name", "namespace", "uid", "creationTimestamp", "resourceVersion"):
            if member in old:
                metadata[member] = old[member]
        if resource is _NAMESPACES:  # these change by subresources alone
            kept = {member: before[member] for member in ("spec", "status") if member in before}
            return {**wanted, **kept, "metadata": metadata}
        return {**wanted, "metadata": metadata}

    def _require_namespace(self, namespace: str) -> None:
        found = self._world.facts.kube(kube_key(self._cluster, "", "namespaces", "", namespace))
        if found is None:
            raise status.not_found("namespaces", "", namespace)

    def _companions(self, resource: Resource, name: str) -> list[Event]:
        """Return what the controllers of a real cluster add to a new namespace."""
        if resource is not _NAMESPACES:
            return []
        now = self._clock.now().rfc3339()
        return namespace_companions(self._cluster, name, now, self._root_certificate)

    def _contents(self, namespace: str) -> list[Event]:
        return [
            Delete(Key(Kind.KUBE, scope, name))
            for scope in self._world.facts.scopes(Kind.KUBE)
            if scope.startswith(f"{self._cluster} ")
            for name in self._world.facts.scope(Kind.KUBE, scope)
            if name.startswith(f"{namespace}/")
        ]

    def _commit(self, events: Iterable[Event]) -> None:
        wanted = list(events)
        self._world.commit(wanted)
        assert _CLUSTER_ROLES is not None  # noqa: S101 - the registry serves them
        touched = kube_scope(self._cluster, _CLUSTER_ROLES.group, _CLUSTER_ROLES.plural)
        if any(event.key.scope == touched for event in wanted):
            self._world.commit(aggregated(self._cluster, self.listing(_CLUSTER_ROLES)))


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


def namespace_companions(
    cluster_arn: str, namespace: str, created: str, root_certificate: str
) -> list[Event]:
    """Return the default service account and the root certificate that every namespace gets."""
    return [
        _new(
            cluster_arn,
            "serviceaccounts",
            {
                "apiVersion": CORE.api_version,
                "kind": "ServiceAccount",
                "metadata": {"name": "default", "namespace": namespace, "creationTimestamp": created},
            },
        ),
        _new(
            cluster_arn,
            "configmaps",
            {
                "apiVersion": CORE.api_version,
                "kind": "ConfigMap",
                "metadata": {
                    "name": "kube-root-ca.crt",
                    "namespace": namespace,
                    "creationTimestamp": created,
                    "annotations": {"kubernetes.io/description": _ROOT_CERTIFICATE_NOTE},
                },
                "data": {"ca.crt": root_certificate},
            },
        ),
    ]


def _new(cluster_arn: str, plural: str, body: dict[str, Json]) -> Event:
    metadata = {**mapping(body, "metadata"), "uid": str(uuid.uuid4())}
    key = kube_key(cluster_arn, "", plural, text(metadata, "namespace"), text(metadata, "name"))
    return Put(key, {**body, "metadata": metadata})
