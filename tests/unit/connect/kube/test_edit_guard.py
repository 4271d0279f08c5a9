"""What an edit would break: the way in of whoever edits, and that of the nodes."""

import pytest

from sekisho.connect.kube.edit_guard import GuardCode, concerns
from sekisho.decide.authn.aws_auth import CONFIG_MAP
from sekisho.decide.authn.sts_answer import identity_of

A = "111122223333"
ME = identity_of(f"arn:aws:sts::{A}:assumed-role/admin/ana", "AROAEXAMPLE:ana", A)


def entry(role: str, *groups: str, name: str = "u") -> str:
    lines = "".join(f"\n  - {group}" for group in groups)
    return f"- rolearn: arn:aws:iam::{A}:role/{role}\n  username: {name}\n  groups:{lines or ' []'}\n"


NODE = entry("node", "system:nodes", "system:bootstrappers")
OTHER_NODE = entry("node2", "system:nodes")
ADMIN = entry("admin", "system:masters", "ops")
ACCOUNT = {"mapAccounts": f"- '{A}'\n"}

CASES: dict[str, tuple[dict[str, str], dict[str, str], list[GuardCode], list[GuardCode]]] = {
    "nothing of mine": ({"mapRoles": entry("x")}, {"mapRoles": ""}, [], []),
    "I am not mapped": ({}, {"mapRoles": entry("x")}, [], []),
    "my mapping goes": ({"mapRoles": ADMIN}, {"mapRoles": "[]"}, [GuardCode.LOCKED_OUT], []),
    "one of two of mine goes": ({"mapRoles": ADMIN + ADMIN}, {"mapRoles": ADMIN}, [], []),
    "my account still lets me in, without groups": (
        {"mapRoles": ADMIN, **ACCOUNT},
        ACCOUNT,
        [GuardCode.GROUPS_LOST],
        [GuardCode.RENAMED],
    ),
    "the account that lets me in goes": (ACCOUNT, {"mapAccounts": "[]"}, [GuardCode.LOCKED_OUT], []),
    "a new entry of mine has fewer groups": (
        {"mapRoles": ADMIN},
        {"mapRoles": ADMIN + entry("admin", "ops")},
        [GuardCode.GROUPS_LOST],
        [],
    ),
    "a new entry of mine has more groups": (
        {"mapRoles": ADMIN},
        {"mapRoles": ADMIN + entry("admin", "ops", "system:masters", "more")},
        [],
        [],
    ),
    "a new entry of mine has another user name": (
        {"mapRoles": ADMIN},
        {"mapRoles": entry("admin", "system:masters", "ops", name="v")},
        [],
        [GuardCode.RENAMED],
    ),
    "the last node role goes": ({"mapRoles": NODE}, {}, [GuardCode.LAST_NODE_ROLE], []),
    "one of two node roles goes": (
        {"mapRoles": NODE + OTHER_NODE},
        {"mapRoles": NODE},
        [],
        [GuardCode.NODE_ROLE],
    ),
    "one of two entries of the node role goes": ({"mapRoles": NODE + NODE}, {"mapRoles": NODE}, [], []),
    "a new entry of the node role shadows its groups": (
        {"mapRoles": NODE},
        {"mapRoles": NODE + entry("node", "ops")},
        [GuardCode.LAST_NODE_ROLE],
        [],
    ),
    "a node role that never matched goes": (
        {"mapRoles": entry("node", "system:nodes").replace("rolearn: arn", "rolearn: urn")},
        {},
        [],
        [],
    ),
    "both": (
        {"mapRoles": ADMIN + NODE},
        {"mapRoles": ""},
        [GuardCode.LOCKED_OUT, GuardCode.LAST_NODE_ROLE],
        [],
    ),
}


@pytest.mark.parametrize(("before", "after", "refusals", "warnings"), CASES.values(), ids=CASES.keys())
def test_concerns(
    before: dict[str, str], after: dict[str, str], refusals: list[GuardCode], warnings: list[GuardCode]
) -> None:
    found = concerns(before, after, ME, CONFIG_MAP)
    assert [step.code for step in found.refusals] == refusals
    assert [step.code for step in found.warnings] == warnings


def test_without_a_caller_only_the_nodes_count() -> None:
    found = concerns({"mapRoles": ADMIN + NODE}, {}, None, CONFIG_MAP)
    assert [step.code for step in found.refusals] == [GuardCode.LAST_NODE_ROLE]


def test_sentences_name_who_and_what() -> None:
    found = concerns({"mapRoles": ADMIN}, {"mapRoles": entry("admin")}, ME, CONFIG_MAP)
    assert found.refusals[0].sentence() == f"{ME.arn}, which is you, would lose system:masters, ops"
