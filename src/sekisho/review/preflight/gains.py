"""What a change newly allows, to whom: subjects of bindings, and the IAM principals behind them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sekisho.decide.decision import Outcome, Step
from sekisho.decide.rbac.gained import Gained, gained, touched
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import MASTERS, Rule, Subject, service_account_of
from sekisho.decide.values import Arn, KubeUser
from sekisho.facts.snapshot import Snapshot
from sekisho.facts.snapshot_cluster import SnapshotCluster
from sekisho.review.kube_who_can import candidates, names, seen_as
from sekisho.review.preflight.dangers import Danger, dangers
from sekisho.review.questions import AUTHENTICATED, kube_user

UNAUTHENTICATED = "system:unauthenticated"
_NOBODY = KubeUser("", (AUTHENTICATED,))
"""Stands for who was not let in: what every login may do goes without saying."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """Permissions that differ only in verb and resource, put together, and why they are dangerous."""

    namespace: str
    rule: Rule
    dangers: tuple[Danger, ...]


@dataclass(frozen=True, slots=True)
class SubjectGain:
    """What is newly allowed to a subject (``User:ana``, ``Group:ops``, ``ServiceAccount:NS/NAME``).

    ``principals`` are the IAM identities that the cluster sees as it after the change.
    """

    subject: str
    principals: tuple[Arn, ...]
    allowed: tuple[Allowed, ...]


@dataclass(frozen=True, slots=True)
class MappingGain:
    """An IAM principal whom the cluster sees as somebody else after the change.

    ``everything``: it becomes a member of ``system:masters``. ``before`` or ``after`` None: nobody.
    """

    arn: Arn
    before: KubeUser | None
    after: KubeUser | None
    everything: bool
    allowed: tuple[Allowed, ...]


@dataclass(frozen=True, slots=True)
class Gains:
    """Everything that is newly allowed. ``unread`` says why principals may be missing."""

    subjects: tuple[SubjectGain, ...]
    mappings: tuple[MappingGain, ...]
    unread: tuple[Step, ...]


def gains(
    snapshot: Snapshot, before: SnapshotCluster, after: SnapshotCluster, old: Index, new: Index
) -> Gains:
    """Return what the step from ``before`` with the RBAC objects ``old`` to ``after`` with ``new`` allows.

    Total. Permissions of access policies and of the Node authorizer do not change, and are not compared.
    """
    found = {
        subject: allowed for subject in subjects(old, new) if (allowed := _of_subject(subject, old, new))
    }
    unread: dict[tuple[str, str], Step] = {}
    behind: dict[str, dict[Arn, None]] = {}
    mappings: dict[Arn, MappingGain] = {}
    for identity in candidates(snapshot, after, found):
        then, now = seen_as(identity, before), seen_as(identity, after)
        for decision in (then, now):
            for step in decision.decisive if decision.outcome is Outcome.UNKNOWN else ():
                unread.setdefault((str(step.code), str(step.at)), step)
        if now.value is not None:
            for subject in found:
                if names(subject, now.value):
                    behind.setdefault(subject, {})[identity.arn] = None
        if before is not after and Outcome.UNKNOWN not in (then.outcome, now.outcome):
            changed = _remapped(identity.arn, then.value, now.value, old, new)
            if changed is not None:
                mappings.setdefault(identity.arn, changed)
    told = tuple(
        SubjectGain(subject, tuple(behind.get(subject, ())), allowed) for subject, allowed in found.items()
    )
    return Gains(told, tuple(mappings.values()), tuple(unread.values()))


def subjects(old: Index, new: Index) -> tuple[str, ...]:
    """Return the subjects that may gain, sorted, as `Access` spells them."""
    found = {
        name
        for binding in touched(old, new)
        for subject in binding.subjects
        if (name := _spelled(subject, binding.key.namespace))
    }
    return tuple(sorted(found))


def identity_of_subject(subject: str) -> tuple[KubeUser, KubeUser]:
    """Return a subject as the user that has nothing but it, and as the one that it always is besides."""
    kind, _, name = subject.partition(":")
    if kind == "Group":
        others = () if name in (AUTHENTICATED, UNAUTHENTICATED) else (AUTHENTICATED,)
        return KubeUser("", (name,)), KubeUser("", (name, *others))
    if kind == "ServiceAccount":
        namespace, _, account = name.partition("/")
        name = f"system:serviceaccount:{namespace}:{account}"
    if name == "system:anonymous":
        return KubeUser(name), KubeUser(name, (UNAUTHENTICATED,))
    known = kube_user(name if service_account_of(name) else f"user:{name}")
    return KubeUser(name), known or KubeUser(name, (AUTHENTICATED,))


def aggregated(found: Iterable[Gained]) -> Iterator[Allowed]:
    """Yield atoms put together: verbs of one resource, then resources with the same verbs. Total."""
    for one in found:
        if one.too_many:
            for rule in one.atoms:
                yield Allowed(one.namespace, rule, dangers(rule, one.namespace))
            continue
        yield from _together(one)


def _together(found: Gained) -> Iterator[Allowed]:
    verbs: dict[tuple[tuple[str, ...], ...], dict[str, Rule]] = {}
    for atom in found.atoms:
        what = (atom.groups, atom.resources, atom.names, atom.urls)
        verbs.setdefault(what, {}).setdefault(atom.verbs[0], atom)
    lines: dict[tuple[object, ...], tuple[Rule, dict[str, None]]] = {}
    for (groups, resources, kept, urls), by_verb in verbs.items():
        first = next(iter(by_verb.values()))
        rule = Rule(first.at, tuple(by_verb), groups, resources, kept, urls)
        key = (rule.verbs, groups, kept, bool(urls), dangers(rule, found.namespace))
        things = lines.setdefault(key, (rule, {}))[1]
        things.update(dict.fromkeys(resources or urls))
    for rule, things in lines.values():
        whole = Rule(
            rule.at,
            rule.verbs,
            rule.groups,
            () if rule.urls else tuple(things),
            rule.names,
            tuple(things) if rule.urls else (),
        )
        yield Allowed(found.namespace, whole, dangers(rule, found.namespace))


def _of_subject(subject: str, old: Index, new: Index) -> tuple[Allowed, ...]:
    alone, always = identity_of_subject(subject)
    return tuple(aggregated(gained(alone, always, old, new)))


def _remapped(
    arn: Arn, then: KubeUser | None, now: KubeUser | None, old: Index, new: Index
) -> MappingGain | None:
    """Return what a principal gains by its mapping; None if the cluster sees whom it saw before."""
    if _who(then) == _who(now):
        return None
    was_master = then is not None and MASTERS in then.groups
    is_master = now is not None and MASTERS in now.groups
    allowed = () if is_master or now is None else tuple(aggregated(gained(now, then or _NOBODY, old, new)))
    return MappingGain(arn, then, now, is_master and not was_master, allowed)


def _who(user: KubeUser | None) -> tuple[str, frozenset[str]] | None:
    return None if user is None else (user.name, frozenset(user.groups))


def _spelled(subject: Subject, namespace: str) -> str:
    if subject.kind in ("User", "Group"):
        return f"{subject.kind}:{subject.name}"
    within = subject.namespace or namespace
    return f"ServiceAccount:{within}/{subject.name}" if subject.kind == "ServiceAccount" and within else ""
