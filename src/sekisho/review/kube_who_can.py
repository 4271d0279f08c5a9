"""Who may make a Kubernetes request: the reverse of the chain from a person to a cluster.

    IAM principal -> mapping -> user and groups -> binding -> role -> rule

RBAC names users, groups and service accounts. Which IAM principals stand behind those is found by
asking the cluster's mapping about everybody whom the facts or the mapping name, so that `who-can` says
of each what `can` says.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache

from sekisho.decide.authn.mapping import implicit_groups, resolve
from sekisho.decide.authn.mapping_code import MappingCode
from sekisho.decide.authn.sts_answer import StsIdentity, identity_of
from sekisho.decide.authn.templates import PRIVATE_DNS
from sekisho.decide.chain import admitted, authorize, user_of
from sekisho.decide.chain.person_to_cluster import Code
from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.eks import policy_authorizer
from sekisho.decide.node import authorize as node
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import MASTERS
from sekisho.decide.rbac.who_can import Access, who_can
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.request.pod_streams import CREATE_SINCE, also_created, minor_of
from sekisho.decide.values import Arn, KubeUser, SekishoInputError
from sekisho.facts.identity import identity_from_arn
from sekisho.facts.snapshot import Snapshot
from sekisho.facts.snapshot_cluster import SnapshotCluster
from sekisho.review.aws_caller import principals, root_of
from sekisho.review.provider_people import Behind, behind

SESSION_NAMES = ("{{SessionName}}", "{{SessionNameRaw}}")
_INSTANCE = "i-00000000000000000"
"""Stands for the instance of a node, in whose place the node's name is left open."""


@dataclass(frozen=True, slots=True)
class MappedAccess:
    """An IAM principal that may. ``ways`` are those of RBAC, empty for a member of ``system:masters``.

    ``policies`` are the access policies of its access entry that allow it, ``by_node`` what the Node
    authorizer allows if it is a node.
    """

    arn: Arn
    user: KubeUser
    mapped_by: tuple[Step, ...]
    ways: tuple[Access, ...]
    policies: tuple[Step, ...] = ()
    by_node: tuple[Step, ...] = ()

    @property
    def is_master(self) -> bool:
        """Whether the principal is let in before RBAC is asked."""
        return MASTERS in self.user.groups


@dataclass(frozen=True, slots=True)
class KubeWhoCan:
    """Who may make a request of a cluster.

    ``subjects`` are all ways through RBAC, whoever stands behind the subject; ``mapped`` the IAM principals
    behind them, ``people`` the id tokens behind a subject. ``unread`` says why principals may be missing,
    each step once.
    """

    subjects: tuple[Access, ...]
    mapped: tuple[MappedAccess, ...]
    unread: tuple[Step, ...]
    people: Mapping[str, tuple[Behind, ...]] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """ALLOW if somebody may, UNKNOWN if nobody is known to and facts are unread."""
        if self.subjects or self.mapped:
            return Outcome.ALLOW
        return Outcome.UNKNOWN if self.unread else Outcome.NO_OPINION


def who_can_in(request: RequestAttributes, snapshot: Snapshot, cluster: SnapshotCluster) -> KubeWhoCan:
    """Return everybody who may make ``request`` of ``cluster``. Total."""
    subjects: tuple[Access, ...] = ()
    found: dict[Arn, MappedAccess] = {}
    unread: dict[tuple[str, str], Step] = {}
    if cluster.rbac is not None:
        subjects = _subjects(request, cluster, cluster.rbac)
    else:
        _note(unread, Step(Code.RBAC_UNREAD, cluster.at))
    for identity in candidates(snapshot, cluster, [access.subject for access in subjects]):
        seen = _as_node(seen_as(identity, cluster), request, cluster)
        if seen.outcome is Outcome.UNKNOWN:
            _note(unread, *seen.decisive)
        elif seen.value is not None and admitted(seen.value, request, cluster):
            ways = tuple(access for access in subjects if names(access.subject, seen.value))
            by_policy = policy_authorizer.explain(seen.value, request, cluster.entries)
            policies = by_policy.decisive if by_policy.allowed else ()
            by_node = node.authorize(seen.value, request, cluster.nodes)
            told = by_node.decisive if by_node.allowed else ()
            mapped = MappedAccess(identity.arn, seen.value, seen.decisive, ways, policies, told)
            found.setdefault(identity.arn, mapped)
        elif seen.value is not None:
            refused = authorize(seen.value, request, cluster, with_repairs=False)
            if refused.outcome is Outcome.UNKNOWN:
                _note(unread, *refused.decisive)
    ordered = sorted(found.values(), key=lambda access: str(access.arn))
    arn = str(cluster.cluster.arn)
    people = {name: behind(name, snapshot, arn) for name in {access.subject for access in subjects}}
    return KubeWhoCan(subjects, tuple(ordered), tuple(unread.values()), people)


def _note(unread: dict[tuple[str, str], Step], *steps: Step) -> None:
    for step in steps:
        unread.setdefault((str(step.code), str(step.at)), step)


def _subjects(request: RequestAttributes, cluster: SnapshotCluster, index: Index) -> tuple[Access, ...]:
    """Return the ways through RBAC; where ``create`` is needed as well, of subjects that hold both."""
    subjects = who_can(request, index)
    created, minor = also_created(request), minor_of(cluster.version)
    if created is None or (minor is not None and minor < CREATE_SINCE):
        return subjects
    both = {access.subject for access in who_can(created, index)}
    return tuple(access for access in subjects if access.subject in both)


def names(subject: str, user: KubeUser) -> bool:
    """Tell whether ``subject``, as `Access` spells it, is the user or one of its groups."""
    kind, _, name = subject.partition(":")
    match kind:
        case "User":
            return name == user.name
        case "Group":
            return name in user.groups
    namespace, _, account = name.partition("/")
    return user.name == f"system:serviceaccount:{namespace}:{account}"


def seen_as(identity: StsIdentity, cluster: SnapshotCluster) -> Decision[KubeUser]:
    """Return whom the cluster sees; for a role that only nodes use, a node whose name is left open."""
    seen = user_of(identity, cluster)
    if MappingCode.SESSION_NOT_INSTANCE not in {step.code for step in seen.decisive}:
        return seen
    node = replace(identity, session_name=_INSTANCE)
    seen = resolve(node, cluster.backends, {_INSTANCE: PRIVATE_DNS})
    return seen if seen.value is None else replace(seen, value=implicit_groups(seen.value))


def _as_node(
    seen: Decision[KubeUser], request: RequestAttributes, cluster: SnapshotCluster
) -> Decision[KubeUser]:
    """Return, in the place of a node whose name is left open, one that ``request`` is allowed to."""
    open_name = f"{node.PREFIX}{PRIVATE_DNS}"
    if seen.value is None or seen.value.name != open_name or cluster.nodes is None:
        return seen
    for name in sorted(cluster.nodes.by_node):
        user = replace(seen.value, name=f"{node.PREFIX}{name}")
        if node.authorize(user, request, cluster.nodes).allowed:
            return replace(seen, value=user)
    return seen


def candidates(
    snapshot: Snapshot, cluster: SnapshotCluster, subjects: Iterable[str]
) -> Iterator[StsIdentity]:
    """Yield everybody who may be mapped: those of the facts, those that mappings name, the creator.

    ``subjects``, as `Access` spells them, tell which sessions of a role are worth asking about.
    """
    arns = dict.fromkeys(_arns(snapshot, cluster))
    wanted = {name for kind, _, name in (subject.partition(":") for subject in subjects) if kind == "User"}
    for arn in arns:
        try:
            identity = identity_from_arn(arn, snapshot)
        except SekishoInputError:
            continue  # a mapping may name what nobody can be
        yield identity
        template = _template_of(identity, cluster)
        for name in wanted if template else ():
            session = _session_behind(name, template)
            if session:
                yield _as_session(identity, session)


def _arns(snapshot: Snapshot, cluster: SnapshotCluster) -> Iterator[str]:
    for account in snapshot.accounts():
        yield str(root_of(snapshot, account.account).arn)
        for principal in principals(snapshot, account.account):
            yield str(principal.entity)
    for backend in cluster.backends:
        for mapping in backend.mappings:
            yield mapping.arn
    if cluster.creator:
        yield cluster.creator


def _template_of(identity: StsIdentity, cluster: SnapshotCluster) -> str:
    """Return the user name of a role's mapping, if it changes with the session; else an empty one."""
    found = next((found for backend in cluster.backends if (found := backend.find(identity))), None)
    template = "" if found is None or not identity.session_name else found.mapping.username
    return template if any(name in template for name in SESSION_NAMES) else ""


def _session_behind(name: str, template: str) -> str:
    """Return the session name for which ``template`` renders ``name``; empty if none does."""
    found = _rendered(template).fullmatch(name)
    return found.group(1) if found is not None else ""


@lru_cache(maxsize=1024)
def _rendered(template: str) -> re.Pattern[str]:
    parts = re.split("|".join(re.escape(one) for one in SESSION_NAMES), template)
    return re.compile("([\\w+=,.@-]{2,64})".join(re.escape(part) for part in parts), re.ASCII)


def _as_session(identity: StsIdentity, session: str) -> StsIdentity:
    arn = identity.arn
    role = arn.resource.split("/")[1]
    named = Arn(arn.partition, "sts", "", arn.account, f"assumed-role/{role}/{session}")
    return identity_of(str(named), f"{identity.user_id}:{session}", identity.account)
