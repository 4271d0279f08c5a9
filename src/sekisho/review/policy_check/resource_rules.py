"""Actions and resources that do not go together, and ARNs that no service has.

Source: Service Authorization Reference, "Actions, resources, and condition keys": an action applies to ARNs
of its resource types, and where it has none only to ``*``.
"""

from collections.abc import Iterator, Sequence

from sekisho.decide.iam.statement import ActionPattern, ResourcePattern, Statement
from sekisho.review.policy_check.code import PolicyCode
from sekisho.review.policy_check.finding import Finding, found
from sekisho.review.policy_check.overlap import ARN_SECTIONS, can_be, split_arn
from sekisho.review.policy_check.reference import Reference

_SECTION_NAMES = ("prefix", "partition", "service", "region", "account", "resource")
_WITH_RESOURCES_OF_AWS = frozenset({"ssm"})
"""Services whose policies name what AWS itself provides (documents, public parameters) by no account."""
_SERVICE, _REGION, _ACCOUNT, _RESOURCE = 2, 3, 4, 5


def check_resources(statement: Statement, reference: Reference) -> Iterator[Finding]:
    """Yield findings about the ARNs of a statement and about how they go with its actions."""
    malformed = set()
    for resource in statement.resources:
        finding = _form(resource, reference)
        if finding is not None:
            malformed.add(resource)
            yield finding
    if malformed or statement.not_action or statement.not_resource or not statement.resources:
        return
    if any(resource.text == "*" for resource in statement.resources):
        return
    if any(pattern.text in ("*", "*:*") for pattern in statement.actions):
        return
    sections = {resource: split_arn(resource.text) for resource in statement.resources}
    used: set[ResourcePattern] = set()
    every_action_known = True
    for pattern in statement.actions:
        actions = reference.matching(pattern)
        every_action_known &= bool(actions)
        shapes = reference.shapes_for(pattern)
        fitting = {one for one, mine in sections.items() if any(_fits(mine, shape) for shape in shapes)}
        used |= fitting
        if actions and not fitting:
            yield _mismatch(pattern, reference)
    if used and every_action_known:
        for resource in statement.resources:
            if resource not in used:
                yield found(PolicyCode.RESOURCE_WITHOUT_ACTION, resource.at, resource=resource.text)


def _mismatch(pattern: ActionPattern, reference: Reference) -> Finding:
    shapes = [":".join(shape) for shape in reference.shapes_for(pattern)]
    if not shapes:
        hint = "give it a statement of its own with the resource `*`"
        return found(PolicyCode.ACTION_ON_ALL_ONLY, pattern.at, hint, action=pattern.text)
    shown = ", ".join(f"`{shape}`" for shape in shapes[:3])
    hint = f"it acts on {shown}{' and others' if len(shapes) > 3 else ''}"
    return found(PolicyCode.ACTION_WITHOUT_RESOURCE, pattern.at, hint, action=pattern.text)


def _fits(sections: list[str], shape: Sequence[str]) -> bool:
    return all(_section_fits(sections, shape, index) for index in range(ARN_SECTIONS))


def _section_fits(sections: list[str], shape: Sequence[str], index: int) -> bool:
    # Region and account may be left out for what belongs to AWS itself; `_form` tells where that is doubtful.
    is_left_out = index in (_REGION, _ACCOUNT) and not sections[index]
    return is_left_out or can_be(sections[index], shape[index])


def _is_whole(sections: list[str], shape: Sequence[str]) -> bool:
    """Tell whether region and account are there where the reference has them."""
    return all(sections[index] or not shape[index] for index in (_REGION, _ACCOUNT))


def _form(resource: ResourcePattern, reference: Reference) -> Finding | None:
    """Return what is wrong with an ARN whatever the actions are."""
    sections = split_arn(resource.text)
    if len(sections) != ARN_SECTIONS:
        return None
    service = sections[_SERVICE]
    shapes = reference.shapes_of(service)
    if not shapes:
        return None
    near = [shape for shape in shapes if can_be(sections[_RESOURCE], split_arn(shape)[_RESOURCE])]
    if not near:
        if any(_fits(sections, split_arn(shape)) for shape in reference.shapes_of_any):
            return None
        hint = f"its resources are {', '.join(f'`{shape}`' for shape in shapes[:3])}"
        return found(
            PolicyCode.UNKNOWN_RESOURCE, resource.at, hint, service=service, resource=sections[_RESOURCE]
        )
    if sections[_SERVICE] in _WITH_RESOURCES_OF_AWS and not sections[_ACCOUNT]:
        return None
    fitting = [shape for shape in near if _fits(sections, split_arn(shape))]
    if any(_is_whole(sections, split_arn(shape)) for shape in fitting):
        return None
    # The most particular shape is the one that was meant: `bucket/key` and not `*`.
    meant = max(fitting or near, key=lambda shape: len(shape.partition("${")[0]) + shape.count("/"))
    shape = split_arn(meant)
    if fitting:
        section = "region" if shape[_REGION] and not sections[_REGION] else "account"
        code = PolicyCode.EMPTY_SECTION
    else:
        section = next(
            _SECTION_NAMES[index]
            for index in range(ARN_SECTIONS)
            if not _section_fits(sections, shape, index)
        )
        code = PolicyCode.ARN_FORM
    return found(code, resource.at, resource=resource.text, section=section, expected=meant)
