"""Passwords of a pool's users: what they have to be, how they are kept, how often they may be wrong.

Of a password its hash is kept, among the secrets: scrypt (RFC 7914), which takes memory to guess at.
Lock-outs follow the Developer Guide, "Lockout behavior for failed sign-in attempts": from the fifth wrong
password on, for 2^(n-5) seconds, fifteen minutes at most; what is tried meanwhile does not count.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sekisho.decide.values import Instant, Secret
from sekisho.facts import PoolPasswordPolicy, UserPool, UserPoolUser
from sekisho.lab.aws.operation import AwsError
from sekisho.lab.idp.pool_context import PoolContext
from sekisho.lab.idp.secret_names import attempts_name, password_name

SYMBOLS: Final = frozenset("^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- ")
FREE_FAILURES: Final = 5
LONGEST_LOCK_SECONDS: Final = 900
_FORGOTTEN_SECONDS: Final = 900
_MAX_WATCHED: Final = 10_000
_SCRYPT: Final = {"n": 2**14, "r": 8, "p": 1, "dklen": 32}
_NOBODYS_SALT: Final = "00" * 16


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of a user's passwords: salt, hashes (the present one last), and since when."""

    salt: str
    hashes: tuple[str, ...]
    since: Instant


def refuse_password(policy: PoolPasswordPolicy, password: str) -> None:
    """Return if a password conforms to the policy.

    Raises:
        AwsError: with Cognito's sentence about the first rule that it breaks.
    """
    rules = (
        (len(password) >= policy.minimum_length, "Password not long enough"),
        (
            not policy.uppercase or any(c.isupper() for c in password),
            "Password must have uppercase characters",
        ),
        (
            not policy.lowercase or any(c.islower() for c in password),
            "Password must have lowercase characters",
        ),
        (not policy.numbers or any(c.isdecimal() for c in password), "Password must have numeric characters"),
        (not policy.symbols or any(c in SYMBOLS for c in password), "Password must have symbol characters"),
    )
    for holds, problem in rules:
        if not holds:
            raise AwsError("InvalidPasswordException", f"Password did not conform with policy: {problem}")


def with_password(context: PoolContext, pool: UserPool, user: UserPoolUser, password: str) -> Secret:
    """Return what to keep after the password became ``password``.

    Raises:
        AwsError: the pool's policy forbids it.
    """
    refuse_password(pool.password_policy, password)
    kept = kept_of(context, user)
    salt = context.ids.hex(32) if kept is None else kept.salt
    hashes = () if kept is None else kept.hashes
    new = _hash(password, salt)
    recent = hashes[-pool.password_policy.history :] if pool.password_policy.history else ()
    if any([hmac.compare_digest(new, old) for old in recent]):  # noqa: C419 - all are compared
        raise AwsError("PasswordHistoryPolicyViolationException", "Password has previously been used.")
    remembered = (*hashes, new)[-max(1, pool.password_policy.history) :]
    return Secret(json.dumps({"salt": salt, "hashes": remembered, "since": context.now.epoch}))


def is_right(context: PoolContext, user: UserPoolUser | None, password: str) -> bool:
    """Tell whether a password is the user's; takes as long for nobody's as for somebody's."""
    kept = None if user is None else kept_of(context, user)
    found = _hash(password, _NOBODYS_SALT if kept is None else kept.salt)
    return hmac.compare_digest(found, "" if kept is None else kept.hashes[-1])


def temporary_end(pool: UserPool, kept: Kept) -> Instant:
    """Return when a temporary password ends."""
    return kept.since + timedelta(days=pool.password_policy.temporary_days)


def kept_of(context: PoolContext, user: UserPoolUser) -> Kept | None:
    """Return what is kept of a user's passwords; None for a user who never had one."""
    secret = context.secret(password_name(user))
    if secret is None:
        return None
    value = json.loads(secret.reveal())
    return Kept(value["salt"], tuple(value["hashes"]), Instant.from_epoch(value["since"]))


class Attempts:
    """How often whose password was wrong of late, in one pool. Names are of users and of nobody alike."""

    def __init__(self, context: PoolContext, pool: UserPool) -> None:
        self._name = attempts_name(pool.pool)
        self._now = context.now.epoch
        kept = context.secret(self._name)
        known: dict[str, tuple[int, float]] = {} if kept is None else json.loads(kept.reveal())
        self._known = {
            name: (count, last)
            for name, (count, last) in known.items()
            if self._now - last < _FORGOTTEN_SECONDS
        }

    def failures(self, name: str) -> int:
        """Return how often the password was wrong; a quarter of an hour in peace makes it 0."""
        return self._known.get(_hashed(name), (0, 0.0))[0]

    def locked_until(self, name: str) -> Instant | None:
        """Return when the next attempt counts, None where it is now."""
        count, last = self._known.get(_hashed(name), (0, 0.0))
        if count < FREE_FAILURES:
            return None
        until = last + min(2 ** min(count - FREE_FAILURES, 20), LONGEST_LOCK_SECONDS)
        return Instant.from_epoch(until) if self._now < until else None

    def failed(self, name: str) -> Mapping[str, Secret | None]:
        """Return what to keep after one more wrong password."""
        count = self.failures(name) + 1
        known = {key: value for key, value in self._known.items() if key != _hashed(name)}
        newest = dict([*known.items(), (_hashed(name), (count, self._now))][-_MAX_WATCHED:])
        return {self._name: Secret(json.dumps(newest))}

    def succeeded(self, name: str) -> Mapping[str, Secret | None]:
        """Return what to keep after a right password."""
        if _hashed(name) not in self._known:
            return {}
        left = {key: value for key, value in self._known.items() if key != _hashed(name)}
        return {self._name: Secret(json.dumps(left)) if left else None}


def _hashed(name: str) -> str:
    return hashlib.sha256(name.casefold().encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _hash(password: str, salt: str) -> str:
    encoded = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(encoded, salt=bytes.fromhex(salt), **_SCRYPT).hex()
