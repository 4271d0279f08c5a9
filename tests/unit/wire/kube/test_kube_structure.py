"""The structure of kinds, beside what kube-apiserver publishes about each field."""

import json
import lzma
from importlib.resources import files
from typing import Any

import pytest

from sekisho.wire.kube import structure
from sekisho.wire.kube.published import component, with_references
from sekisho.wire.kube.schema import SPECIAL, Schema
from sekisho.wire.kube.structure import ListOf, MapOf, Members, element_of

STRUCTURES = structure.load()


def published() -> dict[str, Any]:
    packed = (files("sekisho.wire.kube") / "data" / "openapi.json.xz").read_bytes()
    schemas: dict[str, Any] = json.loads(lzma.decompress(packed))["schemas"]
    return schemas


def messages(schema: Schema) -> dict[str, str]:
    """Return the messages by what they are called in the published documents."""
    names = {
        name for kind in ("Pod", "Node", "Namespace", "Event") for name in schema.reachable(f"core.v1.{kind}")
    }
    names |= set(schema.reachable("apps.v1.Deployment", "batch.v1.Job", "rbac.v1.ClusterRole"))
    return {component(name): name for name in names - SPECIAL}


def test_every_list_and_map_is_owned_as_the_published_schemas_say() -> None:
    schemas = published()
    compared = 0
    for full, message in messages(STRUCTURES.schema).items():
        for name, field in STRUCTURES.schema.members(message).items():
            document = schemas[full]["properties"][name] if "properties" in schemas[full] else {}
            node = STRUCTURES.of_field(field)
            if document.get("type") == "array":
                assert isinstance(node, ListOf), (message, name)
                assert (node.atomic, node.keys) == expected_list(document), (message, name)
                compared += 1
            elif document.get("type") == "object":
                assert isinstance(node, MapOf), (message, name)
                assert node.atomic == (document.get("x-kubernetes-map-type") == "atomic"), (message, name)
                compared += 1
            elif "allOf" in document and isinstance(node, Members):
                own = document.get("x-kubernetes-map-type")
                target = schemas[document["allOf"][0]["$ref"].rpartition("/")[2]]
                assert node.atomic == ("atomic" in (own, target.get("x-kubernetes-map-type"))), (
                    message,
                    name,
                )
                compared += 1
    assert compared > 250


def expected_list(document: dict[str, Any]) -> tuple[bool, tuple[str, ...]]:
    kind = document.get("x-kubernetes-list-type")
    if kind is not None:
        return kind == "atomic", tuple(document.get("x-kubernetes-list-map-keys", ()))
    if "merge" not in document.get("x-kubernetes-patch-strategy", ""):
        return True, ()
    key = document.get("x-kubernetes-patch-merge-key")
    return False, (key,) if key else ()


PORTS = STRUCTURES.of_field(STRUCTURES.schema.members("core.v1.Container")["ports"])
ENV = STRUCTURES.of_field(STRUCTURES.schema.members("core.v1.Container")["env"])
FINALIZERS = STRUCTURES.of_field(STRUCTURES.schema.members("meta.v1.ObjectMeta")["finalizers"])


@pytest.mark.parametrize(
    ("node", "item", "element"),
    [
        (PORTS, {"containerPort": 80}, 'k:{"containerPort":80,"protocol":"TCP"}'),
        (PORTS, {"containerPort": 80, "protocol": "UDP"}, 'k:{"containerPort":80,"protocol":"UDP"}'),
        (PORTS, {}, 'k:{"containerPort":0,"protocol":"TCP"}'),
        (ENV, {"name": "a", "value": "b"}, 'k:{"name":"a"}'),
        (ENV, {}, 'k:{"name":""}'),
        (FINALIZERS, "a/b", 'v:"a/b"'),
    ],
)
def test_elements_are_told_apart_by_keys_and_their_defaults(node: Any, item: Any, element: str) -> None:
    assert element_of(node, item) == element


@pytest.mark.parametrize(
    ("node", "item", "problem"),
    [
        (PORTS, None, "null element"),
        (PORTS, "x", "non-map elements"),
        (FINALIZERS, {}, "map type"),
        (FINALIZERS, [], "lists as elements"),
        (FINALIZERS, None, "explicit null"),
    ],
)
def test_elements_that_cannot_be_told_apart_are_refused(node: Any, item: Any, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        element_of(node, item)


def test_published_schemas_bring_all_that_they_refer_to() -> None:
    found = with_references(["io.k8s.api.core.v1.ConfigMap", "unknown"])
    assert "io.k8s.api.core.v1.ConfigMap" in found
    assert "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" in found
    assert "io.k8s.api.core.v1.Pod" not in found
    assert "unknown" not in found
