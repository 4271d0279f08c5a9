"""Stacks in a running lab with real boto3: made, changed, rolled back, deleted, and what is told of them."""

import json

import pytest

from sekisho.testing import RunningLab
from support.boto_lab import HOME, Caller, new_role, policy, trust
from support.service_accounts import NAMESPACE, KubeApi
from support.stacks import (
    AUDIENCE,
    CLUSTER,
    IAM,
    NAMED_IAM,
    READ,
    Stacks,
    role,
    service_account_template,
    template,
)

ROLE_ONLY = template({"Role1": role()}, Outputs={"Role1": {"Value": {"Fn::GetAtt": "Role1.Arn"}}})


@pytest.fixture(scope="module")
def stacks(home: Caller) -> Stacks:
    return Stacks(home)


def tags_of(home: Caller, name: str) -> dict[str, str]:
    found = home.ask("iam", "list_role_tags", RoleName=name)["Tags"]
    return {one["Key"]: one["Value"] for one in found}


class TestEksctl:
    """The stacks of eksctl's commands."""

    def test_a_pod_gets_credentials_by_the_role_of_a_stack(
        self, lab: RunningLab, home: Caller, stacks: Stacks
    ) -> None:
        api = KubeApi(lab)
        issuer = home.ask("eks", "describe_cluster", name=CLUSTER)["cluster"]["identity"]["oidc"]["issuer"]
        home.ask("iam", "create_open_id_connect_provider", Url=f"{issuer}", ClientIDList=[AUDIENCE])
        name = f"eksctl-{CLUSTER}-addon-iamserviceaccount-{NAMESPACE}-ledger"
        tags = [{"Key": "alpha.eksctl.io/iamserviceaccount-name", "Value": f"{NAMESPACE}/ledger"}]
        body = service_account_template(issuer, NAMESPACE, "ledger")
        stacks.create(name, body, Capabilities=IAM, Tags=tags, DisableRollback=False)
        stacks.client.get_waiter("stack_create_complete").wait(
            StackName=name, WaiterConfig={"MaxAttempts": 1}
        )
        arn = stacks.outputs(name)["Role1"]
        role_name = arn.rpartition("/")[2]
        assert len(role_name) == 64
        assert role_name.startswith("eksctl-eks-clu-addon-iamserviceaccount-billin-Role1-")
        assert tags_of(home, role_name) == {
            "aws:cloudformation:stack-name": name,
            "aws:cloudformation:stack-id": stacks.stack(name)["StackId"],
            "aws:cloudformation:logical-id": "Role1",
            "alpha.eksctl.io/iamserviceaccount-name": f"{NAMESPACE}/ledger",
        }
        api.namespace()
        api.account("ledger", annotations={"eks.amazonaws.com/role-arn": arn})
        api.account("other")
        asked = {"RoleArn": arn, "RoleSessionName": "pod-1"}
        given = home.ask(
            "sts", "assume_role_with_web_identity", WebIdentityToken=api.web_token("ledger"), **asked
        )
        assert home.with_credentials(given).ask("s3", "list_buckets")["Buckets"] == []
        refused = home.refused(
            "sts", "assume_role_with_web_identity", WebIdentityToken=api.web_token("other"), **asked
        )
        assert refused.code == "AccessDenied"
        assert stacks.events(name) == [
            (name, "CREATE_IN_PROGRESS"),
            ("Role1", "CREATE_IN_PROGRESS"),
            ("Role1", "CREATE_IN_PROGRESS"),
            ("Role1", "CREATE_COMPLETE"),
            (name, "CREATE_COMPLETE"),
        ]
        stacks.client.delete_stack(StackName=name)
        assert home.refused("iam", "get_role", RoleName=role_name).code == "NoSuchEntity"

    def test_the_role_of_a_pod_identity_association(self, home: Caller, stacks: Stacks) -> None:
        service = {"Service": "pods.eks.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": service, "Action": ["sts:AssumeRole", "sts:TagSession"]}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        body = template(
            {
                "Role1": role(AssumeRolePolicyDocument=document),
                "Policy1": {
                    "Type": "AWS::IAM::Policy",
                    "Properties": {
                        "PolicyName": {"Fn::Sub": "${AWS::StackName}-Policy1"},
                        "PolicyDocument": json.loads(policy("s3:GetObject", Resource="*")),
                        "Roles": [{"Ref": "Role1"}],
                    },
                },
                "Association": {
                    "Type": "AWS::EKS::PodIdentityAssociation",
                    "Properties": {
                        "ClusterName": CLUSTER,
                        "Namespace": "default",
                        "ServiceAccount": "shop",
                        "RoleArn": {"Fn::GetAtt": ["Role1", "Arn"]},
                        "DisableSessionTags": "true",
                    },
                },
            },
            Outputs={"Id": {"Value": {"Fn::GetAtt": ["Association", "AssociationId"]}}},
        )
        stacks.create("podidentityrole", body, Tags=[{"Key": "team", "Value": "red"}])
        assert stacks.failures("podidentityrole") == []
        made = stacks.physical("podidentityrole")
        names = home.ask("iam", "list_role_policies", RoleName=made["Role1"])["PolicyNames"]
        assert names == ["podidentityrole-Policy1"]
        association = stacks.outputs("podidentityrole")["Id"]
        asked = {"clusterName": CLUSTER, "associationId": association}
        found = home.ask("eks", "describe_pod_identity_association", **asked)["association"]
        assert (found["roleArn"].rpartition("/")[2], found["disableSessionTags"]) == (made["Role1"], True)
        assert found["tags"]["team"] == "red"
        assert found["tags"]["aws:cloudformation:logical-id"] == "Association"
        stacks.client.delete_stack(StackName="podidentityrole")
        assert home.refused("eks", "describe_pod_identity_association", **asked).status == 404
        assert home.refused("iam", "get_role", RoleName=made["Role1"]).code == "NoSuchEntity"

    def test_an_access_entry(self, home: Caller, stacks: Stacks) -> None:
        mode = {"authenticationMode": "API_AND_CONFIG_MAP"}
        home.ask("eks", "update_cluster_config", name=CLUSTER, accessConfig=mode)
        arn = new_role(home, "entry-of-stack", trust(HOME))
        view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
        edit = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy"

        def body(policy_arn: str, *groups: str) -> str:
            scope = {"Type": "namespace", "Namespaces": ["billing"]}
            properties = {
                "PrincipalArn": arn,
                "Type": "STANDARD",
                "ClusterName": CLUSTER,
                "KubernetesGroups": list(groups),
                "AccessPolicies": [{"PolicyArn": policy_arn, "AccessScope": scope}],
            }
            return template({"AccessEntry": {"Type": "AWS::EKS::AccessEntry", "Properties": properties}})

        name = f"eksctl-{CLUSTER}-accessentry-abc"
        stacks.create(name, body(view, "viewers"), Capabilities=[])
        asked = {"clusterName": CLUSTER, "principalArn": arn}
        entry = home.ask("eks", "describe_access_entry", **asked)["accessEntry"]
        assert (entry["kubernetesGroups"], entry["type"]) == (["viewers"], "STANDARD")
        assert stacks.physical(name)["AccessEntry"] == f"{arn}|{CLUSTER}"
        stacks.update(name, body(edit, "editors"), Capabilities=[])
        assert home.ask("eks", "describe_access_entry", **asked)["accessEntry"]["kubernetesGroups"] == [
            "editors"
        ]
        found = home.ask("eks", "list_associated_access_policies", **asked)["associatedAccessPolicies"]
        assert [(one["policyArn"], one["accessScope"]["namespaces"]) for one in found] == [
            (edit, ["billing"])
        ]
        stacks.client.delete_stack(StackName=name)
        assert home.refused("eks", "describe_access_entry", **asked).status == 404


class TestFailure:
    """What becomes of a stack whose resources cannot all be made."""

    BODY = template(
        {
            "First": role(RoleName="first-of-two"),
            "Second": {**role(RoleName="first-of-two"), "DependsOn": "First"},
        }
    )

    def test_a_failure_rolls_back(self, home: Caller, stacks: Stacks) -> None:
        id_ = stacks.create("falls-back", self.BODY)
        assert stacks.stack("falls-back")["StackStatus"] == "ROLLBACK_COMPLETE"
        assert stacks.events("falls-back")[-4:] == [
            ("Second", "DELETE_COMPLETE"),
            ("First", "DELETE_IN_PROGRESS"),
            ("First", "DELETE_COMPLETE"),
            ("falls-back", "ROLLBACK_COMPLETE"),
        ]
        reason = stacks.reason("falls-back", "Second", "CREATE_FAILED")
        assert reason.startswith(
            'Resource handler returned message: "Role with name first-of-two already exists.'
        )
        assert "(Service: Iam, Status Code: 409, Request ID: " in reason
        assert reason.endswith(", HandlerErrorCode: AlreadyExists)")
        assert home.refused("iam", "get_role", RoleName="first-of-two").code == "NoSuchEntity"
        refused = home.refused(
            "cloudformation",
            "update_stack",
            StackName="falls-back",
            TemplateBody=self.BODY,
            Capabilities=NAMED_IAM,
        )
        assert refused.message == f"Stack:{id_} is in ROLLBACK_COMPLETE state and can not be updated."
        stacks.client.delete_stack(StackName="falls-back")
        assert stacks.stack(id_)["StackStatus"] == "DELETE_COMPLETE"

    def test_a_failure_may_be_left_as_it_is(self, home: Caller, stacks: Stacks) -> None:
        stacks.create("stays", self.BODY, OnFailure="DO_NOTHING")
        assert stacks.stack("stays")["StackStatus"] == "CREATE_FAILED"
        assert stacks.stack("stays")["DisableRollback"] is True
        assert home.ask("iam", "get_role", RoleName="first-of-two")["Role"]["RoleName"] == "first-of-two"
        stacks.update("stays", template({"First": role(RoleName="first-of-two"), "Second": role()}))
        assert stacks.stack("stays")["StackStatus"] == "UPDATE_COMPLETE"
        stacks.client.delete_stack(StackName="stays")
        assert home.refused("iam", "get_role", RoleName="first-of-two").code == "NoSuchEntity"

    def test_a_failure_may_delete_the_stack(self, home: Caller, stacks: Stacks) -> None:
        id_ = stacks.create("goes", self.BODY, OnFailure="DELETE")
        assert home.refused("cloudformation", "describe_stacks", StackName="goes").status == 400
        assert stacks.stack(id_)["StackStatus"] == "DELETE_COMPLETE"
        assert "DeletionTime" in stacks.stack(id_)

    def test_an_update_that_fails_leaves_everything_as_it_was(self, home: Caller, stacks: Stacks) -> None:
        before = template({"Role1": role(Description="one"), "Gone": role()})
        stacks.create("back", before)
        made = stacks.physical("back")
        after = template(
            {
                "Role1": role(Description="two"),
                "Fails": {**role(Path="/no-slash"), "DependsOn": ["Role1", "New"]},
                "New": role(),
            }
        )
        stacks.update("back", after)
        assert stacks.stack("back")["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
        assert stacks.physical("back") == made
        found = home.ask("iam", "get_role", RoleName=made["Role1"])["Role"]
        assert found["Description"] == "one"
        roles = [one["RoleName"] for one in home.ask("iam", "list_roles")["Roles"]]
        assert [name for name in roles if name.startswith("back-")] == sorted(made.values())
        assert "Path" in stacks.reason("back", "Fails", "CREATE_FAILED") or "path" in stacks.reason(
            "back", "Fails", "CREATE_FAILED"
        )
        assert stacks.client.get_template(StackName="back")["TemplateBody"]["Resources"].keys() == {
            "Role1",
            "Gone",
        }
        stacks.client.delete_stack(StackName="back")

    def test_a_deletion_that_fails_can_be_asked_again(self, home: Caller, stacks: Stacks) -> None:
        stacks.create("sticks", ROLE_ONLY)
        name = stacks.physical("sticks")["Role1"]
        home.ask("iam", "attach_role_policy", RoleName=name, PolicyArn=READ)
        stacks.client.delete_stack(StackName="sticks")
        assert stacks.stack("sticks")["StackStatus"] == "DELETE_FAILED"
        assert "must detach all policies first" in stacks.reason("sticks", "Role1", "DELETE_FAILED")
        stacks.client.delete_stack(StackName="sticks", RetainResources=["Role1"])
        assert home.refused("cloudformation", "describe_stacks", StackName="sticks").status == 400
        home.ask("iam", "detach_role_policy", RoleName=name, PolicyArn=READ)
        home.ask("iam", "delete_role", RoleName=name)


class TestUpdate:
    """What an update changes, replaces and removes."""

    def test_a_property_is_changed_in_place_and_another_replaces(self, home: Caller, stacks: Stacks) -> None:
        stacks.create("grows", template({"Role1": role(Description="one")}))
        first = stacks.physical("grows")["Role1"]
        policies = [{"PolicyName": "p", "PolicyDocument": json.loads(policy("s3:GetObject", Resource="*"))}]
        after = template(
            {
                "Role1": role(
                    Description="two", ManagedPolicyArns=[READ], Policies=policies, MaxSessionDuration=7200
                )
            }
        )
        stacks.update("grows", after, Tags=[{"Key": "team", "Value": "red"}])
        assert stacks.stack("grows")["StackStatus"] == "UPDATE_COMPLETE"
        assert stacks.physical("grows")["Role1"] == first
        found = home.ask("iam", "get_role", RoleName=first)["Role"]
        assert (found["Description"], found["MaxSessionDuration"]) == ("two", 7200)
        assert home.ask("iam", "list_role_policies", RoleName=first)["PolicyNames"] == ["p"]
        assert tags_of(home, first)["team"] == "red"
        stacks.update("grows", template({"Role1": role(Path="/team/")}), Tags=[])
        second = stacks.physical("grows")["Role1"]
        assert second != first
        assert home.refused("iam", "get_role", RoleName=first).code == "NoSuchEntity"
        assert home.ask("iam", "get_role", RoleName=second)["Role"]["Path"] == "/team/"
        assert "team" not in tags_of(home, second)
        assert (
            stacks.reason("grows", "Role1", "UPDATE_IN_PROGRESS")
            == "Requested update requires the creation of a new physical resource; hence creating one."
        )
        stacks.client.delete_stack(StackName="grows")

    def test_nothing_to_change_is_refused(self, home: Caller, stacks: Stacks) -> None:
        stacks.create("same", ROLE_ONLY)
        refused = home.refused(
            "cloudformation",
            "update_stack",
            StackName="same",
            UsePreviousTemplate=True,
            Capabilities=NAMED_IAM,
        )
        assert (refused.code, refused.message) == ("ValidationError", "No updates are to be performed.")
        only_outputs = template({"Role1": role()}, Outputs={"Name": {"Value": {"Ref": "Role1"}}})
        stacks.update("same", only_outputs)
        assert stacks.outputs("same") == stacks.outputs("same") | {"Name": stacks.physical("same")["Role1"]}
        stacks.client.delete_stack(StackName="same")

    def test_what_the_template_retains_stays(self, home: Caller, stacks: Stacks) -> None:
        kept = {**role(RoleName="kept-of-stack"), "DeletionPolicy": "Retain"}
        stacks.create("keeps", template({"Kept": kept, "Role1": role()}))
        stacks.client.delete_stack(StackName="keeps")
        assert home.ask("iam", "get_role", RoleName="kept-of-stack")["Role"]["Path"] == "/"
        home.ask("iam", "delete_role", RoleName="kept-of-stack")

    def test_a_type_cannot_change(self, home: Caller, stacks: Stacks) -> None:
        stacks.create("typed", ROLE_ONLY)
        other = template({"Role1": {"Type": "AWS::IAM::Group"}})
        refused = home.refused(
            "cloudformation", "update_stack", StackName="typed", TemplateBody=other, Capabilities=NAMED_IAM
        )
        assert "Update of resource type is not permitted" in refused.message
        stacks.client.delete_stack(StackName="typed")


class TestChangeSets:
    """Change sets as `aws cloudformation deploy` and eksctl use them."""

    def test_the_first_makes_the_stack(self, stacks: Stacks, home: Caller) -> None:
        client = stacks.client
        made = client.create_change_set(
            StackName="reviewed",
            ChangeSetName="one",
            ChangeSetType="CREATE",
            TemplateBody=ROLE_ONLY,
            Capabilities=NAMED_IAM,
        )
        client.get_waiter("change_set_create_complete").wait(
            ChangeSetName=made["Id"], WaiterConfig={"MaxAttempts": 1}
        )
        assert stacks.stack("reviewed")["StackStatus"] == "REVIEW_IN_PROGRESS"
        told = client.describe_change_set(ChangeSetName="one", StackName="reviewed")
        (change,) = told["Changes"]
        assert change["ResourceChange"] == {
            "Action": "Add",
            "LogicalResourceId": "Role1",
            "ResourceType": "AWS::IAM::Role",
            "Scope": [],
            "Details": [],
        }
        listed = client.list_change_sets(StackName="reviewed")["Summaries"]
        assert [(one["ChangeSetName"], one["ExecutionStatus"]) for one in listed] == [("one", "AVAILABLE")]
        assert client.get_template(ChangeSetName=made["Id"])["TemplateBody"] == json.loads(ROLE_ONLY)
        client.execute_change_set(ChangeSetName=made["Id"])
        assert stacks.stack("reviewed")["StackStatus"] == "CREATE_COMPLETE"
        assert stacks.stack("reviewed")["ChangeSetId"] == made["Id"]
        again = home.refused("cloudformation", "execute_change_set", ChangeSetName=made["Id"])
        assert again.code == "InvalidChangeSetStatus"

    def test_changes_are_told_before_they_are_made(self, stacks: Stacks) -> None:
        client = stacks.client
        name = stacks.physical("reviewed")["Role1"]
        follows = {
            "Type": "AWS::IAM::InstanceProfile",
            "Properties": {"Roles": [{"Ref": "Role1"}]},
        }
        stacks.update("reviewed", template({"Role1": role(), "Profile": follows, "Old": role()}))
        body = template({"Role1": role(Path="/x/"), "Profile": follows, "New": role()})
        client.create_change_set(
            StackName="reviewed", ChangeSetName="two", TemplateBody=body, Capabilities=NAMED_IAM
        )
        changes = client.describe_change_set(ChangeSetName="two", StackName="reviewed")["Changes"]
        shown = {
            one["ResourceChange"]["LogicalResourceId"]: (
                one["ResourceChange"]["Action"],
                one["ResourceChange"].get("Replacement"),
            )
            for one in changes
        }
        assert shown == {
            "Role1": ("Modify", "True"),
            "Profile": ("Modify", "False"),
            "New": ("Add", None),
            "Old": ("Remove", None),
        }
        assert stacks.physical("reviewed")["Role1"] == name
        client.execute_change_set(ChangeSetName="two", StackName="reviewed")
        assert stacks.stack("reviewed")["StackStatus"] == "UPDATE_COMPLETE"
        assert set(stacks.physical("reviewed")) == {"Role1", "Profile", "New"}

    def test_no_change_is_a_change_set_that_failed(self, stacks: Stacks) -> None:
        client = stacks.client
        client.create_change_set(
            StackName="reviewed", ChangeSetName="same", UsePreviousTemplate=True, Capabilities=NAMED_IAM
        )
        told = client.describe_change_set(ChangeSetName="same", StackName="reviewed")
        assert (told["Status"], told["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
        assert told["StatusReason"].startswith("The submitted information didn't contain changes.")
        client.delete_change_set(ChangeSetName="same", StackName="reviewed")
        assert client.list_change_sets(StackName="reviewed")["Summaries"] == []
        client.delete_stack(StackName="reviewed")
