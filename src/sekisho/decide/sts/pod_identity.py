"""What EKS Pod Identity obtains for a pod: a session of the association's role, and of its target role.

EKS itself assumes the role, as the service ``pods.eks.amazonaws.com``, with six tags that say whose pod it
is; with the session it assumes the target role, if there is one. Whoever asks has proven before whose pod
it is. Source: Amazon EKS User Guide, "Learn how EKS Pod Identity grants pods access to AWS services",
"Grant Pods access to AWS resources based on tags", "Access AWS resources using EKS Pod Identity target IAM
roles"; EKS API Reference, "CreatePodIdentityAssociation".

Differs: AWS does not say how a session name is shortened to the 64 characters that it may have; here the
cluster keeps 10 and the pod 12, so that both and the random UUID fit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sekisho.decide.decision import Decision, Repair
from sekisho.decide.request.aws_request import NO_CONTEXT, Context, ContextValue
from sekisho.decide.sts.access import DecideAccess, decide_access
from sekisho.decide.sts.assume_role import assume_role
from sekisho.decide.sts.caller import SignedCaller
from sekisho.decide.sts.code import StsCode
from sekisho.decide.sts.facts import StsFacts
from sekisho.decide.sts.parameters import AssumeRole, SessionParameters
from sekisho.decide.sts.pod_identity_code import PodIdentityFix
from sekisho.decide.sts.refusal import granted
from sekisho.decide.sts.session import ServiceAccountOrigin, Session, Tags
from sekisho.decide.values import Arn, Instant, ServicePrincipal

SERVICE: Final = "pods.eks.amazonaws.com"
"""The service in a role's trust policy, and the audience of the tokens."""

LIFETIME: Final = timedelta(hours=6)
CHAINED_LIFETIME: Final = timedelta(minutes=59)
"""How long credentials last, of the association's role and of a target role; no role's maximum counts."""

_CLUSTER_CHARS, _POD_CHARS = 10, 12


@dataclass(frozen=True, slots=True)
class PodSubject:
    """Whose pod asks. ``cluster`` is the cluster's ARN; ``pod`` and ``pod_uid`` are empty for any pod."""

    cluster: str
    issuer: str
    namespace: str
    service_account: str
    pod: str = ""
    pod_uid: str = ""

    @property
    def account(self) -> str:
        """``NAMESPACE/NAME`` of the service account."""
        return f"{self.namespace}/{self.service_account}"


@dataclass(frozen=True, slots=True)
class Association:
    """A Pod Identity association, as far as it decides; ARNs are as they were written."""

    association: str
    namespace: str
    service_account: str
    role: str
    disable_session_tags: bool = False
    target_role: str = ""
    external_id: str = ""
    policy: str = ""

    @property
    def account(self) -> str:
        """``NAMESPACE/NAME`` of the service account."""
        return f"{self.namespace}/{self.service_account}"


@dataclass(frozen=True, slots=True)
class Obtained:
    """What became of it: the association's role, and the target role where it came to that."""

    role: Decision[Session]
    target: Decision[Session] | None = None

    @property
    def last(self) -> Decision[Session]:
        """The decision that the pod's credentials hang on."""
        return self.role if self.target is None else self.target


def session_tags(subject: PodSubject) -> Tags:
    """Return the tags that EKS adds, in the order of its documentation; those of the pod if it is known."""
    cluster = Arn.parse(subject.cluster)
    pod = (("kubernetes-pod-name", subject.pod), ("kubernetes-pod-uid", subject.pod_uid))
    return (
        ("eks-cluster-arn", subject.cluster),
        ("eks-cluster-name", cluster.resource.partition("/")[2]),
        ("kubernetes-namespace", subject.namespace),
        ("kubernetes-service-account", subject.service_account),
        *(tag for tag in pod if tag[1]),
    )


def external_id(subject: PodSubject) -> str:
    """Return what EKS shows a target role: ``REGION/ACCOUNT/CLUSTER/NAMESPACE/SERVICE_ACCOUNT``."""
    cluster = Arn.parse(subject.cluster)
    name = cluster.resource.partition("/")[2]
    return f"{cluster.region}/{cluster.account}/{name}/{subject.account}"


def session_name(subject: PodSubject, unique: str) -> str:
    """Return ``eks-CLUSTER-POD-UNIQUE``, at most 64 characters; ``unique`` is a UUID."""
    name = Arn.parse(subject.cluster).resource.partition("/")[2]
    pod = subject.pod or subject.service_account
    return f"eks-{name[:_CLUSTER_CHARS]}-{pod[:_POD_CHARS]}-{unique}"[:64]


def obtain(
    subject: PodSubject,
    association: Association,
    unique: str,
    facts: StsFacts,
    now: Instant,
    context: Context = NO_CONTEXT,
    decide: DecideAccess = decide_access,
) -> Obtained:
    """Return the sessions that EKS obtains for the pod, up to the first that it does not.

    ``context`` is what the request brings by itself. Of a subject without a pod the tags that name one are
    unread, so that a trust policy that asks for them makes the answer UNKNOWN.

    Raises:
        SekishoInputError: a stored policy breaks its grammar.
    """
    tags = () if association.disable_session_tags else session_tags(subject)
    keys = tuple(key for key, _ in tags)
    told = _context(subject, facts, tags, context)
    origin = ServiceAccountOrigin(subject.issuer, subject.namespace, subject.service_account, subject.cluster)
    who = f"system:serviceaccount:{subject.namespace}:{subject.service_account}"
    eks = SignedCaller(ServicePrincipal(SERVICE), None, told, who, origin)
    name = session_name(subject, unique)
    policy = association.policy or None
    is_chained = bool(association.target_role)
    wanted = SessionParameters(policy=None if is_chained else policy, tags=tags)
    found = assume_role(AssumeRole(association.role, name, wanted, keys), eks, facts, now, decide)
    if found.value is None:
        return Obtained(
            _repaired(found, association.role, PodIdentityFix.TRUST_EKS, SERVICE, tagged=bool(tags))
        )
    if not is_chained:
        return Obtained(_lasting(found, found.value, LIFETIME))
    first = found.value
    # The tags came down the chain and are asked about once more (EKS User Guide, "target IAM roles").
    caller = SignedCaller(first.principal, first, told)
    second = AssumeRole(
        association.target_role,
        name,
        SessionParameters(policy=policy),
        external_id=association.external_id or None,
    )
    target = assume_role(second, caller, facts, now, decide)
    if target.value is None:
        role = association.role
        fix = PodIdentityFix.TRUST_ROLE
        return Obtained(found, _repaired(target, association.target_role, fix, role, tagged=bool(tags)))
    return Obtained(found, _lasting(target, target.value, CHAINED_LIFETIME))


def _context(subject: PodSubject, facts: StsFacts, tags: Tags, context: Context) -> Context:
    """Return the keys by which a trust policy knows for whom EKS asks."""
    account = Arn.parse(subject.cluster).account
    keys: dict[str, ContextValue] = {
        "aws:SourceArn": subject.cluster,
        "aws:SourceAccount": account,
    }
    organization = facts.organization(account)
    if organization is not None:
        keys["aws:SourceOrgID"] = organization.org_id
        if organization.path:
            keys["aws:SourceOrgPaths"] = (organization.path,)
    keys |= _request_tags(tags)
    unread = set[str]()
    if tags and not subject.pod:
        unread = {"aws:RequestTag/kubernetes-pod-name", "aws:RequestTag/kubernetes-pod-uid"}
    return context.having(keys, unread)


def _request_tags(tags: Tags) -> Mapping[str, ContextValue]:
    if not tags:
        return {}
    return {
        **{f"aws:RequestTag/{key}": value for key, value in tags},
        "aws:TagKeys": tuple(key for key, _ in tags),
    }


def _lasting(found: Decision[Session], session: Session, lifetime: timedelta) -> Decision[Session]:
    """Return the decision with a session that lasts as long as EKS's do."""
    return granted(replace(session, expires=session.issued + lifetime), found.decisive[:-1])


def _repaired(
    found: Decision[Session], role: str, fix: PodIdentityFix, caller: str, *, tagged: bool
) -> Decision[Session]:
    """Return a refusal with the statement of the trust policy that would turn it."""
    if found.decisive[0].code is not StsCode.NOT_AUTHORIZED:
        return found
    actions = "sts:AssumeRole and sts:TagSession" if tagged else "sts:AssumeRole"
    told = (("actions", actions), ("role", role), ("caller", caller))
    return replace(found, repairs=(*found.repairs, Repair(fix, told)))
