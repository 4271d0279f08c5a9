"""On which resources somebody may take an AWS action: `resource_sets`, for each of its resource types."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sekisho.decide.decision import Outcome, Step
from sekisho.decide.iam import explain
from sekisho.decide.iam.rules import has_mandatory_policy
from sekisho.decide.request.aws_reference import ServiceReference
from sekisho.decide.values import Principal, Ref, SekishoInputError
from sekisho.facts.identity import identity_from_arn
from sekisho.facts.permissions import AwsPolicyText
from sekisho.facts.snapshot import Snapshot
from sekisho.review.arn_shape import ANY, EVERYTHING, Shape, TooManyStatesError, Wild, parse_shape
from sekisho.review.aws_caller import is_known, prepared, principal_of
from sekisho.review.needs import may_be_allowed, needs
from sekisho.review.questions import Code, known_action
from sekisho.review.resource_sets import ACCOUNT, Answer, ResourceSet, resource_sets
from sekisho.review.source import Source
from sekisho.review.told import NOTHING_TOLD, Told

_PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
_REGION = 3
_ANY_OF_THEM = "the resource"


@dataclass(frozen=True, slots=True)
class TypeAnswer:
    """The sets of one resource type; ``type`` is empty where the type is not known.

    ``too_many``: the patterns overlap in too many ways, so nothing is said.
    """

    type: str
    universe: str
    sets: tuple[ResourceSet, ...]
    too_many: bool = False


@dataclass(frozen=True, slots=True)
class AwsResources:
    """The answer for each resource type of an action."""

    action: str
    types: tuple[TypeAnswer, ...]

    @property
    def is_partial(self) -> bool:
        """Whether the action is allowed on some resources and not on others."""
        return len(self._outcomes) > 1 and Outcome.ALLOW in self._outcomes

    @property
    def outcome(self) -> Outcome:
        """ALLOW if on all resources, a refusal if on none, else UNKNOWN."""
        if self._outcomes == {Outcome.ALLOW}:
            return Outcome.ALLOW
        if self._outcomes & {Outcome.ALLOW, Outcome.UNKNOWN}:
            return Outcome.UNKNOWN
        return Outcome.DENY if self._outcomes == {Outcome.DENY} else Outcome.NO_OPINION

    @property
    def _outcomes(self) -> set[Outcome]:
        found = {one.answer.outcome for type_ in self.types for one in type_.sets}
        return found | {Outcome.UNKNOWN for type_ in self.types if type_.too_many}


def is_pattern(resource: str) -> bool:
    """Tell whether an ARN stands for several."""
    return resource.startswith("arn:") and ("*" in resource or "?" in resource)


def asks_for_sets(action: str, resource: str, reference: ServiceReference) -> bool:
    """Tell whether a question is about a set of resources: no ARN where there are some, or a pattern."""
    known = known_action(action, reference)
    return is_pattern(resource) or (not resource and bool(known.resource_types))


def on_which_resources(
    who: str,
    action: str,
    pattern: str,
    source: Source,
    reference: ServiceReference,
    aws_policy: AwsPolicyText,
    told: Told = NOTHING_TOLD,
) -> AwsResources:
    """Return where ``who`` may take ``action``, among the ARNs that fit ``pattern``, or in the own account.

    Raises:
        SekishoInputError: no such identity or action; ``pattern`` is no ARN pattern, or of another service.
    """
    principal = principal_of(identity_from_arn(who, source.snapshot), source.snapshot)
    known = known_action(action, reference)
    if told.identity is None and not is_known(principal, source.snapshot):
        step = Step(Code.POLICIES_UNREAD, Ref(str(principal.entity)), (("arn", str(principal.entity)),))
        unread = ResourceSet((EVERYTHING,), (), Answer(Outcome.UNKNOWN, (step.sentence(),), (step,)))
        return AwsResources(known.name, (TypeAnswer("", "*", (unread,)),))
    asked = None if not pattern else _parsed(pattern)
    universes = list(_universes(known.resource_types, action, asked, principal, reference))
    found = (
        _of_type(name, universe, principal, known.name, source.snapshot, aws_policy, told)
        for name, universe in universes
    )
    # A type of which no ARN fits the pattern has nothing to say.
    types = tuple(one for one in found if one.sets or one.too_many)
    if not types:
        problem = f"no resource of {known.name} has an ARN that fits `{pattern[:200]}`"
        hint = f"its resource types are {', '.join(known.resource_types)}"
        raise SekishoInputError.single("question.pattern-fits-nothing", Ref("question"), problem, hint)
    return AwsResources(known.name, types)


def _parsed(pattern: str) -> Shape:
    try:
        return parse_shape(pattern)
    except ValueError as error:
        raise SekishoInputError.single(
            "question.not-an-arn", Ref("question"), f"`{pattern[:200]}` is no ARN pattern: {error}"
        ) from None


def _universes(
    types: tuple[str, ...],
    action: str,
    asked: Shape | None,
    principal: Principal,
    reference: ServiceReference,
) -> Iterator[tuple[str, tuple[Shape, ...]]]:
    """Yield each resource type with what its ARNs fit, together with what was asked."""
    service = action.partition(":")[0].lower()
    if not types:
        yield "", (EVERYTHING if asked is None else asked,)
        return
    for name in types:
        text = reference.arn_patterns.get(f"{service}:{name}")
        if text is None:
            continue
        shape = parse_shape(_PLACEHOLDER.sub("*", text))
        if asked is not None and any(
            shape.sections[place] == ANY and asked.sections[place] == () for place in (_REGION, ACCOUNT)
        ):
            continue  # the ARNs of this type name a region or an account, those that were asked about do not
        account: tuple[Wild | str, ...] = tuple(principal.account) if asked is None else ANY
        sections = tuple(
            account if place == ACCOUNT and section == ANY else section
            for place, section in enumerate(shape.sections)
        )
        sections = (sections[0], tuple(principal.arn.partition), *sections[2:])
        yield name, (Shape(sections),) if asked is None else (Shape(sections), asked)


def _of_type(
    name: str,
    universe: tuple[Shape, ...],
    principal: Principal,
    action: str,
    snapshot: Snapshot,
    aws_policy: AwsPolicyText,
    told: Told,
) -> TypeAnswer:
    text = " and ".join(shape.text for shape in universe)

    def ask(arn: str) -> Answer:
        request, policies = prepared(principal, action, arn, snapshot, aws_policy, told)
        decision = explain(request, policies)
        if decision.outcome is Outcome.UNKNOWN and not may_be_allowed(request, policies):
            return Answer(Outcome.NO_OPINION)  # at best: a policy that was not read could only deny
        open_ = needs(request, policies) if decision.outcome is Outcome.UNKNOWN else ()
        by = tuple(_of_any(step) for step in decision.decisive if step.at.pointer)
        return Answer(decision.outcome, tuple(line.replace(arn, _ANY_OF_THEM) for line in open_), by)

    request, policies = prepared(principal, action, "*", snapshot, aws_policy, told)
    more = [*_accounts(universe, principal, snapshot), *_roles(action, snapshot)]
    try:
        sets = resource_sets(universe, policies, request.context, ask, more)
    except TooManyStatesError:
        return TypeAnswer(name, text, (), too_many=True)
    return TypeAnswer(name, text, sets)


def _of_any(step: Step) -> Step:
    """Return a step about one resource as one about every resource of a set: equal for all of them."""
    return replace(
        step, facts=tuple((name, _ANY_OF_THEM if name == "resource" else fact) for name, fact in step.facts)
    )


def _accounts(universe: tuple[Shape, ...], principal: Principal, snapshot: Snapshot) -> Iterator[Shape]:
    """Yield what tells accounts apart: each has its own organization, and other policies of resources."""
    if any(shape.sections[ACCOUNT] != ANY for shape in universe):
        return
    known = [str(one.account) for one in snapshot.accounts()]
    for account in dict.fromkeys([str(principal.account), *known, "aws", ""]):
        yield Shape((*EVERYTHING.sections[:ACCOUNT], tuple(account), ANY))


def _roles(action: str, snapshot: Snapshot) -> Iterator[Shape]:
    """Yield each role where the action asks its own trust policy."""
    if has_mandatory_policy(action.lower(), "arn:aws:iam::0:role/-"):
        for account in snapshot.accounts():
            for role in snapshot.roles(account.account):
                yield parse_shape(str(role.arn))
