"""The private DNS names of EC2 instances, for ``{{EC2PrivateDNSName}}``: asked in batches, kept for a while.

Source: aws-iam-authenticator ``pkg/ec2provider``. Differs: names are kept an hour instead of for ever, and
a call that fails is told apart from an instance that there is not.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final

from sekisho.decide.authn.templates import PrivateDnsNames
from sekisho.serve.authenticator.metrics import Metrics
from sekisho.serve.json_log import facts

_log = logging.getLogger("sekisho.authenticator")

BATCH: Final = 100
BATCH_SECONDS: Final = 0.05
KEPT_SECONDS: Final = 3600.0
MISSING_SECONDS: Final = 10.0
MAX_KEPT: Final = 20_000

Describe = Callable[[Sequence[str]], dict[str, str]]
"""Asks EC2 for the names of instances; those that there are not are left out. Blocking; may raise."""


class PrivateDns:
    """Looks names up, many at once, at most ``qps`` calls a second with ``burst`` in a row."""

    def __init__(self, describe: Describe, metrics: Metrics, qps: int, burst: int) -> None:
        self._describe = describe
        self._metrics = metrics
        self._interval = 1.0 / qps
        self._burst = burst
        self._kept: OrderedDict[str, tuple[str | None, float]] = OrderedDict()
        self._asked: dict[str, asyncio.Future[PrivateDnsNames]] = {}
        self._batch: asyncio.Task[None] | None = None
        self._next_call = 0.0

    async def lookup(self, instance: str) -> PrivateDnsNames:
        """Return the name of ``instance``; empty if EC2 could not be asked. Raises only if cancelled."""
        loop = asyncio.get_running_loop()
        kept = self._kept.get(instance)
        if kept is not None and loop.time() < kept[1]:
            return {instance: kept[0]}
        waiting = self._asked.get(instance)
        if waiting is None:
            waiting = self._asked[instance] = loop.create_future()
            if self._batch is None or self._batch.done():
                self._batch = asyncio.create_task(self._run())
        return await asyncio.shield(waiting)

    async def _run(self) -> None:
        while self._asked:
            await asyncio.sleep(BATCH_SECONDS)  # others may come in the meantime
            await self._wait_turn()
            names = list(self._asked)[:BATCH]
            futures = {name: self._asked.pop(name) for name in names}
            found = await self._ask(names)
            for name, future in futures.items():
                if not future.done():
                    future.set_result({} if found is None else {name: found.get(name)})

    async def _ask(self, names: Sequence[str]) -> dict[str, str] | None:
        self._metrics.describe_instances.inc()
        try:
            found = await asyncio.to_thread(self._describe, names)
        except Exception as error:  # noqa: BLE001 - botocore raises hundreds of kinds; the name stays unread
            _log.error("DescribeInstances failed", extra=facts(problem=str(error).partition("\n")[0]))
            return None
        now = asyncio.get_running_loop().time()
        for name in names:
            lifetime = KEPT_SECONDS if name in found else MISSING_SECONDS
            self._kept[name] = (found.get(name), now + lifetime)
            self._kept.move_to_end(name)
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)
        return found

    async def _wait_turn(self) -> None:
        """Wait as a bucket of ``burst`` calls says that is filled ``qps`` times a second."""
        now = asyncio.get_running_loop().time()
        self._next_call = max(self._next_call, now - self._burst * self._interval) + self._interval
        await asyncio.sleep(max(0.0, self._next_call - now))


def describe_with(client: Any) -> Describe:
    """Return a `Describe` that asks the botocore client ``client`` of EC2."""

    def describe(names: Sequence[str]) -> dict[str, str]:
        found: dict[str, str] = {}
        filters = [{"Name": "instance-id", "Values": list(names)}]  # an unknown id is then no error
        for page in client.get_paginator("describe_instances").paginate(Filters=filters):
            for reservation in page.get("Reservations", ()):
                for instance in reservation.get("Instances", ()):
                    if instance.get("PrivateDnsName"):
                        found[instance["InstanceId"]] = instance["PrivateDnsName"]
        return found

    return describe
