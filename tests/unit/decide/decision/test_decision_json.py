"""The one JSON form of decisions: complete, and without a credential whatever the value holds."""

from dataclasses import dataclass

import pytest

from sekisho.decide.decision import (
    Chain,
    Decision,
    Link,
    Outcome,
    ReasonCode,
    Repair,
    Step,
    chain_to_json,
    decision_to_json,
    step_to_json,
)
from sekisho.decide.values import Arn, Instant, Json, KubeUser, Principal, PrincipalType, Ref, Secret
from sekisho.decide.values.documents import to_json


class Code(ReasonCode):
    YES = "test-json.yes", "`{name}` said yes"
    HINT = "test-json.hint", "ask `{name}`"


STEP = Step(Code.YES, Ref("f.yaml", "/a/0"), (("name", "app"),))
STEP_JSON: dict[str, Json] = {
    "code": "test-json.yes",
    "at": {"document": "f.yaml", "pointer": "/a/0"},
    "sentence": "`app` said yes",
    "facts": {"name": "app"},
}
ROLE = Arn.parse("arn:aws:iam::111122223333:role/app")
SESSION = Arn.parse("arn:aws:sts::111122223333:assumed-role/app/s1")


def test_a_step() -> None:
    assert step_to_json(STEP) == STEP_JSON


def test_a_decision() -> None:
    repair = Repair(Code.HINT, (("name", "ana"),))
    assert decision_to_json(Decision(Outcome.DENY, (STEP,), (STEP, STEP), None, (STEP,), (repair,))) == {
        "outcome": "deny",
        "decisive": [STEP_JSON],
        "nearest": [STEP_JSON],
        "repairs": [{"code": "test-json.hint", "sentence": "ask `ana`", "facts": {"name": "ana"}}],
        "trace": [STEP_JSON, STEP_JSON],
    }


@dataclass(frozen=True)
class Found:
    name: str
    secret: Secret
    at: Instant


VALUES: dict[str, tuple[object, Json]] = {
    "a principal": (
        Principal(PrincipalType.ROLE_SESSION, SESSION, "AROA1:s1", ROLE),
        {
            "type": "assumed-role",
            "arn": str(SESSION),
            "userId": "AROA1:s1",
            "account": "111122223333",
            "entity": str(ROLE),
        },
    ),
    "a user": (
        KubeUser("ana", ("a", "b"), "u1", (("arn", (str(ROLE),)),)),
        {"username": "ana", "uid": "u1", "groups": ["a", "b"], "extra": {"arn": [str(ROLE)]}},
    ),
    "an ARN": (ROLE, str(ROLE)),
    "an instant": (Instant.from_epoch(0), "1970-01-01T00:00:00Z"),
    "a secret": (Secret("hunter2"), "***"),
    "text": ("x", "x"),
    "a number": (3, 3),
    "a boolean": (False, False),
    "a tuple keeps its order": (("b", "a", None), ["b", "a", None]),
    "a set is sorted": (frozenset({"b", "a"}), ["a", "b"]),
    "a step": (STEP, STEP_JSON),
    "a dataclass": (
        Found("x", Secret("hunter2"), Instant.from_epoch(0)),
        {"name": "x", "secret": "***", "at": "1970-01-01T00:00:00Z"},
    ),
}


@pytest.mark.parametrize(("value", "form"), VALUES.values(), ids=VALUES.keys())
def test_values(value: object, form: Json) -> None:
    body = decision_to_json(Decision(Outcome.ALLOW, value=value))
    assert body["value"] == form
    assert b"hunter2" not in to_json(body)


@pytest.mark.parametrize("value", [1.5, {"a": 1}, object(), Found], ids=["float", "dict", "object", "class"])
def test_a_value_without_a_form_is_a_fault_of_ours(value: object) -> None:
    with pytest.raises(TypeError, match="no JSON form for"):
        decision_to_json(Decision(Outcome.ALLOW, value=value))


def test_a_chain() -> None:
    chain = Chain("test", (Link("one", Decision(Outcome.ALLOW)), Link("two", Decision(Outcome.UNKNOWN))))
    body = chain_to_json(chain)
    assert (body["chain"], body["outcome"]) == ("test", "unknown")
    assert body["links"] == [
        {"link": "one", **decision_to_json(Decision(Outcome.ALLOW))},
        {"link": "two", **decision_to_json(Decision(Outcome.UNKNOWN))},
    ]
