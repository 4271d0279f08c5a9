"""On which resources an action is allowed: the sets of ARNs for which the answer is the same.

The patterns of all policies cut the ARNs that are asked about into cells: in one cell every pattern either
covers all ARNs or none. Whatever else decides does not depend on the resource, or cuts too (the account
that owns it; each role, whose trust policy is its own). So one ARN of a cell stands for all of it, and the
evaluator itself is asked about that one. Cells with the same answer are then described together:

    allowed = union of (intersection of patterns, less other patterns)

A description never reaches beyond the cells of its answer, so nothing is claimed that is not so; together
they leave no cell out.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from sekisho.decide.decision import Outcome, Step
from sekisho.decide.iam import Policies
from sekisho.decide.request.aws_request import Context
from sekisho.review.arn_shape import (
    Section,
    Shape,
    TooManyStatesError,
    Wild,
    classes,
    is_within,
    meet,
    shape_of,
)

MAX_CELLS = 5_000
ACCOUNT = 4
"""The place of the account among the sections of an ARN."""
_OTHER_ACCOUNTS = ("000000000000", "000000000001", "000000000002")


@dataclass(frozen=True, slots=True)
class Answer:
    """What holds for one ARN. ``needs`` and ``by`` as in `sekisho.review.way.Hop`."""

    outcome: Outcome
    needs: tuple[str, ...] = ()
    by: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class ResourceSet:
    """The ARNs that fit all of ``includes`` and none of ``excepts``, and the answer for each of them."""

    includes: tuple[Shape, ...]
    excepts: tuple[Shape, ...]
    answer: Answer

    def holds(self, arn: str) -> bool:
        """Tell whether ``arn`` is in the set."""
        inside = all(shape.matches(arn) for shape in self.includes)
        return inside and not any(shape.matches(arn) for shape in self.excepts)


def resource_sets(
    universe: Sequence[Shape],
    policies: Policies,
    context: Context,
    ask: Callable[[str], Answer],
    more: Iterable[Shape] = (),
) -> tuple[ResourceSet, ...]:
    """Return the answers for every ARN that fits all of ``universe``, allowed ones first.

    ``ask`` answers for one ARN; ``more`` are patterns that tell resources apart though no policy names them.

    Raises:
        TooManyStatesError: the patterns overlap in too many ways.
    """
    found = (
        shape_of(pattern, context)
        for policy in policies.attached()
        for statement in policy.document.statements
        for pattern in statement.resources
    )
    wanted = tuple(dict.fromkeys(universe))
    shapes = tuple(dict.fromkeys([*wanted, *more, *(shape for shape in found if shape is not None)]))
    cells = _cells(shapes, len(wanted))
    answers = {cell: ask(arn) for cell, arn in cells.items()}
    sets: list[ResourceSet] = []
    for answer in dict.fromkeys(answers.values()):
        sets += _described(shapes, answers, answer)
    order = (Outcome.ALLOW, Outcome.UNKNOWN, Outcome.NO_OPINION, Outcome.DENY)
    return tuple(sorted(sets, key=lambda one: order.index(one.answer.outcome)))


_Cell = frozenset[int]
"""The places of the shapes that cover a cell."""


def _cells(shapes: Sequence[Shape], wanted: int) -> dict[_Cell, str]:
    """Return every cell that fits the first ``wanted`` shapes, with an ARN in it."""
    by_section: list[list[tuple[frozenset[int], str]]] = []
    for place in range(len(shapes[0].sections)):
        distinct = tuple(dict.fromkeys(shape.sections[place] for shape in shapes))
        found = _account_classes(distinct) if place == ACCOUNT else classes(distinct)
        places = {section: at for at, section in enumerate(distinct)}
        where = [places[shape.sections[place]] for shape in shapes]
        by_section.append(
            [
                (frozenset(i for i, at in enumerate(where) if at in fitting), text)
                for fitting, text in found.items()
            ]
        )
    needed = frozenset(range(wanted))
    options = [[one for one in section if needed <= one[0]] for section in by_section]
    cells: dict[_Cell, str] = {}
    for tried, sections in enumerate(product(*options)):
        if tried >= MAX_CELLS * 8 or len(cells) > MAX_CELLS:
            raise TooManyStatesError
        covered = frozenset.intersection(*(one for one, _ in sections))
        cells.setdefault(covered, ":".join(text for _, text in sections))
    return cells


def _account_classes(sections: Sequence[Section]) -> dict[frozenset[int], str]:
    """Return the combinations for the account: those that are named, and one that nobody names.

    An account is twelve digits, ``aws`` or nothing; a pattern of part of one tells too little apart.
    """
    literals = []
    for section in sections:
        if section != (Wild.RUN,):
            if any(isinstance(token, Wild) for token in section):
                raise TooManyStatesError
            literals.append("".join(str(token) for token in section))
    other = next(one for one in _OTHER_ACCOUNTS if one not in literals)
    found: dict[frozenset[int], str] = {}
    for text in (*literals, other):
        fitting = frozenset(
            place for place, one in enumerate(sections) if one == (Wild.RUN,) or one == tuple(text)
        )
        found.setdefault(fitting, text)
    return found


def _described(shapes: Sequence[Shape], answers: dict[_Cell, Answer], answer: Answer) -> list[ResourceSet]:
    """Return few sets that together are exactly the cells of one answer; general ones first."""
    mine = sorted(
        (cell for cell, found in answers.items() if found == answer),
        key=lambda cell: (len(cell), sorted(cell)),
    )
    left = set(mine)
    sets: list[ResourceSet] = []
    for cell in mine:
        if cell not in left:
            continue
        inside = [other for other in answers if cell <= other]
        excepts = _excepted(cell, [other for other in inside if answers[other] != answer], inside)
        left -= {other for other in inside if not excepts & other}
        includes = _shapes(shapes, _narrowest(shapes, cell))
        one = meet(includes)
        includes = includes if one is None else (one,)
        sets.append(ResourceSet(includes, _shapes(shapes, excepts), answer))
    return sets


def _excepted(cell: _Cell, wrong: list[_Cell], inside: list[_Cell]) -> frozenset[int]:
    """Return few patterns that cover every wrong cell inside ``cell`` and not ``cell`` itself."""
    chosen: set[int] = set()
    to_leave_out = frozenset(wrong)
    for bad in sorted(wrong, key=len):
        if chosen & bad:
            continue
        more = bad - cell

        def costs(pattern: int) -> tuple[int, int]:
            covered = [other for other in inside if pattern in other]
            good = sum(other not in to_leave_out for other in covered)
            return good, -len(covered)

        chosen.add(min(sorted(more), key=costs))
    return frozenset(chosen)


def _narrowest(shapes: Sequence[Shape], cell: _Cell) -> frozenset[int]:
    """Return the patterns of a cell that no narrower one of it makes superfluous."""
    kept: set[int] = set(cell)
    for place in sorted(cell):
        if any(is_within(shapes[other], shapes[place]) for other in kept - {place}):
            kept.discard(place)
    return frozenset(kept)


def _shapes(shapes: Sequence[Shape], places: Iterable[int]) -> tuple[Shape, ...]:
    return tuple(shapes[place] for place in sorted(places))
