"""May somebody do something: the chain that answers, over the facts of a source."""

from dataclasses import replace

from sekisho.decide.authn.canonical import ArnKind
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.chain import authorize, chain_of, request_to_aws
from sekisho.decide.chain.person_to_cluster import CLUSTER_CHAIN, LinkName
from sekisho.decide.decision import Chain, Decision, Link, Outcome, ReasonCode, Step
from sekisho.decide.iam.layers import condition_keys
from sekisho.decide.rbac.model import service_account_of
from sekisho.decide.request.aws_reference import ServiceReference
from sekisho.decide.request.aws_request import ANY_RESOURCE, AwsRequest, Context
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import AccountId, Arn, KubeUser, Principal, PrincipalType, Ref, SekishoInputError
from sekisho.facts.identity import identity_from_arn
from sekisho.facts.permissions import AwsPolicyText, policies_for
from sekisho.facts.snapshot import Snapshot
from sekisho.review.source import Source

AUTHENTICATED = "system:authenticated"


class Code(ReasonCode):
    """What a question finds before an evaluator is asked."""

    POLICIES_UNREAD = "question.policies-unread", "the policies of {arn} are not among the facts"
    UNKNOWN_ACTION = "question.unknown-action", "the service reference has no action {action}"


def ask_cluster(who: str, request: RequestAttributes, source: Source) -> Chain:
    """Return the chain from ``who`` to the answer of the cluster.

    ``who`` is an IAM identity as `identity_from_arn` reads it, or a Kubernetes user:
    ``system:serviceaccount:NAMESPACE:NAME``, ``user:NAME`` or ``group:NAME``.

    Raises:
        SekishoInputError: no such identity, or no cluster to ask.
    """
    if source.cluster is None:
        known = ", ".join(str(one.arn) for one in source.snapshot.clusters()) or "none"
        raise SekishoInputError.single(
            "question.no-cluster",
            Ref("question"),
            "no cluster was named",
            f"give --cluster; known are {known}",
        )
    user = _kube_user(who)
    if user is not None:
        answer = authorize(user, request, source.cluster)
        return Chain(CLUSTER_CHAIN, (Link(LinkName.AUTHORIZATION, answer),))
    return chain_of((), identity_from_arn(who, source.snapshot), source.cluster, request)


def ask_aws(
    who: str,
    action: str,
    resource: str,
    source: Source,
    reference: ServiceReference,
    aws_policy: AwsPolicyText,
) -> Chain:
    """Return the chain for an AWS action; condition keys that the question does not tell are unread.

    Raises:
        SekishoInputError: no such identity, or ``action`` is no action of its service.
    """
    identity = identity_from_arn(who, source.snapshot)
    known = reference.action(action)
    if known is None:
        problem = Code.UNKNOWN_ACTION.sentence.format(action=action[:128])
        raise SekishoInputError.single(str(Code.UNKNOWN_ACTION), Ref("question"), problem)
    principal = principal_of(identity, source.snapshot)
    asked = AwsRequest(
        principal, known.name, (resource or ANY_RESOURCE,), resource_account=_owner(resource, principal)
    )
    policies = policies_for(source.snapshot, asked, aws_policy)
    if not _is_known(principal, source.snapshot):
        step = Step(Code.POLICIES_UNREAD, Ref(str(principal.entity)), (("arn", str(principal.entity)),))
        unread: Decision[None] = Decision(Outcome.UNKNOWN, (step,), (step,))
        return request_to_aws.decide(None, unread, lambda _request: policies)
    told = {
        "aws:PrincipalArn": str(principal.entity),
        "aws:PrincipalAccount": str(principal.account),
        "aws:userid": principal.user_id,
    }
    if principal.type is PrincipalType.USER:
        told["aws:username"] = principal.arn.resource.rpartition("/")[2]
    context = Context.of(told, condition_keys(policies))
    return request_to_aws.decide(None, (replace(asked, context=context),), lambda _request: policies)


def principal_of(identity: StsIdentity, snapshot: Snapshot) -> Principal:
    """Return the AWS principal of an identity; a session's role has its path where the facts know it."""
    kinds = {
        ArnKind.USER: PrincipalType.USER,
        ArnKind.ROOT: PrincipalType.ROOT,
        ArnKind.FEDERATED_USER: PrincipalType.FEDERATED_USER,
    }
    kind = kinds.get(identity.canonical.kind, PrincipalType.ROLE_SESSION)
    entity = identity.canonical.arn
    if kind is PrincipalType.ROLE_SESSION:
        role = snapshot.role(identity.account, entity.resource.rpartition("/")[2])
        entity = role.arn if role is not None else entity
    return Principal(kind, identity.arn, identity.user_id, entity)


def _is_known(principal: Principal, snapshot: Snapshot) -> bool:
    name = principal.entity.resource.rpartition("/")[2]
    match principal.type:
        case PrincipalType.ROOT:
            return True
        case PrincipalType.ROLE_SESSION:
            return snapshot.role(principal.account, name) is not None
        case PrincipalType.USER | PrincipalType.FEDERATED_USER:
            return snapshot.user(principal.account, name) is not None


def _owner(resource: str, principal: Principal) -> AccountId | None:
    try:
        account = Arn.parse(resource).account
    except ValueError:
        return None
    return AccountId(account) if account.isdecimal() and account != principal.account else None


def _kube_user(who: str) -> KubeUser | None:
    """Return a Kubernetes user with its implied groups; None for anything else."""
    account = service_account_of(who)
    if account is not None:
        groups = ("system:serviceaccounts", f"system:serviceaccounts:{account.namespace}", AUTHENTICATED)
        return KubeUser(who, groups)
    kind, colon, name = who.partition(":")
    if colon and name and kind == "user":
        return KubeUser(name, (AUTHENTICATED,))
    if colon and name and kind == "group":
        return KubeUser("", (name, AUTHENTICATED))
    return None
