"""Stacks in world files, read with every fault and saved as they were; and how stacks are found by name."""

import pytest

from sekisho.decide.values import Instant, SekishoInputError
from sekisho.facts import ChangeSet, Put, Snapshot, Stack, StackEvent, StackOutput, StackResource
from sekisho.facts.stack_lookup import (
    change_set_key,
    find_change_set,
    find_stack,
    stack_key,
    stack_with,
    stacks_of,
)
from sekisho.facts.stack_model import DELETED
from sekisho.facts.world.events import events
from sekisho.facts.world.file import parse_world
from unit.facts.world.test_world_file import Counting
from unit.facts.world.test_world_saved import ACCOUNT, CREATED, document_of, facts_with, saved
from unit.facts.worlds import changed

REGION = "ap-northeast-1"
LATER = Instant.parse_rfc3339("2026-02-01T00:00:00Z")
ROLE = StackResource("Role1", "AWS::IAM::Role", "app", "CREATE_COMPLETE", CREATED, "", (("Arn", "arn:x"),))


def stack(name: str = "net", uuid: str = "0a1b", **members: object) -> Stack:
    return Stack(ACCOUNT, REGION, name, uuid, CREATED, "CREATE_COMPLETE", "{}", **members)  # type: ignore[arg-type]


def put(*stacks: Stack) -> tuple[Put, ...]:
    return tuple(Put(stack_key(one), one) for one in stacks)


def world(*lines: str) -> str:
    """Return the small world with stacks; each is the members of one, in a flow mapping."""
    listed = "".join(f"      - {{{line}}}\n" for line in lines)
    return changed("    name: dev\n", f"    name: dev\n    stacks:\n{listed}")


def read(*lines: str) -> tuple[Stack, ...]:
    found = events(parse_world(world(*lines), "w"), Counting(), CREATED)
    return stacks_of(Snapshot(found), ACCOUNT, REGION)


def test_a_stack_in_few_words() -> None:
    (found,) = read(
        "name: net, region: ap-northeast-1, template: '{}', "
        "resources: [{logicalId: Role1, type: 'AWS::IAM::Role', physicalId: app, attributes: {Arn: 'arn:x'}}]"
    )
    assert found == stack(uuid=found.uuid, resources=(ROLE,))
    assert [len(part) for part in found.uuid.split("-")] == [8, 4, 4, 4, 12]
    assert str(found.arn) == f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/net/{found.uuid}"


def test_a_stack_is_saved_as_it_is() -> None:
    whole = stack(
        description="d",
        reason="r",
        updated=LATER,
        parameters=(("Stage", "dev"), ("Word", "****")),
        capabilities=("CAPABILITY_IAM",),
        tags=(("team", "red"),),
        role=f"arn:aws:iam::{ACCOUNT}:role/deployer",
        disable_rollback=True,
        is_protected=True,
        resources=(ROLE, StackResource("R2", "AWS::IAM::Role", "x", "UPDATE_COMPLETE", LATER)),
        outputs=(StackOutput("Arn", "arn:x", "told", "shared"), StackOutput("Other", "y")),
        imports=("elsewhere",),
    )
    second = stack("zwei", "2c3d")
    kept = parse_world(saved(facts_with(*put(second, whole))).text, "w").stacks
    assert [one.arn for one in kept] == [whole.arn, second.arn]
    assert read_back(whole) == whole
    assert read_back(second) == second


def read_back(one: Stack) -> Stack | None:
    text = saved(facts_with(*put(one))).text
    found = Snapshot(events(parse_world(text, "w"), Counting(), LATER))
    return find_stack(found, ACCOUNT, REGION, one.name)


def test_what_is_not_saved() -> None:
    failed = StackResource("Bad", "AWS::IAM::Role", "", "CREATE_FAILED", CREATED)
    event = StackEvent("e", "net", "", "AWS::CloudFormation::Stack", "CREATE_COMPLETE", CREATED)
    gone = Stack(ACCOUNT, REGION, "gone", "1", CREATED, DELETED, "{}")
    waiting = Stack(ACCOUNT, REGION, "waiting", "2", CREATED, "REVIEW_IN_PROGRESS", "")
    kept = stack(resources=(failed,), events=(event,))
    waits = ChangeSet(
        ACCOUNT, REGION, "0a1b", "c", "9", CREATED, "UPDATE", "CREATE_COMPLETE", "AVAILABLE", "{}"
    )
    more = (*put(gone, waiting, kept), Put(change_set_key(waits), waits))
    (account, _) = document_of(*more)["accounts"]
    (document,) = account["stacks"]
    assert (document["name"], "resources" in document) == ("net", False)
    assert "change sets are not saved: 1" in saved(facts_with(*more)).notices


@pytest.mark.parametrize(
    ("lines", "pointer"),
    [
        (("name: 1net, region: ap-northeast-1, template: '{}'",), "/accounts/0/stacks/0/name"),
        (("name: net, region: Tokyo, template: '{}'",), "/accounts/0/stacks/0/region"),
        (("name: net, region: ap-northeast-1",), "/accounts/0/stacks/0"),
        (
            ("name: net, region: ap-northeast-1, template: '{}', status: CREATE_IN_PROGRESS",),
            "/accounts/0/stacks/0/status",
        ),
        (("name: net, region: ap-northeast-1, template: '{}'",) * 2, "/accounts/0/stacks/1/name"),
    ],
)
def test_a_stack_that_cannot_be(lines: tuple[str, ...], pointer: str) -> None:
    with pytest.raises(SekishoInputError) as told:
        parse_world(world(*lines), "w")
    assert [fault.at.pointer for fault in told.value.faults] == [pointer]


def test_stacks_are_found_by_name_and_by_arn() -> None:
    old = Stack(ACCOUNT, REGION, "net", "old", CREATED, DELETED, "{}", resources=(ROLE,))
    now = stack(resources=(ROLE,))
    facts = Snapshot(put(old, now))
    assert find_stack(facts, ACCOUNT, REGION, "net") == now
    assert find_stack(facts, ACCOUNT, REGION, str(old.arn)) == old
    assert find_stack(facts, ACCOUNT, "eu-west-1", "net") is None
    assert stack_with(facts, ACCOUNT, REGION, "app") == now
    assert stack_with(facts, ACCOUNT, REGION, "nobody") is None


def test_change_sets_are_found_by_name_and_by_arn() -> None:
    def change_set(uuid: str, name: str, of: str = "0a1b") -> ChangeSet:
        return ChangeSet(ACCOUNT, REGION, of, name, uuid, CREATED, "UPDATE", "FAILED", "UNAVAILABLE", "{}")

    first, second, other = change_set("1", "c"), change_set("2", "c"), change_set("3", "c", "else")
    facts = Snapshot([Put(change_set_key(one), one) for one in (first, second, other)])
    assert find_change_set(facts, ACCOUNT, REGION, "c", stack()) == second
    assert find_change_set(facts, ACCOUNT, REGION, str(first.arn), None) == first
    assert find_change_set(facts, ACCOUNT, REGION, "c", None) is None
    assert str(first.arn) == f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:changeSet/c/1"
