"""The service accounts of the cluster: watched, and asked for where the watch has not shown them yet.

A pod is often created right after its account. A webhook that only knows what its watch has shown
leaves that pod without its role, in silence; asking takes a few milliseconds.
"""

import asyncio
import logging
from typing import Final
from urllib.parse import quote

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.follow import Follower, Objects
from sekisho.connect.kube.single_object import ObjectClient
from sekisho.decide.values import Json, JsonObject
from sekisho.decide.workload.settings import Annotations
from sekisho.serve.json_log import facts
from sekisho.serve.pod_identity_webhook.metrics import Lookup, Metrics

_log = logging.getLogger("sekisho.pod-identity-webhook")

SERVICE_ACCOUNTS: Final = "/api/v1/serviceaccounts"
MAX_LOOKUPS: Final = 50
"""Accounts asked for at once; who comes later is not kept waiting."""


class Unread(Exception):  # noqa: N818 - an answer: nobody can tell
    """The cluster could not be asked for an account."""


def annotations_of(prefix: str, body: JsonObject) -> dict[str, Json]:
    """Return the annotations of an object that begin with ``prefix/``: all that is kept of an account.

    Others may hold a copy of the whole object (``kubectl apply``), for each of many thousand accounts.
    """
    metadata = body.get("metadata")
    found = metadata.get("annotations") if isinstance(metadata, dict) else None
    members = found.items() if isinstance(found, dict) else ()
    return {name: text for name, text in members if name.startswith(f"{prefix}/")}


class Accounts:
    """Annotations by account, those with ``prefix``; ``follower`` keeps what `annotations_of` returns."""

    def __init__(self, follower: Follower, client: ObjectClient, metrics: Metrics, prefix: str) -> None:
        self._follower = follower
        self._client = client
        self._metrics = metrics
        self._prefix = prefix
        self._known: Objects | None = None
        self._asked: dict[str, asyncio.Task[Annotations | None]] = {}
        self.problem = ""

    @property
    def is_read(self) -> bool:
        """Whether all accounts were read once."""
        return self._known is not None

    async def run(self) -> None:
        """Follow the accounts."""
        await self._follower.run(self.changed, self.failed)

    def changed(self, objects: Objects) -> None:
        """Take what the cluster holds now."""
        if self._known is None or self.problem:
            _log.info("read the service accounts", extra=facts(accounts=len(objects)))
        self.problem = ""
        self._known = objects

    def measure(self) -> None:
        """Set the gauges that describe the accounts."""
        known, role = self._known or {}, f"{self._prefix}/role-arn"
        self._metrics.accounts.set(len(known))
        self._metrics.used.set(any(role in found for found in known.values()))

    def failed(self, problem: str) -> None:
        """Note that the cluster cannot be watched now; accounts are asked for one by one meanwhile."""
        self.problem = f"the service accounts cannot be watched: {problem}"
        self._metrics.failures.labels("serviceaccounts").inc()
        _log.warning("the watch of the service accounts failed", extra=facts(problem=problem))

    async def annotations(self, namespace: str, name: str) -> Annotations | None:
        """Return the annotations of an account; None: there is no such account.

        Raises:
            Unread: it is not in the cache, and the cluster did not say.
        """
        key = f"{namespace}/{name}"
        known = self._known.get(key) if self._known is not None else None
        if known is not None:
            return _texts(known)
        running = self._asked.get(key)
        if running is None:
            if len(self._asked) >= MAX_LOOKUPS:
                self._metrics.lookups.labels(Lookup.REFUSED).inc()
                raise Unread
            # A task of its own: whoever asked first may go away, and others still wait.
            running = self._asked[key] = asyncio.create_task(self._ask(namespace, name))
            running.add_done_callback(lambda _task: self._asked.pop(key, None))
        try:
            return await asyncio.shield(running)
        except EnvironmentFailure as error:
            _log.warning("a service account was not read", extra=facts(account=key, problem=str(error)))
            raise Unread from None

    async def _ask(self, namespace: str, name: str) -> Annotations | None:
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/serviceaccounts/{quote(name, safe='')}"
        try:
            found = await self._client.read(path)
        except EnvironmentFailure:
            self._metrics.lookups.labels(Lookup.FAILED).inc()
            raise
        self._metrics.lookups.labels(Lookup.ABSENT if found is None else Lookup.FOUND).inc()
        return None if found is None else _texts(annotations_of(self._prefix, found))


def _texts(annotations: JsonObject) -> dict[str, str]:
    return {name: text for name, text in annotations.items() if isinstance(text, str)}
