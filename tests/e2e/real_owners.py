"""Generated writes of pods and Deployments to a real kube-apiserver, each step's owners worked out beside it.

What the server stored before and after a step goes into the functions of the lab, so that what the server
fills in by itself is the same for both.
"""

import json
import random
from collections.abc import Iterator
from typing import Any

from e2e.both_requests import MERGE, STRATEGIC
from sekisho.wire.kube import managed_fields, structure
from sekisho.wire.kube.field_set import FieldSet, shown
from sekisho.wire.kube.ownership import ApplyConflictsError, Write, applied, updated
from support.both_clusters import Side

APPLY = "application/apply-patch+yaml"
KINDS = {"Pod": ("v1", "/api/v1"), "Deployment": ("apps/v1", "/apis/apps/v1")}
STATUS = FieldSet.of([("f:status",)])
Objects = dict[str, Any]


def differences(real: Side, namespace: str, seed: int) -> Iterator[tuple[str, object, object]]:
    """Yield each step after which the server names other owners, or other conflicts, than the lab would."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    kind = chance.choice(list(KINDS))
    version, root = KINDS[kind]
    place = f"{root}/namespaces/{namespace}/{kind.lower()}s/g{seed}"
    live: Objects = {}
    for step in range(chance.randint(3, 6)):
        manager, wanted = chance.choice(("kubectl", "m1", "m2")), whole(chance, kind, f"g{seed}")
        is_apply = not live or chance.random() < 0.7
        force = is_apply and chance.random() < 0.5
        query = f"?fieldManager={manager}{'&force=true' if force else ''}"
        media_type = APPLY if is_apply else chance.choice((MERGE, STRATEGIC))
        code, new = real.ask("PATCH", place + query, wanted, {"content-type": media_type})
        if code == 422:  # most of a pod does not change
            continue
        write = Write(structure.load().of_kind(version, kind), version, "", STATUS)
        if code == 409:
            told: object = sorted(cause["field"] for cause in new["details"]["causes"])
        else:
            told = entries(new["metadata"].get("managedFields"))
        found = owners(write, live, wanted if is_apply else new, manager, is_apply=is_apply, force=force)
        if found != told:
            yield f"{seed}, step {step}: {media_type} {json.dumps(wanted)}", found, told
        live = live if code == 409 else new
    real.ask("DELETE", place, {"gracePeriodSeconds": 0})


def owners(write: Write, live: Objects, given: Objects, name: str, *, is_apply: bool, force: bool) -> object:
    """Return the entries after a write, or the paths of an apply that are others'."""
    managed = managed_fields.read(live.get("metadata", {}).get("managedFields"))
    if not is_apply:
        manager = managed_fields.updater(name, write.api_version)
        return entries(managed_fields.write(updated(write, bare(live), bare(given), managed, manager)))
    try:
        _, found = applied(write, bare(live), given, managed, name, force=force)
    except ApplyConflictsError as error:
        return sorted(shown(path) for _, path in error.pairs())
    return entries(managed_fields.write(found))


def bare(body: Objects) -> Objects:
    if not body:
        return {}
    metadata = {name: value for name, value in body["metadata"].items() if name != "managedFields"}
    return {**body, "metadata": metadata}


def entries(managed: Any) -> list[str]:
    """Return the entries without their times, sorted."""
    timeless = ({name: value for name, value in entry.items() if name != "time"} for entry in managed or [])
    return sorted(json.dumps(entry, sort_keys=True) for entry in timeless)


def whole(chance: random.Random, kind: str, name: str) -> Objects:
    labels = {letter: chance.choice("12") for letter in chance.sample("abc", chance.randint(0, 2))}
    metadata = {"name": name, "labels": labels} if chance.random() < 0.6 else {"name": name}
    if kind == "Pod":
        return {"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": pod_spec(chance)}
    template = {"metadata": {"labels": {"app": "x"}}, "spec": pod_spec(chance)}
    spec: Objects = {"selector": {"matchLabels": {"app": "x"}}, "template": template}
    if chance.random() < 0.5:
        spec["replicas"] = chance.randint(0, 3)
    if chance.random() < 0.3:
        rolling = {"maxSurge": chance.choice((1, "25%"))}
        spec["strategy"] = {"type": "RollingUpdate", "rollingUpdate": rolling}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": metadata, "spec": spec}


def pod_spec(chance: random.Random) -> Objects:
    names = chance.sample(("one", "two"), chance.randint(1, 2))
    spec: Objects = {"containers": [container(chance, name) for name in names]}
    for field, value in (
        ("volumes", [{"name": "v", "emptyDir": {}}]),
        ("tolerations", [{"key": "a", "operator": "Exists"}]),
        ("nodeSelector", {"a": chance.choice("12")}),
        ("hostAliases", [{"ip": "192.0.2.1", "hostnames": ["x"]}]),
        ("imagePullSecrets", [{"name": chance.choice("ab")}]),
    ):
        if chance.random() < 0.4:
            spec[field] = value
    return spec


def container(chance: random.Random, name: str) -> Objects:
    found: Objects = {"name": name, "image": chance.choice(("busybox", "busybox:1"))}
    letters, ports = chance.sample("abcd", chance.randint(1, 3)), chance.sample((80, 81), 2)
    reference = {"fieldRef": {"fieldPath": "metadata.name"}}
    for field, value in (
        ("env", [{"name": letter, "value": chance.choice("12")} for letter in letters]),
        ("env", [{"name": "field", "valueFrom": reference}]),
        ("ports", [{"containerPort": ports[0]}, {"containerPort": ports[1], "protocol": "UDP"}]),
        ("args", letters),
        ("resources", {"limits": {"cpu": chance.choice("12")}, "requests": {"memory": "1Gi"}}),
        ("securityContext", {"runAsUser": 1, "capabilities": {"add": ["X"]}}),
        ("livenessProbe", {"httpGet": {"port": chance.choice((80, "http"))}}),
    ):
        if chance.random() < 0.35:
            found[field] = value
    return found
