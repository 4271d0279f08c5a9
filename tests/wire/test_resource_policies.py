"""Policies of keys, secrets, queues, topics, tables and repositories: each side missing in turn."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from sekisho.testing import RunningLab
from support.boto_lab import (
    AWAY,
    HOME,
    REGION,
    Caller,
    Refused,
    codes_of,
    last_refusal,
    new_user,
    policy,
    profile,
)
from support.buckets import GUEST, POWERLESS, fresh, get, new_bucket, put_policy, to


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


KEY_ROOT = {"Effect": "Allow", "Principal": {"AWS": HOME}, "Action": "kms:*", "Resource": "*"}
KEY_GUEST = {"Effect": "Allow", "Principal": {"AWS": GUEST}, "Action": "kms:Decrypt", "Resource": "*"}


def key_policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_a_key_of_another_account(home: Caller, away: Caller, guest: Caller) -> None:
    kms = home.client("kms")
    key = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret", EncryptionContext={"app": "web"})
    asked = {"CiphertextBlob": blob["CiphertextBlob"], "EncryptionContext": {"app": "web"}}
    refused = guest.refused("kms", "decrypt", **asked)
    assert (refused.code, refused.status) == ("AccessDeniedException", 400)
    assert refused.message == (
        f"User: {GUEST} is not authorized to perform: kms:Decrypt on resource: {key['Arn']} "
        "because no resource-based policy allows the kms:Decrypt action"
    )
    kms.put_key_policy(KeyId=key["KeyId"], Policy=key_policy(KEY_ROOT, KEY_GUEST))
    assert guest.ask("kms", "decrypt", **asked)["Plaintext"] == b"secret"
    bound = {**KEY_GUEST, "Condition": {"StringEquals": {"kms:EncryptionContext:app": "db"}}}
    kms.put_key_policy(KeyId=key["KeyId"], Policy=key_policy(KEY_ROOT, bound))
    assert guest.refused("kms", "decrypt", **asked).code == "AccessDeniedException"
    kms.put_key_policy(
        KeyId=key["KeyId"], Policy=key_policy(KEY_ROOT, {**KEY_GUEST, "Principal": {"AWS": AWAY}})
    )
    bare = new_user(away, fresh("bare"))
    assert bare.refused("kms", "decrypt", **asked).message.endswith(
        "because no identity-based policy allows the kms:Decrypt action"
    )


def test_without_its_key_policy_nobody_uses_a_key(lab: RunningLab, home: Caller, powerless: Caller) -> None:
    kms = home.client("kms")
    only = {**KEY_ROOT, "Principal": {"AWS": POWERLESS}}
    key = kms.create_key(Policy=key_policy(only), BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["KeyId"]
    refused = home.refused("kms", "describe_key", KeyId=key)
    assert refused.message.endswith("because no resource-based policy allows the kms:DescribeKey action")
    assert codes_of(last_refusal(lab)) == ["iam.no-resource-policy-allows"]
    assert powerless.ask("kms", "describe_key", KeyId=key)["KeyMetadata"]["KeyId"] == key


def test_key_policies_that_kms_would_not_take(home: Caller) -> None:
    key = home.ask("kms", "create_key")["KeyMetadata"]["KeyId"]
    for text, sentence in (
        (
            key_policy(KEY_GUEST),
            "The new key policy will not allow you to update the key policy in the future.",
        ),
        ("{", "Policies must be valid JSON and the first byte must be '{'"),
        (
            key_policy({**KEY_ROOT, "Principal": {"AWS": f"arn:aws:iam::{HOME}:user/no-such"}}),
            "Invalid principal in policy",
        ),
    ):
        refused = home.refused("kms", "put_key_policy", KeyId=key, Policy=text)
        assert refused == Refused("MalformedPolicyDocumentException", 400, sentence)


def test_a_secret_of_another_account_needs_its_key_too(lab: RunningLab, home: Caller, guest: Caller) -> None:
    """The usual mistake of sharing a secret: its policy lets in, the policy of its key does not."""
    kms, vault = home.client("kms"), home.client("secretsmanager")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    secret = vault.create_secret(Name="shared", SecretString="s3cr3t", KmsKeyId=key)["ARN"]
    opened = policy("secretsmanager:GetSecretValue", Principal={"AWS": GUEST}, Resource="*")
    vault.put_resource_policy(SecretId="shared", ResourcePolicy=opened)
    may = policy("secretsmanager:GetSecretValue", Resource="*")
    profile(lab, "target-env").ask(
        "iam", "put_user_policy", UserName="guest", PolicyName="secrets", PolicyDocument=may
    )
    refused = guest.refused("secretsmanager", "get_secret_value", SecretId=secret)
    assert (refused.code, "kms:Decrypt" in refused.message) == ("AccessDeniedException", True)
    assert codes_of(last_refusal(lab)) == ["iam.no-resource-policy-allows"]
    via = {"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}}
    kms.put_key_policy(KeyId=key, Policy=key_policy(KEY_ROOT, {**KEY_GUEST, "Condition": via}))
    assert guest.ask("secretsmanager", "get_secret_value", SecretId=secret)["SecretString"] == "s3cr3t"
    elsewhere = {"StringEquals": {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}}
    kms.put_key_policy(KeyId=key, Policy=key_policy(KEY_ROOT, {**KEY_GUEST, "Condition": elsewhere}))
    assert (
        guest.refused("secretsmanager", "get_secret_value", SecretId=secret).code == "AccessDeniedException"
    )


def test_an_object_needs_the_key_that_it_is_encrypted_with(home: Caller, guest: Caller, bucket: str) -> None:
    kms = home.client("kms")
    key = kms.create_key()["KeyMetadata"]
    encrypted = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key["Arn"]}
    put_policy(home, bucket, {**to(GUEST), "Action": ["s3:GetObject", "s3:PutObject"]})
    home.ask("s3", "put_object", Bucket=bucket, Key="sealed", Body=b"sealed", **encrypted)
    refused = guest.refused("s3", "get_object", Bucket=bucket, Key="sealed")
    assert (refused.code, "kms:Decrypt" in refused.message) == ("AccessDenied", True)
    kms.put_key_policy(KeyId=key["KeyId"], Policy=key_policy(KEY_ROOT, KEY_GUEST))
    assert get(guest, bucket, "sealed") == b"sealed"
    refused = guest.refused("s3", "put_object", Bucket=bucket, Key="mine", Body=b"", **encrypted)
    assert (refused.code, "kms:GenerateDataKey" in refused.message) == ("AccessDenied", True)


Grant = Callable[[Caller, str], Any]


def shared(home: Caller) -> dict[str, tuple[str, str, dict[str, Any], Grant]]:
    """Return, for each service, what the guest asks, and how the owner lets it in."""
    queue = home.ask("sqs", "create_queue", QueueName="inbox")["QueueUrl"]
    topic = home.ask("sns", "create_topic", Name="news")["TopicArn"]
    secret = home.ask("secretsmanager", "create_secret", Name="db", SecretString="x")["ARN"]
    schema = {
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    table = home.ask("dynamodb", "create_table", TableName="t", **schema)["TableDescription"]["TableArn"]
    home.ask("ecr", "create_repository", repositoryName="app")
    return {
        "sqs": (
            "receive_message",
            "sqs:ReceiveMessage",
            {"QueueUrl": queue},
            lambda who, text: who.ask(
                "sqs", "set_queue_attributes", QueueUrl=queue, Attributes={"Policy": text}
            ),
        ),
        "sns": (
            "publish",
            "sns:Publish",
            {"TopicArn": topic, "Message": "m"},
            lambda who, text: who.ask(
                "sns", "set_topic_attributes", TopicArn=topic, AttributeName="Policy", AttributeValue=text
            ),
        ),
        "secretsmanager": (
            "get_secret_value",
            "secretsmanager:GetSecretValue",
            {"SecretId": secret},
            lambda who, text: who.ask(
                "secretsmanager", "put_resource_policy", SecretId="db", ResourcePolicy=text
            ),
        ),
        "dynamodb": (
            "get_item",
            "dynamodb:GetItem",
            {"TableName": table, "Key": {"k": {"S": "1"}}},
            lambda who, text: who.ask("dynamodb", "put_resource_policy", ResourceArn=table, Policy=text),
        ),
        "ecr": (
            "list_images",
            "ecr:ListImages",
            {"repositoryName": "app", "registryId": HOME},
            lambda who, text: who.ask("ecr", "set_repository_policy", repositoryName="app", policyText=text),
        ),
    }


def test_what_other_services_share_across_accounts(lab: RunningLab, home: Caller, away: Caller) -> None:
    may = policy("sqs:*", "sns:*", "secretsmanager:*", "dynamodb:*", "ecr:*", Resource="*")
    visitor = new_user(away, "visitor", may)
    bare = new_user(away, "bare-visitor")
    for service, (operation, action, parameters, grant) in shared(home).items():
        refused = visitor.refused(service, operation, **parameters)
        assert refused.message.endswith(f"because no resource-based policy allows the {action} action"), (
            service
        )
        assert codes_of(last_refusal(lab)) == ["iam.no-resource-policy-allows"]
        resource = {} if service == "ecr" else {"Resource": "*"}
        grant(home, policy(action, Principal={"AWS": AWAY}, **resource))
        assert visitor.ask(service, operation, **parameters)["ResponseMetadata"]["HTTPStatusCode"] == 200
        refused = bare.refused(service, operation, **parameters)
        assert refused.message.endswith(f"because no identity-based policy allows the {action} action"), (
            service
        )


def test_a_service_whose_policies_nobody_reads_is_not_guessed(
    lab: RunningLab, home: Caller, away: Caller
) -> None:
    home.ask("ssm", "put_parameter", Name="/app/x", Value="1", Type="String")
    assert home.ask("ssm", "get_parameter", Name="/app/x")["Parameter"]["Value"] == "1"
    theirs = f"arn:aws:ssm:{REGION}:{HOME}:parameter/app/x"
    visitor = new_user(away, "ssm-visitor", policy("ssm:*", Resource="*"))
    refused = visitor.refused("ssm", "get_parameter", Name=theirs)
    assert refused.status == 400
    assert last_refusal(lab)["outcome"] == "unknown"


def test_a_restart_forgets_what_moto_kept_and_says_so_by_not_finding_it(
    lab: RunningLab, home: Caller
) -> None:
    named = new_bucket(home, "gone")
    lab.stop()
    lab.start()
    assert home.refused("s3", "get_object", Bucket=named, Key="k").code == "NoSuchBucket"
