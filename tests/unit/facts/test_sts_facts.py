"""What the rules of STS learn from a Snapshot, and what they must not."""

from datetime import timedelta

import pytest

from sekisho.decide import sts
from sekisho.decide.iam import UNREAD, Layer
from sekisho.decide.values import AccountId, Arn, Instant, Principal, Secret, ServicePrincipal
from sekisho.facts import (
    Document,
    IssuedSession,
    Key,
    Kind,
    ManagedPolicy,
    MfaDevice,
    OpenIdConnectProvider,
    Organization,
    OrganizationAccount,
    OrganizationalUnit,
    PolicyVersion,
    Put,
    Role,
    Snapshot,
    User,
    UserAccessKey,
)
from sekisho.facts.sts_facts import SnapshotStsFacts

ACCOUNT, OTHER = AccountId("111122223333"), AccountId("444455556666")
NOW = Instant.from_epoch(1_900_000_000)
ALLOW = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
TRUST = '{"Version": "2012-10-17", "Statement": []}'
MIRA_ID = "AIDAMIRAMIRAMIRAMIRA1"
MIRA = User(
    ACCOUNT, "mira", MIRA_ID, NOW, "/ops/", tags=(("team", "tide"),), inline=(Document("all", ALLOW),)
)
NAMED_ROOT = User(
    ACCOUNT, "root", "AIDAROOTROOTROOTROOT1", NOW, tags=(("team", "no"),), inline=(Document("all", ALLOW),)
)
APP = Role(
    ACCOUNT,
    "app",
    "AROAAPPAPPAPPAPPAPPA1",
    NOW,
    TRUST,
    "/team/",
    max_session_seconds=7200,
    tags=(("stage", "prod"),),
    trusted_ids=((str(MIRA.arn), MIRA_ID),),
)
ISSUER = "oidc.eks.ap-northeast-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
PROVIDER = OpenIdConnectProvider(ACCOUNT, ISSUER, NOW, ("sts.amazonaws.com",))
OWN = ManagedPolicy(
    ACCOUNT, "own", "ANPAOWNOWNOWNOWNOWNO1", NOW, NOW, (PolicyVersion("v1", ALLOW, NOW),), path="/team/"
)
NO_POLICIES: dict[str, str] = {}
AWS_OWN = "arn:aws:iam::aws:policy/ReadOnlyAccess"

USER = sts.user(ACCOUNT, "mira", MIRA_ID, path="/ops/")
ROOT = sts.root(ACCOUNT)
APP_SESSION = sts.role_session(ACCOUNT, "app", APP.role_id, "s-1", path="/team/")
ISSUED = IssuedSession("ASIA0000000000000001", sts.Session(APP_SESSION, NOW, NOW + timedelta(hours=1)))

FACTS = SnapshotStsFacts(
    Snapshot(
        [
            Put(Key(Kind.USER, ACCOUNT, "mira"), MIRA),
            Put(Key(Kind.USER, ACCOUNT, "root"), NAMED_ROOT),
            Put(Key(Kind.ROLE, ACCOUNT, "app"), APP),
            Put(Key(Kind.OIDC_PROVIDER, ACCOUNT, ISSUER), PROVIDER),
            Put(Key(Kind.POLICY, ACCOUNT, str(OWN.arn)), OWN),
            Put(
                Key(Kind.ACCESS_KEY, "", "AKIAMIRA000000000001"),
                UserAccessKey(ACCOUNT, "AKIAMIRA000000000001", "mira", NOW),
            ),
            Put(Key(Kind.SESSION, "", ISSUED.key_id), ISSUED),
        ]
    ),
    {AWS_OWN: ALLOW}.get,
)


def test_a_role_is_what_iam_says_of_it() -> None:
    found = FACTS.role(APP.arn)
    assert found == sts.RoleFacts(
        APP.arn, APP.role_id, TRUST, APP.trusted_ids, timedelta(hours=2), (("stage", "prod"),)
    )
    assert FACTS.role_named(ACCOUNT, "app") == found


NO_ROLES = {
    "another path": "arn:aws:iam::111122223333:role/app",
    "another account": "arn:aws:iam::444455556666:role/team/app",
    "another partition": "arn:aws-cn:iam::111122223333:role/team/app",
    "another name": "arn:aws:iam::111122223333:role/team/web",
}


@pytest.mark.parametrize("arn", NO_ROLES.values(), ids=NO_ROLES.keys())
def test_a_role_is_found_by_its_whole_arn_only(arn: str) -> None:
    assert FACTS.role(Arn.parse(arn)) is None


def test_the_role_that_differs_in_its_path_is_found_by_name() -> None:
    assert FACTS.role_named(ACCOUNT, "web") is None
    assert FACTS.role_named(OTHER, "app") is None


TAGS: dict[str, tuple[Principal, sts.Tags | None]] = {
    "a user has its own": (USER, (("team", "tide"),)),
    "a user that is not there": (sts.user(ACCOUNT, "noor", "AIDANOORNOORNOORNOOR1"), None),
    "a root user has none": (ROOT, ()),
    "a session has its role's": (APP_SESSION, (("stage", "prod"),)),
    "a session of a role that is not there": (sts.role_session(OTHER, "app", APP.role_id, "s-1"), None),
    "a federated user has those of the user behind it": (
        sts.federated_user(USER, "guest"),
        (("team", "tide"),),
    ),
    "a federated user of root has none, whatever a user named root has": (
        sts.federated_user(ROOT, "guest"),
        (),
    ),
}


@pytest.mark.parametrize(("who", "tags"), TAGS.values(), ids=TAGS.keys())
def test_tags_are_those_of_the_user_or_role_behind_a_principal(who: Principal, tags: sts.Tags | None) -> None:
    assert FACTS.tags_of(who) == tags


def test_a_provider_is_found_by_its_whole_url_in_its_own_account() -> None:
    found = sts.ProviderFacts(PROVIDER.arn, ISSUER, ("sts.amazonaws.com",))
    assert FACTS.provider(ACCOUNT, ISSUER) == found
    assert FACTS.providers(ACCOUNT) == (found,)
    assert FACTS.provider(ACCOUNT, ISSUER.lower()) is None
    assert FACTS.provider(OTHER, ISSUER) is None


POLICIES = {
    "AWS's own": (AWS_OWN, True),
    "AWS has none of that name": ("arn:aws:iam::aws:policy/NoSuchAccess", False),
    "the account's own": (str(OWN.arn), True),
    "of the same name on another path": ("arn:aws:iam::111122223333:policy/own", False),
    "no ARN": ("ReadOnlyAccess", False),
}


@pytest.mark.parametrize(("arn", "known"), POLICIES.values(), ids=POLICIES.keys())
def test_a_session_policy_is_known_or_is_not(arn: str, known: bool) -> None:
    assert FACTS.has_policy(ACCOUNT, arn) is known


def test_a_policy_of_one_account_is_none_of_another() -> None:
    assert not FACTS.has_policy(OTHER, str(OWN.arn))


DEVICE = MfaDevice(ACCOUNT, "mira", NOW, user="mira", enabled=NOW)
SERIAL = str(DEVICE.arn)
ANA = sts.user(ACCOUNT, "ana", "AIDAANAANAANAANAANAA1")
HOLDERS: dict[str, tuple[Principal, str, MfaDevice, bool]] = {
    "the user who holds it": (USER, SERIAL, DEVICE, True),
    "another user": (ANA, SERIAL, DEVICE, False),
    "a device of nobody": (USER, SERIAL, MfaDevice(ACCOUNT, "mira", NOW), False),
    "a device that is not there": (USER, f"{SERIAL}2", DEVICE, False),
    "a role session of the user's name": (
        sts.role_session(ACCOUNT, "mira", "AROAMIRAMIRAMIRAMIRA1", "s-1"),
        SERIAL,
        DEVICE,
        False,
    ),
    "the root user": (ROOT, SERIAL, MfaDevice(ACCOUNT, "mira", NOW, enabled=NOW), False),
    "a user of that name elsewhere": (sts.user(OTHER, "mira", MIRA_ID), SERIAL, DEVICE, False),
}


@pytest.mark.parametrize(("who", "serial", "device", "taken"), HOLDERS.values(), ids=HOLDERS.keys())
def test_a_code_counts_for_the_user_who_holds_the_device(
    who: Principal, serial: str, device: MfaDevice, taken: bool
) -> None:
    facts = Snapshot([Put(Key(Kind.MFA_DEVICE, ACCOUNT, str(device.arn)), device)])
    known = SnapshotStsFacts(facts, NO_POLICIES.get, lambda _device, code: code.reveal() == "123456")
    assert known.is_mfa_code(who, serial, Secret("123456")) is taken
    assert not known.is_mfa_code(who, serial, Secret("654321"))
    # Without seeds no code is ever right.
    assert not SnapshotStsFacts(facts, NO_POLICIES.get).is_mfa_code(who, serial, Secret("123456"))
    # Whoever does not hold a device can neither use nor see that it rests.
    assert known.mfa_locked_until(who, serial) is None
    resting = SnapshotStsFacts(facts, NO_POLICIES.get, locked_until=lambda _device: NOW)
    assert resting.mfa_locked_until(who, serial) == (NOW if taken else None)


KEYS = {
    "of a user": ("AKIAMIRA000000000001", ACCOUNT),
    "of a session": ("ASIA0000000000000001", ACCOUNT),
    "of nobody": ("AKIA0000000000000009", None),
}


@pytest.mark.parametrize(("key", "account"), KEYS.values(), ids=KEYS.keys())
def test_the_account_of_an_access_key(key: str, account: AccountId | None) -> None:
    assert FACTS.access_key_account(key) == account


def member(account: AccountId, parent: str) -> Put:
    joined = OrganizationAccount(account, "o-1", parent, "n", "a@b.c", NOW)
    return Put(Key(Kind.ORGANIZATION_ACCOUNT, "", account), joined)


def test_an_account_is_where_its_organization_has_it() -> None:
    facts = Snapshot(
        [
            Put(Key(Kind.ORGANIZATION, "", "o-1"), Organization("o-1", ACCOUNT, "r-1", NOW)),
            Put(
                Key(Kind.ORGANIZATIONAL_UNIT, "o-1", "ou-1"), OrganizationalUnit("o-1", "ou-1", "r-1", "dev")
            ),
            member(ACCOUNT, "r-1"),
            member(OTHER, "ou-1"),
        ]
    )
    known = SnapshotStsFacts(facts, NO_POLICIES.get)
    assert known.organization(ACCOUNT) == sts.Organization("o-1", "o-1/r-1/")
    assert known.organization(OTHER) == sts.Organization("o-1", "o-1/r-1/ou-1/")


def test_an_account_of_no_organization_has_none() -> None:
    assert FACTS.organization(ACCOUNT) is None


def test_policies_are_the_caller_s_without_the_role_s_trust() -> None:
    found = FACTS.policies(USER, None, OTHER)
    assert found.identity is not UNREAD
    assert [(policy.name, policy.layer) for policy in found.identity] == [("all", Layer.IDENTITY)]
    assert (found.resource, found.session) == (None, None)


def test_a_service_has_no_policies() -> None:
    found = FACTS.policies(ServicePrincipal("ec2.amazonaws.com"), None, ACCOUNT)
    assert (found.identity, found.session, found.resource) == ((), None, None)
