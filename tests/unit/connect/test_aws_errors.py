"""What botocore raises, as one of Sekisho's two kinds of bad news."""

from typing import Any

import pytest
from botocore import exceptions as aws

from sekisho.connect.aws_errors import aws_errors, one_line
from sekisho.connect.errors import EnvironmentFailure
from sekisho.decide.values import SekishoInputError


def service_error(code: str, status: int, message: str = "No.") -> aws.ClientError:
    answer = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return aws.ClientError(answer, "AssumeRole")


ENVIRONMENT: dict[str, tuple[Exception, bool, str]] = {
    "denied": (service_error("AccessDenied", 403), False, "AccessDenied: No."),
    "throttled": (service_error("ThrottlingException", 400), True, "ThrottlingException: No."),
    "broken": (service_error("InternalFailure", 500), True, "InternalFailure: No."),
    "wordless": (aws.ClientError({}, "AssumeRole"), False, "error without a code"),
    "only the first line is shown": (service_error("X", 403, "No\ntoken"), False, "X: No"),
    "no credentials": (aws.NoCredentialsError(), False, "no AWS credentials found"),
    "sign in again": (aws.UnauthorizedSSOTokenError(), False, "aws sso login"),
    "unreachable": (aws.EndpointConnectionError(endpoint_url="https://x"), True, "could not connect"),
    "slow": (aws.ReadTimeoutError(endpoint_url="https://x"), True, "read timeout"),
    "no instance metadata": (aws.MetadataRetrievalError(error_msg="gone"), True, "gone"),
    "untrusted certificate": (aws.SSLError(endpoint_url="https://x", error="self-signed"), False, "SSL"),
    "a credential process": (
        aws.CredentialRetrievalError(provider="custom-process", error_msg="exit 1"),
        False,
        "exit 1",
    ),
    "nobody to type the code": (EOFError(), False, "one-time password"),
}


@pytest.mark.parametrize(("error", "can_retry", "text"), ENVIRONMENT.values(), ids=ENVIRONMENT.keys())
def test_the_environment(error: Exception, can_retry: bool, text: str) -> None:
    with pytest.raises(EnvironmentFailure) as caught, aws_errors("sts:AssumeRole"):
        raise error
    assert caught.value.operation == "sts:AssumeRole"
    assert caught.value.can_retry is can_retry
    assert text in caught.value.message
    assert "\n" not in str(caught.value)


INPUT: dict[str, tuple[Any, str]] = {
    "profile": (aws.ProfileNotFound(profile="x"), "aws.profile-unknown"),
    "region": (aws.NoRegionError(), "aws.no-region"),
    "configuration file": (aws.ConfigParseError(path="/c"), "aws.configuration"),
    "parameter": (aws.ParamValidationError(report="too short"), "aws.parameter"),
}


@pytest.mark.parametrize(("error", "code"), INPUT.values(), ids=INPUT.keys())
def test_the_input(error: Exception, code: str) -> None:
    with pytest.raises(SekishoInputError) as caught, aws_errors("sts:AssumeRole"):
        raise error
    assert [fault.code for fault in caught.value.faults] == [code]


LINES = {
    "sentence": ("Could not connect.", "could not connect"),
    "several lines": ("First\nsecond", "first"),
    "an abbreviation keeps its case": ("SSL validation failed", "SSL validation failed"),
    "long": ("a" * 1000, "a" * 400),
    "nothing": ("", ""),
}


@pytest.mark.parametrize(("text", "line"), LINES.values(), ids=LINES.keys())
def test_one_line(text: str, line: str) -> None:
    assert one_line(text) == line
