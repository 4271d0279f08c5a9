"""What operations of user pools have in common: what they may know, whom they find, how they refuse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from sekisho.decide.decision import Decision, Outcome, Step
from sekisho.decide.values import Instant, Ref, Secret
from sekisho.facts import Snapshot, UserPool, UserPoolClient, UserPoolGroup, UserPoolUser
from sekisho.facts.pool_lookup import pool_client, pool_group, pool_user, user_pool
from sekisho.lab.aws.operation import AwsError, Context, Ids
from sekisho.lab.idp.code import PoolCode

_BASE36 = "0123456789abcdefghijklmnopqrstuvwxyz"
_BASE62 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class PoolContext(Protocol):
    """What an operation may know whoever calls; `Context` is one."""

    @property
    def facts(self) -> Snapshot:
        """The facts."""

    @property
    def region(self) -> str:
        """Where; empty where a door without a region was asked."""

    @property
    def now(self) -> Instant:
        """When."""

    @property
    def ids(self) -> Ids:
        """Fresh identifiers."""

    @property
    def secret(self) -> Callable[[str], Secret | None]:
        """Returns a secret by name."""


@dataclass(frozen=True, slots=True)
class Anybody:
    """The context of an operation that is called without a signature."""

    facts: Snapshot
    region: str
    now: Instant
    ids: Ids
    secret: Callable[[str], Secret | None]


class Trail:
    """The steps of one sign-in, in order; the first that refuses ends it."""

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def passed(self, code: PoolCode, **facts: str) -> None:
        """Note what was found right."""
        self._steps.append(_step(code, facts))

    def refused(self, code: PoolCode, error: AwsError, **facts: str) -> AwsError:
        """Return ``error`` with the decision that explains it."""
        step = _step(code, facts)
        error.decision = Decision(Outcome.DENY, (step,), (*self._steps, step))
        return error

    def allowed(self) -> Decision[None]:
        """Return the decision that let somebody in; the last step decided."""
        return Decision(Outcome.ALLOW, tuple(self._steps[-1:]), tuple(self._steps))


def _step(code: PoolCode, facts: dict[str, str]) -> Step:
    return Step(code, Ref("user-pool"), tuple((name, value[:200]) for name, value in facts.items()))


def invalid(sentence: str) -> AwsError:
    """Return the refusal of a parameter."""
    return AwsError("InvalidParameterException", sentence)


def not_authorized(sentence: str) -> AwsError:
    """Return the refusal of a credential."""
    return AwsError("NotAuthorizedException", sentence)


def not_found(sentence: str) -> AwsError:
    """Return the refusal of a request about something that is not there."""
    return AwsError("ResourceNotFoundException", sentence)


def no_such_user() -> AwsError:
    """Return the refusal of a request about a user that is not there."""
    return AwsError("UserNotFoundException", "User does not exist.")


def unserved(sentence: str) -> AwsError:
    """Return the refusal of what Cognito would do and the lab cannot; the sentence is ours."""
    return AwsError("SekishoUnserved", f"{sentence}; nothing was changed")


def existing_pool(context: Context, pool: str) -> UserPool:
    """Return a pool of the caller's account and region.

    Raises:
        AwsError: there is none.
    """
    found = user_pool(context.facts, pool)
    if found is None or (found.account, found.region) != (context.account, context.region):
        raise not_found(f"User pool {pool} does not exist.")
    return found


def existing_client(context: PoolContext, client: str, pool: UserPool | None = None) -> UserPoolClient:
    """Return an app client of ``pool``, or of any pool of the region.

    Raises:
        AwsError: there is none.
    """
    found = pool_client(context.facts, client)
    owner = None if found is None else user_pool(context.facts, found.pool)
    if (
        found is None
        or owner is None
        or context.region not in ("", owner.region)
        or pool not in (None, owner)
    ):
        error = not_found(f"User pool client {client} does not exist.")
        raise Trail().refused(PoolCode.CLIENT_UNKNOWN, error, client=client)
    return found


def pool_of(context: PoolContext, client: UserPoolClient) -> UserPool:
    """Return the pool of a client, which `existing_client` found."""
    found = user_pool(context.facts, client.pool)
    assert found is not None  # noqa: S101 - a pool's clients are deleted with it
    return found


def existing_user(context: PoolContext, pool: UserPool, name: str) -> UserPoolUser:
    """Return the user that ``name`` names.

    Raises:
        AwsError: there is none.
    """
    found = pool_user(context.facts, pool, name)
    if found is None:
        raise no_such_user()
    return found


def existing_group(context: Context, pool: UserPool, name: str) -> UserPoolGroup:
    """Return a group by name.

    Raises:
        AwsError: there is none.
    """
    found = pool_group(context.facts, pool.pool, name)
    if found is None:
        raise not_found("Group not found.")
    return found


def client_id(ids: Ids) -> str:
    """Return the id of an app client: 26 lower-case letters and digits."""
    return _spelled(ids.hex(48), _BASE36, 26)


def pool_id(ids: Ids, region: str) -> str:
    """Return the id of a pool: its region and nine letters and digits."""
    return f"{region}_{_spelled(ids.hex(32), _BASE62, 9)}"


def opaque(ids: Ids) -> Secret:
    """Return an opaque credential: 384 random bits in the alphabet of Cognito's tokens."""
    return Secret(_spelled(ids.hex(112), _BASE62, 64))


def _spelled(digits: str, alphabet: str, length: int) -> str:
    number = int(digits, 16)
    found = []
    for _ in range(length):
        number, rest = divmod(number, len(alphabet))
        found.append(alphabet[rest])
    return "".join(found)
