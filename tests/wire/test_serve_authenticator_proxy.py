"""The way of the served authenticator to STS: its environment's proxy, and nothing else of its user's."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from e2e.hostile_wire import token_of, token_url
from sekisho.decide.proof.credential import SigningKeys
from sekisho.decide.values import Secret
from support.checkpoint import served
from support.fake_sts import ARN, fake_sts

CONFIG = f"clusterID: eks-clu\nserver:\n  mapUsers:\n  - {{userARN: '{ARN}', username: ana}}\n"


def token() -> str:
    return token_of(token_url(SigningKeys("AKIA0000000000000001", Secret("s" * 40))))


def environment(folder: Path, more: dict[str, str]) -> dict[str, str]:
    return {"HOME": str(folder), "PATH": os.defpath, **more}


def test_sts_is_asked_through_the_proxy_and_not_told_what_netrc_has(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / ".netrc").write_text("default login ana password hunter2\n")
    (tmp_path / ".netrc").chmod(0o600)
    options = ["-c", tmp_path / "config.yaml", "--region", "ap-northeast-1"]
    with fake_sts(tmp_path / "sts") as sts:
        through = sts.environment()
        with_password = through["HTTPS_PROXY"].replace("http://", "http://proxy:p%40ss@")
        through |= {"HTTPS_PROXY": with_password, "https_proxy": "http://127.0.0.1:1"}
        with served(tmp_path / "server", "authenticator", options, environment(tmp_path, through)) as server:
            status, body = server.review(token())
    assert (status, body["status"]["authenticated"]) == (200, True)
    to_proxy, to_sts = sts.heads
    assert b"\r\nproxy-authorization: basic chjvehk6cebzcw==\r\n" in to_proxy.lower()
    assert b"authorization" not in to_sts.lower()


@pytest.mark.parametrize("proxy", ["socks5://secret@127.0.0.1:1", "http://:1", "http://127.0.0.1:x"])
def test_a_proxy_that_cannot_be_used_is_told_before_anything_is_served(tmp_path: Path, proxy: str) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    command = [sys.executable, "-P", "-m", "sekisho", "serve", "authenticator"]
    command += [
        "-c",
        str(tmp_path / "config.yaml"),
        "--state-dir",
        str(tmp_path),
        "--kubeconfig-pregenerated",
    ]
    done = subprocess.run(
        [*command, "--port", "0", "--health-port", "0"],
        env=environment(tmp_path, {"HTTPS_PROXY": proxy}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "HTTPS_PROXY" in done.stderr
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr
