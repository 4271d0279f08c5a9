"""Constraints of the models, in the sentences of AWS's services; both sides of each bound."""

import pytest

from sekisho.wire import aws
from sekisho.wire.aws.patterns import compile_pattern
from sekisho.wire.errors import WireError

Parameters = dict[str, aws.Value]

ROLE: Parameters = {"RoleName": "r", "AssumeRolePolicyDocument": "{}"}
ASSUME: Parameters = {"RoleArn": "arn:aws:iam::111122223333:role/r", "RoleSessionName": "me"}


def problem(service: str, name: str, parameters: Parameters) -> WireError | None:
    model = aws.load_service(service)
    operation = model.operation(name)
    assert operation is not None
    try:
        aws.check(aws.Call(model, operation, parameters))
    except WireError as error:
        return error
    return None


ACCEPTED = {
    "name of 64": ("iam", "CreateRole", {**ROLE, "RoleName": "r" * 64}),
    "lowest duration": ("sts", "AssumeRole", {**ASSUME, "DurationSeconds": 900}),
    "highest duration": ("sts", "AssumeRole", {**ASSUME, "DurationSeconds": 43200}),
    "session name of 2": ("sts", "AssumeRole", {**ASSUME, "RoleSessionName": "ab"}),
    "unset optional member": ("iam", "CreateRole", {**ROLE, "Path": None}),
    "no input at all": ("organizations", "DescribeOrganization", {}),
    "50 tags": ("iam", "CreateRole", {**ROLE, "Tags": [{"Key": "k", "Value": ""}] * 50}),
    "letters of any script in a tag": (
        "iam",
        "CreateRole",
        {**ROLE, "Tags": [{"Key": "é 国", "Value": "ж"}]},
    ),
}


@pytest.mark.parametrize(("service", "name", "parameters"), ACCEPTED.values(), ids=ACCEPTED.keys())
def test_what_satisfies_the_model(service: str, name: str, parameters: Parameters) -> None:
    assert problem(service, name, parameters) is None


def fails(*pairs: tuple[str, str]) -> str:
    """AWS's sentence about pairs of what is wrong where, and the constraint."""
    parts = [f"{where} failed to satisfy constraint: {constraint}" for where, constraint in pairs]
    return f"{len(parts)} validation error{'s' if len(parts) > 1 else ''} detected: {'; '.join(parts)}"


NAME = r"Member must satisfy regular expression pattern: [\w+=,.@-]+"
TAG_KEY = r"Member must satisfy regular expression pattern: [\p{L}\p{Z}\p{N}_.:/=+\-@]+"
SHORT = "Member must have length greater than or equal to 1"
NOT_NULL = "Member must not be null"
REFUSED = {
    "name of 65": (
        "iam",
        "CreateRole",
        {**ROLE, "RoleName": "r" * 65},
        fails((f"Value '{'r' * 65}' at 'roleName'", "Member must have length less than or equal to 64")),
    ),
    "empty name": (
        "iam",
        "CreateRole",
        {**ROLE, "RoleName": ""},
        fails(
            ("Value '' at 'roleName'", "Member must have length greater than or equal to 1"),
            ("Value '' at 'roleName'", NAME),
        ),
    ),
    "name outside its pattern": (
        "iam",
        "CreateRole",
        {**ROLE, "RoleName": "a\n"},
        fails(("Value 'a\n' at 'roleName'", NAME)),
    ),
    "letters are ASCII in a name": (
        "iam",
        "CreateRole",
        {**ROLE, "RoleName": "é"},
        fails(("Value 'é' at 'roleName'", NAME)),
    ),
    "missing name": ("iam", "GetRole", {}, fails(("Value null at 'roleName'", NOT_NULL))),
    "duration of 899": (
        "sts",
        "AssumeRole",
        {**ASSUME, "DurationSeconds": 899},
        fails(("Value '899' at 'durationSeconds'", "Member must have value greater than or equal to 900")),
    ),
    "duration of 43201": (
        "sts",
        "AssumeRole",
        {**ASSUME, "DurationSeconds": 43201},
        fails(("Value '43201' at 'durationSeconds'", "Member must have value less than or equal to 43200")),
    ),
    "a choice outside of its set": (
        "iam",
        "UpdateAccessKey",
        {"AccessKeyId": "A" * 16, "Status": "Off"},
        fails(("Value 'Off' at 'status'", "Member must satisfy enum value set: [Active, Inactive, Expired]")),
    ),
    "a structure in a list": (
        "iam",
        "TagRole",
        {"RoleName": "r", "Tags": [{"Key": "k", "Value": "v"}, {"Value": "v"}]},
        fails(("Value null at 'tags.2.member.key'", NOT_NULL)),
    ),
    "too many tags": (
        "iam",
        "TagRole",
        {"RoleName": "r", "Tags": [{"Key": "k", "Value": "v"}] * 51},
        fails(("Value at 'tags'", "Member must have length less than or equal to 50")),
    ),
    "an element of a list of text": (
        "iam",
        "UntagRole",
        {"RoleName": "r", "TagKeys": ["k", ""]},
        fails(
            ("Value '[k, ]' at 'tagKeys'", f"Member must satisfy constraint: [{SHORT}, {TAG_KEY}]"),
        ),
    ),
}


def test_the_sentence_is_the_one_aws_writes() -> None:
    error = problem("sts", "AssumeRole", {**ASSUME, "RoleSessionName": "x" * 65})
    assert error is not None
    assert error.problem == (
        f"1 validation error detected: Value '{'x' * 65}' at 'roleSessionName' failed to satisfy "
        "constraint: Member must have length less than or equal to 64"
    )


@pytest.mark.parametrize(("service", "name", "parameters", "text"), REFUSED.values(), ids=REFUSED.keys())
def test_what_does_not(service: str, name: str, parameters: Parameters, text: str) -> None:
    error = problem(service, name, parameters)
    assert error is not None
    assert (error.code, error.status, error.problem) == ("ValidationError", 400, text)


CODES = {
    "sts": ("sts", "AssumeRole", "ValidationError"),
    "eks": ("eks", "DescribeCluster", "InvalidParameterException"),
    "eks-auth": ("eks-auth", "AssumeRoleForPodIdentity", "InvalidParameterException"),
    "cognito": ("cognito-idp", "DescribeUserPool", "InvalidParameterException"),
    "organizations": ("organizations", "DescribeAccount", "InvalidInputException"),
    "kms": ("kms", "DescribeKey", "ValidationException"),
    "ec2": ("ec2", "DeleteVpc", "MissingParameter"),
    "s3": ("s3", "GetBucketAcl", "InvalidArgument"),
}


@pytest.mark.parametrize(("service", "name", "code"), CODES.values(), ids=CODES.keys())
def test_each_service_has_its_own_code(service: str, name: str, code: str) -> None:
    error = problem(service, name, {})
    assert error is not None
    assert error.code == code


def test_ec2_has_its_own_sentences() -> None:
    missing = problem("ec2", "DeleteVpc", {})
    wrong = problem("ec2", "DescribeVpcs", {"MaxResults": 4})
    assert missing is not None
    assert wrong is not None
    assert missing.problem == "The request must contain the parameter VpcId"
    assert (wrong.code, wrong.problem) == (
        "InvalidParameterValue",
        "Value (4) for parameter MaxResults is invalid. Member must have value greater than or equal to 5",
    )


SECRETS = {
    "text": ("cognito-idp", "SignUp", {"ClientId": "c", "Username": "u", "Password": "hunter 2" * 40}),
    "number of characters": ("sts", "AssumeRoleWithWebIdentity", {**ASSUME, "WebIdentityToken": "hun"}),
}


@pytest.mark.parametrize(("service", "name", "parameters"), SECRETS.values(), ids=SECRETS.keys())
def test_a_sensitive_value_is_never_repeated(service: str, name: str, parameters: Parameters) -> None:
    error = problem(service, name, parameters)
    assert error is not None
    assert "hun" not in str(error)
    assert "Value at '" in error.problem


@pytest.mark.parametrize(
    "service",
    ["sts", "iam", "eks", "eks-auth", "cloudformation", "organizations", "cognito-idp", "s3", "ec2"],
)
def test_every_pattern_of_the_services_served_can_be_checked(service: str) -> None:
    model = aws.load_service(service)
    seen: set[str] = set()
    for name in model.operation_names:
        operation = model.operation(name)
        waiting = [operation.input] if operation and operation.input else []
        known: set[int] = set()
        while waiting:
            shape = waiting.pop().shape
            if id(shape) not in known:
                known.add(id(shape))
                seen.add(shape.pattern)
                waiting.extend(shape.members.values())
    assert [pattern for pattern in seen if compile_pattern(pattern) is None] == []


PATTERNS = {
    "category outside of a class": (r"\p{Lu}+", "ÀB", "ab"),
    "complement outside of a class": (r"\P{L}+", "12", "a2"),
    "category inside of a class": (r"[\p{L}_]+", "ж_", "1"),
    "category of one letter": (r"\pL", "ж", "1"),
    "POSIX class": (r"[\p{Alpha}]+", "ab", "é"),
    "code point": (r"[\x{1F600}-\x{1F64F}]", "\U0001f600", "x"),
    "end of input": (r"a\z", "a", "a\n"),
}


@pytest.mark.parametrize(("pattern", "good", "bad"), PATTERNS.values(), ids=PATTERNS.keys())
def test_patterns_of_java(pattern: str, good: str, bad: str) -> None:
    compiled = compile_pattern(pattern)
    assert compiled is not None
    assert compiled.fullmatch(good)
    assert not compiled.fullmatch(bad)


@pytest.mark.parametrize("pattern", [r"[", r"\p{Nope}", r"[\P{L}]"])
def test_a_pattern_that_python_cannot_express(pattern: str) -> None:
    assert compile_pattern(pattern) is None
