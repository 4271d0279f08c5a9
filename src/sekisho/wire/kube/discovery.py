"""Discovery: which groups, versions and resources there are.

Clients ask for ``/api`` and ``/apis`` in the aggregated form (apidiscovery.k8s.io v2, before
1.30 v2beta1) and fall back to one legacy document per group version.
Source: Kubernetes documentation, "The Kubernetes API", section "Discovery API".
"""

import hashlib
import re
from dataclasses import dataclass

from sekisho.decide.values import Json
from sekisho.decide.values.documents import to_json
from sekisho.wire.kube.negotiate import JSON, parse_accept
from sekisho.wire.kube.registry import GroupVersion, Registry, Resource, Subresource

AGGREGATED_GROUP = "apidiscovery.k8s.io"
AGGREGATED_VERSIONS = ("v2", "v2beta1")
AGGREGATED_KIND = "APIGroupDiscoveryList"


@dataclass(frozen=True, slots=True)
class Page:
    """A document ready to be sent."""

    content_type: str
    body: bytes

    @property
    def etag(self) -> str:
        """A quoted entity tag of the body."""
        return f'"{hashlib.sha256(self.body).hexdigest().upper()}"'


def discover(registry: Registry, path: str, accept: str = "", address: str = "") -> Page | None:
    """Return the discovery document at ``path``, None where ``path`` is not one.

    ``accept`` is the Accept header; ``address`` (``host:port``) is told to clients of ``/api``.
    """
    parts = path.strip("/").split("/")
    match parts:
        case ["api" | "apis" as root]:
            version = _aggregated_version(accept)
            if version:
                groups = [""] if root == "api" else list(registry.groups())
                return Page(_aggregated_type(version), to_json(_aggregated(registry, groups, version)))
            return _page(_core_versions(registry, address) if root == "api" else _group_list(registry))
        case ["apis", group] if group in registry.groups():
            return _page({"kind": "APIGroup", "apiVersion": "v1", **_group(registry, group)})
        case ["api", version] if version in registry.versions(""):
            return _page(_resource_list(registry, GroupVersion("", version)))
        case ["apis", group, version] if group and version in registry.versions(group):
            return _page(_resource_list(registry, GroupVersion(group, version)))
    return None


def version_page(git_version: str, build_date: str = "1970-01-01T00:00:00Z") -> Page:
    """Return the ``/version`` document for a version such as ``v1.34.2-eks-2d5f260``.

    A provider's build shows as ``34+`` in ``minor``, as on EKS.

    Raises:
        ValueError: not a version of the form ``vMAJOR.MINOR.PATCH[-SUFFIX]``.
    """
    match = re.fullmatch(r"v(\d+)\.(\d+)\.\d+([-+].*)?", git_version)
    if match is None:
        raise ValueError("expected a version such as v1.34.2-eks-2d5f260")
    commit = hashlib.sha1(git_version.encode(), usedforsecurity=False).hexdigest()
    return _page(
        {
            "major": match[1],
            "minor": match[2] + ("+" if match[3] else ""),
            "gitVersion": git_version,
            "gitCommit": commit,
            "gitTreeState": "clean",
            "buildDate": build_date,
            "goVersion": "go1.24.9",
            "compiler": "gc",
            "platform": "linux/amd64",
        }
    )


def _page(document: dict[str, Json]) -> Page:
    return Page(JSON, to_json(document))


def _aggregated_type(version: str) -> str:
    return f"{JSON};g={AGGREGATED_GROUP};v={version};as={AGGREGATED_KIND}"


def _aggregated_version(accept: str) -> str:
    """Return the version of the aggregated form that is wanted before the legacy one."""
    for wanted in parse_accept(accept):
        if wanted.media_type != JSON:
            continue
        if not wanted.parameter("as"):
            return ""
        if (
            wanted.parameter("as") == AGGREGATED_KIND
            and wanted.parameter("g") == AGGREGATED_GROUP
            and wanted.parameter("v") in AGGREGATED_VERSIONS
        ):
            return wanted.parameter("v")
    return ""


def _core_versions(registry: Registry, address: str) -> dict[str, Json]:
    return {
        "kind": "APIVersions",
        "versions": list(registry.versions("")),
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def _group_list(registry: Registry) -> dict[str, Json]:
    return {
        "kind": "APIGroupList",
        "apiVersion": "v1",
        "groups": [_group(registry, group) for group in registry.groups()],
    }


def _group(registry: Registry, group: str) -> dict[str, Json]:
    versions = [{"groupVersion": f"{group}/{v}", "version": v} for v in registry.versions(group)]
    return {"name": group, "versions": versions, "preferredVersion": versions[0]}


def _resource_list(registry: Registry, at: GroupVersion) -> dict[str, Json]:
    rows: list[Json] = []
    for resource in registry.in_version(at):
        rows.append(_legacy_resource(resource))
        rows.extend(_legacy_subresource(resource, sub) for sub in resource.subresources)
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": at.api_version,
        "resources": rows,
    }


def _legacy_resource(resource: Resource) -> dict[str, Json]:
    row: dict[str, Json] = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    return row | _optional(shortNames=resource.short_names, categories=resource.categories)


def _legacy_subresource(resource: Resource, sub: Subresource) -> dict[str, Json]:
    row: dict[str, Json] = {
        "name": f"{resource.plural}/{sub.name}",
        "singularName": "",
        "namespaced": resource.namespaced,
    }
    if sub.body:
        row |= {"group": sub.body.group, "version": sub.body.version}
    return row | {"kind": sub.kind, "verbs": list(sub.verbs)}


def _aggregated(registry: Registry, groups: list[str], version: str) -> dict[str, Json]:
    return {
        "kind": AGGREGATED_KIND,
        "apiVersion": f"{AGGREGATED_GROUP}/{version}",
        "metadata": {},
        "items": [_aggregated_group(registry, group) for group in groups],
    }


def _aggregated_group(registry: Registry, group: str) -> dict[str, Json]:
    versions: list[Json] = []
    for version in registry.versions(group):
        resources = [_aggregated_resource(r) for r in registry.in_version(GroupVersion(group, version))]
        versions.append({"version": version, "resources": resources, "freshness": "Current"})
    return {"metadata": {"name": group} if group else {}, "versions": versions}


def _aggregated_resource(resource: Resource) -> dict[str, Json]:
    row: dict[str, Json] = {
        "resource": resource.plural,
        "responseKind": _kind(resource.at, resource.kind),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    row |= _optional(shortNames=resource.short_names, categories=resource.categories)
    if resource.subresources:
        row["subresources"] = [
            {
                "subresource": sub.name,
                "responseKind": _kind(sub.body or resource.at, sub.kind),
                "verbs": list(sub.verbs),
            }
            for sub in resource.subresources
        ]
    return row


def _kind(at: GroupVersion, kind: str) -> dict[str, Json]:
    return {"group": at.group, "version": at.version, "kind": kind}


def _optional(**members: tuple[str, ...]) -> dict[str, Json]:
    return {name: list(values) for name, values in members.items() if values}
