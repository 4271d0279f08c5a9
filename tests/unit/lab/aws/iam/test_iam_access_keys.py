"""Access keys: two per user, the secret told once and kept apart from the facts."""

import pytest

from sekisho.decide.values import Principal
from sekisho.facts import Kind, User, UserAccessKey
from sekisho.facts.json_form import fact_to_json
from sekisho.lab.aws.door.credentials import key_secret_name
from unit.lab.aws.iam.build import ACCOUNT, MIRA, NOW, ROOT, SESSION, Iam

USER = User(ACCOUNT, "mira", "AIDAMIRAMIRAMIRAMIRA1", NOW)


def key(at: int, user: str = "mira") -> UserAccessKey:
    return UserAccessKey(ACCOUNT, f"AKIAKEY{at:013d}", user, NOW)


def test_a_key_is_told_once_and_its_secret_is_no_fact() -> None:
    iam = Iam(USER)
    made = iam.ask("CreateAccessKey", UserName="mira")["AccessKey"]
    assert made["UserName"] == "mira"
    assert made["Status"] == "Active"
    assert len(made["AccessKeyId"]) == 20
    kept = iam.secrets[key_secret_name(made["AccessKeyId"])]
    assert kept is not None
    assert kept.reveal() == made["SecretAccessKey"]
    assert made["SecretAccessKey"] not in str([fact_to_json(fact) for fact in iam.known(Kind.ACCESS_KEY)])
    assert "SecretAccessKey" not in iam.ask("ListAccessKeys", UserName="mira")["AccessKeyMetadata"][0]


def test_the_third_key_is_refused() -> None:
    iam = Iam(USER, key(1), key(3, "other"))
    iam.ask("CreateAccessKey", UserName="mira")
    refused = iam.refusal("CreateAccessKey", UserName="mira")
    assert refused == ("LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2", 409)


OWN: dict[str, tuple[Principal, str]] = {"a user": (MIRA, "mira"), "root": (ROOT, "")}


@pytest.mark.parametrize(("caller", "owner"), OWN.values(), ids=OWN.keys())
def test_without_a_name_the_key_is_the_caller_s(caller: Principal, owner: str) -> None:
    iam = Iam(USER, caller=caller)
    iam.ask("CreateAccessKey")
    (made,) = iam.facts.access_keys(ACCOUNT, owner)
    assert [one["AccessKeyId"] for one in iam.ask("ListAccessKeys")["AccessKeyMetadata"]] == [made.key_id]


@pytest.mark.parametrize("operation", ["CreateAccessKey", "ListAccessKeys"])
def test_a_role_session_has_no_keys(operation: str) -> None:
    refused = Iam(caller=SESSION).refusal(operation)
    assert refused == ("ValidationError", "Must specify userName when calling with non-User credentials", 400)


def test_a_key_is_switched_off_and_on() -> None:
    iam = Iam(USER, key(1))
    for status, active in (("Inactive", False), ("Active", True)):
        iam.ask("UpdateAccessKey", UserName="mira", AccessKeyId=key(1).key_id, Status=status)
        assert iam.facts.access_keys(ACCOUNT, "mira")[0].active is active
    refused = iam.refusal("UpdateAccessKey", UserName="mira", AccessKeyId=key(1).key_id, Status="Expired")
    assert refused[0] == "InvalidInput"


def test_a_deleted_key_takes_its_secret_along() -> None:
    iam = Iam(USER, key(1))
    iam.ask("DeleteAccessKey", UserName="mira", AccessKeyId=key(1).key_id)
    assert iam.facts.access_keys(ACCOUNT, "mira") == ()
    assert iam.secrets == {key_secret_name(key(1).key_id): None}


FOREIGN = {
    "no such key": (key(9), "AKIAKEY0000000000001"),
    "another user's": (key(1, "other"), "AKIAKEY0000000000001"),
    "root's": (key(1, ""), "AKIAKEY0000000000001"),
}


@pytest.mark.parametrize(("known", "asked"), FOREIGN.values(), ids=FOREIGN.keys())
def test_a_key_of_someone_else_cannot_be_found(known: UserAccessKey, asked: str) -> None:
    refused = Iam(USER, known).refusal("DeleteAccessKey", UserName="mira", AccessKeyId=asked)
    assert refused == ("NoSuchEntity", f"The Access Key with id {asked} cannot be found.", 404)


def test_whose_key_it_is() -> None:
    iam = Iam(USER, key(1))
    answer = iam.ask("GetAccessKeyLastUsed", AccessKeyId=key(1).key_id)
    assert answer == {"UserName": "mira", "AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
    assert iam.refusal("GetAccessKeyLastUsed", AccessKeyId="AKIAABSENT0000000000")[0] == "NoSuchEntity"
