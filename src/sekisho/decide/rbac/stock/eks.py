"""What EKS adds to the stock roles of Kubernetes.

Only objects whose rules are known well enough to state; they vary by version and add-on, and were
not compared with a live listing. EKS keeps further roles for its own users
(``eks:certificate-controller``, ``eks:fargate-manager``, ...); they are not listed here.
"""

from sekisho.decide.rbac.stock.notation import READ, BindingTable, RoleTable, rule

ROLES: RoleTable = {
    "eks:node-bootstrapper": (
        rule("create", "certificates.k8s.io", "certificatesigningrequests/selfnodeserver"),
    ),
    "eks:node-manager": (
        rule(f"{READ} delete", "core", "pods"),
        rule(f"{READ} patch", "core", "nodes"),
        rule("create", "core", "pods/eviction"),
    ),
    "aws-node": (
        rule(READ, "crd.k8s.amazonaws.com", "eniconfigs"),
        rule(READ, "core", "namespaces pods nodes"),
        rule("create patch list", "core events.k8s.io", "events"),
        rule(READ, "networking.k8s.aws", "policyendpoints"),
        rule("get", "networking.k8s.aws", "policyendpoints/status"),
        rule(f"{READ} patch", "vpcresources.k8s.aws", "cninodes"),
    ),
    "system:coredns": (
        rule("list watch", "core", "endpoints services pods namespaces"),
        rule("get", "core", "nodes"),
        rule("list watch", "discovery.k8s.io", "endpointslices"),
    ),
}

BINDINGS: BindingTable = {
    "eks:node-bootstrapper": (
        "eks:node-bootstrapper",
        ("Group:system:bootstrappers", "Group:system:nodes"),
    ),
    "eks:node-manager": ("eks:node-manager", ("User:eks:node-manager",)),
    "eks:addon-cluster-admin": ("cluster-admin", ("User:eks:addon-manager",)),
    "eks:kube-proxy": ("system:node-proxier", ("ServiceAccount:kube-proxy",)),
    "eks:kube-proxy-fargate": ("system:node-proxier", ("Group:system:node-proxier",)),
    "eks:kube-proxy-windows": ("system:node-proxier", ("Group:eks:kube-proxy-windows",)),
    "aws-node": ("aws-node", ("ServiceAccount:aws-node",)),
    "system:coredns": ("system:coredns", ("ServiceAccount:coredns",)),
}
