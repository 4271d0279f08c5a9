"""Pod webhook vectors: one pod, the accounts and settings that the webhook knows -> the pod afterwards."""

import json
from pathlib import Path
from typing import Any

import pytest

from sekisho.decide.values import Ref
from sekisho.decide.workload.mutation import mutate
from sekisho.decide.workload.pod_view import read_pod
from support.pod_webhook import facts_of, patched, settings_of

DATA = json.loads((Path(__file__).parent / "data/eks/pod_webhook.json").read_text())
KEYS = {
    *("name", "namespace", "operation", "pod", "service_accounts", "webhook_settings", "mapping_configmap"),
    *("pod_identity_associations", "registration", "expected", "note"),
}


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: case["name"])
def test_vector(case: dict[str, Any]) -> None:
    assert set(case) <= KEYS
    assert case["operation"] == "CREATE"
    settings = settings_of({**DATA["settings_defaults"], **case["webhook_settings"]})
    view = read_pod(case["pod"], Ref("pod"))
    facts = facts_of(
        case["namespace"],
        view.account,
        case.get("service_accounts", []),
        case.get("mapping_configmap") if case["webhook_settings"].get("watch_config_map") else None,
        case.get("pod_identity_associations") or [],
    )
    decision = mutate(view, facts, settings)
    after = patched(case["pod"], decision.value or ())
    assert case["expected"]["allowed"] is True
    assert (after != case["pod"]) is case["expected"]["changed"]
    if case["expected"]["changed"]:
        assert told_of(after) == case["expected"]["after"]
        assert mutate(read_pod(after, Ref("pod")), facts, settings).value == ()


def told_of(pod: dict[str, Any]) -> dict[str, Any]:
    """Return the facts of a pod that the vectors compare."""
    spec = pod["spec"]
    return {
        "containers": {
            container["name"]: {
                "kind": kind,
                "env": [_variable(entry) for entry in container.get("env", [])],
                "mounts": [
                    {key: mount.get(key, False) for key in ("name", "mountPath", "readOnly")}
                    for mount in container.get("volumeMounts", [])
                ],
            }
            for kind, member in (("init", "initContainers"), ("app", "containers"))
            for container in spec.get(member, [])
        },
        "volumes": [_volume(volume) for volume in spec.get("volumes", [])],
        "labels": pod["metadata"].get("labels", {}),
    }


def _variable(entry: dict[str, Any]) -> dict[str, Any]:
    return {"name": entry["name"], "valueFrom": True} if "valueFrom" in entry else entry


def _volume(volume: dict[str, Any]) -> dict[str, Any]:
    sources = volume.get("projected", {}).get("sources", [])
    tokens = [source["serviceAccountToken"] for source in sources if "serviceAccountToken" in source]
    return {"name": volume["name"], "token": tokens[0]} if tokens else {"name": volume["name"]}
