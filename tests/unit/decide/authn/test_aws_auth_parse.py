"""Reading aws-auth: what maps, what is odd, what cannot be read, and where."""

import pytest

from sekisho.decide.authn.aws_auth import CONFIG_MAP, AwsAuth, parse, reload
from sekisho.decide.authn.entry import Reading
from sekisho.decide.authn.entry_reader import Rules
from sekisho.decide.authn.notice import AwsAuthCode as Code
from sekisho.decide.values import Ref

A = "111122223333"
ROLE = f"arn:aws:iam::{A}:role/ops"
USER = f"arn:aws:iam::{A}:user/ana"
CANONICAL = Rules(Reading.CANONICAL, sso_role_match=True)
EKS = Rules(Reading.EKS, sso_role_match=False)


def roles(text: str, rules: Rules = CANONICAL) -> AwsAuth:
    return parse({"mapRoles": text}, rules)


def codes(auth: AwsAuth) -> list[object]:
    return [notice.step.code for notice in auth.notices]


def test_all_three_sections() -> None:
    auth = parse(
        {
            "mapRoles": f"- rolearn: {ROLE}\n  username: ops\n  groups:\n  - a\n  - b\n",
            "mapUsers": f"# people\n- userarn: {USER}\n  username: ana\n",
            "mapAccounts": '- "444455556666"\n',
        },
        EKS,
    )
    role, user = auth.mappings
    assert (role.arn, role.key, role.username, role.groups, role.line) == (ROLE, ROLE, "ops", ("a", "b"), 1)
    assert (user.username, user.groups, user.line) == ("ana", (), 2)
    assert user.at == Ref("configmap/kube-system/aws-auth", "/data/mapUsers/0")
    assert [rule.account for rule in auth.accounts] == ["444455556666"]
    assert codes(auth) == [Code.ACCOUNT_MAPPED]
    assert not auth.degraded


EMPTY = ["", " \n", "``", '""', "''", "[]", "# nothing\n", "null", "~", '"" # quoted']


@pytest.mark.parametrize("text", EMPTY)
def test_a_placeholder_maps_nobody_and_is_no_fault(text: str) -> None:
    auth = parse({"mapRoles": text, "mapUsers": text, "mapAccounts": text}, EKS)
    assert (auth.mappings, auth.accounts, auth.notices, auth.faults) == ((), (), (), ())


def test_member_names_match_ignoring_case_and_json_is_yaml() -> None:
    (mapping,) = roles(f'[{{"RoLeArN": "{ROLE}", "USERNAME": "ops", "Groups": ["g"]}}]').roles
    assert (mapping.key, mapping.username, mapping.groups) == (ROLE, "ops", ("g",))


@pytest.mark.parametrize("name", ["001234567012", "123456789012", "'001234567012'"])
def test_an_account_id_keeps_its_text(name: str) -> None:
    auth = parse({"mapAccounts": f"- {name}\n"}, EKS)
    assert [rule.account for rule in auth.accounts] == [name.strip("'")]


def test_keys_by_reading() -> None:
    entries = f"""
- rolearn: arn:aws:iam::{A}:role/path/Ops
  username: a
- rolearn: arn:aws:sts::{A}:assumed-role/Ops/mia
  username: b
- rolearn: ARN:aws:iam::{A}:Role/Ops
  username: c
"""
    assert [mapping.key for mapping in roles(entries).roles] == [ROLE, ROLE, ROLE]
    assert [mapping.key for mapping in roles(entries, EKS).roles] == [
        f"arn:aws:iam::{A}:role/path/ops",
        "",
        ROLE,
    ]


ODD = {
    "an entry that is text": ("- ops", [Code.ENTRY_TYPE], 0),
    "an entry that is nothing": ("-\n", [Code.ENTRY_TYPE], 0),
    "no ARN": ("- username: a", [Code.ARN_MISSING], 0),
    "an empty ARN": ("- {rolearn: '', username: a}", [Code.ARN_MISSING], 0),
    "an id alone, not strict": ("- {userid: AROA, username: a}", [Code.ARN_MISSING], 0),
    "ARN, other key": (
        f"- {{userarn: {USER}, username: a}}",
        [Code.ARN_KEY, Code.ARN_MISSING],
        0,
    ),
    "no such ARN": ("- {rolearn: ops, username: a}", [Code.ARN_INVALID], 1),
    "a letter of another alphabet": (
        f"- {{rolearn: 'arn:aws:iam::{A}:role/\u212a', username: a}}",
        [Code.ARN_INVALID],
        1,
    ),
    "any name": (
        f"- {{rolearn: 'arn:aws:iam::{A}:role/*', username: a}}",
        [Code.ARN_WILDCARD],
        1,
    ),
    "any account": (
        "- {rolearn: 'arn:aws:iam::*:role/x', username: a}",
        [Code.ARN_WILDCARD],
        1,
    ),
    "a path": (f"- {{rolearn: 'arn:aws:iam::{A}:role/p/ops', username: a}}", [Code.ARN_PATH], 1),
    "a session": (
        f"- {{rolearn: 'arn:aws:sts::{A}:assumed-role/ops/m', username: a}}",
        [Code.ARN_SESSION],
        1,
    ),
    "root": (f"- {{rolearn: 'arn:aws:iam::{A}:root', username: a}}", [Code.ARN_ROOT, Code.ARN_SECTION], 1),
    "a user among roles": (f"- {{rolearn: '{USER}', username: a}}", [Code.ARN_SECTION], 1),
    "no user name": (f"- rolearn: {ROLE}", [Code.USERNAME_EMPTY], 1),
    "a null user name": (f"- {{rolearn: {ROLE}, username: }}", [Code.USERNAME_EMPTY], 1),
    "a numeric name": (
        f"- {{rolearn: {ROLE}, username: 123}}",
        [Code.FIELD_TYPE, Code.USERNAME_EMPTY],
        1,
    ),
    "groups as text": (f"- {{rolearn: {ROLE}, username: a, groups: g}}", [Code.FIELD_TYPE], 1),
    "a number among groups": (f"- {{rolearn: {ROLE}, username: a, groups: [g, 1]}}", [Code.FIELD_TYPE], 1),
    "unknown member": (f"- {{rolearn: {ROLE}, username: a, group: [g]}}", [Code.FIELD_UNKNOWN], 1),
    "a member in two spellings": (f"- {{rolearn: x, roleARN: {ROLE}, username: a}}", [Code.FIELD_TWICE], 1),
    "a template": (
        f"- {{rolearn: {ROLE}, username: 'a-{{{{ SessionName }}}}'}}",
        [Code.TEMPLATE_UNKNOWN],
        1,
    ),
    "unknown template in a group": (
        f"- {{rolearn: {ROLE}, username: a, groups: ['{{{{Team}}}}']}}",
        [Code.TEMPLATE_UNKNOWN],
        1,
    ),
    "masters": (f"- {{rolearn: {ROLE}, username: a, groups: ['system:masters']}}", [Code.SYSTEM_GROUP], 1),
    "a system user": (f"- {{rolearn: {ROLE}, username: 'system:admin'}}", [Code.SYSTEM_USERNAME], 1),
    "a node": (
        f"- {{rolearn: {ROLE}, username: 'system:node:{{{{EC2PrivateDNSName}}}}', groups: ['system:nodes']}}",
        [],
        1,
    ),
    "a node in masters": (
        f"- {{rolearn: {ROLE}, username: 'system:node:x', groups: ['system:masters']}}",
        [Code.SYSTEM_GROUP],
        1,
    ),
    "an ARN and a permission set": (f"- {{rolearn: {ROLE}, sso: {{}}, username: a}}", [Code.ARN_AND_SSO], 0),
    "a null permission set": (f"- {{rolearn: {ROLE}, sso: , username: a}}", [], 1),
    "a permission set": (
        f"- {{sso: {{permissionSetName: Ops, accountID: '{A}'}}, username: a}}",
        [],
        1,
    ),
    "an account number in a permission set": (
        f"- {{sso: {{permissionSetName: Ops, accountID: {A}}}, username: a}}",
        [],
        1,
    ),
    "a permission set that is text": ("- {sso: Ops, username: a}", [Code.ENTRY_TYPE], 0),
    "a set of no account": (
        "- {sso: {permissionSetName: Ops}, username: a}",
        [Code.SSO_INVALID],
        0,
    ),
    "a permission set without name": (f"- {{sso: {{accountID: '{A}'}}, username: a}}", [Code.SSO_INVALID], 0),
    "a permission set of 33 letters": (
        f"- {{sso: {{permissionSetName: {'x' * 33}, accountID: '{A}'}}, username: a}}",
        [Code.SSO_INVALID],
        0,
    ),
    "a permission set of 32 letters": (
        f"- {{sso: {{permissionSetName: {'x' * 32}, accountID: '{A}'}}, username: a}}",
        [],
        1,
    ),
    "a permission set of no partition": (
        f"- {{sso: {{permissionSetName: Ops, accountID: '{A}', partition: moon}}, username: a}}",
        [Code.SSO_INVALID],
        0,
    ),
    "an unknown member of a permission set": (
        f"- {{sso: {{permissionSetName: Ops, accountID: '{A}', region: x}}, username: a}}",
        [Code.FIELD_UNKNOWN],
        1,
    ),
    "a duplicate": (
        f"- {{rolearn: {ROLE}, username: a}}\n- {{rolearn: {ROLE.replace('ops', 'OPS')}, username: b}}",
        [Code.DUPLICATE],
        2,
    ),
}


@pytest.mark.parametrize(("text", "expected", "kept"), ODD.values(), ids=ODD)
def test_odd_entries(text: str, expected: list[Code], kept: int) -> None:
    auth = roles(text)
    assert codes(auth) == expected
    assert len(auth.roles) == kept
    assert not auth.faults
    for notice in auth.notices:
        assert notice.line == 1
        assert "(" not in notice.step.sentence().replace("(here it is read so)", "")
        assert str(notice.step.at) in str(notice)


def test_as_eks_reads_it_a_path_a_session_and_a_permission_set_have_no_effect() -> None:
    text = f"""
- {{rolearn: 'arn:aws:iam::{A}:role/p/ops', username: a}}
- {{rolearn: 'arn:aws:sts::{A}:assumed-role/ops/m', username: a}}
- {{sso: {{permissionSetName: Ops, accountID: '{A}'}}, username: a}}
"""
    notices = roles(text, EKS).notices
    assert [notice.step.code for notice in notices] == [Code.ARN_PATH, Code.ARN_SESSION, Code.SSO_DISABLED]
    assert all(notice.drops for notice in notices)
    assert [notice.line for notice in notices] == [2, 3, 4]
    assert not any(notice.drops for notice in roles(text).notices)


def test_a_role_among_users_is_said() -> None:
    auth = parse({"mapUsers": f"- userarn: {ROLE}\n  username: a\n"}, EKS)
    assert codes(auth) == [Code.ARN_SECTION]


@pytest.mark.parametrize(
    ("name", "misspelt"), [("maproles", True), ("map-roles", True), ("mapRole", True), ("x", False)]
)
def test_unknown_sections(name: str, misspelt: bool) -> None:
    (notice,) = parse({name: f"- rolearn: {ROLE}\n"}, EKS).notices
    assert (notice.step.code, notice.drops) == (Code.SECTION_UNKNOWN, misspelt)
    assert str(notice) == (
        f"configmap/kube-system/aws-auth#/data/{name}: `{name}` is ignored; "
        "sections are mapRoles, mapUsers, mapAccounts"
    )


@pytest.mark.parametrize("entry", ["12345", "[]", "1111222233334", "", "aaaabbbbcccc"])
def test_what_is_no_account_is_ignored_and_said(entry: str) -> None:
    auth = parse({"mapAccounts": f"- {entry}\n- '{A}'\n"}, EKS)
    assert [rule.account for rule in auth.accounts] == [A]
    assert codes(auth) == [Code.ACCOUNT_INVALID, Code.ACCOUNT_MAPPED]
    assert (auth.notices[0].drops, auth.notices[0].line) == (True, 1)


UNREADABLE = {
    "a tab": (f"- rolearn: {ROLE}\n\tusername: a\n", "yaml.syntax", 2),
    "a mapping": (f"\nrolearn: {ROLE}\n", "aws-auth.not-a-list", 2),
    "text": ("ops", "aws-auth.not-a-list", 1),
    "a member twice": (f"- rolearn: {ROLE}\n  username: a\n  username: b\n", "yaml.duplicate-key", 3),
    "two documents": (f"- rolearn: {ROLE}\n---\n- rolearn: {ROLE}\n", "yaml.several-documents", 0),
    "longer than a ConfigMap": ("#" * (1024 * 1024 + 1), "aws-auth.too-large", 0),
}


@pytest.mark.parametrize(("text", "code", "line"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_section_is_a_fault_and_the_others_count(text: str, code: str, line: int) -> None:
    auth = parse({"mapRoles": text, "mapUsers": f"- {{userarn: {USER}, username: ana}}"}, EKS)
    (fault,) = auth.faults
    assert (fault.code, fault.at, fault.line) == (code, CONFIG_MAP.child("mapRoles"), line)
    assert [mapping.username for mapping in auth.mappings] == ["ana"]
    assert (auth.degraded, auth.unread, auth.stale) == (True, frozenset({"mapRoles"}), frozenset())


def test_the_largest_section_is_read() -> None:
    assert not roles("#" * (1024 * 1024)).degraded


def test_a_reload_keeps_the_last_good_content_of_an_unreadable_section() -> None:
    good = {"mapRoles": f"- {{rolearn: {ROLE}, username: a}}", "mapAccounts": f"- '{A}'"}
    first = parse(good, EKS)
    second = reload(first, {"mapRoles": "- {", "mapUsers": "x", "mapAccounts": "x"}, EKS)
    assert (second.roles, second.users, second.accounts) == (first.roles, (), first.accounts)
    assert second.stale == {"mapRoles", "mapUsers", "mapAccounts"}
    assert second.unread == frozenset()
    assert [fault.at.tokens()[-1] for fault in second.faults] == ["mapRoles", "mapUsers", "mapAccounts"]
    third = reload(second, {"mapRoles": "- {"}, EKS)
    assert (third.roles, third.accounts, third.stale) == (first.roles, (), frozenset({"mapRoles"}))
    fourth = reload(third, {}, EKS)
    assert (fourth.roles, fourth.degraded) == ((), False)


def test_what_was_never_read_stays_unread() -> None:
    first = parse({"mapAccounts": "x", "mapUsers": "x"}, EKS)
    second = reload(first, {"mapAccounts": "y", "mapRoles": "y"}, EKS)
    assert first.unread == {"mapAccounts", "mapUsers"}
    assert second.unread == {"mapAccounts"}
    assert second.stale == {"mapRoles"}
