"""Where the public keys come from: files that are followed, or the cluster's own key document, asked for."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from sekisho.connect.errors import EnvironmentFailure
from sekisho.connect.kube.single_object import ObjectClient
from sekisho.decide.proof.jws_keys import KeySet, parse_key_set
from sekisho.decide.values import Ref, SekishoInputError
from sekisho.decide.values.documents import to_json
from sekisho.serve.file_source import follow
from sekisho.serve.issuer.key_files import read_keys

CLUSTER_KEYS: Final = "/openid/v1/jwks"
KEY_SET_TYPE: Final = "application/jwk-set+json"
"""The only media type that kube-apiserver has for it (RFC 7517, section 8.5.2); others get a 406."""
ASK_SECONDS: Final = 60.0
RECORD_SECONDS: Final = 60.0
"""How often a record is looked at although no file changed: keys leave it by the clock."""


def keys_of_files(paths: Sequence[Path]) -> KeySet:
    """Return the keys of all files, each once.

    Raises:
        SekishoInputError: as `read_keys`.
    """
    return tuple(dict.fromkeys(key for path in paths for key in read_keys(path)))


class FileKeys:
    """PEM files; a bad one leaves what was read last."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = tuple(paths)

    async def run(self, changed: Callable[[KeySet], None], failed: Callable[[str], None]) -> None:
        """Tell of the keys when a file changed, and once a minute."""

        def read() -> None:
            try:
                changed(keys_of_files(self._paths))
            except SekishoInputError as error:
                failed(str(error))

        async def again() -> None:
            while True:
                await asyncio.sleep(RECORD_SECONDS)
                read()

        async with asyncio.TaskGroup() as group:
            group.create_task(follow(self._paths, read))
            group.create_task(again())


class ClusterKeys:
    """The key document of a cluster's API servers. They serve it to every authenticated service account."""

    def __init__(self, client: ObjectClient, seconds: float = ASK_SECONDS) -> None:
        self._client = client
        self._seconds = seconds

    async def run(self, changed: Callable[[KeySet], None], failed: Callable[[str], None]) -> None:
        """Tell of the keys after each time they were asked for."""
        while True:
            try:
                changed(await self.read())
            except (SekishoInputError, EnvironmentFailure) as error:
                failed(str(error))
            await asyncio.sleep(self._seconds)

    async def read(self) -> KeySet:
        """Return the keys now.

        Raises:
            EnvironmentFailure: the API server refused or cannot be reached.
            SekishoInputError: it answered with something else than keys.
        """
        found = await self._client.read(CLUSTER_KEYS, KEY_SET_TYPE)
        if found is None:
            raise EnvironmentFailure(f"GET {CLUSTER_KEYS}", "the API server has no key document")
        keys = parse_key_set(to_json(found), CLUSTER_KEYS)
        if not keys:
            raise SekishoInputError.single("issuer.keys", Ref(CLUSTER_KEYS), "expected public keys")
        return keys
