"""Laws of the answer in sets: each ARN lies in a set, and the evaluator says of it what the set says."""

import json
from collections.abc import Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import AttachedPolicy, Layer, Policies, PolicyKind, evaluate, parse_policy
from sekisho.decide.iam.statement import ResourcePattern, resource_name
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.values import Arn, Json, Principal, PrincipalType, Ref
from sekisho.review.arn_shape import Shape, classes, is_within, parse_shape, shape_of
from sekisho.review.needs import may_be_allowed
from sekisho.review.resource_sets import Answer, resource_sets

ANA = Arn.parse("arn:aws:iam::111122223333:user/ana")
CALLER = Principal(PrincipalType.USER, ANA, "AIDAEXAMPLEEXAMPLE1", ANA)
PARTS = st.lists(st.sampled_from(("a", "b", "*", "?", "/", ":", "ab")), max_size=4).map("".join)
PATTERNS = st.one_of(
    st.builds(
        "arn:aws:s3:{}::{}".format, st.sampled_from(("", "*", "r", "r?")), PARTS.map(lambda s: s or "a")
    ),
    st.just("*"),
    st.just("arn:aws:s3:::${aws:username}/*"),
    st.just("arn:aws:s3:::${aws:PrincipalTag/team}/*"),
    st.just("arn:aws:s3:*::a${*}b"),
)
ARNS = st.builds(
    "arn:aws:s3:{}::{}".format,
    st.sampled_from(("", "r", "rx", "q")),
    st.text(alphabet="abx/:*na", min_size=1, max_size=5),
)
CONTEXT = Context.of({"aws:username": "ana"}, {"aws:PrincipalTag/team", "aws:MultiFactorAuthPresent"})
UNIVERSE = parse_shape("arn:aws:s3:*::*")


@st.composite
def statements(draw: st.DrawFn) -> Mapping[str, Json]:
    element = draw(st.sampled_from(("Resource", "Resource", "NotResource")))
    statement: dict[str, Json] = {
        "Effect": draw(st.sampled_from(("Allow", "Allow", "Deny"))),
        "Action": draw(st.sampled_from(("s3:GetObject", "s3:*", "s3:PutObject"))),
        element: draw(st.lists(PATTERNS, min_size=1, max_size=2)),
    }
    if draw(st.integers(0, 3)) == 0:
        statement["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    return statement


def attached(found: list[Mapping[str, Json]], layer: Layer, kind: PolicyKind) -> tuple[AttachedPolicy, ...]:
    text = json.dumps({"Version": "2012-10-17", "Statement": found})
    return (AttachedPolicy(str(layer), layer, parse_policy(text, Ref(str(layer)), kind)),)


STATEMENTS = st.lists(statements(), min_size=1, max_size=3)


@settings(deadline=None)
@given(identity=STATEMENTS, boundary=st.none() | STATEMENTS, arns=st.lists(ARNS, min_size=1, max_size=8))
def test_every_arn_is_answered_as_the_evaluator_answers_it(
    identity: list[Mapping[str, Json]], boundary: list[Mapping[str, Json]] | None, arns: list[str]
) -> None:
    policies = Policies(
        attached(identity, Layer.IDENTITY, PolicyKind.IDENTITY),
        boundary=None if boundary is None else attached(boundary, Layer.BOUNDARY, PolicyKind.BOUNDARY),
    )

    def ask(arn: str) -> Answer:
        return Answer(evaluate(AwsRequest(CALLER, "s3:GetObject", (arn,), CONTEXT), policies).outcome)

    sets = resource_sets((UNIVERSE,), policies, CONTEXT, ask)
    for arn in arns:
        holding = [one for one in sets if one.holds(arn)]
        assert holding, f"{arn} lies in no set"
        assert {one.answer for one in holding} == {ask(arn)}, arn


@given(pattern=PATTERNS, arn=ARNS)
def test_a_shape_covers_what_its_pattern_may_cover(pattern: str, arn: str) -> None:
    compiled = ResourcePattern(pattern, Ref("pattern"))
    shape = shape_of(compiled, CONTEXT)
    assert shape is not None
    truth = compiled.matches(resource_name(arn), CONTEXT)
    assert shape.matches(arn) is (truth is not False)


SHAPES = st.builds("arn:aws:s3:{}::{}".format, st.sampled_from(("", "*", "r?")), PARTS).map(parse_shape)


@given(narrow=SHAPES, wide=SHAPES, arn=ARNS)
def test_what_is_within_is_covered(narrow: Shape, wide: Shape, arn: str) -> None:
    if is_within(narrow, wide) and narrow.matches(arn):
        assert wide.matches(arn)


@given(shapes=st.lists(SHAPES, min_size=1, max_size=4), arn=ARNS)
def test_each_combination_of_patterns_that_exists_is_found(shapes: list[Shape], arn: str) -> None:
    sections = [shape.sections[5] for shape in shapes]
    found = classes(sections)
    text = arn.split(":", 5)[5]
    combination = frozenset(
        place
        for place, shape in enumerate(shapes)
        if Shape((*shape.sections[:3], (), (), shape.sections[5])).matches(f"arn:aws:s3:::{text}")
    )
    assert combination in found


@settings(deadline=None)
@given(identity=STATEMENTS, arn=ARNS)
def test_what_cannot_become_a_yes_is_never_allowed(identity: list[Mapping[str, Json]], arn: str) -> None:
    policies = Policies(attached(identity, Layer.IDENTITY, PolicyKind.IDENTITY))
    request = AwsRequest(CALLER, "s3:GetObject", (arn,), CONTEXT)
    if evaluate(request, policies).outcome is Outcome.UNKNOWN and not may_be_allowed(request, policies):
        for team in ("a", "b", "x"):
            for mfa in ("true", "false"):
                told = {"aws:PrincipalTag/team": team, "aws:MultiFactorAuthPresent": mfa}
                whole = AwsRequest(CALLER, "s3:GetObject", (arn,), CONTEXT.having(told))
                assert not evaluate(whole, policies).allowed
