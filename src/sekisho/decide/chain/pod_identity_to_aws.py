"""From a pod to a session of a role by EKS Pod Identity, one link per check.

    token -> association -> role -> target role (where the association names one)

The token is held against the cluster that issued it at each use: it ends with its pod and its service
account, whatever its expiry says. Source: Amazon EKS User Guide, "Learn how EKS Pod Identity grants pods
access to AWS services"; EKS Auth API Reference, "AssumeRoleForPodIdentity".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sekisho.decide.authn.service_account_token import (
    EXTRA,
    Bearer,
    ServiceAccountFacts,
    TokenIssuer,
    authenticate,
)
from sekisho.decide.decision import Chain, Decision, Link, Outcome, Repair, Step
from sekisho.decide.request.aws_request import NO_CONTEXT, Context
from sekisho.decide.sts import Session, StsFacts
from sekisho.decide.sts.access import DecideAccess, decide_access
from sekisho.decide.sts.pod_identity import SERVICE, Association, PodSubject, obtain
from sekisho.decide.sts.pod_identity_code import PodIdentityCode, PodIdentityFix, PodIdentityNear
from sekisho.decide.values import Arn, Instant, Ref, Secret

POD_IDENTITY_CHAIN: Final = "pod_identity_to_aws"

_ACCOUNT_PREFIX = "system:serviceaccount:"


class PodIdentityLink(StrEnum):
    """The checkpoints between a pod and a session, in order."""

    TOKEN = "service-account-token"  # noqa: S105 - a name, not a credential
    ASSOCIATION = "association"
    ROLE = "role"
    TARGET_ROLE = "target-role"


@dataclass(frozen=True, slots=True)
class PodIdentityCluster:
    """A cluster as EKS Pod Identity knows it.

    ``unread`` says why the associations were not read, empty where they were.
    """

    arn: str
    issuer: str
    associations: Sequence[Association]
    unread: str = ""

    @property
    def at(self) -> Ref:
        """The list of the associations; each stands under it by its id."""
        return Ref(self.arn, "/podIdentityAssociations")


@dataclass(frozen=True, slots=True)
class PodIdentityAnswer:
    """The chain; for an ALLOW whose pod it is, the association, and the session that the pod obtains."""

    chain: Chain
    subject: PodSubject | None = None
    association: Association | None = None
    session: Session | None = None


def decide_token(
    token: Secret,
    cluster: PodIdentityCluster,
    issuer: TokenIssuer,
    objects: ServiceAccountFacts,
    unique: str,
    facts: StsFacts,
    now: Instant,
    context: Context = NO_CONTEXT,
    decide: DecideAccess = decide_access,
) -> PodIdentityAnswer:
    """Return what the bearer of a pod's token obtains; ``objects`` are those of the cluster.

    Raises:
        SekishoInputError: a stored policy breaks its grammar.
    """
    found = authenticate(token.reveal(), issuer, objects, now, (SERVICE,))
    subject = None if found.value is None else _subject(found.value, cluster)
    if found.value is not None and subject is not None and not subject.pod:
        found = _unbound(subject)
    link = Link(PodIdentityLink.TOKEN, found)
    if not found.allowed or subject is None:
        return PodIdentityAnswer(Chain(POD_IDENTITY_CHAIN, (link,)), subject)
    rest = decide_pod(subject, cluster, unique, facts, now, context, decide)
    chain = Chain(POD_IDENTITY_CHAIN, (link, *rest.chain.links))
    return PodIdentityAnswer(chain, subject, rest.association, rest.session)


def decide_pod(
    subject: PodSubject,
    cluster: PodIdentityCluster,
    unique: str,
    facts: StsFacts,
    now: Instant,
    context: Context = NO_CONTEXT,
    decide: DecideAccess = decide_access,
) -> PodIdentityAnswer:
    """Return what a pod obtains, taking for granted that it is one of ``subject``.

    A subject without a pod stands for any pod of the service account.

    Raises:
        SekishoInputError: a stored policy breaks its grammar.
    """
    which = associated(subject, cluster)
    links = [Link(PodIdentityLink.ASSOCIATION, which)]
    association = which.value
    if association is None:
        return PodIdentityAnswer(Chain(POD_IDENTITY_CHAIN, tuple(links)), subject)
    obtained = obtain(subject, association, unique, facts, now, context, decide)
    links.append(Link(PodIdentityLink.ROLE, obtained.role))
    if obtained.target is not None:
        links.append(Link(PodIdentityLink.TARGET_ROLE, obtained.target))
    chain = Chain(POD_IDENTITY_CHAIN, tuple(links))
    return PodIdentityAnswer(chain, subject, association, obtained.last.value)


def associated(subject: PodSubject, cluster: PodIdentityCluster) -> Decision[Association]:
    """Return the association of the pod's service account; names are compared exactly. Total."""
    account = ("account", subject.account)
    shown = ("cluster", _name(cluster))
    for one in cluster.associations:
        if one.account == subject.account:
            told = (("association", one.association), account, ("role", one.role))
            step = Step(PodIdentityCode.ASSOCIATED, cluster.at.child(one.association), told)
            return Decision(Outcome.ALLOW, (step,), (step,), one)
    if cluster.unread:
        step = Step(PodIdentityCode.NOT_READ, cluster.at, (shown, ("reason", cluster.unread)))
        return Decision(Outcome.UNKNOWN, (step,), (step,))
    step = Step(PodIdentityCode.NO_ASSOCIATION, cluster.at, (shown, account))
    fix = Repair(
        PodIdentityFix.ASSOCIATE,
        (shown, account, ("namespace", subject.namespace), ("name", subject.service_account)),
    )
    return Decision(Outcome.DENY, (step,), (step,), nearest=_nearest(subject, cluster), repairs=(fix,))


def _nearest(subject: PodSubject, cluster: PodIdentityCluster) -> tuple[Step, ...]:
    """Return the associations that differ in the namespace or in case alone."""
    found: list[Step] = []
    for one in cluster.associations:
        told = (("association", one.association), ("found", one.account))
        at = cluster.at.child(one.association)
        if one.account.lower() == subject.account.lower():
            found.insert(0, Step(PodIdentityNear.CASE, at, told))
        elif one.service_account == subject.service_account:
            found.append(Step(PodIdentityNear.NAMESPACE, at, told))
    return tuple(found)


def _subject(bearer: Bearer, cluster: PodIdentityCluster) -> PodSubject:
    namespace, _, name = bearer.user.name.removeprefix(_ACCOUNT_PREFIX).partition(":")
    extra = dict(bearer.user.extra)
    pod, uid = (extra.get(f"{EXTRA}/{key}", ("",))[0] for key in ("pod-name", "pod-uid"))
    return PodSubject(cluster.arn, cluster.issuer, namespace, name, pod, uid)


def _unbound(subject: PodSubject) -> Decision[Bearer]:
    step = Step(PodIdentityCode.NOT_BOUND, Ref("token", "/claims"), (("account", subject.account),))
    fix = Repair(
        PodIdentityFix.BOUND_TOKEN, (("namespace", subject.namespace), ("name", subject.service_account))
    )
    return Decision(Outcome.DENY, (step,), (step,), repairs=(fix,))


def _name(cluster: PodIdentityCluster) -> str:
    return Arn.parse(cluster.arn).resource.partition("/")[2]
