"""What came close: one row per kind of near miss, ranked, with the repair that fits."""

import json
from typing import Any

import pytest

from sekisho.decide.authn.aws_auth import CONFIG_MAP, parse
from sekisho.decide.authn.backend import Backend
from sekisho.decide.authn.entry import Reading
from sekisho.decide.authn.entry_reader import Rules
from sekisho.decide.authn.mapping import resolve
from sekisho.decide.authn.mapping_code import EntryCode, MappingCode
from sekisho.decide.authn.mapping_code import MappingRepairCode as RepairCode
from sekisho.decide.authn.near_miss import MAX_NEAREST
from sekisho.decide.authn.sts_answer import StsIdentity, identity_of
from sekisho.decide.decision import Decision, ReasonCode
from sekisho.decide.values import KubeUser

A, B = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{A}:role/deployer"


def session(role: str = "deployer", partition: str = "aws") -> StsIdentity:
    return identity_of(f"arn:{partition}:sts::{A}:assumed-role/{role}/mia", "AROADEP:mia", A)


def user(name: str) -> StsIdentity:
    return identity_of(f"arn:aws:iam::{A}:user/{name}", "AIDAANA", A)


def entry(arn: str, **more: Any) -> dict[str, Any]:
    return {"rolearn": arn, "username": "u", "groups": ["team", "system:masters"], **more}


def sso(permission_set: str = "Ops", account: str = A, partition: str = "aws") -> dict[str, Any]:
    selector = {"permissionSetName": permission_set, "accountID": account, "partition": partition}
    return {"sso": selector, "username": "u"}


def explain(
    identity: StsIdentity,
    *entries: dict[str, Any],
    reading: Reading = Reading.EKS,
    sso_role_match: bool = False,
    strict: bool = False,
) -> Decision[KubeUser]:
    auth = parse({"mapRoles": json.dumps(entries)}, Rules(reading, sso_role_match, strict))
    backend = Backend.from_aws_auth(auth, CONFIG_MAP, user_id_strict=strict)
    return resolve(identity, [backend], explain=True)


SET_ROLE = "AWSReservedSSO_Ops_0f1e2d3c4b5a6978"
OLD_SET_ROLE = "AWSReservedSSO_Ops_aaaaaaaaaaaaaaaa"

NEAR: dict[str, tuple[StsIdentity, dict[str, Any], ReasonCode, str]] = {
    "the role with its path": (
        session(),
        entry(f"arn:aws:iam::{A}:role/ci/Deployer"),
        EntryCode.ROLE_PATH,
        "/ci/",
    ),
    "a session pasted": (
        session(),
        entry(f"arn:aws:sts::{A}:assumed-role/deployer/kim"),
        EntryCode.SESSION,
        "session",
    ),
    "white space": (session(), entry(f" {ROLE}"), EntryCode.BLANK, "white space"),
    "a wildcard": (session(), entry(f"arn:aws:iam::{A}:role/dep*"), EntryCode.WILDCARD, "dep*"),
    "any account": (
        session(),
        entry("arn:aws:iam::*:role/deployer"),
        EntryCode.WILDCARD,
        "::*:",
    ),
    "a wildcard that covers others": (session(), entry(f"arn:aws:iam::{A}:role/x*"), EntryCode.OTHER, "x*"),
    "a wildcard in no ARN": (session(), entry("role/dep*"), EntryCode.OTHER, "dep*"),
    "an earlier role of the permission set": (
        session(SET_ROLE),
        entry(f"arn:aws:iam::{A}:role/{OLD_SET_ROLE}"),
        EntryCode.SSO_SUFFIX,
        "0f1e2d3c4b5a6978",
    ),
    "a permission set, switched off": (session(SET_ROLE), sso(), EntryCode.SSO_OFF, "off"),
    "a permission set in another account": (session(SET_ROLE), sso(account=B), EntryCode.ACCOUNT, B),
    "another permission set": (session(SET_ROLE), sso("Dev"), EntryCode.SSO_SET, "ops"),
    "a permission set elsewhere": (session(SET_ROLE), sso("Dev", B), EntryCode.OTHER, "Dev"),
    "a permission set of China": (session(SET_ROLE), sso(partition="aws-cn"), EntryCode.PARTITION, "cn"),
    "a permission set for a plain role": (session(), sso(), EntryCode.OTHER, "Ops"),
    "a user under another path": (
        user("eng/ana"),
        entry(f"arn:aws:iam::{A}:user/ana"),
        EntryCode.USER_PATH,
        "/eng/",
    ),
    "another account": (session(), entry(ROLE.replace(A, B)), EntryCode.ACCOUNT, B),
    "another partition": (session(), entry(ROLE.replace("aws", "aws-cn")), EntryCode.PARTITION, "aws-cn"),
    "another account and partition": (
        session(),
        entry(ROLE.replace("aws", "aws-cn").replace(A, B)),
        EntryCode.OTHER,
        B,
    ),
    "a user of that name": (session("ana"), entry(f"arn:aws:iam::{A}:user/ana"), EntryCode.KIND, "a user of"),
    "a role of that name": (user("ana"), entry(f"arn:aws:iam::{A}:role/ana"), EntryCode.KIND, "a role of"),
    "such a user elsewhere": (
        session("ana"),
        entry(f"arn:aws:iam::{B}:user/ana"),
        EntryCode.OTHER,
        B,
    ),
    "root of the account": (session(), entry(f"arn:aws:iam::{A}:root"), EntryCode.ROOT, "root"),
    "root of another account": (session(), entry(f"arn:aws:iam::{B}:root"), EntryCode.OTHER, B),
    "one wrong": (
        session(),
        entry(ROLE.replace("deployer", "deploier")),
        EntryCode.SPELLING,
        "distance 1",
    ),
    "two missing": (
        session(),
        entry(ROLE.replace("deployer", "deploy")),
        EntryCode.SPELLING,
        "distance 2",
    ),
    "three missing": (session(), entry(ROLE.replace("deployer", "deplo")), EntryCode.OTHER, "deplo"),
    "other letters": (session(), entry(ROLE.replace("deployer", "reviewer")), EntryCode.OTHER, "reviewer"),
    "a short name": (session("qa"), entry(f"arn:aws:iam::{A}:role/qb"), EntryCode.OTHER, "qb"),
    "other name, other kind": (session(), entry(f"arn:aws:iam::{A}:user/deploy"), EntryCode.OTHER, "deploy"),
    "no ARN at all": (session(), entry("deployer"), EntryCode.OTHER, "deployer"),
}


@pytest.mark.parametrize(("identity", "candidate", "code", "word"), NEAR.values(), ids=NEAR)
def test_one_entry(identity: StsIdentity, candidate: dict[str, Any], code: ReasonCode, word: str) -> None:
    decision = explain(identity, candidate)
    assert not decision.allowed
    step = decision.trace[0]
    assert (step.code, step.at) == (code, CONFIG_MAP.child("mapRoles", 0))
    assert word in step.sentence()
    assert "(" not in step.sentence()
    assert decision.nearest == (() if code is EntryCode.OTHER else (step,))


def test_a_recreated_principal() -> None:
    for user_id in ("AROAOLD", ""):
        decision = explain(session(), entry(ROLE, userid=user_id), strict=True)
        assert [step.code for step in decision.nearest] == [EntryCode.USER_ID]
        assert decision.repairs[0].code is RepairCode.REPIN
        assert dict(decision.repairs[0].facts)["user_id"] == "AROADEP"


def test_near_misses_are_ranked_and_bounded() -> None:
    decision = explain(
        session(),
        entry(ROLE.replace("deployer", "deploy")),
        entry(ROLE.replace(A, B)),
        entry(f"arn:aws:iam::{A}:role/one/deployer"),
        entry(f"arn:aws:iam::{A}:role/two/deployer"),
        *[entry(ROLE.replace("deployer", f"deploye{n}")) for n in range(9)],
    )
    assert [step.at.tokens()[-1] for step in decision.nearest] == ["2", "3", "1", "4", "5"]
    assert len(decision.nearest) == MAX_NEAREST
    assert len(decision.trace) == 14


def repair_codes(decision: Decision[KubeUser]) -> list[ReasonCode]:
    return [repair.code for repair in decision.repairs]


def test_the_repair_corrects_an_entry_that_means_the_caller() -> None:
    decision = explain(session(), entry(f"arn:aws:iam::{A}:role/ci/deployer"))
    assert repair_codes(decision) == [RepairCode.REPLACE_ARN, RepairCode.MAP]
    assert dict(decision.repairs[0].facts) == {
        "arn": ROLE,
        "found": f"arn:aws:iam::{A}:role/ci/deployer",
        "at": "configmap/kube-system/aws-auth#/data/mapRoles/0",
    }


def test_the_command_to_map_never_suggests_system_groups() -> None:
    decision = explain(session(), entry(ROLE.replace(A, B)))
    assert repair_codes(decision) == [RepairCode.MAP]
    assert dict(decision.repairs[0].facts) == {"arn": ROLE, "groups": "team"}
    assert dict(explain(session()).repairs[0].facts) == {"arn": ROLE, "groups": ""}


def test_other_repairs() -> None:
    assert repair_codes(explain(session(SET_ROLE), sso())) == [RepairCode.SSO_ON, RepairCode.MAP]
    node = entry(ROLE, username="system:node:{{EC2PrivateDNSName}}")
    assert repair_codes(explain(session(), node)) == [RepairCode.SESSION_NAME]
    pinned = entry(f"arn:aws:iam::{A}:role/old", userid="AROADEP")
    assert repair_codes(explain(session(), pinned, strict=True)) == []


@pytest.mark.parametrize("reading", Reading)
def test_an_unreadable_section_comes_first(reading: Reading) -> None:
    auth = parse({"mapRoles": f"- rolearn: {ROLE}\n\t"}, Rules(reading, sso_role_match=False))
    decision = resolve(session(), [Backend.from_aws_auth(auth, CONFIG_MAP)], explain=True)
    assert [step.code for step in decision.nearest] == [MappingCode.UNREAD]
    assert repair_codes(decision) == [RepairCode.READABLE]
    assert "line 2" in decision.repairs[0].sentence()


def test_an_explained_yes_names_every_entry_of_the_caller() -> None:
    decision = explain(session(), entry(ROLE), entry(ROLE.upper().replace("ARN:AWS:IAM", "arn:aws:iam")))
    codes = [step.code for step in decision.trace]
    assert codes == [EntryCode.MATCHED, EntryCode.MATCHED, MappingCode.ROLE]
    assert decision.decisive[0].at == CONFIG_MAP.child("mapRoles", 1)
    assert (decision.nearest, decision.repairs) == ((), ())
