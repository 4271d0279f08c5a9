"""Calls to services that hold data: whose key, secret, queue, topic, table, image or parameter is meant."""

import pytest

from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.request.aws import Unmapped, map_call
from sekisho.decide.request.aws_call import AwsCall
from sekisho.decide.request.aws_request import AwsRequest, Context, ContextValue
from sekisho.decide.values import AccountId, Anonymous, Arn, JsonObject, Principal, PrincipalType
from sekisho.wire.service_reference import load_service_reference

ACCOUNT, OTHER = AccountId("111122223333"), AccountId("444455556666")
REGION = "eu-west-1"
REFERENCE = load_service_reference(
    ["s3", "kms", "secretsmanager", "sqs", "sns", "dynamodb", "ecr", "ssm", "ec2", "iam"]
)
ANA = Arn.parse(f"arn:aws:iam::{ACCOUNT}:user/ana")
CALLER = Principal(PrincipalType.USER, ANA, "AIDA0000000000000ANA", ANA)


def own(service: str, resource: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{REGION}:{account}:{resource}"


KEY, FAR_KEY = own("kms", "key/1111"), own("kms", "key/2222", OTHER)
SECRET = own("secretsmanager", "secret:db-AbCdEf")
EXISTING = {
    ("kms:key", "alias/app"): KEY,
    ("kms:key", "1111"): KEY,
    ("kms:key", FAR_KEY): FAR_KEY,
    ("kms:ciphertext", "YmxvYg=="): FAR_KEY,
    ("secretsmanager:secret", "db"): SECRET,
}


def mapped(
    action: str, parameters: object, principal: Principal | Anonymous = CALLER
) -> tuple[AwsRequest, ...] | Decision[None]:
    service, operation = action.split(":")
    given: JsonObject = parameters  # type: ignore[assignment]  # blobs are bytes, as the codec decodes them
    call = AwsCall(service, operation, given, principal, ACCOUNT, REGION, caller_tags={})
    return map_call(call, REFERENCE, lambda kind, names: EXISTING.get((kind, names[0])))


def asked(
    action: str, parameters: object, principal: Principal | Anonymous = CALLER
) -> tuple[AwsRequest, ...]:
    found = mapped(action, parameters, principal)
    assert isinstance(found, tuple)
    return found


QUEUE_URL = f"https://sqs.{REGION}.amazonaws.com/{OTHER}/inbox"
TABLE, FAR_TABLE = own("dynamodb", "table/t"), own("dynamodb", "table/t", OTHER)
TOPIC = own("sns", "news", OTHER)
REPOSITORY = own("ecr", "repository/app")

# what is called -> [(action, resource, the account that owns it unless it is the caller's)]
CALLS: dict[str, tuple[str, object, list[tuple[str, str, str | None]]]] = {
    "a key by id": ("kms:DescribeKey", {"KeyId": "1111"}, [("kms:DescribeKey", KEY, None)]),
    "a key by alias": ("kms:Encrypt", {"KeyId": "alias/app"}, [("kms:Encrypt", KEY, None)]),
    "another account's key": ("kms:Encrypt", {"KeyId": FAR_KEY}, [("kms:Encrypt", FAR_KEY, OTHER)]),
    "a key that is not there": (
        "kms:DescribeKey",
        {"KeyId": "3333"},
        [("kms:DescribeKey", own("kms", "key/3333"), None)],
    ),
    "another account's key that is not there": (
        "kms:DescribeKey",
        {"KeyId": own("kms", "key/9", OTHER)},
        [("kms:DescribeKey", own("kms", "key/9", OTHER), OTHER)],
    ),
    "another account's alias that is not there": (
        "kms:DescribeKey",
        {"KeyId": own("kms", "alias/app", OTHER)},
        [("kms:DescribeKey", own("kms", "key/*", OTHER), OTHER)],
    ),
    "the key of a ciphertext": (
        "kms:Decrypt",
        {"CiphertextBlob": b"blob"},
        [("kms:Decrypt", FAR_KEY, OTHER)],
    ),
    "the key of no ciphertext": (
        "kms:Decrypt",
        {"CiphertextBlob": b"other"},
        [("kms:Decrypt", own("kms", "key/*"), None)],
    ),
    "from one key to another": (
        "kms:ReEncrypt",
        {"CiphertextBlob": b"blob", "DestinationKeyId": "alias/app"},
        [("kms:ReEncryptFrom", FAR_KEY, OTHER), ("kms:ReEncryptTo", KEY, None)],
    ),
    "from a key that is said to be another": (
        "kms:ReEncrypt",
        {"CiphertextBlob": b"blob", "SourceKeyId": "1111", "DestinationKeyId": "1111"},
        [
            ("kms:ReEncryptFrom", FAR_KEY, OTHER),
            ("kms:ReEncryptFrom", KEY, None),
            ("kms:ReEncryptTo", KEY, None),
        ],
    ),
    "from the key that is named": (
        "kms:ReEncrypt",
        {"CiphertextBlob": b"blob", "SourceKeyId": FAR_KEY, "DestinationKeyId": "1111"},
        [("kms:ReEncryptFrom", FAR_KEY, OTHER), ("kms:ReEncryptTo", KEY, None)],
    ),
    "a ciphertext that is said to be of another key": (
        "kms:Decrypt",
        {"CiphertextBlob": b"blob", "KeyId": "1111"},
        [("kms:Decrypt", FAR_KEY, OTHER), ("kms:Decrypt", KEY, None)],
    ),
    "a new key": ("kms:CreateKey", {}, [("kms:CreateKey", "*", None)]),
    "a new key with tags": (
        "kms:CreateKey",
        {"Tags": [{"TagKey": "team", "TagValue": "red"}]},
        [("kms:CreateKey", "*", None), ("kms:TagResource", "*", None)],
    ),
    "a new alias": (
        "kms:CreateAlias",
        {"AliasName": "alias/new", "TargetKeyId": "1111"},
        [("kms:CreateAlias", KEY, None), ("kms:CreateAlias", own("kms", "alias/new"), None)],
    ),
    "a moved alias": (
        "kms:UpdateAlias",
        {"AliasName": "alias/app", "TargetKeyId": "3333"},
        [
            ("kms:UpdateAlias", own("kms", "key/3333"), None),
            ("kms:UpdateAlias", own("kms", "alias/app"), None),
            ("kms:UpdateAlias", KEY, None),
        ],
    ),
    "a moved alias that is not there": (
        "kms:UpdateAlias",
        {"AliasName": "alias/no", "TargetKeyId": "1111"},
        [("kms:UpdateAlias", KEY, None), ("kms:UpdateAlias", own("kms", "alias/no"), None)],
    ),
    "an alias less": (
        "kms:DeleteAlias",
        {"AliasName": "alias/app"},
        [("kms:DeleteAlias", KEY, None), ("kms:DeleteAlias", own("kms", "alias/app"), None)],
    ),
    "an alias less that is not there": (
        "kms:DeleteAlias",
        {"AliasName": "alias/no"},
        [
            ("kms:DeleteAlias", own("kms", "key/*"), None),
            ("kms:DeleteAlias", own("kms", "alias/no"), None),
        ],
    ),
    "a secret by name": (
        "secretsmanager:GetSecretValue",
        {"SecretId": "db"},
        [("secretsmanager:GetSecretValue", SECRET, None)],
    ),
    "a secret that is not there": (
        "secretsmanager:GetSecretValue",
        {"SecretId": "no"},
        [("secretsmanager:GetSecretValue", own("secretsmanager", "secret:no-??????"), None)],
    ),
    "another account's secret": (
        "secretsmanager:GetSecretValue",
        {"SecretId": own("secretsmanager", "secret:x-AbCdEf", OTHER)},
        [("secretsmanager:GetSecretValue", own("secretsmanager", "secret:x-AbCdEf", OTHER), OTHER)],
    ),
    "a new secret": (
        "secretsmanager:CreateSecret",
        {"Name": "db"},
        [("secretsmanager:CreateSecret", own("secretsmanager", "secret:db-??????"), None)],
    ),
    "a queue by URL": (
        "sqs:SendMessage",
        {"QueueUrl": QUEUE_URL},
        [("sqs:SendMessage", own("sqs", "inbox", OTHER), OTHER)],
    ),
    "many messages": (
        "sqs:SendMessageBatch",
        {"QueueUrl": QUEUE_URL},
        [("sqs:SendMessage", own("sqs", "inbox", OTHER), OTHER)],
    ),
    "a queue by name": ("sqs:CreateQueue", {"QueueName": "q"}, [("sqs:CreateQueue", own("sqs", "q"), None)]),
    "the URL of another account's queue": (
        "sqs:GetQueueUrl",
        {"QueueName": "q", "QueueOwnerAWSAccountId": OTHER},
        [("sqs:GetQueueUrl", own("sqs", "q", OTHER), OTHER)],
    ),
    "a topic": ("sns:Publish", {"TopicArn": TOPIC}, [("sns:Publish", TOPIC, OTHER)]),
    "a topic as a target": ("sns:Publish", {"TargetArn": TOPIC}, [("sns:Publish", TOPIC, OTHER)]),
    "a new topic": ("sns:CreateTopic", {"Name": "n"}, [("sns:CreateTopic", own("sns", "n"), None)]),
    "a table": ("dynamodb:GetItem", {"TableName": "t"}, [("dynamodb:GetItem", TABLE, None)]),
    "a table by ARN": (
        "dynamodb:GetItem",
        {"TableName": FAR_TABLE},
        [("dynamodb:GetItem", FAR_TABLE, OTHER)],
    ),
    "a table as a resource": (
        "dynamodb:PutResourcePolicy",
        {"ResourceArn": TABLE},
        [("dynamodb:PutResourcePolicy", TABLE, None)],
    ),
    "an index": (
        "dynamodb:Query",
        {"TableName": "t", "IndexName": "i"},
        [("dynamodb:Query", f"{TABLE}/index/i", None)],
    ),
    "a repository": ("ecr:ListImages", {"repositoryName": "app"}, [("ecr:ListImages", REPOSITORY, None)]),
    "another registry's": (
        "ecr:ListImages",
        {"repositoryName": "app", "registryId": OTHER},
        [("ecr:ListImages", own("ecr", "repository/app", OTHER), OTHER)],
    ),
    "every repository": (
        "ecr:DescribeRepositories",
        {},
        [("ecr:DescribeRepositories", own("ecr", "repository/*"), None)],
    ),
    "a repository as a resource": (
        "ecr:TagResource",
        {"resourceArn": REPOSITORY},
        [("ecr:TagResource", REPOSITORY, None)],
    ),
    "a parameter": (
        "ssm:GetParameter",
        {"Name": "/app/x:3"},
        [("ssm:GetParameter", own("ssm", "parameter/app/x"), None)],
    ),
    "a parameter of AWS's own": (
        "ssm:GetParameter",
        {"Name": "/aws/service/eks/x"},
        [("ssm:GetParameter", own("ssm", "parameter/aws/service/eks/x", ""), None)],
    ),
    "a parameter by ARN": (
        "ssm:GetParameter",
        {"Name": own("ssm", "parameter/x", OTHER)},
        [("ssm:GetParameter", own("ssm", "parameter/x", OTHER), OTHER)],
    ),
    "a folder of parameters": (
        "ssm:GetParametersByPath",
        {"Path": "/app"},
        [("ssm:GetParametersByPath", own("ssm", "parameter/app"), None)],
    ),
    "subnets": ("ec2:DescribeSubnets", {}, [("ec2:DescribeSubnets", "*", None)]),
    "a copied object": (
        "s3:CopyObject",
        {"Bucket": "b", "Key": "k", "CopySource": "/src/a%20b?versionId=v1"},
        [("s3:PutObject", "arn:aws:s3:::b/k", None), ("s3:GetObjectVersion", "arn:aws:s3:::src/a b", None)],
    ),
    "a copied part": (
        "s3:UploadPartCopy",
        {"Bucket": "b", "Key": "k", "CopySource": "src/k"},
        [("s3:PutObject", "arn:aws:s3:::b/k", None), ("s3:GetObject", "arn:aws:s3:::src/k", None)],
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_action_resource_and_owner_of_a_call(case: str) -> None:
    action, parameters, expected = CALLS[case]
    found = [(one.action, one.resources[0], one.resource_account) for one in asked(action, parameters)]
    assert found == expected


def test_several_tables_and_parameters_are_each_asked_for() -> None:
    tables = asked("dynamodb:BatchGetItem", {"RequestItems": {"t": {}, FAR_TABLE: {}}})
    assert [(one.resources, one.resource_account) for one in tables] == [
        ((TABLE,), None),
        ((FAR_TABLE,), FAR_TABLE.split(":")[4]),
    ]
    names = asked("ssm:GetParameters", {"Names": ["a", "/b", 3]})
    assert names[0].resources == (own("ssm", "parameter/a"), own("ssm", "parameter/b"))
    listed = asked("ecr:DescribeRepositories", {"repositoryNames": ["a", "b"]})
    assert listed[0].resources == (own("ecr", "repository/a"), own("ecr", "repository/b"))


UNTOLD: dict[str, tuple[str, object]] = {
    "no key": ("kms:Encrypt", {}),
    "no second key": ("kms:ReEncrypt", {"CiphertextBlob": b"blob"}),
    "no name of an alias": ("kms:CreateAlias", {"TargetKeyId": "1111"}),
    "no name of a moved alias": ("kms:UpdateAlias", {"TargetKeyId": "1111"}),
    "no secret": ("secretsmanager:GetSecretValue", {}),
    "no URL": ("sqs:SendMessage", {}),
    "a URL of no account": ("sqs:SendMessage", {"QueueUrl": "https://sqs/x/inbox"}),
    "a URL of no queue": ("sqs:SendMessage", {"QueueUrl": f"https://sqs/{ACCOUNT}/"}),
    "a phone": ("sns:Publish", {"PhoneNumber": "+1"}),
    "a device": ("sns:Publish", {"TargetArn": own("sns", "endpoint/GCM/app/1")}),
    "another service's ARN": ("sns:Publish", {"TopicArn": own("sqs", "q")}),
    "a topic without a name": ("sns:CreateTopic", {}),
    "no table": ("dynamodb:GetItem", {}),
    "no tables": ("dynamodb:BatchGetItem", {"RequestItems": {}}),
    "a resource that is no ARN": ("dynamodb:TagResource", {"ResourceArn": "t"}),
    "a repository that is no ARN": ("ecr:TagResource", {"resourceArn": "app"}),
    "no repository": ("ecr:ListImages", {}),
    "no parameter": ("ssm:GetParameter", {}),
    "no source": ("s3:CopyObject", {"Bucket": "b", "Key": "k"}),
    "a source without a key": ("s3:CopyObject", {"Bucket": "b", "Key": "k", "CopySource": "src/"}),
    "a source without a bucket": ("s3:CopyObject", {"Bucket": "b", "Key": "k", "CopySource": "//src/k"}),
    "a source with a fragment": ("s3:CopyObject", {"Bucket": "b", "Key": "k", "CopySource": "src/k#1"}),
    "a source with a tab": ("s3:CopyObject", {"Bucket": "b", "Key": "k", "CopySource": "s\trc/k"}),
    "a source with a space": ("s3:CopyObject", {"Bucket": "b", "Key": "k", "CopySource": " src/k"}),
    "a source with a backslash": ("s3:CopyObject", {"Bucket": "b", "Key": "k", "CopySource": "src\\a/k"}),
    "two targets": ("sns:Publish", {"TopicArn": TOPIC, "TargetArn": TOPIC}),
    "a topic and a phone": ("sns:Publish", {"TopicArn": TOPIC, "PhoneNumber": "+1"}),
    "a URL of another account's digits": ("sqs:SendMessage", {"QueueUrl": f"https://sqs/0{ACCOUNT}/inbox"}),
    "a URL of foreign digits": ("sqs:SendMessage", {"QueueUrl": "https://sqs/" + "\u0661" * 12 + "/inbox"}),
    "an owner that is no account": (
        "sqs:GetQueueUrl",
        {"QueueName": "inbox", "QueueOwnerAWSAccountId": f"0{ACCOUNT}"},
    ),
    "a parameter that stands for a secret": (
        "ssm:GetParameter",
        {"Name": "/aws/reference/secretsmanager/pw"},
    ),
    "a source with parameters": ("s3:CopyObject", {"Bucket": "b", "Key": "k", "CopySource": "src/k;1"}),
    "an access point": (
        "s3:CopyObject",
        {"Bucket": "b", "Key": "k", "CopySource": own("s3", "accesspoint/a/object/k")},
    ),
}


@pytest.mark.parametrize("case", UNTOLD)
def test_what_the_parameters_do_not_tell_is_unknown(case: str) -> None:
    found = mapped(*UNTOLD[case])
    assert isinstance(found, Decision)
    assert (found.outcome, found.decisive[0].code) == (Outcome.UNKNOWN, Unmapped.RESOURCE)


# parameters of a call -> a key, what it holds
KEYS: dict[str, tuple[str, object, str, ContextValue | None]] = {
    "the caller's account": ("kms:Encrypt", {"KeyId": "1111"}, "kms:CallerAccount", ACCOUNT),
    "an encryption context": (
        "kms:Encrypt",
        {"KeyId": "1111", "EncryptionContext": {"app": "web", "n": 1}},
        "kms:EncryptionContext:app",
        "web",
    ),
    "the keys of an encryption context": (
        "kms:Encrypt",
        {"KeyId": "1111", "EncryptionContext": {"app": "web"}},
        "kms:EncryptionContextKeys",
        ("app",),
    ),
    "no encryption context": ("kms:Encrypt", {"KeyId": "1111"}, "kms:EncryptionContextKeys", None),
    "the alias that was asked for": ("kms:Encrypt", {"KeyId": "alias/app"}, "kms:RequestAlias", "alias/app"),
    "the alias in an ARN": (
        "kms:Encrypt",
        {"KeyId": own("kms", "alias/app")},
        "kms:RequestAlias",
        "alias/app",
    ),
    "no alias": ("kms:Encrypt", {"KeyId": "1111"}, "kms:RequestAlias", None),
    "a tag in the header": (
        "s3:PutObject",
        {"Bucket": "b", "Key": "k", "Tagging": "team=red&x="},
        "s3:RequestObjectTag/team",
        "red",
    ),
    "tag keys in the header": (
        "s3:PutObject",
        {"Bucket": "b", "Key": "k", "Tagging": "team=red&x="},
        "s3:RequestObjectTagKeys",
        ("team", "x"),
    ),
    "a tag in the body": (
        "s3:PutObjectTagging",
        {"Bucket": "b", "Key": "k", "Tagging": {"TagSet": [{"Key": "team", "Value": "red"}]}},
        "s3:RequestObjectTag/team",
        "red",
    ),
    "no tag": ("s3:PutObject", {"Bucket": "b", "Key": "k"}, "s3:RequestObjectTagKeys", None),
    "an encrypted object": (
        "s3:PutObject",
        {"Bucket": "b", "Key": "k", "ServerSideEncryption": "aws:kms"},
        "s3:x-amz-server-side-encryption",
        "aws:kms",
    ),
}


@pytest.mark.parametrize("case", KEYS)
def test_a_key_that_the_parameters_tell(case: str) -> None:
    action, parameters, key, value = KEYS[case]
    context = asked(action, parameters)[0].context
    assert context.value(key) == value
    assert not context.is_unread(key)


def test_tags_of_what_exists_are_unread_until_somebody_tells_them() -> None:
    context = asked("s3:GetObject", {"Bucket": "b", "Key": "k"})[0].context
    tags = ("s3:ExistingObjectTag/open", "s3:BucketTag/open")
    assert all(context.is_unread(key) for key in tags)
    told = context.told({"s3:ExistingObjectTag/open": "yes"}, ("s3:ExistingObjectTag/*",))
    assert (told.value(tags[0]), told.is_unread(tags[0]), told.is_unread(tags[1])) == ("yes", False, True)
    assert told.value("s3:ExistingObjectTag/other") is None
    assert not told.is_unread("s3:ExistingObjectTag/other")
    assert Context().told({"a:B": "c"}, ()).value("A:b") == "c"
    assert "a:b" not in Context().told({"a:B": "c"}, ()).told({"A:b": None}, ()).present


def test_nobody_asks_as_nobody() -> None:
    request = asked("s3:GetObject", {"Bucket": "b", "Key": "k"}, Anonymous())[0]
    assert request.principal == Anonymous()
    assert request.context.value("aws:PrincipalType") == "Anonymous"
    assert request.context.value("aws:PrincipalAccount") == "anonymous"
    assert request.context.value("aws:userid") == "anonymous"
    assert request.context.value("aws:PrincipalArn") is None
    key = asked("kms:Encrypt", {"KeyId": "1111"}, Anonymous())[0]
    assert (key.resource_account, key.context.value("kms:CallerAccount")) == (ACCOUNT, None)


def test_nobody_is_no_user_that_a_missing_name_could_mean() -> None:
    found = mapped("iam:GetUser", {}, Anonymous())
    assert isinstance(found, Decision)
    assert found.decisive[0].code == Unmapped.NOT_A_USER
    assert "anonymous" in found.sentence()
