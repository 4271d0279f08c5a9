"""Rules filed by what a request names, so that few of them need to be examined."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from sekisho.decide.rbac.model import Rule
from sekisho.decide.request.kubernetes import RequestAttributes

MAX_ATOMS_PER_RULE = 4096
"""A rule that expands to more (verb, group, resource, name) is examined every time instead of filed."""


@dataclass(slots=True)
class Cell:
    """One rule for each verb, and each verb and name, listed with one (API group, resource).

    One is enough: rules filed under the same verb, group, resource and name cover the same request.
    """

    unnamed: dict[str, Rule] = field(default_factory=dict)
    named: dict[tuple[str, str], Rule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """Compiled rules. `candidates` may yield a rule that does not match, but never only such if one does."""

    cells: dict[tuple[str, str], Cell]
    wide: tuple[Rule, ...]
    urls: tuple[Rule, ...]

    def candidates(self, request: RequestAttributes) -> Iterator[Rule]:
        """Yield the rules worth examining for ``request``."""
        if request.path is not None:
            yield from self.urls
            return
        subresource = request.subresource
        patterns = (
            (request.resource_path, f"*/{subresource}", "*") if subresource else (request.resource, "*")
        )
        for group in (request.group, "*"):
            for pattern in patterns:
                cell = self.cells.get((group, pattern))
                if cell is not None:
                    yield from _in_cell(cell, request)
        yield from self.wide


def compile_rules(rules: Iterable[Rule]) -> Table:
    """Return the table of ``rules``."""
    cells: dict[tuple[str, str], Cell] = {}
    wide: list[Rule] = []
    urls: list[Rule] = []
    for rule in dict.fromkeys(rules):
        if rule.urls:
            urls.append(rule)
        atoms = len(rule.verbs) * len(rule.groups) * len(rule.resources) * max(len(rule.names), 1)
        if atoms > MAX_ATOMS_PER_RULE:
            wide.append(rule)
        else:
            for group in rule.groups:
                for resource in rule.resources:
                    _file(cells.setdefault((group, resource), Cell()), rule)
    return Table(cells, tuple(wide), tuple(urls))


def _in_cell(cell: Cell, request: RequestAttributes) -> Iterator[Rule]:
    for verb in (request.verb, "*"):
        rule = cell.unnamed.get(verb)
        if rule is not None:
            yield rule
        if cell.named:
            rule = cell.named.get((verb, request.name))
            if rule is not None:
                yield rule


def _file(cell: Cell, rule: Rule) -> None:
    for verb in rule.verbs:
        if not rule.names:
            cell.unnamed.setdefault(verb, rule)
        for name in rule.names:
            cell.named.setdefault((verb, name), rule)
