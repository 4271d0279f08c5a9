"""Who may by an access policy of an access entry, beside those who may by RBAC."""

import json

from sekisho.cli.output import Style
from sekisho.cli.who_can_output import kube_document, kube_lines
from sekisho.decide.decision import Outcome
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.review.kube_who_can import who_can_in
from sekisho.review.questions import need_cluster
from sekisho.review.source import Source, from_files

ANA, BEN = (f"arn:aws:iam::111122223333:user/{name}" for name in ("ana", "ben"))
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
LIST_PODS = RequestAttributes("list", resource="pods", namespace="shop")
RBAC = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: nothing}
rules: []
"""


def described(arn: str) -> str:
    entry = {"clusterName": "c", "principalArn": arn, "username": arn, "type": "STANDARD"}
    return json.dumps({"accessEntry": entry})


def associated(arn: str, *namespaces: str) -> str:
    policy = {"policyArn": VIEW, "accessScope": {"type": "namespace", "namespaces": list(namespaces)}}
    return json.dumps({"associatedAccessPolicies": [policy], "clusterName": "c", "principalArn": arn})


def source(*texts: str) -> Source:
    listed = json.dumps({"accessEntries": [ANA, BEN]})
    named = enumerate((listed, described(ANA), described(BEN), RBAC, *texts))
    return from_files([(f"{number}.json", text) for number, text in named], "c", "API")


def test_who_may_by_a_policy_is_named_with_it() -> None:
    facts = source(associated(ANA, "shop"), associated(BEN, "mill"))
    found = who_can_in(LIST_PODS, facts.snapshot, need_cluster(facts))
    assert (found.outcome, found.unread) == (Outcome.ALLOW, ())
    (ana,) = found.mapped
    assert (str(ana.arn), ana.ways) == (ANA, ())
    assert [str(step.code) for step in ana.policies] == ["eks.access-policy-allows"]
    document = kube_document("list pods", found, "c", facts)
    lines = list(kube_lines(document, Style(colour=False)))
    assert "    > access policy AmazonEKSViewPolicy in the namespaces shop" in lines


def test_whose_policies_were_not_read_may_be_one_of_them() -> None:
    facts = source(associated(BEN, "mill"))
    found = who_can_in(LIST_PODS, facts.snapshot, need_cluster(facts))
    assert (found.outcome, found.mapped) == (Outcome.UNKNOWN, ())
    assert [str(step.code) for step in found.unread] == ["eks.access-policies-unread"]
