"""Kubernetes' own RBAC, asked about the objects of an `Index`: the client `kubernetes-rbac`.

Benchmarks measure it beside ours, and a test holds our answers against its.
"""

import json
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sekisho.decide.rbac.index import Index
from sekisho.decide.rbac.model import MASTERS, RbacObject, Role, Rule
from sekisho.decide.rbac.objects import GROUP, rule_to_json
from sekisho.decide.rbac.who_can import subjects_of, who_can
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser

Question = tuple[KubeUser, RequestAttributes]


@dataclass(frozen=True, slots=True)
class Search:
    """What Kubernetes' subject locator answers: the subjects as bindings write them, each time one is met.

    The first is always the group ``system:masters``. ``best_ms`` is the time of the fastest round.
    """

    subjects: tuple[tuple[str, str, str], ...]
    """Kind, namespace, name."""
    best_ms: float


@dataclass(frozen=True, slots=True)
class Checks:
    """What Kubernetes' authorizer answers to each question, and the percentiles of single checks."""

    allowed: tuple[bool, ...]
    p50_us: float
    p99_us: float


class KubernetesRbac:
    """The program as a process that is asked about one cluster after the other."""

    def __init__(self, program: str | Path) -> None:
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._told: Index | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def check(self, index: Index, questions: Sequence[Question], rounds: int = 0) -> Checks:
        """Ask the authorizer; each of the ``rounds`` is one check, and is timed."""
        told = self._ask(
            index, {"questions": [_question(*one) for one in questions], "questionRounds": rounds}
        )
        return Checks(tuple(told["allowed"]), told["p50_us"], told["p99_us"])

    def search(self, index: Index, requests: Sequence[RequestAttributes], rounds: int = 0) -> list[Search]:
        """Ask the subject locator who may make each request."""
        nobody = KubeUser("")
        searches = [_question(nobody, request) for request in requests]
        told = self._ask(index, {"searches": searches, "searchRounds": rounds})
        return [
            Search(tuple((one["kind"], one.get("namespace", ""), one["name"]) for one in subjects), best)
            for subjects, best in zip(told["subjects"], told["search_ms"], strict=True)
        ]

    def rules(self, index: Index, user: KubeUser, namespace: str) -> list[dict[str, Any]]:
        """Return the rules that reach a user in a namespace as manifests write them, in no order."""
        listed = {"user": user.name, "groups": user.groups, "namespace": namespace}
        return list(self._ask(index, {"lists": [listed]})["held"][0] or ())

    def refusal(self, index: Index, user: KubeUser, namespace: str, wanted: Iterable[Rule]) -> str:
        """Return why a user may not grant rules; empty if they hold them all."""
        rules = [rule_to_json(rule) for rule in wanted]
        granted = {"user": user.name, "groups": user.groups, "namespace": namespace, "rules": rules}
        return str(self._ask(index, {"grants": [granted]})["refused"][0])

    def _ask(self, index: Index, asked: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        if self._told is not index:
            asked = {"cluster": _objects(index), **asked}
            self._told = index
        self._process.stdin.write(json.dumps(asked).encode() + b"\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


def differences(request: RequestAttributes, index: Index, found: Search, peer: KubernetesRbac) -> set[str]:
    """Return the subjects that only one of `who_can` and Kubernetes' locator names.

    Not counted are those that the locator names and Kubernetes' authorizer lets nobody in for. It begins
    with ``system:masters``, and writes subjects as bindings do: unknown kinds, and service accounts
    without a namespace, which are of the RoleBinding's namespace, and nobody's in a ClusterRoleBinding.
    """
    ours = set(subjects_of(who_can(request, index)))
    implied, *subjects = found.subjects
    assert implied == ("Group", "", MASTERS)
    theirs: set[str] = set()
    bare: set[str] = set()
    for kind, namespace, name in subjects:
        if kind in ("User", "Group"):
            theirs.add(f"{kind}:{name}")
        elif kind == "ServiceAccount" and namespace:
            theirs.add(f"{kind}:{namespace}/{name}")
        elif kind == "ServiceAccount":
            bare.add(name)
    accounts = [service_account(request.namespace, name) for name in sorted(bare)]
    allowed = peer.check(index, [(KubeUser(name), request) for name in accounts]).allowed
    for name, account, let_in in zip(sorted(bare), accounts, allowed, strict=True):
        # Whom a User subject names as well may be let in by that.
        if let_in and f"User:{account}" not in theirs:
            theirs.add(f"ServiceAccount:{request.namespace}/{name}")
        elif let_in:
            theirs |= ours & {f"ServiceAccount:{request.namespace}/{name}"}
    return ours ^ theirs


def service_account(namespace: str, name: str) -> str:
    """Return the user name of a service account."""
    return f"system:serviceaccount:{namespace}:{name}"


def _objects(index: Index) -> dict[str, Any]:
    """Return the objects by kind, aggregated roles with the rules that the controller would have written."""
    given: dict[str, list[Any]] = {
        "roles": [],
        "roleBindings": [],
        "clusterRoles": [],
        "clusterRoleBindings": [],
    }
    objects: list[RbacObject] = [*index.roles.values(), *index.bindings()]
    for one in objects:
        kind = "roles" if isinstance(one, Role) else "roleBindings"
        if not one.key.namespace:
            kind = f"cluster{kind[0].upper()}{kind[1:]}"
        given[kind].append({"metadata": one.key._asdict(), **_body(one)})
    return given


def _body(one: RbacObject) -> dict[str, Any]:
    if isinstance(one, Role):
        return {"rules": [rule_to_json(rule) for rule in one.rules]}
    subjects = [
        {"kind": subject.kind, "name": subject.name, "namespace": subject.namespace}
        for subject in one.subjects
    ]
    return {
        "roleRef": {"apiGroup": GROUP, "kind": one.role.kind, "name": one.role.name},
        "subjects": subjects,
    }


def _question(user: KubeUser, request: RequestAttributes) -> dict[str, Any]:
    return {
        "user": user.name,
        "groups": user.groups,
        "verb": request.verb,
        "group": request.group,
        "resource": request.resource,
        "subresource": request.subresource,
        "namespace": request.namespace,
        "name": request.name,
        "path": request.path,
    }
