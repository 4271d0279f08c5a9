"""ARN patterns as sets: which combinations of patterns some ARN fits, with one such ARN for each.

A pattern is held against an ARN section by section (`sekisho.decide.iam.statement.ResourcePattern`), so
the sections are told apart by themselves: their patterns run side by side as one automaton, and each state
in which a text may end is one combination. Bounded: patterns that cannot be told apart in so many states
raise `TooManyStatesError`.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from sekisho.decide.iam.statement import ARN_SECTIONS, ResourcePattern
from sekisho.decide.iam.template import Unresolved, Variable, Verbatim
from sekisho.decide.request.aws_request import Context

MAX_PLACES = 200_000
"""Places in patterns, summed over the states: what time and memory go with."""
_FRESH = "xyzwvutsrqponmlkjihgfedcba0123456789-_.XYZWVUTSRQPONMLKJIHGFEDCBA@+=,"


class TooManyStatesError(Exception):
    """The patterns overlap in too many ways to be told apart."""


class Wild(Enum):
    """What stands for more than one text."""

    ONE = "?"
    RUN = "*"


Token = str | Wild
Section = tuple[Token, ...]
"""Single characters and wildcards."""
ANY: Section = (Wild.RUN,)


@dataclass(frozen=True, slots=True)
class Shape:
    """The set of ARNs that fit a pattern: six sections, each a glob."""

    sections: tuple[Section, ...]

    @property
    def text(self) -> str:
        """The pattern as a policy writes it."""
        return ":".join("".join(str(_spelled(token)) for token in section) for section in self.sections)

    def matches(self, arn: str) -> bool:
        """Tell whether ``arn`` is in the set."""
        texts = arn.split(":", ARN_SECTIONS - 1)
        return len(texts) == ARN_SECTIONS and all(map(_fits, self.sections, texts))


EVERYTHING = Shape((ANY,) * ARN_SECTIONS)


def shape_of(pattern: ResourcePattern, context: Context) -> Shape | None:
    """Return what ``pattern`` may cover; None if it covers nothing.

    An unread variable may be any run of characters, as for the evaluator: whether the pattern covers what
    fits around it is unknown, and what does not fit is not covered.
    """
    if pattern.text == "*":
        return EVERYTHING
    if len(pattern.sections) != ARN_SECTIONS:
        return None
    sections: list[Section] = []
    for template in pattern.sections:
        tokens: list[Token] = []
        for part in template.parts:
            if isinstance(part, Variable):
                value = template_value(part, context)
                if value is Unresolved.UNREAD:
                    tokens += ANY
                elif isinstance(value, Unresolved):
                    return None
                else:
                    tokens += value
            else:
                tokens += part.text if isinstance(part, Verbatim) else map(_read, part)
        sections.append(tuple(tokens))
    return Shape(tuple(sections))


def template_value(variable: Variable, context: Context) -> str | Unresolved:
    """Return what stands for a variable, as `sekisho.decide.iam.template` fills it in."""
    value = context.value(variable.key)
    if value is None and context.is_unread(variable.key):
        return Unresolved.UNREAD
    value = variable.default if value is None else value
    return value if isinstance(value, str) else Unresolved.ABSENT


def parse_shape(text: str) -> Shape:
    """Return the shape of an ARN pattern without variables.

    Raises:
        ValueError: it has no six sections.
    """
    sections = text.split(":", ARN_SECTIONS - 1)
    if len(sections) != ARN_SECTIONS:
        raise ValueError("an ARN pattern has six sections")
    return Shape(tuple(tuple(map(_read, section)) for section in sections))


def classes(sections: Sequence[Section]) -> dict[frozenset[int], str]:
    """Return every combination of ``sections`` (by place) that some text fits and no other, with a text.

    Raises:
        TooManyStatesError: over `MAX_PLACES`.
    """
    start = _closed({(place, 0) for place in range(len(sections))}, sections)
    found: dict[frozenset[int], str] = {}
    texts = {start: ""}
    todo = deque([start])
    places = len(start)
    while todo:
        state = todo.popleft()
        ended = frozenset(place for place, at in state if at == len(sections[place]))
        found.setdefault(ended, texts[state])
        for char in _letters(state, sections):
            after = _closed(set(_step(state, char, sections)), sections)
            if after not in texts:
                places += len(after)
                if places > MAX_PLACES:
                    raise TooManyStatesError
                texts[after] = texts[state] + char
                todo.append(after)
    return found


@lru_cache(maxsize=65_536)
def is_within(narrow: Shape, wide: Shape) -> bool:
    """Tell whether whatever fits ``narrow`` fits ``wide`` too."""
    return all(map(_is_section_within, narrow.sections, wide.sections))


def meet(shapes: Sequence[Shape]) -> Shape | None:
    """Return the one shape that covers what all of ``shapes`` cover; None if no single one does."""
    sections: list[Section] = []
    for column in zip(*(shape.sections for shape in shapes), strict=True):
        narrowest = next(
            (one for one in column if all(_is_section_within(one, other) for other in column)), None
        )
        if narrowest is None:
            return None
        sections.append(narrowest)
    return Shape(tuple(sections))


def _is_section_within(narrow: Section, wide: Section) -> bool:
    if narrow == wide or wide == ANY:
        return True
    return all(1 in found for found in classes((narrow, wide)) if 0 in found)


_State = frozenset[tuple[int, int]]


def _letters(state: _State, sections: Sequence[Section]) -> Iterable[str]:
    """Yield the characters that lead on in different ways, and one that no pattern asks for."""
    asked = {
        token
        for place, at in state
        if at < len(sections[place]) and isinstance(token := sections[place][at], str)
    }
    fresh = next((char for char in _FRESH if char not in asked), None)
    return (*((fresh,) if fresh else ()), *sorted(asked))


def _step(state: _State, char: str, sections: Sequence[Section]) -> Iterable[tuple[int, int]]:
    for place, at in state:
        if at < len(sections[place]):
            token = sections[place][at]
            if token is Wild.RUN:
                yield place, at
            elif token is Wild.ONE or token == char:
                yield place, at + 1


def _closed(state: set[tuple[int, int]], sections: Sequence[Section]) -> _State:
    """Add the places behind runs, which may be empty."""
    todo = list(state)
    while todo:
        place, at = todo.pop()
        if at < len(sections[place]) and sections[place][at] is Wild.RUN and (place, at + 1) not in state:
            state.add((place, at + 1))
            todo.append((place, at + 1))
    return frozenset(state)


def _fits(section: Section, text: str) -> bool:
    state = _closed({(0, 0)}, (section,))
    for char in text:
        state = _closed(set(_step(state, char, (section,))), (section,))
    return (0, len(section)) in state


def _read(char: str) -> Token:
    return {"*": Wild.RUN, "?": Wild.ONE}.get(char, char)


def _spelled(token: Token) -> str:
    if isinstance(token, Wild):
        return token.value
    return f"${{{token}}}" if _read(token) != token else token
