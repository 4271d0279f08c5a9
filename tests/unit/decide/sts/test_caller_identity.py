"""Callers by type, as GetCallerIdentity names them, and the grammar of their names."""

from collections.abc import Callable

import pytest

from sekisho.decide.sts import CallerIdentity, caller_identity, federated_user, role_session, root, user
from sekisho.decide.sts.caller_identity import Code
from sekisho.decide.values import AccountId, Arn, Principal, PrincipalType, SekishoInputError

ACCOUNT = "111122223333"
USER_ID = "AIDAEXAMPLE000000001"
ROLE_ID = "AROAEXAMPLE000000001"
MIRA = user(ACCOUNT, "mira", USER_ID, path="/people/")

CALLERS = {
    "user": (MIRA, PrincipalType.USER, "iam::111122223333:user/people/mira", USER_ID, MIRA.arn.resource),
    "user without a path": (
        user(ACCOUNT, "mira", USER_ID),
        PrincipalType.USER,
        "iam::111122223333:user/mira",
        USER_ID,
        "user/mira",
    ),
    "root": (root(ACCOUNT), PrincipalType.ROOT, "iam::111122223333:root", ACCOUNT, "root"),
    "role session: the ARN leaves the role's path out": (
        role_session(ACCOUNT, "app", ROLE_ID, "ci", path="/eks/"),
        PrincipalType.ROLE_SESSION,
        "sts::111122223333:assumed-role/app/ci",
        f"{ROLE_ID}:ci",
        "role/eks/app",
    ),
    "federated user of a user": (
        federated_user(MIRA, "guest"),
        PrincipalType.FEDERATED_USER,
        "sts::111122223333:federated-user/guest",
        "111122223333:guest",
        "user/people/mira",
    ),
    "federated user of root": (
        federated_user(root(ACCOUNT), "guest"),
        PrincipalType.FEDERATED_USER,
        "sts::111122223333:federated-user/guest",
        "111122223333:guest",
        "root",
    ),
}


@pytest.mark.parametrize(
    ("principal", "kind", "arn", "user_id", "entity"), CALLERS.values(), ids=CALLERS.keys()
)
def test_caller_identity(
    principal: Principal, kind: PrincipalType, arn: str, user_id: str, entity: str
) -> None:
    assert caller_identity(principal) == CallerIdentity(
        AccountId(ACCOUNT), Arn.parse(f"arn:aws:{arn}"), user_id
    )
    assert principal.type is kind
    assert principal.entity == Arn("aws", "iam", "", ACCOUNT, entity)


def test_the_partition_is_kept() -> None:
    china = user(ACCOUNT, "mira", USER_ID, partition="aws-cn")
    assert str(federated_user(china, "guest").arn) == "arn:aws-cn:sts::111122223333:federated-user/guest"
    assert str(root(ACCOUNT, partition="aws-us-gov").arn) == "arn:aws-us-gov:iam::111122223333:root"
    session = role_session(ACCOUNT, "app", ROLE_ID, "ci", partition="aws-eusc")
    assert (session.arn.partition, session.entity.partition) == ("aws-eusc", "aws-eusc")


REFUSED: dict[str, tuple[Callable[[], Principal], Code]] = {
    "partition": (lambda: root(ACCOUNT, partition="aws-moon"), Code.PARTITION),
    "account of eleven digits": (lambda: root("1" * 11), Code.ACCOUNT),
    "account of other digits": (lambda: root("\uff11" * 12), Code.ACCOUNT),
    "path that does not begin with a slash": (lambda: user(ACCOUNT, "m", USER_ID, path="a/"), Code.PATH),
    "path that does not end with a slash": (lambda: user(ACCOUNT, "m", USER_ID, path="/a"), Code.PATH),
    "path with a space": (lambda: user(ACCOUNT, "m", USER_ID, path="/a b/"), Code.PATH),
    "path of 513 characters": (
        lambda: user(ACCOUNT, "m", USER_ID, path="/" + "a" * 511 + "/"),
        Code.PATH,
    ),
    "name empty": (lambda: user(ACCOUNT, "", USER_ID), Code.NAME),
    "name of 65 characters": (lambda: user(ACCOUNT, "m" * 65, USER_ID), Code.NAME),
    "name with a slash": (lambda: role_session(ACCOUNT, "a/b", ROLE_ID, "ci"), Code.NAME),
    "name beyond ASCII": (lambda: user(ACCOUNT, "é", USER_ID), Code.NAME),
    "unique id of 15 characters": (lambda: user(ACCOUNT, "m", "A" * 15), Code.UNIQUE_ID),
    "unique id with a colon": (lambda: role_session(ACCOUNT, "r", ROLE_ID + ":", "ci"), Code.UNIQUE_ID),
    "session name of one character": (lambda: role_session(ACCOUNT, "r", ROLE_ID, "c"), Code.SESSION_NAME),
    "session name of 65 characters": (
        lambda: role_session(ACCOUNT, "r", ROLE_ID, "c" * 65),
        Code.SESSION_NAME,
    ),
    "session name with a colon": (lambda: role_session(ACCOUNT, "r", ROLE_ID, "c:i"), Code.SESSION_NAME),
    "federated name of one character": (lambda: federated_user(MIRA, "g"), Code.FEDERATED_NAME),
    "federated name of 33 characters": (lambda: federated_user(MIRA, "g" * 33), Code.FEDERATED_NAME),
    "federated user of a session": (
        lambda: federated_user(role_session(ACCOUNT, "r", ROLE_ID, "ci"), "guest"),
        Code.ISSUER,
    ),
}


@pytest.mark.parametrize(("build", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(build: Callable[[], Principal], code: Code) -> None:
    with pytest.raises(SekishoInputError) as caught:
        build()
    assert [fault.code for fault in caught.value.faults] == [code]


ACCEPTED: dict[str, Callable[[], Principal]] = {
    "path of 512 characters": lambda: user(ACCOUNT, "m", USER_ID, path="/" + "a" * 510 + "/"),
    "name of 64 characters": lambda: user(ACCOUNT, "m" * 64, USER_ID),
    "name of all allowed punctuation": lambda: user(ACCOUNT, "_+=,.@-", USER_ID),
    "unique id of 16 characters": lambda: user(ACCOUNT, "m", "A" * 16),
    "session name of 2 characters": lambda: role_session(ACCOUNT, "r", ROLE_ID, "ci"),
    "session name of 64 characters": lambda: role_session(ACCOUNT, "r", ROLE_ID, "c" * 64),
    "federated name of 32 characters": lambda: federated_user(MIRA, "g" * 32),
}


@pytest.mark.parametrize("build", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_accepted(build: Callable[[], Principal]) -> None:
    assert build().account == ACCOUNT


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(SekishoInputError) as caught:
        role_session("1", "", "A", "c")
    assert [fault.at.pointer for fault in caught.value.faults] == [
        "/account",
        "/name",
        "/unique_id",
        "/session_name",
    ]
