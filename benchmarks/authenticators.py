"""The two authenticators over one STS that answers at once, slowly, or not: who asks it how often.

`sekisho serve authenticator` and `aws-iam-authenticator server` get the same flags, the same mapping file and
the same STS, a program on loopback that says yes to every token without looking at it
(`tests/support/fake_sts.py`, in this process). So the figures are those of the authenticators, and of a
network that costs nothing.

    python -m benchmarks.authenticators [--json] [--seconds N] [--tokens N] [--rounds N]

``fresh``: every token once. ``repeated``: one token for some seconds. ``sts_calls`` are those per review.
``yes`` is the share of reviews that let the caller in; a throttled STS refuses, and the authenticators may
try again. Each row is the median of rounds in which the two take turns, ``ours_to_this`` that of the rounds'
ratios. ``cpu_us`` is what the server took of a core for a review, ``load_us`` and ``sts_us`` what the load
generator and the STS took: all of them share the machine.
"""

import argparse
import base64
import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks import harness
from benchmarks.harness import Row
from benchmarks.load import Result
from benchmarks.token_review import Server, await_port, free_port, loaded, processor_seconds

from sekisho.decide.proof import HttpRequest, presign
from sekisho.decide.proof.credential import SigningKeys
from sekisho.decide.values import Instant, Secret

sys.path.insert(0, str(harness.ROOT / "tests"))
from support.fake_sts import ARN, GOOD, THROTTLED, FakeSts, fake_sts

CLUSTER = "measured"
REGION = "us-east-1"
CONNECTIONS = (1, 8, 64)
DIGITS = {"p50_ms": 2, "p99_ms": 2, "sts_calls": 4, "yes": 3}
SLOW_SECONDS = 0.2
SLOW_TOKENS = 300
CONFIG = f"""\
clusterID: {CLUSTER}
server:
  mapUsers:
  - userARN: {ARN}
    username: ana
    groups: [readers]
"""


@dataclass(frozen=True, slots=True)
class Weather:
    """How STS behaves."""

    name: str
    status: int
    body: bytes
    delay_seconds: float = 0.0


FAIR = Weather("fair", 200, GOOD)
SLOW = Weather(f"slow ({SLOW_SECONDS * 1000:.0f} ms)", 200, GOOD, SLOW_SECONDS)
THROTTLING = Weather("throttling", 400, THROTTLED)


def main() -> None:
    """Print the table."""
    report = harness.run("Measure authenticators over the same STS.", _options)
    harness.compile_bytecode()
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # the fake STS: a tunnel that the client closes
    with tempfile.TemporaryDirectory(prefix="sekisho-") as parent, ExitStack() as stack:
        folder = Path(parent)
        sts = stack.enter_context(fake_sts(folder / "sts"))
        command = [harness.sekisho_program(), "serve", "authenticator", "--kubeconfig-pregenerated"]
        command += ["--health-port", str(free_port())]
        servers = [stack.enter_context(_running("sekisho serve", command, sts, folder))]
        program = harness.client_program("aws-iam-authenticator")
        if program is not None:
            home = str(folder / "aws-iam-authenticator" / "kubeconfig.yaml")
            peer = [program, "server", "--generate-kubeconfig", home]
            servers.append(stack.enter_context(_running("aws-iam-authenticator", peer, sts, folder)))
        report.add("Authenticators over one STS", list(_rows(servers, sts, report.options)))
    report.close()


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=3.0, help="of each repeated row (default: 3)")
    parser.add_argument("--tokens", type=int, default=1500, help="of each fresh row (default: 1500)")
    parser.add_argument("--rounds", type=int, default=3, help="of each row (default: 3)")


def _rows(servers: list[Server], sts: FakeSts, options: argparse.Namespace) -> Iterator[Row]:
    tokens = _tokens()
    for weather in (FAIR, SLOW, THROTTLING):
        for what in ("fresh", "repeated"):
            for connections in CONNECTIONS:
                rounds = [
                    [_round(server, sts, weather, what, connections, tokens, options) for server in servers]
                    for _ in range(options.rounds)
                ]
                for place, server in enumerate(servers):
                    own = [found[place] for found in rounds]
                    middle = {name: median(one[name] for one in own) for name in own[0]}
                    ratio = median(found[0]["per_second"] / found[place]["per_second"] for found in rounds)
                    yield {
                        "sts": weather.name,
                        "token": what,
                        "connections": connections,
                        "server": server.name,
                        **{name: round(value, DIGITS.get(name, 0)) for name, value in middle.items()},
                        "ours_to_this": round(ratio, 2),
                    }


def _round(
    server: Server,
    sts: FakeSts,
    weather: Weather,
    what: str,
    connections: int,
    tokens: Iterator[str],
    options: argparse.Namespace,
) -> dict[str, float]:
    sts.status, sts.body, sts.delay_seconds = weather.status, weather.body, weather.delay_seconds
    count = options.tokens if weather is FAIR else min(options.tokens, SLOW_TOKENS)
    if weather is not FAIR and connections == 1:
        count = min(count, 20)
    asked = [next(tokens) for _ in range(count if what == "fresh" else 1)]
    sts.asked.clear()
    before, before_here = processor_seconds(server.process), time.process_time()
    result: Result = loaded(server, asked, connections, None if what == "fresh" else options.seconds)
    spent_here = time.process_time() - before_here
    spent = processor_seconds(server.process) - before
    requests = result["requests"]
    return {
        "per_second": requests / result["seconds"],
        "p50_ms": result["p50_ms"],
        "p99_ms": result["p99_ms"],
        "cpu_us": spent / requests * 1e6,
        "load_us": result["processor_seconds"] / requests * 1e6,
        "sts_us": spent_here / requests * 1e6,
        "sts_calls": len(sts.asked) / requests,
        "yes": 1 - result["wrong"] / requests,
    }


def _tokens() -> Iterator[str]:
    """Yield different tokens, well formed and signed with a key that nobody knows."""
    keys = SigningKeys("AKIAEXAMPLEEXAMPLE12", Secret("x" * 40))
    host = f"sts.{REGION}.amazonaws.com"
    query = "Action=GetCallerIdentity&Version=2011-06-15"
    request = HttpRequest("GET", "/", query, (("host", host), ("x-k8s-aws-id", CLUSTER)))
    start = datetime.now(UTC).replace(microsecond=0)
    number = 0
    while True:
        age, lifetime = divmod(number, 500)
        number += 1
        signed = presign(
            request,
            keys,
            Instant(start - timedelta(seconds=age)),
            region=REGION,
            service="sts",
            lifetime=timedelta(seconds=400 + lifetime),
        )
        url = f"https://{host}/?{signed.query}"
        yield "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


@contextmanager
def _running(name: str, command: list[str], sts: FakeSts, folder: Path) -> Iterator[Server]:
    home = folder / name.replace(" ", "-")
    home.mkdir()
    (home / "config.yaml").write_text(CONFIG)
    port = free_port()
    command = [*command, "--config", str(home / "config.yaml"), "--backend-mode", "MountedFile"]
    command += ["--state-dir", str(home), "--port", str(port)]
    environment = {**os.environ, **sts.environment(), "HOME": str(home), "AWS_REGION": REGION}
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, cwd=home
        ) as process,
    ):
        try:
            await_port(port)
            ca = (home / "cert.pem").read_text(encoding="utf-8")
            yield Server(name, process.pid, port, ca, "/authenticate", {}, "authentication.k8s.io/v1beta1")
        finally:
            process.kill()  # the peer does not end on SIGTERM


if __name__ == "__main__":
    main()
