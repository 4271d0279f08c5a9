"""Measure who-can over RBAC beside Kubernetes' own subject locator, at 100 to 100,000 bindings.

kubectl-who-can and rbac-tool cannot be had from Go's module proxy; what Kubernetes itself has for the
question is `SubjectAccessEvaluator.AllowedSubjects` (the client `kubernetes-rbac`). Both get the same objects
and questions in the same run, and their answers are compared subject by subject: `differences` says which
are expected, and any other ends the run.

    python -m benchmarks.rbac_who_can [--json] [--rounds N]
"""

import argparse
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from random import Random

from benchmarks import harness
from benchmarks.harness import Row
from benchmarks.kubernetes_rbac import KubernetesRbac, differences

from sekisho.decide.rbac.bootstrap import default_objects
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.model import Binding, ObjectKey, RbacObject, Role, RoleRef, Rule, Subject
from sekisho.decide.rbac.objects import parse_object
from sekisho.decide.rbac.who_can import subjects_of, who_can
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import Ref

SIZES = (100, 1_000, 10_000, 100_000)
ROLES = 300
NAMESPACES = 500
WIDE, OWN, ODD = 0.1, 0.2, 0.02
AT = Ref("benchmark")
READ = ("get", "list", "watch")

KINDS_OF_ROLE = (
    (Rule(AT, READ, ("",), ("secrets",)),),
    (Rule(AT, ("get",), ("",), ("secrets",), ("db", "cache")),),
    (Rule(AT, ("create",), ("",), ("pods/exec",)), Rule(AT, ("get",), ("",), ("pods/log",))),
    (Rule(AT, ("get",), ("*",), ("*/log", "*/scale")),),
    (Rule(AT, ("*",), ("apps",), ("*",)),),
    (Rule(AT, ("*",), ("*",), ("*",)), Rule(AT, ("*",), urls=("*",))),
    (Rule(AT, ("get",), urls=("/metrics", "/logs/*")),),
    (Rule(AT, READ, ("",), ("nodes", "persistentvolumes")),),
    (Rule(AT, ("update", "patch"), ("apps",), ("deployments",), ("web",)),),
    (Rule(AT, READ, ("", "apps", "batch"), ("pods", "deployments", "jobs")),),
)
QUESTIONS = {
    "get a secret by name": RequestAttributes("get", resource="secrets", namespace="ns-7", name="db"),
    "list secrets": RequestAttributes("list", resource="secrets", namespace="ns-7"),
    "list secrets everywhere": RequestAttributes("list", resource="secrets"),
    "create pods/exec": RequestAttributes(
        "create", resource="pods", subresource="exec", namespace="ns-7", name="web"
    ),
    "get pods/log": RequestAttributes(
        "get", resource="pods", subresource="log", namespace="ns-7", name="web"
    ),
    "list nodes": RequestAttributes("list", resource="nodes"),
    "patch a deployment": RequestAttributes(
        "patch", group="apps", resource="deployments", namespace="ns-7", name="web"
    ),
    "get widgets of a group that nobody lists": RequestAttributes(
        "get", group="example.com", resource="widgets", namespace="ns-7"
    ),
    "escalate clusterroles": RequestAttributes(
        "escalate", group="rbac.authorization.k8s.io", resource="clusterroles"
    ),
    "get /logs/kubelet": RequestAttributes("get", path="/logs/kubelet"),
    "get /healthz": RequestAttributes("get", path="/healthz"),
}
FIRST = QUESTIONS["list secrets"]


def cluster(bindings: int) -> Iterator[RbacObject]:
    """Stock objects, 300 ClusterRoles and bindings of three subjects each, the same in every run.

    One binding in ten is cluster-wide; of the others every fifth is of a Role of its own, as Helm charts
    have them; one in fifty is of a role that does not exist, one in fifty names a subject twice.
    """
    yield from (parse_object(manifest) for manifest in default_objects())
    for number in range(ROLES):
        yield Role(AT, ObjectKey("", f"role-{number}"), KINDS_OF_ROLE[number % len(KINDS_OF_ROLE)])
    draw = Random(7)  # noqa: S311 - objects, not secrets
    for number in range(bindings):
        namespace = "" if draw.random() < WIDE else f"ns-{draw.randrange(NAMESPACES)}"
        key = ObjectKey(namespace, f"binding-{number}")
        role = RoleRef("ClusterRole", f"role-{draw.randrange(ROLES)}")
        if draw.random() < ODD:
            role = RoleRef(draw.choice(("Role", "ClusterRole")), "gone")
        elif namespace and draw.random() < OWN:
            role = RoleRef("Role", key.name)
            yield Role(AT, key, draw.choice(KINDS_OF_ROLE))
        user = Subject(AT, "User", f"user-{number}")
        team = Subject(AT, "Group", f"team-{draw.randrange(1000)}")
        account = Subject(AT, "ServiceAccount", f"app-{draw.randrange(3000)}", draw.choice(("", "apps")))
        last = user if draw.random() < ODD else account
        yield Binding(AT, key, role, (user, team, last))


def measure(index: Index, rounds: int, peer: KubernetesRbac | None) -> list[Row]:
    """Measure one size, a row for each question, after the answers were compared."""
    theirs = [] if peer is None else peer.search(index, list(QUESTIONS.values()), rounds)
    rows: list[Row] = []
    for number, (title, request) in enumerate(QUESTIONS.items()):
        ways = who_can(request, index)
        best = min(milliseconds(who_can, request, index) for _ in range(rounds))
        subjects = len(subjects_of(ways))
        row: Row = {"question": title, "who_can_ms": best, "subjects": subjects, "ways": len(ways)}
        if peer is not None:
            found = theirs[number]
            assert not differences(request, index, found, peer)
            row |= {
                "kubernetes_ms": found.best_ms,
                "ratio": found.best_ms / best,
                "named": len(found.subjects),
            }
        rows.append(row)
    return rows


def milliseconds(work: Callable[..., object], *arguments: object) -> float:
    """Return the time of one call."""
    start = time.perf_counter()
    work(*arguments)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    """Print the tables."""
    report = harness.run("Measure who-can over RBAC.", _options)
    program = harness.client_program("kubernetes-rbac")
    firsts: list[Row] = []
    with nullcontext() if program is None else KubernetesRbac(program) as peer:
        for bindings in SIZES:
            objects = list(cluster(bindings))
            build_ms = milliseconds(build, objects)
            index = build(objects)
            first_ms = milliseconds(who_can, FIRST, index)
            firsts.append({"bindings": bindings, "build_ms": build_ms, "first_who_can_ms": first_ms})
            report.add(f"who-can, {bindings:,} bindings", measure(index, report.options.rounds, peer))
    report.add("the index, and the first question that it is asked", firsts)
    report.close()


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=5, help="searches per question (default: %(default)s)")


if __name__ == "__main__":
    main()
