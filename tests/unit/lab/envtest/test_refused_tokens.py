"""Which refused token a request carried: told by time, and by nothing else."""

import asyncio
from datetime import timedelta

import pytest

from sekisho.decide.chain import LinkName
from sekisho.decide.decision import Decision, Link, Outcome, Step
from sekisho.decide.proof.code import Code
from sekisho.decide.values import Instant, Ref
from sekisho.lab.envtest.refused_tokens import MAX_KEPT, SLACK, RefusedTokens
from sekisho.lab.kube.authenticator import Authenticated

NOON = Instant.parse_rfc3339("2026-11-24T12:00:00Z")
MILLISECOND = timedelta(milliseconds=1)


def refused(key: str, code: Code = Code.SIGNATURE) -> Authenticated:
    step = Step(code, Ref("token"))
    return Authenticated((Link(LinkName.TOKEN, Decision(Outcome.DENY, (step,), (step,))),), None, None, key)


ANA, BEN = refused("AKIAANA"), refused("AKIABEN")
ANA_EXPIRED = refused("AKIAANA", Code.EXPIRED)

FOUND: dict[str, tuple[list[tuple[Authenticated, int]], tuple[int, int], Authenticated | None]] = {
    "nothing was refused": ([], (0, 9), None),
    "within the span": ([(ANA, 5)], (0, 9), ANA),
    "at its beginning": ([(ANA, 0)], (0, 9), ANA),
    "at its end": ([(ANA, 9)], (0, 9), ANA),
    "after its end": ([(ANA, 10)], (0, 9), None),
    "a request that joined another": ([(ANA, -250)], (0, 9), ANA),
    "a request that came too late to join": ([(ANA, -251)], (0, 9), None),
    "one within the span, another before it": ([(BEN, -1), (ANA, 5)], (0, 9), ANA),
    "tokens of two callers": ([(ANA, 4), (BEN, 5)], (0, 9), None),
    "tokens of one caller, refused for two reasons": ([(ANA, 4), (ANA_EXPIRED, 5)], (0, 9), None),
    "tokens of one caller, refused alike": ([(ANA, 4), (refused("AKIAANA"), 5)], (0, 9), ANA),
    "two that it may have joined": ([(ANA, -4), (BEN, -5)], (0, 9), None),
}


@pytest.mark.parametrize(("kept", "span", "wanted"), FOUND.values(), ids=FOUND.keys())
def test_a_refusal_belongs_to_the_request_in_whose_span_it_lies(
    kept: list[tuple[Authenticated, int]], span: tuple[int, int], wanted: Authenticated | None
) -> None:
    async def joined() -> Authenticated | None:
        tokens = RefusedTokens(lambda _: None)
        for found, at in kept:
            tokens.add(found, NOON + at * MILLISECOND)
        return tokens.of(NOON + span[0] * MILLISECOND, NOON + span[1] * MILLISECOND)

    assert SLACK == 250 * MILLISECOND
    assert asyncio.run(joined()) == wanted


def test_several_requests_may_carry_one_token() -> None:
    async def joined() -> tuple[list[Authenticated | None], list[Authenticated]]:
        untold: list[Authenticated] = []
        tokens = RefusedTokens(untold.append)
        tokens.add(ANA, NOON)
        found = [tokens.of(NOON + -one * MILLISECOND, NOON + one * MILLISECOND) for one in range(3)]
        tokens.close()
        return found, untold

    assert asyncio.run(joined()) == ([ANA, ANA, ANA], [])


def test_what_no_request_tells_of_is_told_without_one_in_its_order() -> None:
    async def told() -> list[Authenticated]:
        untold: list[Authenticated] = []
        all_told = asyncio.Event()

        def tell(found: Authenticated) -> None:
            untold.append(found)
            if len(untold) == 2:
                all_told.set()

        tokens = RefusedTokens(tell, timedelta(milliseconds=10))
        for found in (ANA, BEN):
            tokens.add(found, NOON)
        assert tokens.of(NOON, NOON) is None
        async with asyncio.timeout(30):
            await all_told.wait()
        tokens.close()
        return untold

    assert asyncio.run(told()) == [ANA, BEN]


def test_so_many_are_kept_and_the_oldest_goes_first() -> None:
    async def told() -> tuple[int, int]:
        untold: list[Authenticated] = []
        tokens = RefusedTokens(untold.append)
        for _ in range(MAX_KEPT + 1):
            tokens.add(ANA, NOON)
        before = len(untold)
        tokens.close()
        return before, len(untold)

    assert asyncio.run(told()) == (1, MAX_KEPT + 1)
