"""Converge aggregated ClusterRoles: what the aggregation controller would write into them.

The authorizer reads only ``rules``; the controller of kube-controller-manager keeps the rules of
a role with an ``aggregationRule`` equal to those of the roles its selectors choose
(kubernetes ``pkg/controller/clusterroleaggregation``). Manifests show such roles empty.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from sekisho.decide.rbac.model import ObjectKey, Role, Rule


def converge(roles: Mapping[ObjectKey, Role]) -> dict[ObjectKey, Role]:
    """Return the roles with the rules of every aggregate filled in.

    Rules written by hand on an aggregate disappear, as on a cluster. Nested aggregates are
    followed to the end. Each rule keeps its ``at`` in the role it was written in, which is where
    it has to be changed. Where aggregates choose each other in a circle, what any of them
    holds stays in circulation, so each gets all of it: never less than the real one may read.
    """
    sources = _sources(roles)
    if not sources:
        return dict(roles)
    looped = cyclic(roles)
    rules = {key: role.rules if key not in sources or key in looped else () for key, role in roles.items()}
    changed = True
    while changed:
        changed = False
        for key, chosen in sources.items():
            kept = rules[key] if key in looped else ()
            merged = _distinct((*kept, *(rule for source in chosen for rule in rules[source])))
            if merged != rules[key]:
                rules[key], changed = merged, True
    return {key: replace(role, rules=rules[key]) if key in sources else role for key, role in roles.items()}


def cyclic(roles: Mapping[ObjectKey, Role]) -> frozenset[ObjectKey]:
    """Return the aggregates that choose themselves through others. Choosing oneself directly is ignored."""
    sources = _sources(roles)
    return frozenset(key for key in sources if key in _reached(key, sources))


def _sources(roles: Mapping[ObjectKey, Role]) -> dict[ObjectKey, tuple[ObjectKey, ...]]:
    """What each aggregate is made of: selector by selector, roles sorted by name, itself left out."""
    cluster_wide = [roles[key] for key in sorted(roles) if not key.namespace]
    return {
        role.key: tuple(
            dict.fromkeys(
                other.key
                for selector in role.aggregation
                for other in cluster_wide
                if other.key != role.key and all(term.accepts(other.labels) for term in selector)
            )
        )
        for role in cluster_wide
        if role.aggregation is not None
    }


def _reached(start: ObjectKey, sources: Mapping[ObjectKey, tuple[ObjectKey, ...]]) -> set[ObjectKey]:
    reached: set[ObjectKey] = set()
    waiting = [start]
    while waiting:
        for key in sources.get(waiting.pop(), ()):
            if key not in reached:
                reached.add(key)
                waiting.append(key)
    return reached


def _distinct(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple(dict.fromkeys(rules))
