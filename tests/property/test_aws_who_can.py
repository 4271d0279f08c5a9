"""`who-can` finds exactly those whom a plain search finds that asks everybody about every role."""

import json
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import evaluate
from sekisho.decide.values import AccountId, Json, Principal
from sekisho.facts.keys import Key, Kind
from sekisho.facts.model import Account, Document, Role, User
from sekisho.facts.snapshot import Event, Put, Snapshot
from sekisho.facts.world.content import UNDATED
from sekisho.review.aws_caller import prepared, principals
from sekisho.review.aws_who_can import who_can_do
from sekisho.review.needs import may_be_allowed

ONE, TWO = AccountId("111122223333"), AccountId("222233334444")
ACTION, TARGET = "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-west-1:{TWO}:secret:db"
NAMES: Final = ("r", "s", "t")
ROLE_ARNS = [f"arn:aws:iam::{account}:role/{name}" for account in (ONE, TWO) for name in NAMES]
MFA: Json = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
EXTERNAL: Json = {"StringEquals": {"sts:ExternalId": "x"}}


def no_aws_policy(_arn: str) -> None:
    """Stand for an empty catalogue of AWS's managed policies."""


def statement(effect: str, action: str, condition: Json, **more: Json) -> dict[str, Json]:
    found: dict[str, Json] = {"Effect": effect, "Action": action, **more}
    return found | ({"Condition": condition} if condition is not None else {})


CONDITIONS = st.sampled_from((None, None, None, MFA, EXTERNAL))
EFFECTS = st.sampled_from(("Allow", "Allow", "Allow", "Deny"))
TRUSTED = st.sampled_from(
    (
        *({"AWS": arn} for arn in ROLE_ARNS),
        {"AWS": f"arn:aws:iam::{ONE}:user/u"},
        {"AWS": f"arn:aws:iam::{TWO}:user/u"},
        {"AWS": f"arn:aws:iam::{ONE}:root"},
        {"AWS": str(TWO)},
        {"AWS": "*"},
    )
)
TRUSTS = st.lists(
    st.builds(
        lambda effect, who, condition: statement(effect, "sts:AssumeRole", condition, Principal=who),
        EFFECTS,
        TRUSTED,
        CONDITIONS,
    ),
    min_size=1,
    max_size=2,
)
POLICIES = st.lists(
    st.builds(
        lambda effect, what, condition: statement(effect, what[0], condition, Resource=what[1]),
        EFFECTS,
        st.sampled_from(
            [("sts:AssumeRole", arn) for arn in ("*", f"arn:aws:iam::{TWO}:role/*", *ROLE_ARNS)]
            + [(ACTION, "*"), (ACTION, TARGET), ("*", "*"), ("s3:GetObject", "*")]
        ),
        CONDITIONS,
    ),
    max_size=2,
)


def document(statements: list[dict[str, Json]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@st.composite
def worlds(draw: st.DrawFn) -> Snapshot:
    events: list[Event] = []
    for account in (ONE, TWO):
        events.append(Put(Key(Kind.ACCOUNT, "", account), Account(account, account)))
        own = draw(POLICIES)
        inline = (Document("p", document(own)),) if own else ()
        user = User(account, "u", f"AIDA{account}ABCD", UNDATED, inline=inline)
        events.append(Put(Key(Kind.USER, account, "u"), user))
        for name in NAMES:
            own = draw(POLICIES)
            inline = (Document("p", document(own)),) if own else ()
            trust = document(draw(TRUSTS))
            role = Role(account, name, f"AROA{account}ABC{name}", UNDATED, trust, inline=inline)
            events.append(Put(Key(Kind.ROLE, account, name), role))
    return Snapshot(events)


def may(caller: Principal, action: str, resource: str, snapshot: Snapshot, *, certain: bool) -> bool:
    asked = prepared(caller, action, resource, snapshot, no_aws_policy)
    outcome = evaluate(*asked).outcome
    if certain or outcome is not Outcome.UNKNOWN:
        return outcome is Outcome.ALLOW
    return may_be_allowed(*asked)


def reached(snapshot: Snapshot, *, certain: bool, depth: int) -> set[str]:
    """Return everybody who can, by asking everybody about every role, as often as roles may be assumed."""
    people = [one for account in (ONE, TWO) for one in principals(snapshot, account)]
    found = {str(one.entity) for one in people if may(one, ACTION, TARGET, snapshot, certain=certain)}
    for _ in range(depth):
        found |= {
            str(one.entity)
            for one in people
            for role in found & set(ROLE_ARNS)
            if str(one.entity) != role and may(one, "sts:AssumeRole", role, snapshot, certain=certain)
        }
    return found


@settings(max_examples=60, deadline=None)
@given(snapshot=worlds(), depth=st.sampled_from((0, 1, 5)))
def test_the_search_finds_whom_a_plain_search_finds(snapshot: Snapshot, depth: int) -> None:
    answer = who_can_do(ACTION, TARGET, snapshot, no_aws_policy, depth=depth)
    known = {str(one.entity) for account in (ONE, TWO) for one in principals(snapshot, account)}
    ways = {way.who: way for way in answer.ways if way.who in known}
    certain = {who for who, way in ways.items() if way.is_certain}
    assert certain == reached(snapshot, certain=True, depth=depth)
    assert set(ways) == reached(snapshot, certain=False, depth=depth)
    for way in ways.values():
        assert len(way.hops) <= depth + 1
        roles = [way.who, *(hop.resource for hop in way.hops[:-1])]
        assert len(set(roles)) == len(roles), "a way goes in a circle"
    assert f"arn:aws:iam::{TWO}:root" in {way.who for way in answer.ways}
