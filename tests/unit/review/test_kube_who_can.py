"""Who may make a Kubernetes request, joined back to IAM, and what somebody may do in a cluster."""

import pytest

from sekisho.decide.authn.mapping_code import MappingCode
from sekisho.decide.decision import Outcome
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.review.kube_list import list_in_cluster
from sekisho.review.kube_who_can import KubeWhoCan, MappedAccess, who_can_in
from sekisho.review.questions import need_cluster
from sekisho.review.source import from_files
from unit.review.question_world import ANA, CAT, DEV, PROD, WORLD, changed, source

GET_SECRETS = RequestAttributes("get", resource="secrets", namespace="shop")
ZOE = f"arn:aws:sts::{DEV}:assumed-role/hop/zoe"
NODE = f"arn:aws:sts::{PROD}:assumed-role/reader/session"


def ask(request: RequestAttributes = GET_SECRETS, text: str = WORLD) -> KubeWhoCan:
    facts = source(text)
    return who_can_in(request, facts.snapshot, need_cluster(facts))


def of(arn: str, found: KubeWhoCan) -> MappedAccess:
    return next(access for access in found.mapped if str(access.arn) == arn)


def test_everybody_behind_the_subjects_is_named() -> None:
    assert {str(access.arn) for access in ask().mapped} == {ANA, CAT, ZOE, NODE}


WAYS = {
    "by a group of its mapping": (ANA, "Group:ops", MappingCode.USER),
    "by the user that its session becomes": (ZOE, "User:hop:zoe", MappingCode.ROLE),
    "by the groups of a node": (NODE, "Group:nodes-too", MappingCode.ROLE),
}


@pytest.mark.parametrize(("arn", "subject", "code"), WAYS.values(), ids=WAYS)
def test_a_way_leads_over_mapping_binding_and_rule(arn: str, subject: str, code: MappingCode) -> None:
    access = of(arn, ask())
    assert [step.code for step in access.mapped_by] == [code]
    (way,) = access.ways
    assert (way.subject, way.binding.key.name, way.rule.verbs) == (subject, "read", ("get", "list"))
    assert not access.is_master


def test_the_creator_is_let_in_before_rbac() -> None:
    assert of(CAT, ask()).is_master


def test_the_name_of_a_node_is_left_open() -> None:
    assert of(NODE, ask()).user.name == "system:node:{{EC2PrivateDNSName}}"


def test_service_accounts_stand_by_themselves() -> None:
    assert "ServiceAccount:shop/web" in {access.subject for access in ask().subjects}


def test_a_binding_of_one_namespace_counts_only_there() -> None:
    found = ask(RequestAttributes("get", resource="secrets", namespace="mill"))
    assert {str(access.arn) for access in found.mapped} == {CAT}


def test_nobody_is_no_opinion_and_unread_facts_are_unknown() -> None:
    without = changed("creator: user/cat", "creator: root")
    nobody = RequestAttributes("get", group="example.com", resource="widgets", namespace="shop")
    found = ask(nobody, without)
    assert {str(access.arn) for access in found.mapped} == {f"arn:aws:iam::{DEV}:root"}
    assert KubeWhoCan((), (), ()).outcome is Outcome.NO_OPINION
    assert KubeWhoCan((), (), found.unread).outcome is Outcome.NO_OPINION
    assert found.outcome is Outcome.ALLOW


AWS_AUTH = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: aws-auth, namespace: kube-system}
data:
  mapUsers: |
    - {userarn: "arn:aws:iam::111122223333:user/ana", username: ana, groups: [ops]}
"""


def test_without_rbac_objects_the_answer_is_unknown() -> None:
    facts = from_files([("aws-auth.yaml", AWS_AUTH)], None, "CONFIG_MAP")
    found = who_can_in(GET_SECRETS, facts.snapshot, need_cluster(facts))
    assert found.outcome is Outcome.UNKNOWN
    assert [str(step.code) for step in found.unread] == ["chain.rbac-unread"]


RBAC = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: read}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: read}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: read}
subjects: [{kind: Group, name: ops, apiGroup: rbac.authorization.k8s.io}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: none, namespace: shop}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: none, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: none}
"""


def test_a_mapping_that_others_may_overrule_leaves_the_subjects() -> None:
    """Who created the cluster is in no file, and the creator's rule comes before every mapping."""
    facts = from_files([("a.yaml", AWS_AUTH), ("r.yaml", RBAC)], None, "CONFIG_MAP")
    found = who_can_in(GET_SECRETS, facts.snapshot, need_cluster(facts))
    assert {access.subject for access in found.subjects} == {"Group:ops"}
    assert {str(access.arn) for access in found.mapped} == {ANA}
    assert found.outcome is Outcome.ALLOW


def test_a_list_has_the_rules_of_the_namespace_and_of_the_whole_cluster() -> None:
    found = list_in_cluster("user/ana", source(), "shop")
    assert found.user is not None
    assert found.user.name == "ana"
    assert [one.namespace for one in found.namespaces] == ["", "shop"]
    assert [rule.resources for rule in found.namespaces[1].rules] == [("secrets",)]


def test_a_list_of_all_namespaces_leaves_out_those_that_add_nothing() -> None:
    assert [one.namespace for one in list_in_cluster("user/ana", source(), None).namespaces] == ["", "shop"]
    assert [one.namespace for one in list_in_cluster("group:x", source(), None).namespaces] == [""]


def test_a_list_of_the_creator_is_everything() -> None:
    assert list_in_cluster("user/cat", source(), "shop").is_master


def test_a_list_of_somebody_whom_the_cluster_does_not_know_says_why() -> None:
    found = list_in_cluster("user/ben", source(), "shop")
    assert (found.user, found.namespaces) == (None, ())
    assert found.chain.outcome is Outcome.NO_OPINION
