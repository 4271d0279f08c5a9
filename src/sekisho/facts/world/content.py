"""What was read of a world file's accounts so far, and how one thing in it names another."""

from dataclasses import dataclass, field

from sekisho.decide.values import AccountId, Instant, Ref
from sekisho.facts.iam_model import InstanceProfile
from sekisho.facts.model import Account, Group, ManagedPolicy, OpenIdConnectProvider, Role, User
from sekisho.facts.shape import FaultCode, Node, nearest
from sekisho.facts.stack_model import Stack

UNDATED = Instant.from_epoch(0)
"""When nothing was made yet: the date of every object in a world file until a world is made of it."""


@dataclass(frozen=True, slots=True)
class KeyRequest:
    """An access key to make; its secret goes under ``profile`` of the credentials file.

    ``user`` is empty for the root user.
    """

    account: AccountId
    user: str
    profile: str
    active: bool = True


@dataclass(slots=True)
class Accounts:
    """What was read so far. ``places``: each ARN's, of a policy its document's, of an account its id's.

    ``gone`` are the ARNs of identities that are deleted but still named; ``told_trust`` those of roles
    whose trusted ids stand in the file.
    """

    accounts: list[Account] = field(default_factory=list)
    users: list[User] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    roles: list[Role] = field(default_factory=list)
    policies: list[ManagedPolicy] = field(default_factory=list)
    providers: list[OpenIdConnectProvider] = field(default_factory=list)
    profiles: list[InstanceProfile] = field(default_factory=list)
    stacks: list[Stack] = field(default_factory=list)
    keys: list[KeyRequest] = field(default_factory=list)
    places: dict[str, Ref] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    unique_ids: set[str] = field(default_factory=set)
    told_trust: set[str] = field(default_factory=set)

    def named_account(self, node: Node, text: str) -> Account | None:
        """Return the account whose id or name ``text`` at ``node`` is; None, with a fault, if there is none.

        Accounts may have the same name in AWS; one that is named by it is named by none.
        """
        found = [one for one in self.accounts if one.account == text]
        found = found or [one for one in self.accounts if one.name == text]
        if len(found) > 1:
            problem = f"{len(found)} accounts are called `{text[:80]}`"
            node.fault(FaultCode.REFERENCE, problem, "name one by its id")
        elif text and not found:
            known = [text for one in self.accounts for text in (one.account, one.name)]
            node.fault(FaultCode.REFERENCE, f"there is no account `{text[:80]}`", nearest(text, known))
        return found[0] if found else None

    def identities_of(self, account: str) -> tuple[User | Role, ...]:
        """Return the users and roles of an account."""
        entities: tuple[User | Role, ...] = (*self.users, *self.roles)
        return tuple(entity for entity in entities if entity.account == account)

    def claim(self, node: Node, unique_id: str) -> str:
        """Return a unique id that the file gives; one that is given twice is a fault."""
        if unique_id and unique_id in self.unique_ids:
            node.fault(FaultCode.TWICE, f"the unique id `{unique_id}` occurs twice")
        self.unique_ids.add(unique_id)
        return unique_id
