"""Who may by an access policy of an access entry, beside those who may by RBAC."""

import json

import pytest

from sekisho.cli.output import Style
from sekisho.cli.question.list_output import list_document, list_lines
from sekisho.cli.question.who_can_output import kube_document, kube_lines
from sekisho.decide.decision import Outcome
from sekisho.decide.eks.access_policies import POLICIES
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.review.kube_list import list_in_cluster
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


def lines_of(facts: Source) -> list[str]:
    """Return what `can --list` prints about ana in a namespace."""
    return list(list_lines(list_document(ANA, facts, "shop"), Style(colour=False)))


@pytest.mark.parametrize(
    ("namespace", "outcome"),
    [("shop", Outcome.ALLOW), (None, Outcome.ALLOW), ("mill", Outcome.NO_OPINION)],
)
def test_a_list_has_the_policies_that_hold(namespace: str | None, outcome: Outcome) -> None:
    found = list_in_cluster(ANA, source(associated(ANA, "shop")), namespace)
    assert found.outcome is outcome
    held = [POLICIES[VIEW]] if outcome is Outcome.ALLOW else []
    assert [one.rules for one in found.policies] == held


def test_a_list_shows_the_rules_under_their_policy() -> None:
    lines = lines_of(source(associated(ANA, "shop")))
    at = lines.index("  access policy AmazonEKSViewPolicy in the namespaces shop")
    assert lines[at + 1].startswith("    get, list, watch: controllerrevisions.apps, daemonsets.apps, ")


def test_a_list_says_whose_policies_were_not_read() -> None:
    facts = source()
    assert list_in_cluster(ANA, facts, "shop").outcome is Outcome.UNKNOWN
    assert f"  the access policies of {ANA} were not read" in lines_of(facts)


def test_a_list_says_that_the_rules_of_a_policy_are_not_documented() -> None:
    facts = source(associated(ANA, "shop").replace("AmazonEKSViewPolicy", "AmazonEKSComputePolicy"))
    assert list_in_cluster(ANA, facts, "shop").outcome is Outcome.UNKNOWN
    lines = lines_of(facts)
    at = lines.index("  access policy AmazonEKSComputePolicy in the namespaces shop")
    assert lines[at + 1] == "    AWS does not document its rules"


def test_a_list_without_rbac_objects_has_the_policies() -> None:
    texts = (json.dumps({"accessEntries": [ANA]}), described(ANA), associated(ANA, "shop"))
    facts = from_files([(f"{number}.json", text) for number, text in enumerate(texts)], "c", "API")
    found = list_in_cluster(ANA, facts, "shop")
    assert (found.outcome, len(found.policies)) == (Outcome.ALLOW, 1)
    assert [str(step.code) for step in found.unread] == ["chain.rbac-unread"]


def test_who_may_by_a_policy_is_named_where_rbac_was_not_read() -> None:
    texts = (json.dumps({"accessEntries": [ANA]}), described(ANA), associated(ANA, "shop"))
    facts = from_files([(f"{number}.json", text) for number, text in enumerate(texts)], "c", "API")
    found = who_can_in(LIST_PODS, facts.snapshot, need_cluster(facts))
    assert [str(one.arn) for one in found.mapped] == [ANA]
    assert [str(step.code) for step in found.unread] == ["chain.rbac-unread"]
