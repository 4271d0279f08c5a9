"""Stock roles for people and for everybody: cluster-admin, admin, edit, view, discovery.

After kubernetes ``rbac/bootstrappolicy/policy.go`` and the Kubernetes reference, "Using RBAC
Authorization", "Default roles and role bindings", as of 1.37.2: `tests/e2e/test_real_rbac.py` compares them.
"""

from sekisho.decide.rbac.stock.notation import (
    READ,
    READ_WRITE,
    WRITE,
    BindingTable,
    RoleTable,
    rule,
    url_rule,
)

_WORKLOADS = (
    "statefulsets statefulsets/scale daemonsets deployments deployments/scale replicasets replicasets/scale"
)
_LEGACY = "daemonsets deployments deployments/scale ingresses networkpolicies replicasets replicasets/scale"

AGGREGATES = {"admin": "", "edit": "admin", "view": "edit"}
"""Roles made of others, and the aggregate that each is in turn part of."""

PARTS = {
    "system:aggregate-to-admin": "admin",
    "system:aggregate-to-edit": "edit",
    "system:aggregate-to-view": "view",
}
"""Roles with rules of their own, and the aggregate they are part of."""

ROLES: RoleTable = {
    "cluster-admin": (rule("*", "*", "*"), url_rule("*", "*")),
    "system:aggregate-to-admin": (
        rule("create", "authorization.k8s.io", "localsubjectaccessreviews"),
        rule(READ_WRITE, "rbac.authorization.k8s.io", "roles rolebindings"),
    ),
    "system:aggregate-to-edit": (
        rule(READ, "core", "pods/attach pods/proxy pods/exec pods/portforward secrets services/proxy"),
        rule("impersonate", "core", "serviceaccounts"),
        rule(WRITE, "core", "pods pods/attach pods/proxy pods/exec pods/portforward"),
        rule("create", "core", "pods/eviction"),
        rule(
            WRITE,
            "core",
            "replicationcontrollers replicationcontrollers/scale serviceaccounts services services/proxy "
            "persistentvolumeclaims configmaps secrets events",
        ),
        rule("create", "core", "serviceaccounts/token"),
        rule(WRITE, "events.k8s.io", "events"),
        rule(WRITE, "apps", f"{_WORKLOADS} deployments/rollback"),
        rule(WRITE, "autoscaling", "horizontalpodautoscalers"),
        rule(WRITE, "batch", "jobs cronjobs"),
        rule(WRITE, "extensions", f"{_LEGACY} deployments/rollback replicationcontrollers/scale"),
        rule(WRITE, "policy", "poddisruptionbudgets"),
        rule(WRITE, "networking.k8s.io", "networkpolicies ingresses"),
        rule(READ_WRITE, "coordination.k8s.io", "leases"),
        rule(WRITE, "resource.k8s.io", "resourceclaims resourceclaimtemplates"),
    ),
    "system:aggregate-to-view": (
        rule(
            READ,
            "core",
            "pods replicationcontrollers replicationcontrollers/scale serviceaccounts services "
            "services/status endpoints persistentvolumeclaims persistentvolumeclaims/status configmaps",
        ),
        rule(
            READ,
            "core",
            "limitranges resourcequotas bindings events pods/status resourcequotas/status namespaces/status "
            "replicationcontrollers/status pods/log",
        ),
        rule(READ, "core", "namespaces"),
        rule(READ, "events.k8s.io", "events"),
        rule(READ, "discovery.k8s.io", "endpointslices"),
        rule(
            READ,
            "apps",
            f"controllerrevisions {_WORKLOADS} statefulsets/status daemonsets/status deployments/status "
            "replicasets/status",
        ),
        rule(READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
        rule(READ, "batch", "jobs cronjobs cronjobs/status jobs/status"),
        rule(
            READ,
            "extensions",
            f"{_LEGACY} daemonsets/status deployments/status ingresses/status replicasets/status "
            "replicationcontrollers/scale",
        ),
        rule(READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
        rule(READ, "networking.k8s.io", "networkpolicies ingresses ingresses/status"),
        rule(READ, "resource.k8s.io", "resourceclaims resourceclaims/status resourceclaimtemplates"),
    ),
    "system:discovery": (
        url_rule(
            "get",
            "/livez /readyz /healthz /version /version/ /openapi /openapi/* /api /api/* /apis /apis/*",
        ),
    ),
    "system:basic-user": (
        rule("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
        rule("create", "authentication.k8s.io", "selfsubjectreviews"),
    ),
    "system:public-info-viewer": (url_rule("get", "/livez /readyz /healthz /version /version/"),),
    "system:monitoring": (
        url_rule(
            "get",
            "/metrics /metrics/slis /livez /readyz /healthz /livez/* /readyz/* /healthz/* /statusz /flagz",
        ),
        rule("get", "core", "nodes/metrics"),
    ),
    "system:service-account-issuer-discovery": (
        url_rule(
            "get",
            "/.well-known/openid-configuration /.well-known/openid-configuration/ "
            "/openid/v1/jwks /openid/v1/jwks/",
        ),
    ),
    "system:cluster-trust-bundle-discovery": (rule(READ, "certificates.k8s.io", "clustertrustbundles"),),
}

BINDINGS: BindingTable = {
    "cluster-admin": ("cluster-admin", ("Group:system:masters",)),
    "system:discovery": ("system:discovery", ("Group:system:authenticated",)),
    "system:basic-user": ("system:basic-user", ("Group:system:authenticated",)),
    "system:public-info-viewer": (
        "system:public-info-viewer",
        ("Group:system:authenticated", "Group:system:unauthenticated"),
    ),
    "system:monitoring": ("system:monitoring", ("Group:system:monitoring",)),
    "system:service-account-issuer-discovery": (
        "system:service-account-issuer-discovery",
        ("Group:system:serviceaccounts",),
    ),
    "system:cluster-trust-bundle-discovery": (
        "system:cluster-trust-bundle-discovery",
        ("Group:system:serviceaccounts",),
    ),
}
