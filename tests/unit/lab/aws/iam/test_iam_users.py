"""IAM users: what is made, found, renamed and deleted, and each refusal in AWS's words."""

import pytest

from sekisho.decide.values import Principal
from sekisho.facts import Document, Group, User, UserAccessKey
from sekisho.lab.aws.iam import groups, users
from unit.lab.aws.iam.build import ACCOUNT, MIRA, NOW, ROOT, SESSION, Iam


def user(name: str = "mira", **more: object) -> User:
    return User(ACCOUNT, name, f"AIDA{name.upper():0<17}", NOW, **more)  # type: ignore[arg-type]  # test data


def test_a_user_is_made_with_an_id_and_an_arn_that_holds_its_path() -> None:
    made = Iam().ask("CreateUser", UserName="mira", Path="/ops/", Tags=[{"Key": "team", "Value": "a"}])
    assert made["User"] == {
        "Path": "/ops/",
        "UserName": "mira",
        "UserId": "AIDA0000000000000001X",
        "Arn": "arn:aws:iam::111122223333:user/ops/mira",
        "CreateDate": NOW,
        "Tags": [{"Key": "team", "Value": "a"}],
    }


@pytest.mark.parametrize("name", ["mira", "MIRA"])
def test_a_name_is_taken_whatever_its_case(name: str) -> None:
    refused = Iam(user()).refusal("CreateUser", UserName=name)
    assert refused == ("EntityAlreadyExists", f"User with name {name} already exists.", 409)


def test_the_quota_is_the_last_user_that_can_be_made() -> None:
    iam = Iam(*(user(f"u{at}") for at in range(users.MAX_USERS - 1)))
    iam.ask("CreateUser", UserName="last")
    refused = iam.refusal("CreateUser", UserName="one-more")
    assert refused == ("LimitExceeded", "Cannot exceed quota for UsersPerAccount: 5000", 409)


SELF: dict[str, tuple[Principal, str]] = {
    "a user asks for itself": (MIRA, "arn:aws:iam::111122223333:user/mira"),
    "root asks for itself": (ROOT, "arn:aws:iam::111122223333:root"),
}


@pytest.mark.parametrize(("caller", "arn"), SELF.values(), ids=SELF.keys())
def test_without_a_name_the_caller_is_described(caller: Principal, arn: str) -> None:
    assert Iam(user(), caller=caller).ask("GetUser")["User"]["Arn"] == arn


def test_a_role_session_has_no_user_to_describe() -> None:
    refused = Iam(caller=SESSION).refusal("GetUser")
    assert refused == ("ValidationError", "Must specify userName when calling with non-User credentials", 400)


ABSENT = ["GetUser", "UpdateUser", "DeleteUser", "ListUserTags", "ListAccessKeys", "CreateAccessKey"]


@pytest.mark.parametrize("operation", ABSENT)
def test_a_user_that_is_not_there(operation: str) -> None:
    refused = Iam().refusal(operation, UserName="nobody")
    assert refused == ("NoSuchEntity", "The user with name nobody cannot be found.", 404)


def test_users_are_listed_by_name_under_a_path_in_pages() -> None:
    iam = Iam(*(user(name, path=path) for name, path in (("c", "/x/"), ("a", "/x/y/"), ("b", "/z/"))))
    first = iam.ask("ListUsers", PathPrefix="/x", MaxItems=1)
    assert [one["UserName"] for one in first["Users"]] == ["a"]
    assert first["IsTruncated"] is True
    second = iam.ask("ListUsers", PathPrefix="/x", MaxItems=1, Marker=first["Marker"])
    assert [one["UserName"] for one in second["Users"]] == ["c"]
    assert second["IsTruncated"] is False
    assert "Marker" not in second


def test_a_marker_made_elsewhere_is_refused() -> None:
    assert Iam().refusal("ListUsers", Marker="bm90LW91cnM=")[0] == "ValidationError"


def test_listed_users_have_no_tags() -> None:
    assert "Tags" not in Iam(user(tags=(("k", "v"),))).ask("ListUsers")["Users"][0]


def test_a_renamed_user_keeps_id_keys_and_policies() -> None:
    key = UserAccessKey(ACCOUNT, "AKIA0000000000000001", "mira", NOW)
    iam = Iam(user(attached=("arn:aws:iam::aws:policy/ReadOnlyAccess",)), key)
    iam.ask("UpdateUser", UserName="mira", NewUserName="mika", NewPath="/ops/")
    renamed = iam.facts.user(ACCOUNT, "mika")
    assert renamed is not None
    assert (renamed.user_id, renamed.path, renamed.attached) == (
        user().user_id,
        "/ops/",
        ("arn:aws:iam::aws:policy/ReadOnlyAccess",),
    )
    assert iam.facts.user(ACCOUNT, "mira") is None
    assert iam.facts.access_keys(ACCOUNT, "mika")[0].key_id == key.key_id


def test_a_user_may_change_the_case_of_its_own_name_but_not_take_another() -> None:
    iam = Iam(user(), user("ana"))
    assert iam.refusal("UpdateUser", UserName="mira", NewUserName="ANA")[0] == "EntityAlreadyExists"
    iam.ask("UpdateUser", UserName="mira", NewUserName="Mira")
    assert iam.facts.user(ACCOUNT, "Mira") is not None


KEY = UserAccessKey(ACCOUNT, "AKIA0000000000000001", "mira", NOW)
CONFLICTS: dict[str, tuple[tuple[User | UserAccessKey, ...], str]] = {
    "keys": ((user(), KEY), "Cannot delete entity, must delete access keys first."),
    "inline policies": (
        (user(inline=(Document("p", "{}"),)),),
        "Cannot delete entity, must delete policies first.",
    ),
    "attached policies": (
        (user(attached=("arn:aws:iam::aws:policy/X",)),),
        "Cannot delete entity, must detach all policies first.",
    ),
    "groups": ((user(groups=("ops",)),), "Cannot delete entity, must remove users from group first."),
}


@pytest.mark.parametrize(("facts", "sentence"), CONFLICTS.values(), ids=CONFLICTS.keys())
def test_what_hangs_on_a_user_keeps_it(facts: tuple[User | UserAccessKey, ...], sentence: str) -> None:
    assert Iam(*facts).refusal("DeleteUser", UserName="mira") == ("DeleteConflict", sentence, 409)


def test_a_user_that_nothing_hangs_on_is_deleted() -> None:
    iam = Iam(user(), UserAccessKey(ACCOUNT, "AKIA0000000000000009", "other", NOW))
    iam.ask("DeleteUser", UserName="mira")
    assert iam.facts.users(ACCOUNT) == ()


def test_membership_goes_both_ways_and_follows_a_renamed_group() -> None:
    iam = Iam(user())
    iam.ask("CreateGroup", GroupName="ops")
    iam.ask("AddUserToGroup", GroupName="ops", UserName="mira")
    iam.ask("AddUserToGroup", GroupName="ops", UserName="mira")
    assert [one["UserName"] for one in iam.ask("GetGroup", GroupName="ops")["Users"]] == ["mira"]
    iam.ask("UpdateGroup", GroupName="ops", NewGroupName="sre", NewPath="/x/")
    listed = iam.ask("ListGroupsForUser", UserName="mira")["Groups"]
    assert [one["Arn"] for one in listed] == ["arn:aws:iam::111122223333:group/x/sre"]
    refused = iam.refusal("DeleteGroup", GroupName="sre")
    assert refused[:2] == ("DeleteConflict", "Cannot delete entity, must remove users from group first.")
    iam.ask("RemoveUserFromGroup", GroupName="sre", UserName="mira")
    iam.ask("RemoveUserFromGroup", GroupName="sre", UserName="mira")
    iam.ask("DeleteGroup", GroupName="sre")
    assert iam.ask("ListGroups")["Groups"] == []


def test_a_user_is_in_at_most_ten_groups() -> None:
    iam = Iam(user())
    for at in range(groups.MAX_GROUPS_PER_USER + 1):
        iam.ask("CreateGroup", GroupName=f"g{at}")
    for at in range(groups.MAX_GROUPS_PER_USER):
        iam.ask("AddUserToGroup", GroupName=f"g{at}", UserName="mira")
    refused = iam.refusal("AddUserToGroup", GroupName="g10", UserName="mira")
    assert refused == ("LimitExceeded", "Cannot exceed quota for GroupsPerUser: 10", 409)


def test_a_group_with_policies_stays() -> None:
    iam = Iam()
    iam.ask("CreateGroup", GroupName="ops")
    iam.ask("AttachGroupPolicy", GroupName="ops", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    assert iam.refusal("DeleteGroup", GroupName="ops")[1].endswith("must detach all policies first.")
    refused = iam.refusal("CreateGroup", GroupName="OPS")
    assert refused == ("EntityAlreadyExists", "Group with name OPS already exists.", 409)
    assert iam.refusal("GetGroup", GroupName="x")[1] == "The group with name x cannot be found."


def test_the_quota_of_groups() -> None:
    iam = Iam(*(Group(ACCOUNT, f"g{at}", f"AGPA{at:017d}", NOW) for at in range(groups.MAX_GROUPS - 1)))
    iam.ask("CreateGroup", GroupName="last")
    refused = iam.refusal("CreateGroup", GroupName="more")
    assert refused == ("LimitExceeded", "Cannot exceed quota for GroupsPerAccount: 300", 409)


def test_a_group_with_an_inline_policy_stays() -> None:
    iam = Iam(Group(ACCOUNT, "ops", "AGPAOPSOPSOPSOPSOPSO1", NOW, inline=(Document("p", "{}"),)))
    refused = iam.refusal("DeleteGroup", GroupName="ops")
    assert refused == ("DeleteConflict", "Cannot delete entity, must delete policies first.", 409)


@pytest.mark.parametrize("title", ["User", "Group", "Role"])
def test_policies_of_an_entity_that_is_not_there(title: str) -> None:
    expected = ("NoSuchEntity", f"The {title.lower()} with name nobody cannot be found.", 404)
    for operation in (f"List{title}Policies", f"ListAttached{title}Policies"):
        assert Iam().refusal(operation, **{f"{title}Name": "nobody"}) == expected
