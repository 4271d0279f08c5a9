"""IAM behind the door of a running lab, with real boto3: what boundaries, devices and passed roles decide.

What the client is told is AWS's code; the journal has the whole reason.
"""

import json
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sekisho.decide.sts.totp import time_step, totp
from sekisho.decide.values import Instant, Secret
from sekisho.testing import RunningLab, running_lab
from support.boto_lab import (
    HOME,
    Caller,
    Refused,
    assuming,
    codes_of,
    last_refusal,
    new_role,
    new_user,
    policy,
    profile,
    trust,
)

IAM = f"arn:aws:iam::{HOME}:"
ALL = policy("*", Resource="*")
NO_CODE = Refused(
    "AccessDenied", 403, "MultiFactorAuthentication failed with invalid MFA one time pass code. "
)
WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def managed(home: Caller, name: str, *actions: str, **members: Any) -> str:
    """Create a managed policy and return its ARN."""
    document = policy(*actions, Resource="*", **members)
    arn: str = home.ask("iam", "create_policy", PolicyName=name, PolicyDocument=document)["Policy"]["Arn"]
    return arn


def denied(who: str, action: str, resource: str, because: str = "no identity-based policy allows") -> Refused:
    text = (
        f"User: {IAM}user/{who} is not authorized to perform: {action} on resource: {resource} "
        f"because {because} the {action} action"
    )
    return Refused("AccessDenied", 403, text)


def test_a_boundary_limits_a_user_from_the_next_call_on(lab: RunningLab, home: Caller) -> None:
    fence = managed(home, "fence", "iam:Get*", "s3:*")
    user = new_user(home, "fenced", ALL)
    assert user.ask("iam", "list_users")["Users"]
    home.ask("iam", "put_user_permissions_boundary", UserName="fenced", PermissionsBoundary=fence)
    refused = user.refused("iam", "list_users")
    assert refused == denied("fenced", "iam:ListUsers", "*", "no permissions boundary allows")
    assert last_refusal(lab)["chain"]["links"][-1]["outcome"] == "no-opinion"
    assert user.ask("iam", "get_user")["User"]["PermissionsBoundary"]["PermissionsBoundaryArn"] == fence
    assert user.ask("s3", "list_buckets")["Buckets"] == []
    conflict = home.refused("iam", "delete_policy", PolicyArn=fence)
    assert (conflict.code, conflict.status) == ("DeleteConflict", 409)
    home.ask("iam", "delete_user_permissions_boundary", UserName="fenced")
    assert user.ask("iam", "list_users")["Users"]


def test_a_boundary_limits_the_sessions_of_a_role(home: Caller) -> None:
    fence = managed(home, "role-fence", "s3:*")
    user = new_user(home, "role-user", policy("sts:AssumeRole", Resource="*"))
    new_role(home, "roamer", trust(user.arn), ALL)
    session = user.assume("roamer", HOME)
    home.ask("iam", "put_role_permissions_boundary", RoleName="roamer", PermissionsBoundary=fence)
    assert session.refused("eks", "list_clusters").code == "AccessDeniedException"
    assert session.ask("s3", "list_buckets")["Buckets"] == []


def test_a_delegated_administrator_has_to_set_the_boundary(home: Caller) -> None:
    """IAM User Guide, "Delegating responsibility to others using permissions boundaries"."""
    fence = managed(home, "delegated-fence", "s3:*")
    asks = {"StringEquals": {"iam:PermissionsBoundary": fence}}
    changes = ("iam:CreateUser", "iam:PutUserPolicy", "iam:PutUserPermissionsBoundary")
    admin = new_user(home, "delegate", policy(*changes, Resource="*", Condition=asks))
    admin.ask("iam", "create_user", UserName="limited", PermissionsBoundary=fence)
    for more in ({}, {"PermissionsBoundary": f"{IAM}policy/role-fence"}):
        assert admin.refused("iam", "create_user", UserName="free", **more).code == "AccessDenied"
    home.ask("iam", "create_user", UserName="free")
    document = {"PolicyName": "p", "PolicyDocument": ALL}
    # The key tells the boundary of the user whose policy is changed.
    admin.ask("iam", "put_user_policy", UserName="limited", **document)
    assert admin.refused("iam", "put_user_policy", UserName="free", **document).code == "AccessDenied"
    admin.ask("iam", "put_user_permissions_boundary", UserName="free", PermissionsBoundary=fence)
    admin.ask("iam", "put_user_policy", UserName="free", **document)


def test_attaching_is_decided_by_which_policy_and_on_which_entity(home: Caller) -> None:
    reader = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    allow = policy(
        "iam:AttachUserPolicy",
        Resource=f"{IAM}user/team/*",
        Condition={"ArnEquals": {"iam:PolicyARN": reader}, "StringEquals": {"iam:ResourceTag/team": "a"}},
    )
    admin = new_user(home, "attacher", allow)
    tags = [{"Key": "team", "Value": "a"}]
    home.ask("iam", "create_user", UserName="inside", Path="/team/", Tags=tags)
    home.ask("iam", "create_user", UserName="untagged", Path="/team/")
    home.ask("iam", "create_user", UserName="outside", Tags=tags)
    admin.ask("iam", "attach_user_policy", UserName="inside", PolicyArn=reader)
    for who, arn in (
        ("inside", "arn:aws:iam::aws:policy/AdministratorAccess"),
        ("untagged", reader),
        ("outside", reader),
    ):
        assert admin.refused("iam", "attach_user_policy", UserName=who, PolicyArn=arn).code == "AccessDenied"


def test_a_role_is_passed_to_the_service_that_is_allowed(home: Caller) -> None:
    role = new_role(home, "node", trust(f"arn:aws:iam::{HOME}:root"))
    home.ask("iam", "create_instance_profile", InstanceProfileName="node")
    adds = policy("iam:AddRoleToInstanceProfile", "eks:CreateCluster", Resource="*")
    to_ec2 = policy(
        "iam:PassRole",
        Resource=role,
        Condition={"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
    )
    asked = {"InstanceProfileName": "node", "RoleName": "node"}
    without = new_user(home, "cannot-pass", adds)
    assert without.refused("iam", "add_role_to_instance_profile", **asked) == denied(
        "cannot-pass", "iam:PassRole", role
    )
    able = new_user(home, "can-pass", adds, to_ec2)
    cluster = {"name": "theirs", "roleArn": role, "resourcesVpcConfig": {}}
    refused = able.refused("eks", "create_cluster", **cluster)
    assert (refused.code, refused.status) == ("AccessDeniedException", 403)
    assert "iam:PassRole" in refused.message
    able.ask("iam", "add_role_to_instance_profile", **asked)
    conflict = home.refused("iam", "delete_role", RoleName="node")
    assert (conflict.code, conflict.status) == ("DeleteConflict", 409)


def test_a_service_linked_role_is_allowed_by_service(home: Caller) -> None:
    allow = policy(
        "iam:CreateServiceLinkedRole",
        Resource=f"{IAM}role/aws-service-role/*",
        Condition={"StringLike": {"iam:AWSServiceName": ["spot.amazonaws.com", "nothing.amazonaws.com"]}},
    )
    admin = new_user(home, "linker", allow)
    made = admin.ask("iam", "create_service_linked_role", AWSServiceName="spot.amazonaws.com")["Role"]
    assert made["Arn"] == f"{IAM}role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
    eks = f"{IAM}role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"
    refused = admin.refused("iam", "create_service_linked_role", AWSServiceName="eks.amazonaws.com")
    assert refused == denied("linker", "iam:CreateServiceLinkedRole", eks)
    unknown = admin.refused("iam", "create_service_linked_role", AWSServiceName="nothing.amazonaws.com")
    assert (unknown.code, unknown.status) == ("InvalidInput", 400)
    protected = home.refused("iam", "delete_role", RoleName="AWSServiceRoleForEC2Spot")
    assert (protected.code, protected.status) == ("UnmodifiableEntity", 400)
    task = home.ask("iam", "delete_service_linked_role", RoleName="AWSServiceRoleForEC2Spot")
    status = home.ask("iam", "get_service_linked_role_deletion_status", DeletionTaskId=task["DeletionTaskId"])
    assert status["Status"] == "SUCCEEDED"


@dataclass(frozen=True, slots=True)
class Device:
    """A device in a user's hand: it shows codes by the lab's clock."""

    lab: RunningLab
    serial: str
    seed: Secret

    def step(self) -> int:
        return time_step(Instant.parse_rfc3339(self.lab.client.get("/status")["time"]))

    def code(self, step: int) -> dict[str, str]:
        return {"SerialNumber": self.serial, "TokenCode": totp(self.seed, step)}


def new_device(admin: Caller, user: str) -> tuple[Device, int]:
    """Give a user a device; returns it with the step whose code was used last."""
    made = admin.ask("iam", "create_virtual_mfa_device", VirtualMFADeviceName=user)["VirtualMFADevice"]
    device = Device(admin.lab, made["SerialNumber"], Secret(made["Base32StringSeed"].decode()))
    step = device.step()
    admin.ask(
        "iam",
        "enable_mfa_device",
        UserName=user,
        SerialNumber=device.serial,
        AuthenticationCode1=totp(device.seed, step - 2),
        AuthenticationCode2=totp(device.seed, step - 1),
    )
    return device, step - 1


def test_a_code_makes_a_session_with_mfa_and_works_once(lab: RunningLab, home: Caller) -> None:
    own = policy("iam:GetUser", Resource="*", Condition=WITH_MFA)
    fresh = policy(
        "s3:ListAllMyBuckets", Resource="*", Condition={"NumericLessThan": {"aws:MultiFactorAuthAge": "3600"}}
    )
    user = new_user(home, "careful", own, fresh)
    device, used = new_device(home, "careful")
    assert user.refused("iam", "get_user") == denied("careful", "iam:GetUser", f"{IAM}user/careful")
    assert user.refused("sts", "get_session_token", **device.code(used)) == NO_CODE
    session = user.with_credentials(user.ask("sts", "get_session_token", **device.code(used + 1)))
    assert session.ask("iam", "get_user")["User"]["UserName"] == "careful"
    assert session.ask("s3", "list_buckets")["Buckets"] == []
    assert user.refused("sts", "get_session_token", **device.code(used + 1)) == NO_CODE
    assert "sts.mfa-refused" in codes_of(last_refusal(lab))
    plain = user.with_credentials(user.ask("sts", "get_session_token"))
    refused = plain.refused("s3", "list_buckets")
    assert (refused.code, refused.status) == ("AccessDenied", 403)


def test_a_role_that_asks_for_mfa_is_assumed_with_a_code_once(home: Caller) -> None:
    user = new_user(home, "assumer", policy("sts:AssumeRole", Resource="*"))
    new_role(home, "guarded", trust(user.arn, Condition=WITH_MFA))
    device, used = new_device(home, "assumer")
    role = assuming("guarded", HOME)
    assert user.refused("sts", "assume_role", **role).code == "AccessDenied"
    session = user.with_credentials(user.ask("sts", "assume_role", **role, **device.code(used + 1)))
    assert session.arn == f"arn:aws:sts::{HOME}:assumed-role/guarded/s-1"
    assert user.refused("sts", "assume_role", **role, **device.code(used + 1)) == NO_CODE


def test_codes_cannot_be_guessed_without_end(lab: RunningLab, home: Caller) -> None:
    user, other = new_user(home, "guessed"), new_user(home, "guesser")
    device, used = new_device(home, "guessed")
    wrong = f"{(int(totp(device.seed, used + 1)) + 1) % 10**6:06d}"
    told = {"SerialNumber": device.serial, "TokenCode": wrong}
    for _ in range(8):  # another's attempts do not count
        assert other.refused("sts", "get_session_token", **told) == NO_CODE
    for _ in range(6):
        assert user.refused("sts", "get_session_token", **told) == NO_CODE
    assert "sts.mfa-locked" in codes_of(last_refusal(lab))
    assert user.refused("sts", "get_session_token", **device.code(used + 1)) == NO_CODE
    lab.client.post("/clock", {"seconds": 60})
    try:
        assert user.ask("sts", "get_session_token", **device.code(device.step()))
        assert user.refused("sts", "get_session_token", **told) == NO_CODE
        assert "sts.mfa-refused" in codes_of(last_refusal(lab))
    finally:
        lab.client.post("/clock", {"reset": True})


def test_the_device_of_another_user_proves_nothing(home: Caller) -> None:
    user = new_user(home, "thief")
    home.ask("iam", "create_user", UserName="owner")
    device, used = new_device(home, "owner")
    assert user.refused("sts", "get_session_token", **device.code(used + 1)) == NO_CODE


SELF_SERVICE = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "iam:CreateVirtualMFADevice", "Resource": "arn:aws:iam::*:mfa/*"},
            {
                "Effect": "Allow",
                "Action": ["iam:EnableMFADevice", "iam:ListMFADevices", "iam:ResyncMFADevice"],
                "Resource": "arn:aws:iam::*:user/${aws:username}",
            },
            {
                "Effect": "Allow",
                "Action": "iam:DeactivateMFADevice",
                "Resource": "arn:aws:iam::*:user/${aws:username}",
                "Condition": WITH_MFA,
            },
        ],
    }
)


def test_users_manage_their_own_device_and_nobody_else_s(home: Caller) -> None:
    """IAM User Guide, "AWS: Allows MFA-authenticated IAM users to manage their own MFA device"."""
    user = new_user(home, "self", SELF_SERVICE)
    device, used = new_device(user, "self")
    assert user.ask("iam", "list_mfa_devices")["MFADevices"][0]["SerialNumber"] == device.serial
    asked = {"UserName": "self", "SerialNumber": device.serial}
    assert user.refused("iam", "deactivate_mfa_device", **asked) == denied(
        "self", "iam:DeactivateMFADevice", f"{IAM}user/self"
    )
    codes = {"AuthenticationCode1": "000000", "AuthenticationCode2": "000001"}
    refused = user.refused("iam", "resync_mfa_device", **asked, **codes)
    assert (refused.code, refused.status) == ("InvalidAuthenticationCode", 403)
    assert user.refused("iam", "list_mfa_devices", UserName="owner").code == "AccessDenied"
    session = user.with_credentials(user.ask("sts", "get_session_token", **device.code(used + 1)))
    session.ask("iam", "deactivate_mfa_device", **asked)
    assert session.ask("iam", "list_mfa_devices")["MFADevices"] == []


def test_no_seed_no_code_and_no_password_is_a_fact_or_in_the_journal(lab: RunningLab, home: Caller) -> None:
    user = new_user(home, "quiet")
    password = "Correct-horse-1"
    home.ask("iam", "create_login_profile", UserName="quiet", Password=password)
    taken = home.refused("iam", "create_login_profile", UserName="quiet", Password=password)
    assert (taken.code, taken.status) == ("EntityAlreadyExists", 409)
    device, used = new_device(home, "quiet")
    user.ask("sts", "get_session_token", **device.code(used + 1))
    user.refused("sts", "get_session_token", **device.code(used + 1))
    told = json.dumps([lab.client.get("/facts"), lab.client.get("/journal")])
    assert device.serial in told
    for secret in (device.seed.reveal(), f'"{totp(device.seed, used + 1)}"', password):
        assert secret not in told


def kill(lab: RunningLab) -> None:
    """Kill the lab alone, by the id in its own lock, and wait until it is gone."""
    pid = int((lab.state.path / "lab.lock").read_text())
    os.kill(pid, signal.SIGKILL)
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.005)
    raise AssertionError("the lab is still there")


def test_what_iam_keeps_outlives_a_kill(tmp_path: Path) -> None:
    with running_lab(tmp_path) as lab:
        home = profile(lab, "default")
        fence = managed(home, "fence", "sts:*")
        user = new_user(home, "kept", ALL)
        home.ask("iam", "put_user_permissions_boundary", UserName="kept", PermissionsBoundary=fence)
        home.ask("iam", "create_instance_profile", InstanceProfileName="node")
        home.ask("iam", "create_account_alias", AccountAlias="ours")
        home.ask("iam", "update_account_password_policy", MinimumPasswordLength=14)
        home.ask("iam", "create_login_profile", UserName="kept", Password="Correct-horse-1")
        home.ask("iam", "create_service_linked_role", AWSServiceName="spot.amazonaws.com")
        device, used = new_device(home, "kept")
        user.ask("sts", "get_session_token", **device.code(used + 1))
        kill(lab)
        lab.start()
        home, user = profile(lab, "default"), Caller(lab, user.key_id, user.secret)
        assert user.refused("iam", "list_users").message.endswith(
            "because no permissions boundary allows the iam:ListUsers action"
        )
        assert user.refused("sts", "get_session_token", **device.code(used + 1)) == NO_CODE
        summary = home.ask("iam", "get_account_summary")["SummaryMap"]
        assert (summary["MFADevicesInUse"], summary["InstanceProfiles"]) == (1, 1)
        assert home.ask("iam", "list_account_aliases")["AccountAliases"] == ["ours"]
        shown = home.ask("iam", "get_account_password_policy")["PasswordPolicy"]
        assert shown["MinimumPasswordLength"] == 14
        assert home.ask("iam", "get_login_profile", UserName="kept")["LoginProfile"]["UserName"] == "kept"
        assert home.ask("iam", "get_role", RoleName="AWSServiceRoleForEC2Spot")["Role"]["Path"] == (
            "/aws-service-role/spot.amazonaws.com/"
        )
