"""The nodes of an organization's tree: its root, its OUs, its accounts."""

from collections.abc import Iterator

from sekisho.facts import (
    AccountCreation,
    Key,
    Kind,
    Organization,
    OrganizationAccount,
    OrganizationalUnit,
    OrganizationPolicy,
    Put,
    Snapshot,
)
from sekisho.facts.organization import AWS_MANAGED
from sekisho.lab.aws.organizations.errors import not_found

Node = Organization | OrganizationalUnit | OrganizationAccount
"""What policies are attached to; the Organization stands for its root."""

OrganizationFact = Node | OrganizationPolicy | AccountCreation

ROOT_NAME = "Root"


def key_of(fact: OrganizationFact) -> Key:
    """Return the key of a fact of an organization."""
    match fact:
        case Organization():
            return Key(Kind.ORGANIZATION, "", fact.organization)
        case OrganizationalUnit():
            return Key(Kind.ORGANIZATIONAL_UNIT, fact.organization, fact.unit)
        case OrganizationAccount():
            return Key(Kind.ORGANIZATION_ACCOUNT, "", fact.account)
        case OrganizationPolicy():
            return Key(Kind.ORGANIZATION_POLICY, fact.organization, fact.policy)
        case AccountCreation():
            return Key(Kind.ACCOUNT_CREATION, fact.organization, fact.request)


def put(fact: OrganizationFact) -> Put:
    """Return the event after which ``fact`` is true."""
    return Put(key_of(fact), fact)


def find_node(facts: Snapshot, organization: Organization, id_: str) -> Node | None:
    """Return the root, OU or account with this id in the organization, None if there is none."""
    if id_ == organization.root:
        return organization
    member = facts.organization_account(id_)
    if member is not None and member.organization == organization.organization:
        return member
    return facts.organizational_unit(organization.organization, id_)


def existing_parent(
    facts: Snapshot, organization: Organization, id_: str, what: str = "Parent"
) -> Organization | OrganizationalUnit:
    """Return the root or OU with this id; ``what`` begins the code of the refusal.

    Raises:
        AwsError: there is none.
    """
    found = find_node(facts, organization, id_)
    if found is None or isinstance(found, OrganizationAccount):
        raise not_found(what, "parent")
    return found


def nodes(facts: Snapshot, organization: Organization) -> Iterator[Node]:
    """Yield the root, every OU and every account."""
    yield organization
    yield from facts.organizational_units(organization.organization)
    yield from facts.organization_accounts(organization.organization)


def units_in(facts: Snapshot, organization: Organization, parent: str) -> list[OrganizationalUnit]:
    """Return the OUs directly in a parent."""
    units = facts.organizational_units(organization.organization)
    return [unit for unit in units if unit.parent == parent]


def accounts_in(facts: Snapshot, organization: Organization, parent: str) -> list[OrganizationAccount]:
    """Return the accounts directly in a parent."""
    members = facts.organization_accounts(organization.organization)
    return [member for member in members if member.parent == parent]


def node_id(node: Node) -> str:
    """Return the id of a node."""
    match node:
        case Organization():
            return node.root
        case OrganizationalUnit():
            return node.unit
        case OrganizationAccount():
            return node.account


def node_type(node: Node) -> str:
    """Return what the API calls the node (``TargetType``, ``ParentType``, ``ChildType``)."""
    match node:
        case Organization():
            return "ROOT"
        case OrganizationalUnit():
            return "ORGANIZATIONAL_UNIT"
        case OrganizationAccount():
            return "ACCOUNT"


def node_name(node: Node) -> str:
    """Return the friendly name of a node."""
    return ROOT_NAME if isinstance(node, Organization) else node.name


def node_arn(organization: Organization, node: Node) -> str:
    """Return the ARN of a node."""
    match node:
        case Organization():
            return str(node.root_arn)
        case OrganizationalUnit():
            return str(organization.arn_of("ou", node.unit))
        case OrganizationAccount():
            return str(organization.arn_of("account", node.account))


def attached_at_birth(organization: Organization) -> tuple[str, ...]:
    """Return the ids of the policies that AWS attaches to a new OU or account."""
    return tuple(AWS_MANAGED[kind].policy for kind in organization.policy_types)
