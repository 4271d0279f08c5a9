"""What EKS takes for a Pod Identity association (EKS API Reference, "CreatePodIdentityAssociation")."""

from typing import Any

import pytest

from sekisho.decide.eks.association_rules import (
    MAX_POLICY_CHARS,
    NEEDS_NO_TAGS,
    OTHER_ACCOUNT,
    fault_of_names,
    fault_of_policy,
    fault_of_role,
    fault_of_target,
    trusts_eks,
)
from sekisho.decide.values import Arn, documents
from support.sts_build import AWAY, HOME, ROLE, SPOKE, statement, trusting

NAMES = {
    "both fine": ("billing", "ledger.api", True),
    "63 characters": ("n" * 63, "ledger", True),
    "64 characters": ("n" * 64, "ledger", False),
    "253 characters": ("billing", "s" * 253, True),
    "254 characters": ("billing", "s" * 254, False),
    "upper case": ("Billing", "ledger", False),
    "a dot in a namespace": ("a.b", "ledger", False),
    "an account of upper case": ("billing", "Ledger", False),
    "empty": ("", "ledger", False),
}


@pytest.mark.parametrize(("namespace", "account", "good"), NAMES.values(), ids=NAMES)
def test_names(namespace: str, account: str, good: bool) -> None:
    assert (fault_of_names(namespace, account) == "") is good


def test_the_role_is_one_of_the_clusters_account() -> None:
    assert fault_of_role(ROLE, HOME) == ""
    assert fault_of_role(ROLE, AWAY) == OTHER_ACCOUNT
    assert fault_of_role("role/app", HOME) == "The role ARN role/app is invalid."


def test_the_target_is_another_role() -> None:
    assert fault_of_target(SPOKE, ROLE) == ""
    assert fault_of_target(ROLE, ROLE) == "The target role must not be the role of the association."
    assert fault_of_target("spoke", ROLE) == "The target role ARN spoke is invalid."


def test_the_session_policy_needs_tags_off() -> None:
    text = documents.to_json(statement(Action="s3:GetObject", Resource="*")).decode()
    assert fault_of_policy(text, disable_session_tags=True) == ""
    assert fault_of_policy(text, disable_session_tags=False) == NEEDS_NO_TAGS
    longest = text + " " * (MAX_POLICY_CHARS - len(text))
    assert fault_of_policy(longest, disable_session_tags=True) == ""
    assert "longer than 2048" in fault_of_policy(longest + " ", disable_session_tags=True)
    assert fault_of_policy("{}", disable_session_tags=True).startswith("The policy is not valid: ")


EKS = {"Service": "pods.eks.amazonaws.com"}
BOTH = ("sts:AssumeRole", "sts:TagSession")


def both(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [first["Statement"], second["Statement"]]}


TRUSTS: dict[str, tuple[dict[str, Any], bool]] = {
    "both actions": (trusting(EKS, *BOTH), True),
    "whatever the condition": (
        trusting(EKS, *BOTH, StringEquals={"aws:SourceAccount": AWAY}),
        True,
    ),
    "in two statements": (both(trusting(EKS, BOTH[0]), trusting(EKS, BOTH[1])), True),
    "by a wildcard": (trusting(EKS, "sts:*"), True),
    "without tags": (trusting(EKS, BOTH[0]), False),
    "without the role": (trusting(EKS, BOTH[1]), False),
    "another service": (trusting({"Service": "eks.amazonaws.com"}, *BOTH), False),
    "a denial": (statement("Deny", Principal=EKS, Action=list(BOTH)), False),
}


@pytest.mark.parametrize(("trust", "trusts"), TRUSTS.values(), ids=TRUSTS)
def test_the_trust_policy(trust: dict[str, Any], trusts: bool) -> None:
    text = documents.to_json(trust).decode()
    assert trusts_eks(text, Arn.parse(ROLE)) is trusts


def test_a_trust_policy_of_nobody_trusts_nobody() -> None:
    assert not trusts_eks("{", Arn.parse(ROLE))
