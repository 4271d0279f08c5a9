"""What the AWS side says about somebody: every statement that binds them, layer by layer, as written."""

from dataclasses import dataclass

from sekisho.decide.iam import UNREAD, Layer, Statement
from sekisho.decide.iam.nearest_condition import phrase
from sekisho.decide.request.aws_request import NO_CONTEXT
from sekisho.decide.values import Principal
from sekisho.facts.permissions import AwsPolicyText, caller_policies
from sekisho.facts.snapshot import Snapshot
from sekisho.review.aws_caller import is_known, unread_policies


@dataclass(frozen=True, slots=True)
class ListedStatement:
    """One statement: what it does, to which actions, where, and on which conditions."""

    layer: Layer
    policy: str
    statement: Statement

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions as written."""
        return tuple(pattern.text for pattern in self.statement.actions)

    @property
    def resources(self) -> tuple[str, ...]:
        """The resources as written."""
        return tuple(pattern.text for pattern in self.statement.resources)

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions, in the spelling of policies."""
        return tuple(phrase(condition, NO_CONTEXT) for condition in self.statement.conditions)


@dataclass(frozen=True, slots=True)
class AwsList:
    """Every statement over a principal; ``unread`` are policies that it holds and nobody read."""

    principal: Principal
    statements: tuple[ListedStatement, ...]
    unread: tuple[str, ...]
    is_known: bool


def list_in_aws(principal: Principal, snapshot: Snapshot, aws_policy: AwsPolicyText) -> AwsList:
    """Return the statements of the policies of ``principal``, and of what limits it.

    Raises:
        SekishoInputError: a stored document breaks the grammar.
    """
    policies = caller_policies(snapshot, principal, aws_policy)
    layers = (policies.identity, policies.boundary, *(() if policies.scps is UNREAD else policies.scps))
    found = tuple(
        ListedStatement(policy.layer, policy.name, statement)
        for layer in layers
        if layer is not None and layer is not UNREAD
        for policy in layer
        for statement in policy.document.statements
    )
    unread = unread_policies(principal, snapshot, aws_policy)
    return AwsList(principal, found, unread, is_known(principal, snapshot))
