"""What somebody may do in a cluster: the rules that reach a user, namespace by namespace."""

from collections.abc import Iterable
from dataclasses import dataclass

from sekisho.decide.chain import chain_of
from sekisho.decide.chain.person_to_cluster import CLUSTER_CHAIN
from sekisho.decide.decision import Chain, Step
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import MASTERS, Rule
from sekisho.decide.rbac.rules_for import rules_for
from sekisho.decide.values import KubeUser
from sekisho.facts.identity import identity_from_arn
from sekisho.review.questions import kube_user, need_cluster
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
class KubeList:
    """What a user may do. ``user`` is None where ``chain`` did not lead to one.

    ``is_master``: everything, before RBAC is asked.
    """

    chain: Chain
    user: KubeUser | None
    namespaces: tuple[NamespaceRules, ...]
    is_master: bool = False


def list_in_cluster(who: str, source: Source, namespace: str | None) -> KubeList:
    """Return the rules that reach ``who``, in ``namespace``, or in every one that has a binding if None.

    Raises:
        SekishoInputError: no such identity, or no cluster to ask.
    """
    cluster = need_cluster(source)
    user = kube_user(who)
    chain = Chain(CLUSTER_CHAIN, ())
    if user is None:
        chain = chain_of((), identity_from_arn(who, source.snapshot), cluster)
        user = next((link.decision.value for link in reversed(chain.links)), None)  # type: ignore[assignment]
    if not isinstance(user, KubeUser) or cluster.rbac is None:
        return KubeList(chain, user if isinstance(user, KubeUser) else None, ())
    spaces = sorted(name for name in cluster.rbac.scopes if name) if namespace is None else [namespace]
    found = tuple(namespace_rules(user, spaces, cluster.rbac))
    return KubeList(chain, user, found, MASTERS in user.groups)


def namespace_rules(user: KubeUser, namespaces: Iterable[str], index: Index) -> list[NamespaceRules]:
    """Return what reaches ``user`` cluster-wide, then what each namespace adds, if it does."""
    wide = rules_for(user, "", index)
    found = [NamespaceRules("", tuple(dict.fromkeys(wide.rules)), wide.errors)]
    for name in namespaces:
        here = rules_for(user, name, index)
        rules = tuple(dict.fromkeys(here.rules[len(wide.rules) :]))
        errors = here.errors[len(wide.errors) :]
        if rules or errors:
            found.append(NamespaceRules(name, rules, errors))
    return found
