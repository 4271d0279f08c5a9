"""What a change of RBAC objects newly allows: the permissions after it that were not held before.

A permission is an atom of `cover`: one verb on one resource, named or not, or on one URL. An atom
with ``*`` is new unless ``*`` was held, though part of what it covers may have been allowed before.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sekisho.decide.rbac.cover import MAX_ATOMS, atom_count, uncovered
from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import MASTERS, Binding, Rule
from sekisho.decide.rbac.rules_for import rules_for
from sekisho.decide.values import KubeUser


@dataclass(frozen=True, slots=True)
class Gained:
    """What is newly allowed in ``namespace`` (``""``: everywhere), an atom at a time.

    ``too_many``: the rules multiply out to more than `MAX_ATOMS`, and ``atoms`` are the rules themselves.
    """

    namespace: str
    atoms: tuple[Rule, ...]
    too_many: bool = False


def gained(user: KubeUser, held_as: KubeUser, before: Index, after: Index) -> tuple[Gained, ...]:
    """Return what ``user`` may do after the change that ``held_as`` might not do before it. Total.

    Every request that is newly allowed is matched by an atom in its namespace or everywhere, and every
    atom matches one. ``held_as`` is the same user with all its groups, or the one it was before.
    """
    if MASTERS in held_as.groups:
        return ()
    wide = rules_for(user, "", after).rules
    found = [_scope("", rules_for(held_as, "", before).rules, wide)]
    for namespace in sorted(name for name in after.scopes if name):
        here = rules_for(user, namespace, after).rules[len(wide) :]
        # A URL lies in no namespace, so a RoleBinding opens none.
        wanted = tuple(replace(rule, urls=()) for rule in here if rule.resources)
        held = (*rules_for(held_as, namespace, before).rules, *wide)
        found.append(_scope(namespace, held, wanted))
    return tuple(one for one in found if one.atoms)


def touched(before: Index, after: Index) -> Iterator[Binding]:
    """Yield the bindings that may grant more than before: new, changed, or of a role that changed."""
    for binding in after.bindings():
        scope = before.scopes.get(binding.key.namespace)
        old = None if scope is None else scope.bindings.get(binding.key.name)
        role = after.role_of(binding)
        if role is None or (old is not None and old == binding and before.role_of(old) == role):
            continue
        yield binding


def _scope(namespace: str, held: tuple[Rule, ...], wanted: tuple[Rule, ...]) -> Gained:
    known = frozenset(held)
    fresh = tuple(rule for rule in dict.fromkeys(wanted) if rule not in known)
    if sum(atom_count(rule) for rule in fresh) > MAX_ATOMS:
        return Gained(namespace, fresh, too_many=True)
    return Gained(namespace, tuple(dict.fromkeys(uncovered(held, fresh))))
