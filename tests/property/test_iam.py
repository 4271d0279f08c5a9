"""Laws of IAM evaluation; test_iam_worlds.py holds it against another evaluator."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import AttachedPolicy, Layer, Policies, evaluate, explain, read_policy
from sekisho.decide.iam.matching import covers_action
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.values import Json, Ref
from unit.decide.iam.build import ACCOUNT, CLUSTER, allow, user

ACTIONS = ["eks:DescribeCluster", "EKS:listclusters", "s3:GetObject", "iam:GetUser"]
PATTERNS = ["*", "eks:*", "eks:Describe*", "EKS:LISTCLUSTERS", "s3:Get?bject", "iam:GetUser", "*:Get*"]
RESOURCES = ["*", CLUSTER, f"{CLUSTER}-2", "arn:aws:s3:::b/k", f"arn:aws:iam::{ACCOUNT}:user/ana"]
RESOURCE_PATTERNS = [
    "*",
    "arn:aws:eks:*:*:cluster/*",
    CLUSTER,
    f"{CLUSTER}-?",
    "arn:aws:s3:::b/*",
    f"arn:aws:iam::{ACCOUNT}:user/${{my:name}}",
    "arn:aws:*:*:*:*",
]
NAMES = ["my:name", "my:team"]
VALUES = ["ana", "bob"]


def texts(choices: list[str]) -> st.SearchStrategy[str | list[str]]:
    one = st.sampled_from(choices)
    return one | st.lists(one, min_size=1, max_size=3)


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    made: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Deny"]))}
    made[draw(st.sampled_from(["Action", "NotAction"]))] = draw(texts(PATTERNS))
    made[draw(st.sampled_from(["Resource", "NotResource"]))] = draw(texts(RESOURCE_PATTERNS))
    if draw(st.booleans()):
        operator = draw(st.sampled_from(["StringEquals", "StringNotEquals"]))
        made["Condition"] = {operator: {draw(st.sampled_from(NAMES)): draw(texts(VALUES))}}
    return made


DOCUMENTS = st.lists(statements(), min_size=1, max_size=4)
KEYS = st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES))
UNREAD = st.frozensets(st.sampled_from(NAMES))
ASKED = st.lists(st.sampled_from(RESOURCES), min_size=1, max_size=2).map(tuple)


def attach(made: list[dict[str, Any]]) -> Policies:
    if not made:
        return Policies()
    document: Json = {"Version": "2012-10-17", "Statement": made}
    return Policies((AttachedPolicy("p", Layer.IDENTITY, read_policy(document, Ref("p"))),))


def request(
    action: str, resources: tuple[str, ...], keys: dict[str, str], unread: frozenset[str] = frozenset()
) -> AwsRequest:
    return AwsRequest(user(), action, resources, Context.of(keys, unread))


@given(made=DOCUMENTS, action=st.sampled_from(ACTIONS), resources=ASKED, keys=KEYS, unread=UNREAD)
def test_fast_path_and_explanation_agree(
    made: list[dict[str, Any]],
    action: str,
    resources: tuple[str, ...],
    keys: dict[str, str],
    unread: frozenset[str],
) -> None:
    asked = request(action, resources, keys, unread)
    explained = explain(asked, attach(made))
    assert evaluate(asked, attach(made)).outcome is explained.outcome
    assert explained.decisive
    assert len(explained.trace) == len(made) * len(resources)
    assert bool(explained.repairs) is not explained.allowed


@given(made=DOCUMENTS, action=st.sampled_from(ACTIONS), resources=ASKED, keys=KEYS, unread=UNREAD)
def test_no_completion_contradicts(
    made: list[dict[str, Any]],
    action: str,
    resources: tuple[str, ...],
    keys: dict[str, str],
    unread: frozenset[str],
) -> None:
    known = {key: value for key, value in keys.items() if key not in unread}
    before = evaluate(request(action, resources, known, unread), attach(made)).outcome
    after = evaluate(request(action, resources, keys), attach(made)).outcome
    assert before in {Outcome.UNKNOWN, after}


@given(made=DOCUMENTS, action=st.sampled_from(ACTIONS), resources=ASKED, keys=KEYS, unread=UNREAD)
def test_an_explicit_deny_absorbs(
    made: list[dict[str, Any]],
    action: str,
    resources: tuple[str, ...],
    keys: dict[str, str],
    unread: frozenset[str],
) -> None:
    no = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    assert evaluate(request(action, resources, keys, unread), attach([*made, no])).outcome is Outcome.DENY


@given(made=DOCUMENTS, more=statements(), action=st.sampled_from(ACTIONS), resources=ASKED, keys=KEYS)
def test_one_more_allow_never_takes_access_away(
    made: list[dict[str, Any]],
    more: dict[str, Any],
    action: str,
    resources: tuple[str, ...],
    keys: dict[str, str],
) -> None:
    asked = request(action, resources, keys)
    before = evaluate(asked, attach(made)).outcome
    after = evaluate(asked, attach([*made, more | {"Effect": "Allow"}])).outcome
    assert after in {before, Outcome.ALLOW}
    assert (before is Outcome.DENY) is (after is Outcome.DENY)


@given(made=DOCUMENTS, action=st.sampled_from(ACTIONS), resources=ASKED, keys=KEYS)
def test_order_of_statements_does_not_matter(
    made: list[dict[str, Any]], action: str, resources: tuple[str, ...], keys: dict[str, str]
) -> None:
    asked = request(action, resources, keys)
    assert evaluate(asked, attach(made)).outcome is evaluate(asked, attach(made[::-1])).outcome


@given(made=DOCUMENTS, action=st.sampled_from(ACTIONS), resources=ASKED, keys=KEYS)
def test_the_repairs_of_an_implicit_deny_turn_it(
    made: list[dict[str, Any]], action: str, resources: tuple[str, ...], keys: dict[str, str]
) -> None:
    asked = request(action, resources, keys)
    found = explain(asked, attach(made))
    if found.outcome is Outcome.NO_OPINION:
        added = [dict(fix.facts) for fix in found.repairs if fix.code == "iam.fix.add-allow"]
        wider = [allow(fix["action"], fix["resource"]) for fix in added]
        assert evaluate(asked, attach([*made, *wider])).allowed


@given(text=st.text(alphabet="ab*?$"), value=st.text(alphabet="ab*?$"))
def test_a_substituted_value_fits_only_itself(text: str, value: str) -> None:
    made = [{"Effect": "Allow", "Action": "*", "Resource": "arn:aws:s3:::x${my:name}"}]
    asked = request("s3:GetObject", (f"arn:aws:s3:::x{text}",), {"my:name": value})
    assert evaluate(asked, attach(made)).allowed is (text == value)


@given(made=DOCUMENTS, action=st.sampled_from(ACTIONS))
def test_no_statement_that_covers_an_action_is_left_out(made: list[dict[str, Any]], action: str) -> None:
    policy = read_policy({"Version": "2012-10-17", "Statement": made}, Ref("p"))
    found = list(policy.about(action.lower()))
    assert all(one in found for one in policy.statements if covers_action(one, action.lower()))
