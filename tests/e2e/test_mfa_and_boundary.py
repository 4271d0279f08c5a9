"""The AWS CLI through two stories: a user gets an MFA device and needs it; a boundary holds a user back."""

import base64
import hmac
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.e2e_shell import ACCOUNT, Shell, shell_of
from sekisho.decide.values import Instant
from sekisho.testing import running_lab

SERIAL = f"arn:aws:iam::{ACCOUNT}:mfa/mira"
GUARDED = f"arn:aws:iam::{ACCOUNT}:role/guarded"


def policy(*actions: str, **members: object) -> str:
    statement = {"Effect": "Allow", "Action": list(actions), **members}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = tmp_path_factory.mktemp("mfa")
    with running_lab(folder) as lab:
        yield shell_of(lab, folder / "bin", ("aws",))


def code(shell: Shell, seed: str, ahead: int) -> str:
    """Return the code that an authenticator app shows, ``ahead`` half-minutes from now (RFC 6238)."""
    now = Instant.parse_rfc3339(shell.lab.client.get("/status")["time"])
    step = int(now.epoch) // 30 + ahead
    digest = hmac.digest(base64.b32decode(seed), step.to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    return str((int.from_bytes(digest[start : start + 4], "big") & 0x7FFFFFFF) % 1_000_000).zfill(6)


def test_a_role_behind_mfa(shell: Shell, tmp_path: Path) -> None:
    mira = shell.new_user("mira")
    allow = policy("sts:AssumeRole", Resource=GUARDED)
    shell.output("aws iam put-user-policy --user-name mira --policy-name p --policy-document", allow)
    guard = policy(
        "sts:AssumeRole",
        Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:user/mira"},
        Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    )
    shell.output("aws iam create-role --role-name guarded --assume-role-policy-document", guard)

    seed_file, image = tmp_path / "seed", tmp_path / "code.png"
    create = "aws iam create-virtual-mfa-device --virtual-mfa-device-name"
    bootstrap = ("--bootstrap-method", "Base32StringSeed", "--outfile", seed_file)
    made = json.loads(shell.output(f"{create} mira", *bootstrap))
    assert made["VirtualMFADevice"]["SerialNumber"] == SERIAL
    seed = seed_file.read_text()
    shell.output(f"{create} spare --bootstrap-method QRCodePNG --outfile", image)
    assert image.read_bytes().startswith(b"\x89PNG")

    enable = f"aws iam enable-mfa-device --user-name mira --serial-number {SERIAL}"
    wrong = shell(f"{enable} --authentication-code1 000000 --authentication-code2 000001")
    assert "(InvalidAuthenticationCode) when calling the EnableMFADevice operation" in wrong.stderr
    codes = ("--authentication-code1", code(shell, seed, -2), "--authentication-code2", code(shell, seed, -1))
    shell.output(enable, *codes)
    listed = shell.document("aws iam list-mfa-devices --user-name mira")["MFADevices"]
    assert [device["SerialNumber"] for device in listed] == [SERIAL]

    assume = f"aws sts assume-role --role-arn {GUARDED} --role-session-name s-1"
    refused = mira(assume)
    assert "(AccessDenied) when calling the AssumeRole operation" in refused.stderr
    shown = code(shell, seed, 0)
    token = mira.document(f"aws sts get-session-token --serial-number {SERIAL} --token-code {shown}")
    again = mira(f"aws sts get-session-token --serial-number {SERIAL} --token-code {shown}")
    assert "MultiFactorAuthentication failed with invalid MFA one time pass code" in again.stderr
    with_mfa = mira.using(
        AWS_ACCESS_KEY_ID=token["Credentials"]["AccessKeyId"],
        AWS_SECRET_ACCESS_KEY=token["Credentials"]["SecretAccessKey"],
        AWS_SESSION_TOKEN=token["Credentials"]["SessionToken"],
    )
    assert with_mfa.document(assume)["AssumedRoleUser"]["Arn"].endswith(":assumed-role/guarded/s-1")
    direct = mira.document(f"{assume} --serial-number {SERIAL} --token-code", code(shell, seed, 1))
    assert direct["AssumedRoleUser"]["Arn"].endswith(":assumed-role/guarded/s-1")


def test_a_boundary_is_explained(shell: Shell) -> None:
    ana = shell.new_user("ana")
    admin = "arn:aws:iam::aws:policy/AdministratorAccess"
    shell.output(f"aws iam attach-user-policy --user-name ana --policy-arn {admin}")
    assert ana("aws iam list-users").returncode == 0
    fence = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    shell.output(f"aws iam put-user-permissions-boundary --user-name ana --permissions-boundary {fence}")
    refused = ana("aws iam list-users")
    assert "because no permissions boundary allows the iam:ListUsers action" in refused.stderr
    why = shell("sekisho why --last").stdout
    assert "the permissions boundary of" in why
    assert "[iam.no-boundary-allows]" in why
    assert "a statement of AmazonS3ReadOnlyAccess does not list iam:ListUsers" in why
    assert ana("aws s3 ls").returncode == 0
    users = shell.document(
        f"aws iam list-entities-for-policy --policy-arn {fence} --policy-usage-filter PermissionsBoundary"
    )
    assert [user["UserName"] for user in users["PolicyUsers"]] == ["ana"]
