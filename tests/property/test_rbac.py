"""Laws of RBAC: it only adds, and every way of asking gives the answer of the naive evaluator."""

from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.decision import Outcome
from sekisho.decide.rbac.authorize import explain
from sekisho.decide.rbac.cover import uncovered
from sekisho.decide.rbac.examine import Code, examine
from sekisho.decide.rbac.index import build
from sekisho.decide.rbac.model import Binding, ObjectKey, RbacObject, Role, RoleRef, Rule, Subject
from sekisho.decide.rbac.who_can import subjects_of, who_can
from sekisho.decide.request.kubernetes import RequestAttributes, parse
from sekisho.decide.values import KubeUser, Ref, SekishoInputError

AT = Ref("object")
NAMESPACES = ("a", "b")


def words(*choices: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(choices), max_size=2, unique=True).map(tuple)


RULES = st.builds(
    Rule,
    st.just(AT),
    verbs=words("get", "list", "*"),
    groups=words("", "apps", "*"),
    resources=words("pods", "pods/log", "*/log", "*"),
    names=words("x", ""),
    urls=words("/x", "/x/*", "*"),
)
KEYS = st.builds(ObjectKey, st.sampled_from(("", *NAMESPACES)), st.sampled_from(("r", "s")))
ROLES = st.builds(Role, st.just(AT), KEYS, st.lists(RULES, max_size=2).map(tuple))
SUBJECTS = st.builds(
    Subject,
    st.just(AT),
    st.sampled_from(("User", "Group", "ServiceAccount", "Robot")),
    st.sampled_from(("jane", "devs", "system:serviceaccount:a:jane")),
    st.sampled_from(("", *NAMESPACES)),
)
REFS = st.builds(
    RoleRef, st.sampled_from(("Role", "ClusterRole", "Widget")), st.sampled_from(("r", "s", "gone"))
)
BINDINGS = st.builds(Binding, st.just(AT), KEYS, REFS, st.lists(SUBJECTS, max_size=2).map(tuple))
OBJECTS = st.lists(st.one_of(ROLES, BINDINGS), max_size=8)
USERS = st.builds(
    KubeUser,
    st.sampled_from(("jane", "system:serviceaccount:a:jane", "joe")),
    st.sampled_from(((), ("devs",), ("jane", "devs"))),
)
RESOURCE_REQUESTS = st.builds(
    RequestAttributes,
    st.sampled_from(("get", "list")),
    group=st.sampled_from(("", "apps")),
    resource=st.sampled_from(("pods", "nodes")),
    subresource=st.sampled_from(("", "log")),
    namespace=st.sampled_from(("", *NAMESPACES)),
    name=st.sampled_from(("", "x", "y")),
)
URL_REQUESTS = st.builds(RequestAttributes, st.just("get"), path=st.sampled_from(("/x", "/x/y", "/z")))
REQUESTS = st.one_of(RESOURCE_REQUESTS, URL_REQUESTS)


def naive(user: KubeUser, request: RequestAttributes, objects: list[RbacObject]) -> bool:
    """Written from the reference, with loops and nothing clever."""
    latest = {(isinstance(found, Role), found.key): found for found in objects}
    roles = [found for found in latest.values() if isinstance(found, Role)]
    for bound in latest.values():
        if not isinstance(bound, Binding):
            continue
        scope = bound.key.namespace
        if scope and (request.path is not None or scope != request.namespace):
            continue
        if not any(naive_subject(user, subject, scope) for subject in bound.subjects):
            continue
        for role in roles:
            kind = "Role" if role.key.namespace else "ClusterRole"
            here = role.key.namespace in ("", scope) and bound.role == RoleRef(kind, role.key.name)
            if here and any(naive_rule(request, rule) for rule in role.rules):
                return True
    return False


def naive_subject(user: KubeUser, subject: Subject, scope: str) -> bool:
    if subject.kind == "ServiceAccount":
        namespace = subject.namespace or scope
        return bool(namespace) and user.name == f"system:serviceaccount:{namespace}:{subject.name}"
    return (subject.kind, subject.name) in {("User", user.name), *(("Group", group) for group in user.groups)}


def naive_rule(request: RequestAttributes, rule: Rule) -> bool:
    if not {request.verb, "*"} & set(rule.verbs):
        return False
    if request.path is not None:
        return any(
            request.path == url or (url[-1:] == "*" and request.path.startswith(url.rstrip("*")))
            for url in rule.urls
        )
    sub = request.subresource
    accepted = {"*", f"{request.resource}/{sub}", f"*/{sub}"} if sub else {"*", request.resource}
    return bool(
        {request.group, "*"} & set(rule.groups)
        and accepted & set(rule.resources)
        and (not rule.names or request.name in rule.names)
    )


def names_of(user: KubeUser) -> set[str]:
    names = {f"User:{user.name}", *(f"Group:{group}" for group in user.groups)}
    if user.name.startswith("system:serviceaccount:"):
        names.add("ServiceAccount:" + user.name.removeprefix("system:serviceaccount:").replace(":", "/"))
    return names


@given(objects=OBJECTS, user=USERS, request=REQUESTS)
def test_every_way_of_asking_agrees(
    objects: list[RbacObject], user: KubeUser, request: RequestAttributes
) -> None:
    index = build(objects)
    expected = naive(user, request, objects)
    assert index.allows(user, request) is expected
    decision = explain(user, request, index)
    assert decision.allowed is expected
    assert decision.outcome in (Outcome.ALLOW, Outcome.NO_OPINION)
    assert bool(names_of(user) & set(subjects_of(who_can(request, index)))) is expected
    assert expected or decision.decisive


@given(objects=OBJECTS, user=USERS, request=REQUESTS)
def test_an_index_that_grew_is_the_index_that_was_built(
    objects: list[RbacObject], user: KubeUser, request: RequestAttributes
) -> None:
    grown = build([])
    for found in objects:
        grown = grown.with_object(found)
        grown.allows(user, request)  # fills the memos that later changes must not trust
    assert grown.allows(user, request) is build(objects).allows(user, request)
    for found in objects:
        grown = grown.without_object(found)
        left: list[RbacObject] = [*grown.stored.values(), *grown.bindings()]
        assert grown.allows(user, request) is naive(user, request, left)
    assert not grown.stored
    assert not list(grown.bindings())


@given(objects=OBJECTS, more=st.lists(BINDINGS, max_size=3), user=USERS, request=REQUESTS)
def test_more_bindings_never_take_access_away(
    objects: list[RbacObject], more: list[Binding], user: KubeUser, request: RequestAttributes
) -> None:
    taken = {found.key for found in objects if isinstance(found, Binding)}
    index = build(objects)
    before = index.allows(user, request)
    for bound in more:
        if bound.key not in taken:
            index = index.with_object(bound)
    assert index.allows(user, request) or not before


@given(objects=OBJECTS, user=USERS, request=REQUESTS)
def test_a_missing_role_contributes_nothing(
    objects: list[RbacObject], user: KubeUser, request: RequestAttributes
) -> None:
    index = build(objects)
    kept = {found.key for found in index.bindings() if index.role_of(found) is not None}
    expected = index.allows(user, request)
    only = build(list(index.stored.values()))
    for bound in index.bindings():
        if bound.key in kept:
            only = only.with_object(bound)
    assert only.allows(user, request) is expected


@given(held=st.lists(RULES, max_size=4), wanted=st.lists(RULES, max_size=3), request=REQUESTS)
def test_what_is_covered_allows_nothing_new(
    held: list[Rule], wanted: list[Rule], request: RequestAttributes
) -> None:
    if not list(uncovered(held, wanted)) and any(examine(request, one) is Code.MATCHED for one in wanted):
        assert any(examine(request, one) is Code.MATCHED for one in held)


@given(method=st.text(max_size=8), path=st.text(max_size=60), query=st.text(max_size=40))
def test_no_request_line_crashes_the_parser(method: str, path: str, query: str) -> None:
    for line in (path, f"/api/v1/{path}", f"/apis/apps/v1/namespaces/{path}"):
        try:
            found = parse(method, line, query)
        except SekishoInputError:
            continue
        assert found.path is None or not found.resource
