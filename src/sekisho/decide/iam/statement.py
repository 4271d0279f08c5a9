"""A statement as a value: patterns compiled once, each with its place in the user's document."""

from dataclasses import dataclass, field
from enum import StrEnum

from sekisho.decide.iam.conditions import Condition
from sekisho.decide.iam.kleene import Truth
from sekisho.decide.iam.principals import Principals
from sekisho.decide.iam.template import Template, parse_parts, sections_of
from sekisho.decide.request.aws_request import Context
from sekisho.decide.values import Ref, Wildcard

ARN_SECTIONS = 6


class Effect(StrEnum):
    """What a matching statement does (IAM User Guide, "IAM JSON policy elements: Effect")."""

    ALLOW = "Allow"
    DENY = "Deny"


@dataclass(frozen=True, slots=True)
class ActionPattern:
    """``service:Name`` with ``*`` and ``?``, or ``*``; case does not count."""

    text: str
    at: Ref
    _lowered: Wildcard = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_lowered", Wildcard(self.text.lower()))

    def matches(self, lowered_action: str) -> bool:
        """Tell whether the pattern covers an action given in lower case."""
        return self._lowered.matches(lowered_action)


ResourceName = tuple[str, ...]
"""A resource split at its first five colons; one section for ``*``."""


def resource_name(resource: str) -> ResourceName:
    """Split a request's resource once, for all patterns it is held against."""
    return tuple(resource.split(":", ARN_SECTIONS - 1))


@dataclass(frozen=True, slots=True)
class ResourcePattern:
    """An ARN with wildcards and variables, or ``*``.

    Section is held against section, so a wildcard before the fifth colon never reaches
    into the next; after it everything is one text in which ``*`` also covers ``:`` and
    ``/``. Case counts (IAM User Guide, "IAM JSON policy elements: Resource").
    """

    text: str
    at: Ref
    variables: bool = True
    sections: tuple[Template, ...] = field(init=False, repr=False, compare=False)
    _literals: tuple[tuple[int, str], ...] = field(init=False, repr=False, compare=False)
    _patterns: tuple[tuple[int, Template], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        parts = parse_parts(self.text, variables=self.variables)
        sections = tuple(enumerate(sections_of(parts)))
        literals = tuple((at, one.literal) for at, one in sections if one.literal is not None)
        patterns = tuple((at, one) for at, one in sections if one.literal is None and not one.fits_everything)
        object.__setattr__(self, "sections", tuple(section for _, section in sections))
        object.__setattr__(self, "_literals", literals)
        object.__setattr__(self, "_patterns", patterns)

    def matches(self, name: ResourceName, context: Context) -> Truth:
        """Tell whether the pattern covers ``name``; None if that hangs on an unread variable."""
        if self.text == "*":
            return True
        if len(name) != len(self.sections):
            return False
        for at, literal in self._literals:
            if name[at] != literal:
                return False
        unread = False
        for at, pattern in self._patterns:
            truth = pattern.matches(name[at], context)
            if truth is None:
                unread = True
            elif not truth:
                return False
        return None if unread else True


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. ``not_action`` and ``not_resource`` turn the lists into what is left out.

    ``actions`` is never empty. ``resources`` is empty where the policy is attached to the one resource that
    it can be about (a trust policy has no Resource). ``principals`` is None in documents that apply to
    whom they are attached to.
    """

    at: Ref
    sid: str
    effect: Effect
    actions: tuple[ActionPattern, ...]
    resources: tuple[ResourcePattern, ...]
    not_action: bool = False
    not_resource: bool = False
    conditions: tuple[Condition, ...] = ()
    principals: Principals | None = None

    @property
    def action_at(self) -> Ref:
        """The place of the element that lists the actions."""
        return self.at.child("NotAction" if self.not_action else "Action")

    @property
    def resource_at(self) -> Ref:
        """The place of the element that lists the resources."""
        return self.at.child("NotResource" if self.not_resource else "Resource")
