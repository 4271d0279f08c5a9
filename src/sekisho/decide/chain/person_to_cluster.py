"""From an AWS identity to a Kubernetes answer: who calls, whom the cluster sees, what that user may do.

    token -> signature -> caller -> mapping -> (impersonation ->) authorization
    service account token ---------------> authorization
    id token ----------------------------> authorization

A link is asked only if the one before allowed. The first two need a token; a question
about a person ("may this user list nodes?") begins at the caller. A token that the cluster
itself issued, or an identity provider of the cluster, says whom it stands for, and nothing is mapped.
"""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import islice
from typing import Protocol

from sekisho.decide.authn.backend import Backend
from sekisho.decide.authn.mapping import implicit_groups, resolve
from sekisho.decide.authn.mapping_code import MappingRepairCode
from sekisho.decide.authn.oidc.eks_provider import for_providers
from sekisho.decide.authn.service_account_token import Bearer
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.authn.templates import PrivateDnsNames
from sekisho.decide.decision import Chain, Decision, Link, Outcome, ReasonCode, Repair, Step
from sekisho.decide.eks import creator, policy_authorizer
from sekisho.decide.eks.entry_book import EntryBook
from sekisho.decide.eks.entry_repair import EntryRepairCode, for_access_entries, held_to_ids
from sekisho.decide.node import authorize as node
from sekisho.decide.node.graph import NodeGraph
from sekisho.decide.proof.credential import Signed
from sekisho.decide.rbac import authorize as rbac
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import MASTERS
from sekisho.decide.rbac.who_can import who_can
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.request.pod_streams import CREATE_SINCE, also_created, minor_of
from sekisho.decide.values import KubeUser, Ref

CLUSTER_CHAIN = "person_to_cluster"
MAX_PROPOSED_GROUPS = 3
_RESERVED = ("system:", "eks:")
_NO_NAMES: PrivateDnsNames = {}


class LinkName(StrEnum):
    """The checkpoints between a person and a Kubernetes API, in order."""

    TOKEN = "token"  # noqa: S105 - a name, not a credential
    SIGNATURE = "signature"
    CALLER = "caller"
    MAPPING = "mapping"
    SERVICE_ACCOUNT = "service-account"
    ID_TOKEN = "id-token"  # noqa: S105 - a name, not a credential
    IMPERSONATION = "impersonation"
    AUTHORIZATION = "authorization"
    ADMISSION = "admission"


class Code(ReasonCode):
    """What the chain itself has to say."""

    AS_GIVEN = "chain.caller-as-given", "the question is about {arn}; no credential was checked"
    RBAC_UNREAD = "chain.rbac-unread", "the RBAC objects of the cluster were not read"
    NO_TOKEN = "chain.no-credential", "the request carries no bearer token and no client certificate"
    NOT_BEARER = "chain.not-bearer", "the Authorization header is not of the form `Bearer TOKEN`"
    OTHER_CLUSTER = (
        "chain.token-for-other-cluster",
        "the signature is right for the cluster `{cluster}`: the token was made for that one",
    )
    STREAM_CREATE = (
        "chain.stream-needs-create",
        "since Kubernetes 1.35 a get of `{resource}` needs create as well; the cluster runs {version}",
    )
    VERSION_UNREAD = (
        "chain.version-unread",
        "since Kubernetes 1.35 a get of `{resource}` needs create as well; the version was not read",
    )
    MODE = "chain.authentication-mode", "the cluster `{cluster}` authenticates IAM identities in mode {mode}"


class ClusterFacts(Protocol):
    """What the chain asks about a cluster. The lab's live world and a Snapshot both answer it."""

    @property
    def name(self) -> str:
        """The cluster's name."""

    @property
    def at(self) -> Ref:
        """The cluster as a document."""

    @property
    def version(self) -> str:
        """The version of Kubernetes, such as ``1.34``; empty if not read."""

    @property
    def authentication_mode(self) -> str:
        """``CONFIG_MAP``, ``API_AND_CONFIG_MAP`` or ``API``."""

    @property
    def creator(self) -> str | None:
        """The ARN of the identity that created the cluster; None if not read."""

    @property
    def backends(self) -> Sequence[Backend]:
        """The identity mappings, in the order they are asked."""

    @property
    def entries(self) -> EntryBook:
        """The access entries; none in a mode that knows none. Their mappings are among ``backends``."""

    @property
    def rbac(self) -> Index | None:
        """The compiled RBAC objects; None if they were not read."""

    @property
    def nodes(self) -> NodeGraph | None:
        """Which objects the nodes reach through their pods; None if no pod was read."""


def user_of(
    identity: StsIdentity,
    facts: ClusterFacts,
    private_dns: PrivateDnsNames = _NO_NAMES,
    *,
    explain: bool = False,
) -> Decision[KubeUser]:
    """Return ALLOW with the Kubernetes user that the cluster sees in ``identity``, groups complete.

    NO_OPINION: nothing maps the identity (the API server answers 401). Total. With ``explain``
    the trace has a step for the mode, the creator's rule and every mapping looked at.
    """
    mode_facts = (("cluster", facts.name), ("mode", facts.authentication_mode))
    mode = Step(Code.MODE, facts.at.child("accessConfig", "authenticationMode"), mode_facts)
    hidden = creator.admit(identity, facts.creator, facts.authentication_mode, facts.at)
    if hidden.value is not None:
        return _with_groups(hidden, (mode, *hidden.trace))
    undescribed = facts.entries.undescribed_step(identity)
    if undescribed is not None:
        return Decision(Outcome.UNKNOWN, (undescribed,), (mode, *hidden.trace, undescribed))
    mapped = resolve(identity, facts.backends, private_dns, explain=explain)
    mapped = held_to_ids(mapped, facts.entries.stale(identity))
    if facts.authentication_mode in creator.API_MODES:
        mapped = replace(mapped, repairs=tuple(for_access_entries(one) for one in mapped.repairs))
    trace = (mode, *hidden.trace, *mapped.trace)
    if hidden.outcome is Outcome.UNKNOWN and mapped.outcome is not Outcome.ALLOW:
        # The creator's rule comes before every mapping, so it would also overrule a DENY.
        return Decision(Outcome.UNKNOWN, hidden.decisive, trace, None, mapped.nearest, mapped.repairs)
    return _with_groups(mapped, trace)


def authorize(
    user: KubeUser, request: RequestAttributes, facts: ClusterFacts, *, with_repairs: bool = True
) -> Decision[None]:
    """Return whether ``user`` may make ``request``, with every rule that was looked at. Total.

    What the authorizers say; for a stream of a pod that a GET opens, also what they say to ``create``,
    if the cluster's version asks for it. ``with_repairs`` as for `rbac.explain`.
    """
    first = by_authorizers(user, request, facts, with_repairs=with_repairs)
    created = also_created(request)
    if created is None or not first.allowed:
        return first
    minor = minor_of(facts.version)
    if minor is not None and minor < CREATE_SINCE:
        return first
    second = by_authorizers(user, created, facts, with_repairs=with_repairs)
    if minor is None:
        if second.allowed:
            return first
        step = Step(Code.VERSION_UNREAD, facts.at.child("version"), (("resource", request.resource_path),))
        return Decision(Outcome.UNKNOWN, (step,), (*first.trace, step, *second.trace))
    told = (("resource", request.resource_path), ("version", facts.version))
    step = Step(Code.STREAM_CREATE, facts.at.child("version"), told)
    trace = (*first.trace, step, *second.trace)
    if second.allowed:
        return Decision(Outcome.ALLOW, (*first.decisive, *second.decisive), trace)
    decisive = (step, *second.decisive)
    return Decision(second.outcome, decisive, trace, None, second.nearest, second.repairs)


def by_authorizers(
    user: KubeUser, request: RequestAttributes, facts: ClusterFacts, *, with_repairs: bool = True
) -> Decision[None]:
    """Return what the cluster's authorizers say to these attributes: the answer of a SubjectAccessReview.

    The Node authorizer for users that are nodes, RBAC, then the access policies of the user's access
    entry: who says yes is enough, and nobody can say no.
    """
    index = facts.rbac
    if index is None and MASTERS in user.groups:
        index = Index()  # the group is let in before any object is looked at
    if index is None:
        step = Step(Code.RBAC_UNREAD, facts.at)
        by_rbac: Decision[None] = Decision(Outcome.UNKNOWN, (step,), (step,))
    else:
        by_rbac = rbac.explain(user, request, index, with_repairs=with_repairs)
    by_policy = policy_authorizer.explain(user, request, facts.entries)
    asked = [by_rbac, by_policy] if by_policy.trace else [by_rbac]
    if node.node_name(user) is not None:
        asked.insert(0, node.authorize(user, request, facts.nodes))
    if len(asked) == 1:
        return by_rbac
    outcome = next(
        (one for one in (Outcome.ALLOW, Outcome.UNKNOWN) if one in {each.outcome for each in asked}),
        Outcome.NO_OPINION,
    )
    trace = tuple(step for one in asked for step in one.trace)
    if outcome is Outcome.NO_OPINION:
        # The Node authorizer knows what a node lacks; of anybody else RBAC does.
        decisive = asked[0].decisive
    else:
        decisive = tuple(step for one in asked if one.outcome is outcome for step in one.decisive)
    if outcome is Outcome.ALLOW:
        return Decision(outcome, decisive, trace)
    nearest = (*by_policy.nearest, *by_rbac.nearest)
    return Decision(outcome, decisive, trace, None, nearest, (*by_policy.repairs, *by_rbac.repairs))


def admitted(user: KubeUser, request: RequestAttributes, facts: ClusterFacts) -> bool:
    """Return the answer of `authorize` as yes or no, by compiled indexes; unread is no. Total."""
    if not admitted_by_authorizers(user, request, facts):
        return False
    created = also_created(request)
    if created is None:
        return True
    minor = minor_of(facts.version)
    return (minor is not None and minor < CREATE_SINCE) or admitted_by_authorizers(user, created, facts)


def admitted_by_authorizers(user: KubeUser, request: RequestAttributes, facts: ClusterFacts) -> bool:
    """Return the answer of `by_authorizers` as yes or no, by compiled indexes; unread is no. Total."""
    if MASTERS in user.groups or (facts.rbac is not None and facts.rbac.allows(user, request)):
        return True
    if node.node_name(user) is not None and node.authorize(user, request, facts.nodes).allowed:
        return True
    return policy_authorizer.allows(user, request, facts.entries)


def chain_of(
    before: Sequence[Link],
    identity: StsIdentity | None,
    facts: ClusterFacts,
    request: RequestAttributes | None = None,
    user: KubeUser | None = None,
    private_dns: PrivateDnsNames = _NO_NAMES,
) -> Chain:
    """Return the whole chain, explained: ``before`` (token, signature, caller), then what follows from them.

    ``identity`` is None when one of ``before`` refused. Without ``before`` the identity is taken as
    given. ``user`` is whom a token of the cluster's own, or an id token, stands for: there is
    nothing to map.
    Without ``request`` the chain ends before the authorization. Total.
    """
    links = list(before)
    if identity is None and user is not None and request is not None:
        links.append(Link(LinkName.AUTHORIZATION, authorize(user, request, facts)))
    if identity is not None:
        if not links:
            links.append(Link(LinkName.CALLER, _as_given(identity)))
        seen = user_of(identity, facts, private_dns, explain=True)
        if seen.repairs and request is not None:
            seen = replace(seen, repairs=tuple(_with_groups_for(one, request, facts) for one in seen.repairs))
        links.append(Link(LinkName.MAPPING, seen))
        if seen.value is not None and request is not None:
            links.append(Link(LinkName.AUTHORIZATION, authorize(seen.value, request, facts)))
    return Chain(CLUSTER_CHAIN, tuple(links))


def service_account_link(found: Decision[Bearer]) -> Link:
    """Return what a service account token came to as a link that yields the user. Total."""
    user = None if found.value is None else found.value.user
    told = Decision(found.outcome, found.decisive, found.trace, user, found.nearest, found.repairs)
    return Link(LinkName.SERVICE_ACCOUNT, told)


def seen_by_provider(found: Decision[KubeUser]) -> Decision[KubeUser]:
    """Return what an id token came to as the cluster sees it: groups complete, repairs as EKS does them."""
    return _with_groups(for_providers(found), found.trace)


def refused_signature(
    signature: Decision[Signed], asked: Decision[StsIdentity], made_for: str | None
) -> Decision[Signed]:
    """Return the refusal of a token's signature with what STS's answer adds to it.

    ``asked`` is what the authenticator concludes from STS's answer; ``made_for`` is the name of
    another cluster for which the same signature is right, if one was found. Total.
    """
    other: tuple[Step, ...] = ()
    if made_for is not None:
        other = (Step(Code.OTHER_CLUSTER, Ref("token"), (("cluster", made_for),)),)
    return replace(
        signature,
        nearest=(*other, *signature.nearest),
        repairs=(*asked.repairs, *signature.repairs),
    )


def without_token(authorization: str | None) -> Chain:
    """Return the chain of a request that carries no bearer token; ``authorization`` is its header, if any."""
    code = Code.NO_TOKEN if authorization is None else Code.NOT_BEARER
    step = Step(code, Ref("request", "/headers/authorization"))
    return Chain(CLUSTER_CHAIN, (Link(LinkName.TOKEN, Decision(Outcome.NO_OPINION, (step,), (step,))),))


def _with_groups_for(repair: Repair, request: RequestAttributes, facts: ClusterFacts) -> Repair:
    """Return a proposed mapping with the groups that may make ``request``, where no mapping suggests others.

    Groups of the system are left out: a repair should not make an administrator.
    """
    proposed = dict(repair.facts)
    adds = repair.code in (MappingRepairCode.MAP, EntryRepairCode.CREATE)
    if not adds or proposed["groups"] or facts.rbac is None:
        return repair
    subjects = (access.subject.partition(":") for access in who_can(request, facts.rbac))
    groups = (name for kind, _, name in subjects if kind == "Group" and not name.startswith(_RESERVED))
    proposed["groups"] = ",".join(islice(dict.fromkeys(groups), MAX_PROPOSED_GROUPS))
    return Repair(repair.code, tuple(proposed.items()))


def _as_given(identity: StsIdentity) -> Decision[StsIdentity]:
    arn = str(identity.canonical.arn)
    step = Step(Code.AS_GIVEN, Ref(arn), (("arn", arn),))
    return Decision(Outcome.ALLOW, (step,), (step,), identity)


def _with_groups(decision: Decision[KubeUser], trace: tuple[Step, ...]) -> Decision[KubeUser]:
    value = None if decision.value is None else implicit_groups(decision.value)
    return Decision(decision.outcome, decision.decisive, trace, value, decision.nearest, decision.repairs)
