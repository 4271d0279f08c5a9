"""Templates of stacks, eksctl's among them, and what clients see of the stacks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from support.boto_lab import HOME, Caller, policy

CLUSTER = "eks-clu"
AUDIENCE = "sts.amazonaws.com"
READ = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
IAM = ["CAPABILITY_IAM"]
NAMED_IAM = ["CAPABILITY_NAMED_IAM"]
EC2 = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    ],
}


def role(**properties: Any) -> dict[str, Any]:
    """Return a role of a template, trusted by EC2 unless told otherwise."""
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": EC2, **properties}}


def template(resources: Mapping[str, Any], **sections: Any) -> str:
    """Return the text of a template in JSON."""
    return json.dumps({"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources, **sections})


def service_account_template(
    issuer: str, namespace: str, name: str, *, role_name: str = "", arns: tuple[str, ...] = (READ,)
) -> str:
    """Return what `eksctl create iamserviceaccount` sends: one role that the service account may assume."""
    host = issuer.removeprefix("https://")
    subject = f"system:serviceaccount:{namespace}:{name}"
    statement = {
        "Action": ["sts:AssumeRoleWithWebIdentity"],
        "Condition": {"StringEquals": {f"{host}:aud": AUDIENCE, f"{host}:sub": subject}},
        "Effect": "Allow",
        "Principal": {"Federated": f"arn:aws:iam::{HOME}:oidc-provider/{host}"},
    }
    named = {"RoleName": role_name} if role_name else {}
    trust = {"Statement": [statement], "Version": "2012-10-17"}
    return template(
        {"Role1": role(AssumeRolePolicyDocument=trust, ManagedPolicyArns=list(arns), **named)},
        Description=f'IAM role for serviceaccount "{namespace}/{name}" [created and managed by eksctl]',
        Outputs={"Role1": {"Value": {"Fn::GetAtt": "Role1.Arn"}}},
    )


@dataclass(frozen=True, slots=True)
class Stacks:
    """CloudFormation as one caller sees it."""

    caller: Caller

    @property
    def client(self) -> Any:
        return self.caller.client("cloudformation")

    def create(self, name: str, body: str, **more: Any) -> str:
        """Create a stack and return its id."""
        given = {"Capabilities": NAMED_IAM, **more}
        found: str = self.client.create_stack(StackName=name, TemplateBody=body, **given)["StackId"]
        return found

    def update(self, name: str, body: str, **more: Any) -> None:
        self.client.update_stack(StackName=name, TemplateBody=body, **{"Capabilities": NAMED_IAM, **more})

    def refused(self, name: str, body: str, **more: Any) -> str:
        """Return how the creation of a stack is refused; there is no such stack afterwards."""
        given = {"Capabilities": NAMED_IAM, **more}
        told = self.caller.refused(
            "cloudformation", "create_stack", StackName=name, TemplateBody=body, **given
        )
        gone = self.caller.refused("cloudformation", "describe_stacks", StackName=name)
        assert gone.message == f"Stack with id {name} does not exist"
        return f"{told.code}: {told.message}"

    def stack(self, name: str) -> Any:
        return self.client.describe_stacks(StackName=name)["Stacks"][0]

    def outputs(self, name: str) -> dict[str, str]:
        return {one["OutputKey"]: one["OutputValue"] for one in self.stack(name).get("Outputs", ())}

    def physical(self, name: str) -> dict[str, str]:
        """Return the physical ids of the resources that a stack has, by logical id."""
        found = self.client.describe_stack_resources(StackName=name)["StackResources"]
        return {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in found}

    def failures(self, name: str) -> list[str]:
        """Return every reason why something failed, the newest first."""
        found = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [one["ResourceStatusReason"] for one in found if one["ResourceStatus"].endswith("FAILED")]

    def events(self, name: str) -> list[tuple[str, str]]:
        """Return what happened, the oldest first: logical id and status."""
        found = self.client.describe_stack_events(StackName=name)["StackEvents"]
        return [(one["LogicalResourceId"], one["ResourceStatus"]) for one in reversed(found)]

    def reason(self, name: str, logical_id: str, status: str) -> str:
        """Return why a resource came into a state, the last time that it did."""
        found = self.client.describe_stack_events(StackName=name)["StackEvents"]
        every = [
            one for one in found if (one["LogicalResourceId"], one["ResourceStatus"]) == (logical_id, status)
        ]
        text: str = every[0]["ResourceStatusReason"]
        return text


def may(*actions: str) -> str:
    """Return a policy that allows actions on everything, and all of CloudFormation."""
    return policy("cloudformation:*", *actions, Resource="*")
