"""Which containers hold more memory than they may, all of their processes together.

A control group would say so in the kernel, but few machines give one to whoever starts a lab. So it is
measured now and then; what one process takes at once is bounded by its own limit (RLIMIT_DATA).

Source: proc_pid_stat(5), proc_pid_statm(5), proc_pid_smaps(5).
"""

import contextlib
import os
from collections.abc import Iterable, Mapping

FAR_SECONDS = 1.0
NEAR_SECONDS = 0.2
"""How soon to measure again where no container, or one, holds more than half of what it may."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


def measure(limits: Mapping[str, int], tops: Mapping[int, str]) -> tuple[list[str], float]:
    """Return the containers that hold more than their limit, and after how many seconds to measure again.

    ``tops`` are the processes that were started in the containers: every other process has one of them
    for an ancestor, because the kernel gives an orphan to the first process of its PID namespace.
    """
    parents = _parents()
    of_container: dict[str, list[int]] = {}
    for process in parents:
        ancestor = process
        while ancestor and ancestor not in tops:
            ancestor = parents.get(ancestor, 0)
        if ancestor:
            of_container.setdefault(tops[ancestor], []).append(process)
    over, soon = [], False
    for name, limit in limits.items():
        processes = of_container.get(name, ())
        held = _at_most(processes)
        soon = soon or held > limit // 2
        if held > limit and _exactly(processes) > limit:
            over.append(name)
    return over, NEAR_SECONDS if soon else FAR_SECONDS


def _parents() -> dict[int, int]:
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with contextlib.suppress(OSError):
                # The name before the last parenthesis is the process's own choice.
                found[int(entry)] = int(_read(f"/proc/{entry}/stat").rpartition(b")")[2].split()[1])
    return found


def _at_most(processes: Iterable[int]) -> int:
    """Return the bytes of anonymous memory; what processes share since a fork counts for each of them."""
    pages = 0
    for process in processes:
        with contextlib.suppress(OSError):
            _, resident, shared, *_ = _read(f"/proc/{process}/statm").split()
            pages += int(resident) - int(shared)
    return pages * _PAGE_BYTES


def _exactly(processes: Iterable[int]) -> int:
    """Return the bytes of anonymous memory, where it takes longer to tell: what is shared counts once."""
    total = 0
    for process in processes:
        try:
            lines = _read(f"/proc/{process}/smaps_rollup").splitlines()
        except OSError:
            total += _at_most((process,))  # it ended, or does not let itself be looked at
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(b"Pss_Anon:"))
    return total


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()
