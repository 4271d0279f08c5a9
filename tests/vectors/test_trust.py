"""Vectors of AssumeRole and AssumeRoleWithWebIdentity: one test per case, real tokens, real keys."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sekisho.decide import sts
from sekisho.decide.decision import Decision
from sekisho.decide.request.aws_request import Context
from sekisho.decide.values import Arn, Instant, Principal, Secret, ServicePrincipal
from support.jwt import Issuer
from support.sts_world import World

DATA = json.loads((Path(__file__).parent / "data/iam/trust.json").read_text())
CASES: list[dict[str, Any]] = DATA["cases"]
MEMBERS = {"name", "tags", "now", "accounts", "steps", "note"}
STEP_MEMBERS = {"action", "caller", "params", "token", "expected", "mfa_device_valid"}


def caller_of(world: World, spec: dict[str, Any], sessions: list[sts.Session | None]) -> sts.SignedCaller:
    context = Context.of(spec.get("context", {}))
    if "service" in spec:
        return sts.SignedCaller(ServicePrincipal(spec["service"]), None, context)
    if "root" in spec:
        return sts.SignedCaller(sts.root(spec["root"]))
    if "session_of_step" in spec:
        session = sessions[spec["session_of_step"]]
        assert session is not None
        return sts.SignedCaller(session.principal, session)
    return sts.SignedCaller(user(world, Arn.parse(spec["user"])))


def user(world: World, arn: Arn) -> Principal:
    name = arn.resource.rpartition("/")[2]
    facts = world.accounts[arn.account]["users"][name]
    return sts.user(arn.account, name, facts["id"], path=facts["path"])


def parameters(params: dict[str, Any]) -> sts.SessionParameters:
    seconds = params.get("DurationSeconds")
    return sts.SessionParameters(
        None if seconds is None else timedelta(seconds=seconds),
        params.get("Policy"),
        tuple(one["arn"] for one in params.get("PolicyArns", ())),
        tuple((tag["Key"], tag["Value"]) for tag in params.get("Tags", ())),
    )


def assume(
    world: World, step: dict[str, Any], caller: sts.SignedCaller, now: Instant
) -> Decision[sts.Session]:
    params = step["params"]
    code = params.get("TokenCode")
    request = sts.AssumeRole(
        params["RoleArn"],
        params["RoleSessionName"],
        parameters(params),
        tuple(params.get("TransitiveTagKeys", ())),
        params.get("ExternalId"),
        params.get("SourceIdentity"),
        params.get("SerialNumber"),
        None if code is None else Secret(code),
    )
    return sts.assume_role(request, caller, replace(world, mfa=step.get("mfa_device_valid", False)), now)


def assume_with_token(world: World, step: dict[str, Any], now: Instant) -> Decision[sts.Session]:
    issuer = Issuer.shared()
    params, token = step["params"], step["token"]
    text = token["raw"] if "raw" in token else issuer.token(token["claims"], token["alg"], token["signature"])
    request = sts.AssumeRoleWithWebIdentity(
        params["RoleArn"], params["RoleSessionName"], Secret(text), parameters(params)
    )
    question = sts.plan(request, world)
    if isinstance(question, Decision):
        return question
    assert question.issuer in question.discovery_url
    uri = sts.jwks_uri(question, issuer.discovery(question.issuer))
    assert uri == issuer.jwks_uri(question.issuer)
    return sts.conclude(question, sts.KeysAnswer(issuer.jwks()), world, now)


def check(decision: Decision[sts.Session], expected: dict[str, Any]) -> None:
    session = decision.value
    if not expected["ok"]:
        assert session is None
        error = sts.aws_error(decision)
        assert (error.code, error.http_status) == (expected["code"], expected["http_status"])
        assert str(decision.decisive[0].code).startswith("sts.")
        return
    assert session is not None, decision.sentence()
    found = {
        "ok": True,
        "arn": str(session.principal.arn),
        "duration": int(session.duration.total_seconds()),
        "principal_tags": dict(session.tags),
        "transitive_tag_keys": list(session.transitive_keys),
        "source_identity": session.source_identity or None,
    }
    if session.web_identity is not None:
        found["subject"] = session.web_identity.subject
        found["provider"] = session.web_identity.provider
        found["audience"] = session.web_identity.audience
    assert {name: found[name] for name in expected} == expected


def test_cases_have_the_members_that_the_adapter_reads() -> None:
    assert all(set(case) <= MEMBERS for case in CASES)
    assert all(set(step) <= STEP_MEMBERS for case in CASES for step in case["steps"])
    assert len({case["name"] for case in CASES}) == len(CASES) == 22


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_vector(case: dict[str, Any]) -> None:
    assert "contested" not in case["tags"]
    world = World(case["accounts"])
    now = Instant.from_epoch(case["now"])
    sessions: list[sts.Session | None] = []
    for step in case["steps"]:
        if step["action"] == "AssumeRole":
            decision = assume(world, step, caller_of(world, step["caller"], sessions), now)
        else:
            assert step["caller"] is None
            decision = assume_with_token(world, step, now)
        check(decision, step["expected"])
        sessions.append(decision.value)
