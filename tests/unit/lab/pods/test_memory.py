"""What the processes of a container hold together, measured of this test's own."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="pods run on Linux")

from sekisho.lab.pods.inside.memory import FAR_SECONDS, NEAR_SECONDS, measure  # noqa: E402

MIB = 1024 * 1024
OWN = {os.getpid(): "this"}


@pytest.mark.parametrize(
    ("limit", "over", "seconds"),
    [(1 * MIB, ["this"], NEAR_SECONDS), (64 * 1024 * MIB, [], FAR_SECONDS)],
    ids=["more", "far less"],
)
def test_it_is_compared_with_the_limit(limit: int, over: list[str], seconds: float) -> None:
    assert measure({"this": limit}, OWN) == (over, seconds)


def test_a_container_without_processes_holds_nothing() -> None:
    assert measure({"this": 1, "other": 1}, {}) == ([], FAR_SECONDS)


_FAMILY = """
import os
from sekisho.lab.pods.inside.memory import measure
size = 64 * 1024 * 1024
shared = b"x" * size
read, write = os.pipe()
for number in range(4):
    if not os.fork():
        os.close(write)
        os.read(read, 1)  # until its parent ends
        os._exit(0)
own = {os.getpid(): "this"}
print([measure({"this": limit}, own)[0] for limit in (size, 3 * size)])
"""


def test_a_child_is_its_ancestors_and_what_both_share_counts_once() -> None:
    done = subprocess.run([sys.executable, "-c", _FAMILY], capture_output=True, text=True, check=True)
    # Five processes have it: five times as much for who counts it for each of them.
    assert done.stdout == "[['this'], []]\n"
