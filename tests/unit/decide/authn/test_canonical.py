"""Canonical ARNs: one row per rule; the vectors hold the reference's own table."""

import pytest

from sekisho.decide.authn.canonical import (
    ArnError,
    ArnKind,
    ArnProblem,
    arn_like,
    canonical_mapping,
    canonicalize,
    strip_path,
)

A = "111122223333"

CANONICAL = {
    "a user keeps its path": (
        f"arn:aws:iam::{A}:user/eng/ana",
        f"arn:aws:iam::{A}:user/eng/ana",
        ArnKind.USER,
    ),
    "a role keeps its path": (f"arn:aws:iam::{A}:role/p/ops", f"arn:aws:iam::{A}:role/p/ops", ArnKind.ROLE),
    "a session is its role": (
        f"arn:aws-cn:sts::{A}:assumed-role/ops/mia",
        f"arn:aws-cn:iam::{A}:role/ops",
        ArnKind.ASSUMED_ROLE,
    ),
    "inner parts of a session stay": (
        f"arn:aws:sts::{A}:assumed-role/p/ops/mia",
        f"arn:aws:iam::{A}:role/p/ops",
        ArnKind.ASSUMED_ROLE,
    ),
    "root": (f"arn:aws:iam::{A}:root", f"arn:aws:iam::{A}:root", ArnKind.ROOT),
    "a federated user": (
        f"arn:aws:sts::{A}:federated-user/bo",
        f"arn:aws:sts::{A}:federated-user/bo",
        ArnKind.FEDERATED_USER,
    ),
}


@pytest.mark.parametrize(("text", "arn", "kind"), CANONICAL.values(), ids=CANONICAL.keys())
def test_canonicalize(text: str, arn: str, kind: ArnKind) -> None:
    found = canonicalize(text)
    assert (str(found.arn), found.kind, found.key) == (arn, kind, arn.lower())


REFUSED = {
    "no ARN": ("ops", ArnProblem.INVALID),
    "five sections": (f"arn:aws:iam::{A}", ArnProblem.INVALID),
    "white space": (f"arn:aws:iam::{A}:role/ops ", ArnProblem.INVALID),
    "eleven digits": ("arn:aws:iam::11112222333:role/ops", ArnProblem.INVALID),
    "a region": (f"arn:aws:iam:eu-west-1:{A}:role/ops", ArnProblem.INVALID),
    "no name": (f"arn:aws:iam::{A}:role/", ArnProblem.INVALID),
    "no slash": (f"arn:aws:iam::{A}:role", ArnProblem.INVALID),
    "an empty part": (f"arn:aws:iam::{A}:role//ops", ArnProblem.INVALID),
    "an empty session": (f"arn:aws:sts::{A}:assumed-role/ops/", ArnProblem.INVALID),
    "no session": (f"arn:aws:sts::{A}:assumed-role/ops", ArnProblem.SESSION),
    "other partition": (f"arn:aws-moon:iam::{A}:role/ops", ArnProblem.PARTITION),
    "other service": (f"arn:aws:s3::{A}:role/ops", ArnProblem.SERVICE),
    "a group": (f"arn:aws:iam::{A}:group/ops", ArnProblem.RESOURCE),
    "root with a name": (f"arn:aws:iam::{A}:root/x", ArnProblem.RESOURCE),
    "a role of sts": (f"arn:aws:sts::{A}:role/ops", ArnProblem.RESOURCE),
    "kinds are lower case": (f"arn:aws:iam::{A}:Role/ops", ArnProblem.RESOURCE),
}


@pytest.mark.parametrize(("text", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_refused(text: str, problem: ArnProblem) -> None:
    with pytest.raises(ArnError) as caught:
        canonicalize(text)
    assert caught.value.problem is problem


def test_a_mapping_loses_the_path_of_a_role_and_only_of_a_role() -> None:
    assert str(canonical_mapping(f"arn:aws:iam::{A}:role/p/q/ops").arn) == f"arn:aws:iam::{A}:role/ops"
    assert (
        str(canonical_mapping(f"arn:aws:sts::{A}:assumed-role/p/ops/s").arn) == f"arn:aws:iam::{A}:role/ops"
    )
    assert str(canonical_mapping(f"arn:aws:iam::{A}:user/p/ana").arn) == f"arn:aws:iam::{A}:user/p/ana"


def test_name_and_path() -> None:
    user = canonicalize(f"arn:aws:iam::{A}:user/p/q/ana")
    assert (user.name, user.path) == ("ana", "/p/q/")
    root = canonicalize(f"arn:aws:iam::{A}:root")
    assert (root.name, root.path) == ("root", "/")


def test_strip_path_leaves_what_is_no_role() -> None:
    assert strip_path(f"arn:aws:iam::{A}:role/p/ops") == f"arn:aws:iam::{A}:role/ops"
    assert strip_path(f"arn:aws:iam::{A}:policy/p/ops") == f"arn:aws:iam::{A}:policy/p/ops"
    with pytest.raises(ArnError):
        strip_path("arn:aws")


ARN_LIKE = {
    "a question mark is one character": ("arn:aws:iam::1:role/a?c", "arn:aws:iam::1:role/abc", True),
    "a question mark is not none": ("arn:aws:iam::1:role/ab?", "arn:aws:iam::1:role/ab", False),
    "a star stays in its section": ("arn:aws:*:1:role/a:", "arn:aws:iam::1:role/a", False),
    "case counts": ("arn:aws:iam::1:role/A", "arn:aws:iam::1:role/a", False),
    "the resource may hold colons": ("arn:aws:iam::1:a*c", "arn:aws:iam::1:a:b:c", True),
}


@pytest.mark.parametrize(("pattern", "subject", "expected"), ARN_LIKE.values(), ids=ARN_LIKE.keys())
def test_arn_like(pattern: str, subject: str, expected: bool) -> None:
    assert arn_like(pattern, subject) is expected
