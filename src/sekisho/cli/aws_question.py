"""A question about AWS: put in words, answered, and written, the same way for `can` and `why`."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from sekisho.cli.aws_options import Drafts
from sekisho.cli.output import Style
from sekisho.cli.workload_question import Onward, answer_workload

if TYPE_CHECKING:
    from sekisho.review.source import Source
    from sekisho.review.told import Told

NOBODY = "nobody in particular"
_STAND_IN = "000000000000"
PARTLY = "partly"


def shifted(who: str, action: str, resource: str, drafts: Drafts) -> tuple[str, str, str]:
    """Return WHO, ACTION and RESOURCE; with bare policies WHO may be left out, and is empty then.

    Raises:
        SekishoInputError: a resource policy can only be asked about somebody.
    """
    from sekisho.cli.question import is_aws_action
    from sekisho.decide.values import Ref, SekishoInputError

    if drafts.has_policy and is_aws_action(who) and not is_aws_action(action):
        if drafts.has_resource_policy:
            problem = "a resource policy names principals, so the question needs WHO"
            raise SekishoInputError.single("question.who-needed", Ref("question"), problem, "give an ARN")
        return "", who, action
    return who, action, resource


_ALONE = Onward()


def answer(
    who: str, action: str, resource: str, source: "Source", told: "Told", onward: Onward = _ALONE
) -> Any:
    """Return the answer as JSON: a chain, or the sets of resources where the question is about a set.

    Raises:
        SekishoInputError: the question cannot be understood.
    """
    from dataclasses import replace

    from sekisho.cli.question import answer_document
    from sekisho.review.aws_resources import asks_for_sets, on_which_resources
    from sekisho.review.questions import answer_aws
    from sekisho.review.workload_name import workload_named
    from sekisho.wire.aws_managed_policies import aws_policy_text
    from sekisho.wire.service_reference import load_service_reference

    workload = workload_named(who, onward.namespace)
    if workload is not None:
        return answer_workload(workload, who, action, resource, source, told, onward)
    if onward.roles or onward.profile:
        _only_for_workloads(who)
    reference = load_service_reference([action.partition(":")[0].lower()])
    shown, asked = who or NOBODY, f"{action} on {resource or '*'}"
    if not who:
        who = f"arn:aws:iam::{_account_of(resource)}:user/-"
        told = replace(told, is_nameless=True)
    if asks_for_sets(action, resource, reference):
        asked = f"{action} on {resource}" if resource else f"{action} on which resources"
        found = on_which_resources(who, action, resource, source, reference, aws_policy_text, told)
        return {"who": shown, "asked": asked, **sets_document(found, source)}
    got = answer_aws(who, action, resource, source, reference, aws_policy_text, told)
    return {**answer_document(got.chain, source, shown, asked), "needs": list(got.needs)}


def _account_of(resource: str) -> str:
    """Return the account of a resource, so that nobody in particular asks from the same account."""
    sections = resource.split(":", 5)
    account = sections[4] if len(sections) == 6 else ""
    return account if len(account) == 12 and account.isdecimal() else _STAND_IN


def _only_for_workloads(who: str) -> NoReturn:
    from sekisho.decide.values import Ref, SekishoInputError

    problem = f"--then-role and --aws-profile are for service accounts and pods, not for `{who[:200]}`"
    raise SekishoInputError.single("question.no-such-workload", Ref("question"), problem)


def sets_document(found: Any, source: "Source") -> Any:
    """Return an answer about sets of resources as JSON."""
    from sekisho.decide.decision import step_to_json
    from sekisho.review.source import with_lines

    types = [
        {
            "type": one.type,
            "among": one.universe,
            "tooManyPatterns": one.too_many,
            "sets": [
                {
                    "outcome": str(each.answer.outcome),
                    "resources": [shape.text for shape in each.includes],
                    "except": [shape.text for shape in each.excepts],
                    "needs": list(each.answer.needs),
                    "by": [with_lines(step_to_json(step), source.line_of) for step in each.answer.by],
                }
                for each in one.sets
            ],
        }
        for one in found.types
    ]
    return {"action": found.action, "outcome": str(found.outcome), "partly": found.is_partial, "types": types}


def is_sets(document: Any) -> bool:
    """Tell whether an answer is about sets of resources."""
    return "types" in document


def set_lines(document: Any, style: Style) -> Iterator[str]:
    """Yield the lines of an answer about sets of resources."""
    marks = {"allow": style.good("yes"), "unknown": style.doubt(" if")}
    for type_ in document["types"]:
        among = f" among {type_['among']}"
        yield f"{style.strong(type_['type'] or 'resources')}{style.quiet(among)}"
        if type_["tooManyPatterns"]:
            yield f"{style.doubt('???')} the patterns of the policies overlap in too many ways"
        for one in type_["sets"]:
            yield f"{marks.get(one['outcome'], style.bad(' no'))} {' and '.join(one['resources'])}"
            for text in one["except"]:
                yield f"      except {text}"
            for need in one["needs"]:
                yield f"      {style.doubt('if')} {need}"
            for step in one["by"] if one["outcome"] != "no-opinion" else ():
                yield style.quiet(f"      by {place(step)}")


def place(step: Any) -> str:
    """Return where a step leads: its file and line where there is one, else its document."""
    at = step["at"]
    if at.get("file"):
        return f"{at['file']}:{at['line']}" if at.get("line") else str(at["file"])
    return f"{at['document']}{at['pointer'] and '#' + at['pointer']}"


def hints(document: Any) -> Iterator[str]:
    """Yield what somebody who got no yes should know: what it hangs on, what came close."""
    for need in document.get("needs", ()):
        yield f"if {need}"
    if document.get("needs"):
        yield "tell it with --context-key KEY=VALUE or --without-key KEY"
    for link in document.get("links", ()):
        for step in link["nearest"][:3]:
            yield f"nearest: {step['sentence']} ({place(step)})"
