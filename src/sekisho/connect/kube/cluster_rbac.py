"""The RBAC objects of a cluster, read from its API server."""

from collections.abc import Mapping

from sekisho.connect.kube.client import KubeClient
from sekisho.decide.rbac.index import Index, build
from sekisho.decide.rbac.model import RbacObject
from sekisho.decide.rbac.objects import GROUP, parse_object

_KINDS = {
    "clusterroles": "ClusterRole",
    "clusterrolebindings": "ClusterRoleBinding",
    "roles": "Role",
    "rolebindings": "RoleBinding",
}


def read_rbac(client: KubeClient) -> Index:
    """Return the index of every Role and binding.

    Raises:
        EnvironmentFailure: the server refused, could not be reached or answered something else.
        SekishoInputError: an object that it answered cannot be read.
    """
    found: list[RbacObject] = []
    for plural, kind in _KINDS.items():
        listed = client.read(f"/apis/{GROUP}/v1/{plural}") or {}
        items = listed.get("items")
        found.extend(
            parse_object({**item, "apiVersion": f"{GROUP}/v1", "kind": kind})
            for item in (items if isinstance(items, list) else ())
            if isinstance(item, Mapping)
        )
    return build(found)
