"""Whose temporary credentials still stand for somebody: by unique id, never by name."""

import pytest

from sekisho.decide import sts
from sekisho.decide.values import AccountId, Instant, Principal
from sekisho.facts import IssuedSession, Key, Kind, Put, Role, Snapshot, User
from sekisho.lab.aws.door.credentials import is_still_there

ACCOUNT = AccountId("111122223333")
NOW = Instant.parse_rfc3339("2026-01-31T09:00:00Z")
MIRA_ID, APP_ID, ANOTHER = "AIDAMIRAMIRAMIRAMIRA1", "AROAAPPAPPAPPAPPAPPA1", "AIDAOTHEROTHEROTHER01"
FACTS = Snapshot(
    [
        Put(Key(Kind.USER, ACCOUNT, "mira"), User(ACCOUNT, "mira", MIRA_ID, NOW)),
        Put(Key(Kind.USER, ACCOUNT, "root"), User(ACCOUNT, "root", ANOTHER, NOW)),
        Put(Key(Kind.ROLE, ACCOUNT, "app"), Role(ACCOUNT, "app", APP_ID, NOW, "{}")),
    ]
)
MIRA, ROOT = sts.user(ACCOUNT, "mira", MIRA_ID), sts.root(ACCOUNT)
GUEST, ROOTS_GUEST = sts.federated_user(MIRA, "guest"), sts.federated_user(ROOT, "guest")

HOLDERS: dict[str, tuple[Principal, str, bool]] = {
    "a user": (MIRA, MIRA_ID, True),
    "a user made anew": (sts.user(ACCOUNT, "mira", ANOTHER), ANOTHER, False),
    "a user now gone": (sts.user(ACCOUNT, "ana", ANOTHER), ANOTHER, False),
    "a role": (sts.role_session(ACCOUNT, "app", APP_ID, "s-1"), MIRA_ID, True),
    "a role made anew": (sts.role_session(ACCOUNT, "app", "AROAOTHEROTHEROTHER01", "s-1"), MIRA_ID, False),
    "a role now gone": (sts.role_session(ACCOUNT, "hub", APP_ID, "s-1"), MIRA_ID, False),
    "a federated user": (GUEST, MIRA_ID, True),
    "a federated user of a user made anew": (GUEST, ANOTHER, False),
    "a federated user of nobody known": (GUEST, "", False),
    "the root user": (ROOT, str(ACCOUNT), True),
    "a federated user of root": (ROOTS_GUEST, str(ACCOUNT), True),
}


@pytest.mark.parametrize(("who", "issuer", "there"), HOLDERS.values(), ids=HOLDERS.keys())
def test_credentials_stand_for_the_one_who_was_there(who: Principal, issuer: str, there: bool) -> None:
    issued = IssuedSession("ASIA0000000000000001", sts.Session(who, NOW, NOW), issuer)
    assert is_still_there(FACTS, issued) is there
