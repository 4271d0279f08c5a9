"""Which resource waits for which: the order in which a template's resources are made."""

from collections.abc import Mapping

from sekisho.lab.aws.cloudformation.errors import invalid
from sekisho.lab.aws.cloudformation.references import To, references
from sekisho.lab.aws.cloudformation.template import Template, TemplateResource

_CONDITIONS = (To.CONDITION, To.IN_CONDITION)


def dependencies(template: Template) -> Mapping[str, frozenset[str]]:
    """Return the resources that each resource waits for: those it refers to and those of DependsOn."""
    return {name: _needed(one, template) for name, one in template.resources.items()}


def creation_order(template: Template) -> tuple[str, ...]:
    """Return the logical ids so that each comes after what it waits for, else as the template has them.

    Raises:
        AwsError: resources wait for each other in a circle.
    """
    return ordered(dependencies(template), "Circular dependency between resources")


def condition_order(template: Template) -> tuple[str, ...]:
    """Return the names of the conditions so that each comes after those that it asks for.

    Raises:
        AwsError: conditions ask for each other in a circle.
    """
    names = template.conditions.keys()
    asked = {
        name: frozenset(to for kind, to, _ in references(value) if kind in _CONDITIONS) & names
        for name, value in template.conditions.items()
    }
    return ordered(asked, "Template error: Found circular condition dependency between")


def ordered(needs: Mapping[str, frozenset[str]], circle: str) -> tuple[str, ...]:
    """Return the names so that each comes after its needs.

    Raises:
        AwsError: there is no such order; ``circle`` says so.
    """
    waiting = dict(needs)
    order: list[str] = []
    while waiting:
        ready = [name for name, needed in waiting.items() if not needed & waiting.keys()]
        if not ready:
            raise invalid(f"{circle}: [{', '.join(sorted(waiting))}]")
        order += ready
        for name in ready:
            del waiting[name]
    return tuple(order)


def _needed(resource: TemplateResource, template: Template) -> frozenset[str]:
    named = {name for kind, name, _ in references(resource.properties) if kind not in _CONDITIONS}
    return frozenset((named | set(resource.depends_on)) & template.resources.keys())
