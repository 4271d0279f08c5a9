"""Which node a pod goes to: the first that is ready and that its selector and tolerations allow.

Source: Kubernetes documentation, "Assigning Pods to Nodes", "Taints and Tolerations".
"""

from collections.abc import Iterable

from sekisho.decide.values import JsonObject
from sekisho.wire.kube.members import mapping, objects, text

DEFAULT_SCHEDULER = "default-scheduler"
_BARRING = frozenset({"NoSchedule", "NoExecute"})


def choose(pod: JsonObject, nodes: Iterable[JsonObject]) -> tuple[str, str]:
    """Return the name of a node, or else why there is none, as the scheduler says it."""
    refused: dict[str, int] = {}
    count = 0
    for node in nodes:
        count += 1
        why = _refusal(pod, node)
        if not why:
            return text(node, "metadata", "name"), ""
        refused[why] = refused.get(why, 0) + 1
    if not count:
        return "", "no nodes available to schedule pods"
    told = ", ".join(f"{number} {why}" for why, number in sorted(refused.items()))
    return "", f"0/{count} nodes are available: {told}."


def _refusal(pod: JsonObject, node: JsonObject) -> str:
    if mapping(node, "spec").get("unschedulable") is True:
        return "node(s) were unschedulable"
    for taint in objects(node, "spec", "taints"):
        if text(taint, "effect") in _BARRING and not _tolerated(pod, taint):
            value = text(taint, "value")
            return f"node(s) had untolerated taint {{{text(taint, 'key')}: {value}}}"
    ready = [one for one in objects(node, "status", "conditions") if text(one, "type") == "Ready"]
    if not any(text(one, "status") == "True" for one in ready):
        return "node(s) were not ready"
    labels = mapping(node, "metadata", "labels")
    if any(labels.get(name) != value for name, value in mapping(pod, "spec", "nodeSelector").items()):
        return "node(s) didn't match Pod's node affinity/selector"
    return ""


def _tolerated(pod: JsonObject, taint: JsonObject) -> bool:
    for one in objects(pod, "spec", "tolerations"):
        key, operator = text(one, "key"), text(one, "operator") or "Equal"
        if text(one, "effect") not in ("", text(taint, "effect")) or (key and key != text(taint, "key")):
            continue
        if operator == "Exists" or (key and text(one, "value") == text(taint, "value")):
            return True
    return False
