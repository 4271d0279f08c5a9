"""One action on one resource, simulated: the decision of the evaluator in the terms of the answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from sekisho.decide.decision import Decision, Outcome
from sekisho.decide.iam import AttachedPolicy, Layer, Policies, PolicyKind, explain, read_policy
from sekisho.decide.iam.code import Code
from sekisho.decide.request.aws_request import AwsRequest, Context
from sekisho.decide.values import AccountId, Json, Principal, Ref
from sekisho.lab.aws.iam.simulation.sources import Source, SourceType
from sekisho.lab.aws.operation import AwsError

_ARN_SECTIONS = 6

ALLOWED, EXPLICIT, IMPLICIT = "allowed", "explicitDeny", "implicitDeny"

_DECISIONS = {Outcome.ALLOW: ALLOWED, Outcome.DENY: EXPLICIT, Outcome.NO_OPINION: IMPLICIT}
_STRICTER = (EXPLICIT, IMPLICIT, ALLOWED)
_SHOWN = (SourceType.IDENTITY, SourceType.RESOURCE, SourceType.BOUNDARY)
"""Statements of service control policies are never shown (IAM API Reference, "EvaluationResult")."""
_GRANTING = (SourceType.IDENTITY, SourceType.RESOURCE)

_LEFT = Ref("no resource policy")

Matched = tuple[Source, int]
"""A policy, and which of its statements, from 0."""


@dataclass(frozen=True, slots=True)
class Simulation:
    """Who is simulated, under which policies. None for a layer that takes no part.

    ``owner`` is the account of resources whose ARN names none; without it, the caller's.
    """

    caller: Principal
    context: Context
    identity: tuple[Source, ...]
    resource: Source | None = None
    boundary: tuple[Source, ...] | None = None
    scps: tuple[tuple[Source, ...], ...] | None = None
    owner: AccountId | None = None

    @property
    def all(self) -> tuple[Source, ...]:
        """Every policy."""
        own = () if self.resource is None else (self.resource,)
        levels = (policy for level in self.scps or () for policy in level)
        return (*self.identity, *own, *(self.boundary or ()), *levels)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision about one resource.

    ``by_organizations`` and ``by_boundary`` are None where there is no such layer; ``details`` is what
    each kind of policy says by itself, None unless two accounts are asked.
    """

    resource: str
    decision: str
    matched: tuple[Matched, ...]
    by_organizations: bool | None
    by_boundary: bool | None
    details: Mapping[str, str] | None


def simulate(simulation: Simulation, action: str, resource: str) -> Verdict:
    """Return what the policies say to ``action`` on ``resource``.

    Without a resource policy that was handed in the resource's side is not asked: its account counts as the
    caller's, and a role or key whose own policy has to allow counts as leaving that to the account.

    Differs: AWS ignores a resource policy for ``sts:AssumeRole`` and its siblings (aws/aws-cli#10314);
    here it is the trust policy.

    Raises:
        AwsError: PolicyEvaluation, the decision hangs on what no parameter can tell.
    """
    owner = _owner(simulation, resource) if simulation.resource is not None else None
    policies = Policies(
        tuple(one.attached for one in simulation.identity),
        (_left_to(simulation.caller.account),)
        if simulation.resource is None
        else (simulation.resource.attached,),
        None if simulation.boundary is None else tuple(one.attached for one in simulation.boundary),
        scps=tuple(tuple(one.attached for one in level) for level in simulation.scps or ()),
    )
    decision = explain(
        AwsRequest(simulation.caller, action, (resource,), simulation.context, owner), policies
    )
    if decision.outcome is Outcome.UNKNOWN:
        raise AwsError("PolicyEvaluation", f"The policies could not be evaluated: {decision.sentence()}", 500)
    said = _Said.of(decision, simulation.all)
    shown = _DECISIONS[decision.outcome]
    by_organizations = None if simulation.scps is None else said.by_levels(simulation.scps)
    return Verdict(
        resource,
        shown,
        said.matched(shown),
        by_organizations,
        None if simulation.boundary is None else said.by(SourceType.BOUNDARY) == ALLOWED,
        _details(simulation, said) if owner is not None and by_organizations is not False else None,
    )


def strictest(decisions: Iterable[str]) -> str:
    """Return the most restrictive of ``decisions``, which is what the whole of them amounts to."""
    return min(decisions, key=_STRICTER.index)


def _details(simulation: Simulation, said: "_Said") -> Mapping[str, str]:
    asked = [*_GRANTING, *([] if simulation.boundary is None else [SourceType.BOUNDARY])]
    return {type_.value: said.by(type_) for type_ in asked}


def _owner(simulation: Simulation, resource: str) -> AccountId | None:
    """Return the other account that owns ``resource``, None for the caller's own."""
    sections = resource.split(":", 5)
    named = sections[4] if len(sections) == _ARN_SECTIONS else ""
    owner = named or simulation.owner or simulation.caller.account
    return None if owner == simulation.caller.account else AccountId(owner)


@dataclass(frozen=True, slots=True)
class _Said:
    """The statements that apply, from the trace of the evaluator: nothing is evaluated twice."""

    allowing: tuple[Matched, ...]
    denying: tuple[Matched, ...]

    @classmethod
    def of(cls, decision: Decision[None], sources: Iterable[Source]) -> "_Said":
        by_document = {one.document.at.document: one for one in sources}
        found: dict[object, list[Matched]] = {Code.ALLOWED: [], Code.DENIED: []}
        for step in decision.trace:
            known = by_document.get(step.at.document)
            if known is not None and step.code in found:
                found[step.code].append((known, _number(step.at)))
        return cls(tuple(found[Code.ALLOWED]), tuple(found[Code.DENIED]))

    def by(self, type_: SourceType) -> str:
        """Return what the policies of one kind say by themselves."""
        if any(one.type is type_ for one, _ in self.denying):
            return EXPLICIT
        return ALLOWED if any(one.type is type_ for one, _ in self.allowing) else IMPLICIT

    def by_levels(self, levels: tuple[tuple[Source, ...], ...]) -> bool:
        """Tell whether every level of an organization allows and none denies."""
        allowing = {one.document.at for one, _ in self.allowing}
        every = all(any(one.document.at in allowing for one in level) for level in levels)
        return every and not any(one.type is SourceType.SCP for one, _ in self.denying)

    def matched(self, decision: str) -> tuple[Matched, ...]:
        """Return the statements that made the decision: a Deny stands alone (IAM API, "EvaluationResult")."""
        if decision == EXPLICIT:
            return tuple(one for one in self.denying if one[0].type in _SHOWN)
        allowing = (one for one in self.allowing if one[0].type in _GRANTING)
        return tuple(allowing) if decision == ALLOWED else ()


def _number(at: Ref) -> int:
    tokens = at.tokens()
    return int(tokens[1]) if len(tokens) > 1 else 0


@cache
def _left_to(account: AccountId) -> AttachedPolicy:
    """Return the resource policy that grants nothing by itself and leaves all to the account's policies."""
    statement: Json = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "*", "Resource": "*"}
    document = read_policy({"Statement": statement}, _LEFT, PolicyKind.RESOURCE)
    return AttachedPolicy(_LEFT.document, Layer.RESOURCE, document)
