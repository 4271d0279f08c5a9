"""Statement elements: what Action, Resource and their negations cover."""

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import Policies, explain
from sekisho.decide.request.aws_request import ContextValue
from sekisho.decide.values import Json
from unit.decide.iam.build import CLUSTER, allow, ask, decide, policies

Y, N, U = Outcome.ALLOW, Outcome.NO_OPINION, Outcome.UNKNOWN
D = "eks:DescribeCluster"
S3 = "arn:aws:s3:::quay"

ACTIONS: dict[str, tuple[Json, Outcome]] = {
    "exact": (D, Y),
    "case does not count": ("EKS:describecluster", Y),
    "star": ("*", Y),
    "star of a service": ("eks:*", Y),
    "star of all services": ("*:DescribeCluster", Y),
    "prefix": ("eks:Describe*", Y),
    "prefix without star": ("eks:Describe", N),
    "question mark is one character": ("eks:DescribeCluste?", Y),
    "question mark is not none": ("eks:DescribeCluster?", N),
    "dot is a dot": ("eks:Describe.luster", N),
    "other service": ("ecs:DescribeCluster", N),
    "one of a list": (["s3:*", D], Y),
}


@pytest.mark.parametrize(("action", "outcome"), ACTIONS.values(), ids=ACTIONS.keys())
def test_action(action: Json, outcome: Outcome) -> None:
    assert decide(ask(D, CLUSTER), policies(allow(action))).outcome is outcome


@pytest.mark.parametrize(("action", "outcome"), ACTIONS.values(), ids=ACTIONS.keys())
def test_not_action(action: Json, outcome: Outcome) -> None:
    opposite = N if outcome is Y else Y
    assert decide(ask(D, CLUSTER), policies(allow(None, NotAction=action))).outcome is opposite


RESOURCES: dict[str, tuple[str, Json, Outcome]] = {
    "exact": (CLUSTER, CLUSTER, Y),
    "case counts": (CLUSTER, CLUSTER.replace("eks-clu", "EKS-clu"), N),
    "star": (CLUSTER, "*", Y),
    "star in the region": (CLUSTER, CLUSTER.replace("eu-west-1", "*"), Y),
    "question mark in the region": (CLUSTER, CLUSTER.replace("eu-west-1", "eu-west-?"), Y),
    "star does not reach over a colon": (CLUSTER, "arn:aws:eks:*:cluster/eks-clu:x", N),
    "empty section fits no account": (CLUSTER, "arn:aws:eks:eu-west-1::cluster/*", N),
    "star crosses a slash": (f"{S3}/a/b", f"{S3}/*", Y),
    "star crosses a colon in the last section": (f"{S3}/a:b:c", f"{S3}/a*c", Y),
    "star may be empty": (f"{S3}/", f"{S3}/*", Y),
    "bucket is not its objects": (S3, f"{S3}/*", N),
    "parentheses and plus are plain": (f"{S3}/a+(b)", f"{S3}/a+(b)", Y),
    "one of a list": (CLUSTER, ["arn:aws:s3:::x", CLUSTER], Y),
    "no resource types need a star": ("*", CLUSTER, N),
    "no resource types and a star": ("*", "*", Y),
    "every ARN is not everything": ("*", "arn:*:*:*:*:*", N),
    "a name that is no ARN": ("quay", S3, N),
}


@pytest.mark.parametrize(("asked", "written", "outcome"), RESOURCES.values(), ids=RESOURCES.keys())
def test_resource(asked: str, written: Json, outcome: Outcome) -> None:
    assert decide(ask(D, asked), policies(allow("*", written))).outcome is outcome


@pytest.mark.parametrize(("asked", "written", "outcome"), RESOURCES.values(), ids=RESOURCES.keys())
def test_not_resource(asked: str, written: Json, outcome: Outcome) -> None:
    opposite = N if outcome is Y else Y
    found = decide(ask(D, asked), policies(allow("*", None, NotResource=written)))
    assert found.outcome is opposite


VARIABLES: dict[str, tuple[str, str, Outcome]] = {
    "of a key": (f"{S3}/ana/x", "arn:aws:s3:::quay/${aws:username}/*", Y),
    "of another value": (f"{S3}/bob/x", "arn:aws:s3:::quay/${aws:username}/*", N),
    "key in other case and with spaces": (f"{S3}/ana/x", "arn:aws:s3:::quay/${ AWS:UserName }/*", Y),
    "substituted star is plain": (f"{S3}/x", "arn:aws:s3:::quay/${my:star}", N),
    "substituted star fits a star": (f"{S3}/*", "arn:aws:s3:::quay/${my:star}", Y),
    "missing key": (f"{S3}/", "arn:aws:s3:::quay/${my:none}", N),
    "missing key with default": (f"{S3}/all", "arn:aws:s3:::quay/${my:none, 'all'}", Y),
    "default with spaces around": (f"{S3}/all", "arn:aws:s3:::quay/${ my:none ,  'all' }", Y),
    "empty default": (f"{S3}/", "arn:aws:s3:::quay/${my:none,''}", Y),
    "default without quotes is plain text": (f"{S3}/all", "arn:aws:s3:::quay/${my:none, all}", N),
    "default with one quote is plain text": (f"{S3}/all", "arn:aws:s3:::quay/${my:none, 'all}", N),
    "default with a quote inside is plain text": (f"{S3}/a'l", "arn:aws:s3:::quay/${my:none, 'a'l'}", N),
    "key with a quote is plain text": (f"{S3}/${{my'none}}", "arn:aws:s3:::quay/${my'none}", Y),
    "present key beats default": (f"{S3}/all", "arn:aws:s3:::quay/${aws:username, 'all'}", N),
    "several values": (f"{S3}/a", "arn:aws:s3:::quay/${my:many}", N),
    "unread key": (f"{S3}/a", "arn:aws:s3:::quay/${my:unread}", U),
    "unread key with default": (f"{S3}/a", "arn:aws:s3:::quay/${my:unread, 'a'}", U),
    "unread key that cannot matter": (f"{S3}/a", "arn:aws:s3:::other-${my:none}/${my:unread}", N),
    "unread key in a section beside one that fails": (CLUSTER, "arn:aws:eks:${my:unread}:1:*", N),
    "in the account section": (CLUSTER, "arn:aws:eks:*:${aws:PrincipalAccount}:cluster/*", Y),
    "escaped star": (f"{S3}/a*b", "arn:aws:s3:::quay/a${*}b", Y),
    "escaped star is no star": (f"{S3}/axb", "arn:aws:s3:::quay/a${*}b", N),
    "escaped question mark": (f"{S3}/a?", "arn:aws:s3:::quay/a${?}", Y),
    "escaped dollar": (f"{S3}/$x", "arn:aws:s3:::quay/${$}x", Y),
    "a form of no known kind is plain text": (f"{S3}/${{}}", "arn:aws:s3:::quay/${}", Y),
    "an open brace is plain text": (f"{S3}/${{a", "arn:aws:s3:::quay/${a", Y),
    "a colon in the key does not end a section": (f"{S3}/ana", "arn:aws:s3:::*${aws:username}", Y),
}
KEYS: dict[str, ContextValue] = {
    "aws:username": "ana",
    "aws:PrincipalAccount": "111122223333",
    "my:star": "*",
    "my:many": ("a", "b"),
}


@pytest.mark.parametrize(("asked", "written", "outcome"), VARIABLES.values(), ids=VARIABLES.keys())
def test_variable(asked: str, written: str, outcome: Outcome) -> None:
    request = ask(D, asked, unread=("my:unread",), keys=KEYS)
    assert decide(request, policies(allow("*", written))).outcome is outcome
    assert explain(request, Policies(policies(allow("*", written)))).outcome is outcome


@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_old_documents_have_no_variables(version: str | None) -> None:
    old = policies(allow("*", "arn:aws:s3:::quay/${aws:username}"), version=version)
    assert decide(ask(D, f"{S3}/ana", aws__username="ana"), old).outcome is N
    assert decide(ask(D, f"{S3}/${{aws:username}}"), old).outcome is Y


def test_a_missing_variable_leaves_nothing_out_of_a_not_resource() -> None:
    found = policies(allow("*", None, NotResource="arn:aws:s3:::quay/${my:none}"))
    assert decide(ask(D, f"{S3}/x"), found).outcome is Y
