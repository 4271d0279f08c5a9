"""Our RBAC beside Kubernetes' own: its default objects, and ten thousand questions put to both."""

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from sekisho.decide.rbac.aggregate import converge
from sekisho.decide.rbac.bootstrap import BOOTSTRAPPING_LABEL, default_objects
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.model import Role
from sekisho.decide.rbac.objects import parse_object
from sekisho.decide.request.kubernetes import RequestAttributes
from sekisho.decide.values import KubeUser
from support.access_reviews import Question, ask_all
from support.checkpoint import waited
from support.kube_apiserver import ApiServerProcess, running_apiserver, running_controllers

RBAC = "/apis/rbac.authorization.k8s.io/v1"
KINDS = {
    "clusterroles": "ClusterRole",
    "clusterrolebindings": "ClusterRoleBinding",
    "roles": "Role",
    "rolebindings": "RoleBinding",
}
QUESTIONS = 10_000
SEED = 20_261_124


@dataclass(frozen=True)
class Cluster:
    """A real API server, its RBAC objects out of the box, and all of them once ours were added."""

    api: ApiServerProcess
    stock: tuple[dict[str, Any], ...]
    objects: tuple[dict[str, Any], ...]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("real")
    with (
        running_apiserver(folder) as api,
        running_controllers(api, "clusterrole-aggregation-controller"),
    ):
        # `admin` has this of `view`, by way of `edit`: the last to be worked off.
        waited(lambda: True if "pods/log" in _resources(api, "admin") else None)
        stock = tuple(listed(api))
        for name in NAMESPACES:
            api.create("/api/v1/namespaces", {"metadata": {"name": name}})
        for body in generated_objects(random.Random(SEED)):  # noqa: S311 - reproducible
            namespace = body["metadata"].get("namespace")
            plural = next(plural for plural, kind in KINDS.items() if kind == body["kind"])
            api.create(f"{RBAC}/{f'namespaces/{namespace}/' if namespace else ''}{plural}", body)
        # The controller has worked off everything once the last part it was given is in the whole.
        waited(lambda: ["marker"] in [rule["resources"] for rule in rules_of(api, "whole")] or None)
        yield Cluster(api, stock, tuple(listed(api)))


def _resources(api: ApiServerProcess, name: str) -> set[str]:
    return {resource for rule in rules_of(api, name) for resource in rule["resources"]}


def rules_of(api: ApiServerProcess, name: str) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] | None = api.ask("GET", f"{RBAC}/clusterroles/{name}")[1].get("rules")
    return [rule for rule in rules or [] if "resources" in rule]


def listed(api: ApiServerProcess) -> Iterator[dict[str, Any]]:
    for plural, kind in KINDS.items():
        for body in api.ask("GET", f"{RBAC}/{plural}")[1]["items"]:
            yield {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, **body}


# What is asked about: few names, so that rules and questions meet often.

NAMESPACES = ("blue", "green")
VERBS = ("get", "list", "create", "delete", "impersonate", "*", "Get")
GROUPS = ("", "apps", "rbac.authorization.k8s.io", "example.com", "*")
RESOURCES = ("pods", "pods/log", "pods/exec", "*/log", "deployments", "secrets", "*", "pods/*", "widgets")
NAMES = ("web", "db", "*", "")
URLS = ("/metrics", "/logs/*", "/api*", "*", "/healthz/", "/healthz", "/a*b*")
USERS = (
    "ana",
    "bob",
    "system:serviceaccount:blue:robot",
    "system:serviceaccount:green:robot",
    "system:anonymous",
)
USER_GROUPS = ("ops", "dev", "system:serviceaccounts", "system:serviceaccounts:blue", "system:authenticated",
               "system:unauthenticated", "system:masters", "system:nodes")  # fmt: skip


def some(chance: random.Random, values: tuple[str, ...], most: int = 3) -> list[str]:
    return chance.sample(values, chance.randint(1, most))


def generated_objects(chance: random.Random) -> Iterator[dict[str, Any]]:
    """Yield roles and bindings of every form, odd ones that the server accepts among them."""
    names: dict[tuple[str, str], list[str]] = {}
    for number in range(40):
        namespace = chance.choice((*NAMESPACES, ""))
        kind = "Role" if namespace else "ClusterRole"
        rules: list[dict[str, Any]] = []
        for _ in range(chance.randint(0, 4)):
            if not namespace and chance.random() < 0.3:
                rules.append({"verbs": some(chance, VERBS), "nonResourceURLs": some(chance, URLS)})
                continue
            rule: dict[str, Any] = {
                "verbs": some(chance, VERBS),
                "apiGroups": some(chance, GROUPS, 2),
                "resources": some(chance, RESOURCES),
            }
            if chance.random() < 0.3:
                rule["resourceNames"] = some(chance, NAMES, 2)
            rules.append(rule)
        labels = {"part": chance.choice(("one", "two", "none"))}
        metadata = {"name": f"r{number}", "labels": labels, **({"namespace": namespace} if namespace else {})}
        names.setdefault((kind, namespace), []).append(f"r{number}")
        yield {"kind": kind, "metadata": metadata, "rules": rules}
    selectors = [
        {"matchLabels": {"part": "one"}},
        {"matchExpressions": [{"key": "part", "operator": "In", "values": ["two", "last"]}]},
    ]
    yield {
        "kind": "ClusterRole",
        "metadata": {"name": "whole"},
        "aggregationRule": {"clusterRoleSelectors": selectors},
    }
    yield {
        "kind": "ClusterRole",
        "metadata": {"name": "last", "labels": {"part": "last"}},
        "rules": [{"verbs": ["mark"], "apiGroups": ["example.com"], "resources": ["marker"]}],
    }
    cluster_roles = [*names["ClusterRole", ""], "whole", "view", "edit", "missing"]
    for number in range(60):
        namespace = chance.choice((*NAMESPACES, ""))
        own = names.get(("Role", namespace), []) if namespace else []
        use_role = bool(own) and chance.random() < 0.5
        yield {
            "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
            "metadata": {"name": f"b{number}", **({"namespace": namespace} if namespace else {})},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "Role" if use_role else "ClusterRole",
                "name": chance.choice(own if use_role else cluster_roles),
            },
            "subjects": [generated_subject(chance) for _ in range(chance.randint(0, 3))],
        }


def generated_subject(chance: random.Random) -> dict[str, str]:
    kind = chance.choice(("User", "Group", "ServiceAccount"))
    if kind == "ServiceAccount":
        return {"kind": kind, "name": "robot", "namespace": chance.choice(NAMESPACES)}
    name = chance.choice(USERS if kind == "User" else tuple(g for g in USER_GROUPS if g != "system:masters"))
    return {"kind": kind, "apiGroup": "rbac.authorization.k8s.io", "name": name}


def generated_question(chance: random.Random) -> Question:
    user, groups = chance.choice(USERS), some(chance, USER_GROUPS, 3)
    if chance.random() < 0.97:
        groups = [group for group in groups if group != "system:masters"]
    verb = chance.choice(("get", "list", "create", "delete", "impersonate", "escalate"))
    spec: dict[str, Any] = {"user": user, "groups": groups}
    known = KubeUser(user, tuple(groups))
    if chance.random() < 0.2:
        path = chance.choice(
            ("/metrics", "/logs", "/logs/x", "/apis", "/healthz", "/healthz/", "/version", "/abxb", "/a")
        )
        spec["nonResourceAttributes"] = {"verb": verb, "path": path}
        return Question(spec, known, RequestAttributes(verb=verb, path=path))
    namespace = chance.choice((*NAMESPACES, "", "kube-system"))
    group = chance.choice(("", "apps", "example.com", "rbac.authorization.k8s.io", "coordination.k8s.io"))
    resource = chance.choice(
        ("pods", "deployments", "secrets", "widgets", "marker", "leases", "configmaps", "nodes")
    )
    subresource, name = (
        chance.choice(("", "", "log", "exec", "status")),
        chance.choice(("", "web", "db", "x", "*")),
    )
    spec["resourceAttributes"] = {
        "verb": verb,
        "group": group,
        "version": "v1",
        "resource": resource,
        "subresource": subresource,
        "namespace": namespace,
        "name": name,
    }
    attributes = RequestAttributes(
        verb=verb,
        group=group,
        version="v1",
        resource=resource,
        subresource=subresource,
        namespace=namespace,
        name=name,
    )
    return Question(spec, known, attributes)


def index_of(objects: tuple[dict[str, Any], ...]) -> Index:
    return build(parse_object(body) for body in objects)


def test_ten_thousand_questions_have_the_same_answers(cluster: Cluster) -> None:
    chance = random.Random(SEED + 1)  # noqa: S311 - reproducible
    questions = [generated_question(chance) for _ in range(QUESTIONS)]
    index = index_of(cluster.objects)
    theirs = ask_all(cluster.api, questions)
    ours = [index.allows(question.user, question.attributes) for question in questions]
    different = [
        (question.spec, told)
        for question, told, found in zip(questions, theirs, ours, strict=True)
        if told != found
    ]
    assert different == []
    assert 0.05 < sum(theirs) / QUESTIONS < 0.95  # neither answer is the one that is always given


def test_aggregated_offline_the_roles_answer_the_same(cluster: Cluster) -> None:
    """Aggregates as they stand in git, without rules, are filled in as the controller does."""
    bare = [{**body, "rules": []} if body.get("aggregationRule") else body for body in cluster.objects]
    roles = {role.key: role for body in bare if isinstance(role := parse_object(body), Role)}
    converged = converge(roles)
    for body in cluster.objects:
        if body.get("aggregationRule"):
            role = parse_object(body)
            assert isinstance(role, Role)
            assert set(converged[role.key].rules) == set(role.rules), body["metadata"]["name"]


def atoms(body: dict[str, Any]) -> set[tuple[str, ...]]:
    """Return what a role allows, rule by rule taken apart: how rules are grouped means nothing."""
    found: set[tuple[str, ...]] = set()
    for rule in body.get("rules") or []:
        found |= set(itertools.product(rule["verbs"], rule.get("nonResourceURLs", [])))
        resources = itertools.product(rule.get("apiGroups", []), rule.get("resources", []))
        for (group, resource), verb in itertools.product(resources, rule["verbs"]):
            found |= {(verb, group, resource, name) for name in rule.get("resourceNames", [""])}
    return found


def key_of(body: dict[str, Any]) -> tuple[str, str, str]:
    return body["kind"], body["metadata"].get("namespace", ""), body["metadata"]["name"]


def described(body: dict[str, Any]) -> dict[str, Any]:
    """Return what counts of a default object."""
    metadata = body["metadata"]
    return {
        "atoms": atoms(body),
        "labels": metadata.get("labels"),
        "annotations": metadata.get("annotations"),
        "aggregation": body.get("aggregationRule"),
        "role": body.get("roleRef"),
        "subjects": [
            (subject["kind"], subject["name"], subject.get("namespace"))
            for subject in body.get("subjects") or []
        ],
    }


def test_the_default_objects_are_those_of_the_real_server(cluster: Cluster) -> None:
    ours: list[dict[str, Any]] = [json.loads(json.dumps(body)) for body in default_objects()]
    stock = [body for body in ours if BOOTSTRAPPING_LABEL[0] in body["metadata"].get("labels", {})]
    bare = [{**body, "rules": []} if body.get("aggregationRule") else body for body in cluster.stock]
    real = {key_of(body): described(body) for body in bare}
    mine = {key_of(body): described(body) for body in stock}
    assert sorted(mine) == sorted(real)
    for name, found in real.items():
        assert mine[name] == found, name


def test_out_of_the_box_the_people_s_roles_allow_the_same(cluster: Cluster) -> None:
    """Our default objects, aggregated by us, against what the server's controller made of its own."""
    parsed = [parse_object(body) for body in default_objects()]
    mine = converge({role.key: role for role in parsed if isinstance(role, Role)})
    for body in cluster.stock:
        if body["kind"] == "ClusterRole" and body["metadata"]["name"] in ("admin", "edit", "view"):
            theirs = parse_object(body)
            assert isinstance(theirs, Role)
            assert granted(mine[theirs.key]) == granted(theirs), theirs


def granted(role: Role) -> set[tuple[str, ...]]:
    assert role.rules
    return {
        (verb, group, resource, name)
        for rule in role.rules
        for verb, group, resource, name in itertools.product(
            rule.verbs, rule.groups, rule.resources, rule.names or ("",)
        )
    }
