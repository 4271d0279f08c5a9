"""Measure the report on 10,000 service accounts, 1,000 roles and 10,000 pods of one cluster.

Four shapes: ``annotated`` (every account has a role that trusts it), ``broken`` (every trust policy names
another namespace), ``trusted`` (no account is annotated, and the roles trust them one by one), ``patterns``
(as trusted, by a pattern each).

    python -m benchmarks.workloads [--json]
"""

import json
import time

from benchmarks import harness
from benchmarks.harness import Row

from sekisho.decide.values import AccountId, Instant, Json
from sekisho.facts import Cluster, kube_key
from sekisho.facts.keys import Key, Kind
from sekisho.facts.model import Account, OpenIdConnectProvider, Role
from sekisho.facts.snapshot import Event, Put, Snapshot
from sekisho.facts.world.content import UNDATED
from sekisho.review.source import Source
from sekisho.review.workloads import report_workloads

ACCOUNTS = 10_000
ROLES = 1_000
HOME = AccountId("111122223333")
HOST = "oidc.eks.eu-central-1.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
SHAPES = ("annotated", "broken", "trusted", "patterns")


def facts(shape: str) -> Source:
    """Return the cluster of one shape."""
    cluster = Cluster(HOME, "eu-central-1", "shop", "1.34", UNDATED, issuer=f"https://{HOST}")
    arn = str(cluster.arn)
    provider = OpenIdConnectProvider(HOME, HOST, UNDATED, ("sts.amazonaws.com",))
    events: list[Event] = [
        Put(Key(Kind.ACCOUNT, "", HOME), Account(HOME, HOME)),
        Put(Key(Kind.CLUSTER, f"{HOME}/{cluster.region}", cluster.name), cluster),
        Put(Key(Kind.OIDC_PROVIDER, HOME, str(provider.arn)), provider),
    ]
    for number in range(ROLES):
        role = Role(
            HOME, f"role-{number}", f"AROA{number:017}", UNDATED, _trust(shape, number, str(provider.arn))
        )
        events.append(Put(Key(Kind.ROLE, HOME, role.name), role))
    for number in range(ACCOUNTS):
        name, namespace = f"app-{number}", f"team-{number % 50}"
        events.append(
            Put(
                kube_key(arn, "", "serviceaccounts", namespace, name),
                _account(shape, namespace, name, number),
            )
        )
        pod: Json = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": name, "namespace": namespace, "uid": name},
            "spec": {"serviceAccountName": name, "containers": [{"name": "main", "image": "app"}]},
        }
        assert isinstance(pod, dict)
        events.append(Put(kube_key(arn, "", "pods", namespace, name), pod))
    return Source(Snapshot(events), None, lambda _ref: None, is_whole=True)


def _account(shape: str, namespace: str, name: str, number: int) -> dict[str, Json]:
    role = f"arn:aws:iam::{HOME}:role/role-{number % ROLES}"
    annotations: dict[str, Json] = (
        {"eks.amazonaws.com/role-arn": role} if shape in ("annotated", "broken") else {}
    )
    metadata: Json = {"name": name, "namespace": namespace, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata}


def _trust(shape: str, number: int, provider: str) -> str:
    names = range(number, ACCOUNTS, ROLES)
    operator = "StringLike" if shape == "patterns" else "StringEquals"
    subjects: list[Json] = [f"system:serviceaccount:{_namespace(shape, one)}:app-{one}" for one in names]
    statement: Json = {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {operator: {f"{HOST}:sub": subjects}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _namespace(shape: str, number: int) -> str:
    if shape == "broken":
        return "elsewhere"
    return "team-*" if shape == "patterns" else f"team-{number % 50}"


def measure(shape: str) -> Row:
    """Report once, all policies unparsed, as the command line does."""
    source = facts(shape)
    start = time.perf_counter()
    found = report_workloads(
        source, source.snapshot.clusters(), lambda _arn: None, Instant.from_epoch(1_800_000_000)
    )
    seconds = time.perf_counter() - start
    states = [str(one.state) for one in found.accounts]
    counted = ", ".join(f"{states.count(state)} {state}" for state in sorted(set(states)))
    missed = sum(pod.is_missed for one in found.accounts for pod in one.pods)
    return {"shape": shape, "seconds": round(seconds, 2), "states": counted, "missed pods": missed}


def main() -> None:
    """Print the table."""
    report = harness.run("Measure the report on service accounts.")
    rows = [measure(shape) for shape in SHAPES]
    report.add("workloads, 10,000 service accounts, 1,000 roles, 10,000 pods", rows)
    report.close()


if __name__ == "__main__":
    main()
