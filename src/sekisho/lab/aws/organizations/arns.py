"""The ARNs of what an id names, for the decision whether a caller may act on it.

An id says by itself whether it is a root's, a unit's, an account's or a policy's. What belongs to
an organization is owned by its management account, which is what its ARN names.
"""

from sekisho.facts import OrganizationPolicyType, Snapshot
from sekisho.facts.organization import find_organization_policy, organization_of
from sekisho.lab.aws.organizations.node import find_node, node_arn
from sekisho.lab.aws.organizations.policies import policy_arn


def organization_arn(facts: Snapshot, account: str, id_: str) -> str | None:
    """Return the ARN of what ``id_`` names in the organization that ``account`` is in; None if nothing.

    The name of a policy type stands for a policy of that type that has no id yet: its ARN ends
    ``/p-*``, so that policies which name the type by its part of the ARN decide about CreatePolicy.
    """
    organization = organization_of(facts, account)
    if organization is None:
        return None
    if id_ in list(OrganizationPolicyType):
        return str(organization.arn_of("policy", id_.lower(), "p-*"))
    node = find_node(facts, organization, id_)
    if node is not None:
        return node_arn(organization, node)
    policy = find_organization_policy(facts, organization.organization, id_)
    return None if policy is None else policy_arn(organization, policy)
