"""The policies of a simulation: those handed in, and those that an entity holds."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any

from sekisho.decide.iam import (
    AttachedPolicy,
    Layer,
    Policy,
    PolicyKind,
    Span,
    context_keys,
    parse_policy,
    statement_spans,
)
from sekisho.decide.iam.malformed import malformed_text
from sekisho.decide.values import Ref, SekishoInputError, documents
from sekisho.facts import Group, Role, User
from sekisho.facts.organization import organization_of, scps_of
from sekisho.lab.aws.iam.entity import Entity
from sekisho.lab.aws.iam.errors import invalid_input
from sekisho.lab.aws.iam.policy_lookup import existing_policy, find_policy
from sekisho.lab.aws.operation import Context, Parameters


class SourceType(StrEnum):
    """How an answer calls the kind of a policy.

    The API Reference lists other words for SourcePolicyType (``user``, ``aws-managed``); these are the
    ones that IAM sends.
    """

    IDENTITY = "IAM Policy"
    RESOURCE = "Resource Policy"
    BOUNDARY = "Permissions Boundary Policy"
    SCP = "Service Control Policy"


_KINDS = {
    SourceType.IDENTITY: PolicyKind.IDENTITY,
    SourceType.RESOURCE: PolicyKind.RESOURCE,
    SourceType.BOUNDARY: PolicyKind.BOUNDARY,
    SourceType.SCP: PolicyKind.SCP,
}
_LAYERS = {
    SourceType.IDENTITY: Layer.IDENTITY,
    SourceType.RESOURCE: Layer.RESOURCE,
    SourceType.BOUNDARY: Layer.BOUNDARY,
    SourceType.SCP: Layer.SCP,
}


@dataclass(frozen=True, slots=True)
class Source:
    """One policy that takes part; ``source_id`` is how answers name it.

    INVARIANT: ``document.at`` is another one for each source of a simulation.
    """

    source_id: str
    type: SourceType
    text: str
    document: Policy

    @property
    def attached(self) -> AttachedPolicy:
        """The policy as the evaluator takes it."""
        return AttachedPolicy(self.source_id, _LAYERS[self.type], self.document)

    @property
    def keys(self) -> tuple[str, ...]:
        """The context keys that it reads."""
        return _keys(self.text)

    @property
    def spans(self) -> tuple[Span, ...]:
        """Where each statement stands in the text."""
        return _spans(self.text)


def source(source_id: str, type_: SourceType, text: str, place: object) -> Source:
    """Return the policy that ``text`` writes; ``place`` is its own in the simulation.

    The code is documented ("InvalidInput: an input parameter was invalid"); the sentence around IAM's own
    about a malformed policy is not.

    Raises:
        AwsError: InvalidInput, the text is malformed.
    """
    try:
        document = parse_policy(text, Ref(f"{type_.name}/{place}"), _KINDS[type_])
    except SekishoInputError as error:
        raise invalid_input(f"Invalid Input Policy: {source_id}: {malformed_text(error)}") from error
    return Source(source_id, type_, text, document)


def given(parameters: Parameters, member: str, type_: SourceType) -> tuple[Source, ...]:
    """Return the policies of a list of texts, which answers call ``PolicyInputList.1`` and so on.

    Raises:
        AwsError: InvalidInput, one is malformed.
    """
    texts: Iterable[str] = parameters.get(member) or ()
    return tuple(
        source(f"{member}.{number}", type_, text, f"{member}.{number}")
        for number, text in enumerate(texts, 1)
    )


def given_levels(levels: Iterable[Mapping[str, Any]]) -> tuple[tuple[Source, ...], ...]:
    """Return the service control policies of OrderedOrganizationPolicyInputList, from the root down.

    Raises:
        AwsError: InvalidInput, one is malformed.
    """
    member = "OrderedOrganizationPolicyInputList"
    return tuple(
        tuple(
            source(
                f"{member}.{level}.ServiceControlPolicyInputList.{number}",
                SourceType.SCP,
                text,
                f"{level}/{number}",
            )
            for number, text in enumerate(given_at.get("ServiceControlPolicyInputList") or (), 1)
        )
        for level, given_at in enumerate(levels, 1)
    )


@dataclass(frozen=True, slots=True)
class Held:
    """A policy that an entity holds: ``arn`` of a managed one, else ``name`` of an inline one."""

    holder: Entity
    name: str
    text: str
    arn: str = ""

    @property
    def source_id(self) -> str:
        """How answers name it: inline policies with whom they belong to, as IAM sends them."""
        return self.name if self.arn else f"{holder_type(self.holder)}_{self.holder.name}_{self.name}"


def held_by(context: Context, entity: Entity) -> tuple[Held, ...]:
    """Return the policies of an entity, and those of the groups that a user is in."""
    found = [context.facts.group(entity.account, name) for name in _groups(entity)]
    holders = (entity, *(group for group in found if group is not None))
    return tuple(one for holder in holders for one in _held(context, holder))


def boundary_of(context: Context, entity: Entity) -> Held | None:
    """Return the permissions boundary of an entity, None if it has none.

    Raises:
        AwsError: NoSuchEntity, its policy is not in this world. What it would limit is not passed over.
    """
    if isinstance(entity, Group) or not entity.boundary:
        return None
    policy = existing_policy(context, entity.boundary)
    return Held(entity, policy.name, policy.document, entity.boundary)


def scp_levels(context: Context) -> tuple[tuple[Source, ...], ...] | None:
    """Return the service control policies over the account, None if it is in no organization."""
    if organization_of(context.facts, context.account) is None:
        return None
    return tuple(
        tuple(
            source(one.name, SourceType.SCP, one.text, f"{level}/{number}")
            for number, one in enumerate(at_level)
        )
        for level, at_level in enumerate(scps_of(context.facts, context.account))
    )


def holder_type(entity: Entity) -> str:
    """Return ``user``, ``group`` or ``role``."""
    match entity:
        case User():
            return "user"
        case Group():
            return "group"
        case Role():
            return "role"


def _groups(entity: Entity) -> tuple[str, ...]:
    return entity.groups if isinstance(entity, User) else ()


def _held(context: Context, holder: Entity) -> Iterator[Held]:
    for document in holder.inline:
        yield Held(holder, document.name, document.text)
    for arn in holder.attached:
        found = _managed(context, holder, arn)
        if found is not None:
            yield found


def _managed(context: Context, holder: Entity, arn: str) -> Held | None:
    policy = find_policy(context, arn)
    return None if policy is None else Held(holder, policy.name, policy.document, arn)


@lru_cache(maxsize=256)
def _keys(text: str) -> tuple[str, ...]:
    return context_keys(documents.parse_json(text))


@lru_cache(maxsize=256)
def _spans(text: str) -> tuple[Span, ...]:
    return statement_spans(text)
