"""What passwords of a pool's users have to be, and how often they may be wrong; the clock is given."""

from dataclasses import replace

import pytest

from sekisho.decide.values import AccountId, Instant, Secret
from sekisho.facts import PoolPasswordPolicy, Snapshot, UserPool, UserPoolUser
from sekisho.lab.aws.operation import AwsError
from sekisho.lab.idp.passwords import Attempts, is_right, refuse_password, with_password
from sekisho.lab.idp.pool_context import Anybody
from sekisho.lab.idp.secret_names import password_name
from sekisho.lab.world import Ids

NOW = Instant.from_epoch(1_000_000)
POOL = UserPool(AccountId("111122223333"), "eu-west-1", "eu-west-1_a", "p", NOW, NOW)
ANN = UserPoolUser(POOL.pool, "ann", "s-1", NOW, NOW)
BARE = PoolPasswordPolicy(6, uppercase=False, lowercase=False, numbers=False, symbols=False)


class Kept:
    """The secrets of a world, and its time."""

    def __init__(self) -> None:
        self.secrets: dict[str, Secret | None] = {}
        self.seconds = 0

    def context(self) -> Anybody:
        now = Instant.from_epoch(NOW.epoch + self.seconds)
        return Anybody(Snapshot(), "eu-west-1", now, Ids(), self.secrets.get)

    def fail(self, name: str, times: int = 1) -> None:
        for _ in range(times):
            self.secrets.update(Attempts(self.context(), POOL).failed(name))

    def is_locked(self, name: str) -> bool:
        return Attempts(self.context(), POOL).locked_until(name) is not None


@pytest.mark.parametrize(
    ("policy", "password", "problem"),
    [
        (BARE, "12345", "Password not long enough"),
        (BARE, "123456", ""),
        (replace(BARE, uppercase=True), "abcdef", "Password must have uppercase characters"),
        (replace(BARE, uppercase=True), "abcdeF", ""),
        (replace(BARE, lowercase=True), "ABCDEF", "Password must have lowercase characters"),
        (replace(BARE, lowercase=True), "ABCDEf", ""),
        (replace(BARE, numbers=True), "abcdef", "Password must have numeric characters"),
        (replace(BARE, numbers=True), "abcde6", ""),
        (replace(BARE, symbols=True), "abcde6", "Password must have symbol characters"),
        (replace(BARE, symbols=True), "abcde-", ""),
        (PoolPasswordPolicy(), "Abcdef-1", ""),
        (PoolPasswordPolicy(), "Abcde-1", "Password not long enough"),
    ],
)
def test_the_first_rule_that_a_password_breaks_is_named(
    policy: PoolPasswordPolicy, password: str, problem: str
) -> None:
    if not problem:
        assert refuse_password(policy, password) is None  # type: ignore[func-returns-value]
        return
    with pytest.raises(AwsError) as caught:
        refuse_password(policy, password)
    assert caught.value.code == "InvalidPasswordException"
    assert caught.value.message == f"Password did not conform with policy: {problem}"


@pytest.mark.parametrize(
    ("failures", "locked", "free"),
    [(5, 0, 1), (6, 1, 2), (7, 3, 4), (14, 511, 512), (15, 899, 900), (30, 899, 900)],
)
def test_the_nth_failure_locks_for_twice_as_long(failures: int, locked: int, free: int) -> None:
    kept = Kept()
    kept.fail("ann", failures)
    kept.seconds = locked
    assert kept.is_locked("ann")
    assert not kept.is_locked("bob")
    kept.seconds = free
    assert not kept.is_locked("ann")


def test_four_failures_lock_nobody() -> None:
    kept = Kept()
    kept.fail("ann", 4)
    assert not kept.is_locked("ann")


@pytest.mark.parametrize(("seconds", "failures"), [(899, 4), (900, 0)])
def test_a_quarter_of_an_hour_in_peace_forgets(seconds: int, failures: int) -> None:
    kept = Kept()
    kept.fail("ann", 4)
    kept.seconds = seconds
    assert Attempts(kept.context(), POOL).failures("ANN") == failures


def test_a_right_password_forgives_and_leaves_nothing_behind() -> None:
    kept = Kept()
    kept.fail("ann")
    kept.fail("bob")
    kept.secrets.update(Attempts(kept.context(), POOL).succeeded("ann"))
    assert Attempts(kept.context(), POOL).failures("bob") == 1
    kept.secrets.update(Attempts(kept.context(), POOL).succeeded("bob"))
    assert list(kept.secrets.values()) == [None]
    assert Attempts(kept.context(), POOL).succeeded("ann") == {}


def test_names_that_were_tried_are_not_kept_as_they_were_typed() -> None:
    kept = Kept()
    kept.fail("my password, typed into the wrong field")
    assert "password" not in str([secret.reveal() for secret in kept.secrets.values() if secret is not None])


def test_the_right_password_is_right_and_nobody_has_one() -> None:
    kept = Kept()
    assert not is_right(kept.context(), ANN, "Right-Passw0rd")
    assert not is_right(kept.context(), None, "Right-Passw0rd")
    secret = with_password(kept.context(), POOL, ANN, "Right-Passw0rd")
    kept.secrets[password_name(ANN)] = secret
    assert "Right" not in secret.reveal()
    assert is_right(kept.context(), ANN, "Right-Passw0rd")
    assert not is_right(kept.context(), ANN, "Right-Passw0rd ")
    assert not is_right(kept.context(), ANN, "\ud800")
