"""The stacks of an account in a world file: their keys, read into facts.

Source: CloudFormation API Reference, "Stack"; CloudFormation User Guide, "CloudFormation quotas". What
stacks made stands in the file as everybody else's roles and policies do; here is whose it is.
"""

import re
from dataclasses import replace
from hashlib import sha256

from sekisho.decide.values import Instant
from sekisho.facts.model import Account
from sekisho.facts.shape import FaultCode
from sekisho.facts.snapshot import Put
from sekisho.facts.stack_lookup import stack_key
from sekisho.facts.stack_model import Stack, StackOutput, StackResource
from sekisho.facts.world.content import UNDATED, Accounts
from sekisho.facts.world.organization_tables import CREATED, SOME, TAGS
from sekisho.facts.world.shape import Choice, Fields, Flag, Listed, Member, Moment, Named, Record, Text

STATUSES = (
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "DELETE_FAILED",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
)
"""What a stack that has a template can be in for long."""

_NAME = Text(re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", re.ASCII), "letters, digits and `-`, a letter first")
_LOGICAL = Text(re.compile(r"[A-Za-z0-9]{1,255}", re.ASCII), "a name of letters and digits")
_REGION = Text(re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]", re.ASCII), "a region such as `ap-northeast-1`")

STACK_RESOURCE = Record(
    "stackResource",
    (
        Member("logicalId", _LOGICAL, "its name in the template", required=True),
        Member("type", SOME, "type, such as `AWS::IAM::Role`", required=True),
        Member("physicalId", SOME, "what `Ref` gives: for most types its name or its ARN", required=True),
        Member("status", SOME, "status; default: `CREATE_COMPLETE`"),
        Member("updated", Moment(), "when it was changed last; default: as the stack"),
        Member("attributes", Named(Text()), "what `Fn::GetAtt` gives"),
    ),
)
STACK_OUTPUT = Record(
    "stackOutput",
    (
        Member("key", _LOGICAL, "its name in the template", required=True),
        Member("value", SOME, "value", required=True),
        Member("description", Text(), "description"),
        Member("export", SOME, "name under which other stacks import it"),
    ),
)
STACK = Record(
    "stack",
    (
        Member("name", _NAME, "stack name", required=True),
        Member("region", _REGION, "region", required=True),
        Member("template", SOME, "template as text, JSON or YAML", required=True),
        Member("uuid", SOME, "last part of the stack's ARN; default: made of account, region and name"),
        Member("status", Choice(STATUSES, STATUSES[0]), "status"),
        Member("reason", Text(), "why it is in that status"),
        CREATED,
        Member("updated", Moment(), "when it was updated last"),
        Member("description", Text(longest=1024), "description of the template"),
        Member("parameters", Named(Text()), "values of parameters; those with `NoEcho` are not told"),
        Member("capabilities", Listed(SOME), "capabilities that were acknowledged"),
        Member("tags", TAGS, "tags"),
        Member("roleArn", SOME, "role that CloudFormation uses for it"),
        Member("disableRollback", Flag(), "whether a failed creation stays as it is"),
        Member("terminationProtection", Flag(), "whether it cannot be deleted"),
        Member("resources", Listed(STACK_RESOURCE), "what it is made of"),
        Member("outputs", Listed(STACK_OUTPUT), "outputs"),
        Member("imports", Listed(SOME), "names of the exports that it reads"),
    ),
)


def read_stacks(fields: Fields, account: Account, accounts: Accounts) -> None:
    """Note the stacks of an account; every fault is noted."""
    known: set[tuple[str, str]] = set()
    for item in fields.objects("stacks"):
        found = _read(item, account)
        if (found.region, found.name) in known:
            item.member("name").fault(FaultCode.TWICE, f"`{found.name}` is a stack of {found.region} already")
        known.add((found.region, found.name))
        accounts.stacks.append(found)


def stack_put(stack: Stack, created: Instant) -> Put:
    """Return a stack as a fact, made at ``created`` where the file does not say it."""
    made = created if stack.created == UNDATED else stack.created
    resources = tuple(
        replace(one, updated=made) if one.updated == UNDATED else one for one in stack.resources
    )
    dated = replace(stack, created=made, resources=resources)
    return Put(stack_key(dated), dated)


def default_uuid(account: str, region: str, name: str) -> str:
    """Return the last part of the ARN of a stack that the file gives none."""
    digits = sha256(f"{account} {region} {name}".encode()).hexdigest()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))


def _read(fields: Fields, account: Account) -> Stack:
    name, region = fields.text("name"), fields.text("region")
    updated = fields.moment("updated", UNDATED)
    return Stack(
        account.account,
        region,
        name,
        fields.text("uuid") or default_uuid(account.account, region, name),
        fields.moment("created", UNDATED),
        fields.text("status"),
        fields.text("template"),
        account.partition,
        fields.text("description"),
        fields.text("reason"),
        None if updated == UNDATED else updated,
        parameters=fields.pairs("parameters"),
        capabilities=fields.texts("capabilities"),
        tags=fields.pairs("tags"),
        role=fields.text("roleArn"),
        disable_rollback=fields.flag("disableRollback"),
        is_protected=fields.flag("terminationProtection"),
        resources=tuple(_resource(one, updated) for one in fields.objects("resources")),
        outputs=tuple(
            StackOutput(one.text("key"), one.text("value"), one.text("description"), one.text("export"))
            for one in fields.objects("outputs")
        ),
        imports=fields.texts("imports"),
    )


def _resource(fields: Fields, updated: Instant) -> StackResource:
    return StackResource(
        fields.text("logicalId"),
        fields.text("type"),
        fields.text("physicalId"),
        fields.text("status", STATUSES[0]),
        fields.moment("updated", updated),
        attributes=fields.pairs("attributes"),
    )
