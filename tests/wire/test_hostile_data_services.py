"""Calls that mean one thing to a decision and another to moto: each way to what a caller may not reach."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from e2e.hostile_wire import Doors, render
from sekisho.testing import RunningLab, running_lab
from support.boto_lab import AWAY, HOME, REGION, Caller, Refused, new_user, policy, profile
from support.buckets import HERE, fresh, get, new_bucket, put_policy, to

NO_SUCH_UPLOAD = "NoSuchUpload"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("hostile-data")) as running:
        yield running


@pytest.fixture(scope="module")
def home(lab: RunningLab) -> Caller:
    return profile(lab, "default")


@pytest.fixture(scope="module")
def away(lab: RunningLab) -> Caller:
    return profile(lab, "target-env")


@pytest.fixture(scope="module")
def vault_key(home: Caller) -> str:
    arn: str = home.ask("kms", "create_key")["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture(scope="module")
def keyless(home: Caller, vault_key: str) -> Caller:
    """Return a user who may do everything but use the key of the vault."""
    denied = {"Effect": "Deny", "Action": "kms:*", "Resource": vault_key}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [everything, denied]})
    return new_user(home, fresh("keyless"), text)


def denied_the_key(refused: Refused, vault_key: str, action: str = "kms:Decrypt") -> bool:
    return f"is not authorized to perform: {action} on resource: {vault_key} " in refused.message


def test_naming_another_source_key_does_not_open_a_ciphertext(
    home: Caller, keyless: Caller, vault_key: str
) -> None:
    own = home.ask("kms", "create_key")["KeyMetadata"]["Arn"]
    blob = home.ask("kms", "encrypt", KeyId=vault_key, Plaintext=b"secret")["CiphertextBlob"]
    asked = {"CiphertextBlob": blob, "DestinationKeyId": own}
    for named in ({}, {"SourceKeyId": own}, {"SourceKeyId": own.rpartition("/")[2]}):
        refused = keyless.refused("kms", "re_encrypt", **asked, **named)
        assert denied_the_key(refused, vault_key, "kms:ReEncryptFrom")
    assert denied_the_key(keyless.refused("kms", "decrypt", CiphertextBlob=blob, KeyId=own), vault_key)
    wrong = home.refused("kms", "re_encrypt", **asked, SourceKeyId=own)
    assert (wrong.code, wrong.status) == ("IncorrectKeyException", 400)
    moved = home.ask("kms", "re_encrypt", **asked, SourceKeyId=vault_key)["CiphertextBlob"]
    assert keyless.ask("kms", "decrypt", CiphertextBlob=moved)["Plaintext"] == b"secret"


@pytest.fixture(scope="module")
def vault(home: Caller, vault_key: str) -> tuple[str, str]:
    """Return a bucket and the version of its object ``k`` that is encrypted with the key of the vault."""
    bucket = fresh("vault")
    home.ask("s3", "create_bucket", Bucket=bucket, **HERE)
    enabled = {"Status": "Enabled"}
    home.ask("s3", "put_bucket_versioning", Bucket=bucket, VersioningConfiguration=enabled)
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": vault_key, "Tagging": "level=high"}
    version: str = home.ask("s3", "put_object", Bucket=bucket, Key="k", Body=b"s", **encrypted)["VersionId"]
    home.ask("s3", "put_object", Bucket=bucket, Key="k", Body=b"plain", Tagging="level=low")
    return bucket, version


def test_an_encrypted_source_is_not_copied_without_its_key(
    home: Caller, keyless: Caller, vault: tuple[str, str], vault_key: str
) -> None:
    bucket, version = vault
    target = new_bucket(home, "copies")
    versioned = {"Bucket": bucket, "Key": "k", "VersionId": version}
    copy = {"Bucket": target, "Key": "c", "CopySource": versioned}
    assert denied_the_key(keyless.refused("s3", "copy_object", **copy), vault_key)
    upload = home.ask("s3", "create_multipart_upload", Bucket=target, Key="c")["UploadId"]
    part = {**copy, "UploadId": upload, "PartNumber": 1}
    assert denied_the_key(keyless.refused("s3", "upload_part_copy", **part), vault_key)
    assert home.ask("s3", "upload_part_copy", **part)["CopyPartResult"]["ETag"]
    keyless.ask("s3", "copy_object", **{**copy, "CopySource": {"Bucket": bucket, "Key": "k"}})
    assert get(keyless, target, "c") == b"plain"
    home.ask("s3", "copy_object", **copy)
    assert get(home, target, "c") == b"s"


def test_each_version_of_an_object_has_its_own_key_and_tags(
    home: Caller, keyless: Caller, vault: tuple[str, str], vault_key: str
) -> None:
    bucket, version = vault
    asked = {"Bucket": bucket, "Key": "k", "VersionId": version}
    assert get(keyless, bucket) == b"plain"
    assert denied_the_key(keyless.refused("s3", "get_object", **asked), vault_key)
    tagged = {"StringEquals": {"s3:ExistingObjectTag/level": "low"}}
    low = new_user(home, fresh("low"), policy("s3:GetObject*", Resource="*", Condition=tagged))
    also = policy("kms:Decrypt", Resource="*")
    home.ask(
        "iam", "put_user_policy", UserName=low.arn.rpartition("/")[2], PolicyName="k", PolicyDocument=also
    )
    assert get(low, bucket) == b"plain"
    assert low.refused("s3", "get_object", **asked).code == "AccessDenied"
    assert home.ask("s3", "get_object", **asked)["Body"].read() == b"s"


def test_a_deleted_object_is_gone_and_its_versions_stay_locked(
    home: Caller, keyless: Caller, vault_key: str
) -> None:
    bucket = fresh("deleted")
    home.ask("s3", "create_bucket", Bucket=bucket, **HERE)
    home.ask("s3", "put_bucket_versioning", Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": vault_key}
    version = home.ask("s3", "put_object", Bucket=bucket, Key="k", Body=b"s", **encrypted)["VersionId"]
    home.ask("s3", "delete_object", Bucket=bucket, Key="k")
    gone = home.refused("s3", "get_object", Bucket=bucket, Key="k")
    assert (gone.code, gone.status) == ("NoSuchKey", 404)
    refused = keyless.refused("s3", "get_object", Bucket=bucket, Key="k", VersionId=version)
    assert denied_the_key(refused, vault_key)


def test_an_upload_belongs_to_the_object_that_it_was_begun_for(home: Caller) -> None:
    """An upload is found by its id alone, and what is written is the object that it was begun for."""
    bucket = new_bucket(home, "uploads")
    upload = home.ask("s3", "create_multipart_upload", Bucket=bucket, Key="theirs")["UploadId"]
    mine = f"arn:aws:s3:::{bucket}/mine"
    writer = new_user(
        home,
        fresh("writer"),
        policy("s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", Resource=mine),
    )
    named = {"Bucket": bucket, "Key": "mine", "UploadId": upload}
    parts = {"Parts": [{"ETag": "e", "PartNumber": 1}]}
    for operation, more in (
        ("upload_part", {"PartNumber": 1, "Body": b"evil"}),
        ("complete_multipart_upload", {"MultipartUpload": parts}),
        ("abort_multipart_upload", {}),
        ("list_parts", {}),
    ):
        assert writer.refused("s3", operation, **named, **more).code == NO_SUCH_UPLOAD
    own = writer.ask("s3", "create_multipart_upload", Bucket=bucket, Key="mine")["UploadId"]
    tag = writer.ask("s3", "upload_part", Bucket=bucket, Key="mine", UploadId=own, PartNumber=1, Body=b"1")
    whole = {"Parts": [{"ETag": tag["ETag"], "PartNumber": 1}]}
    writer.ask(
        "s3", "complete_multipart_upload", Bucket=bucket, Key="mine", UploadId=own, MultipartUpload=whole
    )
    assert get(home, bucket, "mine") == b"1"


def new_table(owner: Caller, name: str) -> None:
    owner.ask(
        "dynamodb",
        "create_table",
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    owner.ask("dynamodb", "put_item", TableName=name, Item={"id": {"S": "1"}, "whose": {"S": owner.arn}})


def test_tables_of_two_accounts_are_not_read_from_the_first_ones(home: Caller, away: Caller) -> None:
    """Permission on one's own table of a name is none on the other account's."""
    for owner in (home, away):
        for name in ("open", "shut"):
            new_table(owner, name)
    shared = f"arn:aws:dynamodb:{REGION}:{AWAY}:table/open"
    text = policy("dynamodb:Batch*", Principal={"AWS": HOME}, Resource=shared)
    away.ask("dynamodb", "put_resource_policy", ResourceArn=shared, Policy=text)
    reader = new_user(home, fresh("reader"), policy("dynamodb:*", Resource="*"))
    keys = {"Keys": [{"id": {"S": "1"}}]}
    found = reader.ask("dynamodb", "batch_get_item", RequestItems={shared: keys})["Responses"]
    assert found == {shared: [{"id": {"S": "1"}, "whose": {"S": away.arn}}]}
    for own in ("shut", f"arn:aws:dynamodb:{REGION}:{HOME}:table/shut"):
        refused = reader.refused("dynamodb", "batch_get_item", RequestItems={shared: keys, own: keys})
        assert refused.code == "SekishoUnserved"
    item = {"PutRequest": {"Item": {"id": {"S": "2"}}}}
    write = {shared: [item], "shut": [item]}
    assert reader.refused("dynamodb", "batch_write_item", RequestItems=write).code == "SekishoUnserved"
    assert away.ask("dynamodb", "scan", TableName="shut")["Count"] == 1


def test_publishing_to_two_targets_is_publishing_to_neither(home: Caller) -> None:
    topics = [home.ask("sns", "create_topic", Name=fresh("topic"))["TopicArn"] for _ in range(2)]
    publisher = new_user(home, fresh("publisher"), policy("sns:Publish", Resource=topics[0]))
    both = {"TopicArn": topics[0], "TargetArn": topics[1]}
    assert publisher.refused("sns", "publish", Message="m", **both).code == "SekishoUnmapped"
    phone = {"TopicArn": topics[0], "PhoneNumber": "+49301234567"}
    assert publisher.refused("sns", "publish", Message="m", **phone).code == "SekishoUnmapped"
    assert publisher.ask("sns", "publish", Message="m", TargetArn=topics[0])["MessageId"]


def test_a_queue_is_not_reached_by_an_account_that_is_none(home: Caller) -> None:
    url = home.ask("sqs", "create_queue", QueueName=fresh("shut"))["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{HOME}:{url.rpartition('/')[2]}"
    denied = {"Effect": "Deny", "Action": "*", "Resource": arn}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [everything, denied]})
    shut_out = new_user(home, fresh("shut-out"), text)
    asked: dict[str, Any] = {"MessageBody": "m"}
    assert shut_out.refused("sqs", "send_message", QueueUrl=url, **asked).code == "AccessDenied"
    for owner in (f"0{HOME}", "1", "\u0661" * 12):
        refused = shut_out.refused("sqs", "send_message", QueueUrl=url.replace(HOME, owner), **asked)
        assert refused.code == "SekishoUnmapped"
    refused = shut_out.refused(
        "sqs", "get_queue_url", QueueName=arn.rpartition(":")[2], QueueOwnerAWSAccountId=f"0{HOME}"
    )
    assert refused.code == "SekishoUnmapped"


def test_secure_parameters_are_not_read_without_their_key(
    home: Caller, keyless: Caller, vault_key: str
) -> None:
    secure = {"Type": "SecureString", "KeyId": vault_key, "Value": "s"}
    write = keyless.refused("ssm", "put_parameter", Name="/vault/a", **secure)
    assert denied_the_key(write, vault_key, "kms:Encrypt")
    home.ask("ssm", "put_parameter", Name="/vault/a", **secure)
    home.ask("ssm", "put_parameter", Name="/vault/b", Value="open", Type="String")
    for operation, named in (
        ("get_parameter", {"Name": "/vault/a"}),
        ("get_parameter", {"Name": f"arn:aws:ssm:{REGION}:{HOME}:parameter/vault/a"}),
        ("get_parameter", {"Name": "/vault/a:1"}),
        ("get_parameters", {"Names": ["/vault/b", "/vault/a"]}),
        ("get_parameter_history", {"Name": "/vault/a"}),
        ("get_parameters_by_path", {"Path": "/vault"}),
        ("get_parameters_by_path", {"Path": "/", "Recursive": True}),
    ):
        assert denied_the_key(keyless.refused("ssm", operation, WithDecryption=True, **named), vault_key)
    sealed = keyless.ask("ssm", "get_parameter", Name="/vault/a")["Parameter"]["Value"]
    assert sealed != "s"
    found = keyless.ask("ssm", "get_parameter", Name="/vault/b", WithDecryption=True)
    assert found["Parameter"]["Value"] == "open"
    read = home.ask("ssm", "get_parameters_by_path", Path="/vault", WithDecryption=True)["Parameters"]
    assert {one["Name"]: one["Value"] for one in read} == {"/vault/a": "s", "/vault/b": "open"}


def test_a_parameter_that_stands_for_a_secret_is_not_served(home: Caller) -> None:
    """Whoever may read parameters may not read secrets by that."""
    home.ask("secretsmanager", "create_secret", Name="pw", SecretString="s")
    reader = new_user(home, fresh("parameters"), policy("ssm:*", Resource="*"))
    name = "/aws/reference/secretsmanager/pw"
    refused = reader.refused("ssm", "get_parameter", Name=name, WithDecryption=True)
    assert refused.code == "SekishoUnmapped"
    refused = reader.refused("ssm", "get_parameters", Names=["a", name], WithDecryption=True)
    assert refused.code == "SekishoUnmapped"


def test_a_bucket_of_another_account_is_not_copied_from_by_other_spellings(
    home: Caller, away: Caller
) -> None:
    theirs, mine = new_bucket(away, "theirs"), new_bucket(home, "mine")
    put_policy(away, theirs, {**to(HOME), "Resource": f"arn:aws:s3:::{theirs}/open"})
    guest = new_user(home, fresh("guest"), policy("s3:*", Resource="*"))
    for source in (
        f"{theirs}/k",
        f"/{theirs}/k",
        f"{theirs}%2Fk",
        f"%2F{theirs}/k",
        f"//{theirs}/k",
        f"{theirs}/open#/../k",
        f"{theirs}/k?versionId=null",
    ):
        refused = guest.refused("s3", "copy_object", Bucket=mine, Key="c", CopySource=source)
        assert refused.status in (400, 403, 404), source
    assert home.refused("s3", "get_object", Bucket=mine, Key="c").code == "NoSuchKey"


def test_the_policy_of_a_bucket_is_its_owners_whatever_it_grants(
    lab: RunningLab, home: Caller, away: Caller
) -> None:
    bucket = new_bucket(home, "given-away")
    home.ask("s3", "delete_public_access_block", Bucket=bucket)
    put_policy(home, bucket, {"Principal": "*", "Action": "s3:*", "Resource": f"arn:aws:s3:::{bucket}"})
    guest = new_user(away, fresh("guest"), policy("s3:*", Resource="*"))
    text = home.ask("s3", "get_bucket_policy", Bucket=bucket)["Policy"]
    not_allowed = Refused(
        "MethodNotAllowed", 405, "The specified method is not allowed against this resource."
    )
    assert guest.refused("s3", "put_bucket_policy", Bucket=bucket, Policy=text) == not_allowed
    assert guest.refused("s3", "get_bucket_policy", Bucket=bucket) == not_allowed
    assert guest.refused("s3", "delete_bucket_policy", Bucket=bucket) == not_allowed
    assert guest.ask("s3", "list_objects_v2", Bucket=bucket)["KeyCount"] == 1
    doors, host = Doors.of(lab), f"s3.{REGION}.amazonaws.com"
    for method, body in (("GET", b""), ("DELETE", b""), ("PUT", text.encode())):
        request = render(method, f"/{bucket}?policy", [("host", host)], body)
        assert doors.send(doors.aws(host), request).status == 405
    assert home.ask("s3", "get_bucket_policy", Bucket=bucket)["Policy"] == text


def test_a_key_is_not_administered_from_another_account(home: Caller, away: Caller) -> None:
    key = home.ask("kms", "create_key")["KeyMetadata"]["Arn"]
    text = home.ask("kms", "get_key_policy", KeyId=key, PolicyName="default")["Policy"]
    shared = json.loads(text)
    given = {"Effect": "Allow", "Principal": {"AWS": AWAY}, "Action": "kms:*", "Resource": "*"}
    shared["Statement"].append({"Sid": "away", **given})
    home.ask("kms", "put_key_policy", KeyId=key, PolicyName="default", Policy=json.dumps(shared))
    guest = new_user(away, fresh("guest"), policy("kms:*", Resource="*"))
    for operation, more in (
        ("put_key_policy", {"PolicyName": "default", "Policy": text}),
        ("get_key_policy", {"PolicyName": "default"}),
        ("schedule_key_deletion", {"PendingWindowInDays": 7}),
        ("disable_key", {}),
        ("tag_resource", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
    ):
        refused = guest.refused("kms", operation, KeyId=key, **more)
        assert refused.code == "AccessDeniedException"
        assert "on this resource because the resource does not exist in this Region" in refused.message
    blob = guest.ask("kms", "encrypt", KeyId=key, Plaintext=b"s")["CiphertextBlob"]
    assert guest.ask("kms", "decrypt", CiphertextBlob=blob)["Plaintext"] == b"s"
    assert guest.ask("kms", "describe_key", KeyId=key)["KeyMetadata"]["Enabled"] is True
