"""Who can take an AWS action on a resource, also through roles that have to be assumed first.

The search goes backwards: those who may act themselves, then those who may assume one of these roles, and
so on. Of each person the way with nothing left open counts first, then the shortest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from sekisho.decide.decision import Outcome, Step
from sekisho.decide.iam import UNREAD, Effect, Layer, Policies, evaluate, explain
from sekisho.decide.iam.code import Code
from sekisho.decide.iam.matching import covers_action
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.sts.access import with_trust
from sekisho.decide.sts.context import role_keys
from sekisho.decide.values import AccountId, Arn, Caller, Principal, PrincipalType
from sekisho.facts.permissions import AwsPolicyText, caller_policies
from sekisho.facts.snapshot import Snapshot
from sekisho.facts.sts_facts import SnapshotStsFacts
from sekisho.review.aws_caller import (
    context_of,
    has_gap,
    owner_of,
    prepared,
    principals,
    root_of,
    unread_policies,
)
from sekisho.review.heads import Head, heads_of
from sekisho.review.needs import may_be_allowed, needs
from sekisho.review.told import NOTHING_TOLD, Told
from sekisho.review.trust_index import TrustIndex, is_always_open
from sekisho.review.way import HeadKind, Hop, Way

MAX_DEPTH = 5
"""Roles that a way may lead through."""
_ASSUME = "sts:AssumeRole"
_TAG_SESSION = "sts:TagSession"
_TAGS = ("aws:requesttag/", "aws:tagkeys", "sts:transitivetagkeys")
_APPLYING = frozenset({Code.ALLOWED, Code.CONDITION_UNREAD, Code.VARIABLE_UNREAD, Code.PRINCIPAL_UNREAD})
_POSSIBLE = frozenset({Outcome.ALLOW, Outcome.UNKNOWN})

_Asked = tuple[AwsRequest, Policies]


@dataclass(frozen=True, slots=True)
class AwsWhoCan:
    """Everybody who can, each with one way.

    ``unread`` tells what of the facts is missing, so that somebody may be missing too; ``cut`` whether
    ways were left out because they lead through more roles than were asked for.
    """

    ways: tuple[Way, ...]
    unread: tuple[str, ...] = ()
    cut: bool = False

    @property
    def outcome(self) -> Outcome:
        """ALLOW if somebody certainly can; UNKNOWN if somebody perhaps can or facts are unread."""
        if any(way.is_certain for way in self.ways):
            return Outcome.ALLOW
        return Outcome.UNKNOWN if self.ways or self.unread or self.cut else Outcome.NO_OPINION


@dataclass(slots=True)
class _Search:
    snapshot: Snapshot
    aws_policy: AwsPolicyText
    told: Told
    is_whole: bool
    depth: int
    ways: dict[str, Way] = field(default_factory=dict)
    open_ways: dict[str, Way] = field(default_factory=dict)
    """The first way of each person on which something is left open."""
    cut: bool = False
    _policies: dict[tuple[str, str], Policies] = field(default_factory=dict)
    _contexts: dict[str, Context] = field(default_factory=dict)

    @property
    def sts(self) -> SnapshotStsFacts:
        return SnapshotStsFacts(self.snapshot, self.aws_policy)

    def add(self, way: Way | None, *, certain: bool = True) -> bool:
        """Keep a way; tell whether it is one that the search goes on from."""
        if way is None or way.who in self.ways:
            return False
        if certain and not way.is_certain:
            self.open_ways.setdefault(way.who, way)
            return False
        self.ways[way.who] = way
        return True

    def people(self) -> Iterator[Principal]:
        for account in self.snapshot.accounts():
            yield from principals(self.snapshot, account.account)

    def told_of(self, caller: Caller) -> Told:
        """Return what was told of the request, without the MFA of the person for a role's session."""
        if not isinstance(caller, Principal) or caller.type is not PrincipalType.ROLE_SESSION:
            return self.told
        kept = {
            key: value
            for key, value in self.told.keys.items()
            if not key.lower().startswith("aws:multifactorauth")
        }
        return replace(self.told, keys=kept)

    def policies_of(self, caller: Caller, owner: AccountId) -> Policies:
        """Return what follows from caller and owner, read once."""
        name = str(caller.entity) if isinstance(caller, Principal) else repr(caller)
        found = self._policies.get((name, owner))
        if found is None:
            found = caller_policies(self.snapshot, caller, self.aws_policy, None, owner)
            if isinstance(caller, Principal) and unread_policies(caller, self.snapshot, self.aws_policy):
                found = replace(found, identity=UNREAD)
            found = replace(self.told, resource=None).over(found)
            self._policies[name, owner] = found
        return found

    def own_context(self, caller: Principal) -> Context:
        """Return the context of a caller by itself: what variables in its policies stand for."""
        name = str(caller.entity)
        if name not in self._contexts:
            policies = self.policies_of(caller, caller.account)
            self._contexts[name] = context_of(caller, policies, self.snapshot, self.told_of(caller))
        return self._contexts[name]

    def assumption(self, caller: Caller, role: Arn, action: str = _ASSUME) -> _Asked | None:
        """Return the question whether ``caller`` may assume ``role``; None if the role is not known."""
        facts = self.sts
        known = facts.role(role)
        if known is None:
            return None
        owner = AccountId(role.account)
        policies = with_trust(self.policies_of(caller, owner), known)
        keys, unread = role_keys(known, facts)
        context = context_of(caller, policies, self.snapshot, self.told_of(caller))
        told = {key: value for key, value in keys.items() if key.lower() not in context.present}
        context = Context.of({**told, **context.present}, (context.unread | unread) - _lowered(told))
        return AwsRequest(caller, action, (str(role),), context, owner), policies


def who_can_do(
    action: str,
    resource: str,
    snapshot: Snapshot,
    aws_policy: AwsPolicyText,
    told: Told = NOTHING_TOLD,
    *,
    depth: int = MAX_DEPTH,
    is_whole: bool = False,
) -> AwsWhoCan:
    """Return everybody who can take ``action`` on ``resource``, through at most ``depth`` roles.

    ``is_whole``: the facts are all there is, so what is not among them does not exist.

    Raises:
        SekishoInputError: a stored document breaks the grammar.
    """
    search = _Search(snapshot, aws_policy, told, is_whole, depth)
    index = TrustIndex(search.people(), lambda one: search.policies_of(one, one.account), search.own_context)
    _at_the_end(search, action, resource)
    _backwards(search, index, certain=True)
    for who, way in search.open_ways.items():
        search.ways.setdefault(who, way)
    _backwards(search, index, certain=False)
    ordered = sorted(search.ways.values(), key=lambda way: (not way.is_certain, len(way.hops), way.who))
    unread = tuple(
        f"the users, groups, roles or policies of {account.account} were not all read"
        for account in snapshot.accounts()
        if has_gap(snapshot, account.account)
    )
    return AwsWhoCan(tuple(ordered), unread, search.cut)


def _at_the_end(search: _Search, action: str, resource: str) -> None:
    """Find those who may act themselves."""
    owner = search.told.owner or owner_of(resource, AccountId(""))
    accounts = [one.account for one in search.snapshot.accounts()]
    roots = [root_of(search.snapshot, one) for one in accounts if owner in (None, one)]
    lowered = action.lower()
    skips = not any(_has_resource_policy(search, root, action, resource) for root in roots)
    for caller in (*roots, *search.people()):
        if skips and caller.type is not PrincipalType.ROOT and not _mentions(search, caller, lowered):
            continue
        told = search.told_of(caller)
        asked = prepared(caller, action, resource, search.snapshot, search.aws_policy, told)
        kind = HeadKind.ROOT if caller.type is PrincipalType.ROOT else HeadKind.PRINCIPAL
        search.add(_way(str(caller.entity), kind, asked, ()))


def _has_resource_policy(search: _Search, root: Principal, action: str, resource: str) -> bool:
    asked = prepared(root, action, resource, search.snapshot, search.aws_policy, search.told)
    return isinstance(asked[1].resource, tuple)


def _mentions(search: _Search, caller: Principal, lowered_action: str) -> bool:
    """Tell whether an identity policy of ``caller`` may allow the action on anything."""
    identity = search.policies_of(caller, caller.account).identity
    return identity is UNREAD or any(
        statement.effect is Effect.ALLOW and covers_action(statement, lowered_action)
        for policy in identity
        for statement in policy.document.statements
    )


def _backwards(search: _Search, index: TrustIndex, *, certain: bool) -> None:
    """Add whoever may assume a role that leads on, level by level, shortest ways first.

    With ``certain`` only ways that leave nothing open go on; the others are kept for later.
    """
    frontier = sorted(search.ways.values(), key=lambda way: len(way.hops))
    while frontier:
        found: list[Way] = []
        for onward in frontier:
            if onward.kind is not HeadKind.PRINCIPAL:
                continue
            for way in _leading_to(search, index, onward, certain=certain):
                if len(onward.hops) > search.depth:
                    search.cut = True
                    break
                if search.add(way, certain=certain):
                    found.append(way)
        frontier = found


def _leading_to(search: _Search, index: TrustIndex, onward: Way, *, certain: bool) -> Iterator[Way]:
    """Yield the ways of those who were not found yet that begin with assuming the role of ``onward``."""
    role = Arn.parse(onward.who)
    facts = search.sts.role(role) if role.resource.startswith("role/") else None
    trust = None if facts is None else with_trust(Policies(), facts).resource
    for policy in trust if isinstance(trust, tuple) else ():
        document = policy.document
        settled = search.open_ways if certain and is_always_open(document, search.told.keys) else {}
        for caller in index.candidates(document, role):
            who = str(caller.entity)
            if who not in search.ways and who not in settled and caller.entity != role:
                # Of the ways of one person that leave something open only the first is kept.
                open_too = not certain or who not in search.open_ways
                yield from filter(None, [_assuming(search, caller, role, onward, open_too=open_too)])
        for head in heads_of(document, role, search.snapshot, index, is_whole=search.is_whole):
            if head.name not in search.ways:
                yield from filter(None, [_from_head(search, head, role, onward)])


def _assuming(search: _Search, caller: Principal, role: Arn, onward: Way, *, open_too: bool) -> Way | None:
    asked = search.assumption(caller, role)
    if asked is None or (not open_too and evaluate(*asked).outcome is not Outcome.ALLOW):
        return None
    way = _way(str(caller.entity), HeadKind.PRINCIPAL, asked, onward.hops)
    if way is None or not any(tag in need.lower() for need in way.hops[0].needs for tag in _TAGS):
        return way
    # Passing tags is a permission of its own (IAM User Guide, "Pass session tags in AWS STS").
    tagging = search.assumption(caller, role, _TAG_SESSION)
    return way if tagging is not None and evaluate(*tagging).outcome in _POSSIBLE else None


def _from_head(search: _Search, head: Head, role: Arn, onward: Way) -> Way | None:
    asked = search.assumption(head.caller, role, head.action)
    if asked is None:
        return None
    request, policies = asked
    if head.identity_unread:
        policies = replace(policies, identity=UNREAD)
    known = {key.lower(): value for key, value in head.keys}
    present = {
        key: value for key, value in request.context.present.items() if key not in head.not_told
    } | known
    unread = request.context.unread | head.not_told
    request = replace(request, context=Context.of(present, unread))
    return _way(head.name, head.kind, (request, policies), onward.hops, head.needs, head.replaced)


def _way(
    who: str,
    kind: HeadKind,
    asked: _Asked,
    onward: tuple[Hop, ...],
    more: tuple[str, ...] = (),
    replaced: tuple[tuple[str, str], ...] = (),
) -> Way | None:
    """Return the way that begins with one more step; None if the step is refused."""
    request, policies = asked
    outcome = evaluate(request, policies).outcome
    if outcome not in _POSSIBLE or (outcome is Outcome.UNKNOWN and not may_be_allowed(request, policies)):
        return None
    decision = explain(request, policies)
    open_ = needs(request, policies) if outcome is Outcome.UNKNOWN else ()
    words = dict(replaced)
    lines = dict.fromkeys([*more, *(words.get(line, line) for line in open_)])
    by = tuple(step for step in decision.trace if _gives(step)) or decision.decisive
    hop = Hop(request.action, request.resources[0], by, tuple(line for line in lines if line))
    return Way(who, kind, (hop, *onward))


def _gives(step: Step) -> bool:
    """Tell whether a step is a statement that grants, or would if what it hangs on held."""
    facts = dict(step.facts)
    granting = facts.get("layer") in (Layer.IDENTITY, Layer.RESOURCE) and facts.get("effect") == Effect.ALLOW
    return granting and step.code in _APPLYING


def _lowered(keys: Iterable[str]) -> frozenset[str]:
    return frozenset(key.lower() for key in keys)
