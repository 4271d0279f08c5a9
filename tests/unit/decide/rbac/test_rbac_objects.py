"""Manifests to values: shape is strict, meaning is not judged."""

import pytest

from sekisho.decide.rbac.model import (
    Binding,
    ObjectKey,
    Requirement,
    Role,
    RoleRef,
    Rule,
    Subject,
    service_account_of,
)
from sekisho.decide.rbac.objects import parse_object, parse_objects, rule_to_json
from sekisho.decide.values import Json, KubeUser, Ref, SekishoInputError
from unit.decide.rbac.build import head, rule, urls

REF: Json = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"}


def test_a_role() -> None:
    found = parse_object(
        {
            **head("Role", "shop/reader", labels={"b": "2", "a": "1"}),
            "rules": [rule("get", "core", "pods", "x")],
        }
    )
    assert found == Role(
        Ref(""),
        ObjectKey("shop", "reader"),
        (Rule(Ref(""), ("get",), ("",), ("pods",), ("x",)),),
        (("a", "1"), ("b", "2")),
    )
    assert isinstance(found, Role)
    assert found.at == Ref("role/shop/reader")
    assert found.rules[0].at == Ref("role/shop/reader", "/rules/0")


def test_the_users_own_document_is_what_is_pointed_at() -> None:
    found = parse_object({**head("Role", "r"), "rules": [urls("get", "/x")]}, Ref("rbac.yaml", "/items/3"))
    assert isinstance(found, Role)
    assert found.rules[0].at == Ref("rbac.yaml", "/items/3/rules/0")


def test_a_binding_and_its_odd_subjects() -> None:
    found = parse_object(
        {
            **head("RoleBinding", "all"),
            "roleRef": REF,
            "subjects": [
                {"kind": "Robot", "name": "r2"},
                {"kind": "ServiceAccount", "name": "x", "apiGroup": ""},
            ],
        }
    )
    assert found == Binding(
        Ref(""),
        ObjectKey("", "all"),
        RoleRef("Role", "r"),
        (Subject(Ref(""), "Robot", "r2"), Subject(Ref(""), "ServiceAccount", "x")),
    )


@pytest.mark.parametrize("rules", [{}, {"rules": None}, {"rules": []}])
def test_absent_and_null_lists_are_empty(rules: dict[str, Json]) -> None:
    found = parse_object({**head("Role", "r"), **rules})
    assert isinstance(found, Role)
    assert found.rules == ()


def test_an_aggregation_rule() -> None:
    found = parse_object(
        {
            **head("Role", "all"),
            "aggregationRule": {
                "clusterRoleSelectors": [
                    {"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "Exists"}]},
                    {},
                ]
            },
        }
    )
    assert isinstance(found, Role)
    assert found.aggregation == ((Requirement("a", "In", ("1",)), Requirement("b", "Exists")), ())


BINDING: dict[str, Json] = {**head("RoleBinding", "shop/b"), "roleRef": REF}
ROLE: dict[str, Json] = head("Role", "shop/r")
FAULTS: dict[str, tuple[Json, list[tuple[str, str]]]] = {
    "no manifest at all": (
        [],
        [
            ("rbac.unexpected-value", "/apiVersion"),
            ("rbac.unexpected-value", "/kind"),
            ("rbac.not-a-string", "/metadata/name"),
            ("rbac.not-an-object", ""),
        ],
    ),
    "another API version": (
        {**ROLE, "apiVersion": "rbac.authorization.k8s.io/v2"},
        [("rbac.unexpected-value", "/apiVersion")],
    ),
    "no name": ({**ROLE, "metadata": {"namespace": "shop"}}, [("rbac.not-a-string", "/metadata/name")]),
    "no namespace": ({**ROLE, "metadata": {"name": "r"}}, [("rbac.not-a-string", "/metadata/namespace")]),
    "rules not a list": ({**ROLE, "rules": {}}, [("rbac.not-a-list", "/rules")]),
    "a rule not an object": ({**ROLE, "rules": ["get"]}, [("rbac.not-an-object", "/rules/0")]),
    "a misspelt member": ({**ROLE, "rules": [{"verb": ["get"]}]}, [("rbac.unknown-member", "/rules/0/verb")]),
    "a member nobody knows": ({**ROLE, "zzz": 1}, [("rbac.unknown-member", "/zzz")]),
    "verbs a string": ({**ROLE, "rules": [{"verbs": "get"}]}, [("rbac.not-a-list", "/rules/0/verbs")]),
    "a verb a number": ({**ROLE, "rules": [{"verbs": [1]}]}, [("rbac.not-a-string", "/rules/0/verbs/0")]),
    "a verb null": ({**ROLE, "rules": [{"verbs": [None]}]}, [("rbac.not-a-string", "/rules/0/verbs/0")]),
    "two faults are told at once": (
        {**ROLE, "rules": [{"verbs": "get"}, {"resources": "pods"}]},
        [("rbac.not-a-list", "/rules/0/verbs"), ("rbac.not-a-list", "/rules/1/resources")],
    ),
    "labels a list": (
        {**ROLE, "metadata": {"name": "r", "namespace": "shop", "labels": []}},
        [("rbac.not-an-object", "/metadata/labels")],
    ),
    "no roleRef": (
        head("RoleBinding", "shop/b"),
        [("rbac.not-a-string", "/roleRef/kind"), ("rbac.not-a-string", "/roleRef/name")],
    ),
    "a subject without a name": (
        {**BINDING, "subjects": [{"kind": "User"}]},
        [("rbac.not-a-string", "/subjects/0/name")],
    ),
    "an empty subject kind": (
        {**BINDING, "subjects": [{"kind": "", "name": "x"}]},
        [("rbac.not-a-string", "/subjects/0/kind")],
    ),
    "an operator nobody knows": (
        {
            **head("Role", "r"),
            "aggregationRule": {
                "clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "Is"}]}]
            },
        },
        [("rbac.unexpected-value", "/aggregationRule/clusterRoleSelectors/0/matchExpressions/0/operator")],
    ),
}


@pytest.mark.parametrize(("manifest", "faults"), FAULTS.values(), ids=FAULTS.keys())
def test_wrong_shapes_raise_with_every_place(manifest: Json, faults: list[tuple[str, str]]) -> None:
    with pytest.raises(SekishoInputError) as caught:
        parse_object(manifest)
    assert [(fault.code, fault.at.pointer) for fault in caught.value.faults] == faults


def test_a_misspelt_member_gets_a_hint() -> None:
    with pytest.raises(SekishoInputError, match="did you mean `verbs`"):
        parse_object({**ROLE, "rules": [{"verb": ["get"]}]})
    with pytest.raises(SekishoInputError, match="known are"):
        parse_object({**ROLE, "zzz": 1})


def test_a_default_namespace_is_for_namespaced_objects_alone() -> None:
    without: dict[str, Json] = {**ROLE, "metadata": {"name": "r"}}
    assert parse_object(without, default_namespace="dev").key == ObjectKey("dev", "r")
    assert parse_object(head("Role", "r"), default_namespace="dev").key == ObjectKey("", "r")
    assert parse_object(ROLE, default_namespace="dev").key == ObjectKey("shop", "r")


def test_lists_are_opened_and_other_kinds_skipped() -> None:
    service: Json = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}}
    assert parse_objects({"apiVersion": "v1", "kind": "List", "items": [ROLE, service]}) == (
        parse_object(ROLE),
    )
    assert parse_objects(service) == ()
    assert parse_objects(ROLE) == (parse_object(ROLE),)


def test_items_of_a_typed_list_take_its_kind() -> None:
    item: Json = {"metadata": {"namespace": "shop", "name": "r"}}
    typed: Json = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleList", "items": [item]}
    (own,) = parse_objects(typed)
    assert (own.key, own.at) == (ObjectKey("shop", "r"), Ref("role/shop/r"))
    (in_file,) = parse_objects(typed, Ref("roles.json"))
    assert in_file.at == Ref("roles.json", "/items/0")


def test_an_item_that_is_no_object_is_a_fault() -> None:
    with pytest.raises(SekishoInputError):
        parse_objects({"apiVersion": "v1", "kind": "List", "items": [1]})


def test_rules_are_written_back_as_they_were() -> None:
    for written in (rule("get", "core", "pods", "x"), rule("get", "core apps", "pods"), urls("get", "/x")):
        found = parse_object({**ROLE, "rules": [written]})
        assert isinstance(found, Role)
        assert rule_to_json(found.rules[0]) == written


@pytest.mark.parametrize(
    ("username", "expected"),
    [
        ("system:serviceaccount:ns:n", ObjectKey("ns", "n")),
        ("system:serviceaccount:ns", None),
        ("system:serviceaccount::n", None),
        ("system:serviceaccount:ns:", None),
        ("system:serviceaccount:ns:n:m", None),
        ("jane", None),
        ("ns:n", None),
    ],
)
def test_the_user_names_of_service_accounts(username: str, expected: ObjectKey | None) -> None:
    assert service_account_of(username) == expected


ANN = KubeUser("system:serviceaccount:ns:ann", ("devs",))
SUBJECTS = {
    "user by exact name": (Subject(Ref(""), "User", ANN.name), "", True),
    "user by another case": (Subject(Ref(""), "User", ANN.name.upper()), "", False),
    "group": (Subject(Ref(""), "Group", "devs"), "", True),
    "group is no user": (Subject(Ref(""), "User", "devs"), "", False),
    "account by its namespace": (Subject(Ref(""), "ServiceAccount", "ann", "ns"), "", True),
    "account by the binding's": (Subject(Ref(""), "ServiceAccount", "ann"), "ns", True),
    "account of another namespace": (Subject(Ref(""), "ServiceAccount", "ann", "other"), "ns", False),
    "account cluster-wide without namespace": (Subject(Ref(""), "ServiceAccount", "ann"), "", False),
    "unknown kind": (Subject(Ref(""), "user", ANN.name), "", False),
}


@pytest.mark.parametrize(("subject", "namespace", "expected"), SUBJECTS.values(), ids=SUBJECTS.keys())
def test_subjects(subject: Subject, namespace: str, expected: bool) -> None:
    assert subject.names(ANN, namespace) is expected
