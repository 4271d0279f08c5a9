"""A policy document: JSON text to statements, strictly, all faults at once.

Grammar: IAM User Guide, "Grammar of the IAM JSON policy language". Element names are
case-sensitive; a single value and a list of one mean the same, for statements too.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from sekisho.decide.iam.action_index import ActionIndex
from sekisho.decide.iam.faults import Faults
from sekisho.decide.iam.grammar import (
    GRAMMARS,
    POLICY_ELEMENTS,
    VERSION_WITH_VARIABLES,
    VERSIONS,
    FaultCode,
    PolicyKind,
)
from sekisho.decide.iam.read_principal import UniqueIds
from sekisho.decide.iam.read_statement import read_statement
from sekisho.decide.iam.statement import Statement
from sekisho.decide.values import Json, Ref, SekishoInputError, documents

MAX_TEXT_CHARS = 131_072
"""The longest text that the IAM API takes, white space included (PutUserPolicy, PolicyDocument)."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A document that can be evaluated. ``at`` names it; statements are never empty."""

    at: Ref
    kind: PolicyKind
    statements: tuple[Statement, ...]
    version: str = VERSION_WITH_VARIABLES
    _index: ActionIndex = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_index", ActionIndex.of(self.statements))

    def about(self, lowered_action: str) -> Iterable[Statement]:
        """Yield every statement that may be about an action, in no order, some of them twice."""
        return self._index.about(lowered_action)


NO_IDS: UniqueIds = MappingProxyType({})


def parse_policy(
    text: str,
    at: Ref,
    kind: PolicyKind = PolicyKind.IDENTITY,
    *,
    max_chars: int | None = None,
    unique_ids: UniqueIds = NO_IDS,
) -> Policy:
    """Return the policy that the JSON ``text`` writes.

    Args:
        text: one JSON document.
        at: what the document is called; places in it are children of this Ref.
        kind: which elements it may hold.
        max_chars: the quota, in characters without white space; None when read from where
            it is already stored.
        unique_ids: what the user and role ARNs that the document names as principals stood for when it
            was saved, where that is known.

    Raises:
        SekishoInputError: not JSON, too large, or not the grammar of ``kind``; every fault is listed.
    """
    size = policy_size(text)
    limit = MAX_TEXT_CHARS if max_chars is None else max_chars
    if len(text) > MAX_TEXT_CHARS or size > limit:
        raise SekishoInputError.single(
            FaultCode.TOO_LARGE, at, f"{size} characters without white space; at most {limit} are allowed"
        )
    return read_policy(documents.parse_json(text, at.document), at, kind, unique_ids=unique_ids)


def policy_size(text: str) -> int:
    """Return the size of a policy as quotas count it: characters that are not white space."""
    return sum(map(len, text.split()))


def read_policy(
    value: Json, at: Ref, kind: PolicyKind = PolicyKind.IDENTITY, *, unique_ids: UniqueIds = NO_IDS
) -> Policy:
    """Return the policy that an already parsed ``value`` holds, as in GetAccountAuthorizationDetails.

    Args:
        value: the document.
        at: what it is called.
        kind: which elements it may hold.
        unique_ids: as for `parse_policy`.

    Raises:
        SekishoInputError: not the grammar of ``kind``; every fault is listed.
    """
    faults = Faults()
    grammar = GRAMMARS[kind]
    if not isinstance(value, Mapping):
        faults.add(FaultCode.SYNTAX, at, "a policy is a JSON object with `Statement`")
        raise SekishoInputError(faults.found)
    for name in value:
        if name not in POLICY_ELEMENTS:
            faults.unknown(at.child(name), name, POLICY_ELEMENTS)
    # A document without Version has the old meaning, in which variables are plain text.
    version = value.get("Version", "2008-10-17")
    if not isinstance(version, str) or version not in VERSIONS:
        faults.add(FaultCode.VERSION, at.child("Version"), "expected `2012-10-17` or `2008-10-17`")
    elif grammar.needs_version and version != VERSION_WITH_VARIABLES:
        faults.add(FaultCode.VERSION, at.child("Version"), f"{grammar.noun} has version `2012-10-17`")
    if not isinstance(value.get("Id", ""), str):
        faults.add(FaultCode.NOT_TEXT, at.child("Id"), "expected a string")
    found = [
        read_statement(
            member,
            place,
            faults,
            grammar,
            variables=version == VERSION_WITH_VARIABLES,
            unique_ids=unique_ids,
        )
        for member, place in _statements(value, at, faults)
    ]
    statements = tuple(statement for statement in found if statement is not None)
    _check_sids(statements, faults)
    if faults.found:
        raise SekishoInputError(faults.found)
    return Policy(at, kind, statements, str(version))


def _statements(value: Mapping[str, Json], at: Ref, faults: Faults) -> list[tuple[Json, Ref]]:
    place = at.child("Statement")
    match value.get("Statement"):
        case Mapping() as single:
            return [(single, place)]
        case list() as several if several:
            return [(member, place.child(index)) for index, member in enumerate(several)]
    faults.add(FaultCode.NO_STATEMENT, place, "expected a statement or a list of at least one")
    return []


def _check_sids(statements: Sequence[Statement], faults: Faults) -> None:
    seen: set[str] = set()
    for statement in statements:
        if statement.sid and statement.sid in seen:
            faults.add(
                FaultCode.DUPLICATE_SID,
                statement.at.child("Sid"),
                f"the Sid `{statement.sid}` is used by another statement of this policy",
            )
        seen.add(statement.sid)
