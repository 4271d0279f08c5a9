"""Does everything exist that a template refers to, and does the lab serve all of it?

Checked before anything happens: a template that is refused here changes nothing.
"""

from collections.abc import Iterable

from sekisho.decide.values import Json
from sekisho.lab.aws.cloudformation.errors import invalid, unserved
from sekisho.lab.aws.cloudformation.order import condition_order, creation_order
from sekisho.lab.aws.cloudformation.references import PSEUDO_PARAMETERS, Reference, To, references
from sekisho.lab.aws.cloudformation.resources.table import RESOURCE_TYPES, UNSERVED_PROPERTIES
from sekisho.lab.aws.cloudformation.template import Template, parse_template
from sekisho.lab.aws.operation import AwsError

CAPABILITY_IAM, CAPABILITY_NAMED_IAM = "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"


def read_template(text: str) -> Template:
    """Return the template that ``text`` is, all of it served and everything it refers to there.

    Raises:
        AwsError: it is not.
    """
    template = parse_template(text)
    _check_types(template)
    clash = sorted(template.parameters.keys() & template.resources.keys())
    if clash:
        raise invalid(f"Template format error: Duplicate parameter and resource names: [{', '.join(clash)}]")
    for value in template.conditions.values():
        _check_condition(template, value)
    for resource in template.resources.values():
        _check(template, references(resource.properties), "Resources")
        _check_named_condition(template, resource.condition)
        missing = [name for name in resource.depends_on if name not in template.resources]
        if missing:
            raise _unresolved(missing[0], "Resources")
    for output in template.outputs.values():
        _check(template, (*references(output.value), *references(output.export)), "Outputs")
        _check_named_condition(template, output.condition)
    condition_order(template)
    creation_order(template)
    return template


def capabilities_needed(template: Template) -> tuple[str, ...]:
    """Return the capability that the caller has to acknowledge, none where no resource is of IAM.

    Source: CloudFormation User Guide, "Acknowledging IAM resources in CloudFormation templates".
    """
    types = [RESOURCE_TYPES[one.type] for one in template.resources.values()]
    named = any(
        RESOURCE_TYPES[one.type].custom_names
        and set(RESOURCE_TYPES[one.type].custom_names) & set(one.properties)
        for one in template.resources.values()
    )
    if named:
        return (CAPABILITY_NAMED_IAM,)
    return (CAPABILITY_IAM,) if any(one.is_of_iam for one in types) else ()


def hold_to_capabilities(template: Template, given: Iterable[str]) -> None:
    """Refuse a template of IAM resources that the caller did not acknowledge.

    Raises:
        AwsError: InsufficientCapabilitiesException.
    """
    acknowledged = set(given)
    if CAPABILITY_NAMED_IAM in acknowledged:
        acknowledged.add(CAPABILITY_IAM)
    missing = [one for one in capabilities_needed(template) if one not in acknowledged]
    if missing:
        raise AwsError("InsufficientCapabilitiesException", f"Requires capabilities : [{', '.join(missing)}]")


def _check_types(template: Template) -> None:
    unknown = sorted({one.type for one in template.resources.values()} - RESOURCE_TYPES.keys())
    if unknown:
        raise unserved(f"resources of the types [{', '.join(unknown)[:1024]}]")
    for resource in template.resources.values():
        others = UNSERVED_PROPERTIES.get(resource.type, frozenset()) & resource.properties.keys()
        if others:
            raise unserved(f"the property {min(others)} of {resource.type} ({resource.logical_id})")


def _check(template: Template, found: Iterable[Reference], block: str) -> None:
    for kind, name, attribute in found:
        if kind is To.CONDITION:
            _check_named_condition(template, name)
        elif kind is To.IN_CONDITION:
            continue
        elif kind is To.VALUE:
            if name not in template.parameters.keys() | template.resources.keys() | PSEUDO_PARAMETERS:
                raise _unresolved(name, block)
        elif name not in template.resources:
            raise invalid(
                f"Template error: instance of Fn::GetAtt references undefined resource {name[:255]}"
            )
        elif attribute and attribute not in RESOURCE_TYPES[template.resources[name].type].attributes:
            raise invalid(
                f"Template error: resource {name} does not support attribute type {attribute[:255]} in "
                "Fn::GetAtt"
            )


def _check_condition(template: Template, value: Json) -> None:
    for kind, name, _ in references(value):
        if kind in (To.CONDITION, To.IN_CONDITION):
            _check_named_condition(template, name)
        elif name not in template.parameters.keys() | PSEUDO_PARAMETERS:
            raise invalid(
                "Template format error: Unresolved dependencies "
                f"[{name[:255]}]. Cannot reference resources in the Conditions block of the template"
            )


def _check_named_condition(template: Template, name: str) -> None:
    if name and name not in template.conditions:
        raise invalid(f"Template format error: Unrecognized condition: {name[:255]}")


def _unresolved(name: str, block: str) -> AwsError:
    return invalid(
        f"Template format error: Unresolved resource dependencies [{name[:255]}] in the {block} block of the "
        "template"
    )
