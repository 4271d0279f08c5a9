"""Which cluster a question about a workload means, where none was named and there are several."""

from dataclasses import replace

from sekisho.decide.values import Ref, SekishoInputError
from sekisho.facts import Cluster, kube_key
from sekisho.facts.keys import Kind, kube_scope
from sekisho.facts.snapshot_cluster import SnapshotCluster
from sekisho.review.source import Source
from sekisho.review.workload_name import WorkloadName


def at_cluster_of(name: WorkloadName, source: Source) -> Source:
    """Return ``source`` with the one cluster that has the workload; as it is where a cluster is chosen.

    Raises:
        SekishoInputError: more than one cluster has it, or none of several.
    """
    clusters = source.snapshot.clusters()
    if source.cluster is not None or not clusters:
        return source
    having = [one for one in clusters if _has(one, name, source)]
    if len(having) == 1:
        return replace(source, cluster=SnapshotCluster(source.snapshot, having[0]))
    what = f"the {name.kind} `{name.name}` of the namespace `{name.namespace}`"
    problem = f"{what} is in {_listed(having)}"
    hint = "name one by --cluster"
    if not having:
        problem = f"no cluster has {what}; there are {_listed(clusters)}"
        hint = _elsewhere(name, clusters, source) or hint
    raise SekishoInputError.single("question.no-cluster", Ref("question"), problem, hint)


def _has(cluster: Cluster, name: WorkloadName, source: Source) -> bool:
    key = kube_key(str(cluster.arn), name.group, name.resource, name.namespace, name.name)
    return source.snapshot.kube(key) is not None


def _elsewhere(name: WorkloadName, clusters: tuple[Cluster, ...], source: Source) -> str:
    """Return where an object of the same kind and name is, in another namespace; empty if nowhere."""
    for cluster in clusters:
        scope = source.snapshot.scope(Kind.KUBE, kube_scope(str(cluster.arn), name.group, name.resource))
        for one in scope:
            namespace, _, found = one.partition("/")
            if found == name.name:
                return f"there is one in another namespace: -n {namespace} --cluster {cluster.name}"
    return ""


def _listed(clusters: tuple[Cluster, ...] | list[Cluster]) -> str:
    return " and ".join(str(one.arn) for one in clusters)
