"""Stock roles for the components of a cluster: scheduler, controller manager, proxy, nodes, add-ons.

After kubernetes ``rbac/bootstrappolicy`` (``policy.go``, ``namespace_policy.go``), as of
1.37.2: `tests/e2e/test_real_rbac.py` compares them with that server. Single rules differ in other versions.
"""

from sekisho.decide.rbac.stock.notation import (
    ACCESS_REVIEWS,
    EVENTS,
    READ,
    READ_WRITE,
    BindingTable,
    RoleTable,
    StockRule,
    rule,
)

_CERTIFICATES = "certificates.k8s.io"
_READ_UPDATE = f"{READ} update patch"


def _lease_of(component: str, verbs: str = "get update") -> tuple[StockRule, StockRule]:
    """A create carries no name, so only the other verbs can be limited to the component's own lease."""
    return (
        rule("create", "coordination.k8s.io", "leases"),
        rule(verbs, "coordination.k8s.io", "leases", component),
    )


ROLES: RoleTable = {
    "system:kube-scheduler": (
        EVENTS,
        *_lease_of("kube-scheduler", f"{READ} update"),
        rule(READ_WRITE, "coordination.k8s.io", "leasecandidates"),
        rule(READ, "core", "nodes"),
        rule(f"{READ} delete", "core", "pods"),
        rule("create", "core", "pods/binding bindings"),
        rule("patch update", "core", "pods/status"),
        rule(READ, "core", "services replicationcontrollers"),
        rule(READ, "apps extensions", "replicasets"),
        rule(READ, "apps", "statefulsets"),
        rule(READ, "policy", "poddisruptionbudgets"),
        rule(READ, "core", "persistentvolumeclaims persistentvolumes"),
        *ACCESS_REVIEWS,
        rule(READ, "storage.k8s.io", "csinodes csidrivers csistoragecapacities volumeattachments"),
        rule(READ, "core", "namespaces"),
        rule(READ, "resource.k8s.io", "deviceclasses resourceslices devicetaintrules"),
        rule(_READ_UPDATE, "resource.k8s.io", "resourceclaims resourceclaims/status"),
        rule("create delete", "resource.k8s.io", "resourceclaims"),
        rule("patch update", "resource.k8s.io", "resourceclaims/binding"),
        rule("update", "core", "pods/finalizers"),
    ),
    "system:volume-scheduler": (
        rule(_READ_UPDATE, "core", "persistentvolumes"),
        rule(READ, "storage.k8s.io", "storageclasses"),
        rule(_READ_UPDATE, "core", "persistentvolumeclaims"),
    ),
    "system:kube-controller-manager": (
        EVENTS,
        *_lease_of("kube-controller-manager"),
        rule("create", "core", "secrets serviceaccounts"),
        rule("delete", "core", "secrets"),
        rule("get", "core", "namespaces secrets serviceaccounts configmaps"),
        rule("update", "core", "secrets serviceaccounts"),
        *ACCESS_REVIEWS,
        rule("list watch", "*", "*"),
        rule("create", "core", "serviceaccounts/token"),
    ),
    "system:node-proxier": (
        rule("list watch", "core", "services endpoints"),
        rule(READ, "core", "nodes"),
        EVENTS,
        rule("list watch", "discovery.k8s.io", "endpointslices"),
        rule("list watch", "networking.k8s.io", "servicecidrs"),
    ),
    "system:kube-dns": (rule("list watch", "core", "endpoints services"),),
    "system:node": (
        rule("create", "authentication.k8s.io", "tokenreviews"),
        rule("create", "authorization.k8s.io", "subjectaccessreviews localsubjectaccessreviews"),
        rule(READ, "core", "services"),
        rule(f"create {READ}", "core", "nodes"),
        rule("update patch", "core", "nodes/status"),
        rule("update patch", "core", "nodes"),
        EVENTS,
        rule(READ, "core", "pods"),
        rule("create delete", "core", "pods"),
        rule("update patch", "core", "pods/status"),
        rule("create", "core", "pods/eviction"),
        rule(READ, "core", "secrets configmaps"),
        rule("get", "core", "persistentvolumeclaims persistentvolumes"),
        rule("get", "core", "endpoints"),
        rule(f"create {READ}", _CERTIFICATES, "certificatesigningrequests"),
        rule("get create update patch delete", "coordination.k8s.io", "leases"),
        rule("get", "storage.k8s.io", "volumeattachments"),
        rule("create", "core", "serviceaccounts/token"),
        rule("get update patch", "core", "persistentvolumeclaims/status"),
        rule(READ, "storage.k8s.io", "csidrivers"),
        rule("get create update patch delete", "storage.k8s.io", "csinodes"),
        rule(READ, "node.k8s.io", "runtimeclasses"),
        rule("get", "resource.k8s.io", "resourceclaims"),
        rule("deletecollection", "resource.k8s.io", "resourceslices"),
        rule(READ, _CERTIFICATES, "clustertrustbundles"),
        rule("get", "core", "serviceaccounts"),
        rule(f"create {READ}", _CERTIFICATES, "podcertificaterequests"),
    ),
    "system:node-bootstrapper": (rule(f"create {READ}", _CERTIFICATES, "certificatesigningrequests"),),
    "system:node-problem-detector": (
        rule("get", "core", "nodes"),
        rule("patch", "core", "nodes/status"),
        EVENTS,
    ),
    "system:kubelet-api-admin": (
        rule(READ, "core", "nodes"),
        rule("proxy", "core", "nodes"),
        rule("*", "core", "nodes/proxy nodes/metrics nodes/stats nodes/log"),
        rule("*", "core", "nodes/configz nodes/healthz nodes/pods"),
    ),
    "system:heapster": (
        rule(READ, "core", "events pods nodes namespaces"),
        rule(READ, "extensions", "deployments"),
    ),
    "system:kube-aggregator": (rule(READ, "core", "services endpoints"),),
    "system:auth-delegator": ACCESS_REVIEWS,
    "system:persistent-volume-provisioner": (
        rule(f"{READ} create delete", "core", "persistentvolumes"),
        rule(f"{READ} update", "core", "persistentvolumeclaims"),
        rule(READ, "storage.k8s.io", "storageclasses"),
        rule("watch", "core", "events"),
        EVENTS,
    ),
    "system:certificates.k8s.io:certificatesigningrequests:nodeclient": (
        rule("create", _CERTIFICATES, "certificatesigningrequests/nodeclient"),
    ),
    "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient": (
        rule("create", _CERTIFICATES, "certificatesigningrequests/selfnodeclient"),
    ),
    "system:certificates.k8s.io:legacy-unknown-approver": (
        rule("approve", _CERTIFICATES, "signers", "kubernetes.io/legacy-unknown"),
    ),
    "system:certificates.k8s.io:kubelet-serving-approver": (
        rule("approve", _CERTIFICATES, "signers", "kubernetes.io/kubelet-serving"),
    ),
    "system:certificates.k8s.io:kube-apiserver-client-approver": (
        rule("approve", _CERTIFICATES, "signers", "kubernetes.io/kube-apiserver-client"),
    ),
    "system:certificates.k8s.io:kube-apiserver-client-kubelet-approver": (
        rule("approve", _CERTIFICATES, "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
    ),
}

BINDINGS: BindingTable = {
    "system:kube-scheduler": ("system:kube-scheduler", ("User:system:kube-scheduler",)),
    "system:volume-scheduler": ("system:volume-scheduler", ("User:system:kube-scheduler",)),
    "system:kube-controller-manager": (
        "system:kube-controller-manager",
        ("User:system:kube-controller-manager",),
    ),
    "system:node-proxier": ("system:node-proxier", ("User:system:kube-proxy",)),
    "system:kube-dns": ("system:kube-dns", ("ServiceAccount:kube-dns",)),
    # Nodes are authorized by the Node authorizer; the binding stays so that an upgrade can empty it.
    "system:node": ("system:node", ()),
}

_LOCKS = {
    "kube-system/system::leader-locking-kube-controller-manager": (
        "kube-controller-manager",
        "ServiceAccount:leader-election-controller",
    ),
    "kube-system/system::leader-locking-kube-scheduler": ("kube-scheduler",),
}

NAMESPACED_ROLES: RoleTable = {
    "kube-system/extension-apiserver-authentication-reader": (
        rule(READ, "core", "configmaps", "extension-apiserver-authentication"),
    ),
    "kube-system/system:controller:bootstrap-signer": (rule(READ, "core", "secrets"),),
    "kube-system/system:controller:cloud-provider": (rule(f"create {READ}", "core", "configmaps"),),
    "kube-system/system:controller:token-cleaner": (rule(f"{READ} delete", "core", "secrets"), EVENTS),
    "kube-public/system:controller:bootstrap-signer": (
        rule(READ, "core", "configmaps"),
        rule("update", "core", "configmaps", "cluster-info"),
        EVENTS,
    ),
    **{
        name: (rule(f"create {READ} update", "coordination.k8s.io", "leases leasecandidates"),)
        for name in _LOCKS
    },
}

NAMESPACED_BINDINGS: BindingTable = {
    "kube-system/system::extension-apiserver-authentication-reader": (
        "extension-apiserver-authentication-reader",
        ("User:system:kube-controller-manager", "User:system:kube-scheduler"),
    ),
    "kube-system/system:controller:bootstrap-signer": (
        "system:controller:bootstrap-signer",
        ("ServiceAccount:bootstrap-signer",),
    ),
    "kube-system/system:controller:cloud-provider": (
        "system:controller:cloud-provider",
        ("ServiceAccount:cloud-provider",),
    ),
    "kube-system/system:controller:token-cleaner": (
        "system:controller:token-cleaner",
        ("ServiceAccount:token-cleaner",),
    ),
    "kube-public/system:controller:bootstrap-signer": (
        "system:controller:bootstrap-signer",
        ("ServiceAccount:bootstrap-signer",),
    ),
    **{
        name: (name.partition("/")[2], (f"User:system:{holder}", f"ServiceAccount:{holder}", *others))
        for name, (holder, *others) in _LOCKS.items()
    },
}
