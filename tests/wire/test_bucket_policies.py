"""Bucket policies in a running lab, with real boto3: each side missing in turn.

What the client is told is AWS's; the journal names the layer that refused.
"""

import json
from typing import Any

import pytest

from sekisho.testing import RunningLab
from support.boto_lab import (
    AWAY,
    HOME,
    Caller,
    Refused,
    codes_of,
    delete_user,
    last_refusal,
    new_role,
    new_user,
    policy,
    trust,
)
from support.buckets import DENIED, GUEST, POWERLESS, fresh, get, new_bucket, of, put_policy, to

RESOURCE_LAYER = ("resource", "resource-based policy")


@pytest.fixture(scope="module")
def bucket(home: Caller) -> str:
    return new_bucket(home, "shared")


@pytest.fixture(scope="module")
def guest(away: Caller) -> Caller:
    """Return a user of the other account who may do anything of S3 and KMS, as far as that account says."""
    return new_user(away, "guest", policy("s3:*", "kms:*", Resource="*"))


@pytest.fixture(scope="module")
def powerless(home: Caller) -> Caller:
    return new_user(home, "powerless")


# what the bucket's policy says -> whether the guest of the other account reads
CROSS: dict[str, tuple[tuple[dict[str, Any], ...], list[str]]] = {
    "names the account": ((to(AWAY),), []),
    "names the root of the account": ((to(f"arn:aws:iam::{AWAY}:root"),), []),
    "names the user": ((to(GUEST),), []),
    "names another account": ((to(HOME),), ["iam.no-resource-policy-allows"]),
    "allows another action": (
        ({**to(GUEST), "Action": "s3:PutObject"},),
        ["iam.no-resource-policy-allows"],
    ),
    "allows and denies": ((to(GUEST), {**to(AWAY), "Effect": "Deny"}), ["iam.denied"]),
    "denies without TLS": (
        (to(GUEST), {**to("*"), "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}),
        [],
    ),
    "denies with TLS": (
        (to(GUEST), {**to("*"), "Effect": "Deny", "Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
        ["iam.denied"],
    ),
    "asks for the address it comes from": (
        ({**to(GUEST), "Condition": {"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}},),
        [],
    ),
    "asks for another address": (
        ({**to(GUEST), "Condition": {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}},),
        ["iam.no-resource-policy-allows"],
    ),
    "asks for an organization that it is not in": (
        ({**to("*"), "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-elsewhere1"}}},),
        ["iam.no-resource-policy-allows"],
    ),
    "asks for header authentication": (
        ({**to(GUEST), "Condition": {"StringEquals": {"s3:authType": "REST-HEADER"}}},),
        [],
    ),
    "asks for query authentication": (
        ({**to(GUEST), "Condition": {"StringEquals": {"s3:authType": "REST-QUERY-STRING"}}},),
        ["iam.no-resource-policy-allows"],
    ),
}


@pytest.mark.parametrize("case", CROSS)
def test_an_object_of_another_account(
    lab: RunningLab, home: Caller, guest: Caller, bucket: str, case: str
) -> None:
    statements, codes = CROSS[case]
    put_policy(home, bucket, *statements)
    if not codes:
        assert get(guest, bucket) == b"content"
        return
    assert guest.refused("s3", "get_object", Bucket=bucket, Key="k") == DENIED
    entry = last_refusal(lab)
    assert (entry["who"], codes_of(entry)) == (GUEST, codes)
    assert dict(entry["chain"]["links"][-1]["decisive"][0]["facts"])["layer"] in RESOURCE_LAYER


def test_an_object_of_another_account_needs_the_callers_own_side_too(
    lab: RunningLab, home: Caller, away: Caller, bucket: str
) -> None:
    put_policy(home, bucket, to(AWAY), to(f"arn:aws:iam::{AWAY}:root"))
    nobody = new_user(away, fresh("nobody"))
    assert nobody.refused("s3", "get_object", Bucket=bucket, Key="k") == DENIED
    entry = last_refusal(lab)
    assert codes_of(entry) == ["iam.no-statement-allows"]
    assert "identity" in json.dumps(entry["chain"]["links"][-1]["decisive"])


def test_without_a_policy_nothing_crosses(lab: RunningLab, home: Caller, guest: Caller) -> None:
    named = new_bucket(home, "private")
    assert guest.refused("s3", "get_object", Bucket=named, Key="k") == DENIED
    assert codes_of(last_refusal(lab)) == ["iam.no-resource-policy-allows"]
    put_policy(home, named, to(GUEST))
    assert get(guest, named) == b"content"
    home.ask("s3", "delete_bucket_policy", Bucket=named)
    assert guest.refused("s3", "get_object", Bucket=named, Key="k") == DENIED


def test_in_its_own_account_a_user_that_the_policy_names_needs_nothing_else(
    lab: RunningLab, home: Caller, powerless: Caller, bucket: str
) -> None:
    put_policy(home, bucket, to(POWERLESS))
    assert get(powerless, bucket) == b"content"
    put_policy(home, bucket, to(HOME))
    refused = powerless.refused("s3", "get_object", Bucket=bucket, Key="k")
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert refused.message == (
        f"User: {POWERLESS} is not authorized to perform: s3:GetObject on resource: "
        f'"arn:aws:s3:::{bucket}/k" because no identity-based policy allows the s3:GetObject action'
    )
    assert codes_of(last_refusal(lab)) == ["iam.no-statement-allows"]


def test_a_deny_of_the_bucket_binds_its_administrator(lab: RunningLab, home: Caller, bucket: str) -> None:
    secret = {"Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/secret/*"}
    put_policy(home, bucket, {**to("*"), "Effect": "Deny", **secret})
    refused = home.refused("s3", "put_object", Bucket=bucket, Key="secret/k", Body=b"")
    assert refused.message.endswith("with an explicit deny in a resource-based policy")
    assert codes_of(last_refusal(lab)) == ["iam.denied"]
    assert home.ask("s3", "put_object", Bucket=bucket, Key="open/k", Body=b"")["ETag"]


def test_whoever_bears_the_name_of_a_deleted_user_is_not_meant(
    home: Caller, away: Caller, bucket: str
) -> None:
    may = policy("s3:*", Resource="*")
    first = new_user(away, "mira", may)
    put_policy(home, bucket, to(f"arn:aws:iam::{AWAY}:user/mira"))
    assert get(first, bucket) == b"content"
    delete_user(away, "mira")
    second = new_user(away, "mira", may)
    assert second.refused("s3", "get_object", Bucket=bucket, Key="k") == DENIED


def test_the_session_of_a_role_that_the_policy_names(home: Caller, away: Caller, bucket: str) -> None:
    arn = new_role(away, "reader", trust(AWAY), policy("s3:GetObject", Resource="*"))
    put_policy(home, bucket, to(arn))
    session = away.assume("reader", AWAY)
    assert get(session, bucket) == b"content"
    # A grant to the session alone does not cross accounts without the identity side; with it, it does.
    put_policy(home, bucket, to(f"arn:aws:sts::{AWAY}:assumed-role/reader/other"))
    assert session.refused("s3", "get_object", Bucket=bucket, Key="k") == DENIED


BROKEN: dict[str, tuple[str, str]] = {
    "no JSON": ("nope", "Policies must be valid JSON and the first byte must be '{'"),
    "half a document": ('{"Version":', "Policies must be valid JSON and the first byte must be '{'"),
    "no principal": (
        policy("s3:GetObject", Resource="arn:aws:s3:::{bucket}/*"),
        "Missing required field Principal",
    ),
    "no resource": (policy("s3:GetObject", Principal="*"), "Missing required field Resource"),
    "another bucket": (
        policy("s3:GetObject", Principal={"AWS": AWAY}, Resource="arn:aws:s3:::elsewhere/*"),
        "Policy has invalid resource",
    ),
    "another service": (
        policy("sqs:SendMessage", Principal={"AWS": AWAY}, Resource="arn:aws:s3:::{bucket}/*"),
        "Policy has invalid action",
    ),
    "objects without objects": (
        policy("s3:GetObject", Principal={"AWS": AWAY}, Resource="arn:aws:s3:::{bucket}"),
        "Action does not apply to any resource(s) in statement",
    ),
    "a user who is not there": (
        policy(
            "s3:GetObject",
            Principal={"AWS": f"arn:aws:iam::{AWAY}:user/nobody-of-this-name"},
            Resource="arn:aws:s3:::{bucket}/*",
        ),
        "Invalid principal in policy",
    ),
    "an element that is none": (
        '{"Version":"2012-10-17","Statement":[],"Extra":1}',
        "Unknown field Extra",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_bucket_policy_that_s3_would_not_take(home: Caller, guest: Caller, bucket: str, case: str) -> None:
    text, sentence = BROKEN[case]
    put_policy(home, bucket, to(GUEST))
    refused = home.refused("s3", "put_bucket_policy", Bucket=bucket, Policy=text.replace("{bucket}", bucket))
    assert refused == Refused("MalformedPolicy", 400, sentence)
    assert get(guest, bucket) == b"content", "the policy before still holds"


def test_public_policies_are_kept_out_until_the_bucket_lets_them_in(
    lab: RunningLab, home: Caller, guest: Caller, bucket: str
) -> None:
    public = of(bucket, to("*"))
    refused = home.refused("s3", "put_bucket_policy", Bucket=bucket, Policy=public)
    assert (refused.code, refused.status) == ("AccessDenied", 403)
    assert "public policies are prevented by the BlockPublicPolicy setting" in refused.message
    half = {"BlockPublicPolicy": False, "RestrictPublicBuckets": True}
    home.ask("s3", "put_public_access_block", Bucket=bucket, PublicAccessBlockConfiguration=half)
    home.ask("s3", "put_bucket_policy", Bucket=bucket, Policy=public)
    assert guest.refused("s3", "get_object", Bucket=bucket, Key="k") == DENIED
    assert codes_of(last_refusal(lab)) == ["s3.public-access-restricted"]
    assert get(home, bucket) == b"content"
    home.ask("s3", "delete_public_access_block", Bucket=bucket)
    assert get(guest, bucket) == b"content"
    home.ask("s3", "delete_bucket_policy", Bucket=bucket)


def test_that_an_object_is_not_there_learns_who_may_list(
    lab: RunningLab, home: Caller, guest: Caller, bucket: str
) -> None:
    put_policy(home, bucket, to(GUEST))
    assert guest.refused("s3", "get_object", Bucket=bucket, Key="no-such") == DENIED
    assert "s3:ListBucket" in json.dumps(last_refusal(lab)["chain"]["links"][-1]["decisive"])
    assert guest.refused("s3", "head_object", Bucket=bucket, Key="no-such").status == 403
    lists = {**to(GUEST), "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{bucket}"}
    put_policy(home, bucket, to(GUEST), lists)
    assert guest.refused("s3", "get_object", Bucket=bucket, Key="no-such").code == "NoSuchKey"
    assert guest.refused("s3", "head_object", Bucket=bucket, Key="no-such").status == 404


def test_copying_asks_both_sides(
    lab: RunningLab, home: Caller, away: Caller, guest: Caller, bucket: str
) -> None:
    own = new_bucket(away, "copies")
    put_policy(home, bucket, {**to(GUEST), "Action": "s3:PutObject"})
    copy = {"Bucket": own, "Key": "c", "CopySource": {"Bucket": bucket, "Key": "k"}}
    assert guest.refused("s3", "copy_object", **copy) == DENIED
    link = last_refusal(lab)["chain"]["links"][-1]
    assert "s3:GetObject" in json.dumps(link["decisive"])
    put_policy(home, bucket, to(GUEST))
    guest.ask("s3", "copy_object", **copy)
    assert get(guest, own, "c") == b"content"
    back = {"Bucket": bucket, "Key": "c", "CopySource": {"Bucket": own, "Key": "k"}}
    assert guest.refused("s3", "copy_object", **back) == DENIED
    assert "s3:PutObject" in json.dumps(last_refusal(lab)["chain"]["links"][-1]["decisive"])


def test_deleting_many_decides_each_key(lab: RunningLab, home: Caller, bucket: str) -> None:
    for key in ("old/1", "old/&<2>", "kept"):
        home.ask("s3", "put_object", Bucket=bucket, Key=key, Body=b"")
    cleaner = new_user(
        home, fresh("cleaner"), policy("s3:DeleteObject", Resource=f"arn:aws:s3:::{bucket}/old/*")
    )
    keys = {"Objects": [{"Key": "old/1"}, {"Key": "kept"}, {"Key": "old/&<2>"}]}
    answer = cleaner.ask("s3", "delete_objects", Bucket=bucket, Delete=keys)
    assert sorted(one["Key"] for one in answer["Deleted"]) == ["old/&<2>", "old/1"]
    assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("kept", "AccessDenied")]
    assert codes_of(last_refusal(lab)) == ["iam.no-statement-allows"]
    assert get(home, bucket, "kept") == b""
    only = cleaner.ask("s3", "delete_objects", Bucket=bucket, Delete={"Objects": [{"Key": "kept"}]})
    assert ([one["Key"] for one in only["Errors"]], "Deleted" in only) == (["kept"], False)


def test_listing_is_held_to_its_prefix(home: Caller, bucket: str) -> None:
    arn = f"arn:aws:s3:::{bucket}"
    condition = {"StringLike": {"s3:prefix": "home/ana/*"}, "NumericLessThanEquals": {"s3:max-keys": "10"}}
    ana = new_user(home, fresh("ana"), policy("s3:ListBucket", Resource=arn, Condition=condition))
    asked = {"Bucket": bucket, "Prefix": "home/ana/x", "MaxKeys": 10}
    assert ana.ask("s3", "list_objects_v2", **asked)["KeyCount"] == 0
    for more in ({"Prefix": "home/bob/"}, {"MaxKeys": 11}):
        assert ana.refused("s3", "list_objects_v2", **{**asked, **more}).code == "AccessDenied"
    assert ana.refused("s3", "list_objects_v2", Bucket=bucket).code == "AccessDenied"


def test_tags_of_an_object_decide(home: Caller, guest: Caller, bucket: str) -> None:
    asks = {"StringEquals": {"s3:ExistingObjectTag/open": "yes"}}
    put_policy(home, bucket, {**to(GUEST), "Condition": asks})
    home.ask("s3", "put_object", Bucket=bucket, Key="t1", Body=b"1", Tagging="open=yes")
    home.ask("s3", "put_object", Bucket=bucket, Key="t2", Body=b"2", Tagging="open=no")
    assert get(guest, bucket, "t1") == b"1"
    for key in ("t2", "k"):
        assert guest.refused("s3", "get_object", Bucket=bucket, Key=key) == DENIED


def test_writing_is_held_to_encryption_and_request_tags(home: Caller, guest: Caller, bucket: str) -> None:
    asks = {"StringEquals": {"s3:x-amz-server-side-encryption": "AES256", "s3:RequestObjectTag/team": "red"}}
    may = {**to(GUEST), "Action": ["s3:PutObject", "s3:PutObjectTagging"], "Condition": asks}
    put_policy(home, bucket, may)
    right = {
        "Bucket": bucket,
        "Key": "w",
        "Body": b"",
        "ServerSideEncryption": "AES256",
        "Tagging": "team=red",
    }
    guest.ask("s3", "put_object", **right)
    assert guest.refused("s3", "put_object", **{**right, "Tagging": "team=blue"}) == DENIED
    assert guest.refused("s3", "put_object", **{**right, "ServerSideEncryption": "aws:kms"}) == DENIED


def test_uploads_in_parts_and_what_policies_do_not_open(home: Caller, guest: Caller, bucket: str) -> None:
    put_policy(home, bucket, {**to(GUEST), "Action": ["s3:PutObject", "s3:GetObject"]})
    s3 = guest.client("s3")
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
    part = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=b"one")
    assert guest.refused("s3", "list_parts", Bucket=bucket, Key="parts", UploadId=upload) == DENIED
    parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload=parts)
    assert get(guest, bucket, "parts") == b"one"
    acl = guest.refused(
        "s3", "put_object", Bucket=bucket, Key="acl", Body=b"", ACL="bucket-owner-full-control"
    )
    assert acl == DENIED, "setting an ACL needs a permission of its own"
    own = home.refused("s3", "put_object", Bucket=bucket, Key="acl", Body=b"", ACL="public-read")
    assert own == Refused("AccessControlListNotSupported", 400, "The bucket does not allow ACLs")
