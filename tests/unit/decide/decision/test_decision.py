"""Decisions, chains and codes: how they answer and how they read."""

import pytest

from sekisho.decide.decision import Chain, Decision, Link, Outcome, ReasonCode, Repair, Step, all_codes
from sekisho.decide.values import Ref


class Code(ReasonCode):
    MATCHED = "test-decision.matched", "`{name}` matched"
    PLAIN = "test-decision.plain", "nothing to say"


AT = Ref("f.yaml", "/a")


def test_a_code_is_its_value_and_carries_its_sentence() -> None:
    assert (str(Code.MATCHED), Code.MATCHED.sentence) == ("test-decision.matched", "`{name}` matched")


def test_every_code_is_listed_in_order() -> None:
    codes = all_codes()
    assert list(codes) == sorted(codes)
    assert {Code.MATCHED, Code.PLAIN} <= set(codes)


SENTENCES = {
    "facts are filled in": (Step(Code.MATCHED, AT, (("name", "app"),)), "`app` matched"),
    "braces in a fact stay": (Step(Code.MATCHED, AT, (("name", "{name}"),)), "`{name}` matched"),
    "a fact stays on its line": (
        Step(Code.MATCHED, AT, (("name", "a\nb\x1b[2J\u202e\u00e9"),)),
        "`a\\nb\\x1b[2J\\u202e\u00e9` matched",
    ),
    "a fact that is missing": (Step(Code.MATCHED, AT), "`(name)` matched"),
    "facts nobody names": (Step(Code.PLAIN, AT, (("name", "app"),)), "nothing to say"),
    "a repair": (Repair(Code.MATCHED, (("name", "app"),)), "`app` matched"),
}


@pytest.mark.parametrize(("thing", "sentence"), SENTENCES.values(), ids=SENTENCES.keys())
def test_sentences(thing: Step | Repair, sentence: str) -> None:
    assert thing.sentence() == sentence


def test_the_sentence_of_a_decision_joins_what_decided() -> None:
    step = Step(Code.MATCHED, AT, (("name", "app"),))
    assert Decision(Outcome.ALLOW, (step, Step(Code.PLAIN, AT))).sentence() == "`app` matched; nothing to say"
    assert Decision(Outcome.NO_OPINION).sentence() == "no-opinion"


@pytest.mark.parametrize("outcome", Outcome)
def test_only_allow_allows(outcome: Outcome) -> None:
    assert Decision(outcome).allowed is (outcome is Outcome.ALLOW)


A: Decision[object] = Decision(Outcome.ALLOW)
D: Decision[object] = Decision(Outcome.DENY)
N: Decision[object] = Decision(Outcome.NO_OPINION)
U: Decision[object] = Decision(Outcome.UNKNOWN)
CHAINS = {
    "no link": ((), Outcome.ALLOW, None),
    "every link allowed": ((A, A), Outcome.ALLOW, None),
    "the last refused": ((A, D), Outcome.DENY, 1),
    "nobody said yes": ((N,), Outcome.NO_OPINION, 0),
    "the first that did not allow counts": ((A, U, D), Outcome.UNKNOWN, 1),
}


@pytest.mark.parametrize(("decisions", "outcome", "failed"), CHAINS.values(), ids=CHAINS.keys())
def test_chains(decisions: tuple[Decision[object], ...], outcome: Outcome, failed: int | None) -> None:
    links = tuple(Link(f"link-{index}", decision) for index, decision in enumerate(decisions))
    chain = Chain("test", links)
    assert (chain.outcome, chain.failed) == (outcome, None if failed is None else links[failed])
