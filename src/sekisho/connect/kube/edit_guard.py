"""What an edit of aws-auth would break: the caller's own way in, and that of the nodes. Does no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass

from sekisho.decide.authn.access_change import access_change
from sekisho.decide.authn.aws_auth import parse
from sekisho.decide.authn.aws_auth_edit import READ_AS_EKS
from sekisho.decide.authn.sts_answer import StsIdentity
from sekisho.decide.decision import ReasonCode, Step
from sekisho.decide.values import Ref

NODES = "system:nodes"
"""The group that kubelets must be in (Kubernetes, "Using Node Authorization")."""


class GuardCode(ReasonCode):
    """What an edit would take away."""

    LOCKED_OUT = "map.locks-you-out", "{arn}, which is you, could no longer log in through aws-auth"
    GROUPS_LOST = "map.takes-your-groups", "{arn}, which is you, would lose {groups}"
    RENAMED = "map.renames-you", "{arn}, which is you, becomes the user `{after}` instead of `{before}`"
    LAST_NODE_ROLE = (
        "map.last-node-role",
        "no role would be left in system:nodes: nodes of {arns} could not join",
    )
    NODE_ROLE = "map.node-role-removed", "nodes of {arns} could no longer join through aws-auth"


@dataclass(frozen=True, slots=True)
class Concerns:
    """``refusals`` stop an edit that is not forced, ``warnings`` are only told."""

    refusals: tuple[Step, ...] = ()
    warnings: tuple[Step, ...] = ()


def concerns(
    before: Mapping[str, str], after: Mapping[str, str], caller: StsIdentity | None, at: Ref
) -> Concerns:
    """Return what replacing ``before`` by ``after`` would break. Total.

    ``caller`` is whose credentials edit; None (a file is edited) leaves that question out. Whether the
    caller is the cluster's creator or has an access entry cannot be seen in aws-auth, so the refusal
    holds for them too.
    """
    refusals: list[Step] = []
    warnings: list[Step] = []
    if caller is not None:
        change = access_change(caller, before, after, READ_AS_EKS, at=at)
        mine = ("arn", str(caller.arn))
        if change.locked_out:
            refusals.append(Step(GuardCode.LOCKED_OUT, at, (mine,)))
        elif change.groups_lost:
            groups = ("groups", ", ".join(change.groups_lost))
            refusals.append(Step(GuardCode.GROUPS_LOST, at, (mine, groups)))
        if change.renamed and change.before.value and change.after.value:
            names = (("before", change.before.value.name), ("after", change.after.value.name))
            warnings.append(Step(GuardCode.RENAMED, at, (mine, *names)))
    had, has = _node_roles(before, at), _node_roles(after, at)
    lost = {key: arn for key, arn in had.items() if key not in has}
    if lost:
        facts = (("arns", ", ".join(lost.values())),)
        if has:
            warnings.append(Step(GuardCode.NODE_ROLE, at, facts))
        else:
            refusals.append(Step(GuardCode.LAST_NODE_ROLE, at, facts))
    return Concerns(tuple(refusals), tuple(warnings))


def _node_roles(data: Mapping[str, str], at: Ref) -> dict[str, str]:
    """Return the roles that are in the nodes' group, of several entries of one role the last counts."""
    roles = parse(data, READ_AS_EKS, at).roles
    winners = {mapping.key: mapping for mapping in roles if mapping.key}
    return {key: mapping.arn for key, mapping in winners.items() if NODES in mapping.groups}
