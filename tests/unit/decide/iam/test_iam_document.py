"""Policy grammar: one row per rule, asserted by fault code and place."""

import json

import pytest

from sekisho.decide.iam import Effect, parse_policy, policy_size, read_policy
from sekisho.decide.iam.document import MAX_TEXT_CHARS
from sekisho.decide.iam.grammar import MAX_USER_INLINE_CHARS
from sekisho.decide.values import Json, Ref, SekishoInputError
from unit.decide.iam.build import allow, deny, policies

AT = Ref("policy.json")


def document(*statements: Json, **more: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements), **more}


S = "/Statement/0"
FAULTS: dict[str, tuple[Json, str, str]] = {
    "not an object": ([], "iam.policy.not-an-object", ""),
    "unknown top element": (document(allow(), Extra=1), "iam.policy.unknown-element", "/Extra"),
    "element names are case-sensitive": (
        {"version": "2012-10-17", "Statement": allow()},
        "iam.policy.unknown-element",
        "/version",
    ),
    "version of no known date": (
        {"Version": "2012-10-18", "Statement": allow()},
        "iam.policy.version",
        "/Version",
    ),
    "version not text": ({"Version": 2012, "Statement": allow()}, "iam.policy.version", "/Version"),
    "id not text": (document(allow(), Id=1), "iam.policy.not-text", "/Id"),
    "no statement": ({"Version": "2012-10-17"}, "iam.policy.no-statement", "/Statement"),
    "empty statement list": (document(), "iam.policy.no-statement", "/Statement"),
    "statement not an object": (document("x"), "iam.policy.not-an-object", S),
    "unknown statement element": (document(allow(Actions="*")), "iam.policy.unknown-element", f"{S}/Actions"),
    "effect missing": (document({"Action": "*", "Resource": "*"}), "iam.policy.effect", f"{S}/Effect"),
    "effect is case-sensitive": (document(allow() | {"Effect": "allow"}), "iam.policy.effect", f"{S}/Effect"),
    "sid with a space": (document(allow(Sid="a b")), "iam.policy.sid", f"{S}/Sid"),
    "sid not text": (document(allow(Sid=1)), "iam.policy.sid", f"{S}/Sid"),
    "sid used twice": (
        document(allow(Sid="a"), deny(Sid="a")),
        "iam.policy.duplicate-sid",
        "/Statement/1/Sid",
    ),
    "no action": (document(allow(None)), "iam.policy.element-missing", S),
    "action and NotAction": (
        document(allow(NotAction="*")),
        "iam.policy.element-and-its-negation",
        f"{S}/NotAction",
    ),
    "action list empty": (document(allow([])), "iam.policy.empty-list", f"{S}/Action"),
    "action not text": (document(allow(1)), "iam.policy.not-text", f"{S}/Action"),
    "second action not text": (document(allow(["eks:*", 1])), "iam.policy.not-text", f"{S}/Action/1"),
    "action without service": (document(allow("DescribeCluster")), "iam.policy.action-form", f"{S}/Action"),
    "action beyond ASCII": (document(allow("eks:Describe\u212a")), "iam.policy.action-form", f"{S}/Action"),
    "wildcard inside the service": (document(allow("e*s:List")), "iam.policy.action-form", f"{S}/Action"),
    "no resource": (document(allow("*", None)), "iam.policy.element-missing", S),
    "resource and NotResource": (
        document(allow(NotResource="*")),
        "iam.policy.element-and-its-negation",
        f"{S}/NotResource",
    ),
    "resource is a name": (document(allow("*", "bucket")), "iam.policy.resource-form", f"{S}/Resource"),
    "resource of five sections": (
        document(allow("*", ["*", "arn:aws:s3::x"])),
        "iam.policy.resource-form",
        f"{S}/Resource/1",
    ),
    "principal": (document(allow(Principal="*")), "iam.policy.principal-not-allowed", f"{S}/Principal"),
    "condition not an object": (
        document(allow(Condition="x")),
        "iam.policy.condition-form",
        f"{S}/Condition",
    ),
    "condition keys not an object": (
        document(allow(Condition={"Bool": "x"})),
        "iam.policy.condition-form",
        f"{S}/Condition/Bool",
    ),
    "unknown operator": (
        document(allow(Condition={"StringIs": {"a:b": "c"}})),
        "iam.policy.condition-operator",
        f"{S}/Condition/StringIs",
    ),
    "unknown set prefix": (
        document(allow(Condition={"ForSome:Bool": {"a:b": "c"}})),
        "iam.policy.condition-operator",
        f"{S}/Condition/ForSome:Bool",
    ),
    "condition without values": (
        document(allow(Condition={"Bool": {"a:b": []}})),
        "iam.policy.empty-list",
        f"{S}/Condition/Bool/a:b",
    ),
    "condition value an object": (
        document(allow(Condition={"Bool": {"a/b": {}}})),
        "iam.policy.not-text",
        f"{S}/Condition/Bool/a~1b",
    ),
}


@pytest.mark.parametrize(("value", "code", "pointer"), FAULTS.values(), ids=FAULTS.keys())
def test_malformed_document(value: Json, code: str, pointer: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        read_policy(value, AT)
    assert [(fault.code, fault.at.pointer) for fault in caught.value.faults] == [(code, pointer)]
    assert parse_error_codes(json.dumps(value)) == [code]


def parse_error_codes(text: str, max_chars: int | None = None) -> list[str]:
    with pytest.raises(SekishoInputError) as caught:
        parse_policy(text, AT, max_chars=max_chars)
    return [fault.code for fault in caught.value.faults]


def test_every_fault_of_a_document_is_reported() -> None:
    bad = document(allow("x"), allow("*", "y"), {"Effect": "Deny"}, version="2012-10-17")
    assert parse_error_codes(json.dumps(bad)) == [
        "iam.policy.unknown-element",
        "iam.policy.action-form",
        "iam.policy.resource-form",
        "iam.policy.element-missing",
        "iam.policy.element-missing",
    ]


def test_spelling_hint_names_the_element_meant() -> None:
    with pytest.raises(SekishoInputError, match="did you mean `Resource`"):
        read_policy(document({"Effect": "Allow", "Action": "*", "resource": "*"}), AT)


def test_duplicate_member_names_are_refused() -> None:
    text = '{"Statement": {"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}}'
    assert parse_error_codes(text) == ["json.duplicate-member"]


ACCEPTED: dict[str, Json] = {
    "single statement": {"Version": "2008-10-17", "Id": "x", "Statement": allow()},
    "no version": {"Statement": [allow()]},
    "lists": document(allow(["eks:*", "*:*", "s3:Get?bject"], ["*", "arn:aws:s3:::a"])),
    "negations": document(statement_ := {"Effect": "Deny", "NotAction": "iam:*", "NotResource": "*"}),
    "empty sids may repeat": document(allow(Sid=""), allow(Sid=""), statement_),
}


@pytest.mark.parametrize("value", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted_document(value: Json) -> None:
    policy = read_policy(value, AT)
    assert policy == parse_policy(json.dumps(value), AT)
    assert all(statement.actions and statement.resources for statement in policy.statements)


def test_places_point_into_the_document() -> None:
    policy = read_policy(document(allow(), deny(["eks:A", "eks:B"], "arn:aws:s3:::a", Sid="No")), AT)
    first, second = policy.statements
    assert (first.effect, first.at.pointer, first.actions[0].at.pointer) == (
        Effect.ALLOW,
        "/Statement/0",
        "/Statement/0/Action",
    )
    assert (second.effect, second.sid, second.actions[1].at.pointer) == (
        Effect.DENY,
        "No",
        "/Statement/1/Action/1",
    )
    assert second.resource_at.pointer == "/Statement/1/Resource"


def test_a_single_statement_has_no_index_in_its_place() -> None:
    (statement,) = read_policy({"Statement": allow()}, AT).statements
    assert statement.at.pointer == "/Statement"


@pytest.mark.parametrize(("extra", "fits"), [(0, True), (1, False)])
def test_quota_counts_characters_that_are_not_white_space(extra: int, fits: bool) -> None:
    bare = json.dumps({"Statement": allow()}, separators=(",", ":"))
    name = "a" * (MAX_USER_INLINE_CHARS - len(bare) - len(',"Sid":""') + extra)
    text = json.dumps({"Statement": allow(Sid=name)}, indent=8)
    assert policy_size(text) == MAX_USER_INLINE_CHARS + extra
    if fits:
        assert parse_policy(text, AT, max_chars=MAX_USER_INLINE_CHARS).statements[0].sid == name
    else:
        assert parse_error_codes(text, MAX_USER_INLINE_CHARS) == ["iam.policy.too-large"]


def test_white_space_does_not_lift_the_bound_of_the_api() -> None:
    assert parse_error_codes(" " * (MAX_TEXT_CHARS + 1)) == ["iam.policy.too-large"]


def test_builders_make_what_they_say() -> None:
    assert policies(allow())[0].document.statements[0].effect is Effect.ALLOW
