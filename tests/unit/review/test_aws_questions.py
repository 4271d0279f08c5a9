"""Questions to AWS: what follows from the caller, what the asker adds, and what stays unknown."""

import json
from dataclasses import replace

import pytest

from sekisho.decide.decision import Outcome
from sekisho.decide.request.aws_request import ContextValue
from sekisho.decide.values import Json, Ref, SekishoInputError
from sekisho.facts.identity import identity_from_arn
from sekisho.facts.keys import Key, Kind
from sekisho.facts.model import User
from sekisho.facts.snapshot import Put, Snapshot
from sekisho.review.aws_caller import caller_keys, prepared, principal_of
from sekisho.review.aws_list import list_in_aws
from sekisho.review.aws_resources import AwsResources, on_which_resources
from sekisho.review.questions import AwsAnswer, Code, answer_aws
from sekisho.review.source import Source, beside_texts, from_nothing
from sekisho.review.told import NOTHING_TOLD, Told, read_drafts
from sekisho.wire.service_reference import load_service_reference
from unit.review.question_world import ANA, BEN, CAT, DEV, HOP, PROD, READER, SECRET, no_aws_policy, source

REFERENCE = load_service_reference(["s3", "sts", "secretsmanager", "kms"])


def policy(effect: str, action: str, resource: str = "*", **more: Json) -> str:
    statement = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def ask(
    who: str, action: str, resource: str, told: Told = NOTHING_TOLD, facts: Source | None = None
) -> AwsAnswer:
    return answer_aws(who, action, resource, facts or source(), REFERENCE, no_aws_policy, told)


def keys(**told: ContextValue) -> Told:
    return replace(NOTHING_TOLD, keys={name.replace("_", ":", 1): value for name, value in told.items()})


OWN = "arn:aws:s3:::logs/ana/x"
ANSWERS = {
    "a variable that stands for the user's name": (ANA, "s3:GetObject", OWN, NOTHING_TOLD, Outcome.ALLOW),
    "another name": (ANA, "s3:GetObject", "arn:aws:s3:::logs/ben/x", NOTHING_TOLD, Outcome.NO_OPINION),
    "a variable that stands for a tag": (
        ANA,
        "s3:GetObject",
        "arn:aws:s3:::shop/x",
        NOTHING_TOLD,
        Outcome.ALLOW,
    ),
    "an address that nobody told": (ANA, "s3:PutObject", OWN, NOTHING_TOLD, Outcome.UNKNOWN),
    "an address inside": (ANA, "s3:PutObject", OWN, keys(aws_SourceIp="203.0.113.255"), Outcome.ALLOW),
    "an address outside": (ANA, "s3:PutObject", OWN, keys(aws_SourceIp="203.0.114.0"), Outcome.NO_OPINION),
    "a request without the key": (
        ANA,
        "s3:PutObject",
        OWN,
        replace(NOTHING_TOLD, absent=frozenset({"aws:SOURCEIP"})),
        Outcome.NO_OPINION,
    ),
    "the owner is another account": (
        ANA,
        "s3:GetObject",
        OWN,
        replace(NOTHING_TOLD, owner=source().snapshot.accounts()[1].account),
        Outcome.UNKNOWN,
    ),
    "a role by its name": (
        "role/reader",
        "secretsmanager:GetSecretValue",
        SECRET,
        NOTHING_TOLD,
        Outcome.ALLOW,
    ),
    "a session of it": (
        f"arn:aws:sts::{PROD}:assumed-role/reader/me",
        "secretsmanager:GetSecretValue",
        SECRET,
        NOTHING_TOLD,
        Outcome.ALLOW,
    ),
    "the root user, by the account": (
        PROD,
        "secretsmanager:GetSecretValue",
        SECRET,
        NOTHING_TOLD,
        Outcome.ALLOW,
    ),
    "a user without policies": (BEN, "s3:GetObject", OWN, NOTHING_TOLD, Outcome.NO_OPINION),
    "a draft of the user's policies": (
        BEN,
        "s3:GetObject",
        OWN,
        read_drafts(identity=[("p.json", policy("Allow", "s3:*"))]),
        Outcome.ALLOW,
    ),
    "drafts stand in the place of what is there": (
        CAT,
        "secretsmanager:ListSecrets",
        "",
        read_drafts(identity=[("p.json", policy("Allow", "s3:*"))]),
        Outcome.NO_OPINION,
    ),
    "somebody unknown, with a draft": (
        "arn:aws:iam::999988887777:user/x",
        "s3:GetObject",
        OWN,
        read_drafts(identity=[("p.json", policy("Allow", "s3:*"))]),
        Outcome.ALLOW,
    ),
    "a boundary that does not allow": (
        ANA,
        "s3:GetObject",
        OWN,
        read_drafts(boundary=[("b.json", policy("Allow", "eks:*"))]),
        Outcome.NO_OPINION,
    ),
    "a boundary that allows": (
        ANA,
        "s3:GetObject",
        OWN,
        read_drafts(boundary=[("b.json", policy("Allow", "s3:*"))]),
        Outcome.ALLOW,
    ),
    "a service control policy that only denies something else": (
        ANA,
        "s3:GetObject",
        OWN,
        read_drafts(scps=[("scp.json", policy("Deny", "eks:*"))]),
        Outcome.ALLOW,
    ),
    "a service control policy that denies it": (
        ANA,
        "s3:GetObject",
        OWN,
        read_drafts(scps=[("scp.json", policy("Deny", "s3:*"))]),
        Outcome.DENY,
    ),
    "a service control policy that allows only something else": (
        ANA,
        "s3:GetObject",
        OWN,
        read_drafts(scps=[("scp.json", policy("Allow", "eks:*"))]),
        Outcome.NO_OPINION,
    ),
    "two service control policies, each one level": (
        ANA,
        "s3:GetObject",
        OWN,
        read_drafts(scps=[("a.json", policy("Allow", "s3:*")), ("b.json", policy("Allow", "eks:*"))]),
        Outcome.NO_OPINION,
    ),
    "a resource control policy that denies it": (
        ANA,
        "s3:GetObject",
        OWN,
        read_drafts(rcps=[("rcp.json", policy("Deny", "s3:*", Principal="*"))]),
        Outcome.DENY,
    ),
    "a session policy that does not allow": (
        "role/reader",
        "secretsmanager:GetSecretValue",
        SECRET,
        read_drafts(session=[("s.json", policy("Allow", "s3:*"))]),
        Outcome.NO_OPINION,
    ),
    "a resource policy that names the user": (
        BEN,
        "s3:GetObject",
        OWN,
        read_drafts(resource=[("r.json", policy("Allow", "s3:*", Principal={"AWS": BEN}))]),
        Outcome.ALLOW,
    ),
    "MFA of a role's session is known": (
        "role/hop",
        "sts:AssumeRole",
        HOP,
        NOTHING_TOLD,
        Outcome.NO_OPINION,
    ),
}


@pytest.mark.parametrize(("who", "action", "resource", "told", "outcome"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_follows_from_facts_and_what_is_told(
    who: str, action: str, resource: str, told: Told, outcome: Outcome
) -> None:
    assert ask(who, action, resource, told).chain.outcome is outcome


def test_an_unknown_answer_says_what_it_hangs_on() -> None:
    assert ask(ANA, "s3:PutObject", OWN).needs == ("`aws:SourceIp` = `203.0.113.0/24`",)
    assert ask(ANA, "s3:GetObject", OWN).needs == ()
    assert ask(ANA, "sts:AssumeRole", READER).needs == ("`sts:ExternalId` = `x7`",)


def test_a_deny_that_is_open_is_needed_not_to_hold() -> None:
    told = read_drafts(
        identity=[
            ("a.json", policy("Allow", "s3:*")),
            ("b.json", policy("Deny", "s3:*", Condition={"Bool": {"aws:SecureTransport": "false"}})),
        ]
    )
    assert ask(BEN, "s3:GetObject", OWN, told).needs == ("not (`aws:SecureTransport` = `false`)",)


def test_a_resource_that_hangs_on_a_variable_is_needed_to_fit() -> None:
    told = read_drafts(identity=[("a.json", policy("Allow", "s3:*", "arn:aws:s3:::${aws:SourceIdentity}/*"))])
    assert ask(BEN, "s3:GetObject", OWN, told).needs == (f"{OWN} is arn:aws:s3:::${{aws:SourceIdentity}}/*",)


def test_an_attached_policy_that_nobody_read_makes_the_answer_unknown_and_is_named() -> None:
    arn = f"arn:aws:iam::{DEV}:policy/gone"
    snapshot = holding(arn)
    found = ask(BEN, "s3:GetObject", OWN, facts=Source(snapshot, None, lambda _ref: None))
    assert found.chain.outcome is Outcome.UNKNOWN
    steps = found.chain.links[0].decision.decisive
    assert steps[0].code is Code.POLICY_UNREAD
    assert dict(steps[0].facts)["policy"] == arn


def holding(*attached: str, groups: tuple[str, ...] = ()) -> Snapshot:
    """Return the facts with a user `ben` who holds policies and is in groups that nobody read."""
    snapshot = source().snapshot
    ben = snapshot.user(DEV, "ben")
    assert isinstance(ben, User)
    return snapshot.applied([Put(Key(Kind.USER, DEV, "ben"), replace(ben, attached=attached, groups=groups))])


def test_a_group_that_nobody_read_is_unread() -> None:
    facts = Source(holding(groups=("staff",)), None, lambda _ref: None)
    found = ask(BEN, "s3:GetObject", OWN, facts=facts)
    assert dict(found.chain.links[0].decision.decisive[0].facts)["policy"] == "group/staff"


def test_nobody_in_particular_has_no_keys_of_its_own() -> None:
    text = policy("Allow", "s3:*", Condition={"StringEquals": {"aws:username": "-"}})
    told = replace(read_drafts(identity=[("p.json", text)]), is_nameless=True)
    found = ask(f"arn:aws:iam::{DEV}:user/-", "s3:GetObject", OWN, told, from_nothing())
    assert found.needs == ("`aws:username` = `-`",)


def test_a_fault_in_a_draft_has_its_line() -> None:
    with pytest.raises(SekishoInputError) as raised:
        read_drafts(
            boundary=[("b.json", '{"Version": "2012-10-17",\n "Statement": [\n{"Effect": "allow"}]}')]
        )
    assert {fault.line for fault in raised.value.faults} == {3}


def test_a_place_in_a_draft_leads_to_its_line() -> None:
    facts = beside_texts(source(), [("p.json", '{"Version": "2012-10-17",\n"Statement": []}')])
    assert facts.line_of(Ref("p.json", "/Statement")) == ("p.json", 2)
    assert facts.line_of(Ref("q.json", "/Statement")) is None


def test_the_keys_of_a_caller() -> None:
    snapshot = source().snapshot

    def told(who: str) -> dict[str, ContextValue]:
        return caller_keys(principal_of(identity_from_arn(who, snapshot), snapshot), snapshot)[0]

    assert told(ANA) == {
        "aws:PrincipalArn": ANA,
        "aws:PrincipalAccount": DEV,
        "aws:PrincipalType": "User",
        "aws:PrincipalIsAWSService": "false",
        "aws:username": "ana",
        "aws:PrincipalTag/team": "shop",
    }
    assert told(HOP)["aws:PrincipalArn"] == HOP
    assert told(HOP)["aws:MultiFactorAuthPresent"] == "false"
    assert "aws:username" not in told(HOP)


def test_a_tag_that_a_user_does_not_have_is_absent_and_that_of_a_session_unread() -> None:
    snapshot = source().snapshot
    text = policy("Allow", "s3:*", Condition={"Null": {"aws:PrincipalTag/none": "true"}})
    told = read_drafts(identity=[("p.json", text)])
    for who, unread in ((ANA, False), (HOP, True)):
        principal = principal_of(identity_from_arn(who, snapshot), snapshot)
        request, _ = prepared(principal, "s3:GetObject", OWN, snapshot, no_aws_policy, told)
        assert request.context.is_unread("aws:PrincipalTag/none") is unread


def sets(who: str, action: str, pattern: str = "", told: Told = NOTHING_TOLD) -> AwsResources:
    return on_which_resources(who, action, pattern, source(), REFERENCE, no_aws_policy, told)


def shown(found: AwsResources) -> set[tuple[str, str, str, str]]:
    return {
        (
            type_.type,
            str(one.answer.outcome),
            " ".join(shape.text for shape in one.includes),
            " ".join(shape.text for shape in one.excepts),
        )
        for type_ in found.types
        for one in type_.sets
    }


SECRETS = f"arn:aws:secretsmanager:*:{PROD}:secret:*"
DBS = f"arn:aws:secretsmanager:eu-central-1:{PROD}:secret:db-*"


def test_which_secrets_it_may_read() -> None:
    found = sets(READER, "secretsmanager:GetSecretValue")
    assert shown(found) == {
        ("Secret", "allow", DBS, ""),
        ("Secret", "no-opinion", SECRETS, DBS),
    }
    assert (found.is_partial, found.outcome) == (True, Outcome.UNKNOWN)


def test_all_of_a_pattern() -> None:
    found = sets(
        READER, "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:eu-central-1:{PROD}:secret:db-a*"
    )
    assert {(one[1], one[3]) for one in shown(found)} == {("allow", "")}
    assert (found.is_partial, found.outcome) == (False, Outcome.ALLOW)


def test_none_of_a_pattern() -> None:
    found = sets(READER, "secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:us-*:{PROD}:secret:*")
    assert (found.is_partial, found.outcome) == (False, Outcome.NO_OPINION)
    denied = read_drafts(scps=[("scp.json", policy("Deny", "*"))])
    assert sets(READER, "secretsmanager:GetSecretValue", told=denied).outcome is Outcome.DENY


def test_other_accounts_are_told_apart() -> None:
    found = sets(CAT, "secretsmanager:GetSecretValue", "arn:aws:secretsmanager:*:*:secret:*")
    own = [one for one in shown(found) if one[1] == "allow"]
    assert (
        own == [("Secret", "allow", f"arn:aws:secretsmanager:*:{DEV}:secret:*".replace(DEV, DEV), "")] or own
    )
    (unknown,) = [one for type_ in found.types for one in type_.sets if one.answer.outcome is Outcome.UNKNOWN]
    assert unknown.holds(SECRET)
    assert not unknown.holds(SECRET.replace(PROD, DEV))
    assert unknown.answer.needs == ("the resource-based policy that was not read allows it",)


def test_each_role_has_its_own_trust_policy() -> None:
    found = sets(ANA, "sts:AssumeRole", f"arn:aws:iam::{PROD}:role/*")
    by_arn = {one.answer.needs: one.holds(READER) for type_ in found.types for one in type_.sets}
    assert by_arn == {
        ("`sts:ExternalId` = `x7`",): True,
        ("the resource-based policy that was not read allows it",): False,
    }


def test_somebody_whose_policies_were_not_read_is_unknown_everywhere() -> None:
    found = sets("arn:aws:iam::999988887777:user/x", "s3:GetObject")
    assert found.outcome is Outcome.UNKNOWN
    assert not found.is_partial


def test_too_many_ways_to_overlap_are_unknown_not_guessed() -> None:
    wild = [f"arn:aws:s3:::{'?' * n}*a*{'?' * n}b*{'?' * (9 - n)}c*" for n in range(9)]
    text = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": wild}]}
    )
    found = sets(BEN, "s3:PutObject", told=read_drafts(identity=[("p.json", text)]))
    assert all(type_.too_many for type_ in found.types)
    assert found.outcome is Outcome.UNKNOWN


REFUSED = {
    "a pattern of another service": ("arn:aws:sqs:*:*:*", "question.pattern-fits-nothing"),
    "a pattern without sections": ("arn:*", "question.not-an-arn"),
}


@pytest.mark.parametrize(("pattern", "code"), REFUSED.values(), ids=REFUSED)
def test_a_pattern_that_means_nothing_is_bad_input(pattern: str, code: str) -> None:
    with pytest.raises(SekishoInputError) as raised:
        sets(ANA, "s3:GetObject", pattern)
    assert [fault.code for fault in raised.value.faults] == [code]


def test_a_misspelled_action_has_the_closest_one() -> None:
    with pytest.raises(SekishoInputError) as raised:
        ask(ANA, "s3:GetObjcet", OWN)
    assert raised.value.faults[0].hint == "did you mean `s3:GetObject`?"


def test_a_list_has_every_statement_with_its_conditions() -> None:
    snapshot = source().snapshot
    found = list_in_aws(principal_of(identity_from_arn(ANA, snapshot), snapshot), snapshot, no_aws_policy)
    assert [(one.policy, one.actions, one.conditions) for one in found.statements] == [
        ("assume", ("sts:AssumeRole",), ()),
        ("own", ("s3:GetObject",), ()),
        ("own", ("s3:GetObject",), ()),
        ("own", ("s3:PutObject",), ("`aws:SourceIp` = `203.0.113.0/24`",)),
    ]
    assert found.is_known
    assert found.unread == ()
