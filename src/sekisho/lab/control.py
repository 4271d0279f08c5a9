"""What the lab answers to its own command line, over a unix socket that only its owner can open."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from sekisho import __version__
from sekisho.decide.chain import chain_of
from sekisho.decide.decision import chain_to_json
from sekisho.decide.values import Json, JsonObject, SekishoInputError
from sekisho.decide.values.documents import parse_json, to_json
from sekisho.facts import Kind
from sekisho.facts.snapshot_document import facts_to_document
from sekisho.lab.journal import Entry
from sekisho.wire.http import BodyTooLarge, Request, Response, StreamResponse

if TYPE_CHECKING:
    from sekisho.lab.lab import Lab

MAX_BODY_BYTES = 64 * 1024


class Control:
    """Answers requests on the control socket."""

    def __init__(self, lab: "Lab") -> None:
        self._lab = lab

    async def serve(self, request: Request) -> Response | StreamResponse:
        """Answer one request."""
        journal = self._lab.journal
        match request.method, request.path.strip("/").split("/"):
            case "GET", ["status"]:
                return _json(self.status())
            case "GET", ["facts"]:
                return _json(facts_to_document(self._lab.world.facts))
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
            case "POST", ["stop"]:
                self._lab.stopped.set()
                return _json({"stopping": True})
        return _json({"error": "no such path"}, 404)

    def status(self) -> JsonObject:
        """Return what `sekisho status` shows."""
        lab = self._lab
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
            for live in lab.clusters.live.values()
        ]
        environment = lab.environment()
        return {
            "version": __version__,
            "stateDirectory": str(lab.state.path),
            "time": lab.clock.now().rfc3339(),
            "revision": lab.world.revision,
            "proxy": f"http://127.0.0.1:{lab.proxy_port}",
            "awsEndpoint": f"https://127.0.0.1:{lab.door_port}",
            "accounts": [
                {"id": name, "name": getattr(account, "name", "")}
                for name, account in lab.world.facts.scope(Kind.ACCOUNT, "").items()
            ],
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
                for arn, live in self._lab.clusters.live.items():
                    if name in (arn, live.name):
                        found = self._lab.clusters.authenticators[arn].authenticate(
                            token, self._lab.clock.now()
                        )
                        return _json(chain_to_json(chain_of(found.links, found.identity, live)))
                return _json({"error": f"the lab has no cluster named {name[:100]!r}"}, 404)
        return _json({"error": "expected a JSON object with token and cluster"}, 400)

    async def _follow(self) -> AsyncIterator[bytes]:
        yield b"\n"  # the head goes out with the first part: the client knows that it is connected
        async for entry in self._lab.journal.follow():
            yield to_json(entry.to_json()) + b"\n"


def _entry(entry: Entry | None) -> Response:
    return _json({"error": "no such entry"}, 404) if entry is None else _json(entry.to_json())


def _json(value: Json, status: int = 200) -> Response:
    return Response(status, to_json(value), (("content-type", "application/json"),))
