"""What an AWS operation is here: a pure function from facts and a request to events and an answer."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Protocol

from sekisho.decide.decision import Chain, Decision
from sekisho.decide.proof.jws_keys import KeySet
from sekisho.decide.sts.session import Session
from sekisho.decide.values import AccountId, Instant, Principal, Secret
from sekisho.facts import Cluster, Event, Snapshot, Tags

Parameters = Mapping[str, Any]
"""Decoded input: the service model's member names and types (the codec checked them)."""


class Ids(Protocol):
    """Where fresh identifiers come from."""

    def unique_id(self, prefix: str) -> str:
        """Return an IAM unique id."""

    def secret_key(self) -> Secret:
        """Return a secret access key."""

    def session_token(self) -> Secret:
        """Return the token of a session."""

    def mfa_seed(self) -> Secret:
        """Return the seed of an MFA device, in Base32."""

    def hex(self, digits: int) -> str:
        """Return upper-case hexadecimal digits."""

    def request_id(self) -> str:
        """Return the id of a request."""


@dataclass(frozen=True, slots=True)
class Site:
    """What the machine gives a new cluster: an endpoint, the lab's authority, its first objects."""

    new_endpoint: Callable[[], str]
    """Returns ``https://127.0.0.1:PORT`` with a port that is free and stays the cluster's."""
    certificate_authority: str
    """The PEM of the lab's authority, base64."""
    first_objects: Callable[[Cluster], tuple[Event, ...]]
    """Returns what a Kubernetes API holds when it first answers."""


class AwsError(Exception):
    """The service's own refusal of a well-formed, permitted request (``NoSuchEntity``).

    ``code``, ``message`` and ``status`` are AWS's. ``decision`` says why, where the operation decides
    about identity itself. Nothing was changed but, where a service counts attempts, ``secrets``.
    """

    decision: Decision[Any] | None = None
    chain: Chain | None = None
    """Why, where the operation decided in several links."""
    secrets: Mapping[str, Secret | None] = MappingProxyType({})
    """What is kept of the attempt itself (how often a password was wrong); no fact changes."""

    def __init__(self, code: str, message: str, status: int = 400, **members: Any) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.members = members


class DelegateError(AwsError):
    """What another service refused to a caller for whom this one asked it."""

    def __init__(self, error: AwsError, service: str, request_id: str) -> None:
        super().__init__(error.code, error.message, error.status)
        self.service = service
        self.request_id = request_id


class Delegate(Protocol):
    """Calls other services for a caller; what they change becomes true together, or not at all."""

    @property
    def facts(self) -> Snapshot:
        """The facts after everything that was done."""

    @property
    def events(self) -> tuple[Event, ...]:
        """What was done."""

    @property
    def secrets(self) -> Mapping[str, Secret | None]:
        """The secrets of what was done."""

    def ask(self, service: str, operation: str, parameters: Parameters, tags: Tags = ()) -> Mapping[str, Any]:
        """Return the output of an operation; what it makes has ``tags``, which callers cannot set.

        Raises:
            DelegateError: the caller may not, or the service refuses.
        """

    def hide(self, values: Iterable[str]) -> None:
        """Tell nobody these values from now on: no refusal and no entry of the journal repeats them."""

    def attempt(self) -> AbstractContextManager[None]:
        """Undo everything that is done within, if an AwsError ends it."""


def _no_secret(_name: str) -> Secret | None:
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """What an operation may know: the facts, who calls, where, and when."""

    facts: Snapshot
    caller: Principal
    account: AccountId
    region: str
    partition: str
    now: Instant
    ids: Ids
    site: Site
    session: Session | None = None
    """What the caller's credentials stand for, where they are temporary."""
    secret: Callable[[str], Secret | None] = _no_secret
    """Returns a secret that the world keeps beside its facts, by name."""
    message_key: Callable[[], bytes] | None = None
    """Returns the key that seals the encoded messages of refusals."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """What the request says of its client, by header (`door_keys.CLIENT_HEADERS`)."""
    issuer_keys: Callable[[str], KeySet] | None = None
    """Returns the keys that a cluster's issuer publishes, by its URL."""
    delegate: Callable[[str], Delegate] | None = None
    """Returns who calls other services for the caller: with the caller's own permissions, or, given the ARN
    of a role that trusts CloudFormation, with that role's."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The output by the model's member names, and what becomes true if it is given."""

    output: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    secrets: Mapping[str, Secret | None] = field(default_factory=dict)
    decision: Decision[Any] | None = None
    """Why, where the operation decided about identity itself."""
    who: str = ""
    """Whom an operation without a signature was answered, as far as that was proven."""


Operation = Callable[[Context, Parameters], Answer]
