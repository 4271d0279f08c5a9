"""A Kubernetes object with the place where its reader wrote it, and the key it has among the facts."""

from collections.abc import Mapping
from dataclasses import dataclass

from sekisho.decide.rbac.model import RbacObject
from sekisho.decide.values import Json, JsonObject, Ref
from sekisho.decide.workload.stored_pod import TEMPLATES
from sekisho.facts.keys import Key, kube_key
from sekisho.facts.snapshot import Put

CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "CSIDriver",
        "CSINode",
        "CertificateSigningRequest",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "FlowSchema",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "StorageClass",
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
    }
)
"""The built-in kinds that live in no namespace."""
WORKLOAD_KINDS = frozenset({"ServiceAccount", "ConfigMap", *TEMPLATES})
"""The kinds that say how pods reach AWS."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object. ``at`` is None for one that stands in no file.

    ``data_at`` is where the data of a ConfigMap stands if not under ``at``: a world file
    writes aws-auth as sections, not as a ConfigMap. ``rbac`` is what ``body`` was read as, if it
    was read already: reading costs more than anything else that is done with a large dump.
    """

    body: JsonObject
    at: Ref | None
    data_at: Ref | None = None
    rbac: RbacObject | None = None

    @property
    def data_place(self) -> Ref | None:
        """Where the data of a ConfigMap stands; None if it stands in no file."""
        return self.data_at or (self.at.child("data") if self.at is not None else None)

    @property
    def is_rewritten(self) -> bool:
        """Whether the data was written as structure: lines inside its text are nobody's."""
        return self.data_at is not None and self.data_at == self.at

    def key(self, cluster_arn: str) -> Key:
        """Return the key of the object in a cluster; a namespaced one without namespace is in ``default``."""
        group, _, _ = text(self.body, "apiVersion").rpartition("/")
        kind = text(self.body, "kind")
        metadata = self.body.get("metadata")
        namespace = "" if kind in CLUSTER_SCOPED else text(metadata, "namespace") or "default"
        return kube_key(cluster_arn, group, plural(kind), namespace, text(metadata, "name"))


def put_manifest(cluster_arn: str, manifest: Manifest) -> Put:
    """Return the event that makes the object a fact of a cluster, without the data of a Secret."""
    return Put(manifest.key(cluster_arn), without_secret_data(manifest.body))


def places_of_workloads(manifests: Mapping[Key, Manifest], cluster_arn: str) -> dict[Ref, Ref]:
    """Return where the objects by which pods reach AWS stand, by ``kind/namespace/name``."""
    found: dict[Ref, Ref] = {}
    for key, manifest in manifests.items():
        kind = text(manifest.body, "kind")
        if kind in WORKLOAD_KINDS and manifest.at is not None and key.scope.startswith(f"{cluster_arn} "):
            found[Ref(f"{kind.lower()}/{key.name}")] = manifest.at
    return found


def without_secret_data(body: JsonObject) -> JsonObject:
    """Return the object; of a Secret only the names of its data, and no annotation that may repeat it."""
    if body.get("kind") != "Secret" or text(body, "apiVersion") != "v1":
        return body
    names = {
        name: dict.fromkeys(value, "")
        for name in ("data", "stringData")
        if isinstance(value := body.get(name), Mapping)
    }
    metadata = body.get("metadata")
    kept: Json = (
        {name: member for name, member in metadata.items() if name not in ("annotations", "managedFields")}
        if isinstance(metadata, Mapping)
        else metadata
    )
    return {**body, **names, "metadata": kept}


def plural(kind: str) -> str:
    """Return the resource name of a kind, by the rule that the built-in kinds keep to.

    Source: apimachinery ``meta.UnsafeGuessKindToResource``.
    """
    lower = kind.lower()
    if lower.endswith("endpoints"):
        return lower
    if lower.endswith("s"):
        return f"{lower}es"
    if lower.endswith("y"):
        return f"{lower[:-1]}ies"
    return f"{lower}s"


def text(value: Json, member: str) -> str:
    """Return a string member; "" where there is none."""
    found = value.get(member) if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else ""
