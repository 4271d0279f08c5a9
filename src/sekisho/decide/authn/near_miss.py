"""What came close: why an entry does not name a caller it was perhaps written for.

Nothing here decides. An entry that matches says so by the matcher that `Backend.find`'s
index is built from; every other entry is compared facet by facet.
"""

from collections.abc import Sequence
from typing import Final

from sekisho.decide.authn.backend import Backend, matches
from sekisho.decide.authn.canonical import (
    ArnError,
    ArnKind,
    Canonical,
    arn_like,
    canonical_mapping,
    canonicalize,
)
from sekisho.decide.authn.entry import Mapping, SsoSelector, sso_key, sso_parts
from sekisho.decide.authn.mapping_code import EntryCode, MappingCode, MappingRepairCode
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.decision import ReasonCode, Repair, Step

MAX_NEAREST: Final = 5
MAX_DISTANCE: Final = 2

_RANK: Final[dict[ReasonCode, int]] = {code: rank for rank, code in enumerate(EntryCode)}
_NOT_NEAR: Final = frozenset({EntryCode.MATCHED, EntryCode.OTHER})
_REPLACE_ARN: Final = frozenset(
    {
        EntryCode.ROLE_PATH,
        EntryCode.SESSION,
        EntryCode.BLANK,
        EntryCode.SSO_SUFFIX,
        EntryCode.USER_PATH,
        EntryCode.PARTITION,
    }
)
"""Misses after which the entry most likely means the caller: it is repaired rather than added to."""


def examine(mapping: Mapping, identity: StsIdentity, backend: Backend) -> Step:
    """Return what ``mapping`` is to ``identity``: a match, a near miss and of which kind, or neither.

    Total. The step's facts say what differs: the entry's side under the facet's own name, the
    caller's under ``other``.
    """
    code, facts = _facet(mapping, identity, backend)
    common = (("principal", mapping.principal), ("canonical_arn", str(identity.canonical.arn)))
    return Step(code, mapping.at, (*common, ("line", str(mapping.line)), *facts.items()))


def nearest(trace: Sequence[Step], identity: StsIdentity, backends: Sequence[Backend]) -> tuple[Step, ...]:
    """Return the near misses of ``trace``, best first, after what could not be read at all."""
    # sorted() is stable: the order of the document breaks ties
    near = sorted(
        (step for step in trace if step.code in _RANK and step.code not in _NOT_NEAR),
        key=lambda step: (_RANK[step.code], dict(step.facts).get("distance", "")),
    )
    return (*unread_steps(identity, backends), *near[:MAX_NEAREST])


def unread_steps(identity: StsIdentity, backends: Sequence[Backend]) -> tuple[Step, ...]:
    """Return a step for each part of the sources that could not be read."""
    caller = ("canonical_arn", str(identity.canonical.arn))
    return tuple(
        Step(MappingCode.UNREAD, fault.at, (("problem", fault.problem), ("line", str(fault.line)), caller))
        for backend in backends
        for fault in backend.unread
    )


def repairs(
    identity: StsIdentity, decisive: Sequence[Step], near: Sequence[Step], groups: tuple[str, ...]
) -> tuple[Repair, ...]:
    """Return what would let ``identity`` in, the smallest change first.

    ``groups`` are those of the best near miss, "" joined where there is none.
    """
    if not any(step.code in (MappingCode.NOT_MAPPED, MappingCode.UNREAD) for step in decisive):
        reasons = {step.code for step in decisive}
        return (
            (Repair(MappingRepairCode.SESSION_NAME),) if MappingCode.SESSION_NOT_INSTANCE in reasons else ()
        )
    arn = str(canonical_mapping(str(identity.canonical.arn)).arn)
    found = [repair for step in near if (repair := _repair_of(step, identity, arn)) is not None]
    if any(step.code is MappingCode.UNREAD for step in near):
        return tuple(found)
    shown = ",".join(group for group in groups if not group.startswith("system:"))
    return (*found[:1], Repair(MappingRepairCode.MAP, (("arn", arn), ("groups", shown))))


def _repair_of(step: Step, identity: StsIdentity, arn: str) -> Repair | None:
    facts = dict(step.facts)
    at = str(step.at)
    if step.code is MappingCode.UNREAD:
        shown = (("at", at), ("line", facts["line"]), ("problem", facts["problem"]))
        return Repair(MappingRepairCode.READABLE, shown)
    if step.code in _REPLACE_ARN:
        return Repair(
            MappingRepairCode.REPLACE_ARN, (("arn", arn), ("found", facts["principal"]), ("at", at))
        )
    if step.code is EntryCode.USER_ID:
        shown = (("user_id", identity.user_id), ("found", facts["user_id"]), ("at", at))
        return Repair(MappingRepairCode.REPIN, shown)
    if step.code is EntryCode.SSO_OFF:
        return Repair(MappingRepairCode.SSO_ON)
    return None


def _facet(mapping: Mapping, identity: StsIdentity, backend: Backend) -> tuple[EntryCode, dict[str, str]]:
    if matches(mapping, identity, backend):
        return EntryCode.MATCHED, {}
    caller = identity.canonical
    if mapping.sso is not None:
        return _sso_facet(mapping.sso, caller)
    if "*" in mapping.arn or "?" in mapping.arn:
        return _wildcard_facet(mapping, caller)
    try:
        named = canonical_mapping(mapping.arn.strip().lower())
        literal = canonicalize(mapping.arn.strip().lower())
    except ArnError:
        return EntryCode.OTHER, {}
    if named.key == caller.key:
        return _same_principal_facet(mapping, identity, literal)
    return _other_principal_facet(named, caller)


def _same_principal_facet(
    mapping: Mapping, identity: StsIdentity, literal: Canonical
) -> tuple[EntryCode, dict[str, str]]:
    """Name why an entry that means the caller does not match: pinning, or being read as written."""
    if mapping.key == identity.canonical.key:
        return EntryCode.USER_ID, {"user_id": mapping.user_id or "(nobody)", "other": identity.user_id}
    if literal.kind is ArnKind.ASSUMED_ROLE:
        return EntryCode.SESSION, {}
    if literal.path != "/":
        return EntryCode.ROLE_PATH, {"path": literal.path}
    return EntryCode.BLANK, {}


def _sso_facet(selector: SsoSelector, caller: Canonical) -> tuple[EntryCode, dict[str, str]]:
    wanted, given = selector.key, sso_key(caller)
    if given is None:
        return EntryCode.OTHER, {}
    if wanted == given:
        return EntryCode.SSO_OFF, {}
    if wanted[::2] == given[::2]:
        return EntryCode.ACCOUNT, {"account": wanted[1], "other": given[1]}
    if wanted[1:] == given[1:]:
        return EntryCode.PARTITION, {"partition": wanted[0], "other": given[0]}
    if wanted[:2] == given[:2]:
        return EntryCode.SSO_SET, {"set": given[2]}
    return EntryCode.OTHER, {}


def _wildcard_facet(mapping: Mapping, caller: Canonical) -> tuple[EntryCode, dict[str, str]]:
    try:
        covered = arn_like(mapping.arn.lower(), caller.key)
    except ArnError:
        covered = False
    return (EntryCode.WILDCARD if covered else EntryCode.OTHER), {}


def _other_principal_facet(named: Canonical, caller: Canonical) -> tuple[EntryCode, dict[str, str]]:
    """Compare two principals that differ, the facets most easily mistaken first."""
    same_account = named.arn.account == caller.arn.account
    same_partition = named.arn.partition == caller.arn.partition
    if named.name.lower() == caller.name.lower():
        return _namesake_facet(named, caller, same_account, same_partition)
    if not (same_account and same_partition):
        return EntryCode.OTHER, {}
    if named.kind is ArnKind.ROOT:
        return EntryCode.ROOT, {}
    if _kind(named) != _kind(caller):
        return EntryCode.OTHER, {}
    old, new = sso_parts(named), sso_parts(caller)
    if old and new and old[0] == new[0]:
        return EntryCode.SSO_SUFFIX, {"set": new[0], "suffix": new[1]}
    limit = min(MAX_DISTANCE, len(caller.name) // 3)
    distance = _distance(named.name.lower(), caller.name.lower(), limit)
    if distance <= limit:
        return EntryCode.SPELLING, {"distance": str(distance)}
    return EntryCode.OTHER, {}


def _namesake_facet(
    named: Canonical, caller: Canonical, same_account: bool, same_partition: bool
) -> tuple[EntryCode, dict[str, str]]:
    if _kind(named) != _kind(caller):
        if not (same_account and same_partition):
            return EntryCode.OTHER, {}
        return EntryCode.KIND, {"kind": _kind(named), "other": _kind(caller)}
    if same_account and same_partition:
        return EntryCode.USER_PATH, {"path": named.path, "other": caller.path}
    if same_partition:
        return EntryCode.ACCOUNT, {"account": named.arn.account, "other": caller.arn.account}
    if same_account:
        return EntryCode.PARTITION, {"partition": named.arn.partition, "other": caller.arn.partition}
    return EntryCode.OTHER, {}


def _kind(canonical: Canonical) -> str:
    return "role" if canonical.kind is ArnKind.ASSUMED_ROLE else canonical.kind.value


def _distance(left: str, right: str, limit: int) -> int:
    """Return the edit distance (insert, delete, replace), or any number over ``limit`` if it is more."""
    if abs(len(left) - len(right)) > limit:
        return limit + 1
    previous = list(range(len(right) + 1))
    for row, letter in enumerate(left, 1):
        current = [row]
        for column, other in enumerate(right, 1):
            replaced = previous[column - 1] + (letter != other)
            current.append(min(previous[column] + 1, current[-1] + 1, replaced))
        if min(current) > limit:
            return limit + 1
        previous = current
    return previous[-1]
