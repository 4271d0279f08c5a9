"""STS's answers, kept: for how long, which of them, how many, and one question for all who ask at once."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from sekisho.decide.authn.iam_token import StsQuestion, fingerprint
from sekisho.decide.authn.sts_answer import StsAnswer, StsFault, StsFaultKind, StsIdentity, conclude
from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.values import Instant, Secret
from sekisho.serve.authenticator.answers import REFUSED_FOR, Answers
from sekisho.serve.authenticator.metrics import Metrics
from support.fake_sts import GOOD, REFUSED, THROTTLED

SIGNED = Instant.parse_amz("20310504T100000Z")
KEY = "AKIAEXAMPLEEXAMPLE12"
TICK = timedelta(microseconds=1)
MINUTES = timedelta(minutes=1)


def question(token: str = "one") -> StsQuestion:
    return StsQuestion(
        host="sts.us-east-1.amazonaws.com",
        region="us-east-1",
        partition="aws",
        target=Secret("/"),
        headers=(("x-k8s-aws-id", "eks-clu"),),
        access_key_id=KEY,
        signed_at=SIGNED,
        expires_at=SIGNED + 15 * MINUTES,
        fingerprint=fingerprint(token),
    )


class Sts:
    """Answers as told, and counts."""

    def __init__(self, answer: StsAnswer | StsFault) -> None:
        self.answer = answer
        self.asked = 0

    async def ask(self, asked: StsQuestion) -> Decision[StsIdentity]:
        self.asked += 1
        await asyncio.sleep(0)
        return conclude(asked, self.answer)


def answers(sts: Sts, now: Instant, kept_for: timedelta, max_kept: int = 100) -> Answers:
    return Answers(sts.ask, lambda: now, Metrics(), kept_for, max_kept)


CASES: dict[str, tuple[StsAnswer | StsFault, timedelta, timedelta, timedelta | None]] = {
    # What STS says, when after the signature, how long answers may count: for how long this one does.
    "allowed, to the end of the token": (StsAnswer(200, GOOD), 5 * MINUTES, 15 * MINUTES, 10 * MINUTES),
    "allowed, as long as was asked for": (StsAnswer(200, GOOD), 5 * MINUTES, 2 * MINUTES, 2 * MINUTES),
    "allowed, nothing to be kept": (StsAnswer(200, GOOD), 5 * MINUTES, 0 * MINUTES, None),
    "refused": (StsAnswer(403, REFUSED), 5 * MINUTES, 15 * MINUTES, REFUSED_FOR),
    "refused just before the end": (StsAnswer(403, REFUSED), 15 * MINUTES - TICK, 15 * MINUTES, TICK),
    "throttled": (StsAnswer(400, THROTTLED), 5 * MINUTES, 15 * MINUTES, None),
    "failing": (StsAnswer(500, b""), 5 * MINUTES, 15 * MINUTES, None),
    "not there": (StsFault(StsFaultKind.CONNECT), 5 * MINUTES, 15 * MINUTES, None),
}


@pytest.mark.parametrize("case", CASES)
def test_how_long_an_answer_counts(case: str) -> None:
    said, age, kept_for, counts_for = CASES[case]
    now = SIGNED + age
    kept = answers(Sts(said), now, kept_for)
    told = asyncio.run(kept.answer(question()))
    key = question().fingerprint
    if counts_for is None:
        assert kept.kept(key, now) is None
        return
    last = kept.kept(key, now + (counts_for - TICK))
    assert last is not None
    assert (last.told, last.access_key_id) == (told, KEY)
    assert kept.kept(key, now + counts_for) is None


def test_nothing_is_known_of_another_token() -> None:
    kept = answers(Sts(StsAnswer(200, GOOD)), SIGNED, 15 * MINUTES)
    asyncio.run(kept.answer(question()))
    assert kept.kept(fingerprint("one "), SIGNED) is None


def test_the_answer_that_was_wanted_longest_ago_makes_room() -> None:
    kept = answers(Sts(StsAnswer(200, GOOD)), SIGNED, 15 * MINUTES, max_kept=2)

    def has(token: str) -> bool:
        return kept.kept(fingerprint(token), SIGNED) is not None

    for token in ("one", "two"):
        asyncio.run(kept.answer(question(token)))
    assert has("one")
    asyncio.run(kept.answer(question("three")))
    assert [has(token) for token in ("one", "two", "three")] == [True, False, True]


def test_one_question_for_all_who_ask_at_once_even_if_the_first_goes_away() -> None:
    sts = Sts(StsAnswer(200, GOOD))
    kept = answers(sts, SIGNED, 15 * MINUTES)

    async def ask() -> list[Decision[StsIdentity] | BaseException]:
        first, *others = [asyncio.create_task(kept.answer(question())) for _ in range(5)]
        await asyncio.sleep(0)
        first.cancel()
        return await asyncio.gather(first, *others, return_exceptions=True)

    gone, *told = asyncio.run(ask())
    assert isinstance(gone, asyncio.CancelledError)
    assert [one.outcome for one in told if isinstance(one, Decision)] == [Outcome.ALLOW] * 4
    assert sts.asked == 1


TOKENS: dict[str, Callable[[], str]] = {
    "of no kind": lambda: "",
    "longer than any": lambda: "x" * 70_000,
    "no text": lambda: "\ud800",
}


@pytest.mark.parametrize("kind", TOKENS)
def test_every_token_has_a_fingerprint_of_its_own(kind: str) -> None:
    found = {fingerprint(make()) for make in TOKENS.values()}
    assert len(found) == len(TOKENS)
    assert len(fingerprint(TOKENS[kind]())) == 64
