"""Organizational units."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sekisho.facts import Delete, Organization, OrganizationalUnit, Snapshot
from sekisho.facts.organization import MAX_UNIT_DEPTH, MAX_UNITS, path_of, units_above
from sekisho.lab.aws.operation import Answer, AwsError, Context, Operation, Parameters
from sekisho.lab.aws.organizations.access import managed_organization
from sekisho.lab.aws.organizations.errors import constraint, not_found
from sekisho.lab.aws.organizations.listing import listed
from sekisho.lab.aws.organizations.node import (
    accounts_in,
    attached_at_birth,
    existing_parent,
    key_of,
    node_arn,
    node_id,
    put,
    units_in,
)
from sekisho.lab.aws.organizations.tags import tags_given


def create_organizational_unit(context: Context, parameters: Parameters) -> Answer:
    """Create an OU in the root or an OU."""
    organization = managed_organization(context)
    facts, name = context.facts, parameters["Name"]
    parent = node_id(existing_parent(facts, organization, parameters["ParentId"]))
    _refuse_name(facts, organization, parent, name)
    if len(units_above(facts, organization.organization, parent)) >= MAX_UNIT_DEPTH:
        raise constraint(
            "OU_DEPTH_LIMIT_EXCEEDED",
            "You cannot add an organizational unit to the specified parent because it would exceed the "
            "max depth allowed.",
        )
    if len(facts.organizational_units(organization.organization)) >= MAX_UNITS:
        raise constraint(
            "OU_NUMBER_LIMIT_EXCEEDED", "You have exceeded the allowed number of organizational units."
        )
    unit = OrganizationalUnit(
        organization=organization.organization,
        unit=f"ou-{organization.root.removeprefix('r-')}-{context.ids.hex(8).lower()}",
        parent=parent,
        name=name,
        attached=attached_at_birth(organization),
        tags=tags_given(parameters),
    )
    after = facts.applied((put(unit),))
    return Answer({"OrganizationalUnit": _described(after, organization, unit)}, (put(unit),))


def describe_organizational_unit(context: Context, parameters: Parameters) -> Answer:
    """Describe an OU."""
    organization = managed_organization(context)
    unit = _existing_unit(context, organization, parameters)
    return Answer({"OrganizationalUnit": _described(context.facts, organization, unit)})


def update_organizational_unit(context: Context, parameters: Parameters) -> Answer:
    """Rename an OU."""
    organization = managed_organization(context)
    unit = _existing_unit(context, organization, parameters)
    name = parameters.get("Name") or unit.name
    if name != unit.name:
        _refuse_name(context.facts, organization, unit.parent, name)
    renamed = replace(unit, name=name)
    answer = _described(context.facts, organization, renamed)
    return Answer({"OrganizationalUnit": answer}, (put(renamed),))


def delete_organizational_unit(context: Context, parameters: Parameters) -> Answer:
    """Delete an OU that holds neither OUs nor accounts; its policies are detached with it."""
    organization = managed_organization(context)
    unit = _existing_unit(context, organization, parameters)
    facts = context.facts
    if units_in(facts, organization, unit.unit) or accounts_in(facts, organization, unit.unit):
        raise AwsError(
            "OrganizationalUnitNotEmptyException",
            "You cannot delete an organizational unit that contains accounts or organizational units.",
        )
    return Answer({}, (Delete(key_of(unit)),))


def list_organizational_units_for_parent(context: Context, parameters: Parameters) -> Answer:
    """List the OUs directly in the root or an OU."""
    organization = managed_organization(context)
    facts = context.facts
    parent = node_id(existing_parent(facts, organization, parameters["ParentId"]))
    units = units_in(facts, organization, parent)
    return Answer(
        listed("OrganizationalUnits", units, parameters, lambda unit: _described(facts, organization, unit))
    )


def _existing_unit(
    context: Context, organization: Organization, parameters: Parameters
) -> OrganizationalUnit:
    found = context.facts.organizational_unit(organization.organization, parameters["OrganizationalUnitId"])
    if found is None:
        raise not_found("OrganizationalUnit", "organizational unit")
    return found


def _refuse_name(facts: Snapshot, organization: Organization, parent: str, name: str) -> None:
    if any(unit.name == name for unit in units_in(facts, organization, parent)):
        raise AwsError("DuplicateOrganizationalUnitException", "An OU with the same name already exists.")


def _described(facts: Snapshot, organization: Organization, unit: OrganizationalUnit) -> Mapping[str, Any]:
    return {
        "Id": unit.unit,
        "Arn": node_arn(organization, unit),
        "Name": unit.name,
        "Path": path_of(facts, organization, unit.unit),
    }


OPERATIONS: dict[str, Operation] = {
    "CreateOrganizationalUnit": create_organizational_unit,
    "DeleteOrganizationalUnit": delete_organizational_unit,
    "DescribeOrganizationalUnit": describe_organizational_unit,
    "ListOrganizationalUnitsForParent": list_organizational_units_for_parent,
    "UpdateOrganizationalUnit": update_organizational_unit,
}
