"""`aws s3` and `aws s3api` against the lab: copy, sync, list, presign, and what a bucket policy refuses."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.e2e_shell import ACCOUNT, OTHER_ACCOUNT, Shell, shell_of
from e2e.hostile_wire import Doors, render
from sekisho.testing import RunningLab, running_lab

BUCKET = "command-line"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("s3")) as running:
        yield running


@pytest.fixture(scope="module")
def owner(lab: RunningLab, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = shell_of(lab, tmp_path_factory.mktemp("bin"), ("aws",)).using(AWS_PROFILE="default")
    shell.output(f"aws s3 mb s3://{BUCKET}")
    return shell


def allow(owner: Shell, *actions: str) -> None:
    """Let the other account in by the bucket's policy."""
    statement = {
        "Sid": "the other account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"},
        "Action": list(actions),
        "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"],
    }
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    owner.output(f"aws s3api put-bucket-policy --bucket {BUCKET} --policy", text)


def test_files_go_up_come_down_and_follow_a_folder(owner: Shell, tmp_path: Path) -> None:
    folder, back = tmp_path / "up", tmp_path / "back"
    folder.mkdir()
    (folder / "small.txt").write_text("hello")
    big = b"0123456789abcdef" * (9 * 65_536)
    (folder / "big.bin").write_bytes(big)
    owner.output(f"aws s3 cp {folder / 'small.txt'} s3://{BUCKET}/one.txt")
    assert owner.output(f"aws s3 cp s3://{BUCKET}/one.txt -") == "hello"
    owner.output(f"aws s3 sync {folder} s3://{BUCKET}/tree")
    owner.output(f"aws s3 sync s3://{BUCKET}/tree {back}")
    assert (back / "big.bin").read_bytes() == big, "nine megabytes go up in parts"
    listed = owner.output(f"aws s3 ls s3://{BUCKET}/ --recursive")
    assert [line.split()[-1] for line in listed.splitlines()] == ["one.txt", "tree/big.bin", "tree/small.txt"]
    owner.output(f"aws s3 mv s3://{BUCKET}/one.txt s3://{BUCKET}/two.txt")
    owner.output(f"aws s3 rm s3://{BUCKET}/tree --recursive")
    assert owner.output(f"aws s3 ls s3://{BUCKET}/").split()[-1] == "two.txt"


def test_the_other_account_sees_what_the_policy_lets_it_see(owner: Shell) -> None:
    other = owner.using(AWS_PROFILE="target-env")
    owner.output(f"aws s3api put-object --bucket {BUCKET} --key shared.txt --content-type text/plain")
    refused = other(f"aws s3 ls s3://{BUCKET}/")
    assert refused.returncode != 0
    assert (
        "An error occurred (AccessDenied) when calling the ListObjectsV2 operation: Access Denied"
        in refused.stderr
    )
    why = owner("sekisho why --last")
    assert why.returncode == 1
    assert f"arn:aws:iam::{OTHER_ACCOUNT}:user/eks-admin" in why.stdout
    assert f"the policy of arn:aws:s3:::{BUCKET} does not allow" in why.stdout
    allow(owner, "s3:ListBucket")
    assert "shared.txt" in other.output(f"aws s3 ls s3://{BUCKET}/")
    refused = other(f"aws s3api get-object --bucket {BUCKET} --key shared.txt /dev/null")
    assert "(AccessDenied) when calling the GetObject operation: Access Denied" in refused.stderr
    allow(owner, "s3:ListBucket", "s3:GetObject")
    other.output(f"aws s3api get-object --bucket {BUCKET} --key shared.txt /dev/null")
    told = json.loads(
        owner.output(f"aws s3api get-bucket-policy --bucket {BUCKET} --query Policy --output text")
    )
    assert told["Statement"][0]["Principal"] == {"AWS": f"arn:aws:iam::{OTHER_ACCOUNT}:root"}
    malformed = owner(f"aws s3api put-bucket-policy --bucket {BUCKET} --policy", '{"Statement": {}}')
    assert "(MalformedPolicy) when calling the PutBucketPolicy operation" in malformed.stderr


def test_a_presigned_url_is_a_key_for_one_object(lab: RunningLab, owner: Shell) -> None:
    owner.output(f"aws s3api put-object --bucket {BUCKET} --key letter --body", __file__)
    url = owner.output(f"aws s3 presign s3://{BUCKET}/letter --expires-in 60").strip()
    host, _, target = url.removeprefix("https://").partition("/")
    doors = Doors.of(lab)
    answer = doors.send(doors.aws(host), render("GET", f"/{target}", [("host", host)]))
    assert (answer.status, answer.body) == (200, Path(__file__).read_bytes()), (url, answer.text)
    moved = target.replace("letter", "shared.txt", 1)
    refused = doors.send(doors.aws(host), render("GET", f"/{moved}", [("host", host)]))
    assert (refused.status, "<Code>SignatureDoesNotMatch</Code>" in refused.text) == (403, True)
    bare = target.partition("?")[0]
    refused = doors.send(doors.aws(host), render("GET", f"/{bare}", [("host", host)]))
    assert (refused.status, "<Message>Access Denied</Message>" in refused.text) == (403, True)
    why = owner("sekisho why --last")
    assert (why.returncode, "anonymous" in why.stdout) == (1, True)
    assert (
        f"the policy of arn:aws:s3:::{BUCKET}/letter does not allow anonymous to do s3:GetObject"
        in why.stdout
    )


def test_a_secret_and_its_key_by_command(owner: Shell) -> None:
    key = owner.document("aws kms create-key")["KeyMetadata"]
    owner.output(f"aws kms create-alias --alias-name alias/app --target-key-id {key['KeyId']}")
    owner.output("aws secretsmanager create-secret --name db --secret-string s3cr3t --kms-key-id alias/app")
    read = "aws secretsmanager get-secret-value --secret-id"
    assert owner.document(f"{read} db")["SecretString"] == "s3cr3t"
    arn = owner.document("aws secretsmanager describe-secret --secret-id db")["ARN"]
    assert f":{ACCOUNT}:secret:db-" in arn
    refused = owner.using(AWS_PROFILE="target-env")(f"{read} {arn}")
    assert (
        "because no resource-based policy allows the secretsmanager:GetSecretValue action" in refused.stderr
    )
    assert owner.document("aws ec2 describe-vpcs")["Vpcs"][0]["IsDefault"] is True
