"""The stock objects of a cluster: well-formed, complete, and granting what is documented."""

import pytest

from sekisho.decide.rbac.bootstrap import default_objects
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.model import Binding, ObjectKey, Role
from sekisho.decide.rbac.objects import parse_object
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser

OBJECTS = [parse_object(manifest) for manifest in default_objects()]
STOCK: Index = build(OBJECTS)


def test_no_two_objects_share_kind_and_name() -> None:
    assert len({(type(found), found.key) for found in OBJECTS}) == len(OBJECTS)


def test_every_binding_finds_its_role_and_every_subject_can_match() -> None:
    for bound in OBJECTS:
        if isinstance(bound, Binding):
            assert STOCK.role_of(bound) is not None, bound
            for subject in bound.subjects:
                assert subject.kind == "Group" or subject.username(bound.key.namespace), bound


def test_every_rule_is_one_that_validation_accepts() -> None:
    for found in OBJECTS:
        for rule in found.rules if isinstance(found, Role) else ():
            assert rule.verbs
            assert bool(rule.resources) is bool(rule.groups)
            assert bool(rule.resources) is not bool(rule.urls)


def test_the_server_marks_its_own_objects_and_eks_does_not() -> None:
    for manifest in default_objects():
        metadata = manifest["metadata"]
        assert isinstance(metadata, dict)
        name = str(metadata["name"])
        own = not name.startswith(("eks:", "aws-node", "system:coredns"))
        assert (
            "labels" in metadata and metadata["labels"]["kubernetes.io/bootstrapping"] == "rbac-defaults"
        ) is own
        assert ("annotations" in metadata) is own


def test_each_call_returns_new_manifests() -> None:
    first, second = default_objects(), default_objects()
    assert first == second
    assert first[0] is not second[0]


def test_nodes_get_nothing_from_the_role_that_bears_their_name() -> None:
    (node,) = [
        bound for bound in OBJECTS if isinstance(bound, Binding) and bound.key == ObjectKey("", "system:node")
    ]
    assert node.subjects == ()


def user(group: str) -> KubeUser:
    return KubeUser("somebody", (group,))


def ask(verb: str, resource: str, group: str = "", subresource: str = "", **rest: str) -> RequestAttributes:
    return RequestAttributes(verb, resource=resource, group=group, subresource=subresource, **rest)


def held(role: str) -> tuple[Index, KubeUser]:
    bound = parse_object(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "b", "namespace": "shop"},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "User", "name": "jane"}],
        }
    )
    return STOCK.with_object(bound), KubeUser("jane")


PEOPLE = {
    "view reads pods": ("view", "list", "pods", "", "", True),
    "view reads no secrets": ("view", "get", "secrets", "", "", False),
    "view reads no roles": ("view", "get", "roles", "rbac.authorization.k8s.io", "", False),
    "view reads logs": ("view", "get", "pods", "", "log", True),
    "view executes nothing": ("view", "get", "pods", "", "exec", False),
    "view writes nothing": ("view", "create", "pods", "", "", False),
    "edit reads what view reads": ("edit", "watch", "deployments", "apps", "", True),
    "edit reads secrets": ("edit", "get", "secrets", "", "", True),
    "edit executes": ("edit", "create", "pods", "", "exec", True),
    "edit acts as service accounts": ("edit", "impersonate", "serviceaccounts", "", "", True),
    "edit mints their tokens": ("edit", "create", "serviceaccounts", "", "token", True),
    "edit writes leases": ("edit", "update", "leases", "coordination.k8s.io", "", True),
    "edit writes no endpoints": ("edit", "update", "endpoints", "", "", False),
    "edit writes no roles": ("edit", "create", "roles", "rbac.authorization.k8s.io", "", False),
    "edit writes no quotas": ("edit", "update", "resourcequotas", "", "", False),
    "admin reads what view reads": ("admin", "list", "pods", "", "", True),
    "admin writes what edit writes": ("admin", "delete", "deployments", "apps", "", True),
    "admin writes roles": ("admin", "create", "rolebindings", "rbac.authorization.k8s.io", "", True),
    "admin does not escalate": ("admin", "escalate", "roles", "rbac.authorization.k8s.io", "", False),
    "admin writes no quotas": ("admin", "update", "resourcequotas", "", "", False),
}


@pytest.mark.parametrize(
    ("role", "verb", "resource", "group", "sub", "expected"), PEOPLE.values(), ids=PEOPLE.keys()
)
def test_people(role: str, verb: str, resource: str, group: str, sub: str, expected: bool) -> None:
    index, jane = held(role)
    assert index.allows(jane, ask(verb, resource, group, sub, namespace="shop", name="x")) is expected


COMPONENTS = {
    "nodes ask for serving certificates": (
        user("system:nodes"),
        ask("create", "certificatesigningrequests", "certificates.k8s.io", "selfnodeserver"),
        True,
    ),
    "nodes read no secrets by RBAC": (
        user("system:nodes"),
        ask("get", "secrets", namespace="x", name="s"),
        False,
    ),
    "the add-on manager is cluster-admin": (
        KubeUser("eks:addon-manager"),
        ask("delete", "nodes", name="n"),
        True,
    ),
    "the node manager evicts": (
        KubeUser("eks:node-manager"),
        ask("create", "pods", "", "eviction", namespace="x", name="p"),
        True,
    ),
    "kube-proxy reads services": (
        KubeUser("system:serviceaccount:kube-system:kube-proxy"),
        ask("list", "services"),
        True,
    ),
    "coredns reads endpoint slices": (
        KubeUser("system:serviceaccount:kube-system:coredns"),
        ask("watch", "endpointslices", "discovery.k8s.io"),
        True,
    ),
    "the scheduler keeps its own lease": (
        KubeUser("system:kube-scheduler"),
        ask("update", "leases", "coordination.k8s.io", namespace="kube-system", name="kube-scheduler"),
        True,
    ),
    "and no other, outside of kube-system": (
        KubeUser("system:kube-scheduler"),
        ask("update", "leases", "coordination.k8s.io", namespace="default", name="other"),
        False,
    ),
    "the aggregation controller escalates": (
        KubeUser("system:serviceaccount:kube-system:clusterrole-aggregation-controller"),
        ask("escalate", "clusterroles", "rbac.authorization.k8s.io", name="x"),
        True,
    ),
}


@pytest.mark.parametrize(("who", "request_", "expected"), COMPONENTS.values(), ids=COMPONENTS.keys())
def test_components(who: KubeUser, request_: RequestAttributes, expected: bool) -> None:
    assert STOCK.allows(who, request_) is expected
