"""The webhook's own certificate: kept in a Secret that replicas share, believed through ``caBundle``.

Whoever comes first makes it; the others read it. What somebody else applied over the ``caBundle`` is
put right again at the next look.
"""

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import quote

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.single_object import ObjectClient, ObjectConflict
from sekisho.decide.values import Json, JsonObject
from sekisho.decide.workload.registration import WEBHOOK_NAME
from sekisho.serve.json_log import facts
from sekisho.serve.pod_identity_webhook.certificates import Material, bundle, renewed, serving_names
from sekisho.serve.tls import CertificateFiles
from sekisho.serve.written_file import write_at_once

_log = logging.getLogger("sekisho.pod-identity-webhook")

LOOK_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 1.0
"""How soon what failed is tried again: a webhook that is not believed leaves pods without their roles."""
MAX_TRIES: Final = 5
_MANAGED_BY: Final = ("app.kubernetes.io/managed-by", "sekisho")
_CONFIGURATIONS: Final = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
_MEMBERS: Final = ("ca.crt", "ca.key", "tls.crt", "tls.key")


class ManagedCertificate:
    """Keeps the certificate of ``service`` in ``namespace`` good, in files of ``folder``.

    ``secret`` is the Secret's name, ``configuration`` that of the MutatingWebhookConfiguration.
    """

    def __init__(
        self,
        client: ObjectClient,
        folder: Path,
        namespace: str,
        service: str,
        secret: str,
        configuration: str,
        now: Callable[[], datetime],
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._service = service
        self._secret = secret
        self._configuration = configuration
        self._now = now
        self._written: Material | None = None
        self.files = CertificateFiles(folder / "tls.crt", folder / "tls.key")
        self.problem = ""

    async def ensure(self) -> Material:
        """Return a certificate that is good for a while, in the Secret and in the files.

        Raises:
            EnvironmentFailure: the Secret cannot be read or written, or it is somebody else's.
        """
        for _ in range(MAX_TRIES):
            try:
                material = await self._shared()
            except ObjectConflict:
                continue  # another replica was faster: what it wrote is read
            if material != self._written:
                self._write(material)
                self._written = material
            return material
        raise EnvironmentFailure(self._told("write"), "it changed under every try", can_retry=True)

    async def run(self) -> None:
        """Look again and again; what fails is tried again soon."""
        while True:
            await self.look()
            await asyncio.sleep(RETRY_SECONDS if self.problem else LOOK_SECONDS)

    async def look(self) -> None:
        """Put certificate and ``caBundle`` in order; ``problem`` says what stands against it."""
        try:
            problem = await self._publish(await self.ensure())
        except EnvironmentFailure as error:
            problem = str(error)
        if problem and problem != self.problem:
            _log.warning("the certificate is not in order", extra=facts(problem=problem))
        self.problem = problem

    async def _shared(self) -> Material:
        collection = f"/api/v1/namespaces/{quote(self._namespace, safe='')}/secrets"
        path = f"{collection}/{quote(self._secret, safe='')}"
        found = await self._client.read(path)
        labels = _member(_member(found or {}, "metadata"), "labels")
        if found is not None and labels.get(_MANAGED_BY[0]) != _MANAGED_BY[1]:
            raise EnvironmentFailure(
                self._told("use"),
                f"it is not labelled {'='.join(_MANAGED_BY)}, so somebody else's; name another --tls-secret",
            )
        material = _material(_member(found or {}, "data"))
        fresh = renewed(material, serving_names(self._service, self._namespace), self._now())
        if fresh is None:
            assert material is not None  # noqa: S101 - nothing is always renewed
            return material
        body = self._document(fresh, _member(found or {}, "metadata").get("resourceVersion"))
        if found is None:
            await self._client.create(collection, body)
        else:
            await self._client.replace(path, body)
        _log.info("made a certificate", extra=facts(secret=f"{self._namespace}/{self._secret}"))
        return fresh

    def _document(self, material: Material, version: Json) -> dict[str, Json]:
        values = (material.authority, material.authority_key, material.certificate, material.key)
        data = {name: base64.b64encode(value).decode() for name, value in zip(_MEMBERS, values, strict=True)}
        metadata: dict[str, Json] = {"name": self._secret, "namespace": self._namespace}
        metadata["labels"] = dict([_MANAGED_BY])
        if version:
            metadata["resourceVersion"] = version
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": metadata,
            "type": "kubernetes.io/tls",
            "data": data,
        }

    def _write(self, material: Material) -> None:
        try:
            self.files.key.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path, content in (
                (self.files.key, material.key),
                (self.files.certificate, material.certificate),
            ):
                write_at_once(path, content, 0o600)
        except OSError as error:
            problem = (error.strerror or str(error)).lower()
            raise EnvironmentFailure(
                f"write {self.files.key.parent}", f"{problem}; choose another --state-dir"
            ) from None

    async def _publish(self, material: Material) -> str:
        """Put the authority into the registration; return what keeps it from being believed."""
        path = f"{_CONFIGURATIONS}/{quote(self._configuration, safe='')}"
        for _ in range(MAX_TRIES):
            found = await self._client.read(path)
            if found is None:
                return (
                    f"there is no MutatingWebhookConfiguration {self._configuration} that asks this webhook"
                )
            webhooks = found.get("webhooks")
            listed = webhooks if isinstance(webhooks, list) else []
            ours = [entry for entry in listed if isinstance(entry, dict) and self._is_own(entry)]
            if not ours:
                return f"no webhook of the MutatingWebhookConfiguration {self._configuration} is this one"
            changed = [self._believed(entry, material) if entry in ours else entry for entry in listed]
            if changed == listed:
                return ""
            try:
                await self._client.replace(path, {**found, "webhooks": changed})
            except ObjectConflict:
                continue
            _log.info("wrote the caBundle", extra=facts(configuration=self._configuration))
            return ""
        return f"the MutatingWebhookConfiguration {self._configuration} changed under every try"

    def _is_own(self, entry: JsonObject) -> bool:
        service = _member(_member(entry, "clientConfig"), "service")
        here = (self._service, self._namespace)
        return entry.get("name") == WEBHOOK_NAME or (service.get("name"), service.get("namespace")) == here

    def _believed(self, entry: JsonObject, material: Material) -> JsonObject:
        client = _member(entry, "clientConfig")
        before = _decoded(client.get("caBundle"))
        wanted = base64.b64encode(bundle(material.authority, before, self._now())).decode()
        return {**entry, "clientConfig": {**client, "caBundle": wanted}}

    def _told(self, verb: str) -> str:
        return f"{verb} the Secret {self._namespace}/{self._secret}"


def _material(data: JsonObject) -> Material | None:
    if not data:
        return None
    return Material(*(_decoded(data.get(name)) for name in _MEMBERS))


def _decoded(value: Json) -> bytes:
    if not isinstance(value, str):
        return b""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return b""


def _member(body: JsonObject, name: str) -> JsonObject:
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}
