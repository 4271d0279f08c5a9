"""ARNs and account ids: what is one, what is not, both sides of each bound."""

import pytest

from sekisho.decide.values import AccountId, Arn, Principal, PrincipalType
from sekisho.decide.values.arn import parse_account_id

READ = {
    "a role": ("arn:aws:iam::111122223333:role/app", ("aws", "iam", "", "111122223333", "role/app")),
    "a bucket has neither region nor account": ("arn:aws:s3:::b", ("aws", "s3", "", "", "b")),
    "the resource keeps its colons": (
        "arn:aws-cn:logs:cn-north-1:111122223333:log-group:a:*",
        ("aws-cn", "logs", "cn-north-1", "111122223333", "log-group:a:*"),
    ),
    "2048 characters": (f"arn:aws:s3:::{'b' * 2035}", ("aws", "s3", "", "", "b" * 2035)),
}


@pytest.mark.parametrize(("text", "sections"), READ.values(), ids=READ.keys())
def test_sections(text: str, sections: tuple[str, ...]) -> None:
    arn = Arn.parse(text)
    assert (arn.partition, arn.service, arn.region, arn.account, arn.resource) == sections
    assert str(arn) == text


REFUSED = {
    "no ARN": ("role/app", "the form arn"),
    "five sections": ("arn:aws:iam::111122223333", "the form arn"),
    "another prefix": ("ARN:aws:iam::111122223333:role/app", "the form arn"),
    "no partition": ("arn::iam::111122223333:role/app", "names a partition"),
    "no service": ("arn:aws:::111122223333:role/app", "names a partition"),
    "no resource": ("arn:aws:iam::111122223333:", "names a partition"),
    "a space": ("arn:aws:iam::111122223333:role/a b", "white space"),
    "a line break": ("arn:aws:iam::111122223333:role/a\n", "white space"),
    "a null byte": ("arn:aws:iam::111122223333:role/a\0", "white space"),
    "2049 characters": (f"arn:aws:s3:::{'b' * 2036}", "at most 2048"),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_no_arn(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        Arn.parse(text)


@pytest.mark.parametrize("text", ["000000000000", "111122223333"])
def test_twelve_digits_are_an_account(text: str) -> None:
    assert parse_account_id(text) == text


@pytest.mark.parametrize(
    "text", ["", "11112222333", "1111222233334", "11112222333a", "1\u06611122223333", "1" * 12 + "\n"]
)
def test_anything_else_is_not(text: str) -> None:
    with pytest.raises(ValueError, match="twelve digits"):
        parse_account_id(text)


def test_the_account_of_a_principal_is_that_of_its_arn() -> None:
    arn = Arn.parse("arn:aws:sts::111122223333:assumed-role/app/s1")
    entity = Arn.parse("arn:aws:iam::111122223333:role/app")
    assert Principal(PrincipalType.ROLE_SESSION, arn, "AROA1:s1", entity).account == AccountId("111122223333")
