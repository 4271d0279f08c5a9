"""The other questions: who can, what may somebody do, may somebody grant this."""

import pytest

from sekisho.decide.decision import Decision, Outcome, ReasonCode, Step
from sekisho.decide.rbac.cover import MAX_ATOMS, CoverCode, may_write, message, uncovered
from sekisho.decide.rbac.examine import Code
from sekisho.decide.rbac.index import build
from sekisho.decide.rbac.model import RbacObject, Role
from sekisho.decide.rbac.objects import rule_to_json
from sekisho.decide.rbac.rules_for import rules_for
from sekisho.decide.rbac.who_can import subjects_of, who_can
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Json, KubeUser, Ref
from unit.decide.rbac.build import binding, role, rule, urls

JANE = KubeUser("jane", ("devs",))
POD = RequestAttributes("get", resource="pods", namespace="shop", name="web")
READER = role("reader", rule("list", "core", "pods"), rule("get", "core", "pods"))
RBAC = "rbac.authorization.k8s.io"


def test_who_can_names_every_way_in() -> None:
    found = who_can(
        POD,
        build(
            [
                READER,
                binding("z", "ClusterRole:reader", "User:jane", "ServiceAccount:nowhere", "Robot:r2"),
                binding(
                    "shop/a", "ClusterRole:reader", "User:jane", "ServiceAccount:web", "ServiceAccount:x/y"
                ),
                binding("depot/b", "ClusterRole:reader", "User:joe"),
                binding("shop/c", "ClusterRole:gone", "User:jim"),
                binding("d", "Role:reader", "User:jim"),
            ]
        ),
    )
    assert [(access.subject, access.binding.key.name) for access in found] == [
        ("ServiceAccount:shop/web", "a"),
        ("ServiceAccount:x/y", "a"),
        ("User:jane", "z"),
        ("User:jane", "a"),
    ]
    assert {access.rule.at for access in found} == {Ref("clusterrole/reader", "/rules/1")}
    assert subjects_of(found) == ("ServiceAccount:shop/web", "ServiceAccount:x/y", "User:jane")


def test_who_can_reach_a_url_is_asked_cluster_wide() -> None:
    objects: list[RbacObject] = [
        role("health", urls("get", "/healthz")),
        binding("a", "ClusterRole:health", "User:jane"),
        binding("shop/b", "ClusterRole:health", "User:joe"),
    ]
    request = RequestAttributes("get", path="/healthz", namespace="shop")
    assert subjects_of(who_can(request, build(objects))) == ("User:jane",)


def test_rules_of_a_user_in_a_namespace() -> None:
    index = build(
        [
            READER,
            role("health", urls("get", "/healthz")),
            binding("a", "ClusterRole:reader", "User:jane", "Group:devs"),
            binding("shop/b", "ClusterRole:health", "User:jane"),
            binding("shop/c", "Role:gone", "User:jane"),
            binding("d", "Role:gone", "User:jane"),
        ]
    )
    found = rules_for(JANE, "shop", index)
    assert found.resource_rules == READER.rules
    assert [rule_to_json(one) for one in found.url_rules] == [urls("get", "/healthz")]
    assert [(step.code, step.at.document) for step in found.errors] == [
        (Code.ROLE_UNSUPPORTED, "clusterrolebinding/d"),
        (Code.ROLE_MISSING, "rolebinding/shop/c"),
    ]
    assert rules_for(JANE, "", index).url_rules == ()


COVERED: dict[str, tuple[list[Json], list[Json], int]] = {
    "the same": ([rule("get", "core", "pods")], [rule("get", "core", "pods")], 0),
    "atoms of several rules": (
        [rule("get", "core", "pods"), rule("list", "core", "pods")],
        [rule("get list", "core", "pods")],
        0,
    ),
    "each missing atom is one": ([], [rule("get list", "core apps", "a b")], 8),
    "a star has to be held literally": ([rule("get list", "core", "pods")], [rule("*", "core", "pods")], 1),
    "and is": ([rule("*", "*", "*")], [rule("*", "*", "*", "x")], 0),
    "a resource does not cover a subresource": (
        [rule("get", "core", "pods")],
        [rule("get", "core", "pods/log")],
        1,
    ),
    "a subresource of anything does": (
        [rule("get", "core", "*/log")],
        [rule("get", "core", "pods/log */log")],
        0,
    ),
    "names cover names": ([rule("get", "core", "pods", "a b")], [rule("get", "core", "pods", "a")], 0),
    "names do not cover any name": ([rule("get", "core", "pods", "a")], [rule("get", "core", "pods")], 1),
    "any name covers names": ([rule("get", "core", "pods")], [rule("get", "core", "pods", "a b")], 0),
    "a glob covers longer paths and globs": ([urls("get", "/a/*")], [urls("get", "/a/* /a/b /a/b/*")], 0),
    "a path covers no glob": ([urls("get", "/a/b")], [urls("get", "/a/*")], 1),
    "resources say nothing about URLs": ([rule("*", "*", "*")], [urls("get", "/a")], 1),
}


@pytest.mark.parametrize(("held", "wanted", "missing"), COVERED.values(), ids=COVERED.keys())
def test_cover(held: list[Json], wanted: list[Json], missing: int) -> None:
    assert len(list(uncovered(role("h", *held).rules, role("w", *wanted).rules))) == missing


def test_the_empty_name_does_not_cover_every_name() -> None:
    held = role("h", {**rule("get", "core", "pods"), "resourceNames": [""]})
    assert len(list(uncovered(held.rules, role("w", rule("get", "core", "pods")).rules))) == 1


WRITER = role(
    "writer",
    rule("create update", RBAC, "roles rolebindings clusterroles clusterrolebindings"),
    rule("get", "core", "pods"),
)
BASE: list[RbacObject] = [WRITER, READER, binding("w", "ClusterRole:writer", "User:jane")]
AGGREGATE = role("all", of=[{}])
LARGE = role(
    "large",
    rule("get", " ".join(f"g{n}" for n in range(MAX_ATOMS // 100)), " ".join(f"r{n}" for n in range(101))),
)


def also(*rules: Json) -> list[RbacObject]:
    return [role("more", *rules), binding("m", "ClusterRole:more", "User:jane")]


WRITES: dict[str, tuple[list[RbacObject], str, RbacObject, Outcome, ReasonCode]] = {
    "a role of what is held": (
        [],
        "create",
        role("shop/r", rule("get", "core", "pods")),
        Outcome.ALLOW,
        CoverCode.HELD,
    ),
    "a role of more": (
        [],
        "create",
        role("shop/r", rule("get", "core", "secrets")),
        Outcome.DENY,
        CoverCode.NOT_HELD,
    ),
    "with escalate": (
        also(rule("escalate", RBAC, "roles")),
        "create",
        role("shop/r", rule("get", "core", "secrets")),
        Outcome.ALLOW,
        CoverCode.ESCALATE,
    ),
    "with escalate on one name, which a create does not carry": (
        also(rule("escalate", RBAC, "roles", "r")),
        "create",
        role("shop/r", rule("get", "core", "secrets")),
        Outcome.DENY,
        CoverCode.NOT_HELD,
    ),
    "with escalate on one name, which an update carries": (
        also(rule("escalate", RBAC, "roles", "r")),
        "update",
        role("shop/r", rule("get", "core", "secrets")),
        Outcome.ALLOW,
        CoverCode.ESCALATE,
    ),
    "an aggregate needs everything": ([], "create", AGGREGATE, Outcome.DENY, CoverCode.NOT_HELD),
    "held literally": (
        also(rule("*", "*", "*"), urls("*", "*")),
        "create",
        AGGREGATE,
        Outcome.ALLOW,
        CoverCode.ESCALATE,
    ),
    "an aggregate before the update too": (
        [AGGREGATE],
        "update",
        role("all"),
        Outcome.DENY,
        CoverCode.NOT_HELD,
    ),
    "no aggregate before": ([role("all")], "update", role("all"), Outcome.ALLOW, CoverCode.HELD),
    "too large to compare": ([], "create", LARGE, Outcome.DENY, CoverCode.TOO_LARGE),
    "binding a role of more": (
        [],
        "create",
        binding("b", "ClusterRole:reader", "User:x"),
        Outcome.DENY,
        CoverCode.NOT_HELD,
    ),
    "binding with bind": (
        also(rule("bind", RBAC, "clusterroles", "reader")),
        "create",
        binding("b", "ClusterRole:reader", "User:x"),
        Outcome.ALLOW,
        CoverCode.BIND,
    ),
    "bind on clusterroles says nothing about roles": (
        [role("shop/reader", rule("list", "core", "pods")), *also(rule("bind", RBAC, "clusterroles"))],
        "create",
        binding("shop/b", "Role:reader", "User:x"),
        Outcome.DENY,
        CoverCode.NOT_HELD,
    ),
    "binding a role that is missing": (
        [],
        "create",
        binding("b", "ClusterRole:gone", "User:x"),
        Outcome.DENY,
        CoverCode.ROLE_MISSING,
    ),
    "binding a missing role with bind": (
        also(rule("bind", RBAC, "clusterroles")),
        "create",
        binding("b", "ClusterRole:gone", "User:x"),
        Outcome.ALLOW,
        CoverCode.BIND,
    ),
}


@pytest.mark.parametrize(
    ("more", "operation", "attempted", "outcome", "code"), WRITES.values(), ids=WRITES.keys()
)
def test_writes(
    more: list[RbacObject], operation: str, attempted: RbacObject, outcome: Outcome, code: ReasonCode
) -> None:
    decision = may_write(JANE, operation, attempted, build([*BASE, *more]))
    assert decision.outcome is outcome
    assert [step.code for step in decision.decisive] == [code]


def test_the_write_itself_comes_first() -> None:
    decision = may_write(JANE, "create", role("shop/r"), build([]))
    assert decision.outcome is Outcome.NO_OPINION
    assert [step.code for step in decision.decisive] == [Code.NO_MATCH]


def test_masters_may_grant_anything() -> None:
    decision = may_write(KubeUser("root", ("system:masters",)), "create", AGGREGATE, build([]))
    assert [step.code for step in decision.decisive] == [CoverCode.MASTERS]


def test_what_is_missing_is_named_up_to_a_limit() -> None:
    wanted = role("shop/r", rule("get", "apps", "a", "x"), urls("get", "/x"), rule("get", "core", "secrets"))
    (step,) = may_write(JANE, "create", wanted, build(BASE)).decisive
    assert dict(step.facts) == {
        "user": '"jane"',
        "groups": '["devs"]',
        "missing": '{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}\n'
        '{APIGroups:["apps"], Resources:["a"], ResourceNames:["x"], Verbs:["get"]}\n'
        '{NonResourceURLs:["/x"], Verbs:["get"]}',
    }
    many = role("shop/r", rule("get", "apps", " ".join(f"r{number:03}" for number in range(101))))
    (step,) = may_write(JANE, "create", many, build(BASE)).decisive
    assert dict(step.facts)["missing"].endswith(
        '\n{APIGroups:["apps"], Resources:["r099"], Verbs:["get"]}\n...'
    )


def test_what_is_missing_is_one_line_per_resource() -> None:
    wanted = role("shop/r", rule("get list", "core", "nodes"), rule("watch get", "core", "nodes"))
    (step,) = may_write(JANE, "create", wanted, build(BASE)).decisive
    assert dict(step.facts)["missing"] == (
        '{APIGroups:[""], Resources:["nodes"], Verbs:["get" "list" "watch" "get"]}'
    )


def test_the_large_role_is_just_over_the_limit() -> None:
    assert isinstance(LARGE, Role)
    assert len(LARGE.rules[0].groups) * len(LARGE.rules[0].resources) > MAX_ATOMS


def test_a_grant_that_is_refused_is_worded_as_kubernetes_does_a_line_for_each_rule() -> None:
    facts = (("user", '"ana"'), ("groups", '["g"]'), ("missing", "one\ntwo"))
    step = Step(CoverCode.NOT_HELD, Ref("role/r"), facts)
    assert message(Decision(Outcome.DENY, (step,))) == (
        'user "ana" (groups=["g"]) is attempting to grant RBAC permissions not currently held:\none\ntwo'
    )
