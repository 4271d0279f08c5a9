"""Editing aws-auth: what changes, what stays byte for byte, what is refused."""

import pytest

from sekisho.decide.authn.access_change import access_change
from sekisho.decide.authn.aws_auth import CONFIG_MAP
from sekisho.decide.authn.aws_auth_edit import (
    READ_AS_EKS,
    Edit,
    EditCode,
    NewMapping,
    add,
    add_account,
    listing,
    remove,
    remove_account,
)
from sekisho.decide.authn.notice import AwsAuthCode
from sekisho.decide.authn.sts_answer import identity_of
from sekisho.decide.values import SekishoInputError

A, B = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{A}:role/ops"
USER = f"arn:aws:iam::{A}:user/ana"

ROLES = f"""\
# people first
- groups:
  - system:masters  # for now
  rolearn: {ROLE}
  username: ops

# robots
- rolearn: arn:aws:iam::{A}:role/ci
  username: ci
"""


def codes(edit: Edit) -> list[object]:
    return [step.code for step in edit.warnings]


def refused(code: str) -> "pytest.RaisesExc[SekishoInputError]":
    return pytest.raises(SekishoInputError, check=lambda error: error.faults[0].code == code)


def test_an_entry_is_appended_and_every_other_line_stays() -> None:
    users = f"- userarn: {USER}\n  username: ana\n"
    edit = add(
        {"mapRoles": ROLES, "mapUsers": users}, NewMapping(f"arn:aws:iam::{A}:role/dev", "dev", ("team",))
    )
    added = f"- groups:\n  - team\n  rolearn: arn:aws:iam::{A}:role/dev\n  username: dev\n"
    assert edit.data == {"mapRoles": ROLES + added, "mapUsers": users}
    assert (edit.changed, edit.warnings) == (True, ())


APPENDED = {
    "no section": (None, ""),
    "an empty section": ("", ""),
    "a placeholder": ("``", ""),
    "an empty list": ("[]\n", ""),
    "only a comment": ("# none\n", "# none\n"),
    "no line end": (f"- userarn: {USER}\n  username: a", f"- userarn: {USER}\n  username: a\n"),
    "blank lines": (
        f"- userarn: {USER}\n  username: a\n\n",
        f"- userarn: {USER}\n  username: a\n",
    ),
}


@pytest.mark.parametrize(("text", "kept"), APPENDED.values(), ids=APPENDED)
def test_where_an_entry_goes(text: str | None, kept: str) -> None:
    edit = add({} if text is None else {"mapUsers": text}, NewMapping(f"{USER}2", "", ("g",)))
    assert edit.data["mapUsers"] == f"{kept}- groups:\n  - g\n  userarn: {USER}2\n"
    assert codes(edit) == [AwsAuthCode.USERNAME_EMPTY]


def test_an_indented_list_keeps_its_indentation() -> None:
    edit = add({"mapUsers": f"  - userarn: {USER}\n    username: a\n"}, NewMapping(f"{USER}2", "b"))
    assert edit.data["mapUsers"] == (
        f"  - userarn: {USER}\n    username: a\n  - userarn: {USER}2\n    username: b\n"
    )


REWRITTEN = {
    "JSON": f'[{{"userarn": "{USER}", "username": "a"}}]',
    "flow style": f"[{{userarn: '{USER}', username: a}}]",
    "a document end": f"- userarn: {USER}\n  username: a\n...\n",
}


@pytest.mark.parametrize("text", REWRITTEN.values(), ids=REWRITTEN)
def test_a_section_that_does_not_take_lines_is_written_anew(text: str) -> None:
    edit = add({"mapUsers": text}, NewMapping(f"{USER}2", "b"))
    assert edit.data["mapUsers"] == f"- userarn: {USER}\n  username: a\n- userarn: {USER}2\n  username: b\n"


def test_writing_anew_changes_no_value() -> None:
    members = "username: '123', userid: , groups: [], age: 012, x: 1.5, y: {}"
    text = f"[{{userarn: '{USER}', {members}}}]"
    edit = add({"mapUsers": text}, NewMapping(f"{USER}2", "b"))
    assert edit.data["mapUsers"] == (
        f"- userarn: {USER}\n  username: '123'\n  userid: null\n  groups: []\n"
        "  age: 012\n  x: 1.5\n  y: {}\n"
        f"- userarn: {USER}2\n  username: b\n"
    )


@pytest.mark.parametrize(
    "given",
    [f"arn:aws:iam::{A}:role/p/q/dev", f"arn:aws:sts::{A}:assumed-role/dev/mia"],
    ids=["path", "session"],
)
def test_a_role_is_written_as_sts_calls_it(given: str) -> None:
    edit = add({}, NewMapping(given, "dev"))
    assert edit.data == {"mapRoles": f"- rolearn: arn:aws:iam::{A}:role/dev\n  username: dev\n"}
    assert codes(edit) == [EditCode.ARN_REWRITTEN]


def test_what_the_new_entry_is_warned_about() -> None:
    assert codes(add({}, NewMapping(ROLE, "x", ("system:masters",)))) == [AwsAuthCode.SYSTEM_GROUP]
    root = add({}, NewMapping(f"arn:aws:iam::{A}:root", "x"))
    assert (list(root.data), codes(root)) == (["mapUsers"], [AwsAuthCode.ARN_ROOT])
    federated = add({}, NewMapping(f"arn:aws:sts::{A}:federated-user/bo", "x"))
    assert list(federated.data) == ["mapRoles"]


def test_a_duplicate_shadows_unless_that_is_forbidden() -> None:
    data = {"mapRoles": ROLES}
    same = NewMapping(ROLE.replace("ops", "OPS"), "ops", ("system:masters",))
    other = NewMapping(ROLE, "ops", ("team",))
    assert codes(add(data, other)) == [EditCode.SHADOWS]
    assert len(listing(add(data, same).data)) == 3
    skipped = add(data, same, no_duplicate_arns=True)
    assert (skipped.data, skipped.changed, codes(skipped)) == (data, False, [EditCode.EXISTS])
    with refused("map.duplicate-arn") as caught:
        add(data, other, no_duplicate_arns=True)
    assert caught.value.faults[0].line == 2
    assert add(data, NewMapping(USER, "a"), no_duplicate_arns=True).changed


def test_an_entry_among_users_for_a_mapped_role_is_found_too() -> None:
    data = {"mapUsers": f"- userarn: {ROLE}\n  username: a\n"}
    assert codes(add(data, NewMapping(ROLE, "ops"))) == [EditCode.SHADOWED]


BAD = {
    "neither name nor group": (NewMapping(ROLE), "map.nothing-mapped"),
    "an empty group": (NewMapping(ROLE, "a", ("",)), "map.not-printable"),
    "a line end in a name": (NewMapping(ROLE, "a\n- rolearn: x"), "map.not-printable"),
    "no ARN": (NewMapping("ops", "a"), "map.arn-invalid"),
    "a wildcard": (NewMapping(f"arn:aws:iam::{A}:role/*", "a"), "map.arn-invalid"),
    "a policy": (NewMapping(f"arn:aws:iam::{A}:policy/x", "a"), "map.arn-invalid"),
}


@pytest.mark.parametrize(("new", "code"), BAD.values(), ids=BAD)
def test_what_cannot_be_mapped(new: NewMapping, code: str) -> None:
    with refused(code):
        add({}, new)


@pytest.mark.parametrize(
    "name", ["on", "123", "a: b", "#x", "{{SessionName}}", "'", "caf\u00e9", "null", "- a"]
)
def test_names_that_yaml_would_misread_are_quoted(name: str) -> None:
    (row,) = listing(add({}, NewMapping(ROLE, name, (name,))).data)
    assert (row.username, row.groups) == (name, (name,))


def test_a_malformed_section_is_not_touched() -> None:
    data = {"mapUsers": "- userarn: x\n\tusername: a\n", "mapRoles": ROLES}
    edits = (
        lambda: add(data, NewMapping(ROLE, "a")),
        lambda: remove(data, ROLE),
        lambda: add_account(data, A),
        lambda: remove_account(data, A),
        lambda: listing(data),
    )
    for edit in edits:
        with refused("yaml.syntax") as caught:
            edit()
        (fault,) = caught.value.faults
        assert (fault.at, fault.line) == (CONFIG_MAP.child("mapUsers"), 2)


def test_removing_keeps_the_comments_of_the_next_entry() -> None:
    edit = remove({"mapRoles": ROLES, "mapUsers": "# x\n"}, ROLE)
    assert edit.data == {
        "mapRoles": f"# people first\n\n# robots\n- rolearn: arn:aws:iam::{A}:role/ci\n  username: ci\n",
        "mapUsers": "# x\n",
    }
    assert remove({"mapRoles": ROLES}, f"arn:aws:iam::{A}:role/ci").data == {"mapRoles": ROLES[: -len(CI)]}


CI = f"- rolearn: arn:aws:iam::{A}:role/ci\n  username: ci\n"
TWICE = f"""\
- {{userarn: '{USER}', username: a}}
- {{userarn: {USER}2, username: b}}
- {{userarn: {USER}, username: c}}
"""


def test_the_first_entry_is_removed_or_every_one() -> None:
    first = remove({"mapUsers": TWICE}, USER)
    assert [row.username for row in listing(first.data)] == ["b", "c"]
    assert codes(first) == [EditCode.REMAINING]
    assert first.warnings[0].sentence() == f"1 more of {USER} remain"
    every = remove({"mapUsers": TWICE}, USER, every=True)
    assert ([row.username for row in listing(every.data)], every.warnings) == (["b"], ())


def test_the_last_entry_leaves_an_empty_list() -> None:
    assert remove({"mapUsers": f"# x\n- userarn: {USER}\n"}, USER).data == {"mapUsers": "# x\n[]\n"}


def test_an_entry_that_does_not_come_out_by_lines() -> None:
    anchors = f"- &a\n  userarn: {USER}\n  username: a\n- *a\n- userarn: {USER}2\n  username: b\n"
    assert remove({"mapUsers": anchors}, USER, every=True).data == {
        "mapUsers": f"- userarn: {USER}2\n  username: b\n"
    }
    flow = f"[{{userarn: {USER}, username: a}}]"
    assert remove({"mapUsers": flow}, USER).data == {"mapUsers": "[]\n"}
    dash_alone = f"-\n  userarn: {USER}\n"
    assert remove({"mapUsers": dash_alone}, USER).data == {"mapUsers": "[]\n"}


def test_an_entry_is_named_as_written_or_as_meant() -> None:
    data = {
        "mapRoles": f"- {{rolearn: 'arn:aws:iam::{A}:role/p/ops', username: a}}\n- {{rolearn: nonsense}}\n"
    }
    assert len(listing(remove(data, ROLE).data)) == 1
    assert len(listing(remove(data, "NONSENSE").data)) == 1
    with refused("map.not-found"):
        remove(data, "other")
    nothing = remove(data, "other", every=True)
    assert (nothing.data, nothing.changed) == (data, False)


def test_accounts_come_out_sorted_each_once() -> None:
    data = {"mapAccounts": f"- '{B}'\n- {B}\n", "mapRoles": ROLES}
    edit = add_account(data, "001234567012")
    assert edit.data == {"mapAccounts": f"- '001234567012'\n- '{B}'\n", "mapRoles": ROLES}
    assert codes(edit) == [AwsAuthCode.ACCOUNT_MAPPED]
    assert codes(add_account(data, B)) == [EditCode.ACCOUNT_EXISTS]
    assert remove_account(edit.data, B).data["mapAccounts"] == "- '001234567012'\n"
    assert remove_account(data, B).data["mapAccounts"] == "[]\n"
    with refused("map.account-invalid"):
        add_account(data, "12")
    with refused("map.not-found"):
        remove_account(data, A)


def test_the_listing() -> None:
    rows = listing({"mapRoles": ROLES, "mapUsers": f"- userarn: {USER}\n", "mapAccounts": f"- '{B}'\n"})
    assert [(row.arn, row.username, row.groups, row.account, row.line) for row in rows] == [
        (ROLE, "ops", ("system:masters",), "", 2),
        (f"arn:aws:iam::{A}:role/ci", "ci", (), "", 8),
        (USER, "", (), "", 1),
        ("", "", (), B, 1),
    ]


def test_an_edit_that_locks_its_author_out_is_known_before() -> None:
    before = {"mapRoles": ROLES}
    author = identity_of(f"arn:aws:sts::{A}:assumed-role/ops/mia", "AROAOPS:mia", A)
    removed = access_change(author, before, remove(before, ROLE).data, READ_AS_EKS)
    assert (removed.locked_out, removed.groups_lost, removed.renamed) == (True, ("system:masters",), False)
    shadowed = access_change(
        author, before, add(before, NewMapping(ROLE, "mia", ("team",))).data, READ_AS_EKS
    )
    assert (shadowed.locked_out, shadowed.groups_lost, shadowed.renamed) == (False, ("system:masters",), True)
    broken = access_change(author, before, {"mapRoles": "- {"}, READ_AS_EKS)
    assert broken.locked_out
    same = access_change(author, before, add(before, NewMapping(USER, "a")).data, READ_AS_EKS, {})
    assert (same.locked_out, same.groups_lost, same.renamed) == (False, (), False)
    gained = access_change(author, {}, before, READ_AS_EKS)
    assert (gained.locked_out, gained.groups_lost, gained.after.allowed) == (False, (), True)
