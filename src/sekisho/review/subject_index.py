"""Which roles may trust a service account of a cluster, found without asking every role about everybody.

What this index leaves out does not trust the account; what it yields still has to be asked.
"""

import re
from collections.abc import Iterable, Iterator

from sekisho.decide.iam import Effect, Policy, Statement
from sekisho.decide.iam.matching import covers_action
from sekisho.decide.iam.principals import PrincipalKind
from sekisho.decide.sts import RoleFacts
from sekisho.decide.sts.access import trust_of
from sekisho.decide.values import Wildcard
from sekisho.review.trust_index import WEB_IDENTITY

_WILD = re.compile(r"[*?]")
_COLONS = 3
"""Those of ``system:serviceaccount:NAMESPACE:NAME``."""
_POSITIVE = frozenset({"StringEquals", "StringLike", "StringEqualsIgnoreCase"})


class SubjectIndex:
    """The roles whose trust policies name the issuer of one cluster, by the subjects that they ask for.

    ``host`` is the issuer without its scheme. ``open_roles`` are the ARNs of those that ask for no subject.
    """

    def __init__(self, host: str, roles: Iterable[RoleFacts]) -> None:
        self._key = f"{host}:sub".lower()
        self._provider = f":oidc-provider/{host}"
        self._literal: dict[str, list[str]] = {}
        self._by_name: dict[str, list[tuple[Wildcard, str]]] = {}
        self._by_namespace: dict[str, list[tuple[Wildcard, str]]] = {}
        self._loose: list[tuple[Wildcard, str]] = []
        self.open_roles: tuple[str, ...] = ()
        opened: list[str] = []
        for role in roles:
            # Most roles of an account are not for a cluster: their policies are not even read.
            if self._provider in role.trust:
                self._add(str(role.arn), trust_of(role), opened)
        self.open_roles = tuple(opened)

    def candidates(self, subject: str) -> Iterator[str]:
        """Yield, once each, the ARNs of the roles that ask for a subject and may trust this one."""
        found = [*self._literal.get(subject, ())]
        *_, namespace, name = ["", *subject.split(":")]
        patterns = (*self._by_name.get(name, ()), *self._by_namespace.get(namespace, ()), *self._loose)
        found += [arn for pattern, arn in patterns if pattern.matches(subject)]
        yield from dict.fromkeys(found)

    def _add(self, arn: str, trust: Policy, opened: list[str]) -> None:
        for statement in trust.statements:
            if not self._is_about(statement):
                continue
            subjects = self._subjects(statement)
            if subjects is None:
                opened.append(arn)
                continue
            for text in subjects:
                if any(char in text for char in "*?$"):
                    self._add_pattern(_without_variables(text), arn)
                else:
                    self._literal.setdefault(text, []).append(arn)

    def _add_pattern(self, text: str, arn: str) -> None:
        """Keep a pattern where its literal end, else its literal beginning, tells to look for it."""
        literal = _WILD.split(text)
        entry = (Wildcard(text), arn)
        if ":" in literal[-1]:
            self._by_name.setdefault(literal[-1].rpartition(":")[2], []).append(entry)
        elif literal[0].count(":") >= _COLONS:
            self._by_namespace.setdefault(literal[0].split(":")[2], []).append(entry)
        else:
            self._loose.append(entry)

    def _is_about(self, statement: Statement) -> bool:
        principals = statement.principals
        return (
            statement.effect is Effect.ALLOW
            and covers_action(statement, WEB_IDENTITY) is not False
            and principals is not None
            and any(
                name.kind is PrincipalKind.FEDERATED and name.text.endswith(self._provider)
                for name in principals.names
            )
        )

    def _subjects(self, statement: Statement) -> tuple[str, ...] | None:
        """Return the subjects that a statement asks for; None if it does not ask."""
        for condition in statement.conditions:
            comparison = condition.operator.comparison
            if condition.key.lower() == self._key and comparison is not None and comparison.name in _POSITIVE:
                return tuple(value.source for value in condition.values)
        return None


def _without_variables(text: str) -> str:
    """Return a pattern that fits whatever the variables of ``text`` stand for."""
    head, found, rest = text.partition("${")
    return f"{head}*{_without_variables(rest.partition('}')[2])}" if found else text
