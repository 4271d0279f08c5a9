"""The pods of a cluster and what makes pods, by the service account that they use."""

from collections.abc import Mapping
from typing import Final

from sekisho.decide.values import Json, JsonObject
from sekisho.decide.workload.stored_pod import StoredPod, read_workload
from sekisho.facts import Cluster
from sekisho.facts.keys import Kind, kube_scope
from sekisho.review.source import Source
from sekisho.review.workload_facts import is_state, object_ref
from sekisho.review.workload_name import POD, POD_KINDS, WorkloadName

Stored = tuple[WorkloadName, StoredPod]
AccountKey = tuple[str, str]
"""Namespace and name of a service account."""

_ENDED: Final = ("Succeeded", "Failed")


def workloads_by_account(
    cluster: Cluster, source: Source, namespace: str | None
) -> dict[AccountKey, list[Stored]]:
    """Return pods first, then objects with a template of pods, of one namespace or of all.

    Left out are pods that ended, which ask for no credentials, and objects that another made.

    Raises:
        SekishoInputError: one of them is malformed.
    """
    found: dict[AccountKey, list[Stored]] = {}
    for kind in POD_KINDS:
        made = WorkloadName(kind, "", "")
        scope = source.snapshot.scope(Kind.KUBE, kube_scope(str(cluster.arn), made.group, made.resource))
        for key, body in scope.items():
            space, _, name = key.partition("/")
            if namespace in (None, space) and isinstance(body, Mapping) and _is_asking(kind, body):
                named = WorkloadName(kind, space, name)
                pod = read_workload(body, object_ref(named), is_state=is_state(cluster, source))
                found.setdefault((space, pod.view.account), []).append((named, pod))
    return found


def _is_asking(kind: str, body: JsonObject) -> bool:
    if kind == POD:
        return _object(body.get("status")).get("phase") not in _ENDED
    return not _object(body.get("metadata")).get("ownerReferences")


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
