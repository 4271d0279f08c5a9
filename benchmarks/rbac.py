"""Measure RBAC checks: the compiled index beside Kubernetes' own authorizer, at 100 to 100,000 bindings.

Both get the same objects and questions, one after the other in the same run, and have to give the same
answers. Kubernetes' is the client `kubernetes-rbac` (left out where it is missing). A linear scan of the
same objects in Python tells how much of the difference is the way and how much the language.

    python -m benchmarks.rbac [--json] [--checks N]
"""

import argparse
import time
from collections.abc import Callable
from contextlib import nullcontext

from benchmarks import harness
from benchmarks.harness import Row
from benchmarks.kubernetes_rbac import KubernetesRbac, Question

from sekisho.decide.rbac.authorize import explain
from sekisho.decide.rbac.bootstrap import default_objects
from sekisho.decide.rbac.examine import Code, examine
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.model import Binding, ObjectKey, RbacObject, Role, RoleRef, Rule, Subject
from sekisho.decide.rbac.objects import parse_object
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser, Ref

SIZES = (100, 1_000, 10_000, 100_000)
ROLES = 300
NAMESPACES = 500
CLUSTER_WIDE_EVERY = 10
AT = Ref("benchmark")


def cluster(bindings: int) -> list[RbacObject]:
    """Stock objects, 300 ClusterRoles of 8 rules, and bindings of 3 subjects; one in ten is cluster-wide."""
    objects: list[RbacObject] = [parse_object(manifest) for manifest in default_objects()]
    for number in range(ROLES):
        rules = tuple(
            Rule(AT, ("get", "list", "watch"), ("apps",), (f"kind{number}x{part}", "deployments"))
            for part in range(8)
        )
        objects.append(Role(AT, ObjectKey("", f"role-{number}"), rules))
    for number in range(bindings):
        namespace = "" if number % CLUSTER_WIDE_EVERY == 0 else f"ns-{number % NAMESPACES}"
        subjects = (
            Subject(AT, "User", f"user-{number}"),
            Subject(AT, "Group", f"team-{number % 1000}"),
            Subject(AT, "ServiceAccount", f"app-{number}", "apps"),
        )
        key = ObjectKey(namespace, f"binding-{number}")
        objects.append(Binding(AT, key, RoleRef("ClusterRole", f"role-{number % ROLES}"), subjects))
    return objects


def questions(bindings: int) -> list[Question]:
    """Half are allowed by the last binding that could, half by none."""
    asked: list[Question] = []
    for number in range(1, bindings, max(bindings // 50, 1)):
        if number % CLUSTER_WIDE_EVERY == 0:
            continue
        user = KubeUser(f"user-{number}", (f"team-{number % 1000}", "devs", "system:authenticated"))
        for verb in ("get", "delete"):
            request = RequestAttributes(
                verb, group="apps", resource="deployments", namespace=f"ns-{number % NAMESPACES}", name="web"
            )
            asked.append((user, request))
    return asked


def scan(index: Index, user: KubeUser, request: RequestAttributes) -> bool:
    """The linear way, over the same objects."""
    for binding in index.bindings("", request.namespace):
        if any(subject.names(user, binding.key.namespace) for subject in binding.subjects):
            role = index.role_of(binding)
            if role is not None and any(examine(request, rule) is Code.MATCHED for rule in role.rules):
                return True
    return False


def percentiles(
    ask: Callable[[KubeUser, RequestAttributes], bool], asked: list[Question], checks: int
) -> tuple[float, float]:
    """Return p50 and p99 in microseconds of single checks."""
    taken: list[int] = []
    for number in range(checks):
        user, request = asked[number % len(asked)]
        start = time.perf_counter_ns()
        ask(user, request)
        taken.append(time.perf_counter_ns() - start)
    taken.sort()
    return taken[len(taken) // 2] / 1000, taken[len(taken) * 99 // 100] / 1000


def milliseconds(work: Callable[[], object]) -> float:
    """Return the best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        work()
        best = min(best, (time.perf_counter() - start) * 1000)
    return best


def measure(bindings: int, checks: int, peer: KubernetesRbac | None) -> Row:
    """Measure one size; the answers are compared first."""
    objects = cluster(bindings)
    index = build(objects)
    asked = questions(bindings)
    for user, request in asked:
        assert index.allows(user, request) is scan(index, user, request)
    p50, p99 = percentiles(index.allows, asked, checks)
    scan_p50, _ = percentiles(
        lambda user, request: scan(index, user, request), asked, max(checks // 1000, 20)
    )
    added = Binding(
        AT, ObjectKey("ns-1", "new"), RoleRef("ClusterRole", "role-1"), (Subject(AT, "User", "new"),)
    )
    row: Row = {"bindings": bindings, "p50_us": p50, "p99_us": p99}
    if peer is not None:
        theirs = peer.check(index, asked, max(checks // 10, 100))
        assert list(theirs.allowed) == [index.allows(*one) for one in asked]
        row |= {
            "kubernetes_p50_us": theirs.p50_us,
            "kubernetes_p99_us": theirs.p99_us,
            "kubernetes_ratio": theirs.p50_us / p50,
        }
    return {
        **row,
        "scan_p50_us": scan_p50,
        "scan_ratio": scan_p50 / p50,
        "build_ms": milliseconds(lambda: build(objects)),
        "add_binding_ms": milliseconds(lambda: index.with_object(added)),
        "explain_refusal_ms": milliseconds(lambda: explain(*asked[1], index)),
    }


def main() -> None:
    """Print the table."""
    report = harness.run("Measure RBAC checks.", _options)
    program = harness.client_program("kubernetes-rbac")
    with nullcontext() if program is None else KubernetesRbac(program) as peer:
        rows = [measure(bindings, report.options.checks, peer) for bindings in SIZES]
    report.add("RBAC", rows)
    report.close()


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--checks", type=int, default=20_000, help="checks per size (default: %(default)s)")


if __name__ == "__main__":
    main()
