"""Which policies apply to a request, as the facts have them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sekisho.decide import sts
from sekisho.decide.decision import Outcome
from sekisho.decide.iam import UNREAD, evaluate
from sekisho.decide.request.aws_request import AwsRequest
from sekisho.decide.values import AccountId, Arn, Instant, Principal, PrincipalType, ServicePrincipal
from sekisho.facts import (
    Document,
    Group,
    Key,
    Kind,
    ManagedPolicy,
    Organization,
    OrganizationAccount,
    OrganizationPolicy,
    OrganizationPolicyType,
    PolicyVersion,
    Put,
    Role,
    Snapshot,
    User,
)
from sekisho.facts.permissions import caller_policies, policies_for

ACCOUNT, OTHER = AccountId("111122223333"), AccountId("444455556666")
NOW = Instant.from_epoch(0)
MIRA = User(ACCOUNT, "mira", "AIDAMIRAMIRAMIRAMIRA1", NOW)
TRUST = (
    '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", '
    '"Principal": {"AWS": "arn:aws:iam::111122223333:user/mira", "Service": "ec2.amazonaws.com"}}}'
)
APP = Role(
    ACCOUNT,
    "app",
    "AROAAPPAPPAPPAPPAPPA1",
    NOW,
    TRUST,
    path="/ops/",
    trusted_ids=((str(MIRA.arn), MIRA.user_id),),
)
FACTS = Snapshot([Put(Key(Kind.USER, ACCOUNT, MIRA.name), MIRA), Put(Key(Kind.ROLE, ACCOUNT, APP.name), APP)])
CALLER = Principal(PrincipalType.USER, MIRA.arn, MIRA.user_id, MIRA.arn)
RECREATED = Principal(PrincipalType.USER, MIRA.arn, "AIDAMIRAMIRAMIRAMIRA2", MIRA.arn)


def no_managed(_arn: str) -> str | None:
    return None


ROLES = {
    "whom it trusts": (CALLER, Outcome.ALLOW),
    "who was made again under the same name": (RECREATED, Outcome.NO_OPINION),
    "a service": (ServicePrincipal("ec2.amazonaws.com"), Outcome.ALLOW),
    "another service": (ServicePrincipal("eks.amazonaws.com"), Outcome.NO_OPINION),
}


@pytest.mark.parametrize(("who", "outcome"), ROLES.values(), ids=ROLES.keys())
def test_the_policy_of_a_role_that_is_assumed_is_its_trust_policy(
    who: Principal | ServicePrincipal, outcome: Outcome
) -> None:
    asked = AwsRequest(who, "sts:AssumeRole", (str(APP.arn),))
    assert evaluate(asked, policies_for(FACTS, asked, no_managed)).outcome is outcome


RESOURCES = {
    "own bucket": ("s3:GetObject", "arn:aws:s3:::b/k", None, None),
    "bucket of another account": ("s3:GetObject", "arn:aws:s3:::b/k", OTHER, UNREAD),
    "cluster of another account": (
        "eks:DescribeCluster",
        str(Arn("aws", "eks", "r", OTHER, "cluster/c")),
        OTHER,
        None,
    ),
    "role that is not there": ("sts:AssumeRole", "arn:aws:iam::111122223333:role/none", None, UNREAD),
    "role with another path": ("sts:AssumeRole", "arn:aws:iam::111122223333:role/app", None, UNREAD),
    "role that is no ARN": ("sts:AssumeRole", "role/app", None, UNREAD),
    "key": ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/1", None, UNREAD),
}


@pytest.mark.parametrize(("action", "resource", "owner", "policy"), RESOURCES.values(), ids=RESOURCES.keys())
def test_other_resource_policies_are_absent_or_unread(
    action: str, resource: str, owner: AccountId | None, policy: object
) -> None:
    asked = AwsRequest(CALLER, action, (resource,), resource_account=owner)
    assert policies_for(FACTS, asked, no_managed).resource is policy


def allowing(*actions: str, effect: str = "Allow") -> str:
    listed = ", ".join(f'"{action}"' for action in actions)
    statement = f'{{"Effect": "{effect}", "Action": [{listed}], "Resource": "*"}}'
    return f'{{"Version": "2012-10-17", "Statement": {statement}}}'


READ, WRITE = "s3:GetObject", "s3:PutObject"
AWS_READ = "arn:aws:iam::aws:policy/ReadAccess"
AWS_POLICIES = {AWS_READ: allowing(READ)}.get
DOER = User(
    ACCOUNT,
    "doer",
    "AIDADOERDOERDOERDOER1",
    NOW,
    inline=(Document("all", allowing("s3:*")),),
    groups=("staff", "gone"),
)
NAMED_ROOT = User(ACCOUNT, "root", "AIDAROOTROOTROOTROOT1", NOW, inline=(Document("all", allowing("s3:*")),))
STAFF = Group(
    ACCOUNT, "staff", "AGPASTAFFSTAFFSTAFFS1", NOW, attached=(AWS_READ, "arn:aws:iam::aws:policy/No")
)
OWN = ManagedPolicy(
    ACCOUNT, "own", "ANPAOWNOWNOWNOWNOWNO1", NOW, NOW, (PolicyVersion("v1", allowing(WRITE), NOW),)
)
PEOPLE = Snapshot(
    [
        Put(Key(Kind.USER, ACCOUNT, "doer"), DOER),
        Put(Key(Kind.USER, ACCOUNT, "root"), NAMED_ROOT),
        Put(Key(Kind.GROUP, ACCOUNT, "staff"), STAFF),
        Put(Key(Kind.POLICY, ACCOUNT, str(OWN.arn)), OWN),
    ]
)
DOING = sts.user(ACCOUNT, "doer", DOER.user_id)
GUEST = sts.federated_user(DOING, "guest")
ROOT = sts.root(ACCOUNT)


def session(who: Principal, *policies: sts.SessionPolicy) -> sts.Session:
    return sts.Session(who, NOW, NOW + timedelta(hours=1), policies=policies)


def inline(*actions: str, effect: str = "Allow") -> sts.SessionPolicy:
    return sts.SessionPolicy(text=allowing(*actions, effect=effect))


def managed(arn: object) -> sts.SessionPolicy:
    return sts.SessionPolicy(arn=str(arn))


LIMITS: dict[str, tuple[Principal, tuple[sts.SessionPolicy, ...], set[str]]] = {
    "a session that was not limited": (DOING, (), {READ, WRITE}),
    "an inline policy": (DOING, (inline(READ),), {READ}),
    "an inline policy that allows more than the user has": (DOING, (inline("*"),), {READ, WRITE}),
    "a policy of AWS": (DOING, (managed(AWS_READ),), {READ}),
    "a policy of the account": (DOING, (managed(OWN.arn),), {WRITE}),
    "a policy of either": (DOING, (managed(AWS_READ), inline(WRITE)), {READ, WRITE}),
    "an explicit deny": (DOING, (inline("*"), inline(WRITE, effect="Deny")), {READ}),
    "a managed policy that is gone limits to nothing": (
        DOING,
        (managed("arn:aws:iam::111122223333:policy/gone"),),
        set(),
    ),
    "a federated user without a policy": (GUEST, (), set()),
    "a federated user with a policy": (GUEST, (inline(READ),), {READ}),
    "a federated user of the root user without a policy": (sts.federated_user(ROOT, "guest"), (), set()),
    "a federated user of the root user with one": (
        sts.federated_user(ROOT, "guest"),
        (inline(READ), inline(WRITE, effect="Deny")),
        {READ},
    ),
    "a federated user of a user that is gone": (
        sts.federated_user(sts.user(ACCOUNT, "gone", "AIDAGONEGONEGONEGONE1"), "guest"),
        (inline("*"),),
        set(),
    ),
}


@pytest.mark.parametrize(("who", "policies", "permitted"), LIMITS.values(), ids=LIMITS.keys())
def test_a_session_does_what_its_policies_and_its_principal_s_allow(
    who: Principal, policies: tuple[sts.SessionPolicy, ...], permitted: set[str]
) -> None:
    found = set()
    for action in (READ, WRITE, "ec2:RunInstances"):
        asked = AwsRequest(who, action, ("arn:aws:s3:::b/k",))
        applying = policies_for(PEOPLE, asked, AWS_POLICIES, session(who, *policies))
        if evaluate(asked, applying).allowed:
            found.add(action)
    assert found == permitted


def test_a_user_named_root_gives_nothing_to_the_federated_users_of_the_root_user() -> None:
    guest = sts.federated_user(ROOT, "guest")
    assert caller_policies(PEOPLE, guest, AWS_POLICIES, session(guest)).identity == ()


def test_a_federated_user_without_a_session_policy_has_none() -> None:
    assert caller_policies(PEOPLE, GUEST, AWS_POLICIES, session(GUEST)).session is None


def test_identity_policies_are_a_user_s_own_and_its_groups() -> None:
    found = caller_policies(PEOPLE, DOING, AWS_POLICIES)
    assert found.identity is not UNREAD
    assert [policy.name for policy in found.identity] == ["all", "ReadAccess"]
    assert found.session is None


def test_neither_the_root_user_nor_a_service_has_policies() -> None:
    for who in (ROOT, ServicePrincipal("ec2.amazonaws.com")):
        found = caller_policies(PEOPLE, who, AWS_POLICIES)
        assert (found.identity, found.session) == ((), None)


def test_an_organization_s_policies_limit_the_users_of_its_accounts() -> None:
    kind = OrganizationPolicyType.SERVICE_CONTROL_POLICY
    root = Organization("o-1", OTHER, "r-1", NOW, policy_types=(kind,), attached=("p-read",))
    reading = OrganizationPolicy("o-1", "p-read", "reading", kind, allowing(READ))
    joined = OrganizationAccount(ACCOUNT, "o-1", "r-1", "n", "a@b.c", NOW, attached=("p-read",))
    facts = PEOPLE.applied(
        [
            Put(Key(Kind.ORGANIZATION, "", "o-1"), root),
            Put(Key(Kind.ORGANIZATION_POLICY, "o-1", "p-read"), reading),
            Put(Key(Kind.ORGANIZATION_ACCOUNT, "", ACCOUNT), joined),
        ]
    )
    for action, outcome in ((READ, Outcome.ALLOW), (WRITE, Outcome.NO_OPINION)):
        asked = AwsRequest(DOING, action, ("arn:aws:s3:::b/k",))
        assert evaluate(asked, policies_for(PEOPLE, asked, AWS_POLICIES)).outcome is Outcome.ALLOW
        assert evaluate(asked, policies_for(facts, asked, AWS_POLICIES)).outcome is outcome


FENCE = "arn:aws:iam::111122223333:policy/fence"
FENCED = ManagedPolicy(
    ACCOUNT, "fence", "ANPAFENCEFENCEFENCEF1", NOW, NOW, (PolicyVersion("v1", allowing(READ), NOW),)
)


def bounded(arn: str, policy: ManagedPolicy | None = FENCED) -> Snapshot:
    """Return the people with a boundary on the user and the role, whose policies allow more."""
    roamer = replace(APP, inline=DOER.inline, boundary=arn)
    events = [
        Put(Key(Kind.USER, ACCOUNT, "doer"), replace(DOER, boundary=arn)),
        Put(Key(Kind.ROLE, ACCOUNT, "app"), roamer),
    ]
    if policy is not None:
        events.append(Put(Key(Kind.POLICY, ACCOUNT, str(policy.arn)), policy))
    return PEOPLE.applied(events)


WEB = sts.role_session(ACCOUNT, "app", APP.role_id, "s-1", path="/ops/")
BOUNDARIES: dict[str, tuple[Principal, Snapshot, Outcome, Outcome]] = {
    "none": (DOING, bounded(""), Outcome.ALLOW, Outcome.ALLOW),
    "of a user": (DOING, bounded(FENCE), Outcome.ALLOW, Outcome.NO_OPINION),
    "of a role": (WEB, bounded(FENCE), Outcome.ALLOW, Outcome.NO_OPINION),
    "AWS's own policy": (DOING, bounded(AWS_READ), Outcome.ALLOW, Outcome.NO_OPINION),
    "the root user has none": (ROOT, bounded(FENCE), Outcome.ALLOW, Outcome.ALLOW),
    "a policy that nobody read": (DOING, bounded(FENCE, None), Outcome.UNKNOWN, Outcome.UNKNOWN),
}


@pytest.mark.parametrize(("who", "facts", "read", "write"), BOUNDARIES.values(), ids=BOUNDARIES.keys())
def test_a_boundary_limits_what_identity_policies_allow(
    who: Principal, facts: Snapshot, read: Outcome, write: Outcome
) -> None:
    for action, outcome in ((READ, read), (WRITE, write)):
        asked = AwsRequest(who, action, ("arn:aws:s3:::b/k",))
        assert evaluate(asked, policies_for(facts, asked, AWS_POLICIES)).outcome is outcome


def test_a_boundary_denies_too() -> None:
    deny = replace(FENCED, versions=(PolicyVersion("v1", allowing(READ, effect="Deny"), NOW),))
    asked = AwsRequest(DOING, READ, ("arn:aws:s3:::b/k",))
    found = evaluate(asked, policies_for(bounded(FENCE, deny), asked, AWS_POLICIES))
    assert found.outcome is Outcome.DENY


def test_the_user_behind_a_federated_session_brings_its_boundary() -> None:
    limits = caller_policies(bounded(FENCE), GUEST, AWS_POLICIES).boundary
    assert isinstance(limits, tuple)
    assert [one.name for one in limits] == ["fence"]
