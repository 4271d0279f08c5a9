"""Filters of ListUsers: the forms of the API Reference, and what is none."""

import pytest

from sekisho.decide.values import Instant
from sekisho.facts import UserPoolUser, UserStatus
from sekisho.lab.aws.operation import AwsError
from sekisho.lab.idp.user_filter import user_filter

NOW = Instant.from_epoch(0)
USER = UserPoolUser(
    "p",
    "ann",
    "s-1",
    NOW,
    NOW,
    UserStatus.CONFIRMED,
    attributes=(("sub", "s-1"), ("email", "Ann@example.com"), ("name", 'Ann "A"')),
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (None, True),
        ("", True),
        ('email = "ann@example.com"', True),
        ('email = "ann"', False),
        ('email ^= "ann"', True),
        ('email ^= "nn"', False),
        ('"email"="ann@example.com"', True),
        ('name = "Ann \\"A\\""', True),
        ('username = "ann"', True),
        ('sub = "s-1"', True),
        ('cognito:user_status = "CONFIRMED"', True),
        ('cognito:user_status = "FORCE_CHANGE_PASSWORD"', False),
        ('status = "Enabled"', True),
        ('status = "Disabled"', False),
        ('phone_number ^= "+81"', False),
    ],
)
def test_a_filter_means_a_user_or_not(text: str | None, meant: bool) -> None:
    assert user_filter(text)(USER) is meant


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("email", "Error while parsing filter."),
        ("email = ann", "Error while parsing filter."),
        ('email = "a" or name = "b"', "Error while parsing filter."),
        ('email ~ "a"', "Error while parsing filter."),
        ('custom:team = "a"', "Search on attribute custom:team is not supported."),
    ],
)
def test_what_is_no_filter_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(AwsError) as caught:
        user_filter(text)
    assert (caught.value.code, caught.value.message) == ("InvalidParameterException", sentence)
