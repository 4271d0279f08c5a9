"""Which Kubernetes resources are served, as data: discovery, routing, tables and validation read it.

Verbs, short names, singular names and categories are those of kube-apiserver 1.34
(``kubectl api-resources -o wide``). To serve another resource, add a row here, its
columns in `sekisho.wire.kube.columns` and, where needed, its rules in `sekisho.wire.kube.validate`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

ALL_VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
REVIEW_VERBS = ("create",)


@dataclass(frozen=True, slots=True)
class GroupVersion:
    """An API group and one of its versions; the core group is ``""``."""

    group: str
    version: str

    @property
    def api_version(self) -> str:
        """The ``apiVersion`` of an object: ``v1`` or ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def path(self) -> str:
        """The URL prefix: ``/api/v1`` or ``/apis/apps/v1``."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @classmethod
    def parse(cls, api_version: str) -> "GroupVersion":
        """Read an ``apiVersion``; total, because an unknown one is simply not found in the registry."""
        group, _, version = api_version.rpartition("/")
        return cls(group, version)


@dataclass(frozen=True, slots=True)
class Subresource:
    """A subresource with the kind of its body, which may belong to another group (TokenRequest)."""

    name: str
    kind: str
    verbs: tuple[str, ...]
    body: GroupVersion | None = None
    """Group and version of the body's kind where they differ from the parent's."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One served resource."""

    at: GroupVersion
    plural: str
    singular: str
    kind: str
    namespaced: bool
    verbs: tuple[str, ...] = ALL_VERBS
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[Subresource, ...] = ()

    @property
    def group(self) -> str:
        """The API group; ``""`` is core."""
        return self.at.group

    @property
    def version(self) -> str:
        """The version within the group."""
        return self.at.version

    @property
    def list_kind(self) -> str:
        """The kind of a list of these objects."""
        return f"{self.kind}List"

    @property
    def internal_name(self) -> str:
        """The Go type behind the kind, which some texts of kube-apiserver show: ``core.ConfigMap``."""
        return f"{self.group.partition('.')[0] or 'core'}.{self.kind}"

    @property
    def is_stored(self) -> bool:
        """Tell whether objects persist; review kinds are answered and forgotten."""
        return "get" in self.verbs

    def subresource(self, name: str) -> Subresource | None:
        """Return the subresource called ``name``."""
        return next((sub for sub in self.subresources if sub.name == name), None)


CORE = GroupVersion("", "v1")
APPS = GroupVersion("apps", "v1")
AUTOSCALING = GroupVersion("autoscaling", "v1")
BATCH = GroupVersion("batch", "v1")
POLICY = GroupVersion("policy", "v1")
RBAC = GroupVersion("rbac.authorization.k8s.io", "v1")
ADMISSION_REGISTRATION = GroupVersion("admissionregistration.k8s.io", "v1")
AUTHENTICATION = GroupVersion("authentication.k8s.io", "v1")
AUTHENTICATION_BETA = GroupVersion("authentication.k8s.io", "v1beta1")
AUTHORIZATION = GroupVersion("authorization.k8s.io", "v1")


def _status(kind: str) -> Subresource:
    return Subresource("status", kind, ("get", "patch", "update"))


_SCALE = Subresource("scale", "Scale", ("get", "patch", "update"), AUTOSCALING)


def _review(at: GroupVersion, kind: str, *, namespaced: bool = False) -> Resource:
    return Resource(at, f"{kind.lower()}s", kind.lower(), kind, namespaced, REVIEW_VERBS)


PODS = Resource(
    CORE,
    "pods",
    "pod",
    "Pod",
    True,
    short_names=("po",),
    categories=("all",),
    subresources=(
        Subresource("binding", "Binding", ("create",)),
        Subresource("eviction", "Eviction", ("create",), POLICY),
        Subresource("attach", "PodAttachOptions", ("create", "get")),
        Subresource("exec", "PodExecOptions", ("create", "get")),
        Subresource("log", "Pod", ("get",)),
        Subresource("portforward", "PodPortForwardOptions", ("create", "get")),
        _status("Pod"),
    ),
)


def _webhooks(kind: str) -> Resource:
    single = kind.lower()
    return Resource(ADMISSION_REGISTRATION, f"{single}s", single, kind, False, categories=("api-extensions",))


def _policies(kind: str, *parts: Subresource) -> Resource:
    single = kind.lower()
    plural = f"{single.removesuffix('y')}ies" if single.endswith("y") else f"{single}s"
    return Resource(
        ADMISSION_REGISTRATION,
        plural,
        single,
        kind,
        False,
        categories=("api-extensions",),
        subresources=parts,
    )


RESOURCES: tuple[Resource, ...] = (
    Resource(CORE, "configmaps", "configmap", "ConfigMap", True, short_names=("cm",)),
    Resource(CORE, "events", "event", "Event", True, short_names=("ev",)),
    Resource(
        CORE,
        "namespaces",
        "namespace",
        "Namespace",
        False,
        tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
        ("ns",),
        subresources=(Subresource("finalize", "Namespace", ("update",)), _status("Namespace")),
    ),
    Resource(CORE, "nodes", "node", "Node", False, short_names=("no",), subresources=(_status("Node"),)),
    PODS,
    Resource(CORE, "secrets", "secret", "Secret", True),
    Resource(
        CORE,
        "serviceaccounts",
        "serviceaccount",
        "ServiceAccount",
        True,
        short_names=("sa",),
        subresources=(Subresource("token", "TokenRequest", ("create",), AUTHENTICATION),),
    ),
    Resource(
        APPS,
        "deployments",
        "deployment",
        "Deployment",
        True,
        short_names=("deploy",),
        categories=("all",),
        subresources=(_SCALE, _status("Deployment")),
    ),
    Resource(
        APPS,
        "replicasets",
        "replicaset",
        "ReplicaSet",
        True,
        short_names=("rs",),
        categories=("all",),
        subresources=(_SCALE, _status("ReplicaSet")),
    ),
    _review(AUTHENTICATION, "SelfSubjectReview"),
    _review(AUTHENTICATION, "TokenReview"),
    _review(AUTHENTICATION_BETA, "SelfSubjectReview"),
    _review(AUTHORIZATION, "LocalSubjectAccessReview", namespaced=True),
    _review(AUTHORIZATION, "SelfSubjectAccessReview"),
    _review(AUTHORIZATION, "SelfSubjectRulesReview"),
    _review(AUTHORIZATION, "SubjectAccessReview"),
    Resource(BATCH, "jobs", "job", "Job", True, categories=("all",), subresources=(_status("Job"),)),
    Resource(RBAC, "clusterrolebindings", "clusterrolebinding", "ClusterRoleBinding", False),
    Resource(RBAC, "clusterroles", "clusterrole", "ClusterRole", False),
    Resource(RBAC, "rolebindings", "rolebinding", "RoleBinding", True),
    Resource(RBAC, "roles", "role", "Role", True),
    _webhooks("MutatingWebhookConfiguration"),
    _policies("ValidatingAdmissionPolicy", _status("ValidatingAdmissionPolicy")),
    _policies("ValidatingAdmissionPolicyBinding"),
    _webhooks("ValidatingWebhookConfiguration"),
)


@dataclass(frozen=True)
class Registry:
    """The served resources with indexes by path and by kind."""

    resources: tuple[Resource, ...]

    @classmethod
    def of(cls, resources: Iterable[Resource]) -> "Registry":
        """Return a registry of ``resources``, in discovery order."""
        return cls(tuple(resources))

    @cached_property
    def _by_path(self) -> dict[tuple[GroupVersion, str], Resource]:
        return {(resource.at, resource.plural): resource for resource in self.resources}

    @cached_property
    def _by_kind(self) -> dict[tuple[GroupVersion, str], Resource]:
        return {(resource.at, resource.kind): resource for resource in self.resources}

    def at(self, place: GroupVersion, plural: str) -> Resource:
        """Return a resource that is served."""
        return next(one for one in self.resources if (one.at, one.plural) == (place, plural))

    def at_path(self, group: str, version: str, plural: str) -> Resource | None:
        """Return the resource served at a URL, or None."""
        return self._by_path.get((GroupVersion(group, version), plural))

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """Return the resource whose objects have this ``apiVersion`` and ``kind``, or None."""
        return self._by_kind.get((GroupVersion.parse(api_version), kind))

    def groups(self) -> tuple[str, ...]:
        """Return the named groups in order of discovery (without core)."""
        return tuple(dict.fromkeys(resource.group for resource in self.resources if resource.group))

    def versions(self, group: str) -> tuple[str, ...]:
        """Return the served versions of ``group``, the preferred one first."""
        return tuple(dict.fromkeys(r.version for r in self.resources if r.group == group))

    def in_version(self, at: GroupVersion) -> tuple[Resource, ...]:
        """Return the resources of one group version."""
        return tuple(resource for resource in self.resources if resource.at == at)


REGISTRY = Registry.of(RESOURCES)
