"""IAM decisions beside iam-simulate (a Node program) and moto's IAMPolicy: the same documents, one run.

    python -m benchmarks.iam_peers [--json] [--install]

``--install`` brings iam-simulate from npm into the cache outside the tree. It is under the AGPL: it is run as
a program and nothing of it is part of this one. Without it, or without Node, its column stays empty. What
each figure holds is in benchmarks/README.md: the three programs do not do the same work.
"""

import argparse
import importlib.util
import json
import os
import shutil
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import harness
from benchmarks.harness import ROUNDS, SLICES, Row, microseconds
from benchmarks.iam import ACCOUNT, ADMINISTRATOR, ARN, CLUSTER, CONTEXT, DEPLOYER, GUARD, ask, attached

from sekisho.decide.decision import Outcome
from sekisho.decide.iam import evaluate, explain
from sekisho.decide.values import Json

LOOPS = 3_000
PACKAGE, VERSION = "@cloud-copilot/iam-simulate", "0.1.173"
NAMES = {
    Outcome.ALLOW: "Allowed",
    Outcome.DENY: "ExplicitlyDenied",
    Outcome.NO_OPINION: "ImplicitlyDenied",
}
MOTO = {"PERMITTED": "Allowed", "DENIED": "ExplicitlyDenied", "NEUTRAL": "ImplicitlyDenied"}

OTHERS: list[Json] = [
    {"Effect": "Allow", "Action": f"s3:GetObject{number}", "Resource": f"arn:aws:s3:::b{number}/*"}
    for number in range(999)
]
SAME_ACTION: list[Json] = [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::b{number}/*"}
    for number in range(999)
]
BUILD: Json = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::build/*"}
OBJECT = "arn:aws:s3:::build/x"
CASES: dict[str, tuple[str, str, list[Json]]] = {
    "1 statement, allowed": ("eks:DescribeCluster", CLUSTER, [ADMINISTRATOR]),
    "1 statement, not allowed": ("eks:DescribeCluster", CLUSTER, [BUILD]),
    "11 statements, allowed": ("eks:DescribeCluster", CLUSTER, [*DEPLOYER, GUARD]),
    "11 statements, two conditions": ("eks:UpdateClusterConfig", CLUSTER, [*DEPLOYER, GUARD]),
    "11 statements, denied by a condition": ("iam:GetUser", str(ARN), [*DEPLOYER, GUARD]),
    "1,000 statements, one for the action": ("s3:GetObject", OBJECT, [*OTHERS, BUILD]),
    "1,000 statements, all for the action": ("s3:GetObject", OBJECT, [*SAME_ACTION, BUILD]),
}


def main() -> None:
    """Print the table."""
    report = harness.run("Measure IAM decisions beside peers.", add_options)
    if report.options.install:
        install()
    report.add("IAM decisions beside peers", measure())
    report.close()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what this benchmark takes besides ``--json``."""
    parser.add_argument("--install", action="store_true", help=f"install {PACKAGE} {VERSION} first")


def measure() -> list[Row]:
    """Return a row for each case, in microseconds per decision; a star marks another answer than ours."""
    peer = iam_simulate()
    rows: list[Row] = []
    for name, (action, resource, statements) in CASES.items():
        policies, request = attached(*statements), ask(action, resource)
        loops = max(3, LOOPS // len(statements))
        outcome = NAMES[explain(request, policies).outcome]
        fast = microseconds(partial(evaluate, request, policies), loops * 10)
        row: Row = {"what": name, "us": fast, "per_second": round(1e6 / fast)}
        row["explained_us"] = microseconds(partial(explain, request, policies), loops)
        row["read_us"] = microseconds(partial(attached, *statements), loops)
        if name in peer:
            row["iam_simulate_us"] = peer[name]["us"]
            row["ratio"] = peer[name]["us"] / fast
            row["ratio_explained"] = peer[name]["us"] / float(row["explained_us"])
            row["its_answer"] = "same" if peer[name]["answer"] == outcome else str(peer[name]["answer"])
        row |= moto_columns(action, resource, statements, fast, outcome, loops)
        rows.append(row)
    return rows


def moto_columns(
    action: str, resource: str, statements: list[Json], fast: float, outcome: str, loops: int
) -> Row:
    """Return moto's columns; empty where it is not installed."""
    if importlib.util.find_spec("moto") is None:
        return {}
    from moto.iam.access_control import IAMPolicy

    policy = IAMPolicy({"policy_document": json.dumps(document(statements))})
    call = partial(policy.is_action_permitted, action, resource)
    us = microseconds(call, loops)
    answer = MOTO[call().name]
    return {
        "moto_us": us,
        "ratio_moto": us / fast,
        "moto_answer": "same" if answer == outcome else answer,
    }


def document(statements: list[Json]) -> dict[str, Json]:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": statements}


def iam_simulate() -> dict[str, Any]:
    """Return what the Node program measured, by case; nothing where it is not there."""
    folder, node = package_folder(), shutil.which("node")
    if node is None or not (folder / "node_modules" / PACKAGE).exists():
        return {}
    cases = {
        name: {
            "request": {
                "principal": str(ARN),
                "action": action,
                "resource": {"resource": resource, "accountId": ACCOUNT},
                "contextVariables": dict(CONTEXT.present),
            },
            "identityPolicies": [{"name": "policy", "policy": document(statements)}],
            "serviceControlPolicies": [],
            "resourceControlPolicies": [],
        }
        for name, (action, resource, statements) in CASES.items()
    }
    driver = Path(__file__).with_name("iam_simulate.mjs")
    ran = subprocess.run(
        [node, str(driver), str(folder)],
        input=json.dumps({"cases": cases, "loops": LOOPS // SLICES, "rounds": ROUNDS * SLICES}),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(ran.stdout)
    return found


def package_folder() -> Path:
    """Return where iam-simulate is installed: beside the real clients, outside the tree."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "sekisho" / "peers" / f"iam-simulate-{VERSION}"


def install() -> None:
    """Install iam-simulate with npm."""
    folder = package_folder()
    folder.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run([*command, f"{PACKAGE}@{VERSION}"], check=True)


if __name__ == "__main__":
    main()
