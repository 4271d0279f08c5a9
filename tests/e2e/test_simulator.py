"""The policy simulator with the real command line client, as its own reference shows it."""

from collections.abc import Iterator

import pytest

from e2e.e2e_shell import ACCOUNT, Shell, shell_of
from sekisho.testing import running_lab

DYNAMODB = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
    '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2015-08-16T12:00:00Z"}}}}'
)
WHEN = "ContextKeyName=aws:CurrentTime,ContextKeyType=date,ContextKeyValues="


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("simulator")
    with running_lab(folder / "lab") as lab:
        yield shell_of(lab, folder / "bin", ("aws",))


def test_the_example_of_the_reference(shell: Shell) -> None:
    """AWS CLI Reference, "simulate-custom-policy", examples 1 and 2."""
    asked = ("--policy-input-list", DYNAMODB, "--action-names", "dynamodb:CreateBackup", "--context-entries")
    (found,) = shell.document("aws iam simulate-custom-policy", *asked, f"{WHEN}2019-04-25T11:00:00Z")[
        "EvaluationResults"
    ]
    assert (found["EvalDecision"], found["EvalResourceName"]) == ("allowed", "*")
    (statement,) = found["MatchedStatements"]
    assert statement["SourcePolicyId"] == "PolicyInputList.1"
    assert statement["StartPosition"] == {"Line": 1, "Column": 38}
    assert statement["EndPosition"] == {"Line": 1, "Column": 167}
    assert found["MissingContextValues"] == []
    (found,) = shell.document("aws iam simulate-custom-policy", *asked, f"{WHEN}2014-04-25T11:00:00Z")[
        "EvaluationResults"
    ]
    assert (found["EvalDecision"], found["MatchedStatements"]) == ("implicitDeny", [])


def test_an_administrator(shell: Shell) -> None:
    source = f"arn:aws:iam::{ACCOUNT}:user/eks-admin"
    command = "aws iam simulate-principal-policy --action-names eks:CreateCluster --policy-source-arn"
    (found,) = shell.document(command, source)["EvaluationResults"]
    assert [one["SourcePolicyId"] for one in found["MatchedStatements"]] == ["AdministratorAccess"]
    refused = shell(command, f"arn:aws:iam::{ACCOUNT}:user/ghost")
    assert refused.returncode != 0
    assert "(NoSuchEntity) when calling the SimulatePrincipalPolicy operation" in refused.stderr
