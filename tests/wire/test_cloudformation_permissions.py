"""With whose permissions a stack's resources are made: the caller's, or those of the role that it passed.

Source: IAM User Guide, "Forward access sessions"; CloudFormation User Guide, "CloudFormation service role",
"Acknowledging IAM resources in CloudFormation templates".
"""

import json
from typing import Any

import pytest

from sekisho.testing import RunningLab
from support.boto_lab import (
    AWAY,
    HOME,
    Caller,
    codes_of,
    last_refusal,
    new_role,
    new_user,
    policy,
    trust,
)
from support.stacks import IAM, NAMED_IAM, READ, Stacks, may, role, service_account_template, template

ONE_ROLE = template({"Role1": role(ManagedPolicyArns=[READ])})
NAMED = template({"Role1": role(RoleName="named-by-template")})


def deny(*actions: str, **members: Any) -> str:
    return policy(*actions, Effect="Deny", Resource="*", **members)


def trusting(service: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        }
    )


@pytest.fixture(scope="module")
def deployer(home: Caller) -> str:
    """Return the ARN of a role that CloudFormation may assume, and that may do everything with IAM."""
    trusted = trusting("cloudformation.amazonaws.com")
    return new_role(home, "deployer", trusted, policy("iam:*", Resource="*"))


class TestCaller:
    """Without a role the caller's own permissions decide about every call."""

    def test_a_missing_permission_fails_the_stack_and_is_explained(
        self, lab: RunningLab, home: Caller
    ) -> None:
        user = new_user(home, "no-create-role", may("iam:GetRole"))
        stacks = Stacks(user)
        stacks.create("unpermitted", ONE_ROLE)
        assert stacks.stack("unpermitted")["StackStatus"] == "ROLLBACK_COMPLETE"
        reason = stacks.reason("unpermitted", "Role1", "CREATE_FAILED")
        assert (
            f"User: arn:aws:iam::{HOME}:user/no-create-role is not authorized to perform: iam:CreateRole on "
            in (reason)
        )
        assert "because no identity-based policy allows the iam:CreateRole action (Service: Iam, " in reason
        assert reason.endswith(", HandlerErrorCode: AccessDenied)")
        entry = last_refusal(lab)
        assert entry["id"] in reason
        assert (entry["client"], entry["target"], entry["asked"]) == (
            "cloudformation.amazonaws.com",
            "iam",
            ["iam CreateRole"],
        )
        assert entry["who"] == f"arn:aws:iam::{HOME}:user/no-create-role"
        assert codes_of(entry) == ["iam.no-statement-allows"]
        told = lab.run(["sekisho", "why", "--last"]).stdout
        assert "aws iam put-user-policy --user-name no-create-role" in told

    def test_what_was_made_before_the_refusal_goes(self, home: Caller) -> None:
        user = new_user(home, "no-attach", may("iam:CreateRole", "iam:DeleteRole"))
        stacks = Stacks(user)
        stacks.create(
            "half",
            template(
                {
                    "Plain": role(RoleName="half-plain"),
                    "Role1": {**role(ManagedPolicyArns=[READ]), "DependsOn": "Plain"},
                }
            ),
        )
        assert "iam:AttachRolePolicy" in stacks.failures("half")[0]
        names = [one["RoleName"] for one in home.ask("iam", "list_roles")["Roles"]]
        assert [name for name in names if name.startswith("half-")] == []

    def test_a_rollback_needs_permissions_too(self, home: Caller) -> None:
        user = new_user(home, "no-delete", may("iam:CreateRole"))
        stacks = Stacks(user)
        body = template(
            {
                "Plain": role(RoleName="left-behind"),
                "Fails": {**role(RoleName="left-behind"), "DependsOn": "Plain"},
            }
        )
        stacks.create("stuck", body)
        assert stacks.stack("stuck")["StackStatus"] == "ROLLBACK_FAILED"
        assert "iam:DeleteRole" in stacks.reason("stuck", "Plain", "DELETE_FAILED")
        Stacks(home).client.delete_stack(StackName="stuck")
        assert home.refused("iam", "get_role", RoleName="left-behind").code == "NoSuchEntity"

    def test_services_are_told_apart_from_callers(self, home: Caller) -> None:
        """The keys that forward access sessions add, and those that they do not have."""
        conditions: dict[str, tuple[dict[str, Any], bool]] = {
            "called via": (
                {"ForAnyValue:StringEquals": {"aws:CalledVia": ["cloudformation.amazonaws.com"]}},
                True,
            ),
            "called via first": (
                {"StringEquals": {"aws:CalledViaFirst": "cloudformation.amazonaws.com"}},
                True,
            ),
            "called via last": (
                {"StringEquals": {"aws:CalledViaLast": "cloudformation.amazonaws.com"}},
                True,
            ),
            "via a service": ({"Bool": {"aws:ViaAWSService": "true"}}, True),
            "not via a service": ({"Bool": {"aws:ViaAWSService": "false"}}, False),
            "from the caller's address": ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, False),
            "by the service's client": (
                {"StringEquals": {"aws:UserAgent": "cloudformation.amazonaws.com"}},
                True,
            ),
            "in IAM's region": ({"StringEquals": {"aws:RequestedRegion": "us-east-1"}}, True),
        }
        user = new_user(home, "via")
        stacks = Stacks(user)
        for name, (condition, is_made) in conditions.items():
            statements = [
                {"Effect": "Allow", "Action": "cloudformation:*", "Resource": "*"},
                {"Effect": "Allow", "Action": "iam:*", "Resource": "*", "Condition": condition},
            ]
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            home.ask("iam", "put_user_policy", UserName="via", PolicyName="p0", PolicyDocument=document)
            stacks.create("via", template({"Role1": role()}))
            found = stacks.stack("via")["StackStatus"]
            assert found == ("CREATE_COMPLETE" if is_made else "ROLLBACK_COMPLETE"), name
            stacks.client.delete_stack(StackName="via")
            direct = user.refused("iam", "create_role", RoleName="via", AssumeRolePolicyDocument="{}")
            # What decides about a call of the service decides the other way about the same call of the user.
            assert (direct.code == "AccessDenied") == (is_made and name != "in IAM's region"), name

    def test_a_service_control_policy_binds_stacks(self, lab: RunningLab, home: Caller, away: Caller) -> None:
        organizations = home.client("organizations")
        organizations.create_organization(FeatureSet="ALL")
        organizations.invite_account_to_organization(Target={"Id": AWAY, "Type": "ACCOUNT"})
        made = organizations.create_policy(
            Name="no-roles", Description="", Type="SERVICE_CONTROL_POLICY", Content=deny("iam:CreateRole")
        )
        organizations.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=AWAY)
        stacks = Stacks(away)
        stacks.create("bound", ONE_ROLE)
        assert "with an explicit deny in a service control policy" in stacks.failures("bound")[0]
        assert codes_of(last_refusal(lab)) == ["iam.denied"]

    def test_a_boundary_can_be_asked_of_what_stacks_make(self, home: Caller) -> None:
        boundary = f"arn:aws:iam::{HOME}:policy/limit"
        home.ask("iam", "create_policy", PolicyName="limit", PolicyDocument=policy("s3:*", Resource="*"))
        condition = {"StringNotEquals": {"iam:PermissionsBoundary": boundary}}
        user = new_user(home, "bounded", may("iam:*"), deny("iam:CreateRole", Condition=condition))
        stacks = Stacks(user)
        stacks.create("without", template({"Role1": role()}))
        assert stacks.stack("without")["StackStatus"] == "ROLLBACK_COMPLETE"
        stacks.create("within", template({"Role1": role(PermissionsBoundary=boundary)}))
        assert stacks.stack("within")["StackStatus"] == "CREATE_COMPLETE"
        assert (
            home.ask("iam", "get_role", RoleName=stacks.physical("within")["Role1"])["Role"][
                "PermissionsBoundary"
            ]["PermissionsBoundaryArn"]
            == boundary
        )

    def test_system_tags_are_not_for_callers(self, home: Caller) -> None:
        stacks = Stacks(home)
        tags = [{"Key": "aws:cloudformation:stack-name", "Value": "mine"}]
        assert stacks.refused("tagged", ONE_ROLE, Tags=tags) == (
            "ValidationError: aws: prefixed tag key names are not allowed for external use."
        )

    def test_nor_can_they_be_taken_away(self, home: Caller) -> None:
        stacks = Stacks(home)
        entry = {"ClusterName": "eks-clu", "PrincipalArn": new_role(home, "tagged", trust(HOME))}
        mode = {"authenticationMode": "API_AND_CONFIG_MAP"}
        home.ask("eks", "update_cluster_config", name="eks-clu", accessConfig=mode)
        stacks.create(
            "own-tags",
            template(
                {"R": role(), "E": {"Type": "AWS::EKS::AccessEntry", "Properties": entry}},
                Outputs={"E": {"Value": {"Fn::GetAtt": "E.AccessEntryArn"}}},
            ),
        )
        key = "aws:cloudformation:stack-name"
        made = stacks.physical("own-tags")["R"]
        refused = home.refused("iam", "untag_role", RoleName=made, TagKeys=[key])
        assert refused.message == "aws: prefixed tag key names are not allowed for external use."
        arn = stacks.outputs("own-tags")["E"]
        for operation, given in (
            ("untag_resource", {"tagKeys": [key]}),
            ("tag_resource", {"tags": {key: "x"}}),
        ):
            assert home.refused("eks", operation, resourceArn=arn, **given).code == "BadRequestException"
        taken = {"principalArn": new_role(home, "tags-itself", trust(HOME)), "tags": {key: "x"}}
        refused = home.refused("eks", "create_access_entry", clusterName="eks-clu", **taken)
        assert refused.message == "aws: prefixed tag keys are reserved for AWS use"
        stacks.client.delete_stack(StackName="own-tags")

    def test_a_hidden_value_is_in_no_reason_and_in_no_journal(self, lab: RunningLab, home: Caller) -> None:
        stacks = Stacks(home)
        body = template(
            {"R": role(Path={"Ref": "Word"})}, Parameters={"Word": {"Type": "String", "NoEcho": True}}
        )
        stacks.create("hushed", body, Parameters=[{"ParameterKey": "Word", "ParameterValue": "open-sesame"}])
        assert "****" in stacks.failures("hushed")[0]
        told = json.dumps([last_refusal(lab), lab.client.get("/facts")])
        assert "open-sesame" not in told
        stacks.client.delete_stack(StackName="hushed")


class TestRole:
    """With a role of the stack's its permissions decide, and the caller has to be allowed to pass it."""

    def test_a_stack_is_made_by_its_role(self, home: Caller, deployer: str) -> None:
        user = new_user(home, "passes", may("iam:PassRole"))
        stacks = Stacks(user)
        stacks.create("by-role", ONE_ROLE, RoleARN=deployer)
        assert stacks.stack("by-role")["StackStatus"] == "CREATE_COMPLETE"
        assert stacks.stack("by-role")["RoleARN"] == deployer
        stacks.update("by-role", template({"Role1": role(Description="by the role that it had")}))
        assert stacks.stack("by-role")["StackStatus"] == "UPDATE_COMPLETE"
        home.ask(
            "iam",
            "put_role_policy",
            RoleName="deployer",
            PolicyName="p0",
            PolicyDocument=policy("iam:Get*", Resource="*"),
        )
        stacks.client.delete_stack(StackName="by-role")
        assert stacks.stack("by-role")["StackStatus"] == "DELETE_FAILED"
        session = f"arn:aws:sts::{HOME}:assumed-role/deployer/AWSCloudFormation"
        refused = f"User: {session} is not authorized to perform: iam:DeleteRole"
        assert refused in stacks.failures("by-role")[1]
        home.ask(
            "iam",
            "put_role_policy",
            RoleName="deployer",
            PolicyName="p0",
            PolicyDocument=policy("iam:*", Resource="*"),
        )
        stacks.client.delete_stack(StackName="by-role")

    def test_a_service_role_calls_for_itself(self, home: Caller, deployer: str) -> None:
        """No key of a forward access session is there: the role is CloudFormation's own session."""
        document = policy(
            "iam:*",
            Resource="*",
            Condition={"Bool": {"aws:ViaAWSService": "false"}, "Null": {"aws:CalledVia": "true"}},
        )
        home.ask("iam", "put_role_policy", RoleName="deployer", PolicyName="p0", PolicyDocument=document)
        stacks = Stacks(home)
        stacks.create("itself", ONE_ROLE, RoleARN=deployer)
        assert stacks.failures("itself") == []
        stacks.client.delete_stack(StackName="itself")

    def test_the_caller_has_to_be_allowed_to_pass_it(self, home: Caller, deployer: str) -> None:
        user = new_user(home, "does-not-pass", may("iam:CreateRole"))
        refused = user.refused(
            "cloudformation",
            "create_stack",
            StackName="x",
            TemplateBody=ONE_ROLE,
            Capabilities=IAM,
            RoleARN=deployer,
        )
        assert (refused.code, refused.status) == ("AccessDenied", 403)
        assert f"iam:PassRole on resource: {deployer}" in refused.message
        only_ec2 = policy(
            "iam:PassRole",
            Resource="*",
            Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        )
        user = new_user(home, "passes-to-ec2", may("iam:CreateRole"), only_ec2)
        refused = user.refused(
            "cloudformation",
            "create_stack",
            StackName="x",
            TemplateBody=ONE_ROLE,
            Capabilities=IAM,
            RoleARN=deployer,
        )
        assert "iam:PassRole" in refused.message

    def test_the_role_has_to_trust_cloudformation(self, lab: RunningLab, home: Caller) -> None:
        arn = new_role(home, "not-for-cfn", trusting("ec2.amazonaws.com"), policy("iam:*", Resource="*"))
        stacks = Stacks(home)
        sentence = f"ValidationError: Role {arn} is invalid or cannot be assumed"
        assert stacks.refused("x", ONE_ROLE, RoleARN=arn) == sentence
        assert "sts.not-authorized" in codes_of(last_refusal(lab))
        missing = f"arn:aws:iam::{HOME}:role/no-such-role"
        assert stacks.refused("x", ONE_ROLE, RoleARN=missing).endswith("is invalid or cannot be assumed")
        foreign = f"arn:aws:iam::{AWAY}:role/deployer"
        assert home.refused(
            "cloudformation",
            "create_stack",
            StackName="x",
            TemplateBody=ONE_ROLE,
            RoleARN=foreign,
            Capabilities=IAM,
        ).status in (400, 403)


CAPABILITIES = {
    "none for a role": (ONE_ROLE, [], "CAPABILITY_IAM"),
    "one that names it too": (ONE_ROLE, NAMED_IAM, ""),
    "the plain one for a role": (ONE_ROLE, IAM, ""),
    "the plain one for a named role": (NAMED, IAM, "CAPABILITY_NAMED_IAM"),
    "none for a named role": (NAMED, [], "CAPABILITY_NAMED_IAM"),
    "eksctl with a role name": (
        service_account_template("https://issuer.example", "a", "b", role_name="n"),
        IAM,
        "CAPABILITY_NAMED_IAM",
    ),
}


@pytest.mark.parametrize(("body", "given", "missing"), CAPABILITIES.values(), ids=CAPABILITIES.keys())
def test_resources_of_iam_have_to_be_acknowledged(
    home: Caller, body: str, given: list[str], missing: str
) -> None:
    asked: dict[str, Any] = {"TemplateBody": body, "Capabilities": given, "ChangeSetType": "CREATE"}
    names = {"StackName": "acknowledged", "ChangeSetName": "c"}
    if missing:
        refused = home.refused("cloudformation", "create_change_set", **names, **asked)
        assert (refused.code, refused.message) == (
            "InsufficientCapabilitiesException",
            f"Requires capabilities : [{missing}]",
        )
    else:
        assert home.ask("cloudformation", "create_change_set", **names, **asked)["StackId"]
        home.ask("cloudformation", "delete_stack", StackName="acknowledged")


def test_nobody_reaches_the_stacks_of_another_account(home: Caller, away: Caller) -> None:
    id_ = Stacks(home).create("mine", template({"Role1": role()}))
    refused = away.refused("cloudformation", "describe_stacks", StackName=id_)
    assert (refused.code, refused.status) in {("AccessDenied", 403), ("ValidationError", 400)}
    assert away.refused("cloudformation", "delete_stack", StackName=id_).status in (400, 403)
    assert Stacks(home).stack("mine")["StackStatus"] == "CREATE_COMPLETE"
    assert new_role(home, "unrelated", trust(HOME))
