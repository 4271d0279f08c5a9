"""What somebody may do in a cluster: the rules that reach a user, by namespace, and access policies."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from sekisho.decide.chain import chain_of
from sekisho.decide.chain.person_to_cluster import CLUSTER_CHAIN, Code
from sekisho.decide.decision import Chain, Outcome, Step
from sekisho.decide.eks import policy_authorizer
from sekisho.decide.eks.access_entry import AssociatedPolicy
from sekisho.decide.eks.entry_book import EntryBook
from sekisho.decide.node.authorize import node_name
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import MASTERS, Rule
from sekisho.decide.rbac.rules_for import rules_for
from sekisho.decide.values import KubeUser, Ref
from sekisho.facts.identity import identity_from_arn
from sekisho.review.questions import need_cluster, user_in_cluster
from sekisho.review.source import Source


@dataclass(frozen=True, slots=True)
class NamespaceRules:
    """The rules of one namespace beyond those of the whole cluster, which are under ``""``.

    ``errors`` are the bindings that grant nothing because their role cannot be found.
    """

    namespace: str
    rules: tuple[Rule, ...]
    errors: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class PolicyRules:
    """An access policy of the user's access entry. ``rules`` are None where AWS does not document them."""

    policy: AssociatedPolicy
    at: Ref
    rules: tuple[Rule, ...] | None


@dataclass(frozen=True, slots=True)
class KubeList:
    """What a user may do. ``user`` is None where ``chain`` did not lead to one.

    ``is_master``: everything, before RBAC is asked. ``is_node``: what the Node authorizer allows besides.
    ``unread`` tells what was not read and might add to the rest.
    """

    chain: Chain
    user: KubeUser | None
    namespaces: tuple[NamespaceRules, ...] = ()
    policies: tuple[PolicyRules, ...] = ()
    unread: tuple[Step, ...] = ()
    is_master: bool = False
    is_node: bool = False

    @property
    def outcome(self) -> Outcome:
        """ALLOW if there is anything, UNKNOWN if nothing is known of and something was not read."""
        if self.user is None:
            return self.chain.outcome
        rules = [*(one.rules for one in self.namespaces), *(one.rules for one in self.policies)]
        if self.is_master or self.is_node or any(rules):
            return Outcome.ALLOW
        is_open = self.unread or None in rules
        return Outcome.UNKNOWN if is_open else Outcome.NO_OPINION


def list_in_cluster(who: str, source: Source, namespace: str | None) -> KubeList:
    """Return what ``who`` may do in ``namespace``, or in every one that has a binding if None.

    Raises:
        SekishoInputError: no such identity, or no cluster to ask.
    """
    cluster = need_cluster(source)
    user = user_in_cluster(who, source, cluster)
    chain = Chain(CLUSTER_CHAIN, ())
    if user is None:
        chain = chain_of((), identity_from_arn(who, source.snapshot), cluster)
        seen = chain.links[-1].decision.value
        if not isinstance(seen, KubeUser):
            return KubeList(chain, None)
        user = seen
    found: tuple[NamespaceRules, ...] = ()
    unread = [Step(Code.RBAC_UNREAD, cluster.at)] if cluster.rbac is None else []
    if cluster.rbac is not None:
        spaces = sorted(name for name in cluster.rbac.scopes if name) if namespace is None else [namespace]
        found = tuple(namespace_rules(user, spaces, cluster.rbac))
    policies, not_read = _policies(user, namespace, cluster.entries)
    unread += not_read
    return KubeList(
        chain, user, found, policies, tuple(unread), MASTERS in user.groups, node_name(user) is not None
    )


def namespace_rules(user: KubeUser, namespaces: Iterable[str], index: Index) -> list[NamespaceRules]:
    """Return what reaches ``user`` cluster-wide, then what each namespace adds, if it does."""
    wide = rules_for(user, "", index)
    found = [NamespaceRules("", tuple(dict.fromkeys(wide.rules)), wide.errors)]
    for name in namespaces:
        here = rules_for(user, name, index)
        # A URL lies in no namespace: a RoleBinding gives none, though kube-apiserver lists them.
        own = (replace(rule, urls=()) for rule in here.rules[len(wide.rules) :] if rule.resources)
        rules = tuple(dict.fromkeys(own))
        errors = here.errors[len(wide.errors) :]
        if rules or errors:
            found.append(NamespaceRules(name, rules, errors))
    return found


def _policies(
    user: KubeUser, namespace: str | None, book: EntryBook
) -> tuple[tuple[PolicyRules, ...], tuple[Step, ...]]:
    """Return the policies that hold in ``namespace``, or all if None; and the step that none were read."""
    placed = book.entry_of(user)
    if placed is None:
        return (), ()
    if placed.entry.policies is None:
        principal = (("principal", placed.entry.principal),)
        return (), (Step(policy_authorizer.Code.UNREAD, placed.at, principal),)
    policies = tuple(
        PolicyRules(
            policy,
            placed.at.child("associatedAccessPolicies", number),
            policy_authorizer.rules_of(policy),
        )
        for number, policy in enumerate(placed.entry.policies)
        if namespace is None or policy_authorizer.reaches(policy, namespace)
    )
    return policies, ()
