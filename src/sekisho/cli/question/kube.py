"""A question to a cluster: put in words, and answered."""

from typing import TYPE_CHECKING

from sekisho.cli.question.workload import kubernetes_name

if TYPE_CHECKING:
    from sekisho.decide.decision import Chain
    from sekisho.decide.request.kubernetes import RequestAttributes
    from sekisho.review.source import Source


def ask(
    who: str, action: str, resource: str, source: "Source", namespace: str, *, all_namespaces: bool
) -> "tuple[Chain, str]":
    """Return the chain that answers a question to a cluster, and what was asked in words.

    Raises:
        SekishoInputError: the question cannot be understood.
    """
    from sekisho.review.questions import ask_cluster

    who = kubernetes_name(who, namespace, source)
    attributes, asked = read_kube_question(action, resource, namespace, all_namespaces=all_namespaces)
    return ask_cluster(who, attributes, source), asked


def read_kube_question(
    action: str, resource: str, namespace: str, *, all_namespaces: bool
) -> "tuple[RequestAttributes, str]":
    """Return a Kubernetes request, and what was asked in words.

    Raises:
        SekishoInputError: the question cannot be understood.
    """
    from sekisho.decide.values import Ref, SekishoInputError
    from sekisho.review.kube_action import read_action

    if not resource:
        hint = "an AWS action has a colon, such as s3:GetObject"
        problem = f"the verb `{action[:40]}` needs a resource, such as nodes"
        raise SekishoInputError.single("question.no-resource", Ref("question"), problem, hint)
    attributes = read_action(action, resource, namespace, all_namespaces=all_namespaces)
    place = f" in {attributes.namespace}" if attributes.namespace else ""
    return attributes, f"{action} {resource}{place}"
