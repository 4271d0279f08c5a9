"""One-time codes: the published values, and both ends of every window."""

import base64

import pytest

from sekisho.decide.sts.totp import shown_step, synchronised_step, time_step, totp
from sekisho.decide.values import Instant, Secret

SEED = Secret(base64.b32encode(b"12345678901234567890").decode())
OTHER = Secret("A" * 32)
NOW = Instant.from_epoch(1_900_000_010)
STEP = 1_900_000_010 // 30

# RFC 4226, Appendix D.
HOTP = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"]
# RFC 6238, Appendix B, SHA-1: the last six of its eight digits.
TOTP = {
    59: "287082",
    1111111109: "081804",
    1111111111: "050471",
    1234567890: "005924",
    2000000000: "279037",
    20000000000: "353130",
}


@pytest.mark.parametrize(("step", "code"), list(enumerate(HOTP)))
def test_codes_by_counter(step: int, code: str) -> None:
    assert totp(SEED, step) == code


@pytest.mark.parametrize(("epoch", "code"), TOTP.items())
def test_codes_by_time(epoch: int, code: str) -> None:
    assert totp(SEED, time_step(Instant.from_epoch(epoch))) == code


@pytest.mark.parametrize(("epoch", "step"), [(0, 0), (29, 0), (30, 1)])
def test_a_step_is_thirty_seconds(epoch: int, step: int) -> None:
    assert time_step(Instant.from_epoch(epoch)) == step


SHOWN: dict[str, tuple[int, int, int, bool]] = {
    "now": (STEP, 0, 0, True),
    "one step late": (STEP - 1, 0, 0, True),
    "two steps late": (STEP - 2, 0, 0, False),
    "one step early": (STEP + 1, 0, 0, True),
    "two steps early": (STEP + 2, 0, 0, False),
    "the device is two ahead": (STEP + 2, 2, 0, True),
    "ahead and one more": (STEP + 3, 2, 0, True),
    "ahead and two more": (STEP + 4, 2, 0, False),
    "two ahead may have been a delay": (STEP - 1, 2, 0, True),
    "and a step before": (STEP - 2, 2, 0, False),
    "two behind may have been a delay": (STEP + 1, -2, 0, True),
    "and a step after": (STEP + 2, -2, 0, False),
    "three ahead are a drift": (STEP + 1, 3, 0, False),
    "at the near end of a drift": (STEP + 2, 3, 0, True),
    "three behind are a drift": (STEP - 1, -3, 0, False),
    "at the near end of a drift backwards": (STEP - 2, -3, 0, True),
    "used": (STEP, 0, STEP, False),
    "before a used one": (STEP - 1, 0, STEP, False),
    "after a used one": (STEP, 0, STEP - 1, True),
}


@pytest.mark.parametrize(("step", "drift", "used", "taken"), SHOWN.values(), ids=SHOWN.keys())
def test_which_codes_are_taken(step: int, drift: int, used: int, taken: bool) -> None:
    found = shown_step(SEED, Secret(totp(SEED, step)), NOW, drift=drift, used=used)
    assert found == (step if taken else None)


@pytest.mark.parametrize("code", ["", "00000", "0000000", "é"])
def test_what_is_no_code_is_not_taken(code: str) -> None:
    assert shown_step(SEED, Secret(code), NOW, drift=0, used=0) is None


def test_the_code_of_another_seed_is_not_taken() -> None:
    assert shown_step(SEED, Secret(totp(OTHER, STEP)), NOW, drift=0, used=0) is None


PAIRS: dict[str, tuple[int, int, int, int | None]] = {
    "the last two": (STEP - 1, STEP, 0, STEP),
    "the second is ten minutes late": (STEP - 21, STEP - 20, 0, STEP - 20),
    "and a step more": (STEP - 22, STEP - 21, 0, None),
    "the second is ten minutes early": (STEP + 19, STEP + 20, 0, STEP + 20),
    "early, and a step more": (STEP + 20, STEP + 21, 0, None),
    "not consecutive": (STEP - 2, STEP, 0, None),
    "in the wrong order": (STEP, STEP - 1, 0, None),
    "the same twice": (STEP, STEP, 0, None),
    "the first was used": (STEP - 1, STEP, STEP - 1, None),
    "the one before was used": (STEP - 1, STEP, STEP - 2, STEP),
}


@pytest.mark.parametrize(("first", "second", "used", "step"), PAIRS.values(), ids=PAIRS.keys())
def test_two_consecutive_codes(first: int, second: int, used: int, step: int | None) -> None:
    codes = (Secret(totp(SEED, first)), Secret(totp(SEED, second)))
    assert synchronised_step(SEED, codes, NOW, used=used) == step


def test_there_is_no_step_before_the_first() -> None:
    epoch = Instant.from_epoch(0)
    assert shown_step(SEED, Secret(totp(SEED, 1)), epoch, drift=0, used=-1) == 1
    codes = (Secret(HOTP[0]), Secret(HOTP[1]))
    assert synchronised_step(SEED, codes, epoch, used=-1) == 1
