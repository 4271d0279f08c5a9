"""TokenReviews over kept-alive TLS: our two servers beside aws-iam-authenticator, in one run.

The two are the lab's API server and `sekisho serve authenticator`.

    python -m benchmarks.token_review [--json] [--seconds N] [--tokens N]

``new token``: every token is asked about once, after it was presigned in advance. ``seen token``: one token
again and again. aws-iam-authenticator keeps no answers and asks STS each time; here its STS, and that of the
served authenticator, is the lab's, through the lab's proxy, which is nearer than AWS's and slower than AWS's
in requests per second. The servers, and the load generator with them, share the machine's cores. ``cpu_us``
is the time on a core that the server's own process took for a request, TLS included; that of the two is
without what the lab's STS took.
"""

import argparse
import base64
import configparser
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import harness
from benchmarks.harness import Row
from benchmarks.load import Job, Result

from sekisho.decide.proof import HttpRequest, presign
from sekisho.decide.proof.credential import SigningKeys
from sekisho.decide.values import Instant, Secret
from sekisho.testing import RunningLab, running_lab

CLUSTER = "eks-clu"
CONNECTIONS = (1, 16)
AUTHENTICATED = '"authenticated":true'
WARM_UP_SECONDS = 0.5
READY_SECONDS = 20.0

PEER_CONFIG = """\
clusterID: {cluster}
server:
  mapUsers:
  - userARN: {arn}
    username: admin
    groups: [system:masters]
"""


@dataclass(frozen=True, slots=True)
class Server:
    """One server to ask: its process, its address, the certificate to trust, what to send."""

    name: str
    process: int
    port: int
    ca: str
    path: str
    headers: dict[str, str]
    api_version: str
    host: str = "localhost"


def main() -> None:
    """Print the table."""
    report = harness.run("Measure TokenReviews over TLS.", _options)
    harness.compile_bytecode()
    with tempfile.TemporaryDirectory(prefix="sekisho-") as parent, running_lab(Path(parent) / "lab") as lab:
        tokens = _Tokens(lab)
        with ExitStack() as stack:
            servers = [_lab_server(lab, tokens)]
            folder = Path(parent)
            served = [harness.sekisho_program(), "serve", "authenticator", "--kubeconfig-pregenerated"]
            commands = {"sekisho serve": [*served, "--health-port", str(free_port())]}
            program = harness.client_program("aws-iam-authenticator")
            if program is not None:
                home = str(folder / "aws-iam-authenticator" / "kubeconfig.yaml")
                commands["aws-iam-authenticator"] = [program, "server", "--generate-kubeconfig", home]
            for name, command in commands.items():
                servers.append(stack.enter_context(_authenticator(name, command, lab, folder, tokens)))
            report.add("TokenReview over TLS", _measure(servers, tokens, report.options))
    report.close()


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=4.0, help="of each seen-token row (default: 4)")
    parser.add_argument("--tokens", type=int, default=2000, help="of each new-token row (default: 2000)")


def _measure(servers: list[Server], tokens: "_Tokens", options: argparse.Namespace) -> list[Row]:
    rows: list[Row] = []
    for what in ("new token", "seen token"):
        for connections in CONNECTIONS:
            reference = 0.0
            for server in servers:
                before = processor_seconds(server.process)
                if what == "new token":
                    result = ask(server, tokens.take(options.tokens), connections, None)
                else:
                    seen = tokens.take(1)
                    ask(server, seen, connections, WARM_UP_SECONDS)
                    before = processor_seconds(server.process)
                    result = ask(server, seen, connections, options.seconds)
                spent = processor_seconds(server.process) - before
                rate = result["requests"] / result["seconds"]
                reference = reference or rate
                rows.append(
                    {
                        "what": what,
                        "server": server.name,
                        "connections": connections,
                        "per_second": round(rate),
                        "p50_ms": round(result["p50_ms"], 2),
                        "p99_ms": round(result["p99_ms"], 2),
                        "cpu_us": round(spent / result["requests"] * 1e6),
                        "lab_to_this": round(reference / rate, 2),
                    }
                )
    return rows


def ask(server: Server, tokens: list[str], connections: int, seconds: float | None) -> Result:
    """Ask ``server`` about ``tokens``, each once or in turn for ``seconds``; a refusal ends the run."""
    result = loaded(server, tokens, connections, seconds)
    if result["wrong"]:
        raise SystemExit(f"{server.name}: {result['wrong']} of {result['requests']} answers were refusals")
    return result


def loaded(server: Server, tokens: list[str], connections: int, seconds: float | None) -> Result:
    """Ask as `ask` does; ``wrong`` counts the refusals."""
    review = {"apiVersion": server.api_version, "kind": "TokenReview"}
    job: Job = {
        "host": server.host,
        "port": server.port,
        "ca": server.ca,
        "path": server.path,
        "headers": {
            "host": f"{server.host}:{server.port}",
            "content-type": "application/json",
            "accept": "application/json",
            "user-agent": "kube-apiserver",
            **server.headers,
        },
        "bodies": [json.dumps({**review, "spec": {"token": token}}) for token in tokens],
        "connections": connections,
        "expect": AUTHENTICATED,
    }
    if seconds is not None:
        job["seconds"] = seconds
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
        cwd=harness.ROOT,
    )
    if done.returncode != 0:
        raise SystemExit(f"{server.name}: {done.stderr.strip()[-500:]}")
    result: Result = json.loads(done.stdout)
    return result


class _Tokens:
    """Different valid tokens of the cluster's creator, presigned as ``aws eks get-token`` does."""

    def __init__(self, lab: RunningLab) -> None:
        environment = lab.environment()
        credentials, config = configparser.ConfigParser(), configparser.ConfigParser()
        credentials.read(environment["AWS_SHARED_CREDENTIALS_FILE"])
        config.read(environment["AWS_CONFIG_FILE"])
        keys = credentials["default"]
        self._keys = SigningKeys(keys["aws_access_key_id"], Secret(keys["aws_secret_access_key"]))
        self._region = config["default"]["region"]
        self._made = 0

    def take(self, count: int) -> list[str]:
        """Return tokens that were not returned before: they differ in their lifetime and their time."""
        return [self._token() for _ in range(count)]

    def _token(self) -> str:
        host = f"sts.{self._region}.amazonaws.com"
        query = "Action=GetCallerIdentity&Version=2011-06-15"
        request = HttpRequest("GET", "/", query, (("host", host), ("x-k8s-aws-id", CLUSTER)))
        age, lifetime = divmod(self._made, 500)
        self._made += 1
        signed = presign(
            request,
            self._keys,
            Instant(datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=20 + 3 * age)),
            region=self._region,
            service="sts",
            lifetime=timedelta(seconds=400 + lifetime),
        )
        url = f"https://{host}/?{signed.query}"
        return "k8s-aws-v1." + base64.urlsafe_b64encode(url.encode()).decode().rstrip("=")


def _lab_server(lab: RunningLab, tokens: _Tokens) -> Server:
    endpoint = lab.client.get("/status")["clusters"][0]["endpoint"]
    return Server(
        "sekisho lab",
        int((lab.state.path / "lab.lock").read_text()),
        int(endpoint.rpartition(":")[2]),
        lab.state.ca.read_text(encoding="utf-8"),
        "/apis/authentication.k8s.io/v1/tokenreviews",
        {"authorization": f"Bearer {tokens.take(1)[0]}"},
        "authentication.k8s.io/v1",
    )


@contextmanager
def _authenticator(
    name: str, command: list[str], lab: RunningLab, folder: Path, tokens: _Tokens
) -> Iterator[Server]:
    """Run an authenticator's server, its STS being the lab's; both take the same flags and files."""
    home = folder / name
    home.mkdir()
    caller = lab.run([harness.sekisho_program(), "whoami", "-o", "json"])
    arn = json.loads(caller.stdout)["aws"]["arn"]
    (home / "config.yaml").write_text(PEER_CONFIG.format(cluster=CLUSTER, arn=arn))
    port = free_port()
    command = [*command, "--config", str(home / "config.yaml"), "--backend-mode", "MountedFile"]
    command += ["--state-dir", str(home), "--port", str(port)]
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=lab.environment(), cwd=home
        ) as process,
    ):
        try:
            await_port(port)
            ca = (home / "cert.pem").read_text(encoding="utf-8")
            server = Server(name, process.pid, port, ca, "/authenticate", {}, "authentication.k8s.io/v1beta1")
            ask(server, tokens.take(1), 1, None)
            yield server
        finally:
            process.kill()  # the peer does not end on SIGTERM


def processor_seconds(process: int) -> float:
    """Return the time that a process has had on a core: busy neighbours hardly change it."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def await_port(port: int) -> None:
    """Wait until somebody listens at ``port``."""
    ends = time.monotonic() + READY_SECONDS
    while time.monotonic() < ends:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the server did not listen")


if __name__ == "__main__":
    main()
