"""The facts of a lab as one document: what is written reads back equal; anything else is refused whole."""

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sekisho.decide import sts
from sekisho.decide.values import AccountId, Instant, Json, SekishoInputError
from sekisho.facts import Account, IssuedSession, Key, Kind, Put, Snapshot
from sekisho.facts.snapshot_document import FORMAT, facts_from_document, facts_to_document

ACCOUNT = AccountId("111122223333")
NOW = Instant.from_epoch(1_900_000_000)
MIRA = sts.user(ACCOUNT, "mira", "AIDAMIRAMIRAMIRAMIRA1")
WEB = sts.Session(
    sts.role_session(ACCOUNT, "app", "AROAAPPAPPAPPAPPAPPA1", "pod-1", path="/team/"),
    NOW,
    NOW + timedelta(hours=1),
    (("team", "tide"), ("stage", "")),
    ("team",),
    "mira",
    (sts.SessionPolicy(arn="arn:aws:iam::aws:policy/ReadOnlyAccess"), sts.SessionPolicy(text='{"a": 1}')),
    (sts.Origin(sts.OriginKind.WEB_IDENTITY, "arn:aws:iam::111122223333:oidc-provider/i", "pod"),),
    sts.WebIdentity("pod", "https://i", "sts.amazonaws.com", (("i:sub", "pod"),)),
    None,
    7,
)
PLAIN = sts.Session(MIRA, NOW, NOW + timedelta(hours=12), mfa_at=NOW)
SESSIONS = {"of a role for a pod": WEB, "of a user with MFA": PLAIN}


def row(**changed: Json) -> dict[str, Json]:
    usual: dict[str, Json] = {
        "kind": "account",
        "scope": "",
        "name": ACCOUNT,
        "fact": {"account": ACCOUNT, "name": "dev"},
    }
    return {**usual, **changed}


def document(*rows: Json, **changed: Json) -> dict[str, Json]:
    return {"format": FORMAT, "facts": list(rows), **changed}


@pytest.mark.parametrize("session", SESSIONS.values(), ids=SESSIONS.keys())
def test_a_session_reads_back_equal(session: sts.Session) -> None:
    facts = Snapshot([Put(Key(Kind.SESSION, "", "ASIA1"), IssuedSession("ASIA1", session))])
    read = facts_from_document(json.loads(json.dumps(facts_to_document(facts))))
    assert read.session("ASIA1") == IssuedSession("ASIA1", session)
    assert list(read.items()) == list(facts.items())


@given(st.dictionaries(st.text("0123456789", min_size=12, max_size=12), st.text(max_size=8), max_size=4))
def test_what_is_written_reads_back_equal(accounts: dict[str, str]) -> None:
    facts = Snapshot(
        Put(Key(Kind.ACCOUNT, "", number), Account(AccountId(number), name))
        for number, name in accounts.items()
    )
    read = facts_from_document(facts_to_document(facts))
    assert list(read.items()) == list(facts.items())


def test_the_document_says_which_format_it_is_of() -> None:
    assert facts_to_document(Snapshot()) == {"format": "sekisho.dev/snapshot/v1alpha1", "facts": []}


REFUSED: dict[str, tuple[Any, str]] = {
    "no object": ([], ""),
    "nothing": (None, ""),
    "another version": (document(format="sekisho.dev/snapshot/v1"), ""),
    "no format": ({"facts": []}, ""),
    "no facts": ({"format": FORMAT}, "/facts"),
    "facts that are no list": (document(facts={}), "/facts"),
    "a row that is no object": (document(row(), 1), "/facts/1"),
    "a kind that is not known": (document(row(kind="planet")), "/facts/0"),
    "a kind that is no text": (document(row(kind=1)), "/facts/0"),
    "a name that is no text": (document(row(name=1)), "/facts/0"),
    "a scope that is no text": (document(row(scope=None)), "/facts/0"),
    "a row without its fact": (document({"kind": "account", "scope": "", "name": ACCOUNT}), "/facts/0"),
}


@pytest.mark.parametrize(("told", "place"), REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_refused_with_its_place(told: Json, place: str) -> None:
    with pytest.raises(SekishoInputError) as caught:
        facts_from_document(told)
    (fault,) = caught.value.faults
    assert (fault.code, fault.at.document, fault.at.pointer) == ("facts.format", "facts", place)


def test_a_fact_with_a_field_of_another_version_is_refused_at_the_field() -> None:
    with pytest.raises(SekishoInputError) as caught:
        facts_from_document(document(row(fact={"account": ACCOUNT, "name": "dev", "colour": "red"})))
    assert caught.value.faults[0].at.pointer.startswith("/facts/0/fact")
