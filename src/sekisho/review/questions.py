"""May somebody do something: the chain that answers, over the facts of a source."""

import difflib
from dataclasses import dataclass, replace

from sekisho.decide.chain import authorize, chain_of, request_to_aws
from sekisho.decide.chain.person_to_cluster import CLUSTER_CHAIN, LinkName
from sekisho.decide.decision import Chain, Decision, Link, Outcome, ReasonCode, Step
from sekisho.decide.iam import Policies
from sekisho.decide.node import authorize as node
from sekisho.decide.rbac.model import service_account_of
from sekisho.decide.request.aws_reference import ActionFacts, ServiceReference
from sekisho.decide.request.aws_request import ANY_RESOURCE
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser, Principal, Ref, SekishoInputError
from sekisho.facts.identity import identity_from_arn
from sekisho.facts.permissions import AwsPolicyText
from sekisho.facts.snapshot_cluster import SnapshotCluster
from sekisho.review.aws_caller import is_known, prepared, principal_of, unread_policies
from sekisho.review.needs import needs
from sekisho.review.provider_people import person
from sekisho.review.source import Source
from sekisho.review.told import NOTHING_TOLD, Told

AUTHENTICATED = "system:authenticated"


class Code(ReasonCode):
    """What a question finds before an evaluator is asked."""

    POLICIES_UNREAD = "question.policies-unread", "the policies of {arn} are not among the facts"
    POLICY_UNREAD = "question.policy-unread", "{policy}, which {arn} holds, is not among the facts"
    UNKNOWN_ACTION = "question.unknown-action", "the service reference has no action {action}"


def ask_cluster(who: str, request: RequestAttributes, source: Source) -> Chain:
    """Return the chain from ``who`` to the answer of the cluster.

    ``who`` is an IAM identity as `identity_from_arn` reads it, or a Kubernetes user:
    ``system:serviceaccount:NAMESPACE:NAME``, ``user:NAME`` or ``group:NAME``. Somebody of a user pool whose
    id tokens the cluster takes has the groups that their token would give.

    Raises:
        SekishoInputError: no such identity, or no cluster to ask.
    """
    cluster = need_cluster(source)
    user = user_in_cluster(who, source, cluster)
    if user is not None:
        answer = authorize(user, request, cluster)
        return Chain(CLUSTER_CHAIN, (Link(LinkName.AUTHORIZATION, answer),))
    return chain_of((), identity_from_arn(who, source.snapshot), cluster, request)


def user_in_cluster(who: str, source: Source, cluster: SnapshotCluster) -> KubeUser | None:
    """Return the user of ``who``, as `ask_cluster` reads it, in a cluster; None for an IAM identity."""
    kind, _, name = who.partition(":")
    known = person(name, source.snapshot, str(cluster.cluster.arn)) if kind == "user" else None
    return known or kube_user(who)


def need_cluster(source: Source) -> SnapshotCluster:
    """Return the cluster in question.

    Raises:
        SekishoInputError: there is none, or several and none was named.
    """
    if source.cluster is None:
        known = ", ".join(str(one.arn) for one in source.snapshot.clusters()) or "none"
        raise SekishoInputError.single(
            "question.no-cluster",
            Ref("question"),
            "no cluster was named",
            f"give --cluster; known are {known}",
        )
    return source.cluster


@dataclass(frozen=True, slots=True)
class AwsAnswer:
    """The chain for an AWS question; ``needs`` is what has to hold before an unknown becomes a yes."""

    chain: Chain
    needs: tuple[str, ...] = ()


def ask_aws(
    who: str,
    action: str,
    resource: str,
    source: Source,
    reference: ServiceReference,
    aws_policy: AwsPolicyText,
    told: Told = NOTHING_TOLD,
) -> Chain:
    """Return the chain of `answer_aws`."""
    return answer_aws(who, action, resource, source, reference, aws_policy, told).chain


def answer_aws(
    who: str,
    action: str,
    resource: str,
    source: Source,
    reference: ServiceReference,
    aws_policy: AwsPolicyText,
    told: Told = NOTHING_TOLD,
) -> AwsAnswer:
    """Return the chain for an AWS action; condition keys that nobody tells are unread.

    Raises:
        SekishoInputError: no such identity, or ``action`` is no action of its service.
    """
    principal = principal_of(identity_from_arn(who, source.snapshot), source.snapshot)
    known = known_action(action, reference)
    if told.identity is None and not is_known(principal, source.snapshot):
        step = Step(Code.POLICIES_UNREAD, Ref(str(principal.entity)), (("arn", str(principal.entity)),))
        unread: Decision[None] = Decision(Outcome.UNKNOWN, (step,), (step,))
        return AwsAnswer(request_to_aws.decide(None, unread, lambda _request: Policies()))
    request, policies = prepared(
        principal, known.name, resource or ANY_RESOURCE, source.snapshot, aws_policy, told
    )
    chain = request_to_aws.decide(None, (request,), lambda _request: policies)
    missing = unread_policies(principal, source.snapshot, aws_policy) if told.identity is None else ()
    open_ = needs(request, policies) if chain.outcome is Outcome.UNKNOWN else ()
    return AwsAnswer(_naming(chain, missing, principal), open_)


def known_action(action: str, reference: ServiceReference) -> ActionFacts:
    """Return what the service reference says about ``action``.

    Raises:
        SekishoInputError: it has no such action; with the closest spelling.
    """
    known = reference.action(action)
    if known is None:
        problem = Code.UNKNOWN_ACTION.sentence.format(action=action[:128])
        spelled = {lowered: facts.name for lowered, facts in reference.actions.items()}
        close = difflib.get_close_matches(action.lower()[:128], spelled, 1)
        hint = f"did you mean `{spelled[close[0]]}`?" if close else ""
        raise SekishoInputError.single(str(Code.UNKNOWN_ACTION), Ref("question"), problem, hint)
    return known


def _naming(chain: Chain, missing: tuple[str, ...], principal: Principal) -> Chain:
    """Return an unknown answer with the policies that nobody read; every other as it is."""
    if chain.outcome is not Outcome.UNKNOWN or not missing:
        return chain
    at = Ref(str(principal.entity))
    steps = tuple(
        Step(Code.POLICY_UNREAD, at, (("policy", policy), ("arn", str(principal.entity))))
        for policy in missing
    )
    links = tuple(
        replace(link, decision=replace(link.decision, decisive=(*steps, *link.decision.decisive)))
        for link in chain.links
    )
    return replace(chain, links=links)


def kube_user(who: str) -> KubeUser | None:
    """Return the Kubernetes user of ``who`` with its implied groups; None for anything else."""
    account = service_account_of(who)
    if account is not None:
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{account.namespace}", AUTHENTICATED)
        return KubeUser(who, groups)
    kind, colon, name = who.partition(":")
    if colon and name and kind == "user":
        # A node is only taken for one in its group, which every node's credential names.
        nodes = (node.GROUP,) if name.startswith(node.PREFIX) else ()
        return KubeUser(name, (*nodes, AUTHENTICATED))
    if colon and name and kind == "group":
        return KubeUser("", (name, AUTHENTICATED))
    return None
