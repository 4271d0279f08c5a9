"""By whom an account was given a role: one row per rule, asserted by code."""

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.values import Ref
from sekisho.decide.workload.code import WorkloadCode
from sekisho.decide.workload.identity import Method, PodIdentity, resolve
from sekisho.decide.workload.settings import AccountFacts, MappedRole, Settings
from support.pod_webhook import ROLE, account

MAPPED = MappedRole("shop/app", "arn:aws:iam::111122223333:role/mapped", "aud-of-map", True, 1200)
ANNOTATED = account(role_arn=ROLE)
BOTH = AccountFacts("shop", "app", ANNOTATED.annotations, mapped=MAPPED)
ALL = AccountFacts("shop", "app", ANNOTATED.annotations, mapped=MAPPED, is_associated=True)
ABSENT = AccountFacts("shop", "app")
UNREAD = AccountFacts("shop", "app", is_read=False)

WAYS = {
    "annotated": (ANNOTATED, Outcome.ALLOW, WorkloadCode.WEB_IDENTITY),
    "the annotation goes before the ConfigMap": (BOTH, Outcome.ALLOW, WorkloadCode.WEB_IDENTITY),
    "the association goes before both": (ALL, Outcome.ALLOW, WorkloadCode.POD_IDENTITY),
    "mapped, without the account": (
        AccountFacts("shop", "app", mapped=MAPPED), Outcome.ALLOW, WorkloadCode.MAPPED,
    ),
    "mapped, with an account that has no role": (
        AccountFacts("shop", "app", {}, mapped=MAPPED), Outcome.ALLOW, WorkloadCode.MAPPED,
    ),
    "mapped to nothing": (
        AccountFacts("shop", "app", {}, mapped=MappedRole("shop/app", "")),
        Outcome.NO_OPINION, WorkloadCode.NOT_ANNOTATED,
    ),
    "associated without an account": (
        AccountFacts("shop", "app", is_associated=True), Outcome.ALLOW, WorkloadCode.POD_IDENTITY,
    ),
    "associated, the account unread": (
        AccountFacts("shop", "app", is_read=False, is_associated=True),
        Outcome.ALLOW, WorkloadCode.POD_IDENTITY,
    ),
    "no account": (ABSENT, Outcome.NO_OPINION, WorkloadCode.NO_ACCOUNT),
    "no annotation": (account(), Outcome.NO_OPINION, WorkloadCode.NOT_ANNOTATED),
    "an empty role is none": (account(role_arn=""), Outcome.NO_OPINION, WorkloadCode.NOT_ANNOTATED),
    "another prefix": (
        AccountFacts("shop", "app", {"example.org/role-arn": ROLE}),
        Outcome.NO_OPINION, WorkloadCode.NOT_ANNOTATED,
    ),
    "unread": (UNREAD, Outcome.UNKNOWN, WorkloadCode.ACCOUNT_UNREAD),
    "unread, though mapped": (
        AccountFacts("shop", "app", is_read=False, mapped=MAPPED),
        Outcome.UNKNOWN, WorkloadCode.ACCOUNT_UNREAD,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("facts", "outcome", "code"), WAYS.values(), ids=WAYS.keys())
def test_way(facts: AccountFacts, outcome: Outcome, code: WorkloadCode) -> None:
    decision = resolve(facts, Settings(), {}, 80_000)
    assert decision.outcome is outcome
    assert [step.code for step in decision.decisive] == [code]
    assert (decision.value is not None) is decision.allowed


def identity(
    facts: AccountFacts, settings: Settings | None = None, pod: dict[str, str] | None = None
) -> PodIdentity:
    named = {f"eks.amazonaws.com/{name}": text for name, text in (pod or {}).items()}
    found = resolve(facts, settings or Settings(), named, 80_000).value
    assert found is not None
    return found


def codes(
    facts: AccountFacts, settings: Settings | None = None, pod: dict[str, str] | None = None
) -> list[str]:
    named = {f"eks.amazonaws.com/{name}": text for name, text in (pod or {}).items()}
    return [str(step.code) for step in resolve(facts, settings or Settings(), named, 80_000).trace][1:]


def test_the_role_stands_at_its_annotation() -> None:
    step = resolve(ANNOTATED, Settings(), {}, 80_000).decisive[0]
    assert step.at == Ref("serviceaccount/shop/app", "/metadata/annotations/eks.amazonaws.com~1role-arn")
    assert ROLE in step.sentence()


EXPIRATIONS = {
    "the flag": ({}, {}, 86_400, []),
    "the account": ({"token_expiration": "5400"}, {}, 5400, []),
    "the pod goes before the account": ({"token_expiration": "5400"}, {"token_expiration": "7200"}, 7200, []),
    "600 is enough": ({"token_expiration": "600"}, {}, 600, []),
    "599 is raised": ({"token_expiration": "599"}, {}, 600, ["workload.expiration-raised"]),
    "the pod's is raised": ({}, {"token_expiration": "-5"}, 600, ["workload.expiration-raised"]),
    "no upper end": ({"token_expiration": "99999999"}, {}, 99_999_999, []),
    "no number on the account": ({"token_expiration": "1d"}, {}, 86_400, ["workload.expiration-unreadable"]),
    "no number on the pod": (
        {"token_expiration": "5400"}, {"token_expiration": "1h"}, 5400, ["workload.expiration-unreadable"],
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("annotated", "pod", "seconds", "notes"), EXPIRATIONS.values(), ids=EXPIRATIONS.keys()
)
def test_expiration(annotated: dict[str, str], pod: dict[str, str], seconds: int, notes: list[str]) -> None:
    facts = account(role_arn=ROLE, **annotated)
    of_pod = {name.replace("_", "-"): text for name, text in pod.items()}
    assert identity(facts, pod=of_pod).expiration == seconds
    assert codes(facts, pod=of_pod) == notes


def associated(**annotations: str) -> AccountFacts:
    return AccountFacts("shop", "app", account(**annotations).annotations, is_associated=True)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("", 80_000), ("86400", 80_000), ("86399", 86_399), ("86401", 86_401), ("600", 600), ("1", 600)],
)
def test_tokens_of_pod_identity_that_last_the_default_are_spread(said: str, seconds: int) -> None:
    facts = associated(token_expiration=said) if said else associated()
    assert identity(facts).expiration == seconds


@pytest.mark.parametrize(
    ("flag", "said", "regional", "notes"),
    [
        (False, None, False, []),
        (True, None, True, []),
        (False, "true", True, []),
        (True, "false", False, []),
        (True, "maybe", True, ["workload.sts-unreadable"]),
        (False, "maybe", False, ["workload.sts-unreadable"]),
    ],
)
def test_regional_sts(flag: bool, said: str | None, regional: bool, notes: list[str]) -> None:
    annotations = {} if said is None else {"sts_regional_endpoints": said}
    settings = Settings(regional_sts=flag)
    for facts in (account(role_arn=ROLE, **annotations), associated(**annotations)):
        assert identity(facts, settings).regional_sts is regional
        assert codes(facts, settings) == notes


@pytest.mark.parametrize(
    ("facts", "audience", "notes"),
    [
        (account(role_arn=ROLE), "sts.amazonaws.com", []),
        (account(role_arn=ROLE, audience="other"), "other", []),
        (account(role_arn=ROLE, audience=""), "", ["workload.no-audience"]),
        (AccountFacts("shop", "app", mapped=MAPPED), "aud-of-map", []),
        (AccountFacts("shop", "app", mapped=MappedRole("*/app", ROLE)), "", ["workload.no-audience"]),
        (associated(audience="other"), "pods.eks.amazonaws.com", []),
    ],
)
def test_audience(facts: AccountFacts, audience: str, notes: list[str]) -> None:
    assert identity(facts).token.audience == audience
    assert codes(facts) == notes


@pytest.mark.parametrize(("seconds", "used"), [(0, 86_400), (599, 600), (600, 600), (1200, 1200)])
def test_a_mapping_has_its_own_expiration(seconds: int, used: int) -> None:
    facts = AccountFacts("shop", "app", mapped=MappedRole("shop/app", ROLE, "aud", expiration=seconds))
    assert identity(facts).expiration == used
    assert codes(facts) == (["workload.expiration-raised"] if seconds == 599 else [])
    assert identity(facts, pod={"token-expiration": "900"}).expiration == 900


def test_a_mapping_does_not_inherit_regional_sts() -> None:
    facts = AccountFacts("shop", "app", mapped=MappedRole("shop/app", ROLE, "aud"))
    assert identity(facts, Settings(regional_sts=True)).regional_sts is False


COMPOSED = {
    "app": "arn:aws:iam::222233334444:role/app",
    "team/app": "arn:aws:iam::222233334444:role/team/app",
    ROLE: ROLE,
    "my-arn:app": "my-arn:app",
}


@pytest.mark.parametrize(("written", "role"), COMPOSED.items())
def test_a_name_becomes_a_role_of_the_own_account_where_that_is_set(written: str, role: str) -> None:
    settings = Settings(compose_role_arn="arn:aws:iam::222233334444:role/")
    assert identity(account(role_arn=written), settings).source == role
    assert identity(account(role_arn=written)).source == written


ROLES = {
    ROLE: [],
    "arn:aws-cn:iam::111122223333:role/a/b": [],
    "arn:aws-us-gov:iam::111122223333:role/a": [],
    "arn:aws:iam::11112222333:role/a": ["workload.role-not-arn"],
    "arn:aws:iam::111122223333:user/a": ["workload.role-not-arn"],
    "arn:aws:iam::111122223333:role/": ["workload.role-not-arn"],
    "app": ["workload.role-not-arn"],
}


@pytest.mark.parametrize(("role", "notes"), ROLES.items())
def test_any_role_is_injected_and_one_that_is_no_arn_is_noted(role: str, notes: list[str]) -> None:
    assert identity(account(role_arn=role)).source == role
    assert codes(account(role_arn=role)) == notes


def test_the_methods_have_the_variables_of_the_sdks() -> None:
    assert Method.WEB_IDENTITY.value == ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
    assert Method.CONTAINER.value == (
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    )
