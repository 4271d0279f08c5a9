"""An AWS API call as the wire delivers it, and the question to the world that mapping it may need."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sekisho.decide.request.aws_request import NO_CONTEXT, Context, ContextValue
from sekisho.decide.values import AccountId, Anonymous, JsonObject, Principal


@dataclass(frozen=True, slots=True)
class AwsCall:
    """One call.

    ``service`` is the prefix of its actions (``eks``), ``operation`` as in the API (``ListBuckets``);
    ``parameters`` are the members that were sent, by their names in the service model.
    ``context`` holds what the door knows: address, time, the session's own keys. ``caller_tags``
    are all the tags of the caller; None if they were not read. ``account`` is the one that names without
    an account mean: the caller's. ``via`` are the services that call for the caller, the first one first
    (IAM User Guide, "Forward access sessions").
    """

    service: str
    operation: str
    parameters: JsonObject
    principal: Principal | Anonymous
    account: AccountId
    region: str
    partition: str = "aws"
    context: Context = NO_CONTEXT
    caller_tags: Mapping[str, str] | None = None
    via: tuple[str, ...] = ()

    def text(self, *path: str) -> str | None:
        """Return the non-empty string at ``path`` in the parameters, None if there is none."""
        value: object = self.parameters
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        return value if isinstance(value, str) and value else None


FindArns = Callable[[str, tuple[str, ...]], str | None]
"""(resource type, names) -> the ARN of what exists under these names, None if nothing does.

``("iam:user", ("mira",))``, ``("iam:access-key", (key id,))``, ``("eks:nodegroup", (cluster, name))``,
``("eks:access-entry", (cluster, principal ARN))``, ``("iam:service-linked-role", (service, suffix))``.
It must find exactly what the operation's handler will find, case rules included; otherwise one thing is
decided and another is done.
"""


@dataclass(frozen=True, slots=True)
class ResourceState:
    """What is known of one resource, there or about to be made.

    ``tags`` are all its tags; None if they were not read, which is not the same as none. ``keys`` are
    condition keys that tell its state (``iam:PermissionsBoundary``: the boundary that it has) and whose
    it is (``aws:ResourceAccount``); None for one that is known to be absent.
    """

    tags: Mapping[str, str] | None = None
    keys: Mapping[str, ContextValue | None] = field(default_factory=dict)


FindState = Callable[[str], ResourceState]
"""An ARN, or ``*`` -> what is known of the resource. What does not exist yet has no tags."""


def nothing_read(_resource: str) -> ResourceState:
    """Answer for a world of which no resource was read."""
    return ResourceState()


def nothing_found(_resource_type: str, _names: tuple[str, ...]) -> str | None:
    """Answer for a world in which nothing exists yet."""
    return None
