"""Laws of RBAC: it only adds, and every way of asking gives the answer of the naive evaluator."""

from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.decision import Outcome
from sekisho.decide.rbac.authorize import explain
from sekisho.decide.rbac.cover import uncovered
from sekisho.decide.rbac.examine import Code, examine
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.model import Binding, RbacObject, Rule
from sekisho.decide.rbac.who_can import IMPLICIT, subjects_of, who_can
from sekisho.decide.request.kubernetes import RequestAttributes, parse
from sekisho.decide.values import KubeUser, SekishoInputError
from support.naive_rbac import allows, granted
from support.naive_rbac_worlds import BINDINGS, OBJECTS, REQUESTS, RULES, USERS

ONE_USER = st.sampled_from(USERS)
SOME_REQUESTS = st.integers(0, 6).map(lambda first: REQUESTS[first::7])


def names_of(user: KubeUser) -> set[str]:
    names = {f"User:{user.name}", *(f"Group:{group}" for group in user.groups)}
    if user.name.startswith("system:serviceaccount:"):
        names.add("ServiceAccount:" + user.name.removeprefix("system:serviceaccount:").replace(":", "/"))
    return names


@given(objects=OBJECTS)
def test_every_way_of_asking_agrees(objects: list[RbacObject]) -> None:
    index, naive = build(objects), granted(objects)
    for request in REQUESTS:
        named = {IMPLICIT, *subjects_of(who_can(request, index))}
        for user in USERS:
            expected = allows(user, request, naive)
            assert index.allows(user, request) is expected
            assert bool(names_of(user) & named) is expected


@given(objects=OBJECTS, user=ONE_USER, requests=SOME_REQUESTS)
def test_an_explanation_says_the_same(
    objects: list[RbacObject], user: KubeUser, requests: tuple[RequestAttributes, ...]
) -> None:
    index = build(objects)
    for request in requests:
        decision = explain(user, request, index)
        assert decision.outcome is (Outcome.ALLOW if index.allows(user, request) else Outcome.NO_OPINION)
        assert decision.decisive


@given(objects=OBJECTS, user=ONE_USER, requests=SOME_REQUESTS)
def test_an_index_that_grew_is_the_index_that_was_built(
    objects: list[RbacObject], user: KubeUser, requests: tuple[RequestAttributes, ...]
) -> None:
    def answers(index: Index) -> list[tuple[bool, tuple[str, ...]]]:
        return [(index.allows(user, one), subjects_of(who_can(one, index))) for one in requests]

    grown = build([])
    for found in objects:
        grown = grown.with_object(found)
        answers(grown)  # fills the memos that later changes must not trust
    assert answers(grown) == answers(build(objects))
    for found in objects:
        grown = grown.without_object(found)
        left: list[RbacObject] = [*grown.stored.values(), *grown.bindings()]
        assert answers(grown) == answers(build(left))
    assert not grown.stored
    assert not list(grown.bindings())


@given(objects=OBJECTS, more=st.lists(BINDINGS, max_size=3))
def test_more_bindings_never_take_access_away(objects: list[RbacObject], more: list[Binding]) -> None:
    taken = {found.key for found in objects if isinstance(found, Binding)}
    before = build(objects)
    after = before
    for bound in more:
        if bound.key not in taken:
            after = after.with_object(bound)
    for request in REQUESTS:
        for user in USERS:
            assert after.allows(user, request) or not before.allows(user, request)


@given(objects=OBJECTS)
def test_a_missing_role_contributes_nothing(objects: list[RbacObject]) -> None:
    index = build(objects)
    only = build(list(index.stored.values()))
    for bound in index.bindings():
        if index.role_of(bound) is not None:
            only = only.with_object(bound)
    for request in REQUESTS:
        assert subjects_of(who_can(request, only)) == subjects_of(who_can(request, index))


@given(held=st.lists(RULES, max_size=4), wanted=st.lists(RULES, max_size=3))
def test_what_is_covered_allows_nothing_new(held: list[Rule], wanted: list[Rule]) -> None:
    lacking = list(uncovered(held, wanted))
    for request in REQUESTS:
        if any(examine(request, one) is Code.MATCHED for one in wanted):
            assert any(examine(request, one) is Code.MATCHED for one in (*held, *lacking))


@given(method=st.text(max_size=8), path=st.text(max_size=60), query=st.text(max_size=40))
def test_no_request_line_crashes_the_parser(method: str, path: str, query: str) -> None:
    for line in (path, f"/api/v1/{path}", f"/apis/apps/v1/namespaces/{path}"):
        try:
            found = parse(method, line, query)
        except SekishoInputError:
            continue
        assert found.path is None or not found.resource
