"""Which organization policies reach an account, level by level."""

import pytest

from sekisho.decide.iam import PolicyKind, parse_policy
from sekisho.decide.values import AccountId, Instant, Ref
from sekisho.facts import (
    AccountCreation,
    Document,
    Event,
    Key,
    Kind,
    Organization,
    OrganizationAccount,
    OrganizationalUnit,
    OrganizationPolicy,
    OrganizationPolicyType,
    Put,
    Snapshot,
)
from sekisho.facts.organization import (
    FULL_ACCESS,
    RCP_FULL_ACCESS,
    Level,
    organization_of,
    path_of,
    rcps_of,
    scps_of,
    units_above,
)

MANAGER = AccountId("111122223333")
MEMBER = AccountId("444455556666")
NOW = Instant.parse_rfc3339("2026-01-31T09:00:00Z")
SCP = OrganizationPolicyType.SERVICE_CONTROL_POLICY
RCP = OrganizationPolicyType.RESOURCE_CONTROL_POLICY
FULL = Document("FullAWSAccess", FULL_ACCESS.text)
RCP_FULL = Document("RCPFullAWSAccess", RCP_FULL_ACCESS.text)
BOTH = (FULL_ACCESS.policy, RCP_FULL_ACCESS.policy)


def facts(
    *units: tuple[str, str, str],
    types: tuple[OrganizationPolicyType, ...] = (SCP, RCP),
    parent: str = "r-1",
    attached: tuple[str, ...] = BOTH,
) -> Snapshot:
    """Return an organization of two accounts; units are id, parent and a policy id of their own."""
    organization = Organization("o-1", MANAGER, "r-1", NOW, policy_types=types, attached=BOTH)
    events: list[Event] = [Put(Key(Kind.ORGANIZATION, "", "o-1"), organization)]
    for account, where, ids in ((MANAGER, "r-1", BOTH), (MEMBER, parent, attached)):
        member = OrganizationAccount(account, "o-1", where, "n", "a@b.c", NOW, attached=ids)
        events.append(Put(Key(Kind.ORGANIZATION_ACCOUNT, "", account), member))
    for unit, above, policy in units:
        fact = OrganizationalUnit("o-1", unit, above, unit, (*BOTH, policy))
        events.append(Put(Key(Kind.ORGANIZATIONAL_UNIT, "o-1", unit), fact))
    for policy, kind in (("p-scp", SCP), ("p-rcp", RCP)):
        own = OrganizationPolicy("o-1", policy, policy, kind, f"text of {policy}")
        events.append(Put(Key(Kind.ORGANIZATION_POLICY, "o-1", policy), own))
    return Snapshot(events)


OWN_SCP = Document("p-scp", "text of p-scp")
OWN_RCP = Document("p-rcp", "text of p-rcp")
DEEP = (("ou-1", "r-1", "p-scp"), ("ou-2", "ou-1", "p-rcp"))
CASES: dict[str, tuple[Snapshot, str, tuple[Level, ...], tuple[Level, ...]]] = {
    "no organization": (Snapshot(), MEMBER, (), ()),
    "another account": (facts(), "777788889999", (), ()),
    "the management account is not restricted": (facts(), MANAGER, (), ()),
    "an account in the root": (facts(), MEMBER, ((FULL,), (FULL,)), ((RCP_FULL,), (RCP_FULL,))),
    "root, unit, unit, account in order": (
        facts(*DEEP, parent="ou-2"),
        MEMBER,
        ((FULL,), (FULL, OWN_SCP), (FULL,), (FULL,)),
        ((RCP_FULL,), (RCP_FULL,), (RCP_FULL, OWN_RCP), (RCP_FULL,)),
    ),
    "a sibling's policies are not inherited": (
        facts(*DEEP, parent="r-1"),
        MEMBER,
        ((FULL,), (FULL,)),
        ((RCP_FULL,), (RCP_FULL,)),
    ),
    "types not enabled": (facts(types=()), MEMBER, (), ()),
    "only one type": (facts(types=(SCP,)), MEMBER, ((FULL,), (FULL,)), ()),
    "in the order they were attached": (
        facts(attached=("p-scp", "p-rcp", *BOTH)),
        MEMBER,
        ((FULL,), (OWN_SCP, FULL)),
        ((RCP_FULL,), (OWN_RCP, RCP_FULL)),
    ),
    "an id of no policy allows nothing": (
        facts(attached=("p-gone",)),
        MEMBER,
        ((FULL,), ()),
        ((RCP_FULL,), ()),
    ),
    "a path that does not reach the root allows nothing": (
        facts(("ou-1", "ou-gone", "p-scp"), parent="ou-1"),
        MEMBER,
        ((), (FULL,), (FULL, OWN_SCP), (FULL,)),
        ((), (RCP_FULL,), (RCP_FULL,), (RCP_FULL,)),
    ),
    "a parent of no unit allows nothing": (
        facts(parent="ou-gone"),
        MEMBER,
        ((), (FULL,), (FULL,)),
        ((), (RCP_FULL,), (RCP_FULL,)),
    ),
}


@pytest.mark.parametrize(("known", "account", "scps", "rcps"), CASES.values(), ids=CASES.keys())
def test_levels(known: Snapshot, account: str, scps: tuple[Level, ...], rcps: tuple[Level, ...]) -> None:
    assert scps_of(known, account) == scps
    assert rcps_of(known, account) == rcps


def test_a_membership_without_its_organization_allows_nothing() -> None:
    member = OrganizationAccount(MEMBER, "o-1", "r-1", "n", "a@b.c", NOW)
    known = Snapshot([Put(Key(Kind.ORGANIZATION_ACCOUNT, "", MEMBER), member)])
    assert scps_of(known, MEMBER) == rcps_of(known, MEMBER) == ((),)
    assert organization_of(known, MEMBER) is None


def test_units_in_a_circle_end() -> None:
    known = facts(("ou-1", "ou-2", "p-scp"), ("ou-2", "ou-1", "p-scp"), parent="ou-1")
    assert scps_of(known, MEMBER)[0] == ()
    assert len(units_above(known, "o-1", "ou-1")) == 5


@pytest.mark.parametrize(
    ("parent", "path"),
    [("r-1", "o-1/r-1/"), ("ou-1", "o-1/r-1/ou-1/"), ("ou-2", "o-1/r-1/ou-1/ou-2/")],
)
def test_paths(parent: str, path: str) -> None:
    known = facts(*DEEP)
    organization = organization_of(known, MEMBER)
    assert organization is not None
    assert path_of(known, organization, parent) == path


def test_an_account_is_in_one_organization_only() -> None:
    known = facts()
    found = organization_of(known, MEMBER)
    assert found is not None
    assert str(found.arn) == "arn:aws:organizations::111122223333:organization/o-1"
    assert str(found.root_arn) == "arn:aws:organizations::111122223333:root/o-1/r-1"
    assert organization_of(known, "777788889999") is None
    assert known.organization_accounts("o-2") == ()


def test_everything_of_an_organization_is_found_by_its_id() -> None:
    creation = AccountCreation("o-1", "car-1", "new", NOW, account=MEMBER)
    known = facts(*DEEP).applied([Put(Key(Kind.ACCOUNT_CREATION, "o-1", "car-1"), creation)])
    assert [unit.unit for unit in known.organizational_units("o-1")] == ["ou-1", "ou-2"]
    assert [member.account for member in known.organization_accounts("o-1")] == [MANAGER, MEMBER]
    assert [policy.policy for policy in known.organization_policies("o-1")] == ["p-scp", "p-rcp"]
    assert known.account_creations("o-1") == (creation,)
    assert known.account_creation("o-1", "car-1") == creation
    assert known.account_creation("o-2", "car-1") is None
    assert known.organizational_unit("o-2", "ou-1") is None
    assert known.organization_policy("o-2", "p-scp") is None


@pytest.mark.parametrize(
    ("policy", "kind"), [(FULL_ACCESS, PolicyKind.SCP), (RCP_FULL_ACCESS, PolicyKind.RCP)]
)
def test_the_policies_of_aws_are_of_their_own_grammar(policy: OrganizationPolicy, kind: PolicyKind) -> None:
    assert len(parse_policy(policy.text, Ref(policy.name), kind).statements) == 1
