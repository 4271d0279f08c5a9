"""Stand-ins for the kubelets of both clusters: they report what a kubelet would, and run nothing."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from support.both_clusters import Both, Side

TURN_SECONDS = 0.1
READY_SINCE = "2026-01-01T00:00:00Z"


@contextmanager
def kubelets(both: Both, namespace: str) -> Iterator[None]:
    """Report the pods of a namespace as ready, and those of Jobs as ended, until the block is left.

    A pod of a Job whose name begins with ``fails`` fails.
    """
    stop = threading.Event()
    threads = [threading.Thread(target=_run, args=(side, namespace, stop)) for side in (both.lab, both.real)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _run(side: Side, namespace: str, stop: threading.Event) -> None:
    path = f"/api/v1/namespaces/{namespace}/pods"
    while not stop.wait(TURN_SECONDS):
        _, listed = side.ask("GET", path)
        for pod in listed.get("items", ()):
            if "conditions" not in pod["status"]:
                side.ask(
                    "PATCH",
                    f"{path}/{pod['metadata']['name']}/status",
                    {"status": _status(pod)},
                    {"content-type": "application/merge-patch+json"},
                )


def _status(pod: dict[str, Any]) -> dict[str, Any]:
    of_job = "job-name" in pod["metadata"]["labels"]
    ready = {"type": "Ready", "status": "False" if of_job else "True", "lastTransitionTime": READY_SINCE}
    if not of_job:
        return {"phase": "Running", "conditions": [ready]}
    fails = pod["metadata"]["name"].startswith("fails")
    return {"phase": "Failed" if fails else "Succeeded", "conditions": [ready]}
