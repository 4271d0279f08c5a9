"""The admission chain of one cluster: the plugins that are built in, then the webhooks.

The order is kube-apiserver's: NamespaceLifecycle, ServiceAccount, NodeRestriction, mutating webhooks (the one
that EKS registers for pods first), validation by the caller, validating webhooks. Source: Kubernetes
documentation, "Admission Control"; kubernetes ``pkg/kubeapiserver/options/plugins.go``.
"""

from dataclasses import replace

from sekisho.decide.chain import admitted
from sekisho.decide.node import restriction
from sekisho.decide.node.restriction_code import RestrictionCode
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Json, JsonObject, KubeUser
from sekisho.facts import kube_key
from sekisho.lab.aws.eks.versions import minor_version
from sekisho.lab.kube.account_admission import account_name, is_mirror, with_account
from sekisho.lab.kube.admission import admit
from sekisho.lab.kube.admission_code import AdmissionRefusedError
from sekisho.lab.kube.exchange import Exchange
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.kube.objects import KubeObjects
from sekisho.lab.kube.policies import Policies
from sekisho.lab.kube.webhooks.asked import Write
from sekisho.lab.kube.webhooks.call import out_of_reach
from sekisho.lab.kube.webhooks.dispatch import Webhooks, service_warnings
from sekisho.lab.world import World
from sekisho.wire.kube import status
from sekisho.wire.kube.members import mapping, text
from sekisho.wire.kube.registry import CORE, REGISTRY, GroupVersion, Resource

_OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}
_MISSING = {RestrictionCode.POD_MISSING: "pod", RestrictionCode.NODE_MISSING: "node"}


class AdmissionChain:
    """Lets writes of one cluster through, changed or not, or refuses them."""

    def __init__(self, world: World, cluster: LiveCluster, objects: KubeObjects) -> None:
        self._world = world
        self._cluster = cluster
        self._objects = objects
        self._webhooks = Webhooks(objects, self._authorize)
        self._policies = Policies(objects, self._authorize)

    async def mutated(self, write: Write, warnings: list[str]) -> JsonObject:
        """Return the object as it is to be validated and stored; a delete has none and gets an empty one.

        Raises:
            KubeError: a plugin or a webhook refuses.
        """
        if write.operation == "CREATE" and write.resource.namespaced:
            self._require_namespace(write.namespace)
        if write.body is not None:
            write = replace(write, body=self._account(write, write.body))
        self._restrict(write)
        if write.body is not None:
            write = replace(write, body=self._identity(write, write.body))
        warnings += service_warnings(write.resource, write.body or {}, out_of_reach)
        done = await self._webhooks.mutated(write, lambda body: self._built_in(write, body), warnings)
        return done.body or {}

    async def validated(self, write: Write, warnings: list[str]) -> None:
        """Return if policies and validating webhooks let a write through whose object was validated.

        Raises:
            KubeError: one refuses.
        """
        self._policies.validate(write, warnings)
        await self._webhooks.validated(write, warnings)

    def _authorize(self, user: KubeUser, asked: RequestAttributes) -> bool:
        return admitted(user, asked, self._cluster)

    def _built_in(self, write: Write, body: JsonObject) -> JsonObject:
        return self._identity(write, self._account(write, body))

    def _account(self, write: Write, body: JsonObject) -> JsonObject:
        if not _is_new_pod(write) or not mapping(body, "spec"):
            return body
        key = kube_key(
            str(self._cluster.cluster.arn), "", "serviceaccounts", write.namespace, account_name(body)
        )
        return with_account(body, self._world.facts.kube(key), write.namespace)

    def _identity(self, write: Write, body: JsonObject) -> JsonObject:
        if not _is_new_pod(write) or is_mirror(body):
            return body
        cluster, suffix = self._cluster.cluster, self._objects.suffix()
        return admit(write.resource, write.namespace, body, cluster, self._world.facts, suffix)

    def _restrict(self, write: Write) -> None:
        """Refuse what NodeRestriction does not let a node write."""
        asked = restriction.Write(
            write.operation,
            write.resource.group,
            write.resource.plural,
            write.subresource,
            write.namespace,
            write.name,
            write.body,
            write.old,
        )
        known = restriction.Known(
            self._found,
            lambda request: admitted(write.user, request, self._cluster),
            minor_version(self._cluster.cluster.version),
        )
        decision = restriction.restrict(write.user, asked, known)
        if decision.allowed:
            return
        step = decision.decisive[0]
        missing = _MISSING.get(step.code) if isinstance(step.code, RestrictionCode) else None
        resource = write.resource
        if missing is not None:
            error = status.not_found(missing, "", dict(step.facts)["name"])
        else:
            name = write.name or text(write.body or {}, "metadata", "generateName") or "Unknown"
            error = status.forbidden(resource.plural, resource.group, name, decision.sentence())
        raise AdmissionRefusedError(error, decision)

    def _found(self, plural: str, namespace: str, name: str) -> JsonObject | None:
        return self._world.facts.kube(kube_key(str(self._cluster.cluster.arn), "", plural, namespace, name))

    def _require_namespace(self, namespace: str) -> None:
        if self._found("namespaces", "", namespace) is None:
            raise status.not_found("namespaces", "", namespace)


def write_of(
    exchange: Exchange,
    operation: str,
    resource: Resource,
    body: JsonObject | None,
    old: JsonObject | None = None,
    kind: tuple[GroupVersion, str] | None = None,
) -> Write:
    """Return a request as admission sees it; ``kind`` is that of ``body`` where it is a subresource's own."""
    attributes = exchange.attributes
    name = attributes.name or text(body if body is not None else old or {}, "metadata", "name")
    options: dict[str, Json] = {"kind": _OPTIONS[operation], "apiVersion": "meta.k8s.io/v1"}
    if attributes.verb == "patch":
        options["kind"] = "PatchOptions"
    if exchange.dry_run:
        options["dryRun"] = ["All"]
    for member in ("fieldManager", "fieldValidation"):
        if exchange.query.get(member) and operation != "DELETE":
            options[member] = exchange.query[member]
    return Write(
        operation,
        resource,
        attributes.namespace or (text(old or {}, "metadata", "namespace") if resource.namespaced else ""),
        name,
        exchange.user,
        body,
        old,
        attributes.subresource,
        exchange.dry_run,
        options,
        kind,
    )


def _is_new_pod(write: Write) -> bool:
    return write.operation == "CREATE" and not write.subresource and write.resource is _PODS


_PODS = REGISTRY.at_path(CORE.group, CORE.version, "pods")
