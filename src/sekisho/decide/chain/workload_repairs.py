"""What would repair the links that STS refuses, where the annotation and the cluster are known too."""

from collections.abc import Mapping
from dataclasses import replace

from sekisho.decide.chain.workload_question import Workload, WorkloadFacts
from sekisho.decide.decision import Decision, Outcome, Repair
from sekisho.decide.sts import Session, StsCode, StsNear
from sekisho.decide.values import Arn
from sekisho.decide.workload.code import WorkloadFix


def with_provider_repairs(
    refusal: Decision[Session], workload: Workload, role: Arn, facts: WorkloadFacts
) -> Decision[Session]:
    """Add the role of the same name in the cluster's own account, and the audience that is taken."""
    first = refusal.decisive[0]
    repairs: tuple[Repair, ...] = ()
    if first.code is StsCode.PROVIDER_UNKNOWN:
        own = _account_of(workload.cluster)
        name = role.resource.rpartition("/")[2]
        other = facts.sts.role_named(own, name) if own and own != role.account else None
        if other is not None:
            repairs = (annotation(workload, str(other.arn)),)
    else:
        registered = dict(first.facts)["registered"].split(", ")[0]
        if registered != "none":
            named = (("namespace", workload.account.namespace), ("name", workload.account.name))
            repairs = (Repair(WorkloadFix.CORRECT_AUDIENCE, (*named, ("audience", registered))),)
    return replace(refusal, repairs=(*repairs, *refusal.repairs))


def with_role_repairs(answer: Decision[Session], workload: Workload, role: Arn) -> Decision[Session]:
    """Add to the refusal of a role that does not exist which one is meant, or how to make it."""
    if answer.outcome is not Outcome.DENY:
        return answer
    near = next((step for step in answer.nearest if step.code is StsNear.ROLE), None)
    if near is not None:
        return replace(answer, repairs=(annotation(workload, dict(near.facts)["found"]),))
    host = workload.issuer.removeprefix("https://")
    provider = Arn(role.partition, "iam", "", role.account, f"oidc-provider/{host}")
    facts = (
        ("role", str(role)),
        ("provider", str(provider)),
        ("issuer", host),
        ("subject", workload.subject),
    )
    return replace(answer, repairs=(Repair(WorkloadFix.CREATE_ROLE, facts),))


def annotation(workload: Workload, role: str) -> Repair:
    """Return the repair that gives the account another role."""
    facts: Mapping[str, str] = {
        "namespace": workload.account.namespace,
        "name": workload.account.name,
        "role": role,
    }
    return Repair(WorkloadFix.CORRECT_ANNOTATION, tuple(facts.items()))


def _account_of(cluster: str) -> str:
    try:
        return Arn.parse(cluster).account
    except ValueError:
        return ""
