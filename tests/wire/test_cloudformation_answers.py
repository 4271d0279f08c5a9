"""What is told of stacks with real boto3: pages, exports, protection, parameters, regions, permissions."""

import json
from typing import Any

import pytest

from sekisho.testing import RunningLab
from support.boto_lab import HOME, REGION, Caller, new_user
from support.stacks import IAM, Stacks, may, role, template

ROLE_ONLY = template({"Role1": role()}, Outputs={"Role1": {"Value": {"Fn::GetAtt": "Role1.Arn"}}})


@pytest.fixture(scope="module")
def stacks(home: Caller) -> Stacks:
    return Stacks(home)


def test_long_lists_have_pages(stacks: Stacks, home: Caller) -> None:
    """CloudFormation API Reference: "by default, CloudFormation returns up to 100 resources"."""
    count = 101
    names = [f"Group{number}" for number in range(count)]
    groups: dict[str, Any] = {name: {"Type": "AWS::IAM::Group"} for name in names}
    body = template(groups, Outputs={name: {"Value": name, "Export": {"Name": name}} for name in names})
    names_of = {"StackName": "long", "ChangeSetName": "c"}
    client = stacks.client
    client.create_change_set(**names_of, ChangeSetType="CREATE", TemplateBody=body, Capabilities=IAM)
    changes = client.get_paginator("describe_change_set").paginate(**names_of)
    assert [len(page["Changes"]) for page in changes] == [100, 1]
    client.execute_change_set(**names_of)
    resources = client.get_paginator("list_stack_resources").paginate(StackName="long")
    assert [len(page["StackResourceSummaries"]) for page in resources] == [100, 1]
    assert [len(page["Exports"]) for page in client.get_paginator("list_exports").paginate()] == [100, 1]
    events = client.get_paginator("describe_stack_events").paginate(StackName="long").build_full_result()
    assert len(events["StackEvents"]) == 3 + 3 * count
    refused = home.refused("cloudformation", "list_exports", NextToken="x")
    assert (refused.code, refused.message) == ("ValidationError", "the pagination token is not valid")
    client.delete_stack(StackName="long")


def test_exports_are_imported_and_held(stacks: Stacks, home: Caller) -> None:
    exported = {"Arn": {"Value": {"Fn::GetAtt": "Role1.Arn"}, "Export": {"Name": "shared-role"}}}
    stacks.create("exporter", template({"Role1": role()}, Outputs=exported))
    described = {"Description": {"Fn::ImportValue": "shared-role"}}
    stacks.create("importer", template({"Role1": role(**described)}))
    arn = stacks.outputs("exporter")["Arn"]
    (found,) = stacks.client.list_exports()["Exports"]
    assert (found["Name"], found["Value"]) == ("shared-role", arn)
    assert stacks.client.list_imports(ExportName="shared-role")["Imports"] == ["importer"]
    name = stacks.physical("importer")["Role1"]
    assert home.ask("iam", "get_role", RoleName=name)["Role"]["Description"] == arn
    stacks.client.delete_stack(StackName="exporter")
    assert stacks.stack("exporter")["StackStatus"] == "DELETE_FAILED"
    assert (
        stacks.stack("exporter")["StackStatusReason"]
        == "Export shared-role cannot be deleted as it is in use by importer"
    )
    stacks.create("double", template({"Role1": role()}, Outputs=exported))
    assert stacks.stack("double")["StackStatus"] == "ROLLBACK_COMPLETE"
    assert "Export with name shared-role is already exported by stack exporter." in stacks.reason(
        "double", "double", "ROLLBACK_IN_PROGRESS"
    )
    for one in ("double", "importer", "exporter"):
        stacks.client.delete_stack(StackName=one)
    assert stacks.client.list_exports()["Exports"] == []
    refused = home.refused("cloudformation", "list_imports", ExportName="shared-role")
    assert refused.message == "Export 'shared-role' is not imported by any stack."


def test_a_protected_stack_is_not_deleted(stacks: Stacks, home: Caller) -> None:
    stacks.create("protected", ROLE_ONLY, EnableTerminationProtection=True)
    refused = home.refused("cloudformation", "delete_stack", StackName="protected")
    assert refused.message == "Stack [protected] cannot be deleted while TerminationProtection is enabled"
    stacks.client.update_termination_protection(StackName="protected", EnableTerminationProtection=False)
    stacks.client.delete_stack(StackName="protected")
    assert "protected" not in [one["StackName"] for one in stacks.client.describe_stacks()["Stacks"]]


def test_a_stack_is_made_once(stacks: Stacks, home: Caller) -> None:
    id_ = stacks.create("once", ROLE_ONLY, ClientRequestToken="t-1")
    assert stacks.create("once", ROLE_ONLY, ClientRequestToken="t-1") == id_
    refused = home.refused(
        "cloudformation", "create_stack", StackName="once", TemplateBody=ROLE_ONLY, Capabilities=IAM
    )
    assert (refused.code, refused.message) == ("AlreadyExistsException", "Stack [once] already exists")
    (event, *_) = stacks.client.describe_stack_events(StackName="once")["StackEvents"]
    assert event["ClientRequestToken"] == "t-1"
    detail = stacks.client.describe_stack_resource(StackName="once", LogicalResourceId="Role1")
    assert detail["StackResourceDetail"]["ResourceStatus"] == "CREATE_COMPLETE"
    (listed,) = stacks.client.list_stack_resources(StackName="once")["StackResourceSummaries"]
    assert listed["LogicalResourceId"] == "Role1"
    found = stacks.client.describe_stack_resources(PhysicalResourceId=listed["PhysicalResourceId"])
    assert found["StackResources"][0]["StackName"] == "once"
    stacks.client.delete_stack(StackName="once")
    gone = stacks.client.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
    assert id_ in [one["StackId"] for one in gone]


def test_parameters_are_kept_and_hidden(stacks: Stacks, home: Caller, lab: RunningLab) -> None:
    declared = {
        "Word": {"Type": "String", "NoEcho": True, "MinLength": 3},
        "Stage": {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"]},
        "Groups": {"Type": "CommaDelimitedList", "Default": "a, b"},
    }
    described = {"Fn::Sub": ["${Stage}: ${Listed}", {"Listed": {"Fn::Join": ["+", {"Ref": "Groups"}]}}]}
    body = template({"Role1": role(Description=described)}, Parameters=declared)
    given = [{"ParameterKey": "Word", "ParameterValue": "open-sesame"}]
    stacks.create("parametric", body, Parameters=given)
    shown = {one["ParameterKey"]: one["ParameterValue"] for one in stacks.stack("parametric")["Parameters"]}
    assert shown == {"Word": "****", "Stage": "dev", "Groups": "a, b"}
    assert "open-sesame" not in json.dumps(lab.client.get("/facts"))
    kept = [
        {"ParameterKey": "Word", "UsePreviousValue": True},
        {"ParameterKey": "Stage", "ParameterValue": "prod"},
    ]
    stacks.client.update_stack(
        StackName="parametric", UsePreviousTemplate=True, Parameters=kept, Capabilities=IAM
    )
    name = stacks.physical("parametric")["Role1"]
    assert home.ask("iam", "get_role", RoleName=name)["Role"]["Description"] == "prod: a+b"
    refusals = {
        "Parameters: [Word] must have values": [],
        "Parameters: [Other] do not exist in the template": [
            *given,
            {"ParameterKey": "Other", "ParameterValue": "x"},
        ],
        "Parameter 'Word' must contain at least 3 characters": [
            {"ParameterKey": "Word", "ParameterValue": "no"}
        ],
        "Parameter 'Stage' must be one of AllowedValues": [
            *given,
            {"ParameterKey": "Stage", "ParameterValue": "test"},
        ],
    }
    for sentence, parameters in refusals.items():
        assert stacks.refused("refused", body, Parameters=parameters) == f"ValidationError: {sentence}"
    summary = stacks.client.get_template_summary(TemplateBody=body)
    assert summary["Capabilities"] == IAM
    assert summary["ResourceTypes"] == ["AWS::IAM::Role"]
    assert [one["ParameterKey"] for one in summary["Parameters"]] == ["Word", "Stage", "Groups"]
    told = stacks.client.validate_template(TemplateBody=body)
    assert told["CapabilitiesReason"] == "The following resource(s) require capabilities: [AWS::IAM::Role]"
    stacks.client.delete_stack(StackName="parametric")


def test_stacks_are_of_a_region(home: Caller) -> None:
    elsewhere = home.client("cloudformation", "eu-west-1")
    id_ = elsewhere.create_stack(StackName="regional", TemplateBody=ROLE_ONLY, Capabilities=IAM)["StackId"]
    assert id_.startswith(f"arn:aws:cloudformation:eu-west-1:{HOME}:stack/regional/")
    assert home.refused("cloudformation", "describe_stacks", StackName="regional").status == 400
    elsewhere.delete_stack(StackName="regional")


def test_who_may_do_what_with_which_stack(home: Caller) -> None:
    own = f"arn:aws:cloudformation:{REGION}:{HOME}:stack/own-*/*"
    document = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "cloudformation:*", "Resource": own},
                {"Effect": "Allow", "Action": "iam:*", "Resource": "*"},
            ],
        }
    )
    user = Stacks(new_user(home, "owner-of-stacks", document))
    user.create("own-one", ROLE_ONLY)
    assert user.stack("own-one")["StackStatus"] == "CREATE_COMPLETE"
    asked: dict[str, Any] = {"TemplateBody": ROLE_ONLY, "Capabilities": IAM}
    refused = user.caller.refused("cloudformation", "create_stack", StackName="others", **asked)
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert (
        f"cloudformation:CreateStack on resource: arn:aws:cloudformation:{REGION}:{HOME}:stack/others/*"
        in (refused.message)
    )
    for operation in ("describe_stacks", "list_stacks"):
        assert user.caller.refused("cloudformation", operation).code == "AccessDenied"
    user.client.delete_stack(StackName="own-one")


def test_conditions_on_stacks(home: Caller) -> None:
    statement = {
        "Effect": "Deny",
        "Action": "cloudformation:CreateStack",
        "Resource": "*",
        "Condition": {"ForAnyValue:StringLike": {"cloudformation:ResourceTypes": ["AWS::IAM::User"]}},
    }
    deny = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    user = new_user(home, "conditioned", may("iam:*"), deny)
    asked: dict[str, Any] = {"StackName": "conditioned", "TemplateBody": ROLE_ONLY, "Capabilities": IAM}
    refused = user.refused("cloudformation", "create_stack", ResourceTypes=["AWS::IAM::User"], **asked)
    assert refused.code == "AccessDenied"
    refused = user.refused("cloudformation", "create_stack", ResourceTypes=["AWS::IAM::Group"], **asked)
    assert (
        refused.message
        == "Resource type AWS::IAM::Role is not allowed by parameter ResourceTypes [AWS::IAM::Group]"
    )
    user.ask("cloudformation", "create_stack", ResourceTypes=["AWS::IAM::*"], **asked)
    home.ask("cloudformation", "delete_stack", StackName="conditioned")
