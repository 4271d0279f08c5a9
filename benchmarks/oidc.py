"""Id tokens of an OIDC issuer: `sekisho serve authenticator` beside kube-apiserver's own, in one run.

    python -m benchmarks.oidc [--json] [--seconds N] [--tokens N]

Both take the same AuthenticationConfiguration (one issuer on loopback, RS256, a prefix, groups) and answer
TokenReviews over kept-alive TLS. ``fresh``: each token is asked about once. ``repeated``: one token again and
again; kube-apiserver keeps what it found for ten seconds, ours decides each time. With ``expressions`` the
configuration has three expressions of CEL. kube-apiserver's answer includes its own authentication and
authorization of who asks. ``cpu_us`` is the time on a core of the server's own process for a request.

``Key rotation``: the issuer takes a new key and drops the old one, and each server is asked about a token of
the new key until it takes it; then about tokens whose key ids nobody has, and how often it asked the issuer.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from benchmarks import harness
from benchmarks.harness import Row
from benchmarks.token_review import Server, ask, await_port, free_port, loaded, processor_seconds

CONNECTIONS = (1, 16)
WARM_UP_SECONDS = 0.5
ROTATION_SECONDS = 120.0
UNKNOWN_IDS = 500

MAPPINGS: Mapping[str, Any] = {
    "claims": {
        "claimMappings": {
            "username": {"claim": "sub", "prefix": "work:"},
            "groups": {"claim": "groups", "prefix": "work:"},
        }
    },
    "expressions": {
        "claimMappings": {
            "username": {"expression": "'work:' + claims.sub"},
            "groups": {"expression": "dyn(claims.groups).map(one, 'work:' + one)"},
        },
        "claimValidationRules": [{"expression": "claims.tenant == 't1'"}],
    },
}


def main() -> None:
    """Print the table."""
    report = harness.run("Measure id tokens over TLS.", _options)
    harness.compile_bytecode()
    # The issuer and the real API server are those of the tests.
    sys.path.insert(0, str(harness.ROOT / "tests"))
    rows: list[Row] = []
    rotations: list[Row] = []
    for name, mappings in MAPPINGS.items():
        measured, rotated = _measured(name, mappings, report.options)
        rows += measured
        rotations = rotations or rotated
    report.add("Id tokens over TLS", rows)
    report.add("Key rotation", rotations)
    report.close()


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--seconds", type=float, default=4.0, help="of each repeated row (default: 4)")
    parser.add_argument("--tokens", type=int, default=2000, help="of each fresh row (default: 2000)")


def _measured(
    name: str, mappings: Mapping[str, Any], options: argparse.Namespace
) -> tuple[list[Row], list[Row]]:
    from support.issuer_site import issuer_site
    from support.jwt import rsa_jwk, rsa_key, signed
    from support.kube_apiserver import ADMIN, running_apiserver

    with tempfile.TemporaryDirectory(prefix="sekisho-") as parent:
        folder = Path(parent)
        with issuer_site(folder / "site") as site:
            issuer = site.issuer("work", rsa_jwk(rsa_key(), kid="k"))
            trusted = {"url": issuer, "audiences": ["kube"], "certificateAuthority": site.authority}
            top = {"apiVersion": "apiserver.config.k8s.io/v1", "kind": "AuthenticationConfiguration"}
            file = folder / "issuers.yaml"
            file.write_text(yaml.safe_dump({**top, "jwt": [{"issuer": trusted, **mappings}]}))
            made = 0

            def take(count: int, kid: str = "k", serial: int = 0) -> list[str]:
                nonlocal made
                made += count
                base = {"iss": issuer, "aud": "kube", "exp": int(time.time()) + 3600, "tenant": "t1"}
                groups = ["dev", "ops", "web"]
                return [
                    signed(
                        {**base, "sub": f"u-{made}-{number}", "groups": groups},
                        "RS256",
                        rsa_key(serial=serial) if serial else rsa_key(),
                        kid=kid.format(number),
                    )
                    for number in range(count)
                ]

            with (
                running_apiserver(folder / "api", [f"--authentication-config={file}"]) as api,
                _served(folder / "served", file) as ours,
            ):
                real = Server(
                    "kube-apiserver",
                    api.process.pid,
                    api.port,
                    api.authority.read_text(),
                    "/apis/authentication.k8s.io/v1/tokenreviews",
                    {"authorization": f"Bearer {ADMIN}"},
                    "authentication.k8s.io/v1",
                    "127.0.0.1",
                )
                rows = list(_rows(name, [ours, real], take, options))
                site.issuer("work", rsa_jwk(rsa_key(serial=1), kid="k2"))
                return rows, [_rotated(server, site, take) for server in (ours, real)]


def _rotated(server: Server, site: Any, take: Any) -> Row:
    """Return how a server behaves once its issuer has another key."""
    began, refused = time.perf_counter(), 0
    while loaded(server, take(1, "k2", 1), 1, None)["wrong"]:
        refused += 1
        if time.perf_counter() - began > ROTATION_SECONDS:
            break
        time.sleep(0.1)
    taken = time.perf_counter() - began
    before = len(site.asked)
    start = time.perf_counter()
    wrong = loaded(server, take(UNKNOWN_IDS, "unknown-{}", 1), 16, None)["wrong"]
    return {
        "server": server.name,
        "new_key_after_s": round(taken, 1),
        "refused_before": refused,
        "unknown_ids": UNKNOWN_IDS,
        "refused": wrong,
        "seconds": round(time.perf_counter() - start, 1),
        "fetches": len(site.asked) - before,
    }


def _rows(name: str, servers: list[Server], take: Any, options: argparse.Namespace) -> Iterator[Row]:
    for server in servers:
        ask(server, take(20), 1, None)
    for what in ("fresh", "repeated"):
        for connections in CONNECTIONS:
            reference = 0.0
            for server in servers:
                tokens = take(options.tokens if what == "fresh" else 1)
                if what == "repeated":
                    ask(server, tokens, connections, WARM_UP_SECONDS)
                before = processor_seconds(server.process)
                result = ask(server, tokens, connections, None if what == "fresh" else options.seconds)
                spent = processor_seconds(server.process) - before
                rate = result["requests"] / result["seconds"]
                reference = reference or rate
                yield {
                    "mapped by": name,
                    "token": what,
                    "server": server.name,
                    "connections": connections,
                    "per_second": round(rate),
                    "p50_ms": round(result["p50_ms"], 2),
                    "p99_ms": round(result["p99_ms"], 2),
                    "cpu_us": round(spent / result["requests"] * 1e6),
                    "ours_to_this": round(reference / rate, 2),
                }


@contextmanager
def _served(home: Path, issuers: Path) -> Iterator[Server]:
    home.mkdir()
    (home / "config.yaml").write_text(json.dumps({"clusterID": "demo"}))
    port = free_port()
    command = [harness.sekisho_program(), "serve", "authenticator", "--config", "config.yaml"]
    command += ["--kubeconfig-pregenerated", "--state-dir", str(home), "--port", str(port)]
    command += ["--health-port", str(free_port()), "--authentication-config", str(issuers)]
    with (
        (home / "log").open("wb") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=home) as process,
    ):
        try:
            await_port(port)
            ca = (home / "cert.pem").read_text(encoding="utf-8")
            yield Server(
                "sekisho serve", process.pid, port, ca, "/authenticate", {}, "authentication.k8s.io/v1"
            )
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
