"""Deletion of an object: gone at once, or marked and left; the rows are those of the API server's store."""

from datetime import timedelta
from typing import Any

import pytest

from sekisho.decide.values import Instant
from sekisho.lab.kube.deletion import JOB_WARNING, check_marks, deleted, warnings
from sekisho.wire.kube.registry import REGISTRY, Resource
from sekisho.wire.kube.status import KubeError

NOW = Instant.parse_rfc3339("2026-11-24T12:00:00Z")


def kind(group: str, plural: str) -> Resource:
    found = REGISTRY.at_path(group, "v1", plural)
    assert found is not None
    return found


PODS, MAPS, JOBS = kind("", "pods"), kind("", "configmaps"), kind("batch", "jobs")


def pod(node: str = "node-1", phase: str = "Running", **spec: Any) -> dict[str, Any]:
    spec = {"nodeName": node, "terminationGracePeriodSeconds": 30, **spec}
    return {
        "kind": "Pod",
        "metadata": {"name": "web", "generation": 1},
        "spec": spec,
        "status": {"phase": phase},
    }


@pytest.mark.parametrize(
    ("found", "options", "seconds"),
    [
        (pod(), {}, 30),
        (pod(), {"gracePeriodSeconds": 5}, 5),
        (pod(), {"gracePeriodSeconds": -1}, 1),
        (pod(terminationGracePeriodSeconds=7), {}, 7),
        (pod(), {"gracePeriodSeconds": 2**31}, 2**31),
        (pod(), {"gracePeriodSeconds": 2**62}, 2**31),
        (pod(), {"gracePeriodSeconds": 0}, None),
        (pod(node=""), {}, None),
        (pod(phase="Succeeded"), {}, None),
        (pod(phase="Failed"), {"gracePeriodSeconds": 9}, None),
    ],
)
def test_how_long_a_pod_may_take(found: dict[str, Any], options: Any, seconds: int | None) -> None:
    left = deleted(PODS, found, options, NOW)
    assert left.gone is (seconds is None)
    metadata: Any = left.body["metadata"]
    assert metadata["deletionGracePeriodSeconds"] == (seconds or 0)
    assert metadata["deletionTimestamp"] == (NOW + timedelta(seconds=seconds or 0)).rfc3339()
    assert metadata["generation"] == 2


@pytest.mark.parametrize(("asked", "seconds"), [(5, 5), (30, 30), (31, 30)])
def test_a_second_deletion_may_only_be_sooner(asked: int, seconds: int) -> None:
    first = deleted(PODS, pod(), {}, NOW).body
    again = deleted(PODS, first, {"gracePeriodSeconds": asked}, NOW)
    metadata: Any = again.body["metadata"]
    assert metadata["deletionGracePeriodSeconds"] == seconds
    assert metadata["deletionTimestamp"] == (NOW + timedelta(seconds=seconds)).rfc3339()
    assert metadata["generation"] == 2


@pytest.mark.parametrize(
    ("finalizers", "options", "left"),
    [
        ([], {}, []),
        ([], {"propagationPolicy": "Background"}, []),
        ([], {"propagationPolicy": "Foreground"}, ["foregroundDeletion"]),
        ([], {"propagationPolicy": "Orphan"}, ["orphan"]),
        ([], {"orphanDependents": True}, ["orphan"]),
        ([], {"orphanDependents": False}, []),
        (["a.io/b"], {"propagationPolicy": "Orphan"}, ["a.io/b", "orphan"]),
        (["orphan"], {}, ["orphan"]),
        (["orphan"], {"propagationPolicy": "Foreground"}, ["foregroundDeletion"]),
        (["orphan"], {"propagationPolicy": "Background"}, []),
        (
            ["foregroundDeletion", "a.io/b"],
            {"propagationPolicy": "Foreground"},
            ["foregroundDeletion", "a.io/b"],
        ),
    ],
)
def test_which_finalizers_a_policy_leaves(finalizers: list[str], options: Any, left: list[str]) -> None:
    found: Any = {"kind": "ConfigMap", "metadata": {"name": "a", "finalizers": finalizers}}
    done = deleted(MAPS, found, options, NOW)
    metadata: Any = done.body["metadata"]
    assert metadata.get("finalizers", []) == left
    assert done.gone is (not left)


def test_jobs_leave_their_pods_unless_somebody_says_so() -> None:
    job: Any = {"kind": "Job", "metadata": {"name": "a"}}
    metadata: Any = deleted(JOBS, job, {}, NOW).body["metadata"]
    assert metadata["finalizers"] == ["orphan"]
    assert warnings(JOBS, {}) == (JOB_WARNING,)
    assert warnings(JOBS, {"propagationPolicy": "Orphan"}) == ()
    assert warnings(MAPS, {}) == ()


def test_no_finalizer_is_added_to_what_goes() -> None:
    found: Any = {"metadata": {"name": "a", "finalizers": ["a.io/b"]}}
    marked = deleted(MAPS, found, {}, NOW).body
    fewer: Any = {"metadata": {"finalizers": []}}
    check_marks(MAPS, marked, fewer)
    with pytest.raises(KubeError) as caught:
        check_marks(MAPS, marked, {"metadata": {"finalizers": ["a.io/b", "a.io/c"]}})
    assert 'found new finalizers []string{"a.io/c"}' in caught.value.message
