"""Which statements of a policy may be about an action: found by its name instead of asking each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sekisho.decide.iam.statement import Statement

Statements = tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class ActionIndex:
    """The statements of one policy by what their Action element begins with, in lower case.

    ``exact`` holds those that write an action out, ``of_service`` those that write a service out and a
    pattern behind it, ``others`` those that may be about any service (``*``, ``*:Get*``, NotAction).
    """

    exact: Mapping[str, Statements]
    of_service: Mapping[str, Statements]
    others: Statements

    @classmethod
    def of(cls, statements: Iterable[Statement]) -> "ActionIndex":
        """Return the index of ``statements``."""
        exact: dict[str, dict[int, Statement]] = {}
        of_service: dict[str, dict[int, Statement]] = {}
        others: dict[int, Statement] = {}
        for at, statement in enumerate(statements):
            if statement.not_action:
                others[at] = statement
                continue
            for pattern in statement.actions:
                text = pattern.text.lower()
                service, colon, name = text.partition(":")
                if not colon or _is_pattern(service):
                    others[at] = statement
                elif _is_pattern(name):
                    of_service.setdefault(service, {})[at] = statement
                else:
                    exact.setdefault(text, {})[at] = statement
        return cls(_frozen(exact), _frozen(of_service), tuple(others.values()))

    def about(self, lowered_action: str) -> Statements:
        """Return the statements that may be about an action in lower case; one may come twice."""
        found = self.others
        if self.of_service:
            found += self.of_service.get(lowered_action.partition(":")[0], ())
        return found + self.exact.get(lowered_action, ()) if self.exact else found


def _is_pattern(text: str) -> bool:
    return "*" in text or "?" in text


def _frozen(found: Mapping[str, Mapping[int, Statement]]) -> dict[str, Statements]:
    return {name: tuple(statements.values()) for name, statements in found.items()}
