"""Nothing that a lab shell does reaches another machine, whatever the person's own environment says."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.e2e_clients import client

NAME_SERVER = "203.0.113.53"
SERVED = {
    "sts",
    "iam",
    "s3 mb",
    "s3 cp",
    "s3 ls",
    "update-kubeconfig",
    "get-token",
    "kubectl",
    "authenticator",
    "token",
    "whoami",
    "map",
    "configure key",
    "configure secret",
    "an endpoint of AWS",
}
REFUSED = {"kubectl before there is a kubeconfig", "an added profile", "govcloud", "unserved"}


@pytest.fixture
def namespace() -> Iterator[str]:
    """Make a network namespace in which every destination is local and names are asked of nobody."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("needs root and `ip netns`")
    name = f"sekisho-{secrets.token_hex(4)}"
    folder = Path("/etc/netns") / name
    had_parent = folder.parent.exists()
    try:
        made = _run("ip", "netns", "add", name)
        if made.returncode != 0:
            pytest.skip(f"network namespaces cannot be made here: {made.stderr.strip()}")
        folder.mkdir(parents=True)
        (folder / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\noptions timeout:1 attempts:1\n")
        for command in (
            "link set lo up",
            "route add local 0.0.0.0/0 dev lo",
            "-6 route add local ::/0 dev lo",
        ):
            done = _run("ip", "-n", name, *command.split())
            if done.returncode != 0 and "-6" not in command:
                pytest.skip(f"the namespace cannot be set up here: {done.stderr.strip()}")
        if (tried := _run("ip", "netns", "exec", name, "true")).returncode != 0:
            pytest.skip(f"the namespace cannot be entered here: {tried.stderr.strip()}")
        yield name
    finally:
        _run("ip", "netns", "delete", name)
        shutil.rmtree(folder, ignore_errors=True)
        if not had_parent:
            with contextlib.suppress(OSError):
                folder.parent.rmdir()


def test_nothing_leaves_a_lab_shell(namespace: str, tmp_path: Path) -> None:
    clients = {name: str(client(name)) for name in ("aws", "kubectl")}
    with contextlib.suppress(pytest.skip.Exception):
        clients["aws-iam-authenticator"] = str(client("aws-iam-authenticator"))
    script = Path(__file__).with_name("hostile_namespace.py")
    command = [sys.executable, str(script), str(tmp_path), json.dumps(clients)]
    done = _run("ip", "netns", "exec", namespace, *command, seconds=200)
    assert done.returncode == 0, done.stderr[-4_000:]
    found = json.loads(done.stdout)
    assert found["seen"] == [], found["errors"][-4_000:]
    assert "Traceback" not in found["log"]
    # The control: the same process, without the lab's environment.
    assert "name sts.amazonaws.com" in found["control"]
    assert any(seen.startswith("tcp ") and seen.endswith(":443") for seen in found["control"])
    # Silence counts only if the clients did their work.
    codes = dict(line.rsplit("=", 1) for line in found["output"].splitlines())
    assert set(codes) >= (SERVED | REFUSED) - {"authenticator"}
    failed = {name for name, code in codes.items() if (code == "0") is (name in REFUSED)}
    assert not failed, found["errors"][-6_000:]


def _run(*command: str, seconds: float = 20) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
