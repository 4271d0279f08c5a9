"""The service account that is read for a pod on its way in: names that nobody validated lead nowhere else."""

import asyncio
from typing import Any, cast

import pytest

from sekisho.decide.values import JsonObject
from sekisho.lab.envtest.first_objects import Seeder

FOUND: JsonObject = {"kind": "ServiceAccount", "metadata": {"name": "app", "namespace": "web"}}


class _Asked(Seeder):
    def __init__(self) -> None:
        super().__init__(cast(Any, None), cast(Any, None), cast(Any, None), "")
        self.paths: list[str] = []

    async def _ask(self, method: str, path: str, body: JsonObject | None = None) -> tuple[int, JsonObject]:
        assert (method, body) == ("GET", None)
        self.paths.append(path)
        return 200, FOUND


class _Copy:
    def __init__(self) -> None:
        self.put_: list[JsonObject] = []

    def put(self, _resource: object, body: JsonObject) -> None:
        self.put_.append(body)


def _refreshed(namespace: str, name: str) -> tuple[list[str], list[JsonObject]]:
    asked, copy = _Asked(), _Copy()
    asyncio.run(asked.refresh(cast(Any, copy), namespace, name))
    return asked.paths, copy.put_


def test_an_account_is_read_and_copied() -> None:
    assert _refreshed("web", "app") == (["/api/v1/namespaces/web/serviceaccounts/app"], [FOUND])


@pytest.mark.parametrize(
    ("namespace", "name"),
    [
        ("web", "../secrets/password"),
        ("web", "app/token"),
        ("web", "app?watch=1"),
        ("web", ".."),
        ("web", "%2e%2e"),
        ("web", ""),
        ("../namespaces/kube-system", "app"),
        ("", "app"),
    ],
)
def test_what_is_no_name_of_an_account_is_not_asked_for(namespace: str, name: str) -> None:
    assert _refreshed(namespace, name) == ([], [])
