"""What a cluster's API server is given when it is new: the world's objects, and EKS's admission webhook.

Source: EKS User Guide, "IAM roles for service accounts": EKS registers ``iam-for-pods.amazonaws.com`` in
every cluster.
"""

import base64
from collections.abc import Iterator, Mapping
from typing import Final

import aiohttp

from sekisho.connect.kube.api_server import ApiServer
from sekisho.decide.values import Json, JsonObject, SekishoInputError
from sekisho.decide.values.documents import parse_json, to_json
from sekisho.decide.workload.registration import CONFIGURATION_NAME, configuration
from sekisho.facts import Kind, kube_scope
from sekisho.lab.envtest.mirror import Mirror
from sekisho.lab.errors import LabError
from sekisho.lab.world import World
from sekisho.wire.kube.members import items, mapping, text
from sekisho.wire.kube.names import dns_label_problems, dns_subdomain_problems
from sekisho.wire.kube.registry import CORE, REGISTRY, RESOURCES, Resource

MAX_ANSWER_BYTES: Final = 8 * 1024 * 1024
_WEBHOOKS: Final = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
_SERVER_OWNED: Final = ("uid", "resourceVersion", "creationTimestamp", "generation", "managedFields")
_FIRST: Final = ("namespaces", "serviceaccounts")
_LAST: Final = "pods"
_NOT_STORED: Final = ("events",)


class Seeder:
    """Writes objects of the world to one API server, as the lab's own administrator."""

    def __init__(
        self, session: aiohttp.ClientSession, server: ApiServer, world: World, cluster_arn: str
    ) -> None:
        self._session = session
        self._server = server
        self._world = world
        self._cluster = cluster_arn

    async def put_first_objects(self, webhook: str, authority: str, *, is_new: bool) -> None:
        """Put the world's objects into a cluster that ``is_new``, and say where its webhook is now.

        What the API server made itself stays as it is; so does what a controller owns: it is made again.

        Raises:
            LabError: the server refuses an object; its own words.
        """
        if is_new:
            for resource, body in self._objects():
                await self._create(resource, body)
        body = webhook_configuration(webhook, authority)
        status, _ = await self._ask("POST", _WEBHOOKS, body)
        if status == 409:
            _, found = await self._ask("GET", f"{_WEBHOOKS}/{CONFIGURATION_NAME}")
            version = text(found, "metadata", "resourceVersion")
            body = {**body, "metadata": {"name": CONFIGURATION_NAME, "resourceVersion": version}}
            status, found = await self._ask("PUT", f"{_WEBHOOKS}/{CONFIGURATION_NAME}", body)
        if status not in (200, 201):
            raise LabError("the API server refuses the webhook of pod identity")

    async def refresh(self, mirror: Mirror | None, namespace: str, name: str) -> None:
        """Copy one service account now: a pod may be created right after its account was changed.

        The names are those of a pod that nobody validated yet: what cannot be an account is not asked for.
        """
        if dns_label_problems(namespace) or dns_subdomain_problems(name):
            return
        resource = REGISTRY.at_path(CORE.group, CORE.version, "serviceaccounts")
        status, found = await self._ask("GET", f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}")
        if status == 200 and mirror is not None and resource is not None:
            mirror.put(resource, found)

    def _objects(self) -> Iterator[tuple[Resource, JsonObject]]:
        stored = [one for one in RESOURCES if one.is_stored and one.plural not in _NOT_STORED]

        def place(resource: Resource) -> int:
            if resource.plural in _FIRST:
                return _FIRST.index(resource.plural)
            return len(_FIRST) + (resource.plural == _LAST)

        for resource in sorted(stored, key=place):
            scope = kube_scope(self._cluster, resource.group, resource.plural)
            for body in tuple(self._world.facts.scope(Kind.KUBE, scope).values()):
                if isinstance(body, Mapping) and not items(body, "metadata", "ownerReferences"):
                    yield resource, self._world.revealed(body)

    async def _create(self, resource: Resource, body: JsonObject) -> None:
        metadata = {
            name: value for name, value in mapping(body, "metadata").items() if name not in _SERVER_OWNED
        }
        wanted: JsonObject = {
            **body,
            "apiVersion": resource.at.api_version,
            "kind": resource.kind,
            "metadata": metadata,
        }
        namespace = text(metadata, "namespace")
        place = f"/namespaces/{namespace}" if resource.namespaced else ""
        path = f"{resource.at.path}{place}/{resource.plural}"
        status, told = await self._ask("POST", path, wanted)
        if status == 409:
            return
        if status != 201:
            raise LabError(
                f"the API server refuses {resource.kind} {text(metadata, 'name')} of the world: "
                f"{text(told, 'message') or f'HTTP {status}'}"
            )
        if resource.plural == "nodes" and "status" in body:
            # A node's status is its kubelet's to tell, and here there is none.
            full = {**told, "status": body["status"]}
            await self._ask("PUT", f"{path}/{text(metadata, 'name')}/status", full)

    async def _ask(self, method: str, path: str, body: JsonObject | None = None) -> tuple[int, JsonObject]:
        try:
            async with self._session.request(
                method,
                f"{self._server.url}{path}",
                data=None if body is None else to_json(body),
                headers={"content-type": "application/json"},
                ssl=self._server.trust,
                allow_redirects=False,
            ) as answer:
                found = parse_json(await answer.content.read(MAX_ANSWER_BYTES), "answer")
        except (aiohttp.ClientError, TimeoutError, SekishoInputError) as error:
            raise LabError(f"the API server did not answer {method} {path}: {type(error).__name__}") from None
        return answer.status, found if isinstance(found, dict) else {}


def webhook_configuration(url: str, authority: str) -> JsonObject:
    """Return the MutatingWebhookConfiguration of a cluster, with the webhook at ``url``."""
    ca_bundle: Json = base64.b64encode(authority.encode()).decode()
    return configuration(CONFIGURATION_NAME, {"url": url, "caBundle": ca_bundle})
