"""Who may come into question for assuming a role, found without asking about everybody.

A trust policy names its principals, and an account that is named lets in only those whose own policies
speak of sts:AssumeRole. What this index leaves out cannot assume; what it yields still has to be asked.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping

from sekisho.decide.iam import Effect, Policies, Policy, Statement
from sekisho.decide.iam.layers import UNREAD
from sekisho.decide.iam.matching import covers_action, covers_resource
from sekisho.decide.iam.principals import EVERYONE, PrincipalKind, PrincipalName
from sekisho.decide.iam.statement import resource_name
from sekisho.decide.request.aws_request import Context
from sekisho.decide.values import Arn, Principal, PrincipalType

ASSUME = "sts:assumerole"
WEB_IDENTITY = "sts:assumerolewithwebidentity"
SAML = "sts:assumerolewithsaml"
_OF_FACTS = ("aws:principal", "aws:userid", "aws:username", "aws:multifactor", "aws:resource", "iam:resource")
"""How the keys begin that may follow from who calls or from the role."""

PoliciesOf = Callable[[Principal], Policies]
ContextOf = Callable[[Principal], Context]


class TrustIndex:
    """Everybody of the facts, by what a trust policy can name them by."""

    def __init__(self, people: Iterable[Principal], policies_of: PoliciesOf, context_of: ContextOf) -> None:
        self._people = {str(one.entity): one for one in people if one.type is not PrincipalType.ROOT}
        self._names = {_without_path(one.entity): one for one in self._people.values()}
        self._ids = {one.user_id.partition(":")[0]: one for one in self._people.values()}
        self._accounts: dict[str, list[Principal]] = {}
        for one in self._people.values():
            self._accounts.setdefault(str(one.account), []).append(one)
        self._policies_of = policies_of
        self._context_of = context_of
        self._literal: dict[str, dict[str, list[Principal]]] = {}
        self._wide: dict[str, list[tuple[Principal, Statement | None]]] = {}

    def __contains__(self, entity: Arn) -> bool:
        """Whether a user or role is among the facts."""
        return str(entity) in self._people or _without_path(entity) in self._names

    @property
    def accounts(self) -> Mapping[str, list[Principal]]:
        """Those of each account."""
        return self._accounts

    def candidates(self, trust: Policy, role: Arn) -> Iterator[Principal]:
        """Yield, once each, those of the facts whom ``trust`` may let assume ``role``."""
        found: dict[str, Principal] = {}
        for name, negated in trusted(trust, ASSUME):
            for one in self._people.values() if negated else self._named(name, role):
                found[str(one.entity)] = one
        yield from found.values()

    def _named(self, name: PrincipalName, role: Arn) -> Iterable[Principal]:
        if name.kind is not PrincipalKind.AWS:
            return ()
        if name.text == EVERYONE:
            return self._people.values()
        if name.account:
            return self._of_account(name.account, role)
        one = self._ids.get(name.text) if name.arn is None else self._by_arn(name.arn)
        return () if one is None else (one,)

    def _by_arn(self, arn: Arn) -> Principal | None:
        return self._people.get(str(arn)) or self._names.get(_without_path(arn))

    def _of_account(self, account: str, role: Arn) -> Iterator[Principal]:
        """Yield those of an account whose own policies may allow to assume ``role``."""
        if account not in self._literal:
            self._compile(account)
        yield from self._literal[account].get(str(role), ())
        name = resource_name(str(role))
        for one, statement in self._wide[account]:
            if statement is None or covers_resource(statement, name, self._context_of(one)) is not False:
                yield one

    def _compile(self, account: str) -> None:
        literal: dict[str, list[Principal]] = {}
        wide: list[tuple[Principal, Statement | None]] = []
        for one in self._accounts.get(account, ()):
            identity = self._policies_of(one).identity
            if identity is UNREAD:
                wide.append((one, None))
                continue
            for policy in identity:
                for statement in policy.document.statements:
                    if statement.effect is not Effect.ALLOW or not covers_action(statement, ASSUME):
                        continue
                    texts = [pattern.text for pattern in statement.resources]
                    if statement.not_resource or any(_is_wide(text) for text in texts):
                        wide.append((one, statement))
                    else:
                        for text in texts:
                            literal.setdefault(text, []).append(one)
        self._literal[account], self._wide[account] = literal, wide


def trusted(trust: Policy, lowered_action: str) -> Iterator[tuple[PrincipalName, bool]]:
    """Yield each name that an Allow of ``trust`` has for an action; with whether it is a NotPrincipal's."""
    for statement in trust.statements:
        if statement.effect is Effect.ALLOW and covers_action(statement, lowered_action):
            principals = statement.principals
            for name in () if principals is None else principals.names:
                yield name, principals is not None and principals.negated


def is_always_open(trust: Policy, told: Iterable[str]) -> bool:
    """Tell whether every Allow of ``trust`` for AssumeRole hangs on a key that no facts tell."""
    known = {key.lower() for key in told}
    return all(
        any(
            _is_free(condition.key.lower()) and condition.key.lower() not in known
            for condition in one.conditions
        )
        for one in trust.statements
        if one.effect is Effect.ALLOW and covers_action(one, ASSUME)
    )


def _is_free(lowered: str) -> bool:
    return not lowered.startswith(_OF_FACTS)


def _is_wide(text: str) -> bool:
    return any(char in text for char in "*?$")


def _without_path(arn: Arn) -> tuple[str, str, str]:
    """Return account, kind and name: a role and each of its sessions have the same."""
    kind, _, rest = arn.resource.partition("/")
    if kind == "assumed-role":
        return arn.account, "role", rest.partition("/")[0]
    return arn.account, kind, rest.rpartition("/")[2]
