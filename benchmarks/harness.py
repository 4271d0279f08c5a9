"""What every benchmark shares: the options, the machine, the spread of a sample, table or JSON."""

import argparse
import compileall
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import timeit
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
ROUNDS = 5
SLICES = 20
"""A round is cut into this many: on a busy machine no long one is left alone."""

Row = dict[str, str | int | float]


@dataclass(frozen=True, slots=True)
class Spread:
    """A sample of one quantity: its median, its ends, its size."""

    middle: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of a sample that is not empty."""
        return cls(median(values), min(values), max(values), len(values))

    def row(self, unit: str) -> Row:
        """Return the columns of a table."""
        return {
            f"median_{unit}": round(self.middle, 1),
            f"min_{unit}": round(self.low, 1),
            f"max_{unit}": round(self.high, 1),
            "runs": self.count,
        }


def run(description: str, add_options: Callable[[argparse.ArgumentParser], None] | None = None) -> "Report":
    """Read the command line and return where the rows go."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    if add_options is not None:
        add_options(parser)
    return Report(parser.parse_args())


class Report:
    """Gathers rows and prints them, as tables or as one JSON document."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self._tables: dict[str, list[Row]] = {}

    def add(self, title: str, rows: Sequence[Row]) -> None:
        """Keep a table; without ``--json`` it is printed at once."""
        self._tables[title] = list(rows)
        if not self.options.json:
            print(f"\n{title}")
            _print_table(rows)

    def close(self) -> None:
        """Print the JSON document, if that is what was asked for."""
        if self.options.json:
            print(json.dumps({"machine": machine(), "tables": self._tables}, indent=2))


def machine() -> dict[str, str | int]:
    """Return what a figure depends on besides the code."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "cores": os.cpu_count() or 0,
        "load_average_1m": str(round(os.getloadavg()[0], 2)),
        "dependencies": "compiled" if _are_dependencies_compiled() else "not compiled: starts take longer",
    }


def microseconds(call: Callable[[], object], loops: int) -> float:
    """Return microseconds per call in the best slice of some rounds, after one call that fills caches."""
    call()
    count = max(1, loops // SLICES)
    return min(timeit.repeat(call, number=count, repeat=ROUNDS * SLICES)) / count * 1e6


def compile_bytecode() -> None:
    """Write the bytecode of the package: what an installer does, and an edited checkout has not."""
    spec = importlib.util.find_spec("sekisho")
    assert spec is not None
    for folder in spec.submodule_search_locations or ():
        compileall.compile_dir(folder, quiet=2)


def sekisho_program() -> str:
    """Return the path of the ``sekisho`` command of this interpreter."""
    return str(Path(sysconfig.get_path("scripts")) / "sekisho")


def client_program(name: str) -> str | None:
    """Return a real client: from the cache of tests/clients, else from PATH; None where there is none."""
    listed = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "clients" / "install.py"), "--list"],
        capture_output=True,
        text=True,
        check=False,
    )
    for line in listed.stdout.splitlines():
        found, _version, *rest = line.split()
        if found == name and rest[-1] == "ready":
            return rest[0]
    return shutil.which(name)


def _are_dependencies_compiled() -> bool:
    """Tell it by the one that is the heaviest to import."""
    spec = importlib.util.find_spec("cryptography")
    return spec is not None and spec.cached is not None and Path(spec.cached).exists()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")


def _print_table(rows: Sequence[Row]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([_shown(row.get(name, "")) for name in names] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    for line in cells:
        first = f"{line[0]:<{widths[0]}}"
        print(
            "  ".join(
                [first, *(f"{cell:>{width}}" for cell, width in zip(line[1:], widths[1:], strict=True))]
            )
        )


def _shown(value: str | float) -> str:
    if isinstance(value, str):
        return value
    whole = isinstance(value, int) or abs(value) >= 1000
    return f"{value:,.0f}" if whole else f"{value:,.2f}"
