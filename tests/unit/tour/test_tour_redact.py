"""No credential is left in what a tour shows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide.values import Secret
from sekisho.tour import redact

SIGNATURE = "35511bf35deaecc2414ba004dec4e774"

CASES = {
    "a cluster token keeps its prefix": (
        '"token": "k8s-aws-v1.aHR0cHM6Ly9zdHM_-Ig"',
        '"token": "k8s-aws-v1.***"',
    ),
    "a secret key in JSON": (
        '"SecretAccessKey": "nyTXN0/+Qs", "Status": 1',
        '"SecretAccessKey": "***", "Status": 1',
    ),
    "a session token in JSON": ('"SessionToken":"abc=="', '"SessionToken":"***"'),
    "a secret key in a credentials file": ("aws_secret_access_key = ab/c+d", "aws_secret_access_key = ***"),
    "a session token in a credentials file": ("aws_session_token=abc", "aws_session_token=***"),
    "a signature in a URL": (
        f"X-Amz-Date=1&X-Amz-Signature={SIGNATURE}&a=b",
        "X-Amz-Date=1&X-Amz-Signature=***&a=b",
    ),
    "a security token in a URL": (
        "X-Amz-Security-Token=a%2Fb&X-Amz-Date=1",
        "X-Amz-Security-Token=***&X-Amz-Date=1",
    ),
    "the last characters that aws configure leaves": (
        "Secret Access Key [****************Ket0]: ",
        "Secret Access Key [***]: ",
    ),
    "an access key id is no secret": (
        '"AccessKeyId": "AKIADDE4QQWNP3UOV3EO"',
        '"AccessKeyId": "AKIADDE4QQWNP3UOV3EO"',
    ),
    "plain text stays": ("ip-10-0-0-1   Ready   <none>", "ip-10-0-0-1   Ready   <none>"),
}


@pytest.mark.parametrize(("text", "shown"), CASES.values(), ids=CASES.keys())
def test_patterns(text: str, shown: str) -> None:
    assert redact(text) == shown


SECRETS = st.text("ABCDEFabcdef0123456789+/", min_size=16, max_size=40)


@given(before=st.text(), value=SECRETS, after=st.text())
def test_a_known_secret_never_survives(before: str, value: str, after: str) -> None:
    assert value not in redact(f"{before}{value}{after}", [Secret(value)])


def test_an_empty_secret_hides_nothing() -> None:
    assert redact("text", [Secret("")]) == "text"
