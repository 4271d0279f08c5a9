"""What a change newly allows is the difference of what is allowed: after it, and not before it."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from sekisho.decide.rbac.examine import Code, examine
from sekisho.decide.rbac.gained import gained, touched
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.model import MASTERS, RbacObject
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser
from support.naive_rbac_worlds import OBJECTS, USERS

ONE_USER = st.sampled_from(USERS)
VERBS = ("get", "list", "GET", "other-verb")
"""With words that no rule of the clusters lists: what ``*`` covers besides."""
UNIVERSE = [
    *(
        RequestAttributes(
            verb, group=group, resource=resource, subresource=sub, namespace=namespace, name=name
        )
        for verb, group, resource, sub, namespace, name in product(
            VERBS,
            ("", "apps", "other.group"),
            ("pods", "nodes", "others"),
            ("", "log", "*", "other"),
            ("", "a", "b"),
            ("", "x", "y", "*", "other"),
        )
    ),
    *(
        RequestAttributes(verb, path=path)
        for verb in VERBS
        for path in ("/x", "/x/y", "/xx", "/*/y", "/z", "/other")
    ),
]


@settings(max_examples=60)
@given(
    before=OBJECTS, after=OBJECTS, user=ONE_USER, more=st.sampled_from(((), (), ("devs",), ("jane", MASTERS)))
)
def test_new_atoms_are_the_difference(
    before: list[RbacObject], after: list[RbacObject], user: KubeUser, more: tuple[str, ...]
) -> None:
    old, new = build(before), build(after)
    held_as = KubeUser(user.name, (*user.groups, *more))
    found = gained(user, held_as, old, new)
    atoms = [(one.namespace, atom) for one in found for atom in one.atoms]
    allowed = [
        request for request in UNIVERSE if new.allows(user, request) and not old.allows(held_as, request)
    ]

    def told(request: RequestAttributes) -> list[int]:
        return [
            number
            for number, (namespace, atom) in enumerate(atoms)
            if namespace in ("", request.namespace) and examine(request, atom) is Code.MATCHED
        ]

    # Complete, and nothing told that is not allowed.
    assert [request for request in UNIVERSE if told(request) and not old.allows(held_as, request)] == allowed
    # Every atom is there for some request that was not allowed.
    used = {number for request in allowed for number in told(request)}
    assert used == set(range(len(atoms)))


@given(before=OBJECTS, after=OBJECTS, user=ONE_USER)
def test_whoever_gains_is_named_by_a_binding_that_changed(
    before: list[RbacObject], after: list[RbacObject], user: KubeUser
) -> None:
    old, new = build(before), build(after)
    if gained(user, user, old, new):
        assert any(
            subject.names(user, binding.key.namespace)
            for binding in touched(old, new)
            for subject in binding.subjects
        )


@given(objects=OBJECTS, user=ONE_USER)
def test_no_change_allows_nothing_new(objects: list[RbacObject], user: KubeUser) -> None:
    index: Index = build(objects)
    assert gained(user, user, index, build(objects)) == ()
    assert list(touched(index, build(objects))) == []
