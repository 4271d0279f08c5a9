"""What the lab answers to its own command line, over a unix socket that only its owner can open."""

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import timedelta

from sekisho import __version__
from sekisho.decide.decision import chain_to_json
from sekisho.decide.values import Json, JsonObject, SekishoInputError
from sekisho.decide.values.documents import MAX_DOCUMENT_BYTES, parse_json, to_json
from sekisho.facts import Kind
from sekisho.facts.snapshot_document import facts_to_document
from sekisho.lab.environment import Environment
from sekisho.lab.errors import LabError
from sekisho.lab.journal import Entry, Journal
from sekisho.lab.saving import saved_world
from sekisho.lab.site import Clusters
from sekisho.lab.world import Clock, StateDir, World
from sekisho.lab.world.clock import next_second
from sekisho.wire.http import BodyTooLarge, Request, Response, StreamResponse

Load = Callable[[str, str, Mapping[str, str]], Awaitable[None]]
"""Puts the world of a text, a name and named files in the place of this one."""

MAX_BODY_BYTES = 64 * 1024
MAX_WORLD_BYTES = 3 * MAX_DOCUMENT_BYTES
"""A world file, as JSON writes it, and the files that it names."""
CLOCK_META = "clock/moves"
"""The setting that keeps the moves of the clock over a restart."""


class Control:
    """Answers requests on the control socket."""

    def __init__(
        self,
        state: StateDir,
        clock: Clock,
        world: World,
        journal: Journal,
        clusters: Clusters,
        environment: Environment,
        door_port: int,
        login_port: int,
        stop: Callable[[], None],
        load: Load,
    ) -> None:
        self._state = state
        self._clock = clock
        self._world = world
        self._journal = journal
        self._clusters = clusters
        self._environment = environment
        self._door_port = door_port
        self._login_port = login_port
        self._stop = stop
        self._load = load

    async def serve(self, request: Request) -> Response | StreamResponse:
        """Answer one request."""
        journal = self._journal
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["status"]:
                return _json(self.status())
            case "GET", ["facts"]:
                return _json(facts_to_document(self._world.facts))
            case "GET", ["journal"]:
                return _json([entry.to_json() for entry in journal.entries()[-200:]])
            case "GET", ["journal", "last-refusal"]:
                return _entry(journal.last_refusal())
            case "GET", ["journal", "follow"]:
                return StreamResponse(200, self._follow(), (("content-type", "application/x-ndjson"),))
            case "GET", ["journal", "entry", identifier]:
                return _entry(journal.find(identifier))
            case "POST", ["explain-token"]:
                return await self._explain_token(request)
            case "POST", ["clock"]:
                return await self._move_clock(request)
            case "GET", ["world"]:
                saved = saved_world(self._world)
                return _json({"text": saved.text, "notices": list(saved.notices)})
            case "POST", ["world"]:
                return await self._load_world(request)
            case "POST", ["stop"]:
                # Whoever still sends when the lab is gone never reads the answer.
                with contextlib.suppress(BodyTooLarge):
                    await request.body(MAX_BODY_BYTES)
                self._stop()
                return _json({"stopping": True})
        return _json({"error": "no such path"}, 404)

    def status(self) -> JsonObject:
        """Return what `sekisho status` shows."""
        clusters: list[Json] = [
            {
                "name": live.name,
                "arn": str(live.cluster.arn),
                "endpoint": live.cluster.endpoint,
                "version": live.cluster.version,
                "authenticationMode": live.authentication_mode,
                "awsAuth": {
                    "degraded": live.aws_auth.degraded,
                    "faults": [str(fault) for fault in live.aws_auth.faults],
                    "warnings": [notice.step.sentence() for notice in live.aws_auth.notices],
                },
            }
            for live in self._clusters.live.values()
        ]
        environment = self._environment
        return {
            "version": __version__,
            "stateDirectory": str(self._state.path),
            "time": self._clock.now().rfc3339(),
            "clockOffsetSeconds": int(self._clock.offset.total_seconds()),
            "revision": self._world.revision,
            "proxy": environment.set["HTTPS_PROXY"],
            "awsEndpoint": f"https://127.0.0.1:{self._door_port}",
            "loginPages": f"http://localhost:{self._login_port}",
            "accounts": [
                {"id": name, "name": getattr(account, "name", "")}
                for name, account in self._world.facts.scope(Kind.ACCOUNT, "").items()
            ],
            "apiServers": "envtest" if self._clusters.are_real else "own",
            "clusters": clusters,
            "environment": {
                "set": environment.set,
                "unset": list(environment.unset),
                "path": environment.path,
            },
        }

    async def _explain_token(self, request: Request) -> Response:
        try:
            asked = parse_json(await request.body(MAX_BODY_BYTES), "request")
        except (BodyTooLarge, SekishoInputError):
            return _json({"error": "expected a JSON object with token and cluster"}, 400)
        match asked:
            case {"token": str(token), "cluster": str(name)}:
                for arn, live in self._clusters.live.items():
                    if name in (arn, live.name):
                        found = await self._clusters.authenticators[arn].authenticate(token, explain=True)
                        return _json(chain_to_json(found.chain(live)))
                return _json({"error": f"the lab has no cluster named {name[:100]!r}"}, 404)
        return _json({"error": "expected a JSON object with token and cluster"}, 400)

    async def _move_clock(self, request: Request) -> Response:
        try:
            asked = parse_json(await request.body(MAX_BODY_BYTES), "request")
        except (BodyTooLarge, SekishoInputError):
            asked = None
        match asked:
            case {"seconds": int(seconds)} if not isinstance(seconds, bool):
                try:
                    self._clock.move(timedelta(seconds=seconds))
                except (ValueError, OverflowError) as error:
                    return _json({"error": str(error)}, 400)
            case {"reset": True}:
                self._clock.reset()
            case _:
                return _json({"error": "expected seconds, or reset"}, 400)
        offset = int(self._clock.offset.total_seconds())
        self._world.commit((), meta={CLOCK_META: json.dumps(self._clock.moves)})
        await next_second(self._clock.moves[-1][0])
        return _json({"time": self._clock.now().rfc3339(), "offsetSeconds": offset})

    async def _load_world(self, request: Request) -> Response:
        try:
            asked = parse_json(await request.body(MAX_WORLD_BYTES), "request")
        except (BodyTooLarge, SekishoInputError):
            asked = None
        match asked:
            case {
                "text": str(text),
                "name": str(name),
                "files": Mapping() as files,
                "replace": bool(replace),
            }:
                named = {file: str(found) for file, found in files.items()}
            case _:
                return _json({"error": "expected text, name, files and replace"}, 400)
        if not replace and self._world.facts.scopes(Kind.ACCOUNT):
            return _json({"error": f"`{self._state.path}` holds a world already; replace it with --yes"}, 409)
        try:
            await self._load(text, name, named)
        except (SekishoInputError, LabError) as error:
            return _json({"error": str(error)}, 400)
        return _json(self.status())

    async def _follow(self) -> AsyncIterator[bytes]:
        yield b"\n"  # the head goes out with the first part: the client knows that it is connected
        async for entry in self._journal.follow():
            yield to_json(entry.to_json()) + b"\n"


def _entry(entry: Entry | None) -> Response:
    return _json({"error": "no such entry"}, 404) if entry is None else _json(entry.to_json())


def _json(value: Json, status: int = 200) -> Response:
    return Response(status, to_json(value), (("content-type", "application/json"),))
