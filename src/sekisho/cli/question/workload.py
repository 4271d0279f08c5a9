"""A question about a workload: its spelling, and the answer as JSON."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sekisho.cli.question.document import answer_document, sets_document

if TYPE_CHECKING:
    from sekisho.decide.chain.workload_to_aws import Credentials
    from sekisho.review.next_roles import NextRole
    from sekisho.review.source import Source
    from sekisho.review.told import Told
    from sekisho.review.workload_name import WorkloadName

CREDENTIALS = "credentials in AWS"


@dataclass(frozen=True, slots=True)
class Onward:
    """What comes after the role of a service account: ``roles`` one by one, or the ``profile`` of a pod."""

    namespace: str = "default"
    roles: tuple[str, ...] = ()
    profile: str = ""


def at_workload(who: str, namespace: str, source: "Source") -> "Source":
    """Return ``source`` at the cluster that has the workload ``who``, if it is one and no cluster is chosen.

    Raises:
        SekishoInputError: more than one cluster has it, or none of several.
    """
    from sekisho.review.workload_cluster import at_cluster_of
    from sekisho.review.workload_name import workload_named

    name = workload_named(who, namespace)
    return source if name is None else at_cluster_of(name, source)


def kubernetes_name(who: str, namespace: str, source: "Source") -> str:
    """Return ``who``, a workload as the Kubernetes user that it is.

    Raises:
        SekishoInputError: there is no such pod.
    """
    from sekisho.review.questions import need_cluster
    from sekisho.review.workload_facts import workload_of
    from sekisho.review.workload_name import SERVICE_ACCOUNT, workload_named

    name = workload_named(who, namespace)
    if name is None:
        return who
    if name.kind == SERVICE_ACCOUNT:
        return f"system:serviceaccount:{name.namespace}:{name.name}"
    return workload_of(name, need_cluster(source).cluster, source).subject


def answer_credentials(who: str, source: "Source", onward: Onward) -> Any:
    """Return how a workload gets its credentials, as JSON.

    Raises:
        SekishoInputError: no such workload or cluster.
    """
    name = _name(who, onward)
    found, following = _obtained(name, source, onward)
    document = answer_document(found.chain, source, who, CREDENTIALS)
    return {**document, "next": [next_document(one) for one in following]}


def answer_workload(
    name: "WorkloadName", who: str, action: str, resource: str, source: "Source", told: "Told", onward: Onward
) -> Any:
    """Return what a workload may do in AWS, as JSON: a chain, or sets of resources once it has credentials.

    Raises:
        SekishoInputError: the question cannot be understood.
    """
    found, following = _obtained(name, source, onward)

    def answered(credentials: "Credentials") -> Any:
        return _permission(credentials, who, action, resource, source, told)

    answers = [next_document(one, answered(one.credentials)["outcome"]) for one in following]
    return {**answered(found), "next": answers}


def next_document(one: "NextRole", outcome: str = "") -> Any:
    """Return a role to which a workload goes on, as JSON; ``outcome`` by default that of its credentials."""
    return {
        "workload": one.workload.shown,
        "profile": one.way.name,
        "configMap": one.way.config_map,
        "role": one.role,
        "outcome": outcome or str(one.credentials.chain.outcome),
    }


def next_lines(document: Any) -> Iterator[str]:
    """Yield a line for each role to which a workload goes on."""
    words = {"allow": "yes", "unknown": "unknown"}
    for one in document.get("next", ()):
        role = one["role"] or "nothing"
        yield (
            f"{one['workload']} leads on to {role} by the AWS profile {one['profile']} of the ConfigMap "
            f"{one['configMap']}: {words.get(one['outcome'], 'no')}"
        )


def _permission(
    found: "Credentials", who: str, action: str, resource: str, source: "Source", told: "Told"
) -> Any:
    from sekisho.review.aws_resources import asks_for_sets, on_which_resources
    from sekisho.review.workload_question import answer_permission, told_of, who_of
    from sekisho.wire.aws_managed_policies import aws_policy_text
    from sekisho.wire.service_reference import load_service_reference

    reference = load_service_reference([action.partition(":")[0].lower()])
    asked = f"{action} on {resource or '*'}"
    if found.allowed and asks_for_sets(action, resource, reference):
        asked = f"{action} on {resource}" if resource else f"{action} on which resources"
        sets = on_which_resources(
            who_of(found), action, resource, source, reference, aws_policy_text, told_of(found, told)
        )
        return {"who": who, "asked": asked, **sets_document(sets, source)}
    got = answer_permission(found, action, resource, source, reference, aws_policy_text, told)
    return {**answer_document(got.chain, source, who, asked), "needs": list(got.needs)}


def _obtained(
    name: "WorkloadName", source: "Source", onward: Onward
) -> "tuple[Credentials, tuple[NextRole, ...]]":
    """Return the credentials of a workload, and where they lead on if the question does not say so itself."""
    import time

    from sekisho.decide.values import Instant
    from sekisho.review.workload_question import credentials_of, next_roles_of
    from sekisho.wire.aws_managed_policies import aws_policy_text

    now = Instant.from_epoch(int(time.time()))
    found = credentials_of(name, source, aws_policy_text, now, onward.roles, onward.profile)
    return found, () if onward.roles else next_roles_of(name, source, aws_policy_text, now)


def _name(who: str, onward: Onward) -> "WorkloadName":
    from sekisho.decide.values import Ref, SekishoInputError
    from sekisho.review.workload_name import workload_named

    name = workload_named(who, onward.namespace)
    if name is None:
        problem = f"`{who[:200]}` is no service account or pod"
        raise SekishoInputError.single(
            "question.no-such-workload", Ref("question"), problem, "write NAMESPACE/NAME or pod/NAME"
        )
    return name
