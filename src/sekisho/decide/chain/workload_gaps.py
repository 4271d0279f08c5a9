"""What nobody can tell of a workload's way to AWS, because what it hangs on was not read."""

from typing import Any, TypeVar

from sekisho.decide.chain.pod_identity_to_aws import PodIdentityLink, associated
from sekisho.decide.chain.workload_question import Workload, WorkloadFacts
from sekisho.decide.decision import Decision, Link, Outcome, ReasonCode, Step
from sekisho.decide.sts import StsCode
from sekisho.decide.sts.pod_identity import PodSubject
from sekisho.decide.values import Arn, Ref
from sekisho.decide.workload.code import WorkloadCode

T = TypeVar("T")


def role_unread(answer: Decision[T], facts: WorkloadFacts) -> Decision[T]:
    """Return UNKNOWN for a role of an account whose roles nobody read."""
    if answer.decisive[0].code is not StsCode.ROLE_UNKNOWN:
        return answer
    account = Arn.parse(dict(answer.decisive[0].facts)["role"]).account
    return answer if facts.are_roles_read(account) else _unread(WorkloadCode.ROLES_UNREAD, account)


def provider_unread(answer: Decision[T], role: Arn, facts: WorkloadFacts) -> Decision[T]:
    """Return UNKNOWN for a provider of an account whose providers nobody read."""
    if answer.decisive[0].code is not StsCode.PROVIDER_UNKNOWN or facts.are_providers_read(role.account):
        return answer
    return _unread(WorkloadCode.PROVIDERS_UNREAD, role.account)


def unread_associations(workload: Workload) -> Link | None:
    """Return the link that cannot be told, if the account has no association and not all were read."""
    cluster = workload.associations
    if cluster is None or not cluster.unread:
        return None
    subject = PodSubject(cluster.arn, "", workload.account.namespace, workload.account.name)
    which = associated(subject, cluster)
    return None if which.allowed else Link(PodIdentityLink.ASSOCIATION, which)


def _unread(code: ReasonCode, account: str) -> Decision[Any]:
    step = Step(code, Ref(f"aws:{account}"), (("account", account),))
    return Decision(Outcome.UNKNOWN, (step,), (step,))
