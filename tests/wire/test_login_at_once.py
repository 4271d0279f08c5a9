"""Many commands that need the same token at the same moment: real processes, one browser."""

import json
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.checkpoint import waited
from support.oauth_site import CLIENT, OAuthSite, oauth_site

BROWSER = Path(__file__).parents[1] / "support" / "login_browser.py"
COUNT = 10
SECONDS = 90.0


@pytest.fixture
def site() -> Iterator[OAuthSite]:
    with oauth_site() as found:
        yield found


def started(site: OAuthSite, folder: Path, count: int, *more: str) -> list["subprocess.Popen[str]"]:
    browser = shlex.join([sys.executable, str(BROWSER), str(folder / "log"), "-", "-"])
    command = [*(sys.executable, "-m", "sekisho", "login"), "--issuer", site.issuer, "--client-id", CLIENT]
    info = {"kind": "ExecCredential", "apiVersion": "client.authentication.k8s.io/v1beta1", "spec": {}}
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder),
        "KUBERNETES_EXEC_INFO": json.dumps(info),
        "SEKISHO_LOGIN_DIR": str(folder / "accounts"),
    }
    return [
        subprocess.Popen(
            [*command, *more, "--listen", "0", "--browser", browser],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        for _ in range(count)
    ]


def is_at_the_lock(process: "subprocess.Popen[str]") -> bool:
    """Tell whether a process has the lock file open: it holds the lock, or waits for it."""
    try:
        links = list(Path(f"/proc/{process.pid}/fd").iterdir())
        return any(link.readlink().name == "lock" for link in links)
    except OSError:
        return False


def ended(processes: list["subprocess.Popen[str]"]) -> list[tuple[int, str, str]]:
    found = []
    for process in processes:
        out, err = process.communicate(timeout=SECONDS)
        found.append((process.returncode, out, err))
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to see who waits for a lock")
@pytest.mark.parametrize("is_denied", [False, True], ids=["signed in", "refused"])
def test_one_browser_for_all_and_one_end(site: OAuthSite, tmp_path: Path, is_denied: bool) -> None:
    everybody = threading.Event()
    site.before_visit = lambda: everybody.wait(SECONDS)
    if is_denied:
        site.answered = {"code": None, "error": "access_denied"}
    count = 4 if is_denied else COUNT
    processes = started(site, tmp_path, count)
    try:
        waited(lambda: all(map(is_at_the_lock, processes)) or None)
        assert [process.poll() for process in processes] == [None] * count
    finally:
        everybody.set()
        found = ended(processes)
    assert len((tmp_path / "log").read_text().splitlines()) == 1
    assert len(site.visits) == 1
    assert {code for code, _, _ in found} == {1 if is_denied else 0}, found
    if is_denied:
        assert all("access_denied" in err and out == "" for _, out, err in found)
        assert all("Traceback" not in err for _, _, err in found)
        return
    tokens = {json.loads(out)["status"]["token"] for _, out, _ in found}
    assert len(tokens) == 1


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc to see who waits for a lock")
def test_who_signs_out_is_not_signed_in_again_by_a_command_that_was_about_to(
    site: OAuthSite, tmp_path: Path
) -> None:
    at_the_page, left = threading.Event(), threading.Event()

    def wait() -> None:
        at_the_page.set()
        left.wait(SECONDS)

    site.before_visit = wait
    signing_in = started(site, tmp_path, 1)
    signing_out: list[subprocess.Popen[str]] = []
    try:
        assert at_the_page.wait(SECONDS)
        signing_out = started(site, tmp_path, 1, "--logout")
        waited(lambda: is_at_the_lock(signing_out[0]) or signing_out[0].poll() is not None or None)
    finally:
        left.set()
        ((signed_in, _, _),) = ended(signing_in)
        found = ended(signing_out)
    assert signed_in == 0
    assert [code for code, _, _ in found] == [0], found
    assert list((tmp_path / "accounts").glob("*.json")) == []
    assert site.refresh_tokens == set()
