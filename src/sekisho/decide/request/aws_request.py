"""One question to IAM: who asks for which action on which resources, with which context keys."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from sekisho.decide.values import AccountId, Caller

ANY_RESOURCE: Final = "*"
"""The resource of an action that has no resource types (Service Authorization Reference)."""

ContextValue = str | tuple[str, ...]
"""A single-valued key holds a string; a multivalued key a tuple, also when it has one or no member."""

_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9_.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Context:
    """The condition context of a request: each key is present, absent or unread.

    ``present`` maps lower-cased keys to their values; ``unread`` names, lower-cased, those
    whose value nobody could tell (``aws:resourcetag/*``: every tag that is not present); every
    other key is absent. Key names ignore case, the
    tag part included (IAM User Guide, "IAM JSON policy elements: Condition").
    """

    present: Mapping[str, ContextValue] = field(default_factory=dict)
    unread: frozenset[str] = frozenset()

    @classmethod
    def of(cls, present: Mapping[str, ContextValue], unread: Iterable[str] = ()) -> "Context":
        """Return the context with keys in any spelling; a key given in both is present."""
        lowered = {key.lower(): value for key, value in present.items()}
        return cls(lowered, frozenset(key.lower() for key in unread) - lowered.keys())

    def value(self, key: str) -> ContextValue | None:
        """Return the value of ``key``, in any spelling; None when absent or unread."""
        return self.present.get(key.lower())

    def is_unread(self, key: str) -> bool:
        """Tell whether the value of ``key`` is not known, so that nothing may be concluded from it."""
        if not self.unread:
            return False
        lowered = key.lower()
        if lowered in self.unread:
            return True
        family, slash, _ = lowered.partition("/")
        return bool(slash) and f"{family}/*" in self.unread and lowered not in self.present

    def having(self, present: Mapping[str, ContextValue], unread: Iterable[str] = ()) -> "Context":
        """Return this context with the keys of ``present`` over what was there, and more unread ones."""
        lowered = {key.lower(): value for key, value in present.items()}
        return Context.of({**self.present, **lowered}, self.unread | {key.lower() for key in unread})

    def told(self, keys: Mapping[str, ContextValue | None], families: Iterable[str]) -> "Context":
        """Return this context with ``keys``, and nothing of ``families`` unread any more.

        None stands for a key that is known to be absent. A family is a key or, ending in ``/*``, all keys
        before its tag name.
        """
        known = {family.lower() for family in families}
        lowered = {key.lower(): value for key, value in keys.items()}
        merged = {**self.present, **lowered}
        present = {key: value for key, value in merged.items() if value is not None}
        return Context.of(present, self.unread - known)


NO_CONTEXT: Final = Context()
"""No key is present, none unread."""


@dataclass(frozen=True, slots=True)
class AwsRequest:
    """A question that policies answer. Every resource has to be allowed; a deny on one denies all.

    ``resources`` are ARNs or ``*``; ``resource_account`` is the account that owns them, None
    when it is the caller's own or when nobody owns them (``*``, AWS managed policies).

    Raises:
        ValueError: the action is not ``service:Name`` in ASCII, or there is no resource.
    """

    principal: Caller
    action: str
    resources: tuple[str, ...]
    context: Context = NO_CONTEXT
    resource_account: AccountId | None = None

    def __post_init__(self) -> None:
        # Case is ignored in actions; outside ASCII two letters may share a lower case.
        if not _ACTION.fullmatch(self.action):
            raise ValueError("an action has the form service:Name")
        if not self.resources:
            raise ValueError("a request names at least one resource, or `*`")
