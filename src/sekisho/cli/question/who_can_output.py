"""The answers of ``sekisho who-can`` as JSON and as lines."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sekisho.cli.output import Style
from sekisho.cli.question.lines import place

if TYPE_CHECKING:
    from sekisho.decide.rbac.who_can import Access
    from sekisho.review.aws_who_can import AwsWhoCan
    from sekisho.review.kube_who_can import KubeWhoCan
    from sekisho.review.source import Source


def aws_document(asked: str, found: "AwsWhoCan", source: "Source", depth: int) -> Any:
    """Return who can take an AWS action."""
    from sekisho.decide.decision import step_to_json
    from sekisho.review.source import with_lines

    cut = [f"ways through more than {depth} roles were left out"] if found.cut else []
    body: Any = {
        "asked": asked,
        "outcome": str(found.outcome),
        "ways": [
            {
                "who": way.who,
                "kind": str(way.kind),
                "certain": way.is_certain,
                "needs": list(way.needs),
                "steps": [
                    {
                        "action": hop.action,
                        "resource": hop.resource,
                        "needs": list(hop.needs),
                        "by": [step_to_json(step) for step in hop.by],
                    }
                    for hop in way.hops
                ],
            }
            for way in found.ways
        ],
        "unread": [*found.unread, *cut],
    }
    return with_lines(body, source.line_of)


def aws_lines(document: Any, style: Style) -> Iterator[str]:
    """Yield the lines of `aws_document`."""
    if not document["ways"]:
        yield "nobody"
    for way in document["ways"]:
        mark = style.good("yes") if way["certain"] else style.doubt(" if")
        kind = "" if way["kind"] == "principal" else f" ({way['kind']})"
        yield f"{mark} {style.strong(way['who'])}{kind}"
        for step in way["steps"]:
            yield f"    > {step['action']} on {step['resource']}"
            for one in step["by"]:
                what = one["facts"].get("policy")
                yield style.quiet(f"        by {what + ', ' if what else ''}{place(one)}")
            for need in step["needs"]:
                yield f"        {style.doubt('if')} {need}"


def kube_document(asked: str, found: "KubeWhoCan", cluster: str, source: "Source") -> Any:
    """Return who can make a request of a cluster."""
    from sekisho.decide.decision import step_to_json
    from sekisho.review.source import with_lines

    behind: dict[str, list[str]] = {}
    for one in found.mapped:
        for access in one.ways:
            behind.setdefault(access.subject, []).append(str(one.arn))
    body: Any = {
        "asked": asked,
        "cluster": cluster,
        "outcome": str(found.outcome),
        "principals": [
            {
                "who": str(one.arn),
                "user": {"username": one.user.name, "groups": list(one.user.groups)},
                "mapping": [step_to_json(step) for step in one.mapped_by],
                "everything": one.is_master,
                "ways": [_way(access) for access in one.ways],
                "accessPolicies": [step_to_json(step) for step in one.policies],
                "nodeAuthorizer": [step_to_json(step) for step in one.by_node],
            }
            for one in found.mapped
        ],
        "subjects": [
            {
                **_way(access),
                "principals": list(dict.fromkeys(behind.get(access.subject, ()))),
                "identityProviders": [asdict(one) for one in found.people.get(access.subject, ())],
            }
            for access in found.subjects
        ],
        "unread": [step_to_json(step) for step in found.unread],
    }
    return with_lines(body, source.line_of)


def _way(access: "Access") -> dict[str, Any]:
    binding, rule = access.binding, access.rule
    return {
        "subject": access.subject,
        "binding": str(binding),
        "bindingAt": {"document": binding.at.document, "pointer": binding.at.pointer},
        "role": f'{binding.role.kind} "{binding.role.name}"',
        "ruleAt": {"document": rule.at.document, "pointer": rule.at.pointer},
    }


def kube_lines(document: Any, style: Style) -> Iterator[str]:
    """Yield the lines of `kube_document`: IAM principals first, then who has none behind it."""
    from sekisho.decide.values.document_text import on_one_line

    alone = [one for one in document["subjects"] if not one["principals"]]
    if not document["principals"] and not alone:
        yield "nobody" if not document["unread"] else "nobody that is known"
    for one in document["principals"]:
        user = one["user"]
        yield f"{style.good('yes')} {style.strong(one['who'])}"
        groups = ", ".join(user["groups"])
        for step in one["mapping"]:
            yield f"    > user {user['username'] or '(no name)'}, groups {groups}"
            yield style.quiet(f"        by {place(step)}")
        if one["everything"]:
            yield "    > everything, as a member of system:masters"
        for way in one["ways"]:
            yield from _way_lines(way, style)
        for step in one["nodeAuthorizer"]:
            yield f"    > Node authorizer: {step['sentence']}"
        for step in one["accessPolicies"]:
            yield f"    > access policy {step['facts']['policy']} {step['facts']['scope']}"
            yield style.quiet(f"        by {place(step)}")
    for one in alone:
        yield f"{style.good('yes')} {style.strong(one['subject'])}"
        for person in one["identityProviders"]:
            claim, value = on_one_line(person["claim"]), on_one_line(person["value"])
            yield f"    > id tokens of {on_one_line(person['provider'])} with {value} in the claim {claim}"
            if person["people"]:
                yield style.quiet(f"        of {on_one_line(', '.join(person['people']))}")
        yield from _way_lines(one, style)


def _way_lines(way: Any, style: Style) -> Iterator[str]:
    yield f"    > {way['binding']} gives {way['subject']} the {way['role']}"
    yield style.quiet(f"        by {place({'at': way['ruleAt']})}")
