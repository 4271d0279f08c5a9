"""Who can take an AWS action: each kind of beginning, what it hangs on, and what is left out."""

import json
from dataclasses import replace

import pytest

from sekisho.decide.decision import Outcome
from sekisho.facts.keys import Key, Kind
from sekisho.facts.model import OpenIdConnectProvider
from sekisho.facts.snapshot import Gap, Put, Snapshot
from sekisho.facts.world.content import UNDATED
from sekisho.review.aws_who_can import AwsWhoCan, who_can_do
from sekisho.review.told import NOTHING_TOLD, Told, read_drafts
from sekisho.review.way import HeadKind, Way
from unit.review.question_world import (
    ANA,
    BEN,
    CAT,
    DEV,
    GET_SECRET,
    HOP,
    ISSUER,
    PROD,
    READER,
    SECRET,
    STRANGE,
    WORLD,
    changed,
    no_aws_policy,
    source,
)

WEB = f"system:serviceaccount:shop:web of {ISSUER}"
PROVIDER = f"arn:aws:iam::{PROD}:oidc-provider/{ISSUER}"
EXTERNAL, MFA = "`sts:ExternalId` = `x7`", "`aws:MultiFactorAuthPresent` = `true`"


def ask(text: str = WORLD, told: Told = NOTHING_TOLD, *, depth: int = 5, is_whole: bool = False) -> AwsWhoCan:
    facts = source(text).snapshot
    return who_can_do(GET_SECRET, SECRET, facts, no_aws_policy, told, depth=depth, is_whole=is_whole)


def way_of(who: str, answer: AwsWhoCan) -> Way:
    return next(way for way in answer.ways if way.who == who)


# Who, what kind, through which roles, what it needs.
WAYS = {
    "a role that may itself": (READER, HeadKind.PRINCIPAL, [], ()),
    "the root user of the owner": (f"arn:aws:iam::{PROD}:root", HeadKind.ROOT, [], ()),
    "a service": ("ec2.amazonaws.com", HeadKind.SERVICE, [READER], ()),
    "a user who knows the external id": (ANA, HeadKind.PRINCIPAL, [READER], (EXTERNAL,)),
    "a role of another account": (HOP, HeadKind.PRINCIPAL, [READER], (EXTERNAL,)),
    "a user through two roles": (BEN, HeadKind.PRINCIPAL, [HOP, READER], (MFA, EXTERNAL)),
    "across accounts, with an unread policy": (
        CAT,
        HeadKind.PRINCIPAL,
        [],
        ("the resource-based policy that was not read allows it",),
    ),
    "an account that is not among the facts": (
        f"anybody of account {STRANGE}",
        HeadKind.OUTSIDER,
        [READER],
        ("their own account allows it",),
    ),
    "a role that is not among the facts": (
        f"arn:aws:iam::{STRANGE}:role/ci",
        HeadKind.OUTSIDER,
        [READER],
        (f"account {STRANGE} allows it",),
    ),
    "a pod's token, of a provider that was not read": (
        WEB,
        HeadKind.WEB_IDENTITY,
        [READER],
        (f"{PROVIDER} is registered in the account",),
    ),
}


@pytest.mark.parametrize(("who", "kind", "roles", "needs"), WAYS.values(), ids=WAYS)
def test_each_beginning_has_its_way(
    who: str, kind: HeadKind, roles: list[str], needs: tuple[str, ...]
) -> None:
    way = way_of(who, ask())
    assert way.kind is kind
    assert [hop.resource for hop in way.hops] == [*roles, SECRET]
    assert way.needs == needs
    assert all(hop.by for hop in way.hops)


def test_nobody_else_is_named() -> None:
    assert {way.who for way in ask().ways} == {who for who, *_ in WAYS.values()}


def test_certain_and_short_ways_come_first() -> None:
    answer = ask()
    assert [way.is_certain for way in answer.ways] == sorted(
        (w.is_certain for w in answer.ways), reverse=True
    )
    assert answer.outcome is Outcome.ALLOW
    assert answer.ways[0].who == READER


def test_what_is_told_is_not_needed() -> None:
    told = replace(NOTHING_TOLD, keys={"sts:ExternalId": "x7", "aws:MultiFactorAuthPresent": "true"})
    answer = ask(told=told)
    assert way_of(ANA, answer).is_certain
    assert way_of(BEN, answer).is_certain


def test_a_wrong_external_id_leads_nowhere() -> None:
    answer = ask(told=replace(NOTHING_TOLD, keys={"sts:ExternalId": "other"}))
    assert {ANA, BEN, HOP}.isdisjoint(way.who for way in answer.ways)


def test_mfa_of_a_person_is_not_mfa_of_a_session() -> None:
    """A role whose trust asks for MFA is closed to a role's session, told or not."""
    closed = changed('Condition: {StringEquals: {"sts:ExternalId": "x7"}}', f"Condition: {{{MFA_CONDITION}}}")
    for told in (NOTHING_TOLD, replace(NOTHING_TOLD, keys={"aws:MultiFactorAuthPresent": "true"})):
        assert {HOP, BEN}.isdisjoint(way.who for way in ask(closed, told).ways)
    assert way_of(ANA, ask(closed)).needs == (MFA,)


MFA_CONDITION = 'Bool: {"aws:MultiFactorAuthPresent": "true"}'


@pytest.mark.parametrize(
    ("depth", "found", "cut"), [(0, set(), True), (1, {ANA}, True), (2, {ANA, BEN}, False)]
)
def test_depth_is_the_number_of_roles(depth: int, found: set[str], cut: bool) -> None:
    answer = ask(depth=depth)
    assert {way.who for way in answer.ways} & {ANA, BEN} == found
    assert answer.cut is cut


def with_provider(*client_ids: str) -> Snapshot:
    provider = OpenIdConnectProvider(READER_ACCOUNT, ISSUER, UNDATED, client_ids)
    return source().snapshot.applied([Put(Key(Kind.OIDC_PROVIDER, PROD, PROVIDER), provider)])


READER_ACCOUNT = source().snapshot.accounts()[1].account


def test_a_registered_provider_leaves_nothing_open() -> None:
    answer = who_can_do(GET_SECRET, SECRET, with_provider("sts.amazonaws.com"), no_aws_policy, is_whole=True)
    assert way_of(WEB, answer).is_certain


def test_an_issuer_that_nobody_registered_leads_nowhere_where_the_facts_are_whole() -> None:
    assert WEB not in {way.who for way in ask(is_whole=True).ways}


SUBJECTS = {
    "a pattern stands for whom it fits": (
        f'StringLike: {{"{ISSUER}:sub": "system:serviceaccount:shop:*"}}',
        f"system:serviceaccount:shop:* of {ISSUER}",
    ),
    "no subject is every token": (
        f'StringEquals: {{"{ISSUER}:aud": "sts.amazonaws.com"}}',
        f"any token of {ISSUER}",
    ),
}


@pytest.mark.parametrize(("condition", "who"), SUBJECTS.values(), ids=SUBJECTS)
def test_the_holder_of_a_token_is_named_by_what_the_trust_pins(condition: str, who: str) -> None:
    old = f'StringEquals: {{"{ISSUER}:sub": "system:serviceaccount:shop:web"}}'
    assert way_of(who, ask(changed(old, condition))).kind is HeadKind.WEB_IDENTITY


def test_the_issuer_of_a_cluster_is_called_by_its_name() -> None:
    snapshot = source().snapshot
    cluster = replace(snapshot.clusters()[0], issuer=f"https://{ISSUER}")
    key = Key(Kind.CLUSTER, f"{cluster.account}/{cluster.region}", cluster.name)
    answer = who_can_do(GET_SECRET, SECRET, snapshot.applied([Put(key, cluster)]), no_aws_policy)
    assert "system:serviceaccount:shop:web of the cluster shop" in {way.who for way in answer.ways}


OTHERS = {
    "everybody": ('Principal: {AWS: "*"}', "anybody", HeadKind.OUTSIDER),
    "a SAML provider": (
        f'Principal: {{Federated: "arn:aws:iam::{PROD}:saml-provider/idp"}}',
        f"an assertion of arn:aws:iam::{PROD}:saml-provider/idp",
        HeadKind.SAML,
    ),
}


@pytest.mark.parametrize(("principal", "who", "kind"), OTHERS.values(), ids=OTHERS)
def test_other_principals_of_a_trust_policy(principal: str, who: str, kind: HeadKind) -> None:
    action = "sts:AssumeRoleWithSAML" if kind is HeadKind.SAML else "sts:AssumeRole"
    old = '{Effect: Allow, Principal: {Service: "ec2.amazonaws.com"}, Action: "sts:AssumeRole"}'
    text = changed(old, f'{{Effect: Allow, {principal}, Action: "{action}"}}')
    assert way_of(who, ask(text)).kind is kind


def test_tags_that_may_not_be_passed_lead_nowhere() -> None:
    asks_tag = changed(
        'Condition: {StringEquals: {"sts:ExternalId": "x7"}}',
        'Condition: {StringEquals: {"aws:RequestTag/team": "a"}}',
    )
    assert ANA not in {way.who for way in ask(asks_tag).ways}
    tags_too = asks_tag.replace('Action: "sts:AssumeRole"', 'Action: ["sts:AssumeRole", "sts:TagSession"]')
    assert way_of(
        ANA,
        ask(
            tags_too.replace('Action: "sts:AssumeRole", Resource: "arn', 'Action: ["sts:*"], Resource: "arn')
        ),
    ).needs == ("`aws:RequestTag/team` = `a`",)


def test_a_draft_of_a_service_control_policy_binds_everybody_but_the_owner_of_other_accounts() -> None:
    deny = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}]}'
    answer = ask(told=read_drafts(scps=[("scp.json", deny)]))
    assert {way.who for way in answer.ways if way.kind is HeadKind.PRINCIPAL} == {READER, CAT}


def test_a_resource_policy_that_names_a_caller_lets_it_in() -> None:
    statement = {"Effect": "Allow", "Principal": {"AWS": CAT}, "Action": "secretsmanager:*", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    answer = ask(told=read_drafts(resource=[("secret.json", text)]))
    assert way_of(CAT, answer).is_certain


def test_facts_that_end_early_make_nobody_unknown() -> None:
    """With a gap, "nobody" would be a verdict from facts that were not read."""
    known = source().snapshot
    short = Snapshot((), [Gap(Kind.ROLE, DEV, "the listing ends before the last page")])
    short = short.applied(Put(key, fact) for key, fact in known.items() if key.kind is Kind.ACCOUNT)
    nobody = who_can_do("s3:ListAllMyBuckets", "*", known, no_aws_policy, NOTHING_TOLD)
    assert {way.kind for way in nobody.ways} == {HeadKind.ROOT}
    answer = who_can_do("s3:ListAllMyBuckets", "*", short, no_aws_policy)
    assert answer.unread == (f"the users, groups, roles or policies of {DEV} were not all read",)
    assert AwsWhoCan((), answer.unread).outcome is Outcome.UNKNOWN
    assert AwsWhoCan(()).outcome is Outcome.NO_OPINION
