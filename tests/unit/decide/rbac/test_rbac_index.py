"""The compiled index: scopes, changes of one object, and rules too large to file."""

import pytest

from sekisho.decide.rbac import index as index_module
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.model import RbacObject
from sekisho.decide.rbac.table import MAX_ATOMS_PER_RULE, compile_rules
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Json, KubeUser
from unit.decide.rbac.build import binding, role, rule, urls

JANE = KubeUser("jane", ("devs", "devs", "ops"))
POD = RequestAttributes("get", resource="pods", namespace="shop", name="web")
READER = role("reader", rule("get", "core", "pods"))


def test_grants_are_sorted_cluster_wide_first_and_named_once() -> None:
    found = build(
        [
            READER,
            binding("z", "ClusterRole:reader", "Group:devs", "User:jane"),
            binding("a", "ClusterRole:gone", "Group:ops"),
            binding("shop/m", "ClusterRole:reader", "User:jane"),
            binding("depot/n", "ClusterRole:reader", "User:jane"),
        ]
    )
    named = [(grant.binding.key.name, grant.subject.kind) for grant in found.grants_for(JANE, "shop")]
    assert named == [("a", "Group"), ("z", "User"), ("z", "Group"), ("m", "User")]
    assert [grant.scope for grant in found.grants_for(JANE)] == ["", "", ""]


def test_of_two_objects_with_one_name_the_last_counts() -> None:
    found = build([READER, role("reader"), binding("shop/b", "ClusterRole:reader", "User:jane")])
    assert not found.allows(JANE, POD)
    found = build(
        [READER, binding("b", "ClusterRole:reader", "User:jane"), binding("b", "ClusterRole:x", "User:jane")]
    )
    assert not found.allows(JANE, POD)


def test_a_binding_comes_and_goes() -> None:
    bound = binding(
        "shop/b", "ClusterRole:reader", "User:jane", "Group:devs", "ServiceAccount:web", "Robot:r2"
    )
    empty = build([READER])
    full = empty.with_object(bound)
    assert full.allows(JANE, POD)
    assert not empty.allows(JANE, POD)
    assert full.grants_for(JANE, "shop") == build([READER, bound]).grants_for(JANE, "shop")
    gone = full.without_object(bound)
    assert not gone.allows(JANE, POD)
    assert gone.scopes == {}
    assert gone.without_object(bound).scopes == {}


def test_a_binding_replaced_leaves_no_trace_of_the_old_one() -> None:
    first = binding("shop/b", "ClusterRole:reader", "User:jane", "Group:devs")
    second = binding("shop/b", "ClusterRole:reader", "User:joe")
    other = binding("shop/c", "ClusterRole:gone", "User:jane")
    found = build([READER, first, other]).with_object(second)
    assert not found.allows(JANE, POD)
    assert found.allows(KubeUser("joe"), POD)
    assert [grant.binding.key.name for grant in found.grants_for(JANE, "shop")] == ["c"]
    assert [bound.key.name for bound in found.bindings("shop")] == ["c", "b"]
    assert len(list(found.bindings())) == 2
    left = found.without_object(second)
    assert [bound.key.name for bound in left.bindings("shop")] == ["c"]


def test_a_role_comes_and_goes() -> None:
    found = build([binding("shop/b", "ClusterRole:reader", "User:jane")])
    assert not found.allows(JANE, POD)
    found = found.with_object(READER)
    assert found.allows(JANE, POD)
    found = found.with_object(role("reader", rule("list", "core", "pods")))
    assert not found.allows(JANE, POD)
    assert not found.with_object(READER).without_object(READER).allows(JANE, POD)


def test_an_aggregate_follows_its_parts() -> None:
    aggregate = role("all", of=[{"matchLabels": {"x": "true"}}])
    part = role("part", rule("get", "core", "pods"), labels={"x": "true"})
    found = build([aggregate, binding("b", "ClusterRole:all", "User:jane")])
    assert not found.allows(JANE, POD)
    assert found.with_object(part).allows(JANE, POD)
    assert not found.with_object(part).without_object(part).allows(JANE, POD)


def test_a_non_resource_request_has_no_namespace() -> None:
    objects: list[RbacObject] = [
        role("health", urls("get", "/healthz")),
        binding("shop/b", "ClusterRole:health", "User:jane"),
    ]
    request = RequestAttributes("get", path="/healthz", namespace="shop")
    assert not build(objects).allows(JANE, request)
    assert build([*objects, binding("b", "ClusterRole:health", "User:jane")]).allows(JANE, request)


def test_masters_need_no_binding() -> None:
    assert Index().allows(KubeUser("x", ("system:masters",)), POD)
    assert not Index().allows(KubeUser("system:masters"), POD)


@pytest.mark.parametrize("count", [MAX_ATOMS_PER_RULE, MAX_ATOMS_PER_RULE + 1])
def test_a_rule_too_large_to_file_still_counts(count: int) -> None:
    names = " ".join(f"n{number}" for number in range(count))
    huge = role("huge", rule("get", "core", "pods", names))
    table = compile_rules(huge.rules)
    assert bool(table.wide) is (count > MAX_ATOMS_PER_RULE)
    found = build([huge, binding("b", "ClusterRole:huge", "User:jane")])
    assert found.allows(JANE, RequestAttributes("get", resource="pods", name=f"n{count - 1}"))
    assert not found.allows(JANE, RequestAttributes("get", resource="pods", name="m"))


def test_names_are_filed_beside_rules_for_any_name() -> None:
    written: list[Json] = [rule("get", "core", "pods", "web"), rule("list", "core", "pods")]
    found = build([role("r", *written), binding("b", "ClusterRole:r", "User:jane")])
    assert found.allows(JANE, POD)
    assert found.allows(JANE, RequestAttributes("list", resource="pods", namespace="shop"))
    assert not found.allows(JANE, RequestAttributes("get", resource="pods", name="db"))


def test_the_memo_is_bounded_and_forgetting_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_MAX_TABLES", 2)
    users = [KubeUser(f"u{number}") for number in range(5)]
    bindings = [
        binding(f"b{number}", "ClusterRole:reader", f"User:{user.name}") for number, user in enumerate(users)
    ]
    found = build([READER, *bindings])
    assert [found.allows(user, POD) for user in users * 2] == [True] * 10
    assert len(found._tables) <= 2
