"""A person's spelling of an identity: what STS would report, and what is refused."""

import pytest

from sekisho.decide.values import InputFault, SekishoInputError
from sekisho.facts import Snapshot
from sekisho.facts.files import read_documents
from sekisho.facts.identity import UNKNOWN_ROLE_ID, UNKNOWN_USER_ID, identity_from_arn
from sekisho.facts.world.events import account_events
from sekisho.facts.world.file import parse_world
from unit.facts.world.test_world_file import CREATED, Counting
from unit.facts.worlds import WORLD, changed

DEV = "arn:aws:iam::111122223333:"
SESSIONS = "arn:aws:sts::111122223333:assumed-role/"


def snapshot(text: str = WORLD) -> Snapshot:
    return Snapshot(account_events(parse_world(text, "w"), Counting(), CREATED))


def ids(text: str = WORLD) -> dict[str, str]:
    facts = snapshot(text)
    users = {user.name: user.user_id for user in facts.users("111122223333")}
    return users | {role.name: role.role_id for role in facts.roles("111122223333")}


# The spelling, the ARN that STS reports, the unique id (a name stands for that of the snapshot), the session.
CASES = {
    "user ARN": (f"{DEV}user/eks-admin", f"{DEV}user/eks-admin", "eks-admin", ""),
    "user ARN with path": (f"{DEV}user/team/eks-ope", f"{DEV}user/team/eks-ope", "eks-ope", ""),
    "user of another path": (f"{DEV}user/eks-ope", f"{DEV}user/eks-ope", UNKNOWN_USER_ID, ""),
    "user that is not there": (f"{DEV}user/x", f"{DEV}user/x", UNKNOWN_USER_ID, ""),
    "role ARN": (f"{DEV}role/app", f"{SESSIONS}app/session", "app", "session"),
    "role that is not there": (f"{DEV}role/x", f"{SESSIONS}x/session", UNKNOWN_ROLE_ID, "session"),
    "role ARN with path": (f"{DEV}role/a/b/x", f"{SESSIONS}x/session", UNKNOWN_ROLE_ID, "session"),
    "session ARN": (
        f"{SESSIONS}app/me@example.com",
        f"{SESSIONS}app/me@example.com",
        "app",
        "me@example.com",
    ),
    "root": (f"{DEV}root", f"{DEV}root", "111122223333", ""),
    "federated user": (
        "arn:aws:sts::111122223333:federated-user/bob",
        "arn:aws:sts::111122223333:federated-user/bob",
        "111122223333:bob",
        "",
    ),
    "name of a user": ("eks-admin", f"{DEV}user/eks-admin", "eks-admin", ""),
    "name between blanks": (" eks-ope ", f"{DEV}user/team/eks-ope", "eks-ope", ""),
    "kind and name": ("user/eks-ope", f"{DEV}user/team/eks-ope", "eks-ope", ""),
    "kind, path and name": ("user/team/eks-ope", f"{DEV}user/team/eks-ope", "eks-ope", ""),
    "name of a role": ("app", f"{SESSIONS}app/session", "app", "session"),
    "role and name": ("role/app", f"{SESSIONS}app/session", "app", "session"),
    "id of an account": ("111122223333", f"{DEV}root", "111122223333", ""),
    "id of an account that is not there": (
        "999988887777",
        "arn:aws:iam::999988887777:root",
        "999988887777",
        "",
    ),
    "account and id": ("account/111122223333", f"{DEV}root", "111122223333", ""),
    "account and name": ("account/dev", f"{DEV}root", "111122223333", ""),
}


@pytest.mark.parametrize(("text", "arn", "user_id", "session"), CASES.values(), ids=CASES.keys())
def test_an_identity_is_what_sts_would_report(text: str, arn: str, user_id: str, session: str) -> None:
    found = identity_from_arn(text, snapshot())
    assert (str(found.arn), found.session_name) == (arn, session)
    assert found.user_id == ids().get(user_id, user_id)


def fault_of(text: str, world: str = WORLD) -> InputFault:
    with pytest.raises(SekishoInputError) as caught:
        identity_from_arn(text, snapshot(world))
    (fault,) = caught.value.faults
    return fault


REFUSED = {
    "misspelt name": ("eks-admn", "identity.unknown", "did you mean `eks-admin`"),
    "misspelt kind": ("usr/eks-admin", "identity.unknown", "did you mean `user/eks-admin`"),
    "nothing like it": ("zzz", "identity.unknown", "give an ARN"),
    "empty": ("", "identity.unknown", "give an ARN"),
    "ARN of a bucket": ("arn:aws:s3:::b", "identity.not-a-principal", ""),
    "ARN of a group": (f"{DEV}group/g", "identity.not-a-principal", ""),
    "ARN cut off": ("arn:aws:iam::1:user/x", "identity.not-a-principal", ""),
    "session ARN without session": (f"{SESSIONS}app", "identity.not-a-principal", ""),
}


@pytest.mark.parametrize(("text", "code", "hint"), REFUSED.values(), ids=REFUSED.keys())
def test_what_names_nobody_is_refused(text: str, code: str, hint: str) -> None:
    fault = fault_of(text)
    assert (fault.code, fault.hint) == (code, hint)


def test_a_name_that_two_have_is_refused_with_both() -> None:
    both = changed('id: "444455556666"', 'id: "444455556666"\n    users: [{name: eks-admin}]')
    fault = fault_of("eks-admin", both)
    assert fault.code == "identity.ambiguous"
    assert fault.hint == f"name one: {DEV}user/eks-admin, arn:aws:iam::444455556666:user/eks-admin"


def test_a_user_and_a_role_of_one_name_are_told_apart_by_their_kind() -> None:
    both = changed("- name: app\n", "- name: eks-admin\n")
    both = both.replace("role/app", "role/eks-admin")
    assert fault_of("eks-admin", both).code == "identity.ambiguous"
    assert identity_from_arn("role/eks-admin", snapshot(both)).session_name == "session"


def test_an_unread_id_is_the_placeholder_of_its_kind() -> None:
    facts = read_documents([("w", WORLD)]).snapshot
    assert identity_from_arn("eks-admin", facts).user_id == UNKNOWN_USER_ID
    assert identity_from_arn("app", facts).user_id == UNKNOWN_ROLE_ID
