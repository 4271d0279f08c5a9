"""Questions to a Source: what is found before an evaluator is asked."""

import pytest

from sekisho.decide.chain import LinkName
from sekisho.decide.decision import Outcome
from sekisho.decide.request.aws_reference import ServiceReference
from sekisho.decide.values import SekishoInputError
from sekisho.review.kube_action import read_action
from sekisho.review.questions import Code, ask_aws, ask_cluster
from sekisho.review.source import Source, from_files
from sekisho.wire.service_reference import load_service_reference

ACCOUNT = "222233334444"
WORLD = f"""\
apiVersion: sekisho.dev/v1alpha1
kind: World
region: eu-central-1
accounts:
  - id: "{ACCOUNT}"
    users:
      - name: ana
        inline:
          look: {{Version: "2012-10-17", Statement: [{{Effect: Allow, Action: "eks:List*", Resource: "*"}}]}}
clusters:
  - {{name: shop, account: "{ACCOUNT}", creator: user/ana}}
  - {{name: mill, account: "{ACCOUNT}", creator: root}}
"""
ANA = f"arn:aws:iam::{ACCOUNT}:user/ana"
BEN = f"arn:aws:iam::{ACCOUNT}:user/ben"


@pytest.fixture(scope="module")
def reference() -> ServiceReference:
    return load_service_reference(["eks"])


def source(cluster: str | None = None) -> Source:
    return from_files([("world.yaml", WORLD)], cluster, None)


def no_aws_policy(_arn: str) -> None:
    """Stand for an empty catalogue of AWS's managed policies."""


ANSWERS = {
    "an allowed action": (ANA, "eks:ListClusters", Outcome.ALLOW),
    "case of the action does not count": (ANA, "EKS:listclusters", Outcome.ALLOW),
    "an action that no policy lists": (ANA, "eks:DeleteCluster", Outcome.NO_OPINION),
}


@pytest.mark.parametrize(("who", "action", "outcome"), ANSWERS.values(), ids=ANSWERS)
def test_an_aws_question_is_answered_from_the_policies(
    who: str, action: str, outcome: Outcome, reference: ServiceReference
) -> None:
    assert ask_aws(who, action, "", source(), reference, no_aws_policy).outcome is outcome


def test_somebody_whose_policies_were_not_read_is_unknown(reference: ServiceReference) -> None:
    chain = ask_aws(BEN, "eks:ListClusters", "", source(), reference, no_aws_policy)
    assert chain.outcome is Outcome.UNKNOWN
    assert [step.code for step in chain.links[0].decision.decisive] == [Code.POLICIES_UNREAD]


def test_an_action_that_does_not_exist_is_bad_input(reference: ServiceReference) -> None:
    with pytest.raises(SekishoInputError) as raised:
        ask_aws(ANA, "eks:ListCluster", "", source(), reference, no_aws_policy)
    assert [fault.code for fault in raised.value.faults] == [str(Code.UNKNOWN_ACTION)]


LIST_PODS = read_action("list", "pods", "default", all_namespaces=False)


def test_a_cluster_has_to_be_named_where_there_are_several() -> None:
    with pytest.raises(SekishoInputError) as raised:
        ask_cluster(ANA, LIST_PODS, source())
    assert [fault.code for fault in raised.value.faults] == ["question.no-cluster"]
    assert ask_cluster(ANA, LIST_PODS, source("shop")).outcome is Outcome.ALLOW
    assert ask_cluster(ANA, LIST_PODS, source("mill")).outcome is Outcome.NO_OPINION


def test_a_kubernetes_user_is_asked_about_without_a_mapping() -> None:
    chain = ask_cluster("system:serviceaccount:default:web", LIST_PODS, source("shop"))
    assert [link.name for link in chain.links] == [LinkName.AUTHORIZATION]


UNKNOWN_WORDS = {
    "a verb": ("lst", "pods", "question.unknown-verb"),
    "a resource": ("list", "podz", "question.unknown-resource"),
}


@pytest.mark.parametrize(("verb", "resource", "code"), UNKNOWN_WORDS.values(), ids=UNKNOWN_WORDS)
def test_an_unknown_word_is_bad_input_with_the_closest_one(verb: str, resource: str, code: str) -> None:
    with pytest.raises(SekishoInputError) as raised:
        read_action(verb, resource, "default", all_namespaces=False)
    (fault,) = raised.value.faults
    assert fault.code == code
    assert "did you mean" in fault.hint
