"""AWS's own managed policies: the errors that are left are of three kinds, each for a known reason."""

import json
from collections import Counter

import pytest

from sekisho.decide.values import Ref
from sekisho.review.policy_check import PolicyCode, Severity, check_policy, load_reference
from sekisho.wire.aws_managed_policies import aws_policies

NOT_BOUND_BY_QUOTAS = str(PolicyCode.TOO_LONG)
"""AWS's own policies may be longer than a customer's."""
NOT_IN_REFERENCE = {str(PolicyCode.UNKNOWN_SERVICE), str(PolicyCode.UNKNOWN_ACTION)}
"""Services that AWS has retired, and actions that are younger than the reference."""


@pytest.fixture(scope="module")
def errors() -> dict[str, Counter[str]]:
    reference = load_reference()
    found = {}
    for policy in aws_policies().values():
        findings = check_policy(json.loads(policy.document), Ref(policy.name), reference)
        found[policy.name] = Counter(one.code for one in findings if one.severity is Severity.ERROR)
    return found


def test_the_catalogue_is_there(errors: dict[str, Counter[str]]) -> None:
    assert len(errors) > 1000


def test_only_these_errors_are_left(errors: dict[str, Counter[str]]) -> None:
    left = {code for found in errors.values() for code in found}
    assert left <= {NOT_BOUND_BY_QUOTAS, *NOT_IN_REFERENCE}


def test_few_policies_have_one(errors: dict[str, Counter[str]]) -> None:
    with_unknown = [name for name, found in errors.items() if NOT_IN_REFERENCE & set(found)]
    assert len(with_unknown) < len(errors) / 40


def test_too_long_is_longer_than_any_inline_policy(errors: dict[str, Counter[str]]) -> None:
    texts = {policy.name: json.loads(policy.document) for policy in aws_policies().values()}
    for name, found in errors.items():
        text = json.dumps(texts[name], separators=(",", ":"), ensure_ascii=False)
        size = sum(not char.isspace() for char in text)
        assert (NOT_BOUND_BY_QUOTAS in found) == (size > 10240), name
