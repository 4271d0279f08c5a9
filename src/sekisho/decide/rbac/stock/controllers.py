"""Stock roles of the controllers in kube-controller-manager: ``system:controller:NAME``.

Each is bound to the service account NAME in kube-system. After kubernetes
``rbac/bootstrappolicy/controller_policy.go``, as of 1.37.2, which
`tests/e2e/test_real_rbac.py` compares them with. Rules that differ only in the resource are merged.
"""

from sekisho.decide.rbac.stock.notation import EVENTS, READ, BindingTable, RoleTable, rule

_PODS_OF_A_SET = rule("list watch patch create delete", "core", "pods")
_STORAGE = "storage.k8s.io"
_DISCOVERY = "discovery.k8s.io"
_RESOURCE = "resource.k8s.io"
_SIGNERS = "certificates.k8s.io"
_SIGNED = (
    "kubernetes.io/legacy-unknown kubernetes.io/kube-apiserver-client "
    "kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving"
)

_RULES: RoleTable = {
    "attachdetach-controller": (
        rule("list watch", "core", "persistentvolumes persistentvolumeclaims"),
        rule(READ, "core", "nodes"),
        rule("patch update", "core", "nodes/status"),
        rule("list watch", "core", "pods"),
        EVENTS,
        rule(f"{READ} create delete", _STORAGE, "volumeattachments"),
        rule(READ, _STORAGE, "csidrivers csinodes"),
    ),
    "certificate-controller": (
        rule(f"{READ} delete", _SIGNERS, "certificatesigningrequests"),
        rule("update", _SIGNERS, "certificatesigningrequests/status certificatesigningrequests/approval"),
        rule("approve", _SIGNERS, "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
        rule("sign", _SIGNERS, "signers", _SIGNED),
        rule("create", "authorization.k8s.io", "subjectaccessreviews"),
        EVENTS,
    ),
    "clusterrole-aggregation-controller": (
        rule(f"escalate {READ} update patch", "rbac.authorization.k8s.io", "clusterroles"),
    ),
    "cronjob-controller": (
        rule(f"{READ} update", "batch", "cronjobs"),
        rule(f"{READ} create update delete patch", "batch", "jobs"),
        rule("update", "batch", "cronjobs/status cronjobs/finalizers"),
        rule("list watch delete", "core", "pods"),
        EVENTS,
    ),
    "daemon-set-controller": (
        rule(READ, "extensions apps", "daemonsets"),
        rule("update", "extensions apps", "daemonsets/status daemonsets/finalizers"),
        rule("list watch", "core", "nodes"),
        _PODS_OF_A_SET,
        rule("create", "core", "pods/binding"),
        rule(f"{READ} create delete update patch", "apps", "controllerrevisions"),
        EVENTS,
    ),
    "deployment-controller": (
        rule(f"{READ} update", "extensions apps", "deployments"),
        rule("update", "extensions apps", "deployments/status deployments/finalizers"),
        rule(f"{READ} create update patch delete", "apps extensions", "replicasets"),
        rule(f"{READ} update", "core", "pods"),
        EVENTS,
    ),
    "disruption-controller": (
        rule(READ, "extensions apps", "deployments replicasets"),
        rule(READ, "core", "replicationcontrollers"),
        rule(READ, "policy", "poddisruptionbudgets"),
        rule(READ, "apps", "statefulsets"),
        rule("update", "policy", "poddisruptionbudgets/status"),
        rule("patch update", "core", "pods/status"),
        rule("get", "*", "*/scale"),
        EVENTS,
    ),
    "endpoint-controller": (
        rule(READ, "core", "services pods"),
        rule(f"{READ} create update delete", "core", "endpoints"),
        rule("create", "core", "endpoints/restricted"),
        EVENTS,
    ),
    "endpointslice-controller": (
        rule(READ, "core", "services pods nodes"),
        rule("update", "core", "services/finalizers"),
        rule(f"{READ} create update delete", _DISCOVERY, "endpointslices"),
        EVENTS,
    ),
    "endpointslicemirroring-controller": (
        rule(READ, "core", "services endpoints"),
        rule("update", "core", "services/finalizers endpoints/finalizers"),
        rule(f"{READ} create update delete", _DISCOVERY, "endpointslices"),
        EVENTS,
    ),
    "ephemeral-volume-controller": (
        rule(READ, "core", "pods"),
        rule("update", "core", "pods/finalizers"),
        rule(f"{READ} create", "core", "persistentvolumeclaims"),
        EVENTS,
    ),
    "expand-controller": (
        rule(f"{READ} update patch", "core", "persistentvolumes"),
        rule("update patch", "core", "persistentvolumeclaims/status"),
        rule(READ, "core", "persistentvolumeclaims"),
        EVENTS,
    ),
    "generic-garbage-collector": (rule(f"{READ} patch update delete", "*", "*"), EVENTS),
    "horizontal-pod-autoscaler": (
        rule(READ, "autoscaling", "horizontalpodautoscalers"),
        rule("update", "autoscaling", "horizontalpodautoscalers/status"),
        rule("get update", "*", "*/scale"),
        rule("list watch", "core metrics.k8s.io", "pods"),
        rule(READ, "custom.metrics.k8s.io external.metrics.k8s.io", "*"),
        EVENTS,
    ),
    "job-controller": (
        rule(f"{READ} update patch", "batch", "jobs"),
        rule("update", "batch", "jobs/status jobs/finalizers"),
        _PODS_OF_A_SET,
        EVENTS,
    ),
    "legacy-service-account-token-cleaner": (
        rule("get", "core", "configmaps", "kube-apiserver-legacy-service-account-token-tracking"),
        rule("patch delete", "core", "secrets"),
    ),
    "namespace-controller": (
        rule(f"{READ} delete", "core", "namespaces"),
        rule("update", "core", "namespaces/finalize namespaces/status"),
        rule(f"{READ} delete deletecollection", "*", "*"),
    ),
    "node-controller": (
        rule(f"{READ} update delete patch", "core", "nodes"),
        rule("patch update", "core", "nodes/status pods/status"),
        rule(f"{READ} delete", "core", "pods"),
        rule(READ, "coordination.k8s.io", "leases"),
        EVENTS,
    ),
    "persistent-volume-binder": (
        rule(f"{READ} update create delete", "core", "persistentvolumes"),
        rule("update", "core", "persistentvolumes/status persistentvolumeclaims/status"),
        rule(f"{READ} update", "core", "persistentvolumeclaims"),
        rule(f"{READ} create delete", "core", "pods"),
        rule(READ, _STORAGE, "storageclasses"),
        rule("list watch", "core", "nodes"),
        EVENTS,
        rule("watch", "core", "events"),
    ),
    "pod-garbage-collector": (
        rule("list watch delete", "core", "pods"),
        rule(READ, "core", "nodes"),
        rule("patch", "core", "pods/status"),
    ),
    "pv-protection-controller": (rule(f"{READ} update", "core", "persistentvolumes"), EVENTS),
    "pvc-protection-controller": (
        rule(f"{READ} update", "core", "persistentvolumeclaims"),
        rule("update", "core", "persistentvolumeclaims/status"),
        rule(READ, "core", "pods"),
        EVENTS,
    ),
    "replicaset-controller": (
        rule(f"{READ} update", "apps extensions", "replicasets"),
        rule("update", "apps extensions", "replicasets/status replicasets/finalizers"),
        _PODS_OF_A_SET,
        EVENTS,
    ),
    "replication-controller": (
        rule(f"{READ} update", "core", "replicationcontrollers"),
        rule("update", "core", "replicationcontrollers/status replicationcontrollers/finalizers"),
        _PODS_OF_A_SET,
        EVENTS,
    ),
    "resource-claim-controller": (
        rule(READ, "core", "pods"),
        rule("update", "core", "pods/finalizers"),
        rule(f"{READ} create delete", _RESOURCE, "resourceclaims"),
        rule("update patch", _RESOURCE, "resourceclaims resourceclaims/status resourceclaims/binding"),
        rule("update patch", "core", "pods/status"),
        EVENTS,
    ),
    "resourcequota-controller": (
        rule("list watch", "*", "*"),
        rule("update", "core", "resourcequotas/status"),
        EVENTS,
    ),
    "root-ca-cert-publisher": (rule("create update", "core", "configmaps"), EVENTS),
    "route-controller": (
        rule("list watch", "core", "nodes"),
        rule("patch", "core", "nodes/status"),
        EVENTS,
    ),
    "device-taint-eviction-controller": (
        rule(f"{READ} delete", "core", "pods"),
        rule("patch update", "core", "pods/status"),
        rule(READ, _RESOURCE, "resourceclaims resourceslices deviceclasses devicetaintrules"),
        rule("patch update", _RESOURCE, "devicetaintrules/status"),
        EVENTS,
    ),
    "kube-apiserver-serving-clustertrustbundle-publisher": (
        rule("attest", _SIGNERS, "signers", "kubernetes.io/kube-apiserver-serving"),
        rule("create update delete list watch", _SIGNERS, "clustertrustbundles"),
        EVENTS,
    ),
    "podcertificaterequestcleaner": (rule(f"{READ} delete", _SIGNERS, "podcertificaterequests"),),
    "storage-version-migrator-controller": (
        rule("list patch", "*", "*"),
        rule("get", "apiextensions.k8s.io", "customresourcedefinitions"),
        rule("patch", "apiextensions.k8s.io", "customresourcedefinitions/status"),
        rule("update", "storagemigration.k8s.io", "storageversionmigrations/status"),
    ),
    "selinux-warning-controller": (
        EVENTS,
        rule(READ, "core", "persistentvolumes persistentvolumeclaims pods"),
        rule(READ, _STORAGE, "csidrivers"),
    ),
    "service-account-controller": (rule("create", "core", "serviceaccounts"), EVENTS),
    "service-cidrs-controller": (
        rule(f"{READ} patch update", "networking.k8s.io", "servicecidrs"),
        rule("patch update", "networking.k8s.io", "servicecidrs/finalizers servicecidrs/status"),
        rule(READ, "networking.k8s.io", "ipaddresses"),
        EVENTS,
    ),
    "service-controller": (
        rule(READ, "core", "services"),
        rule("patch update", "core", "services/status"),
        rule("list watch", "core", "nodes"),
        EVENTS,
    ),
    "statefulset-controller": (
        rule("list watch", "core", "pods"),
        rule(READ, "apps", "statefulsets"),
        rule("update", "apps", "statefulsets/status statefulsets/finalizers"),
        rule("get create delete update patch", "core", "pods"),
        rule(f"{READ} create delete update patch", "apps", "controllerrevisions"),
        rule(f"{READ} create update delete", "core", "persistentvolumeclaims"),
        rule("update", "core", "pods/finalizers"),
        EVENTS,
    ),
    "ttl-after-finished-controller": (rule(f"{READ} delete", "batch", "jobs"), EVENTS),
    "ttl-controller": (rule("update patch list watch", "core", "nodes"), EVENTS),
    "validatingadmissionpolicy-status-controller": (
        rule(READ, "admissionregistration.k8s.io", "validatingadmissionpolicies"),
        rule("get patch update", "admissionregistration.k8s.io", "validatingadmissionpolicies/status"),
        EVENTS,
    ),
    "volumeattributesclass-protection-controller": (
        rule(READ, "core", "persistentvolumeclaims persistentvolumes"),
        rule(f"{READ} update", _STORAGE, "volumeattributesclasses"),
        EVENTS,
    ),
}

ROLES: RoleTable = {f"system:controller:{name}": rules for name, rules in _RULES.items()}

BINDINGS: BindingTable = {
    f"system:controller:{name}": (f"system:controller:{name}", (f"ServiceAccount:{name}",)) for name in _RULES
}
