"""From a service account, or one of its pods, to what AWS lets it do: one link per thing that can be wrong.

    service account -> injection -> AWS profile -> token -> provider -> trust policy -> session
    -> next role (any number) -> permission

With EKS Pod Identity the association, its role and its target role stand in the place of token to session.

The token is the one that the kubelet would obtain at this moment. Links after the first refusal are absent.
Sources: EKS User Guide, "IAM roles for service accounts"; STS API Reference.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from sekisho.decide.chain.pod_identity_to_aws import (
    PodIdentityCluster,
    PodIdentityLink,
    decide_pod,
)
from sekisho.decide.chain.pod_to_aws import WebIdentityLink, concluded, refused_early
from sekisho.decide.chain.workload_gaps import provider_unread, role_unread, unread_associations
from sekisho.decide.chain.workload_profile import decide_profile
from sekisho.decide.chain.workload_question import Workload, WorkloadFacts
from sekisho.decide.chain.workload_repairs import annotation, with_provider_repairs, with_role_repairs
from sekisho.decide.decision import Chain, Decision, Link, Outcome, Repair, Step
from sekisho.decide.iam import condition_keys
from sekisho.decide.proof.jws_token import UnverifiedToken
from sekisho.decide.request.aws_request import Context
from sekisho.decide.sts import (
    AssumeRole,
    AssumeRoleWithWebIdentity,
    Session,
    SessionParameters,
    SignedCaller,
    StsCode,
    assume_role,
    conclude_signed,
    question_about,
)
from sekisho.decide.sts.access import with_trust
from sekisho.decide.sts.assume_role import role_arn
from sekisho.decide.sts.pod_identity import PodSubject
from sekisho.decide.sts.refusal import refused
from sekisho.decide.values import AccountId, FederatedPrincipal, Instant, Json, Ref, Secret
from sekisho.decide.workload.code import WorkloadCode, WorkloadFix
from sekisho.decide.workload.identity import Method, resolve
from sekisho.decide.workload.injection import Carried, injected, planned
from sekisho.decide.workload.settings import DEFAULT_EXPIRATION, AccountFacts

WORKLOAD_CHAIN: Final = "workload_to_aws"
SESSION_NAME: Final = "session"
"""Stands for the name that an SDK gives a session: nobody knows it before."""

API_AUDIENCE: Final = "https://kubernetes.default.svc"
"""Whom tokens are for that name nobody (EKS)."""

_DOOR_KEYS: Final = (
    "aws:currenttime",
    "aws:epochtime",
    "aws:referer",
    "aws:requestedregion",
    "aws:securetransport",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:sourcevpcarn",
    "aws:sourcevpce",
    "aws:useragent",
    "aws:vpcsourceip",
    "aws:vpceaccount",
    "aws:vpceorgid",
    "aws:vpceorgpaths",
)
"""What a request carries that nobody knows before (IAM User Guide, "Properties of the network")."""


class WorkloadLink(StrEnum):
    """The checkpoints that are not those of AssumeRoleWithWebIdentity itself."""

    ACCOUNT = "service-account-role"
    INJECTION = "injection"
    PROFILE = "aws-profile"
    NEXT_ROLE = "next-role"


@dataclass(frozen=True, slots=True)
class Credentials:
    """The chain as far as it came, and the session at its end if every link allowed."""

    chain: Chain
    session: Session | None = None

    @property
    def allowed(self) -> bool:
        """Whether there is a session."""
        return self.session is not None


def obtain(workload: Workload, facts: WorkloadFacts, now: Instant) -> Credentials:
    """Return the credentials that a workload gets, as its profile or its containers ask for them.

    A pod that carries another role than its account says by now is asked about with the one that it
    carries; where that leads nowhere, what broke is that it was not created again.

    Raises:
        SekishoInputError: a stored policy breaks its grammar.
    """
    links: list[Link] = []
    carried = _carried(workload, links)
    if carried is None:
        return _ended(links)
    way = workload.profile
    role = carried.source
    if way is not None:
        links.append(Link(WorkloadLink.PROFILE, decide_profile(way, workload, carried)))
        if not links[-1].decision.allowed:
            return _ended(links)
        role = way.hops[0].role if way.token_file else role
    if carried.method is Method.CONTAINER:
        session = _by_pod_identity(workload, facts, now, links)
    else:
        session = _by_web_identity(workload, role, carried, facts, now, links)
    found = _ended(links, session)
    if way is not None:
        for hop in way.hops[1:] if way.token_file else way.hops:
            found = assume_next(found, hop.role, facts, now, hop.session_name)
    return _or_overtaken(_or_differing(found, carried), workload)


def assume_next(
    found: Credentials, role: str, facts: WorkloadFacts, now: Instant, session_name: str = ""
) -> Credentials:
    """Return the credentials after one role more; those that ended already stay as they are.

    Raises:
        SekishoInputError: a stored policy breaks its grammar.
    """
    if found.session is None:
        return found
    session = found.session
    caller = SignedCaller(session.principal, session, Context.of({}, _DOOR_KEYS))
    request = AssumeRole(role, session_name or SESSION_NAME, SessionParameters())
    decision = role_unread(assume_role(request, caller, facts.sts, now), facts)
    links = (*found.chain.links, Link(WorkloadLink.NEXT_ROLE, decision))
    return Credentials(Chain(WORKLOAD_CHAIN, links), decision.value)


def permitted(found: Credentials, permission: Chain) -> Chain:
    """Return the chain that goes on with what the session's policies say. Total."""
    return Chain(WORKLOAD_CHAIN, (*found.chain.links, *permission.links))


def _ended(links: list[Link], session: Session | None = None) -> Credentials:
    return Credentials(Chain(WORKLOAD_CHAIN, tuple(links)), session)


def _carried(workload: Workload, links: list[Link]) -> Carried | None:
    """Add the links of the service account and of the pod, and return what the containers use."""
    account, pod = workload.account, workload.pod
    annotations = {} if pod is None else pod.view.annotations
    resolved = resolve(account, workload.settings, annotations, DEFAULT_EXPIRATION)
    own = None if pod is None else injected(pod, account, workload.settings)
    is_gone = account.is_read and account.annotations is None
    if is_gone or (resolved.value is None and (own is None or own.value is None)):
        if own is not None and own.outcome is not Outcome.NO_OPINION and not own.allowed:
            links.append(Link(WorkloadLink.INJECTION, own))
            return None
        unread = None if is_gone else unread_associations(workload)
        links.append(unread or Link(WorkloadLink.ACCOUNT, _unassigned(resolved, account, is_gone=is_gone)))
        return None
    if resolved.value is not None:
        links.append(Link(WorkloadLink.ACCOUNT, replace(resolved, value=None)))
    if own is None:
        return None if resolved.value is None else planned(resolved.value)
    links.append(Link(WorkloadLink.INJECTION, replace(own, value=None)))
    return own.value


def _unassigned(resolved: Decision[object], account: AccountFacts, *, is_gone: bool) -> Decision[object]:
    """Return why there is no role for an account, with what would give it one."""
    if resolved.outcome is Outcome.UNKNOWN:
        return resolved
    named = (("namespace", account.namespace), ("name", account.name))
    if not is_gone:
        return replace(resolved, repairs=(Repair(WorkloadFix.ANNOTATE, named),))
    step = Step(
        WorkloadCode.NO_ACCOUNT, Ref(f"serviceaccount/{account.shown}"), (("account", account.shown),)
    )
    return Decision(Outcome.DENY, (step,), (step,), repairs=(Repair(WorkloadFix.CREATE_ACCOUNT, named),))


def _by_web_identity(
    workload: Workload,
    role: str,
    carried: Carried,
    facts: WorkloadFacts,
    now: Instant,
    links: list[Link],
) -> Session | None:
    """Add the links from the token to the session, and return it."""
    at = Ref(workload.cluster).child("identity", "oidc", "issuer")
    if not workload.issuer:
        step = Step(WorkloadCode.ISSUER_UNREAD, at, (("cluster", workload.cluster),))
        links.append(Link(WebIdentityLink.TOKEN, Decision(Outcome.UNKNOWN, (step,), (step,))))
        return None
    # A token for nobody in particular is one for the API server.
    audience = carried.audience or API_AUDIENCE
    seconds = carried.seconds
    told = (
        ("issuer", workload.issuer),
        ("subject", workload.subject),
        ("audience", audience),
        ("seconds", str(seconds)),
    )
    step = Step(WorkloadCode.TOKEN, at, told)
    links.append(Link(WebIdentityLink.TOKEN, Decision(Outcome.ALLOW, (step,), (step,))))
    arn = role_arn(role)
    if arn is None:
        place = Ref(f"serviceaccount/{workload.account.shown}")
        fix = annotation(workload, "ROLE_ARN")
        refusal = refused(StsCode.ROLE_ARN, place, ("role", role), repairs=(fix,))
        links.append(Link(WebIdentityLink.REQUEST, refusal))
        return None
    begins = int(now.epoch)
    claims: dict[str, Json] = {
        "iss": workload.issuer,
        "sub": workload.subject,
        "aud": [audience],
        "iat": begins,
        "nbf": begins,
        "exp": begins + seconds,
    }
    request = AssumeRoleWithWebIdentity(str(arn), SESSION_NAME, Secret(""), SessionParameters())
    question = question_about(request, arn, UnverifiedToken("RS256", "", claims, Secret("")), facts.sts)
    if isinstance(question, Decision):
        refusal = provider_unread(question, arn, facts)
        if refusal.outcome is Outcome.DENY:
            refusal = with_provider_repairs(refusal, workload, arn, facts)
        links.extend(replace(one, decision=refusal) for one in refused_early(question).links)
        return None
    known = facts.sts.role(arn)
    policies = facts.sts.policies(
        FederatedPrincipal(str(question.provider.arn)), None, AccountId(arn.account)
    )
    asked = condition_keys(policies if known is None else with_trust(policies, known))
    context = Context.of({}, {key for key in asked if key.lower() in _DOOR_KEYS})
    answer = conclude_signed(question, workload.cluster, facts.sts, now, context)
    if known is None:
        answer = with_role_repairs(role_unread(answer, facts), workload, arn)
    told_already = (WebIdentityLink.TOKEN, WebIdentityLink.SIGNATURE, WebIdentityLink.CLAIMS)
    links.extend(link for link in concluded(question, answer).links if link.name not in told_already)
    return answer.value


def _by_pod_identity(
    workload: Workload, facts: WorkloadFacts, now: Instant, links: list[Link]
) -> Session | None:
    """Add the links from the association to the session, and return it."""
    cluster = workload.associations or PodIdentityCluster(workload.cluster, workload.issuer, ())
    pod = workload.pod
    name = pod.view.name if pod is not None and pod.exists else ""
    subject = PodSubject(
        workload.cluster, workload.issuer, workload.account.namespace, workload.account.name, name
    )
    answer = decide_pod(subject, cluster, SESSION_NAME, facts.sts, now, Context.of({}, _DOOR_KEYS))
    for link in answer.chain.links:
        decision = link.decision
        if link.name != PodIdentityLink.ASSOCIATION:
            decision = role_unread(decision, facts)
        links.append(replace(link, decision=decision))
    return answer.session


def _or_differing(found: Credentials, carried: Carried) -> Credentials:
    """Return the credentials; where an outdated role led nowhere, the chain ends at the injection."""
    if found.session is not None or not carried.differs:
        return found
    links = list(found.chain.links)
    at = [link.name for link in links].index(WorkloadLink.INJECTION)
    outdated = replace(links[at].decision, outcome=Outcome.DENY)
    return _ended([*links[:at], replace(links[at], decision=outdated)])


def _or_overtaken(found: Credentials, workload: Workload) -> Credentials:
    """Return the credentials; UNKNOWN for pods to come where an association may go before the annotation."""
    is_created = workload.pod is not None and workload.pod.exists
    unread = None if is_created or found.session is None else unread_associations(workload)
    return found if unread is None else _ended([*found.chain.links, unread])
