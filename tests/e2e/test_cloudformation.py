"""`aws cloudformation deploy` with the real command line client, and what it says of failures."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.e2e_shell import ACCOUNT, Shell, shell_of
from sekisho.testing import running_lab

TEMPLATE = """\
AWSTemplateFormatVersion: 2010-09-09
Parameters:
  Stage: {Type: String, Default: dev, AllowedValues: [dev, prod]}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Resources:
  Reader:
    Type: AWS::IAM::Role
    Properties:
      Description: !Sub "reads in ${Stage} of ${AWS::AccountId}"
      Path: !If [IsProd, /prod/, !Ref "AWS::NoValue"]
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: {Service: !Sub "ec2.${AWS::URLSuffix}"}
            Action: sts:AssumeRole
      ManagedPolicyArns:
        - !Sub arn:${AWS::Partition}:iam::aws:policy/AmazonS3ReadOnlyAccess
Outputs:
  ReaderArn:
    Value: !GetAtt Reader.Arn
"""
DEPLOY = "aws cloudformation deploy --stack-name readers --template-file"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("cloudformation")
    with running_lab(folder / "lab", None, "--pods", "off") as lab:
        yield shell_of(lab, folder / "bin", ("aws",))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "readers.yaml"
    file.write_text(TEMPLATE)
    return file


def output_of(shell: Shell, stack: str) -> str:
    query = "Stacks[0].Outputs[0].OutputValue"
    command = f"aws cloudformation describe-stacks --stack-name {stack} --output text --query {query}"
    return shell.output(command).strip()


def test_deploy_makes_leaves_alone_and_changes(shell: Shell, template: Path) -> None:
    refused = shell(DEPLOY, template)
    assert refused.returncode != 0
    assert "(InsufficientCapabilitiesException)" in refused.stderr
    assert "Requires capabilities : [CAPABILITY_IAM]" in refused.stderr
    made = shell.output(f"{DEPLOY} {template} --capabilities CAPABILITY_IAM")
    assert "Successfully created/updated stack - readers" in made
    first = output_of(shell, "readers")
    assert first.startswith(f"arn:aws:iam::{ACCOUNT}:role/readers-Reader-")
    again = shell.output(f"{DEPLOY} {template} --capabilities CAPABILITY_IAM --no-fail-on-empty-changeset")
    assert "No changes to deploy. Stack readers is up to date" in again
    changed = (
        f"{DEPLOY} {template} --capabilities CAPABILITY_IAM --parameter-overrides Stage=prod --tags team=red"
    )
    assert "Successfully created/updated stack - readers" in shell.output(changed)
    second = output_of(shell, "readers")
    assert second.startswith(f"arn:aws:iam::{ACCOUNT}:role/prod/readers-Reader-")
    name = second.rpartition("/")[2]
    role = shell.document(f"aws iam get-role --role-name {name}")["Role"]
    assert role["Description"] == f"reads in prod of {ACCOUNT}"
    assert {"Key": "team", "Value": "red"} in role["Tags"]
    shell.output("aws cloudformation delete-stack --stack-name readers")
    shell.output("aws cloudformation wait stack-delete-complete --stack-name readers")
    assert "(NoSuchEntity)" in shell(f"aws iam get-role --role-name {name}").stderr


def test_a_deployer_without_permission_is_told_why(shell: Shell, template: Path) -> None:
    user = shell.new_user("deployer")
    statement = {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    shell.output("aws iam put-user-policy --user-name deployer --policy-name p --policy-document", document)
    failed = user(f"{DEPLOY} {template} --capabilities CAPABILITY_IAM")
    assert failed.returncode != 0
    assert "Failed to create/update the stack" in failed.stderr
    events = user.document("aws cloudformation describe-stack-events --stack-name readers")["StackEvents"]
    (reason,) = [one["ResourceStatusReason"] for one in events if one["ResourceStatus"] == "CREATE_FAILED"]
    assert "is not authorized to perform: iam:CreateRole" in reason
    told = shell.document("sekisho why --last -o json")
    assert (told["client"], told["asked"]) == ("cloudformation.amazonaws.com", ["iam CreateRole"])


def test_what_the_lab_does_not_serve_is_refused_before_anything_happens(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "mixed.yaml"
    file.write_text(f"{TEMPLATE.partition('Outputs:')[0]}  Bucket:\n    Type: AWS::S3::Bucket\n")
    refused = shell(
        f"aws cloudformation deploy --stack-name mixed --capabilities CAPABILITY_IAM --template-file {file}"
    )
    assert "the lab does not serve resources of the types [AWS::S3::Bucket]; nothing was changed" in (
        refused.stderr
    )
    assert "(ValidationError)" in shell("aws cloudformation describe-stacks --stack-name mixed").stderr
