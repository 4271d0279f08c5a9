"""What a pod cannot do, and that nothing of it is left behind: each with the pod trying."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sekisho.lab.client import LabClient
from support.pods import ENDED, PodLab, pod_lab, processes_of, until


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PodLab]:
    with pod_lab(tmp_path_factory.mktemp("isolation")) as found:
        yield found


def test_it_cannot_read_the_state_directory(lab: PodLab) -> None:
    state = lab.state
    files = [state.database, state.kubeconfig, state.aws_credentials, state.ca, state.path]
    assert all(path.exists() for path in files if path != state.kubeconfig)
    script = "\n".join(f'[ -e "{path}" ] && echo "sees {path}"' for path in files)
    # By every way back that a process has: its working directory, its root, what its first process holds.
    roots = "/proc/1/root /proc/self/root /proc/1/cwd /.old /old /host"
    ways = f'for root in {roots}; do [ -e "$root{state.path}" ] && echo "sees by $root"; done'
    assert lab.told("reader", "sh", "-c", f"{script}\n{ways}\necho done") == "done\n"


def test_it_sees_and_signals_no_process_but_its_own(lab: PodLab) -> None:
    told = lab.told(
        "signaller",
        "sh",
        "-c",
        f"ls /proc | grep -c '^[0-9]' ; kill -0 {os.getpid()} || echo none; kill -9 -1; echo alive",
    )
    count, *rest = told.splitlines()
    assert int(count) < 8
    assert "none" in rest
    assert "alive" in rest, told
    assert LabClient(lab.state).is_running()


def test_it_writes_nowhere_but_in_what_is_its_own(lab: PodLab, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    outside = tmp_path / "written"
    places = [
        "/x",
        "/usr/x",
        "/etc/x",
        "/etc/passwd",
        "/usr/bin/env",
        "/proc/sys/kernel/hostname",
        str(outside),
    ]
    script = "\n".join(f'(echo x >> "{path}") 2>/dev/null && echo "wrote {path}"' for path in places)
    own = 'for path in /tmp/a "$HOME/a" /run/a /var/tmp/a; do echo x > "$path" || echo "not $path"; done'
    assert lab.told("writer", "sh", "-c", f"{script}\n{own}\necho done") == "done\n"
    assert not outside.exists()
    token = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    assert "done" in lab.told("forger", "sh", "-c", f"echo x > {token} && echo wrote; echo done")
    assert "wrote" not in lab.log("forger")


def test_it_holds_no_privilege_and_gets_none(lab: PodLab) -> None:
    told = lab.told(
        "plain",
        "sh",
        "-c",
        "id -u; grep -h '^Cap\\|^NoNewPrivs' /proc/self/status; unshare -Ur id && echo root",
    )
    uid, *rest = told.splitlines()
    assert uid == "1000"
    assert [line.split()[1] for line in rest if line.startswith("Cap")] == ["0" * 16] * 5
    assert "NoNewPrivs:\t1" in rest
    assert "root" not in rest


def test_it_reaches_nothing_on_the_network_but_the_lab(lab: PodLab) -> None:
    reached: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        server.settimeout(0.1)
        ends = threading.Event()

        def accept() -> None:
            while not ends.is_set():
                try:
                    reached.append(server.accept())
                except TimeoutError:
                    continue

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            # The machine's own loopback, an address of the network, and both by way of the proxy.
            told = lab.told(
                "caller",
                "sh",
                "-c",
                f"for url in http://127.0.0.1:{port} http://192.0.2.1; do "
                "curl -sS -m 5 --noproxy '*' $url && echo reached; done; "
                f"curl -sS -m 5 --noproxy none -x $HTTP_PROXY http://127.0.0.1:{port} && echo answered; "
                f"curl -sS -m 5 --noproxy none -p -x $HTTP_PROXY http://127.0.0.1:{port} && echo tunnelled; "
                "cat /proc/net/dev | grep -c :",
            )
        finally:
            ends.set()
            thread.join()
    assert "reached" not in told
    assert "tunnelled" not in told
    assert "sekisho: 127.0.0.1" in told  # door.pod-network: refused with a sentence
    assert told.splitlines()[-1] == "1"
    assert reached == []


def test_pods_see_nothing_of_each_other(lab: PodLab) -> None:
    lab.apply("first", "sh", "-c", "echo secret > /tmp/f; echo secret > /dev/shm/f; exec sleep 71001")
    lab.wait("first", "Running")
    script = "cat /tmp/f /dev/shm/f; grep -l 7100[1] /proc/*/cmdline; echo done"
    told = lab.told("second", "sh", "-c", script)
    assert "secret" not in told
    assert "/proc/1/cmdline" not in told
    assert "done\n" in told
    lab.shell.output("kubectl delete pod first --grace-period=0 --force")
    until(lambda: not processes_of("71001"), "the pod's process is gone")


def test_no_name_and_no_value_is_executed(lab: PodLab, tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    marker = tmp_path / "ran"
    value = f"$(touch {marker}); `touch {marker}`"
    told = lab.told(
        "quoted",
        "printf",
        "%s\\n",
        f"; touch {marker}",
        container={"env": [{"name": "VALUE", "value": value}], "args": ["$(VALUE)"]},
    )
    assert told == f"; touch {marker}\n{value}\n"
    assert not marker.exists()


def test_a_fork_bomb_stays_in_its_pod(lab: PodLab) -> None:
    lab.apply("bomb", "sh", "-c", "f() { f | f & }; f; sleep 71002")
    lab.wait("bomb", "Running")
    until(lambda: "Cannot fork" in lab.log("bomb") or "fork" in lab.log("bomb"), "a fork was refused")
    lab.apply("beside", "sh", "-c", "true")
    lab.wait("beside", "Succeeded")
    lab.shell.output("kubectl delete pod bomb --grace-period=0 --force")
    until(lambda: not processes_of("71002"), "the bomb is gone")


def test_memory_past_the_limit_is_refused(lab: PodLab) -> None:
    script = "b = bytearray(512 * 1024 * 1024); print('had it')"
    limits = {"resources": {"limits": {"memory": "64Mi"}}}
    lab.apply("hungry", "python3", "-c", script, container=limits)
    assert lab.wait("hungry", *ENDED)["status"]["phase"] == "Failed"
    assert "had it" not in lab.log("hungry")
    assert "had it" in lab.told("fed", "python3", "-c", script)


_WORKERS = """
import os, time
shared = bytearray(b"x" * SHARED)
for number in range(4):
    if not os.fork():
        own = bytearray(b"x" * OWN)
        time.sleep(SECONDS)
        os._exit(0)
for number in range(4):
    os.wait()
print("had it")
"""


def test_a_container_whose_processes_hold_too_much_together_is_ended(lab: PodLab) -> None:
    limits = {"resources": {"limits": {"memory": "64Mi"}}}
    mib = 1024**2
    for name, own, shared, seconds in (("crowd", 24 * mib, 0, 600), ("family", 0, 24 * mib, 3)):
        script = _WORKERS.replace("SHARED", str(shared)).replace("OWN", str(own))
        script = script.replace("SECONDS", str(seconds))
        lab.apply(name, "python3", "-c", script, container=limits)
    (crowd,) = lab.wait("crowd", *ENDED)["status"]["containerStatuses"]
    assert crowd["state"]["terminated"]["reason"] == "OOMKilled"
    assert crowd["state"]["terminated"]["exitCode"] == 137
    # What processes share since a fork counts once.
    assert lab.wait("family", *ENDED)["status"]["phase"] == "Succeeded"
    assert lab.log("family") == "had it\n"


def test_a_deleted_pod_leaves_no_process(lab: PodLab) -> None:
    # Children that left their parent, their session and their streams.
    script = "setsid sh -c 'exec sleep 71003 >/dev/null 2>&1 </dev/null' & exec sleep 71004"
    lab.apply("daemons", "sh", "-c", script)
    lab.wait("daemons", "Running")
    until(lambda: processes_of("71003") and processes_of("71004"), "both run")
    folder = lab.state.path / "pods" / lab.pod("daemons")["metadata"]["uid"]
    assert folder.exists()
    lab.shell.output("kubectl delete pod daemons --grace-period=1")
    until(lambda: not processes_of("71003") and not processes_of("71004"), "both are gone")
    assert lab.pod("daemons") is None
    until(lambda: not folder.exists(), "its folder is gone")


def first_process(argument: str) -> int:
    """Return the first process of the pod whose command has ``argument``."""
    (command,) = processes_of(argument)
    status = Path(f"/proc/{command}/status").read_text(encoding="utf-8")
    first = int(status.partition("\nPPid:\t")[2].partition("\n")[0])
    assert b"sekisho.lab.pods.inside.main" in Path(f"/proc/{first}/cmdline").read_bytes()
    return first


def test_nothing_outlives_a_lab_that_is_stopped_or_killed(tmp_path: Path) -> None:
    with pod_lab(tmp_path) as own:
        own.apply("stays", "sleep", "71005", restartPolicy="Always")
        own.apply("once", "sleep", "71006")
        own.wait("stays", "Running")
        own.wait("once", "Running")
        # Stopped, it does not notice that its socket closed: the kernel has to end it with its parent.
        first = first_process("71006")
        os.kill(first, signal.SIGSTOP)
        number = int((own.state.path / "lab.lock").read_text())
        os.kill(number, signal.SIGKILL)
        try:
            until(lambda: not processes_of("71005") and not processes_of("71006"), "they died with the lab")
        except AssertionError:
            os.kill(first, signal.SIGKILL)
            raise
        own.shell.lab.start()
        once = own.wait("once", "Failed")
        assert once["status"]["reason"] == "Terminated"
        until(lambda: processes_of("71005"), "it runs again")
        stays = until(
            lambda: (
                (pod := own.pod("stays"))["status"]["containerStatuses"][0]["state"].get("running") and pod
            ),
            "its status says so",
        )
        assert stays["status"]["containerStatuses"][0]["restartCount"] == 1
        own.shell.lab.stop()
        until(lambda: not processes_of("71005"), "it ended with the lab")
        own.shell.lab.start()
