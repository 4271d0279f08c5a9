"""Decisions with their reasons: what allowed, what came closest, what would help."""

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.rbac.authorize import explain, forbidden_message
from sekisho.decide.rbac.bootstrap import default_objects
from sekisho.decide.rbac.examine import Code
from sekisho.decide.rbac.index import build
from sekisho.decide.rbac.model import Binding, RbacObject
from sekisho.decide.rbac.nearest import MAX_MISSES_PER_CODE, RepairCode
from sekisho.decide.rbac.objects import parse_object
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser, Ref
from unit.decide.rbac.build import binding, role, rule, urls

JANE = KubeUser("jane", ("gid:devs", "system:authenticated"))
POD = RequestAttributes("get", resource="pods", namespace="shop", name="web")
READER = role("reader", rule("get list", "core", "pods"))


def test_the_reason_is_the_one_of_kubernetes() -> None:
    reasons = {
        binding("all", "ClusterRole:reader", "Group:gid:devs"): (
            'RBAC: allowed by ClusterRoleBinding "all" of ClusterRole "reader" to Group "gid:devs"'
        ),
        binding("shop/some", "ClusterRole:reader", "User:jane"): (
            'RBAC: allowed by RoleBinding "some/shop" of ClusterRole "reader" to User "jane"'
        ),
    }
    for bound, reason in reasons.items():
        decision = explain(JANE, POD, build([READER, bound]))
        assert decision.outcome is Outcome.ALLOW
        assert decision.sentence() == reason
        assert decision.decisive[0].at == Ref("clusterrole/reader", "/rules/0")


def test_service_accounts_are_written_with_their_namespace() -> None:
    user = KubeUser("system:serviceaccount:shop:web")
    bound = binding("shop/some", "ClusterRole:reader", "ServiceAccount:web")
    decision = explain(user, POD, build([READER, bound]))
    assert decision.sentence().endswith('to ServiceAccount "web/shop"')


def test_masters_are_allowed_before_rbac_is_asked() -> None:
    decision = explain(KubeUser("root", ("a", "system:masters")), POD, build([]))
    assert decision.outcome is Outcome.ALLOW
    assert [(step.code, step.at) for step in decision.decisive] == [
        (Code.MASTERS, Ref("user/root", "/groups/1"))
    ]


def test_every_rule_bound_to_the_user_has_a_step() -> None:
    objects: list[RbacObject] = [
        role("mixed", rule("list", "core", "pods"), rule("get", "apps", "pods"), urls("get", "/x")),
        binding("a", "ClusterRole:mixed", "User:jane"),
        binding("b", "ClusterRole:gone", "User:jane"),
        binding("c", "Role:mixed", "User:jane"),
        binding("shop/d", "Widget:mixed", "User:jane"),
        binding("other/e", "ClusterRole:mixed", "User:jane"),
        binding("f", "ClusterRole:mixed", "User:joe"),
    ]
    decision = explain(JANE, POD, build(objects))
    assert [(step.code, str(step.at)) for step in decision.trace] == [
        (Code.VERB, "clusterrole/mixed#/rules/0"),
        (Code.GROUP, "clusterrole/mixed#/rules/1"),
        (Code.ONLY_URLS, "clusterrole/mixed#/rules/2"),
        (Code.ROLE_MISSING, "clusterrolebinding/b#/roleRef"),
        (Code.ROLE_UNSUPPORTED, "clusterrolebinding/c#/roleRef"),
        (Code.ROLE_UNSUPPORTED, "rolebinding/shop/d#/roleRef"),
    ]
    assert decision.outcome is Outcome.NO_OPINION
    assert [step.code for step in decision.decisive] == [Code.NO_MATCH]


MESSAGES = {
    "namespaced": (POD, 'User "jane" cannot get resource "pods" in API group "" in the namespace "shop"'),
    "cluster scope": (
        RequestAttributes("list", group="apps", resource="deployments", subresource="scale"),
        'User "jane" cannot list resource "deployments/scale" in API group "apps" at the cluster scope',
    ),
    "URL": (RequestAttributes("get", path="/metrics"), 'User "jane" cannot get path "/metrics"'),
}


@pytest.mark.parametrize(("request_", "message"), MESSAGES.values(), ids=MESSAGES.keys())
def test_a_refusal_reads_as_the_api_servers(request_: RequestAttributes, message: str) -> None:
    assert explain(JANE, request_, build([])).sentence() == message
    assert forbidden_message(JANE, request_) == message


BIND_READER = (
    RepairCode.BIND_ROLE,
    {"role": 'ClusterRole "reader"', "subject": 'Group "gid:devs"', "where": 'in the namespace "shop"'},
)
AT_RULE = "clusterrole/near#/rules/0"
NEAREST: dict[str, tuple[list[RbacObject], RequestAttributes, Code, str, RepairCode | None]] = {
    "the verb": (
        [role("near", rule("list", "core", "pods")), binding("b", "ClusterRole:near", "User:jane")],
        POD,
        Code.VERB,
        AT_RULE,
        RepairCode.ADD_VERB,
    ),
    "the API group": (
        [role("near", rule("get", "apps", "pods")), binding("b", "ClusterRole:near", "User:jane")],
        POD,
        Code.GROUP,
        AT_RULE,
        RepairCode.ADD_GROUP,
    ),
    "the name": (
        [role("near", rule("get", "core", "pods", "db")), binding("b", "ClusterRole:near", "User:jane")],
        POD,
        Code.NAME,
        AT_RULE,
        RepairCode.ADD_NAME,
    ),
    "a name where none is asked": (
        [role("near", rule("list", "core", "pods", "db")), binding("b", "ClusterRole:near", "User:jane")],
        RequestAttributes("list", resource="pods", namespace="shop"),
        Code.NAME,
        AT_RULE,
        RepairCode.GRANT,
    ),
    "the subresource": (
        [role("near", rule("get", "core", "pods")), binding("b", "ClusterRole:near", "User:jane")],
        RequestAttributes("get", resource="pods", subresource="log", namespace="shop", name="web"),
        Code.RESOURCE,
        AT_RULE,
        RepairCode.ADD_RESOURCE,
    ),
    "another resource": (
        [role("near", rule("get", "core", "secrets")), binding("b", "ClusterRole:near", "User:jane")],
        POD,
        Code.RESOURCE,
        AT_RULE,
        RepairCode.GRANT,
    ),
    "two facets": (
        [role("near", rule("list", "apps", "pods")), binding("b", "ClusterRole:near", "User:jane")],
        POD,
        Code.VERB,
        AT_RULE,
        RepairCode.GRANT,
    ),
    "the URL": (
        [role("near", urls("get", "/x")), binding("b", "ClusterRole:near", "User:jane")],
        RequestAttributes("get", path="/y"),
        Code.URL,
        AT_RULE,
        None,
    ),
    "a role that does not exist": (
        [binding("b", "ClusterRole:gone", "User:jane")],
        POD,
        Code.ROLE_MISSING,
        "clusterrolebinding/b#/roleRef",
        RepairCode.CREATE_ROLE,
    ),
    "a role that cannot be referred to": (
        [binding("b", "Role:gone", "User:jane")],
        POD,
        Code.ROLE_UNSUPPORTED,
        "clusterrolebinding/b#/roleRef",
        RepairCode.GRANT,
    ),
    "a group prefix left out": (
        [READER, binding("shop/b", "ClusterRole:reader", "Group:devs")],
        POD,
        Code.SUBJECT_SPELLING,
        "rolebinding/shop/b#/subjects/0",
        RepairCode.FIX_SUBJECT,
    ),
    "a group of others": (
        [READER, binding("shop/b", "ClusterRole:reader", "Group:ops")],
        POD,
        Code.OTHER_SUBJECT,
        "rolebinding/shop/b#/subjects/0",
        RepairCode.BIND_ROLE,
    ),
    "another namespace": (
        [READER, binding("depot/b", "ClusterRole:reader", "Group:gid:devs")],
        POD,
        Code.OTHER_NAMESPACE,
        "rolebinding/depot/b",
        RepairCode.BIND_ROLE,
    ),
    "another namespace's own role": (
        [role("depot/near", rule("get", "core", "pods")), binding("depot/b", "Role:near", "User:jane")],
        POD,
        Code.OTHER_NAMESPACE,
        "rolebinding/depot/b",
        RepairCode.GRANT,
    ),
    "one namespace where all are asked": (
        [READER, binding("depot/b", "ClusterRole:reader", "User:jane")],
        RequestAttributes("list", resource="pods"),
        Code.OTHER_NAMESPACE,
        "rolebinding/depot/b",
        RepairCode.BIND_ROLE,
    ),
}


@pytest.mark.parametrize(
    ("objects", "request_", "code", "at", "repair"), NEAREST.values(), ids=NEAREST.keys()
)
def test_the_nearest_miss(
    objects: list[RbacObject], request_: RequestAttributes, code: Code, at: str, repair: RepairCode | None
) -> None:
    decision = explain(JANE, request_, build(objects))
    assert decision.outcome is Outcome.NO_OPINION
    assert [(step.code, str(step.at)) for step in decision.nearest] == [(code, at)]
    assert [found.code for found in decision.repairs[:1]] == ([repair] if repair else [])


def test_repairs_say_what_to_write() -> None:
    objects: list[RbacObject] = [
        READER,
        role("near", rule("list", "core", "pods")),
        binding("own", "ClusterRole:near", "User:jane"),
        binding("shop/b", "ClusterRole:reader", "Group:devs"),
    ]
    decision = explain(JANE, POD, build(objects))
    assert [step.code for step in decision.nearest] == [Code.SUBJECT_SPELLING, Code.VERB]
    assert [(found.code, dict(found.facts)) for found in decision.repairs] == [
        (
            RepairCode.FIX_SUBJECT,
            {
                "binding": 'RoleBinding "b/shop"',
                "known_as": 'Group "gid:devs"',
                "subject": 'Group "devs"',
            },
        ),
        (RepairCode.ADD_VERB, {"verb": "get", "rule": "clusterrole/near#/rules/0"}),
        BIND_READER,
    ]
    assert decision.repairs[1].sentence() == "add the verb `get` to the rule at clusterrole/near#/rules/0"


def test_fewer_failing_facets_come_first_then_the_users_own() -> None:
    objects: list[RbacObject] = [
        role("far", rule("list", "apps", "pods")),
        role("near", rule("list", "core", "pods")),
        READER,
        binding("a", "ClusterRole:far", "User:jane"),
        binding("b", "ClusterRole:near", "User:jane"),
        binding("c", "ClusterRole:reader", "User:joe"),
        binding("depot/d", "ClusterRole:reader", "User:jane"),
    ]
    assert [(step.code, step.at.document) for step in explain(JANE, POD, build(objects)).nearest] == [
        (Code.VERB, "clusterrole/near"),
        (Code.OTHER_NAMESPACE, "rolebinding/depot/d"),
        (Code.OTHER_SUBJECT, "clusterrolebinding/c"),
        (Code.VERB, "clusterrole/far"),
    ]


def test_a_few_of_each_kind_are_enough() -> None:
    many = [binding(f"shop/b{n}", "ClusterRole:reader", f"Group:team-{n}0") for n in range(9)]
    decision = explain(JANE, POD, build([READER, *many]))
    assert len(decision.nearest) == MAX_MISSES_PER_CODE


def test_no_repair_is_a_hole() -> None:
    stock = build(parse_object(manifest) for manifest in default_objects())
    decision = explain(JANE, RequestAttributes("get", resource="nodes", name="n"), stock)
    assert all(step.code is not Code.OTHER_SUBJECT for step in decision.nearest)
    # Neither cluster-admin nor a role of the control plane: a role that allows this and no more.
    assert [(found.code, dict(found.facts)) for found in decision.repairs] == [
        (
            RepairCode.GRANT,
            {
                "verb": "get",
                "resource": "nodes",
                "subject": 'Group "gid:devs"',
                "where": "for the whole cluster",
            },
        )
    ]


def test_a_rule_about_other_things_is_not_near() -> None:
    objects: list[RbacObject] = [
        role("far", rule("create", "authorization.k8s.io", "selfsubjectaccessreviews")),
        binding("b", "ClusterRole:far", "User:jane"),
    ]
    decision = explain(JANE, POD, build(objects))
    assert decision.nearest == ()
    assert [step.code for step in decision.trace] == [Code.VERB]


def test_stock_roles_are_bound_but_never_edited() -> None:
    stock = build(parse_object(manifest) for manifest in default_objects())
    stock = stock.with_object(binding("shop/v", "ClusterRole:view", "User:jane"))
    request = RequestAttributes("delete", resource="pods", namespace="shop", name="web")
    decision = explain(KubeUser("jane"), request, stock)
    assert decision.nearest[0].code is Code.VERB
    assert decision.nearest[0].at.document == "clusterrole/system:aggregate-to-view"
    assert [(found.code, dict(found.facts)["role"]) for found in decision.repairs] == [
        (RepairCode.BIND_ROLE, 'ClusterRole "edit"'),
        (RepairCode.BIND_ROLE, 'ClusterRole "admin"'),
    ]
    assert dict(decision.repairs[0].facts)["subject"] == 'User "jane"'


def test_a_role_of_another_namespace_is_not_proposed() -> None:
    objects: list[RbacObject] = [
        role("depot/near", rule("get", "core", "pods")),
        role("shop/near", rule("get", "core", "pods")),
    ]
    decision = explain(JANE, POD, build(objects))
    assert [dict(found.facts)["role"] for found in decision.repairs] == ['Role "near"']


def test_a_cluster_wide_request_needs_a_cluster_wide_binding() -> None:
    decision = explain(JANE, RequestAttributes("list", resource="pods"), build([READER]))
    assert [dict(found.facts)["where"] for found in decision.repairs] == ["for the whole cluster"]


SA = KubeUser("system:serviceaccount:shop:web", ("system:serviceaccounts", "system:serviceaccounts:shop"))
SPELLING: dict[str, tuple[KubeUser, Binding, str | None]] = {
    "case": (JANE, binding("b", "ClusterRole:reader", "User:Jane"), 'User "jane"'),
    "case of a group": (JANE, binding("b", "ClusterRole:reader", "Group:gid:Devs"), 'Group "gid:devs"'),
    "prefix left out": (JANE, binding("b", "ClusterRole:reader", "Group:devs"), 'Group "gid:devs"'),
    "prefix too many": (JANE, binding("b", "ClusterRole:reader", "Group:x:gid:devs"), 'Group "gid:devs"'),
    "path left out": (
        KubeUser("corp/jane"),
        binding("b", "ClusterRole:reader", "User:jane"),
        'User "corp/jane"',
    ),
    "not a prefix": (JANE, binding("b", "ClusterRole:reader", "Group:evs"), None),
    "white space": (JANE, binding("b", "ClusterRole:reader", "User:jane "), 'User "jane"'),
    "a letter missing": (JANE, binding("b", "ClusterRole:reader", "User:jan"), None),
    "a letter missing in a longer name": (
        JANE,
        binding("b", "ClusterRole:reader", "Group:gid:dvs"),
        'Group "gid:devs"',
    ),
    "a letter too many": (JANE, binding("b", "ClusterRole:reader", "Group:gid:devss"), 'Group "gid:devs"'),
    "a letter replaced": (JANE, binding("b", "ClusterRole:reader", "User:jame"), 'User "jane"'),
    "two letters swapped": (JANE, binding("b", "ClusterRole:reader", "User:jnae"), 'User "jane"'),
    "two letters replaced": (JANE, binding("b", "ClusterRole:reader", "User:juke"), None),
    "two letters too many": (JANE, binding("b", "ClusterRole:reader", "User:janexx"), None),
    "a group written as a user": (
        JANE,
        binding("b", "ClusterRole:reader", "User:gid:devs"),
        'Group "gid:devs"',
    ),
    "a user written as a group": (JANE, binding("b", "ClusterRole:reader", "Group:jane"), 'User "jane"'),
    "kind in lower case": (JANE, binding("b", "ClusterRole:reader", "user:jane"), 'User "jane"'),
    "group kind in lower case": (
        JANE,
        binding("b", "ClusterRole:reader", "group:gid:devs"),
        'Group "gid:devs"',
    ),
    "an unknown kind": (JANE, binding("b", "ClusterRole:reader", "Robot:r2"), None),
    "an account of another user": (
        JANE,
        binding("b", "ClusterRole:reader", "ServiceAccount:shop/jane"),
        None,
    ),
    "account without its namespace": (
        SA,
        binding("b", "ClusterRole:reader", "ServiceAccount:web"),
        'ServiceAccount "web/shop"',
    ),
    "account as a user": (
        SA,
        binding("shop/b", "ClusterRole:reader", "User:web"),
        'ServiceAccount "web/shop"',
    ),
    "account as a user with its namespace": (
        SA,
        binding("shop/b", "ClusterRole:reader", "User:shop:web"),
        'ServiceAccount "web/shop"',
    ),
    "account of another namespace": (
        SA,
        binding("b", "ClusterRole:reader", "ServiceAccount:depot/web"),
        None,
    ),
    "another account": (SA, binding("b", "ClusterRole:reader", "ServiceAccount:shop/db"), None),
}


@pytest.mark.parametrize(("user", "bound", "known_as"), SPELLING.values(), ids=SPELLING.keys())
def test_a_subject_that_was_meant_to_be_the_user(
    user: KubeUser, bound: Binding, known_as: str | None
) -> None:
    (step,) = explain(user, POD, build([READER, bound])).nearest
    assert step.code is (Code.SUBJECT_SPELLING if known_as else Code.OTHER_SUBJECT)
    assert dict(step.facts).get("known_as") == known_as
