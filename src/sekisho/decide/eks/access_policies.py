"""The access policies of EKS as rules (EKS User Guide, "Review access policy permissions").

A table, in the shorthand of the stock roles. AWS describes some policies in prose alone: their
rules are not known here, and what depends on them is UNKNOWN.
"""

from collections.abc import Mapping
from types import MappingProxyType

from sekisho.decide.rbac.model import Rule
from sekisho.decide.rbac.stock.notation import READ, StockRule, rule, url_rule
from sekisho.decide.values import Ref

PREFIX = "arn:aws:eks::aws:cluster-access-policy/"
"""What the ARNs of access policies begin with; they belong to AWS and to no region."""

CLUSTER_ADMIN = "AmazonEKSClusterAdminPolicy"
AUTO_NODE = "AmazonEKSAutoNodePolicy"

_WRITE = "create delete deletecollection patch update"
_PODS_INTO = "pods/attach pods/exec pods/portforward pods/proxy"

_VIEW = (
    rule(
        READ,
        "apps",
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status "
        "replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale "
        "statefulsets/status",
    ),
    rule(READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
    rule(READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
    rule(READ, "discovery.k8s.io", "endpointslices"),
    rule(
        READ,
        "extensions",
        "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses "
        "ingresses/status networkpolicies replicasets replicasets/scale replicasets/status "
        "replicationcontrollers/scale",
    ),
    rule(READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
    rule(READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
    rule(
        READ,
        "core",
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods "
        "replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status",
    ),
    rule(
        READ,
        "core",
        "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status "
        "resourcequotas resourcequotas/status",
    ),
    rule(READ, "core", "namespaces"),
)
_EDIT = (
    *_VIEW,
    rule(
        _WRITE,
        "apps",
        "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale "
        "statefulsets statefulsets/scale",
    ),
    rule(_WRITE, "autoscaling", "horizontalpodautoscalers"),
    rule(_WRITE, "batch", "cronjobs jobs"),
    rule(
        _WRITE,
        "extensions",
        "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets "
        "replicasets/scale replicationcontrollers/scale",
    ),
    rule(_WRITE, "networking.k8s.io", "ingresses networkpolicies"),
    rule(_WRITE, "policy", "poddisruptionbudgets"),
    rule(READ, "core", f"{_PODS_INTO} secrets services/proxy"),
    rule(_WRITE, "core", f"pods {_PODS_INTO}"),
    rule(
        _WRITE,
        "core",
        "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale "
        "secrets serviceaccounts services services/proxy",
    ),
    rule("impersonate", "core", "serviceaccounts"),
)
_ADMIN = (
    *_EDIT,
    rule(f"{READ} {_WRITE}", "rbac.authorization.k8s.io", "roles rolebindings"),
    rule("create", "authorization.k8s.io", "localsubjectaccessreviews"),
)

_DOCUMENTED: Mapping[str, tuple[StockRule, ...]] = {
    "AmazonEKSSecretReaderPolicy": (rule(READ, "core", "secrets"),),
    "AmazonEKSViewPolicy": _VIEW,
    "AmazonEKSAdminViewPolicy": (rule(READ, "*", "*"),),
    "AmazonEKSEditPolicy": _EDIT,
    "AmazonEKSAdminPolicy": _ADMIN,
    CLUSTER_ADMIN: (rule("*", "*", "*"), url_rule("*", "*")),
    "AmazonEKSHybridPolicy": (rule("list", "*", "nodes"),),
}
"""Name to rules, those that a person may be given first, the narrowest of them first."""

_PROSE = (
    AUTO_NODE,
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSBlockStorageClusterPolicy",
    "AmazonEKSComputePolicy",
    "AmazonEKSComputeClusterPolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSLoadBalancingClusterPolicy",
    "AmazonEKSNetworkingPolicy",
    "AmazonEKSNetworkingClusterPolicy",
    "AmazonEKSClusterInsightsPolicy",
    "AmazonAIOpsAssistantPolicy",
    "AmazonARCRegionSwitchScalingPolicy",
)

PROPOSED = (
    "AmazonEKSSecretReaderPolicy",
    "AmazonEKSViewPolicy",
    "AmazonEKSAdminViewPolicy",
    "AmazonEKSEditPolicy",
    "AmazonEKSAdminPolicy",
)
"""Names of those that a repair may propose, in the order in which the first that is enough is taken."""


def _rules(name: str, stock: tuple[StockRule, ...]) -> tuple[Rule, ...]:
    at = Ref(f"access-policy/{name}", "/rules")
    return tuple(
        Rule(
            at.child(number),
            tuple(one.verbs.split()),
            tuple("" if group == "core" else group for group in one.groups.split()),
            tuple(one.resources.split()),
            (),
            tuple(one.urls.split()),
        )
        for number, one in enumerate(stock)
    )


POLICIES: Mapping[str, tuple[Rule, ...] | None] = MappingProxyType(
    {f"{PREFIX}{name}": _rules(name, stock) for name, stock in _DOCUMENTED.items()}
    | {f"{PREFIX}{name}": None for name in _PROSE}
)
"""Every access policy by its ARN, with its rules; None where AWS does not say them."""
