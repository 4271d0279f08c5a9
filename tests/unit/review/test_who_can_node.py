"""The Node authorizer in `who-can` and `can`: a node is a way to what its pods name."""

from sekisho.decide.decision import Outcome
from sekisho.decide.request.kubernetes import RequestAttributes as Ask
from sekisho.review.kube_who_can import who_can_in
from sekisho.review.questions import ask_cluster, need_cluster
from sekisho.review.source import Source, from_files

ROLE = "arn:aws:iam::111122223333:role/node"
RBAC = """
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: r}
rules: []
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: p, namespace: web}
spec:
  nodeName: ip-10-0-0-1.ec2.internal
  volumes: [{name: s, secret: {secretName: db}}]
"""
DB = Ask("get", resource="secrets", namespace="web", name="db")


WORLD = f"""
apiVersion: sekisho.dev/v1alpha1
kind: World
region: eu-central-1
accounts: [{{id: "111122223333"}}]
clusters:
  - name: shop
    account: "111122223333"
    creator: root
    awsAuth:
      mapRoles:
        - rolearn: {ROLE}
          username: system:node:{{{{EC2PrivateDNSName}}}}
          groups: [system:bootstrappers, system:nodes]
"""


def source(*files: str) -> Source:
    named = [(f"{number}.yaml", text) for number, text in enumerate(files)]
    return from_files(named, None, None)


def test_the_role_of_nodes_can_read_what_a_pod_names() -> None:
    facts = source(WORLD, POD)
    found = who_can_in(DB, facts.snapshot, need_cluster(facts))
    (mapped,) = (one for one in found.mapped if one.arn.resource.startswith("assumed-role/node/"))
    assert mapped.user.name == "system:node:ip-10-0-0-1.ec2.internal"
    assert [str(step.code) for step in mapped.by_node] == ["node.named-by-its-pods"]


def test_without_such_a_pod_it_cannot() -> None:
    facts = source(WORLD)
    found = who_can_in(DB, facts.snapshot, need_cluster(facts))
    assert all("/node" not in one.arn.resource for one in found.mapped)


def test_a_user_named_like_a_node_is_asked_about_as_one() -> None:
    who = "user:system:node:ip-10-0-0-1.ec2.internal"
    assert ask_cluster(who, DB, source(RBAC, POD)).outcome is Outcome.ALLOW
    assert ask_cluster(who, DB, source(RBAC)).outcome is Outcome.UNKNOWN
