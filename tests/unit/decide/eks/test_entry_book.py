"""Access entries as a source of mappings: by ARN, held to a unique id, before aws-auth."""

import pytest

from sekisho.decide.authn.backend import matches
from sekisho.decide.authn.mapping import resolve
from sekisho.decide.authn.mapping_code import EntryCode, MappingCode, MappingRepairCode
from sekisho.decide.authn.sts_answer import StsIdentity, identity_of
from sekisho.decide.decision import Decision, Outcome, Repair, Step
from sekisho.decide.eks.access_entry import AccessEntry, EntryType
from sekisho.decide.eks.entry_book import Code, EntryBook, book_of
from sekisho.decide.eks.entry_repair import EntryRepairCode, for_access_entries, held_to_ids
from sekisho.decide.values import KubeUser, Ref

A = "111122223333"
AT = Ref("cluster/one", "/accessEntries")
OPS = identity_of(f"arn:aws:sts::{A}:assumed-role/ops/mia", "AROAOPS:mia", A, "ASIAOPS")
ANA = identity_of(f"arn:aws:iam::{A}:user/ana", "AIDAANA", A, "AKIAANA")
ROLE, USER = f"arn:aws:iam::{A}:role/ops", f"arn:aws:iam::{A}:user/ana"


def entry(principal: str, pinned: str = "", username: str = "u", *groups: str) -> AccessEntry:
    return AccessEntry(principal, EntryType.STANDARD, username, groups, pinned)


FOUND = {
    "a user": (ANA, entry(USER), True),
    "a role": (OPS, entry(ROLE), True),
    "a role with its path": (OPS, entry(f"arn:aws:iam::{A}:role/team/ops"), True),
    "the id it was made for": (OPS, entry(ROLE, "AROAOPS"), True),
    "another id": (OPS, entry(ROLE, "AROAOLD"), False),
    "another id of a user": (ANA, entry(USER, "AIDAOLD"), False),
    "another name": (ANA, entry(f"{USER}2"), False),
    "another account": (ANA, entry("arn:aws:iam::444455556666:user/ana"), False),
    "a user of the role's name": (OPS, entry(f"arn:aws:iam::{A}:user/ops"), False),
}


@pytest.mark.parametrize(("caller", "one", "found"), FOUND.values(), ids=FOUND.keys())
def test_whom_an_entry_means(caller: StsIdentity, one: AccessEntry, found: bool) -> None:
    book = book_of(AT, [one])
    decision = resolve(caller, [book.backend], explain=True)
    assert decision.allowed == found
    assert matches(book.backend.mappings[0], caller, book.backend) == found
    if decision.value is not None:
        assert decision.decisive[0].code is MappingCode.ACCESS_ENTRY
        assert decision.decisive[0].at == AT.child(one.principal)
        assert book.entry_of(decision.value) == book.placed[0]


def test_templates_are_rendered() -> None:
    book = book_of(AT, [entry(ROLE, "", "o:{{SessionName}}:{{AccessKeyID}}:{{AccountID}}", "g")])
    user = resolve(OPS, [book.backend]).value
    assert user is not None
    assert (user.name, user.groups) == (f"o:mia:ASIAOPS:{A}", ("g",))


def test_nodes_are_called_by_their_instance() -> None:
    instance = "i-0123456789abcdef0"
    arn = f"arn:aws:sts::{A}:assumed-role/ops/{instance}"
    node = identity_of(arn, f"AROAOPS:{instance}", A)
    username = "system:node:{{EC2PrivateDNSName}}"
    book = book_of(AT, [AccessEntry(ROLE, EntryType.EC2_LINUX, username, ("system:nodes",))])
    assert resolve(node, [book.backend]).outcome is Outcome.UNKNOWN
    user = resolve(node, [book.backend], {instance: "ip-10-0-0-1.ec2.internal"}).value
    assert user is not None
    assert user.name == "system:node:ip-10-0-0-1.ec2.internal"
    assert resolve(OPS, [book.backend]).outcome is Outcome.DENY


def test_an_entry_of_an_earlier_principal_is_told_from_a_missing_one() -> None:
    book = book_of(AT, [entry(ROLE, "AROAOLD")])
    stale = book.stale(OPS)
    assert stale is not None
    assert (stale.code, stale.at) == (Code.STALE, AT.child(ROLE))
    assert dict(stale.facts) == {"principal": ROLE, "pinned": "AROAOLD", "user_id": "AROAOPS"}
    assert book.stale(ANA) is None
    assert book_of(AT, [entry(ROLE, "AROAOPS")]).stale(OPS) is None
    decision = held_to_ids(resolve(OPS, [book.backend], explain=True), stale)
    assert (decision.outcome, decision.decisive) == (Outcome.NO_OPINION, (stale,))
    assert EntryCode.USER_ID not in {step.code for step in decision.nearest}
    assert decision.repairs == (Repair(EntryRepairCode.RECREATE, (("principal", ROLE),)),)


def test_an_earlier_principals_entry_does_not_undo_another_source() -> None:
    stale = Step(Code.STALE, AT, (("principal", ROLE),))
    allowed = Decision(Outcome.ALLOW, value=KubeUser("by-map"))
    decision = held_to_ids(allowed, stale)
    assert (decision.outcome, decision.value, decision.trace) == (Outcome.ALLOW, KubeUser("by-map"), (stale,))
    assert held_to_ids(allowed, None) is allowed


def test_what_aws_auth_would_map_gets_an_entry() -> None:
    facts = (("arn", ROLE), ("groups", "g"))
    assert for_access_entries(Repair(MappingRepairCode.MAP, facts)) == Repair(EntryRepairCode.CREATE, facts)
    other = Repair(MappingRepairCode.SSO_ON)
    assert for_access_entries(other) is other


def test_an_entry_that_was_listed_and_not_described() -> None:
    book = EntryBook(AT, undescribed=(f"arn:aws:iam::{A}:role/team/ops",))
    step = book.undescribed_step(OPS)
    assert step is not None
    assert step.code is Code.UNDESCRIBED
    assert book.undescribed_step(ANA) is None


def test_a_list_that_was_not_read_leaves_others_open() -> None:
    book = EntryBook(AT, book_of(AT, [entry(USER)]).placed, unread="not listed")
    assert resolve(ANA, [book.backend]).allowed
    decision = resolve(OPS, [book.backend])
    assert (decision.outcome, decision.decisive[0].code) == (Outcome.UNKNOWN, MappingCode.UNREAD)
