"""The Principal element: whom a statement of a resource, trust or resource control policy is about.

Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from sekisho.decide.iam.kleene import Truth, negate
from sekisho.decide.values import (
    Arn,
    Caller,
    FederatedPrincipal,
    Principal,
    PrincipalType,
    Ref,
    ServicePrincipal,
)

EVERYONE = "*"
_SHORTEST_UNIQUE_ID = 16
_USER_ID, _ROLE_ID = "AIDA", "AROA"
"""How unique ids begin (IAM User Guide, "IAM identifiers", "Understanding unique ID prefixes")."""


class PrincipalKind(StrEnum):
    """The members of a Principal element."""

    AWS = "AWS"
    SERVICE = "Service"
    FEDERATED = "Federated"
    CANONICAL_USER = "CanonicalUser"


class Reach(IntEnum):
    """How closely a principal names a caller: what an Allow to it saves the caller from needing."""

    NONE = 0
    """Somebody else."""
    ACCOUNT = 1
    """The caller's account, which decides by its own policies: saves nothing."""
    ENTITY = 2
    """The role of a session, or the user of a federated session: saves the identity policy."""
    SELF = 3
    """The very caller, or everyone: saves identity policy, boundary and session policy."""


@dataclass(frozen=True, slots=True)
class Named:
    """How closely a caller is named: certainly, and at most, once unread facts are known."""

    surely: Reach
    perhaps: Reach

    def __or__(self, other: "Named") -> "Named":
        """Return the closer of two, each for itself."""
        return Named(max(self.surely, other.surely), max(self.perhaps, other.perhaps))


_NOT_NAMED = Named(Reach.NONE, Reach.NONE)
_IS_MEANT: dict[Truth, Named] = {
    True: Named(Reach.SELF, Reach.SELF),
    None: Named(Reach.NONE, Reach.SELF),
    False: _NOT_NAMED,
}
EVERYBODY: Final = _IS_MEANT[True]
"""A statement without principals means whoever the document is attached to."""


@dataclass(frozen=True, slots=True)
class PrincipalName:
    """One name in a Principal element.

    ``arn`` is what ``text`` reads as, None for ``*``, an account number and a unique id. ``unique_id``
    is the id that the user or role of ``arn`` had when the document was saved, empty if unknown:
    whoever bears the name today and another id is not meant.
    """

    kind: PrincipalKind
    text: str
    at: Ref
    arn: Arn | None = None
    unique_id: str = ""

    @property
    def account(self) -> str:
        """The account that is named as a whole, empty if a part of one or something else is."""
        if self.arn is not None:
            return self.arn.account if self.arn.resource == "root" else ""
        return self.text if self.text.isdecimal() else ""

    def names(self, caller: Caller) -> Named:
        """Tell how closely the name names ``caller``."""
        if self.text == EVERYONE and self.kind is PrincipalKind.AWS:
            return _exactly(Reach.SELF)
        match caller:
            case Principal():
                return self._names_principal(caller)
            case ServicePrincipal():
                return self._names_other(PrincipalKind.SERVICE, caller.name)
            case FederatedPrincipal():
                return self._names_other(PrincipalKind.FEDERATED, caller.provider)
        return _NOT_NAMED

    def _names_other(self, kind: PrincipalKind, name: str) -> Named:
        is_named = self.kind is kind and self.text in (name, EVERYONE)
        return _exactly(Reach.SELF) if is_named else _NOT_NAMED

    def _names_principal(self, caller: Principal) -> Named:
        if self.kind is PrincipalKind.CANONICAL_USER:
            # An account's canonical user id is no fact that anybody hands in.
            return Named(Reach.NONE, Reach.ACCOUNT)
        if self.kind is not PrincipalKind.AWS:
            return _NOT_NAMED
        if self.account:
            same_partition = self.arn is None or self.arn.partition == caller.arn.partition
            return _exactly(
                Reach.ACCOUNT if same_partition and self.account == caller.account else Reach.NONE
            )
        if self.arn is None:
            return _has_id(caller, self.text)
        if self.arn == caller.arn and self.arn.service == "sts":
            return _exactly(Reach.SELF)
        if not is_entity(self.arn, caller):
            return _NOT_NAMED
        return _has_id(caller, self.unique_id) if self.unique_id else _exactly(_entity_reach(caller))


@dataclass(frozen=True, slots=True)
class Principals:
    """A Principal element, or a NotPrincipal (``negated``). ``names`` is never empty."""

    at: Ref
    names: tuple[PrincipalName, ...]
    negated: bool = False

    def allows(self, caller: Caller) -> Named:
        """Tell how closely a statement that allows means ``caller``.

        NotPrincipal means everyone who is not listed in any way; it is read as naming the entity,
        so that boundaries and session policies keep limiting.
        """
        found = self._found(caller)
        if not self.negated:
            return found
        surely = Reach.NONE if found.perhaps else Reach.ENTITY
        perhaps = Reach.NONE if found.surely else Reach.ENTITY
        return Named(surely, perhaps)

    def denies(self, caller: Caller, *, bounded: Truth) -> Named:
        """Tell whether a statement that denies means ``caller``.

        NotPrincipal spares a caller of whom everything is listed: user and account, or session, role
        and account; and nobody who has a permissions boundary (``bounded``).
        """
        if self.negated:
            return _IS_MEANT[negate(self._spares(caller, bounded))]
        found = self._found(caller)
        return _IS_MEANT[True if found.surely else None if found.perhaps else False]

    def unread_keys(self, caller: Caller) -> tuple[str, ...]:
        """Return the facts about ``caller`` that would tell whether it is meant, sorted."""
        keys: set[str] = set()
        for name in self.names:
            named = name.names(caller)
            if named.surely is not named.perhaps:
                is_canonical = name.kind is PrincipalKind.CANONICAL_USER
                keys.add("canonical user id" if is_canonical else "aws:userid")
        return tuple(sorted(keys)) or ("permissions boundary",)

    def _found(self, caller: Caller) -> Named:
        found = _NOT_NAMED
        for name in self.names:
            found |= name.names(caller)
        return found

    def _spares(self, caller: Caller, bounded: Truth) -> Truth:
        if bounded:
            return False
        listed = [name.names(caller) for name in self.names]
        everyone = any(
            name.text == EVERYONE and named.surely for name, named in zip(self.names, listed, strict=True)
        )
        needed = set() if everyone else set(_aspects(caller))
        if not needed <= {named.perhaps for named in listed}:
            return False
        return True if bounded is False and needed <= {named.surely for named in listed} else None


def caller_name(caller: Caller) -> str:
    """Return what a person calls ``caller``: the ARN of the user or role, a service, a provider."""
    match caller:
        case Principal():
            return str(caller.entity)
        case ServicePrincipal():
            return caller.name
        case FederatedPrincipal():
            return caller.provider
    return "anonymous"


def is_entity(arn: Arn, caller: Principal) -> bool:
    """Tell whether ``arn`` is the user or role behind ``caller``.

    Role names are unique in an account, and the path of a session's role may not be known, so roles
    are compared without it; users exactly.
    """
    if caller.type is not PrincipalType.ROLE_SESSION:
        return arn == caller.entity
    return _without_path(arn) == _without_path(caller.entity)


def _without_path(arn: Arn) -> tuple[str, str, str, str, str]:
    kind, _, rest = arn.resource.partition("/")
    return (arn.partition, arn.service, arn.account, kind, rest.rpartition("/")[2])


def _entity_reach(caller: Principal) -> Reach:
    return Reach.SELF if caller.type is PrincipalType.USER else Reach.ENTITY


def _has_id(caller: Principal, unique_id: str) -> Named:
    """Tell how closely a unique id names ``caller``, whose own id may not be known."""
    reach = _entity_reach(caller)
    others = _USER_ID if caller.type is PrincipalType.ROLE_SESSION else _ROLE_ID
    if caller.type is PrincipalType.ROOT or unique_id.startswith(others):
        return _NOT_NAMED
    own = caller.user_id.partition(":")[0]
    if caller.type is PrincipalType.FEDERATED_USER or len(own) < _SHORTEST_UNIQUE_ID:
        return Named(Reach.NONE, reach)
    return _exactly(reach) if own == unique_id else _NOT_NAMED


def _aspects(caller: Caller) -> Iterator[Reach]:
    """Yield everything that can be listed of a caller."""
    if not isinstance(caller, Principal) or caller.type is not PrincipalType.ROOT:
        yield Reach.SELF
    if isinstance(caller, Principal):
        yield Reach.ACCOUNT
        if caller.type in (PrincipalType.ROLE_SESSION, PrincipalType.FEDERATED_USER):
            yield Reach.ENTITY


def _exactly(reach: Reach) -> Named:
    return Named(reach, reach)
