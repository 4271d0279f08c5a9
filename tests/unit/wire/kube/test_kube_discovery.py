"""Discovery in both forms, /version and OpenAPI, from the registry alone."""

import json
from typing import Any

import pytest

from sekisho.wire.kube.discovery import Page, discover, version_page
from sekisho.wire.kube.openapi import OpenApi
from sekisho.wire.kube.registry import ALL_VERBS, CORE, RBAC, REGISTRY, Resource
from sekisho.wire.kube.schema import load

SCHEMA = load()
KUBECTL = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)
KUBECTL_1_27 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"


def page(path: str, accept: str = "") -> tuple[str, Any]:
    found = discover(REGISTRY, path, accept, "127.0.0.1:6443")
    assert found is not None
    return found.content_type, json.loads(found.body)


@pytest.mark.parametrize("path", ["/api", "/apis"])
@pytest.mark.parametrize(
    ("accept", "version"), [(KUBECTL, "v2"), (KUBECTL_1_27, "v2beta1"), ("application/json", ""), ("", "")]
)
def test_the_aggregated_form_is_sent_to_those_who_ask(path: str, accept: str, version: str) -> None:
    content_type, document = page(path, accept)
    if version:
        assert content_type == f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
        assert document["apiVersion"] == f"apidiscovery.k8s.io/{version}"
    else:
        assert content_type == "application/json"
        assert document["kind"] == ("APIVersions" if path == "/api" else "APIGroupList")


def test_legacy_documents_list_each_resource_and_subresource() -> None:
    _, core = page("/api/v1")
    assert core["groupVersion"] == "v1"
    rows = {row["name"]: row for row in core["resources"]}
    assert rows["serviceaccounts/token"] == {
        "name": "serviceaccounts/token",
        "singularName": "",
        "namespaced": True,
        "group": "authentication.k8s.io",
        "version": "v1",
        "kind": "TokenRequest",
        "verbs": ["create"],
    }
    assert rows["configmaps"]["shortNames"] == ["cm"]
    assert rows["nodes"]["namespaced"] is False
    assert rows["pods"]["categories"] == ["all"]


def test_groups_prefer_their_first_version() -> None:
    _, group = page("/apis/authentication.k8s.io")
    assert group["preferredVersion"] == {"groupVersion": "authentication.k8s.io/v1", "version": "v1"}
    assert [version["version"] for version in group["versions"]] == ["v1", "v1beta1"]
    _, groups = page("/apis")
    assert [g["name"] for g in groups["groups"]] == list(REGISTRY.groups())


def test_both_forms_name_the_same_resources() -> None:
    _, aggregated = page("/apis", KUBECTL)
    names = {
        (group["metadata"]["name"], version["version"], resource["resource"])
        for group in aggregated["items"]
        for version in group["versions"]
        for resource in version["resources"]
    }
    assert names == {(r.group, r.version, r.plural) for r in REGISTRY.resources if r.group}


@pytest.mark.parametrize("path", ["/", "/api/v2", "/apis/none", "/apis/apps/v9", "/apis//v1", "/api/v1/pods"])
def test_other_paths_are_not_discovery(path: str) -> None:
    assert discover(REGISTRY, path) is None


def test_the_etag_follows_the_body() -> None:
    assert Page("x", b"a").etag == Page("y", b"a").etag != Page("x", b"b").etag


@pytest.mark.parametrize(
    ("git_version", "minor"),
    [("v1.34.2-eks-2d5f260", "34+"), ("v1.23.13-eks-fb123a0", "23+"), ("v1.33.1", "33")],
)
def test_version(git_version: str, minor: str) -> None:
    document = json.loads(version_page(git_version).body)
    assert (document["major"], document["minor"], document["gitVersion"]) == ("1", minor, git_version)


def test_another_form_of_version_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a version"):
        version_page("1.34")


def test_the_registry_finds_by_path_and_by_kind() -> None:
    roles = REGISTRY.at_path("rbac.authorization.k8s.io", "v1", "roles")
    assert roles == REGISTRY.of_kind("rbac.authorization.k8s.io/v1", "Role")
    assert roles is not None
    assert roles.verbs == ALL_VERBS
    assert REGISTRY.at_path("", "v1", "roles") is None
    assert REGISTRY.of_kind("v2", "Pod") is None


def test_review_kinds_are_only_created() -> None:
    reviews = [r for r in REGISTRY.resources if "review" in r.plural]
    assert len(reviews) == 7
    assert all(r.verbs == ("create",) and not r.is_stored for r in reviews)


@pytest.mark.parametrize("resource", REGISTRY.resources, ids=lambda r: f"{r.at.api_version}/{r.kind}")
def test_every_kind_has_a_schema(resource: Resource) -> None:
    assert SCHEMA.of_kind(resource.at.api_version, resource.kind) is not None


OPENAPI = OpenApi(REGISTRY, SCHEMA, "v1.34.2")


def test_openapi_v2_is_empty_and_v3_has_a_document_per_version() -> None:
    empty, index = OPENAPI.page("/openapi/v2"), OPENAPI.page("/openapi/v3")
    assert empty is not None
    assert empty.body == b""
    assert index is not None
    paths = json.loads(index.body)["paths"]
    assert set(paths) == {r.at.path.strip("/") for r in REGISTRY.resources}
    for name, link in paths.items():
        assert link["serverRelativeURL"].startswith(f"/openapi/v3/{name}?hash=")
    assert OPENAPI.page("/openapi/v3/apis/none/v1") is None


@pytest.mark.parametrize("at", [CORE, RBAC], ids=lambda at: str(at.api_version))
def test_openapi_v3_offers_field_validation_and_closed_references(at: Any) -> None:
    found = OPENAPI.page(f"/openapi/v3{at.path}")
    assert found is not None
    document = json.loads(found.body)
    schemas = document["components"]["schemas"]
    for resource in REGISTRY.in_version(at):
        scope = "/namespaces/{namespace}" if resource.namespaced else ""
        patch = document["paths"][f"{at.path}{scope}/{resource.plural}/{{name}}"]["patch"]
        assert {"fieldValidation", "dryRun", "force"} <= {p["name"] for p in patch["parameters"]}
        assert patch["x-kubernetes-group-version-kind"]["kind"] == resource.kind
    references = set(_references(document))
    assert references <= {f"#/components/schemas/{name}" for name in schemas}
    assert references


def test_openapi_v3_marks_lists_for_merging() -> None:
    found = OPENAPI.page("/openapi/v3/api/v1")
    assert found is not None
    spec = json.loads(found.body)["components"]["schemas"]["io.k8s.api.core.v1.PodSpec"]["properties"]
    assert spec["containers"]["x-kubernetes-patch-merge-key"] == "name"
    assert spec["containers"]["x-kubernetes-list-map-keys"] == ["name"]
    assert spec["nodeSelector"]["x-kubernetes-map-type"] == "atomic"


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [ref for member in value.values() for ref in _references(member)]
    return [ref for item in value for ref in _references(item)] if isinstance(value, list) else []
