"""Roles and associations that are not annotations: the ConfigMap ``pod-identity-webhook`` and a file.

Source: amazon-eks-pod-identity-webhook, "pod-identity-webhook ConfigMap" and
``pkg/containercredentials``. Content that cannot be read leaves in force what was there.
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sekisho.connect.kube.follow import Follower, Objects
from sekisho.decide.values import Json, JsonObject, Ref, SekishoInputError
from sekisho.decide.values.documents import parse_json
from sekisho.decide.workload.settings import MappedRole
from sekisho.serve.file_source import follow, read_text
from sekisho.serve.json_log import facts
from sekisho.serve.pod_identity_webhook.metrics import Metrics

_log = logging.getLogger("sekisho.pod-identity-webhook")

CONFIG_MAP: Final = "pod-identity-webhook"
_MAPPING: Final = "pod-identity-webhook.mapping"
_IDENTITIES: Final = "pod-identity-webhook.identities"

Roles = Mapping[str, MappedRole]
Identities = frozenset[tuple[str, str]]
"""Namespace and name of accounts."""


def read_roles(text: str, at: Ref) -> dict[str, MappedRole]:
    """Return the entries of the ConfigMap's ``config``, by NAMESPACE/NAME or ``*/NAME``.

    Raises:
        SekishoInputError: it is no JSON object of entries.
    """
    value = parse_json(text, at.document)
    found: dict[str, MappedRole] = {}
    for key, entry in _object(value, at).items():
        here = at.child(key)
        if key.count("/") != 1:
            raise SekishoInputError.single(_MAPPING, here, "expected NAMESPACE/NAME or */NAME")
        members = _object(entry, here)
        for name in ("RoleARN", "Audience"):
            if not isinstance(members.get(name, ""), str):
                raise SekishoInputError.single(_MAPPING, here.child(name), "expected a string")
        regional, seconds = members.get("UseRegionalSTS", False), members.get("TokenExpiration", 0)
        if not isinstance(regional, bool):
            raise SekishoInputError.single(_MAPPING, here.child("UseRegionalSTS"), "expected true or false")
        if isinstance(seconds, bool) or not isinstance(seconds, int) or abs(seconds) >= 2**63:
            raise SekishoInputError.single(
                _MAPPING, here.child("TokenExpiration"), "expected a number of seconds"
            )
        found[key] = MappedRole(
            key, str(members.get("RoleARN", "")), str(members.get("Audience", "")), regional, seconds
        )
    return found


def read_identities(text: str, at: Ref) -> Identities:
    """Return the accounts of ``{"identities": [{"namespace", "serviceAccount"}]}``; empty text: none.

    Raises:
        SekishoInputError: it is not of that form.
    """
    if not text.strip():
        return frozenset()
    listed = _object(parse_json(text, at.document), at).get("identities")
    if listed is None:
        return frozenset()
    if not isinstance(listed, list):
        raise SekishoInputError.single(_IDENTITIES, at.child("identities"), "expected a list")
    found = set()
    for place, entry in enumerate(listed):
        match entry:
            case {"namespace": str(namespace), "serviceAccount": str(name)}:
                found.add((namespace, name))
            case _:
                raise SekishoInputError.single(
                    _IDENTITIES, at.child("identities", place), "expected namespace and serviceAccount"
                )
    return frozenset(found)


class ConfigMapRoles:
    """The roles of the ConfigMap, followed. ``roles`` is None until it was read."""

    def __init__(self, follower: Follower, namespace: str, metrics: Metrics) -> None:
        self._follower = follower
        self._key = f"{namespace}/{CONFIG_MAP}"
        self._metrics = metrics
        self.roles: Roles | None = None
        self.problem = ""

    def of(self, namespace: str, name: str) -> MappedRole | None:
        """Return what maps an account: its own entry before that of every namespace."""
        roles = self.roles or {}
        return roles.get(f"{namespace}/{name}") or roles.get(f"*/{name}")

    async def run(self) -> None:
        """Follow the ConfigMap."""
        await self._follower.run(self.changed, self.failed)

    def changed(self, objects: Objects) -> None:
        """Take what the cluster holds now."""
        at = Ref(f"configmap/{self._key}", "/data/config")
        try:
            data = objects.get(self._key, {}).get("data")
            text = data.get("config") if isinstance(data, Mapping) else None
            roles = read_roles(text, at) if isinstance(text, str) and text.strip() else {}
        except SekishoInputError as error:
            # What it said before stays; at the start that is nothing, and nobody waits for a typo's end.
            self.roles, self.problem = self.roles or {}, str(error)
            _log.error("the ConfigMap is not used", extra=facts(problem=str(error)))
            return
        self.roles, self.problem = roles, ""
        self._metrics.mappings.labels("configmap").set(len(roles))
        _log.info("read the ConfigMap", extra=facts(mappings=len(roles)))

    def failed(self, problem: str) -> None:
        """Note that the cluster cannot be watched now."""
        self.problem = f"the ConfigMap cannot be watched: {problem}"
        self._metrics.failures.labels("configmap").inc()
        _log.warning("the watch of the ConfigMap failed", extra=facts(problem=problem))


class FileIdentities:
    """The accounts with an association of EKS Pod Identity, from a file that may change."""

    def __init__(self, path: Path, metrics: Metrics) -> None:
        self._path = path
        self._metrics = metrics
        self.identities: Identities = frozenset()
        self.problem = ""
        self.changed()

    async def run(self) -> None:
        """Follow the file."""
        await follow((self._path,), self.changed)

    def changed(self) -> None:
        """Take what the file holds now; a file that is gone or empty names nobody."""
        try:
            text = read_text(self._path) if self._path.exists() else ""
            found = read_identities(text, Ref(str(self._path)))
        except SekishoInputError as error:
            if self.problem != str(error):
                _log.error("the identities are not used", extra=facts(problem=str(error)))
            self.problem = str(error)
            return
        self.problem = ""
        if found != self.identities:
            _log.info("read the identities", extra=facts(identities=len(found)))
        self.identities = found
        self._metrics.mappings.labels("container-credentials").set(len(found))


def _object(value: Json, at: Ref) -> JsonObject:
    if not isinstance(value, Mapping):
        raise SekishoInputError.single("pod-identity-webhook.no-object", at, "expected an object")
    return value
