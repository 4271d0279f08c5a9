"""Vectors of IAM evaluation: one test per case; what is not covered yet is told by the case itself."""

import json
from pathlib import Path
from typing import Any

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import AttachedPolicy, Layer, evaluate, explain, read_policy
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.values import AccountId, Arn, Principal, PrincipalType, Ref

DATA = json.loads((Path(__file__).parent / "data/iam/evaluate.json").read_text())
CASES: list[dict[str, Any]] = DATA["cases"]
MEMBERS = {
    "name",
    "tags",
    "principal",
    "action",
    "resource",
    "resource_account",
    "context",
    "policies",
    "expected",
    "note",
}
OUTCOMES = {
    "allow": Outcome.ALLOW,
    "implicit_deny": Outcome.NO_OPINION,
    "explicit_deny": Outcome.DENY,
}
LAYERS_TO_COME = ("resource", "boundary", "session", "scps", "rcps")


def not_covered(case: dict[str, Any]) -> tuple[str, ...]:
    """Say from the case alone which parts of evaluation it needs that are not there yet."""
    reasons = [f"policies.{layer}" for layer in LAYERS_TO_COME if case["policies"][layer]]
    if "arn" not in case["principal"]:
        reasons.append(f"principal.{'/'.join(case['principal'])}")
    return tuple(reasons)


COVERED = [case for case in CASES if not not_covered(case)]
TO_COME = [case for case in CASES if not_covered(case)]


def principal(spec: dict[str, str], context: dict[str, Any]) -> Principal:
    arn = Arn.parse(spec["arn"])
    kind = arn.resource.partition("/")[0]
    types = {
        "root": PrincipalType.ROOT,
        "user": PrincipalType.USER,
        "assumed-role": PrincipalType.ROLE_SESSION,
    }
    entity = arn
    if kind == "assumed-role":
        role = (
            context.get("aws:PrincipalArn") or f"arn:aws:iam::{arn.account}:role/{arn.resource.split('/')[1]}"
        )
        entity = Arn.parse(role)
    return Principal(types[kind], arn, spec.get("id", "AIDAUNKNOWN"), entity)


def request_of(case: dict[str, Any], resource: str) -> AwsRequest:
    context = {k: tuple(v) if isinstance(v, list) else v for k, v in case["context"].items()}
    who = principal(case["principal"], case["context"])
    return AwsRequest(
        who, case["action"], (resource,), Context.of(context), AccountId(case["resource_account"])
    )


def identity_policies(case: dict[str, Any]) -> tuple[AttachedPolicy, ...]:
    return tuple(
        AttachedPolicy(f"identity-{index}", Layer.IDENTITY, read_policy(document, Ref(f"identity-{index}")))
        for index, document in enumerate(case["policies"]["identity"])
    )


def test_cases_have_the_members_that_the_adapter_reads() -> None:
    assert all(
        set(case) <= MEMBERS and set(case["policies"]) == {"identity", *LAYERS_TO_COME} for case in CASES
    )
    assert len({case["name"] for case in CASES}) == len(CASES) == 133


@pytest.mark.parametrize("case", COVERED, ids=[case["name"] for case in COVERED])
def test_vector(case: dict[str, Any]) -> None:
    request = request_of(case, case["resource"])
    policies = identity_policies(case)
    assert evaluate(request, policies).outcome is OUTCOMES[case["expected"]]
    assert explain(request, policies).outcome is OUTCOMES[case["expected"]]


@pytest.mark.parametrize("case", TO_COME, ids=[case["name"] for case in TO_COME])
def test_vector_needs_a_layer_that_has_no_name_yet(case: dict[str, Any]) -> None:
    needed = {reason.partition(".")[2].rstrip("s") for reason in not_covered(case) if "policies" in reason}
    # When a layer gets its name these cases must move to `test_vector`; until then nobody can hand it in.
    assert needed.isdisjoint({layer.value for layer in Layer})
    assert needed or "arn" not in case["principal"]
