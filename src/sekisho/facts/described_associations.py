"""What `aws eks` prints about Pod Identity associations: their list, and one described.

`list-pod-identity-associations` tells whose pods have an association and not its role,
`describe-pod-identity-association` completes it. Both name their cluster. (EKS API Reference.)
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sekisho.decide.values import Json, Ref
from sekisho.facts.aws_members import Output
from sekisho.facts.cluster_access import PodIdentityAssociation
from sekisho.facts.keys import Kind
from sekisho.facts.pod_identity import association_key, associations_at
from sekisho.facts.snapshot import Event, Gap, Put
from sekisho.facts.world.content import UNDATED


@dataclass(slots=True)
class DescribedAssociations:
    """What was read so far of one cluster; ``whole`` if a listing was read to its end."""

    whole: bool = False
    listed: dict[str, str] = field(default_factory=dict)
    described: dict[str, tuple[PodIdentityAssociation, Ref]] = field(default_factory=dict)

    def facts(self, cluster_arn: str) -> tuple[tuple[Event, ...], tuple[Gap, ...], dict[Ref, Ref]]:
        """Return the associations, what is not known of them, and where they stand."""
        found = [(replace(one, cluster=cluster_arn), at) for one, at in self.described.values()]
        events = tuple(Put(association_key(one), one) for one, _ in found)
        places = {associations_at(cluster_arn).child(one.association): at for one, at in found}
        missing = sorted(name for id_, name in self.listed.items() if id_ not in self.described)
        if missing:
            reason = f"not described: {', '.join(missing[:5])}"
        else:
            reason = "" if self.whole else "not listed (`aws eks list-pod-identity-associations`)"
        return events, (Gap(Kind.POD_IDENTITY, cluster_arn, reason),) if reason else (), places


def merged(read: Iterable[DescribedAssociations]) -> DescribedAssociations:
    """Return everything that was read of one cluster."""
    found = DescribedAssociations()
    for one in read:
        found.whole = found.whole or one.whole
        found.listed |= one.listed
        found.described |= one.described
    return found


def is_associations(value: Json) -> bool:
    """Whether a document is one of the two outputs."""
    if not isinstance(value, Mapping) or "apiVersion" in value:
        return False
    match value:
        case {"associations": [*_]}:
            return True
        case {"association": {"associationId": _}}:
            return True
        case _:
            return False


def read_associations(value: Json, at: Ref, into: dict[str, DescribedAssociations]) -> None:
    """Read one output into what is known, by the name of the cluster; a list of none names no cluster.

    Raises:
        SekishoInputError: a member is missing or of the wrong type.
    """
    output = Output(value, at, [])
    if output.member("association").value is not None:
        member = output.member("association")
        cluster, one = _association(member)
        output.raise_faults()
        into.setdefault(cluster, DescribedAssociations()).described[one.association] = (one, member.at)
        return
    listed = [
        (_cluster_and_name(item), item.member("associationId").text())
        for item in output.member("associations").items()
    ]
    output.raise_faults()
    whole = output.member("nextToken").value is None
    for name in {cluster for (cluster, _), _ in listed} or {""}:
        found = into.setdefault(name, DescribedAssociations())
        found.whole = found.whole or whole
        found.listed |= {id_: account for (cluster, account), id_ in listed if cluster == name}


def _cluster_and_name(output: Output) -> tuple[str, str]:
    name = f"{output.member('namespace').text()}/{output.member('serviceAccount').text()}"
    return output.member("clusterName").text(), name


def _association(output: Output) -> tuple[str, PodIdentityAssociation]:
    tags = output.member("tags").value
    return output.member("clusterName").text(), PodIdentityAssociation(
        "",
        output.member("associationId").text(),
        output.member("namespace").text(),
        output.member("serviceAccount").text(),
        output.member("roleArn").text(),
        output.member("createdAt").instant(UNDATED),
        output.member("modifiedAt").instant(UNDATED),
        output.member("disableSessionTags").value is True,
        output.member("targetRoleArn").text(optional=True),
        output.member("externalId").text(optional=True),
        output.member("policy").text(optional=True),
        tuple((k, v) for k, v in tags.items() if isinstance(v, str)) if isinstance(tags, Mapping) else (),
    )
