"""A lab whose pods are local processes, with three clusters, for tests of the streams of pods."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sekisho.lab.client import LabClient
from sekisho.lab.default_world import default_world
from sekisho.lab.errors import LabError
from sekisho.lab.world.state_dir import StateDir
from sekisho.testing import RunningLab

READY_SECONDS = 60.0
TESTS = Path(__file__).parents[1]

NODE = "ip-192-168-92-154.ap-northeast-1.compute.internal"
CLUSTERS = """
  - name: {name}
    account: "111122223333"
    version: "{version}"
    authenticationMode: API_AND_CONFIG_MAP
    creator: user/eks-admin
    roleArn: arn:aws:iam::111122223333:role/eks-clu-cluster-role
"""


def pod(name: str, *containers: str, node: str = NODE) -> str:
    """Return a pod as YAML, bound to a node unless ``node`` is empty."""
    listed = "".join(f"\n  - {{name: {one}, image: local}}" for one in containers or ("main",))
    bound = f"\n  nodeName: {node}" if node else ""
    return (
        f"---\napiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec:{bound}\n  containers:{listed}\n"
    )


PODS = "".join((pod("web"), pod("two", "app", "side"), pod("stopped"), pod("unbound", node="")))


@dataclass(frozen=True)
class StreamingLab:
    """The lab and the folder below which its pods run, as ``NAMESPACE/POD``."""

    lab: RunningLab
    root: Path

    def folder(self, name: str) -> Path:
        """Return the folder of a pod of the namespace ``default``."""
        found = self.root / "default" / name
        found.mkdir(parents=True, exist_ok=True)
        return found


@contextmanager
def streaming_lab(folder: Path) -> Iterator[StreamingLab]:
    """Start it with the clusters ``eks-clu`` (1.34), ``newer`` (1.35) and ``idle``, whose pods do not run."""
    state = StateDir(folder / "state")
    home, root, world = folder / "home", folder / "pods", folder / "world.yaml"
    home.mkdir(parents=True)
    root.mkdir()
    more = CLUSTERS.format(name="newer", version="1.35") + CLUSTERS.format(name="idle", version="1.34")
    text = default_world()
    at = text.index("clusters:\n") + len("clusters:\n")
    world.write_text(text[:at] + more.lstrip("\n") + text[at:])
    log = folder / "lab.log"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "support.local_containers", str(state.path), str(world), str(root)]
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONPATH": str(TESTS)},
        )
    try:
        status = _status(LabClient(state), child, log)
        yield StreamingLab(RunningLab(state, home, status), root)
    finally:
        child.terminate()
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _status(client: LabClient, child: "subprocess.Popen[bytes]", log: Path) -> object:
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends:
        assert child.poll() is None, log.read_text()
        try:
            return client.get("/status")
        except LabError:
            time.sleep(0.02)
    raise AssertionError(f"the lab was not ready: {log.read_text()}")
