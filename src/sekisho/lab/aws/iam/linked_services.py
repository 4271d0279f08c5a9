"""The services that may have a role of their own in an account, and which role each gets.

IAM User Guide, "AWS services that work with IAM" (column service-linked roles), and the pages on
service-linked roles of EKS, EC2 Auto Scaling, Elastic Load Balancing, EC2 Spot, ECS, Organizations,
Trusted Advisor and Access Analyzer. AWS Support's is left out: its policy is longer than the lab evaluates.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sekisho.decide.values import AccountId, Arn

SERVICE_LINKED_PATH = "/aws-service-role/"
_UNKNOWN = "*"
"""Stands for the role of a service that has none: fits wildcards, never a policy that names a role."""


@dataclass(frozen=True, slots=True)
class LinkedService:
    """The role of one service: its name, the policy it holds, whether several may exist."""

    role: str
    policy: str
    description: str = ""
    takes_suffix: bool = False


LINKED_SERVICES: Mapping[str, LinkedService] = {
    "eks.amazonaws.com": LinkedService(
        "AWSServiceRoleForAmazonEKS",
        "AmazonEKSServiceRolePolicy",
        "Allows Amazon EKS to call AWS services on your behalf.",
    ),
    "eks-nodegroup.amazonaws.com": LinkedService(
        "AWSServiceRoleForAmazonEKSNodegroup",
        "AWSServiceRoleForAmazonEKSNodegroup",
        "This policy allows Amazon EKS to create and manage Nodegroups",
    ),
    "eks-fargate.amazonaws.com": LinkedService(
        "AWSServiceRoleForAmazonEKSForFargate",
        "AmazonEKSForFargateServiceRolePolicy",
        "This policy grants necessary permissions to Amazon EKS to run fargate tasks",
    ),
    "eks-connector.amazonaws.com": LinkedService(
        "AWSServiceRoleForAmazonEKSConnector", "AmazonEKSConnectorServiceRolePolicy"
    ),
    "dashboard.eks.amazonaws.com": LinkedService(
        "AWSServiceRoleForAmazonEKSDashboard", "AmazonEKSDashboardServiceRolePolicy"
    ),
    "autoscaling.amazonaws.com": LinkedService(
        "AWSServiceRoleForAutoScaling",
        "AutoScalingServiceRolePolicy",
        "Default Service-Linked Role enables access to AWS Services and Resources used or managed by "
        "Auto Scaling",
        takes_suffix=True,
    ),
    "elasticloadbalancing.amazonaws.com": LinkedService(
        "AWSServiceRoleForElasticLoadBalancing",
        "AWSElasticLoadBalancingServiceRolePolicy",
        "Allows ELB to call AWS services on your behalf.",
    ),
    "spot.amazonaws.com": LinkedService(
        "AWSServiceRoleForEC2Spot",
        "AWSEC2SpotServiceRolePolicy",
        "Default EC2 Spot Service Linked Role",
    ),
    "spotfleet.amazonaws.com": LinkedService(
        "AWSServiceRoleForEC2SpotFleet",
        "AWSEC2SpotFleetServiceRolePolicy",
        "Default EC2 Spot Fleet Service Linked Role",
    ),
    "ec2fleet.amazonaws.com": LinkedService(
        "AWSServiceRoleForEC2Fleet",
        "AWSEC2FleetServiceRolePolicy",
        "Default EC2 Fleet Service Linked Role",
    ),
    "ecs.amazonaws.com": LinkedService(
        "AWSServiceRoleForECS",
        "AmazonECSServiceRolePolicy",
        "Role to enable Amazon ECS to manage your cluster.",
    ),
    "organizations.amazonaws.com": LinkedService(
        "AWSServiceRoleForOrganizations",
        "AWSOrganizationsServiceTrustPolicy",
        "Service-linked role used by AWS Organizations to enable integration of other AWS services with "
        "Organizations.",
    ),
    "trustedadvisor.amazonaws.com": LinkedService(
        "AWSServiceRoleForTrustedAdvisor",
        "AWSTrustedAdvisorServiceRolePolicy",
        "Access for the AWS Trusted Advisor Service to help reduce cost, increase performance, and improve "
        "security of your AWS environment.",
    ),
    "access-analyzer.amazonaws.com": LinkedService(
        "AWSServiceRoleForAccessAnalyzer", "AccessAnalyzerServiceRolePolicy"
    ),
}


def linked_role_name(service: LinkedService, suffix: str) -> str:
    """Return the name of a service's role; with a suffix it is one more role."""
    return f"{service.role}_{suffix}" if suffix else service.role


def linked_role_arn(partition: str, account: AccountId, service: str, suffix: str) -> Arn:
    """Return the ARN of the role that a service would get, with ``*`` for a name if it gets none."""
    known = LINKED_SERVICES.get(service)
    name = _UNKNOWN if known is None else linked_role_name(known, suffix)
    return Arn(partition, "iam", "", account, f"role{SERVICE_LINKED_PATH}{service}/{name}")
