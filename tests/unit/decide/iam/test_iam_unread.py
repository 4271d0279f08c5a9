"""What UNKNOWN is about: facts that may come to matter are named, facts that cannot matter are not."""

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import UNREAD, Layer, Policies, evaluate, explain
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import Caller, Json
from unit.decide.iam.build import (
    ACCOUNT,
    allow,
    ask,
    deny,
    federated_user,
    layer,
    policies,
    session,
    trust,
    user,
)

N, A, U = Outcome.NO_OPINION, Outcome.ALLOW, Outcome.UNKNOWN
ROLE = f"arn:aws:iam::{ACCOUNT}:role/app"
ASSUME = ask("sts:AssumeRole", ROLE, who=session(), unread=("my:open",))
READ = ask("s3:GetObject", "arn:aws:s3:::build/ana/x", who=session(), unread=("my:open",))
OPEN = {"StringEquals": {"my:open": "a"}}
ALLOW_IF = policies(allow(condition=OPEN))

NAMED = {
    "an unread trust policy may name the account, and then identity counts": (
        ASSUME,
        Policies(ALLOW_IF, UNREAD),
        {"my:open", "resource-based policy"},
    ),
    "an unread trust policy alone: identity allows already": (
        ASSUME,
        Policies(policies(allow()), UNREAD),
        {"resource-based policy"},
    ),
    "an unread session policy may allow, and then identity counts": (
        READ,
        Policies(ALLOW_IF, session=UNREAD),
        {"my:open", "session policy"},
    ),
    "an unread boundary may allow, and then both others count": (
        READ,
        Policies(ALLOW_IF, UNREAD, UNREAD),
        {"my:open", "resource-based policy", "permissions boundary"},
    ),
}


@pytest.mark.parametrize(("asked", "given", "names"), NAMED.values(), ids=NAMED.keys())
def test_every_fact_that_may_come_to_matter_is_named(
    asked: AwsRequest, given: Policies, names: set[str]
) -> None:
    found = explain(asked, given)
    assert found.outcome is evaluate(asked, given).outcome is Outcome.UNKNOWN
    told = [dict(repair.facts) for repair in found.repairs]
    assert {one.get("keys") or one["layer"] for one in told} == names


BUCKET = "arn:aws:s3:::build"
BOTH = ask(READ.action, *READ.resources, who=federated_user(), unread=("my:open", "my:name", "my:else"))
EVERYTHING = {
    "a condition and a variable": (
        deny(resource=f"{BUCKET}/${{my:name}}/*", condition=OPEN),
        "my:name, my:open",
    ),
    "a condition and a principal": (
        deny(condition=OPEN, Principal={"AWS": user().user_id}),
        "aws:userid, my:open",
    ),
    "a variable and a principal": (
        deny(resource=f"{BUCKET}/${{my:name}}/*", Principal={"AWS": user().user_id}),
        "aws:userid, my:name",
    ),
    "only the variables of patterns that may fit": (
        deny(resource=[f"{BUCKET}/${{my:name}}/*", f"{BUCKET}/${{my:else}}/y"]),
        "my:name",
    ),
}


@pytest.mark.parametrize(("statement", "keys"), EVERYTHING.values(), ids=EVERYTHING.keys())
def test_a_step_names_everything_that_its_statement_hangs_on(statement: dict[str, Json], keys: str) -> None:
    given = Policies(resource=layer(Layer.RESOURCE, {"Principal": "*", **statement}))
    found = explain(BOTH, given)
    assert found.outcome is evaluate(BOTH, given).outcome is U
    assert [dict(step.facts)["keys"] for step in found.decisive] == [keys]


VARIABLES = {
    "something fits": (allow(resource=f"{BUCKET}/${{my:open}}/*"), Outcome.UNKNOWN),
    "nothing fits, the rest is another": (allow(resource=f"{BUCKET}/${{my:open}}/y"), Outcome.NO_OPINION),
    "nothing fits, so nothing is left out": (
        {**allow(resource=None), "NotResource": f"{BUCKET}/${{my:open}}/y"},
        Outcome.ALLOW,
    ),
    "a deny that cannot fit": (deny(resource=f"{BUCKET}/${{my:open}}/y"), Outcome.NO_OPINION),
    "one of two variables is missing": (
        allow(resource=f"{BUCKET}/${{my:open}}/${{my:none}}"),
        Outcome.NO_OPINION,
    ),
    "a known variable that fits": (allow(resource=f"{BUCKET}/${{my:name}}/${{my:open}}"), Outcome.UNKNOWN),
    "a known variable that does not": (
        allow(resource=f"{BUCKET}/${{my:open}}/${{my:name}}"),
        Outcome.NO_OPINION,
    ),
}


@pytest.mark.parametrize(("statement", "outcome"), VARIABLES.values(), ids=VARIABLES.keys())
def test_an_unread_variable_matters_only_where_the_rest_fits(statement: object, outcome: Outcome) -> None:
    assert isinstance(statement, dict)
    asked = ask(READ.action, *READ.resources, who=session(), unread=("my:open",), my__name="ana")
    given = Policies(policies(statement))
    assert explain(asked, given).outcome is evaluate(asked, given).outcome is outcome


IDS = {
    "a user's id and that user": (user(), user().user_id, A),
    "a role's id and a user": (user(), "AROA0000000000000DEP", N),
    "a role's id and its session": (session(), "AROA0000000000000DEP", A),
    "a user's id and a session of a role": (session(), "AIDA0000000000000ANA", N),
    "a user's id and a federated session, whose user's id nobody tells": (
        federated_user(),
        "AIDA0000000000000ANA",
        U,
    ),
    "a role's id and a federated session, which no role is behind": (
        federated_user(),
        "AROA0000000000000DEP",
        N,
    ),
}


@pytest.mark.parametrize(("who", "principal", "outcome"), IDS.values(), ids=IDS.keys())
def test_unique_ids_tell_users_from_roles(who: Caller, principal: str, outcome: Outcome) -> None:
    asked = ask("sts:AssumeRole", ROLE, who=who)
    given = Policies(
        policies(allow()),
        trust(allow("sts:AssumeRole", Principal={"AWS": principal})),
        session=layer(Layer.SESSION, allow()),
    )
    assert explain(asked, given).outcome is evaluate(asked, given).outcome is outcome
