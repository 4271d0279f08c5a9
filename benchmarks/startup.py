"""How long the lab takes to be ready, how much memory it holds then, and what the small commands cost.

    python -m benchmarks.startup [--json] [--runs N]

``up first`` is `sekisho up --detach` on an empty state directory, as a person waits for it: the command's
own process, the lab's, until the lab has answered. ``up again`` is the same on the state that is there.
The imports are those of the lab's process, their own time summed over each package.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmarks import harness
from benchmarks.harness import Row, Spread

from sekisho.testing import RunningLab, running_lab

LAB_IMPORT = "import sekisho.lab.lab, sekisho.lab.control, sekisho.lab.process"
SHOWN_PACKAGES = 8


def main() -> None:
    """Print the tables."""
    report = harness.run("Measure the start of the lab and of the small commands.", _options)
    runs: int = report.options.runs
    harness.compile_bytecode()
    with tempfile.TemporaryDirectory(prefix="sekisho-") as folder:
        times, memory = _starts(Path(folder), runs)
        report.add("start-up", times)
        report.add("resident memory when ready", [memory])
        with running_lab(Path(folder) / "commands") as lab:
            report.add("commands", _commands(lab, runs))
    report.add("machine", [{"what": name, "value": value} for name, value in harness.machine().items()])
    report.add("imports of the lab's process, own milliseconds (with importtime's own cost)", _imports())
    report.close()


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=10, help="runs of each (default: %(default)s)")


def _starts(folder: Path, runs: int) -> tuple[list[Row], Row]:
    first, again, memory = [], [], []
    for number in range(runs):
        state = folder / f"state-{number}"
        first.append(_up(state))
        memory.append(_resident_megabytes(state))
        _sekisho("down", state)
        again.append(_up(state))
        _sekisho("down", state)
    times: list[Row] = [
        {"what": "up first", **Spread.of(first).row("ms")},
        {"what": "up again", **Spread.of(again).row("ms")},
    ]
    return times, {"what": "the lab's process", **Spread.of(memory).row("mb")}


def _up(state: Path) -> float:
    return _milliseconds([harness.sekisho_program(), "up", "--detach", "--state-dir", str(state)], os.environ)


def _sekisho(command: str, state: Path) -> None:
    _milliseconds([harness.sekisho_program(), command, "--state-dir", str(state)], os.environ)


def _resident_megabytes(state: Path) -> float:
    process = (state / "lab.lock").read_text().strip()
    status = Path(f"/proc/{process}/status").read_text()
    found = re.search(r"^VmRSS:\s+(\d+) kB", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def _commands(lab: RunningLab, runs: int) -> list[Row]:
    token = ["token", "--cluster-name", "eks-clu", "--region", "eu-central-1"]
    sekisho = harness.sekisho_program()
    commands = {
        "python -c pass": [sys.executable, "-c", "pass"],
        "sekisho --help": [sekisho, "--help"],
        "sekisho status": [sekisho, "status"],
        "sekisho token (cached)": [sekisho, *token],
    }
    aws = harness.client_program("aws")
    if aws is not None:
        commands["aws eks get-token"] = [aws, "eks", "get-token", *token[1:]]
    authenticator = harness.client_program("aws-iam-authenticator")
    if authenticator is not None:
        commands["aws-iam-authenticator token"] = [authenticator, "token", "-i", "eks-clu"]
    environment = lab.environment()
    rows: list[Row] = []
    for name, command in commands.items():
        _milliseconds(command, environment)
        rows.append(
            {
                "what": name,
                **Spread.of([_milliseconds(command, environment) for _ in range(runs)]).row("ms"),
            }
        )
    return rows


def _milliseconds(command: list[str], environment: Mapping[str, str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(environment))
    taken = (time.perf_counter() - start) * 1000
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return taken


def _imports() -> list[Row]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", LAB_IMPORT], capture_output=True, text=True, check=True
    )
    own: Counter[str] = Counter()
    for line in done.stderr.splitlines():
        found = re.match(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", line)
        if found is not None:
            module = found[2].partition(".")[0]
            own["standard library" if module in sys.stdlib_module_names else module] += int(found[1])
    rows: list[Row] = [{"package": "all", "ms": sum(own.values()) / 1000}]
    rows += [{"package": name, "ms": taken / 1000} for name, taken in own.most_common(SHOWN_PACKAGES)]
    return rows


if __name__ == "__main__":
    main()
