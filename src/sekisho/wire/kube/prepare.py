"""What a registry's strategy takes out of an object before it is stored, after its fields have got owners.

Source: kubernetes pkg/registry, the strategies' PrepareForCreate and PrepareForUpdate.
"""

from sekisho.decide.values import Json, JsonObject
from sekisho.wire.kube.members import objects, text
from sekisho.wire.kube.registry import CORE, RBAC, Resource


def prepared(resource: Resource, body: JsonObject) -> JsonObject:
    """Return ``body`` as it is stored.

    A ServiceAccount names its secrets by nothing but their names; no rules of a role are null.
    """
    if resource.group == RBAC.group and "rules" in body:
        return {**body, "rules": body["rules"] or None}
    if (resource.at, resource.kind) != (CORE, "ServiceAccount") or not body.get("secrets"):
        return body
    secrets: list[Json] = [
        {"name": text(secret, "name")} if "name" in secret else {} for secret in objects(body, "secrets")
    ]
    return {**body, "secrets": secrets}
