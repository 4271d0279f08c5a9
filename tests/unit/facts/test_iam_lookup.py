"""MFA devices, profiles and deletions by what IAM calls them; nothing else is found under their keys."""

from sekisho.decide.values import AccountId, Instant
from sekisho.facts import (
    DeletionStatus,
    InstanceProfile,
    Key,
    Kind,
    LoginProfile,
    MfaDevice,
    Put,
    Role,
    RoleDeletion,
    Snapshot,
    User,
)
from sekisho.facts.iam_lookup import (
    instance_profile,
    instance_profiles,
    login_profile,
    mfa_device,
    mfa_devices,
    mfa_devices_of,
    role_deletions,
    unique_id_of,
)

ACCOUNT, OTHER = AccountId("111122223333"), AccountId("444455556666")
NOW = Instant.from_epoch(0)
MINE = MfaDevice(ACCOUNT, "mira", NOW, "/ops/", user="mira", enabled=NOW)
FREE = MfaDevice(ACCOUNT, "free", NOW, user="mira")
LOGIN = LoginProfile(ACCOUNT, "mira", NOW)
NODE = InstanceProfile(ACCOUNT, "node", "AIPANODENODENODENODE1", NOW, "/eks/")
TASK = RoleDeletion(ACCOUNT, "task/aws-service-role/s/R/1", NOW, DeletionStatus.SUCCEEDED)
FACTS = Snapshot(
    [
        Put(Key(Kind.MFA_DEVICE, ACCOUNT, str(MINE.arn)), MINE),
        Put(Key(Kind.MFA_DEVICE, ACCOUNT, str(FREE.arn)), FREE),
        Put(Key(Kind.LOGIN_PROFILE, ACCOUNT, "mira"), LOGIN),
        Put(Key(Kind.INSTANCE_PROFILE, ACCOUNT, "node"), NODE),
        Put(Key(Kind.ROLE_DELETION, ACCOUNT, TASK.task), TASK),
    ]
)


def test_arns_hold_the_path() -> None:
    assert str(MINE.arn) == "arn:aws:iam::111122223333:mfa/ops/mira"
    assert str(NODE.arn) == "arn:aws:iam::111122223333:instance-profile/eks/node"


def test_devices_are_found_by_serial_number() -> None:
    assert mfa_device(FACTS, ACCOUNT, str(MINE.arn)) == MINE
    assert mfa_device(FACTS, OTHER, str(MINE.arn)) is None
    assert mfa_devices(FACTS, ACCOUNT) == (MINE, FREE)


def test_a_user_holds_the_devices_that_are_enabled() -> None:
    assert mfa_devices_of(FACTS, ACCOUNT, "mira") == (MINE,)
    assert mfa_devices_of(FACTS, ACCOUNT, "ana") == ()


def test_profiles_are_found_by_name() -> None:
    assert login_profile(FACTS, ACCOUNT, "mira") == LOGIN
    assert login_profile(FACTS, ACCOUNT, "ana") is None
    assert instance_profile(FACTS, ACCOUNT, "node") == NODE
    assert instance_profile(FACTS, ACCOUNT, "none") is None
    assert instance_profiles(FACTS, ACCOUNT) == (NODE,)


def test_deletions_are_remembered() -> None:
    assert role_deletions(FACTS, ACCOUNT) == (TASK,)
    assert role_deletions(FACTS, OTHER) == ()


def test_an_arn_stands_for_the_id_of_who_has_it_with_that_path() -> None:
    user, role = User(ACCOUNT, "one", "AIDAONE", NOW, "/ops/"), Role(ACCOUNT, "one", "AROAONE", NOW, "{}")
    facts = Snapshot([Put(Key(Kind.USER, ACCOUNT, "one"), user), Put(Key(Kind.ROLE, ACCOUNT, "one"), role)])
    assert unique_id_of(facts, str(user.arn)) == "AIDAONE"
    assert unique_id_of(facts, str(role.arn)) == "AROAONE"
    for name in (f"arn:aws:iam::{ACCOUNT}:user/one", f"arn:aws:iam::{OTHER}:role/one", "one"):
        assert unique_id_of(facts, name) == "", name
