"""The Pod Identity associations of a cluster in a world file: their keys, read into facts.

Source: EKS API Reference, "PodIdentityAssociation". What EKS refuses is refused; a role that is gone may
still be named, by its ARN.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256

from sekisho.decide.eks.association_rules import (
    fault_of_names,
    fault_of_policy,
    fault_of_role,
    fault_of_target,
)
from sekisho.decide.sts.pod_identity import PodSubject, external_id
from sekisho.decide.values import Instant, Ref
from sekisho.facts.cluster_access import PodIdentityAssociation
from sekisho.facts.model import Cluster
from sekisho.facts.pod_identity import association_key
from sekisho.facts.shape import FaultCode, nearest
from sekisho.facts.snapshot import Event, Put
from sekisho.facts.world.content import UNDATED
from sekisho.facts.world.organization_tables import CREATED, SOME, TAGS
from sekisho.facts.world.shape import Fields, Flag, Member, Moment, Record, Text

POD_IDENTITY_ASSOCIATION = Record(
    "podIdentityAssociation",
    (
        Member("namespace", SOME, "namespace, which need not exist", required=True),
        Member("serviceAccount", SOME, "service account, which need not exist", required=True),
        Member(
            "roleArn", SOME, "role of the cluster's account, by ARN or `role/NAME` of the file", required=True
        ),
        Member(
            "associationId",
            Text(re.compile(r"a-[0-9a-z]{4,40}", re.ASCII), "an id such as `a-9njjin9gfghecgocd`"),
            "id; default: made of the cluster's ARN and the account",
        ),
        CREATED,
        Member("updated", Moment(), "when it was changed last; default: `created`"),
        Member("disableSessionTags", Flag(), "true: EKS adds no session tags"),
        Member("targetRoleArn", SOME, "ARN of the role that is assumed with the first, in any account"),
        Member("policy", SOME, "session policy as JSON text; needs `disableSessionTags`"),
        Member("tags", TAGS, "tags"),
    ),
)


@dataclass(frozen=True, slots=True)
class WorldAssociation:
    """An association of a world file; what the file does not date is `UNDATED`."""

    at: Ref
    association: PodIdentityAssociation


def read_associations(
    fields: Fields, cluster: Cluster, spellings: Mapping[str, str]
) -> tuple[WorldAssociation, ...]:
    """Return the associations of a cluster; every fault is noted.

    ``spellings`` are those of the roles of the cluster's account, each with its ARN.
    """
    found: dict[str, WorldAssociation] = {}
    ids: set[str] = set()
    for item in fields.objects("podIdentityAssociations"):
        one = _read(item, cluster, spellings)
        name, id_ = one.association.account_name, one.association.association
        if name in found:
            item.member("serviceAccount").fault(FaultCode.TWICE, f"`{name}` has an association already")
        elif id_ in ids:
            item.member("associationId").fault(FaultCode.TWICE, f"another association is `{id_}`")
        found[name] = one
        ids.add(id_)
    return tuple(found.values())


def association_events(found: Iterable[WorldAssociation], created: Instant) -> tuple[Event, ...]:
    """Return the associations as facts, made at ``created`` where the file does not say it."""
    events = []
    for one in found:
        made = one.association.created if one.association.created != UNDATED else created
        changed = one.association.modified if one.association.modified != UNDATED else made
        dated = replace(one.association, created=made, modified=changed)
        events.append(Put(association_key(dated), dated))
    return tuple(events)


def default_association_id(cluster_arn: str, account: str) -> str:
    """Return the id of an association that the file gives none."""
    return f"a-{sha256(f'{cluster_arn} {account}'.encode()).hexdigest()[:17]}"


def _read(fields: Fields, cluster: Cluster, spellings: Mapping[str, str]) -> WorldAssociation:
    arn = str(cluster.arn)
    namespace, account = fields.text("namespace"), fields.text("serviceAccount")
    target, policy = fields.text("targetRoleArn"), fields.text("policy")
    role = _role(fields, cluster, spellings)
    is_untagged = fields.flag("disableSessionTags")
    found = PodIdentityAssociation(
        arn,
        fields.text("associationId") or default_association_id(arn, f"{namespace}/{account}"),
        namespace,
        account,
        role,
        fields.moment("created", UNDATED),
        fields.moment("updated", UNDATED),
        is_untagged,
        target,
        external_id(PodSubject(arn, "", namespace, account)) if target else "",
        policy,
        fields.pairs("tags"),
    )
    faults = {
        "namespace": fault_of_names(namespace, account) if namespace and account else "",
        "targetRoleArn": fault_of_target(target, role) if target and role else "",
        "policy": fault_of_policy(policy, disable_session_tags=is_untagged) if policy else "",
    }
    for name, problem in faults.items():
        if problem:
            fields.member(name).fault(FaultCode.FORM, problem)
    return WorldAssociation(fields.node.at, found)


def _role(fields: Fields, cluster: Cluster, spellings: Mapping[str, str]) -> str:
    """Return the ARN of the role; empty, with a fault, where it is none of the cluster's account."""
    written = fields.text("roleArn")
    if written in spellings:
        return spellings[written]
    node = fields.member("roleArn")
    if written.startswith("arn:"):
        problem = fault_of_role(written, cluster.account)
        if problem:
            node.fault(FaultCode.FORM, problem)
        return "" if problem else written
    if written:
        hint = nearest(written, spellings) or "name a role of the cluster's account: role/NAME, or its ARN"
        node.fault(FaultCode.REFERENCE, f"there is no role `{written[:200]}`", hint)
    return ""
