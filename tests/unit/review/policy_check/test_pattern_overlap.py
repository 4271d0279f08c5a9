"""Whether an ARN of a policy can be one of the service reference."""

import pytest

from sekisho.review.policy_check.overlap import can_be, split_arn

CASES = {
    "same text": ("bucket", "bucket", True),
    "other text": ("bucket", "basket", False),
    "placeholder takes text": ("role/app", "role/${Name}", True),
    "placeholder takes a slash": ("role/path/app", "role/${Name}", True),
    "a bucket's name takes none": ("bucket/key", "${BucketName}", False),
    "a star may take the bucket's whole name": ("*", "${BucketName}", True),
    "two wildcards meet": ("a*c", "${BucketName}", True),
    "star across literals": ("cl*/x", "cluster/${Name}", True),
    "question mark is one character": ("cluster?x", "cluster/${Name}", True),
    "question mark is not none": ("cluster/x?", "cluster/x", False),
    "variable is any text": ("${aws:username}/x", "user/${Name}", True),
    "escaped star is a star": ("a${*}", "a*b", False),
    "escaped star as text": ("a${*}", "a${Name}", True),
    "a placeholder is never empty": ("role/", "role/${Name}", False),
    "empty against text": ("", "us-west-2", False),
}


@pytest.mark.parametrize(("pattern", "shape", "overlap"), CASES.values(), ids=CASES.keys())
def test_overlap(pattern: str, shape: str, overlap: bool) -> None:
    assert can_be(pattern, shape) is overlap


def test_colons_in_variables_divide_nothing() -> None:
    assert split_arn("arn:aws:s3:::b/${aws:username}") == ["arn", "aws", "s3", "", "", "b/${aws:username}"]
    assert split_arn("arn:aws:iam::${aws:PrincipalAccount}:role/x:y")[4:] == [
        "${aws:PrincipalAccount}",
        "role/x:y",
    ]
