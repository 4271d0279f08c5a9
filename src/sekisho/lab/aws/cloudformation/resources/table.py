"""Every type of resource that stacks of the lab may have."""

from collections.abc import Mapping

from sekisho.lab.aws.cloudformation.resources import eks_types, iam_entities, iam_others, iam_policies
from sekisho.lab.aws.cloudformation.resources.resource_type import ResourceType

RESOURCE_TYPES: Mapping[str, ResourceType] = {
    one.name: one
    for one in sorted(
        (*eks_types.TYPES, *iam_entities.TYPES, *iam_others.TYPES, *iam_policies.TYPES),
        key=lambda one: one.name,
    )
}

UNSERVED_PROPERTIES: Mapping[str, frozenset[str]] = {
    "AWS::IAM::User": frozenset({"LoginProfile"}),
    "AWS::EKS::Addon": frozenset(
        {"NamespaceConfig", "PodIdentityAssociations", "PreserveOnDelete", "ServiceAccountRoleArn"}
    ),
}
"""Properties that AWS takes and the lab does not: a template with one is refused before anything happens."""
