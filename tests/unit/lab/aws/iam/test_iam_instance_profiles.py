"""Instance profiles, and the role in them."""

import pytest

from sekisho.facts import InstanceProfile, Role
from sekisho.lab.aws.iam.instance_profiles import MAX_PROFILES
from unit.lab.aws.iam.build import ACCOUNT, EC2_TRUST, NOW, Iam

ROLE = Role(ACCOUNT, "app", "AROAAPPAPPAPPAPPAPPA1", NOW, EC2_TRUST)
NODE: dict[str, str] = {"InstanceProfileName": "node"}
BOTH: dict[str, str] = {**NODE, "RoleName": "app"}


def account() -> Iam:
    iam = Iam(ROLE)
    iam.ask("CreateInstanceProfile", **NODE)
    return iam


def test_a_profile_is_made_found_and_deleted() -> None:
    iam = Iam()
    tags = [{"Key": "team", "Value": "a"}]
    made = iam.ask("CreateInstanceProfile", **NODE, Path="/eks/", Tags=tags)["InstanceProfile"]
    assert made["Arn"] == "arn:aws:iam::111122223333:instance-profile/eks/node"
    assert made["InstanceProfileId"].startswith("AIPA")
    assert (made["Roles"], made["Tags"]) == ([], tags)
    assert iam.ask("GetInstanceProfile", **NODE)["InstanceProfile"] == made
    (listed,) = iam.ask("ListInstanceProfiles", PathPrefix="/eks/")["InstanceProfiles"]
    assert "Tags" not in listed
    assert iam.ask("ListInstanceProfiles", PathPrefix="/other/")["InstanceProfiles"] == []
    iam.ask("DeleteInstanceProfile", **NODE)
    refused = ("NoSuchEntity", "Instance Profile node cannot be found.", 404)
    assert iam.refusal("GetInstanceProfile", **NODE) == refused


def test_the_role_of_a_profile() -> None:
    iam = account()
    iam.ask("AddRoleToInstanceProfile", **BOTH)
    profile = iam.ask("GetInstanceProfile", **NODE)["InstanceProfile"]
    assert [role["RoleName"] for role in profile["Roles"]] == ["app"]
    assert iam.ask("ListInstanceProfilesForRole", RoleName="app")["InstanceProfiles"] == [profile]
    details = iam.ask("GetAccountAuthorizationDetails", Filter=["Role"])["RoleDetailList"]
    assert details[0]["InstanceProfileList"] == [profile]
    conflict = "Cannot delete entity, must remove roles from instance profile first."
    assert iam.refusal("DeleteRole", RoleName="app") == ("DeleteConflict", conflict, 409)
    assert iam.refusal("DeleteInstanceProfile", **NODE) == ("DeleteConflict", conflict, 409)
    iam.ask("RemoveRoleFromInstanceProfile", **BOTH)
    iam.ask("DeleteRole", RoleName="app")


REFUSED: dict[str, tuple[str, dict[str, str], tuple[str, str, int]]] = {
    "a name that is taken": (
        "CreateInstanceProfile",
        {"InstanceProfileName": "NODE"},
        ("EntityAlreadyExists", "Instance Profile NODE already exists.", 409),
    ),
    "a second role": (
        "AddRoleToInstanceProfile",
        {**NODE, "RoleName": "other"},
        ("LimitExceeded", "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1", 409),
    ),
    "a role that is not there": (
        "AddRoleToInstanceProfile",
        {**NODE, "RoleName": "none"},
        ("NoSuchEntity", "The role with name none cannot be found.", 404),
    ),
    "a role that is not in it": (
        "RemoveRoleFromInstanceProfile",
        {**NODE, "RoleName": "other"},
        ("NoSuchEntity", "The role with name other cannot be found.", 404),
    ),
    "tags of no profile": (
        "TagInstanceProfile",
        {"InstanceProfileName": "none"},
        ("NoSuchEntity", "Instance Profile none cannot be found.", 404),
    ),
}


@pytest.mark.parametrize(("operation", "asked", "answer"), REFUSED.values(), ids=REFUSED.keys())
def test_refusals(operation: str, asked: dict[str, str], answer: tuple[str, str, int]) -> None:
    iam = account()
    iam.put(Role(ACCOUNT, "other", "AROAOTHEROTHEROTHERO1", NOW, EC2_TRUST))
    iam.ask("AddRoleToInstanceProfile", **BOTH)
    assert iam.refusal(operation, **asked, Tags=[]) == answer


def test_the_quota_is_the_last_profile_that_can_be_made() -> None:
    known = (InstanceProfile(ACCOUNT, f"p{at}", f"AIPA{at:017}", NOW) for at in range(MAX_PROFILES - 1))
    iam = Iam(*known)
    iam.ask("CreateInstanceProfile", InstanceProfileName="last")
    refused = iam.refusal("CreateInstanceProfile", InstanceProfileName="more")
    assert refused == ("LimitExceeded", "Cannot exceed quota for InstanceProfilesPerAccount: 1000", 409)
