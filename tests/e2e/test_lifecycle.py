"""The lab as a process: starts, refusals to start, orderly ends, and what lasts."""

import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from e2e.e2e_shell import ACCOUNT, CLUSTER, Done, connected, shell_of
from sekisho.testing import RunningLab, running_lab

SECONDS = 60


def sekisho(*words: str | Path, **more: str) -> Done:
    """Run the program as a user without a lab shell does."""
    return subprocess.run(
        [sys.executable, "-m", "sekisho", *map(str, words)],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        env={**clean_environment(), **more},
    )


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SEKISHO_"))}


@contextmanager
def foreground(state: Path) -> Iterator["subprocess.Popen[str]"]:
    """Start a lab in the foreground and wait until it said that it is ready."""
    with subprocess.Popen(
        [sys.executable, "-m", "sekisho", "up", "--state-dir", str(state)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=clean_environment(),
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("The lab is ready")
            yield process
        finally:
            if process.poll() is None:
                process.kill()


def processes_of(state: Path) -> list[str]:
    """Return the ids of the processes whose command line names ``state``."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdecimal() and str(state) in (folder / "cmdline").read_text():
                found.append(folder.name)
        except OSError:
            continue
    return found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_the_foreground_ends_cleanly_at_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    state = tmp_path / "state"
    with foreground(state) as process:
        proxy = json.loads(sekisho("status", "--state-dir", state, "-o", "json").stdout)["proxy"]
        process.send_signal(number)
        _, told = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert told == ""
    assert not (state / "lab.sock").exists()
    assert processes_of(state) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(proxy.rpartition(":")[2])), 5)


def test_up_status_down(tmp_path: Path) -> None:
    state = tmp_path / "state"
    up = sekisho("up", "--detach", "--state-dir", state)
    assert up.returncode == 0, up.stderr
    assert up.stdout.startswith(f"The lab is ready: accounts {ACCOUNT} (dev)")
    try:
        assert stat.S_IMODE(state.stat().st_mode) == 0o700
        open_to_others = [
            file for file in state.rglob("*") if file.is_file() and stat.S_IMODE(file.stat().st_mode) & 0o077
        ]
        assert [file.name for file in open_to_others if file.parent.name != "bin"] == []
        status = sekisho("status", SEKISHO_STATE_DIR=str(state))
        assert f"Cluster    {CLUSTER}" in status.stdout
        for words in (("up", "-d"), ("up",)):
            second = sekisho(*words, "--state-dir", state)
            assert second.returncode == 4
            assert second.stderr.startswith(f"sekisho: a lab already runs on `{state}`")
            assert len(second.stderr.splitlines()) == 1
    finally:
        down = sekisho("down", "--state-dir", state)
    assert down.stdout == f"The lab on {state} has stopped; its state is kept.\n"
    assert processes_of(state) == []
    for command in ("status", "down", "env"):
        without = sekisho(command, "--state-dir", state)
        assert (without.returncode, without.stdout) == (4, "")
        assert without.stderr.startswith(f"sekisho: no lab runs on `{state}`; start one with `sekisho up`")


def test_a_port_that_was_taken_meanwhile_is_told(tmp_path: Path) -> None:
    with running_lab(tmp_path / "lab") as lab:
        port = int(lab.status["proxy"].rpartition(":")[2])
        lab.stop()
        with socket.create_server(("127.0.0.1", port)):
            refused = sekisho("up", "-d", "--state-dir", lab.state.path)
        again = sekisho("up", "-d", "--state-dir", lab.state.path)
    assert refused.returncode == 4
    assert str(port) in refused.stderr
    assert "Traceback" not in refused.stderr
    assert again.returncode == 0


def test_a_state_directory_that_cannot_be_one(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    long = tmp_path / ("d" * 100)
    places = {
        tmp_path / "file": "is not a folder",
        tmp_path / "file" / "below": "cannot be used: Not a directory",
        long: "bytes too long for a control socket",
    }
    for place, problem in places.items():
        for words in (("up", "-d"), ("up",)):
            refused = sekisho(*words, "--state-dir", place)
            assert (refused.returncode, refused.stdout) == (4, "")
            assert problem in refused.stderr
            assert "--state-dir" in refused.stderr
            assert len(refused.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert "no lab runs on" in sekisho("status", "--state-dir", long).stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_state_directory_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    refused = sekisho("up", "-d", "--state-dir", tmp_path)
    assert refused.returncode == 4
    assert "is not writable" in refused.stderr


def test_a_restart_keeps_everything(tmp_path: Path) -> None:
    with running_lab(tmp_path / "lab") as lab:
        shell = connected(shell_of(lab, tmp_path / "bin", ("aws", "kubectl")), tmp_path)
        user = shell.new_user("stays")
        arn = f"arn:aws:iam::{ACCOUNT}:user/stays"
        shell.output(f"sekisho map create --cluster {CLUSTER} --arn {arn} --username stays")
        token = user.output(f"sekisho token --cluster-name {CLUSTER} -o text")
        refused = user("kubectl get node")
        assert 'User "stays" cannot list resource "nodes"' in refused.stderr
        before = shell.document("sekisho status -o json")
        kept = [lab.state.ca, lab.state.aws_credentials, lab.state.aws_config]
        contents = [file.read_bytes() for file in kept]
        lab.stop()
        lab.start()
        after = shell.document("sekisho status -o json")
        for member in ("proxy", "awsEndpoint", "clusters", "environment", "accounts"):
            assert after[member] == before[member]
        assert [file.read_bytes() for file in kept] == contents
        assert shell.output("kubectl get node -o name").startswith("node/")
        assert user("kubectl get node").stderr == refused.stderr
        assert user.document("sekisho why --last -o json")["code"] == "rbac.no-rule-matches"
        assert arn in shell.output(f"sekisho map get --cluster {CLUSTER}")
        told = user(f"sekisho why --token - --cluster {CLUSTER}", stdin=token)
        assert arn in told.stdout
        assert user.document("aws sts get-caller-identity")["Arn"] == arn


HOSTILE = {
    "AWS_PROFILE": "prod; touch pwned",
    "AWS_ACCESS_KEY_ID": "AKIAREAL",
    "AWS_SECRET_ACCESS_KEY": "$(touch pwned)",
    "AWS_SESSION_TOKEN": "`touch pwned`",
    "AWS_REGION": "us-gov-west-1",
    "AWS_DEFAULT_REGION": "' ; touch pwned ; '",
    "AWS_ENDPOINT_URL": "https://evil.example",
    "AWS_ENDPOINT_URL_STS": "https://evil.example",
    "AWS_CONFIG_FILE": "/nonexistent/config",
    "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/x",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nonexistent/token",
    "AWS_CA_BUNDLE": "/nonexistent/ca",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "https_proxy": "http://127.0.0.1:1",
    "NO_PROXY": "*",
    "no_proxy": "*",
    "ALL_PROXY": "socks5://127.0.0.1:1",
    "KUBECONFIG": "/nonexistent/kubeconfig",
    "SSL_CERT_FILE": "/nonexistent/ssl",
}


@pytest.mark.parametrize("shell_name", ["bash", "dash", "sh"])
def test_env_makes_a_lab_shell_of_any_shell(
    sekisho_shared_lab: RunningLab, tmp_path: Path, shell_name: str
) -> None:
    program = shutil.which(shell_name)
    if program is None:
        pytest.skip(f"{shell_name} is not here")
    lab = sekisho_shared_lab
    shell = shell_of(lab, tmp_path / "bin", ("aws", "kubectl"))
    script = (
        'set -eu; eval "$("$SEKISHO_PYTHON" -m sekisho env --state-dir "$LAB")"; '
        "aws sts get-caller-identity; aws eks update-kubeconfig --name eks-clu --kubeconfig own >/dev/null; "
        "KUBECONFIG=own kubectl get node -o name; command -v sekisho; sekisho status -o json >/dev/null"
    )
    done = subprocess.run(
        [program, "-c", script],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        cwd=tmp_path,
        env={
            **HOSTILE,
            "PATH": f"{shell.more['PATH'].partition(':')[0]}:/usr/bin:/bin",
            "HOME": str(tmp_path),
            "LAB": str(lab.state.path),
            "SEKISHO_PYTHON": sys.executable,
        },
    )
    assert done.returncode == 0, done.stderr
    assert f"arn:aws:iam::{ACCOUNT}:user/eks-admin" in done.stdout
    assert re.search(r"^node/ip-", done.stdout, re.MULTILINE)
    assert not (tmp_path / "pwned").exists()


def test_env_survives_a_state_directory_with_blanks_and_quotes(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    tmp_path = tmp_path_factory.mktemp("quoted")
    with running_lab(tmp_path / 'it\'s $(touch pwned) "a"') as lab:
        done = subprocess.run(
            [
                "/bin/sh",
                "-c",
                'eval "$("$0" -m sekisho env --state-dir "$1")"; printf %s "$KUBECONFIG"',
                sys.executable,
                str(lab.state.path),
            ],
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            cwd=tmp_path,
            env=clean_environment(),
        )
    assert done.stdout == str(lab.state.kubeconfig)
    assert done.stderr == ""
    assert not (tmp_path / "pwned").exists()
