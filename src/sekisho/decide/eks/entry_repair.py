"""What would help whom no access entry lets in."""

from dataclasses import replace

from sekisho.decide.authn.mapping_code import EntryCode, MappingRepairCode
from sekisho.decide.decision import Decision, Outcome, ReasonCode, Repair, Step
from sekisho.decide.values import KubeUser


class EntryRepairCode(ReasonCode):
    """Changes of access entries that would let the caller in."""

    CREATE = "eks.create-access-entry", "create an access entry for {arn}"
    RECREATE = (
        "eks.recreate-access-entry",
        "after checking who made it anew, delete the access entry of {principal} and create it again",
    )


def for_access_entries(repair: Repair) -> Repair:
    """Return the repair of a cluster that has access entries: what aws-auth would map gets one. Total."""
    return Repair(EntryRepairCode.CREATE, repair.facts) if repair.code is MappingRepairCode.MAP else repair


def held_to_ids(mapped: Decision[KubeUser], stale: Step | None) -> Decision[KubeUser]:
    """Return ``mapped`` with what ``stale`` adds: an entry that means an earlier principal of the ARN.

    Such an entry is no mapping: aws-auth, where it counts too, may still let the caller in. Total.
    """
    if stale is None:
        return mapped
    trace = (stale, *mapped.trace)
    if mapped.outcome is not Outcome.NO_OPINION:
        return replace(mapped, trace=trace)
    near = tuple(step for step in mapped.nearest if step.code is not EntryCode.USER_ID)
    repair = Repair(EntryRepairCode.RECREATE, (("principal", dict(stale.facts)["principal"]),))
    return replace(mapped, decisive=(stale,), trace=trace, nearest=near, repairs=(repair,))
