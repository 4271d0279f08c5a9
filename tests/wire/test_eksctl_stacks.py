"""The requests that eksctl's commands on stacks send, as forms and in order; and what outlives the lab.

`create|get|update|delete iamserviceaccount`: eksctl keeps its state in CloudFormation, so it lists stacks,
reads their tags, outputs and templates, and changes them through change sets.
"""

import json
import re
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path
from urllib.parse import urlencode

import pytest
from botocore.credentials import Credentials

from sekisho.testing import RunningLab, running_lab
from support.boto_lab import HOME, REGION, profile
from support.stacks import AUDIENCE, CLUSTER, IAM, READ, Stacks, role, service_account_template, template
from wire.test_eksctl_requests import FORM, Eksctl

HOST = f"cloudformation.{REGION}.amazonaws.com"
STACK = f"eksctl-{CLUSTER}-addon-iamserviceaccount-default-reader"
TAGS = {
    "alpha.eksctl.io/cluster-name": CLUSTER,
    "alpha.eksctl.io/iamserviceaccount-name": "default/reader",
    "eksctl.cluster.k8s.io/v1alpha1/cluster-name": CLUSTER,
}
LOOK = "arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess"


@pytest.fixture(scope="module")
def eksctl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Eksctl]:
    with running_lab(tmp_path_factory.mktemp("eksctl") / "lab", None, "--pods", "off") as lab:
        yield Eksctl(lab, creator(lab))


def creator(lab: RunningLab) -> Credentials:
    files = ConfigParser()
    files.read(lab.state.aws_credentials)
    keys = files["creator"]
    return Credentials(keys["aws_access_key_id"], keys["aws_secret_access_key"])


def ask(eksctl: Eksctl, action: str, **parameters: str) -> str:
    """Send a form and return the document that answers it."""
    numbered = {
        re.sub(r"_(\d+)_?", r".member.\1.", name).rstrip("."): text for name, text in parameters.items()
    }
    body = urlencode({"Action": action, "Version": "2010-05-15", **numbered})
    answered, text = eksctl.aws(HOST, "POST", "/", body, FORM)
    assert (answered == 400) == ("<ErrorResponse" in text), text
    return text


def tags() -> dict[str, str]:
    return {
        f"Tags_{number}_{member}": text
        for number, pair in enumerate(TAGS.items(), 1)
        for member, text in zip(("Key", "Value"), pair, strict=True)
    }


def elements(text: str, name: str) -> list[str]:
    return re.findall(f"<{name}>([^<]*)</{name}>", text)


def test_create_get_update_and_delete_iamserviceaccount(eksctl: Eksctl) -> None:
    issuer = "https://oidc.eks.ap-northeast-1.amazonaws.com/id/0A1B"
    body = service_account_template(issuer, "default", "reader")
    missing = ask(eksctl, "DescribeStacks", StackName=STACK)
    assert elements(missing, "Message") == [f"Stack with id {STACK} does not exist"]
    assert "<Code>ValidationError</Code>" in missing
    made = ask(
        eksctl,
        "CreateStack",
        StackName=STACK,
        TemplateBody=body,
        Capabilities_1="CAPABILITY_IAM",
        DisableRollback="false",
        **tags(),
    )
    (stack_id,) = elements(made, "StackId")
    described = ask(eksctl, "DescribeStacks", StackName=stack_id)
    assert elements(described, "StackStatus") == ["CREATE_COMPLETE"]
    assert elements(described, "OutputKey") == ["Role1"]
    (arn,) = elements(described, "OutputValue")
    assert arn.startswith(f"arn:aws:iam::{HOME}:role/eksctl-eks-clu-addon-iamserviceaccount-")
    listed = ask(
        eksctl,
        "ListStacks",
        StackStatusFilter_1="CREATE_COMPLETE",
        StackStatusFilter_2="UPDATE_COMPLETE",
        StackStatusFilter_3="ROLLBACK_COMPLETE",
    )
    assert elements(listed, "StackName") == [STACK]
    assert set(elements(described, "Key")) == set(TAGS)
    changed = service_account_template(issuer, "default", "reader", arns=(LOOK,))
    names = {"StackName": STACK, "ChangeSetName": "eksctl-update-policies-1"}
    ask(
        eksctl,
        "CreateChangeSet",
        TemplateBody=changed,
        ChangeSetType="UPDATE",
        Description="updating policies for IAM service account",
        Capabilities_1="CAPABILITY_IAM",
        **names,
        **tags(),
    )
    shown = ask(eksctl, "DescribeChangeSet", **names)
    assert elements(shown, "Status") == ["CREATE_COMPLETE"]
    assert (elements(shown, "Action"), elements(shown, "Replacement")) == (["Modify"], ["False"])
    ask(eksctl, "ExecuteChangeSet", **names)
    assert elements(ask(eksctl, "DescribeStacks", StackName=STACK), "StackStatus") == ["UPDATE_COMPLETE"]
    found = profile(eksctl.lab, "creator").ask(
        "iam", "list_attached_role_policies", RoleName=arn.rpartition("/")[2]
    )
    assert [one["PolicyArn"] for one in found["AttachedPolicies"]] == [LOOK]
    ask(eksctl, "DeleteStack", StackName=stack_id)
    assert elements(ask(eksctl, "DescribeStacks", StackName=stack_id), "StackStatus") == ["DELETE_COMPLETE"]
    events = ask(eksctl, "DescribeStackEvents", StackName=stack_id)
    assert elements(events, "ResourceStatus")[:2] == ["DELETE_COMPLETE", "DELETE_COMPLETE"]


def test_stacks_outlive_a_restart_and_travel_in_world_files(eksctl: Eksctl, tmp_path: Path) -> None:
    lab = eksctl.lab
    stacks = Stacks(profile(lab, "creator"))
    issuer = stacks.caller.ask("eks", "describe_cluster", name=CLUSTER)["cluster"]["identity"]["oidc"][
        "issuer"
    ]
    stacks.caller.ask("iam", "create_open_id_connect_provider", Url=issuer, ClientIDList=[AUDIENCE])
    body = service_account_template(issuer, "default", "reader")
    stacks.create(STACK, body, Capabilities=IAM, EnableTerminationProtection=True)
    hidden = {"Word": {"Type": "String", "NoEcho": True}, "Path": {"Type": "String", "Default": "/"}}
    secretive = template({"R": role(Path={"Ref": "Path"})}, Parameters=hidden)
    word = [{"ParameterKey": "Word", "ParameterValue": "open-sesame"}]
    stacks.create("secretive", secretive, Parameters=word)
    outputs = stacks.outputs(STACK)
    lab.stop()
    lab.start()
    assert (stacks.stack(STACK)["StackStatus"], stacks.outputs(STACK)) == ("CREATE_COMPLETE", outputs)
    kept = [
        {"ParameterKey": "Word", "UsePreviousValue": True},
        {"ParameterKey": "Path", "ParameterValue": "/x/"},
    ]
    stacks.update("secretive", secretive, Parameters=kept)
    saved = lab.run(["sekisho", "world", "save"])
    assert saved.returncode == 0, saved.stderr
    assert "open-sesame" not in saved.stdout
    file = tmp_path / "world.yaml"
    file.write_text(saved.stdout)
    with running_lab(tmp_path / "second", file, "--pods", "off") as second:
        loaded = Stacks(profile(second, "creator"))
        assert loaded.outputs(STACK) == outputs
        assert loaded.stack(STACK)["EnableTerminationProtection"] is True
        assert loaded.physical(STACK) == stacks.physical(STACK)
        loaded.update(STACK, service_account_template(issuer, "default", "reader", arns=(READ, LOOK)))
        assert loaded.stack(STACK)["StackStatus"] == "UPDATE_COMPLETE"
        refused = loaded.caller.refused(
            "cloudformation",
            "update_stack",
            StackName="secretive",
            TemplateBody=secretive,
            Parameters=kept,
            Capabilities=IAM,
        )
        assert refused.message == "The value of parameter Word was not saved with this world; give it again"
        loaded.client.delete_stack(StackName="secretive")
        assert loaded.caller.refused("cloudformation", "describe_stacks", StackName="secretive").status == 400


WRITTEN = {
    "a template that is none": ("[]", "AWS::IAM::Role", "x", "unsupported structure."),
    "a resource that the template does not have": (
        template({"Other": role()}),
        "AWS::IAM::Role",
        "x",
        "The template of stack written has no resource One of the type AWS::IAM::Role",
    ),
    "a type that is not served": (
        template({"One": {"Type": "AWS::S3::Bucket"}}),
        "AWS::S3::Bucket",
        "x",
        "the lab does not serve resources of the types [AWS::S3::Bucket]; nothing was changed",
    ),
    "an id that is none": (
        template(
            {
                "One": {
                    "Type": "AWS::EKS::AccessEntry",
                    "Properties": {"ClusterName": CLUSTER, "PrincipalArn": "x"},
                }
            }
        ),
        "AWS::EKS::AccessEntry",
        "x",
        "",
    ),
}


@pytest.mark.parametrize(("body", "type_", "physical_id", "problem"), WRITTEN.values(), ids=WRITTEN.keys())
def test_a_stack_that_a_world_file_made_up(
    eksctl: Eksctl, tmp_path: Path, body: str, type_: str, physical_id: str, problem: str
) -> None:
    resource = {"logicalId": "One", "type": type_, "physicalId": physical_id}
    stack = {"name": "written", "region": REGION, "template": body, "resources": [resource]}
    world = {
        "apiVersion": "sekisho.dev/v1alpha1",
        "kind": "World",
        "region": REGION,
        "accounts": [{"id": HOME, "accessKeys": [{"profile": "default"}], "stacks": [stack]}],
    }
    file = tmp_path / "world.json"
    file.write_text(json.dumps(world))
    loaded = eksctl.lab.run(["sekisho", "world", "load", "--yes", file])
    assert loaded.returncode == 0, loaded.stderr
    stacks = Stacks(profile(eksctl.lab, "default"))
    if problem:
        refused = stacks.caller.refused("cloudformation", "delete_stack", StackName="written")
        assert (refused.code, problem in refused.message) == ("ValidationError", True)
    else:
        stacks.client.delete_stack(StackName="written")
        assert stacks.stack("written")["StackStatus"] == "DELETE_FAILED"
        assert stacks.failures("written")[1] == "`x` is the id of no such resource"
