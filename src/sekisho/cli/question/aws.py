"""A question about AWS: put in words, and answered, the same way for `can` and `why`."""

from typing import TYPE_CHECKING, Any, NoReturn

from sekisho.cli.question.document import answer_document, sets_document
from sekisho.cli.question.drafts import Drafts
from sekisho.cli.question.workload import Onward, answer_workload

if TYPE_CHECKING:
    from sekisho.review.source import Source
    from sekisho.review.told import Told

NOBODY = "nobody in particular"
_STAND_IN = "000000000000"


def is_aws_action(word: str) -> bool:
    """Tell whether a word is an AWS action: it has a colon, and a Kubernetes verb has none."""
    service, colon, name = word.partition(":")
    return bool(colon) and service not in ("arn", "system", "user", "group") and ":" not in name


def shifted(who: str, action: str, resource: str, drafts: Drafts) -> tuple[str, str, str]:
    """Return WHO, ACTION and RESOURCE; with bare policies WHO may be left out, and is empty then.

    Raises:
        SekishoInputError: a resource policy can only be asked about somebody.
    """
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
