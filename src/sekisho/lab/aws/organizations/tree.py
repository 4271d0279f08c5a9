"""The tree one step at a time: children of a parent, parents of a child."""

from sekisho.facts import Organization
from sekisho.lab.aws.operation import Answer, Context, Operation, Parameters
from sekisho.lab.aws.organizations.access import managed_organization
from sekisho.lab.aws.organizations.errors import not_found
from sekisho.lab.aws.organizations.listing import listed
from sekisho.lab.aws.organizations.node import (
    Node,
    accounts_in,
    existing_parent,
    find_node,
    node_id,
    node_type,
    units_in,
)


def list_children(context: Context, parameters: Parameters) -> Answer:
    """List the accounts or the OUs directly in a parent."""
    organization = managed_organization(context)
    parent = node_id(existing_parent(context.facts, organization, parameters["ParentId"]))
    members = accounts_in if parameters["ChildType"] == "ACCOUNT" else units_in
    children: list[Node] = [*members(context.facts, organization, parent)]
    return Answer(listed("Children", children, parameters, _described))


def list_parents(context: Context, parameters: Parameters) -> Answer:
    """List the one parent of an account or OU."""
    organization = managed_organization(context)
    child = find_node(context.facts, organization, parameters["ChildId"])
    if child is None or isinstance(child, Organization):
        raise not_found("Child", "child")
    parent = existing_parent(context.facts, organization, child.parent)
    return Answer(listed("Parents", [parent], parameters, _described))


def _described(node: Node) -> dict[str, str]:
    return {"Id": node_id(node), "Type": node_type(node)}


OPERATIONS: dict[str, Operation] = {
    "ListChildren": list_children,
    "ListParents": list_parents,
}
