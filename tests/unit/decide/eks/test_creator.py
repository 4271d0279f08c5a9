"""The hidden administrator: in which mode, by which spelling, and what an unread fact leaves open."""

import pytest

from sekisho.decide.authn.sts_answer import StsIdentity, identity_of
from sekisho.decide.decision import Outcome
from sekisho.decide.eks.creator import Code, admit
from sekisho.decide.values import KubeUser, Ref

A = "111122223333"
AT = Ref("arn:aws:eks:eu-west-1:111122223333:cluster/one")
ANA = identity_of(f"arn:aws:iam::{A}:user/dev/ana", "AIDAANA", A, "AKIAANA")
OPS = identity_of(f"arn:aws:sts::{A}:assumed-role/ops/mia", "AROAOPS:mia", A, "ASIAOPS")
ROOT = identity_of(f"arn:aws:iam::{A}:root", A, A, "AKIAROOT")

CASES = {
    "the user who created it": (ANA, f"arn:aws:iam::{A}:user/dev/ana", "CONFIG_MAP", Code.CREATOR),
    "ARNs are compared ignoring case": (ANA, f"arn:aws:iam::{A}:user/dev/ANA", "CONFIG_MAP", Code.CREATOR),
    "a user under another path is another": (
        ANA,
        f"arn:aws:iam::{A}:user/ana",
        "CONFIG_MAP",
        Code.NOT_CREATOR,
    ),
    "a session of the role": (OPS, f"arn:aws:iam::{A}:role/ops", "CONFIG_MAP", Code.CREATOR),
    "the role spelled with its path": (OPS, f"arn:aws:iam::{A}:role/team/ops", "CONFIG_MAP", Code.CREATOR),
    "the role spelled by another session": (
        OPS,
        f"arn:aws:sts::{A}:assumed-role/ops/tom",
        "CONFIG_MAP",
        Code.CREATOR,
    ),
    "another role": (OPS, f"arn:aws:iam::{A}:role/app", "CONFIG_MAP", Code.NOT_CREATOR),
    "a user of the role's name": (OPS, f"arn:aws:iam::{A}:user/ops", "CONFIG_MAP", Code.NOT_CREATOR),
    "the role of another account": (
        OPS,
        "arn:aws:iam::444455556666:role/ops",
        "CONFIG_MAP",
        Code.NOT_CREATOR,
    ),
    "the role of another partition": (OPS, f"arn:aws-cn:iam::{A}:role/ops", "CONFIG_MAP", Code.NOT_CREATOR),
    "the root user": (ROOT, f"arn:aws:iam::{A}:root", "CONFIG_MAP", Code.CREATOR),
    "root created it, a user calls": (ANA, f"arn:aws:iam::{A}:root", "CONFIG_MAP", Code.NOT_CREATOR),
    "what is no ARN names nobody": (ANA, "ana", "CONFIG_MAP", Code.NOT_CREATOR),
    "nor does an empty text": (ANA, "", "CONFIG_MAP", Code.NOT_CREATOR),
    "creator not read": (ANA, None, "CONFIG_MAP", Code.UNKNOWN_CREATOR),
    "mode with both sources": (
        ANA,
        f"arn:aws:iam::{A}:user/dev/ana",
        "API_AND_CONFIG_MAP",
        Code.NO_HIDDEN_ADMIN,
    ),
    "mode with access entries": (ANA, f"arn:aws:iam::{A}:user/dev/ana", "API", Code.NO_HIDDEN_ADMIN),
    "creator not read where it does not matter": (ANA, None, "API", Code.NO_HIDDEN_ADMIN),
    "mode not read, the creator calls": (ANA, f"arn:aws:iam::{A}:user/dev/ana", "", Code.UNKNOWN_MODE),
    "mode not read, nor the creator": (ANA, None, "unread", Code.UNKNOWN_MODE),
    "mode not read, somebody else calls": (OPS, f"arn:aws:iam::{A}:user/dev/ana", "", Code.NOT_CREATOR),
}
OUTCOMES = {
    Code.CREATOR: Outcome.ALLOW,
    Code.UNKNOWN_CREATOR: Outcome.UNKNOWN,
    Code.UNKNOWN_MODE: Outcome.UNKNOWN,
    Code.NOT_CREATOR: Outcome.NO_OPINION,
    Code.NO_HIDDEN_ADMIN: Outcome.NO_OPINION,
}


@pytest.mark.parametrize(("identity", "creator", "mode", "code"), CASES.values(), ids=CASES.keys())
def test_admission(identity: StsIdentity, creator: str | None, mode: str, code: Code) -> None:
    decision = admit(identity, creator, mode, AT)
    assert [step.code for step in decision.decisive] == [code]
    assert decision.decisive[0].at == AT.child("creator")
    assert decision.outcome is OUTCOMES[code]
    assert (decision.value is not None) is decision.allowed


def test_the_administrator() -> None:
    assert admit(OPS, f"arn:aws:iam::{A}:role/ops", "CONFIG_MAP", AT).value == KubeUser(
        "kubernetes-admin",
        ("system:masters",),
        f"aws-iam-authenticator:{A}:AROAOPS",
        (
            ("accessKeyId", ("ASIAOPS",)),
            ("arn", (f"arn:aws:sts::{A}:assumed-role/ops/mia",)),
            ("canonicalArn", (f"arn:aws:iam::{A}:role/ops",)),
            ("sessionName", ("mia",)),
        ),
    )
