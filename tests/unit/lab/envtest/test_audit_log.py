"""What the journal gets of an audit event whose refusal no checkpoint of the lab's explains."""

import asyncio
import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from sekisho.decide.decision import Outcome
from sekisho.lab.door_code import DoorCode
from sekisho.lab.envtest.audit import AuditLog
from sekisho.lab.journal import Asked, Journal
from sekisho.lab.kube.live_cluster import LiveCluster
from sekisho.lab.world import Clock, Ids
from sekisho.wire.http import Request

EVENT = {
    "stage": "ResponseStarted",
    "auditID": "id-1",
    "verb": "list",
    "requestURI": "/api/v1/namespaces/shop/pods?limit=5",
    "userAgent": "kubectl/1",
    "user": {},
    "responseStatus": {"code": 401, "message": "Unauthorized"},
    "requestReceivedTimestamp": "2026-11-24T12:00:00.000001Z",
    "stageTimestamp": "2026-11-24T12:00:00.000002Z",
}
BACKEND = {**EVENT, "stage": "ResponseComplete", "user": {"username": "ana"}}


def noted(event: Mapping[str, Any]) -> list[Asked]:
    found: list[Asked] = []
    cluster, journal = SimpleNamespace(name="shop"), SimpleNamespace(note=found.append)
    log = AuditLog(cast("LiveCluster", cluster), cast("Journal", journal), Clock(), Ids())

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": json.dumps({"items": [event]}).encode()}

    asyncio.run(log.note(Request("POST", "/audit", "", (), None, receive)))
    return found


NOBODY_S = {
    "no token was refused then": EVENT,
    "moments that cannot be read": {**EVENT, "requestReceivedTimestamp": "soon", "stageTimestamp": ""},
}


@pytest.mark.parametrize("event", NOBODY_S.values(), ids=NOBODY_S.keys())
def test_what_failed_authentication_for_another_reason_is_told_without_a_caller(
    event: Mapping[str, Any],
) -> None:
    (asked,) = noted(event)
    assert (asked.id, asked.who, asked.client) == ("id-1", "", "kubectl/1")
    assert (asked.question, asked.status, asked.outcome) == ("list pods in shop", 401, Outcome.DENY)
    assert (asked.code, asked.chain) == (DoorCode.REFUSED, None)
    assert asked.sentence.endswith("for a reason of its own: Unauthorized")


def test_the_401_of_a_backend_is_its_own_and_names_who_asked() -> None:
    (asked,) = noted(BACKEND)
    assert (asked.who, asked.status, asked.outcome) == ("ana", 401, Outcome.DENY)
    assert asked.code == DoorCode.REFUSED


def test_a_request_that_only_begins_to_be_answered_is_not_noted_yet() -> None:
    assert noted({**BACKEND, "stage": "ResponseStarted"}) == []
