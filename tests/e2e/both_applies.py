"""Server-side apply and owners of fields, for the lab and a real kube-apiserver: written and generated.

``NS`` stands for the namespace of the sequence.
"""

# ruff: noqa: E501 - a request per line, as long as it is: the tables are read across

import random
from collections.abc import Iterator
from typing import Any

from e2e.both_requests import (
    ACCOUNTS,
    BINDINGS,
    JSON,
    MAPS,
    MERGE,
    RBAC,
    ROLES,
    SECRETS,
    SPACES,
    STRATEGIC,
    Ask,
    delete,
    get,
    patch,
)

APPLY = "application/apply-patch+yaml"
KINDS = {
    MAPS: ("v1", "ConfigMap"),
    ACCOUNTS: ("v1", "ServiceAccount"),
    SECRETS: ("v1", "Secret"),
    SPACES: ("v1", "Namespace"),
    ROLES: ("rbac.authorization.k8s.io/v1", "Role"),
    BINDINGS: ("rbac.authorization.k8s.io/v1", "RoleBinding"),
}
FORCE = "&force=true"


def apply(path: str, name: str, manager: str = "kubectl", more: str = "", **members: Any) -> Ask:
    """Apply an object; a ``metadata`` among ``members`` is added to its name."""
    version, kind = KINDS[path]
    metadata = {"name": name, **members.pop("metadata", {})}
    body = {"apiVersion": version, "kind": kind, "metadata": metadata, **members}
    return raw(path, name, body, manager, more)


def raw(path: str, name: str, body: Any, manager: str = "kubectl", more: str = "") -> Ask:
    return Ask("PATCH", f"{path}/{name}?fieldManager={manager}{more}", body, {"content-type": APPLY})


def write(method: str, path: str, body: Any, manager: str, kind: str = "application/json") -> Ask:
    return Ask(method, f"{path}?fieldManager={manager}", body, {"content-type": kind, "user-agent": "t/1"})


def config_map(**data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": data}


def role_of(verb: str) -> list[dict[str, list[str]]]:
    return [{"apiGroups": [""], "resources": ["pods"], "verbs": [verb]}]


SUBJECT = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "u"}
ROLE_REF = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "a"}

SEQUENCES: dict[str, list[Ask]] = {
    "two appliers": [
        apply(MAPS, "a", data={"x": "1", "y": "2"}, metadata={"labels": {"l": "1"}}),
        apply(MAPS, "a", data={"x": "1"}),
        apply(MAPS, "a", "other", data={"x": "2", "z": "1"}),
        apply(MAPS, "a", "other", FORCE, data={"x": "2", "z": "1"}),
        apply(MAPS, "a", data={"x": "1"}),
        apply(MAPS, "a", data={"x": "2"}),
        apply(MAPS, "a", "other"),
        apply(MAPS, "a"),
        get(f"{MAPS}/a"),
    ],
    "writers of every kind": [
        write("POST", MAPS, config_map(k="v", l="w"), "maker"),
        Ask("PATCH", f"{MAPS}/a", {"data": {"k": "2"}}, {"content-type": MERGE, "user-agent": "named/1 (x)"}),
        write("PATCH", f"{MAPS}/a", {"data": {"l": None, "m": "1"}}, "strategic", STRATEGIC),
        write("PATCH", f"{MAPS}/a", [{"op": "add", "path": "/data/n", "value": "5"}], "operations", JSON),
        write("PATCH", f"{MAPS}/a", {"data": {"n": "5"}}, "same", MERGE),
        apply(MAPS, "a", "x", data={"k": "9", "m": "9", "n": "9"}),
        apply(MAPS, "a", "x", FORCE, data={"k": "9", "m": "9", "n": "9"}),
        apply(MAPS, "a", "x", data={"k": "9"}),
        write("PUT", f"{MAPS}/a", config_map(k="9", q="1"), "putter"),
        write("PATCH", f"{MAPS}/a", {"metadata": {"managedFields": [{}]}}, "clear", MERGE),
        write("PATCH", f"{MAPS}/a", {"data": {"q": "2"}}, "untracked", MERGE),
        apply(MAPS, "a", "y", data={"q": "3"}),
        apply(MAPS, "a", "y", FORCE, data={"q": "3"}),
        write("PATCH", f"{MAPS}/a", {"metadata": {"managedFields": []}}, "clear", MERGE),
        apply(MAPS, "a", "y", FORCE, data={"q": "3"}),
        write("PATCH", f"{MAPS}/a", {"metadata": {"managedFields": [{"manager": "no"}]}}, "bad", MERGE),
        *(write("PATCH", f"{MAPS}/a", {"data": {f"u{n}": "1"}}, f"u{n:02}", MERGE) for n in range(13)),
    ],
    "what is refused": [
        apply(MAPS, "c", metadata={"name": "d"}),
        raw(MAPS, "c", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}}),
        apply(MAPS, "c", metadata={"namespace": "kube-system"}),
        raw(MAPS, "c", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "c"}}),
        raw(MAPS, "c", {"kind": "ConfigMap", "metadata": {"name": "c"}}),
        apply(MAPS, "c", data={"a": 1}),
        apply(MAPS, "c", data={"a": True}),
        apply(MAPS, "c", data={"a": {"b": 1}}),
        apply(MAPS, "c", immutable="x"),
        apply(MAPS, "c", foo="x"),
        apply(MAPS, "c", metadata={"managedFields": []}),
        apply(MAPS, "c", metadata={"managedFields": [{"manager": "x"}]}),
        apply(MAPS, "c", metadata={"uid": "11111111-1111-1111-1111-111111111111"}),
        apply(MAPS, "c", data={"bad key": "1"}),
        apply(MAPS, "c", metadata={"labels": {"a": "-"}}),
        raw(MAPS, "c", "- 1"),
        raw(MAPS, "c", "text"),
        raw(MAPS, "c", ""),
        raw(
            MAPS,
            "c",
            "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\ndata:\n  a: x\n  a: z\n",
            more="&fieldValidation=Strict",
        ),
        raw(
            MAPS, "c", "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\n", more="&fieldValidation=Nope"
        ),
        raw(
            MAPS,
            "c",
            "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c}\ndata: {a: x}\n",
            more="&dryRun=All",
        ),
        get(f"{MAPS}/c"),
        apply(MAPS, "c", ""),
        raw(MAPS.replace("NS", "NS-none"), "a", config_map()),
        Ask("PATCH", f"{MAPS}/c?fieldManager={'x' * 129}", config_map(), {"content-type": APPLY}),
    ],
    "lists, sets and atoms": [
        apply(MAPS, "a", "m1", data={"a": "1"}, metadata={"finalizers": ["a.b/c", "d.e/f"], "labels": {}}),
        apply(MAPS, "a", "m2", data={}, metadata={"finalizers": ["d.e/f", "g.h/i"]}),
        apply(MAPS, "a", "m1", metadata={"finalizers": ["g.h/i"]}),
        patch(f"{MAPS}/a", {"metadata": {"finalizers": None}}),
        apply(MAPS, "a", "m3", data={"a": None}, metadata={"annotations": {"x": None}}),
        apply(MAPS, "a", "m3", data=None),
        apply(
            ACCOUNTS, "a", imagePullSecrets=[{"name": "p"}, {"name": "q"}], automountServiceAccountToken=False
        ),
        apply(
            ACCOUNTS,
            "a",
            "o",
            imagePullSecrets=[{"name": "q"}, {"name": "r"}],
            secrets=[{"name": "s", "namespace": "NS"}],
        ),
        apply(ACCOUNTS, "a", imagePullSecrets=[{"name": "r"}, {"name": "p"}]),
        apply(ACCOUNTS, "a", imagePullSecrets=[{"name": "r"}, {"name": "r"}]),
        apply(ACCOUNTS, "a", imagePullSecrets=[{}]),
        apply(ACCOUNTS, "a", imagePullSecrets="x"),
        apply(ACCOUNTS, "a", imagePullSecrets=["x"]),
        apply(ROLES, "a", rules=role_of("get")),
        apply(ROLES, "a", "o", rules=role_of("list")),
        apply(ROLES, "a"),
        write(
            "PUT",
            f"{ROLES}/b",
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "metadata": {"name": "b"},
                "rules": [],
            },
            "p",
        ),
        apply(BINDINGS, "a", roleRef=ROLE_REF, subjects=[{"kind": "User", "name": "u"}]),
        apply(BINDINGS, "a", "o", roleRef=ROLE_REF, subjects=[{**SUBJECT, "name": "w"}]),
        apply(BINDINGS, "a", roleRef={**ROLE_REF, "name": "z"}, subjects=[SUBJECT]),
        apply(SECRETS, "a", stringData={"a": "b"}, data={"c": "ZA=="}),
        apply(SECRETS, "a", "o", data={"a": "ZA=="}),
        write(
            "POST",
            SPACES,
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "NS-x", "labels": {"a": "b"}}},
            "k",
        ),
        apply(SPACES, "NS-x", "z", FORCE, metadata={"labels": {"a": "c"}}),
        apply(SPACES, "NS-y", "z", spec={"finalizers": ["kubernetes"]}, status={"phase": "Active"}),
        Ask(
            "PATCH",
            f"{RBAC}/clusterroles/NS-r?fieldManager=k",
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRole",
                "metadata": {"name": "NS-r"},
                "rules": [{"nonResourceURLs": ["/x"], "verbs": ["get"]}],
            },
            {"content-type": APPLY},
        ),
        delete(f"{RBAC}/clusterroles/NS-r"),
    ],
}

MANAGERS = ("kubectl", "m1", "m2", "m3")
LETTERS = "abcd"


def generated(seed: int) -> Iterator[Ask]:
    """Yield a sequence of writes to one object: applies with and without force, updates, patches, resets."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    path = chance.choice((MAPS, ACCOUNTS, ROLES, SECRETS))
    place = f"{path}/a"
    for _ in range(chance.randint(4, 8)):
        manager, kind = chance.choice(MANAGERS), chance.random()
        members = dict(_members(chance, path))
        if kind < 0.6:
            yield apply(path, "a", manager, chance.choice(("", FORCE)), **members)
        elif kind < 0.7:
            yield write("PUT", place, _whole(path, members), manager)
        elif kind < 0.8:
            yield write("PATCH", place, members, manager, chance.choice((MERGE, STRATEGIC)))
        elif kind < 0.85:
            yield write("PATCH", place, {"metadata": {"managedFields": [{}]}}, manager, MERGE)
        elif kind < 0.95:
            yield write("POST", path, _whole(path, members), manager)
        else:
            yield from _gone(place)
    yield from _gone(place)


def _gone(place: str) -> Iterator[Ask]:
    yield patch(place, {"metadata": {"finalizers": None}})
    yield delete(place)


def _whole(path: str, members: dict[str, Any]) -> dict[str, Any]:
    version, kind = KINDS[path]
    metadata = {"name": "a", **members.get("metadata", {})}
    return {"apiVersion": version, "kind": kind, **members, "metadata": metadata}


def _members(chance: random.Random, path: str) -> Iterator[tuple[str, Any]]:
    yield "metadata", dict(_metadata(chance))
    if chance.random() < 0.2:
        return
    letters = chance.sample(LETTERS, chance.randint(0, 3))
    match path:
        case str() if path == MAPS:
            yield "data", {letter: chance.choice("12") for letter in letters}
        case str() if path == SECRETS:
            yield chance.choice(("data", "stringData")), dict.fromkeys(letters, "YQ==")
        case str() if path == ACCOUNTS:
            yield chance.choice(("imagePullSecrets", "secrets")), [{"name": letter} for letter in letters]
            yield "automountServiceAccountToken", chance.random() < 0.5
        case _:
            yield "rules", role_of(chance.choice(("get", "list")))


def _metadata(chance: random.Random) -> Iterator[tuple[str, Any]]:
    for field in ("labels", "annotations"):
        if chance.random() < 0.4:
            letters = chance.sample(LETTERS, chance.randint(0, 3))
            yield field, {letter: chance.choice("12") for letter in letters}
    if chance.random() < 0.2:
        yield "finalizers", [f"x.y/{letter}" for letter in chance.sample(LETTERS, chance.randint(0, 3))]


_MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, labels: {app: shop}}\ndata: {colour: blue, size: s}\n"
_OTHER = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {colour: red, size: s}\n"
_ROLE = "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: patcher}\nrules: [{apiGroups: ['*'], resources: ['*'], verbs: ['*']}]\n"
SHOWN = "get configmap m -o json --show-managed-fields"

COMMANDS = [
    f"apply --server-side -f -\n{_MAP}",
    SHOWN,
    f"apply --server-side -f -\n{_MAP}",
    f"apply --server-side --field-manager=ops -f -\n{_OTHER}",
    f"apply --server-side --field-manager=ops --force-conflicts -f -\n{_OTHER}",
    SHOWN,
    "annotate configmap m a=b",
    "label configmap m tier=1",
    'patch configmap m -p {"data":{"size":"m"}}',
    SHOWN,
    f"apply --server-side -f -\n{_MAP}",
    f"apply --server-side --dry-run=server -f -\n{_OTHER}",
    f"apply -f -\n{_MAP}",
    f"diff --server-side -f -\n{_OTHER}",
    "delete configmap m",
    f"apply -f -\n{_MAP}",  # by the client, then by the server
    SHOWN,
    f"apply --server-side -f -\n{_OTHER}",
    SHOWN,
    f"apply --server-side -f -\n{_MAP}",
    SHOWN,
    f"replace -f -\n{_OTHER}",
    SHOWN,
    f"apply --server-side -f -\n{_OTHER.replace('red, size: s', '1')}",
    f"apply --server-side -f -\n{_OTHER}nope: x\n",
    "create serviceaccount s",
    "apply --server-side -f -\napiVersion: v1\nkind: ServiceAccount\nmetadata: {name: s, annotations: {eks.amazonaws.com/role-arn: x}}\n",
    "get serviceaccount s -o json --show-managed-fields",
    "set subject rolebinding r --user=x",
    "create role patcher --verb=patch,get --resource=configmaps,roles.rbac.authorization.k8s.io",
    "create rolebinding patcher --role=patcher --user=ana",
    f"apply --server-side --as ana --field-manager=ana -f -\n{_OTHER.replace('name: m', 'name: new')}",
    f"apply --server-side --as ana --field-manager=ana -f -\n{_OTHER}binaryData: {{b: YQ==}}\n",
    f"apply --server-side --as ana --field-manager=ana --force-conflicts -f -\n{_ROLE}",
    f"apply --server-side -f -\n{_ROLE}",
    "explain pod.spec.containers",
    "explain pod.spec.containers.imagePullPolicy",
    "explain node.status",
    "explain pod.spec.affinity --recursive",
]
"""For every kubectl that is there."""
