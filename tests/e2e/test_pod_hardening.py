"""What a hostile pod tries against the lab itself: its sockets, its keys, its first process."""

import ctypes
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sekisho.lab.pods.inside import seccomp
from sekisho.lab.pods.network import MAX_CONNECTIONS
from sekisho.lab.pods.sandbox import CONNECT_SECONDS
from support.pods import ENDED, PodLab, pod_lab, until

_KEYCTL = {"x86_64": (248, 250), "aarch64": (217, 219)}.get(os.uname().machine)
"""The numbers of add_key(2) and keyctl(2)."""
_SESSION_KEYRING = -3
EMPTY: dict[str, object] = {}
_libc = ctypes.CDLL(None, use_errno=True)


@pytest.fixture(scope="module")
def keyring() -> bool:
    """Put a key into the session keyring that the lab inherits; returns whether this machine has keys."""
    if _KEYCTL is None:
        return False
    add_key, keyctl = _KEYCTL
    joined = _libc.syscall(keyctl, 1, b"of-the-lab")
    secret = b"known to the lab's owner"
    return bool(
        joined > 0 and _libc.syscall(add_key, b"user", b"owner", secret, len(secret), _SESSION_KEYRING) > 0
    )


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, keyring: bool) -> Iterator[PodLab]:
    del keyring
    with pod_lab(tmp_path_factory.mktemp("hardening")) as found:
        yield found


_HOLD = """
import os, select, socket
url = os.environ['HTTPS_PROXY'].split('//')[1].strip('/').split(':')
proxy = (url[0], int(url[1]))
for place in (("169.254.169.254", 80), ("169.254.170.23", 80), ("10.100.0.1", 443), proxy):
    held = {socket.create_connection(place, 5) for number in range(200)}
    while len(held) > MOST and (cut := select.select(held, [], [], 20)[0]):
        for one in cut:
            held.discard(one)
            one.close()
    print(place[0], len(held), flush=True)
    print(place[0], len(select.select(held, [], [], 0)[0]), flush=True)
    for one in held:
        one.close()
"""


def test_no_pod_holds_more_sockets_of_the_lab_than_its_share(lab: PodLab) -> None:
    held = [
        line.split()
        for line in lab.told(
            "holder", "python3", "-c", _HOLD.replace("MOST", str(MAX_CONNECTIONS))
        ).splitlines()
    ]
    places = ("169.254.169.254", "169.254.170.23", "10.100.0.1", "127.0.0.1")
    assert held == [[place, count] for place in places for count in (str(MAX_CONNECTIONS), "0")]
    # What it let go is served again.
    assert lab.told("after", "curl", "-sS", "http://169.254.169.254/latest/") == "401 - Unauthorized\n"


_READ_KEY = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(100)
key = libc.syscall({keyctl}, 10, -3, b"user", b"owner", 0)
size = libc.syscall({keyctl}, 11, key, buffer, 100)
print("read", buffer.value.decode() if size > 0 else "nothing")
"""


def test_the_keys_of_whoever_started_the_lab_are_not_a_pods(lab: PodLab, keyring: bool) -> None:
    if not keyring:
        pytest.skip("this machine has no kernel keyrings")
    assert _KEYCTL is not None
    script = _READ_KEY.format(keyctl=_KEYCTL[1])
    assert lab.told("locksmith", "python3", "-c", script) == "read nothing\n"


def test_a_volume_that_cannot_be_written_keeps_no_other_pod_from_its_refresh(lab: PodLab) -> None:
    lab.shell.output("kubectl create configmap settings --from-literal=a=before")
    mount = {"volumeMounts": [{"name": "v", "mountPath": "/settings"}]}
    # Once there is a key ``b``, one name is to be a file and a folder.
    items = [{"key": "a", "path": "x/y"}, {"key": "b", "path": "x"}]
    broken = {"name": "v", "configMap": {"name": "settings", "items": items, "optional": True}}
    lab.apply("broken", "sleep", "600", volumes=[broken], container=mount)
    lab.wait("broken", "Running")
    volume = {"name": "v", "configMap": {"name": "settings"}}
    script = "until grep -q after /settings/a; do sleep 0.1; done"
    lab.apply("refreshed", "sh", "-c", script, volumes=[volume], container=mount)
    lab.wait("refreshed", "Running")
    lab.shell.output("kubectl patch configmap settings", "-p", '{"data":{"a":"after","b":"1"}}')
    lab.wait("refreshed", "Succeeded")
    folder = lab.state.path / "pods" / lab.pod("broken")["metadata"]["uid"] / "volumes" / "v"
    assert sorted(entry.name for entry in folder.iterdir()) == ["..0", "..data", "x"]
    lab.apply("never", "true", volumes=[{**broken, "configMap": {"name": "settings", "items": items}}])
    until(lambda: "FailedMount" in lab.events("never"), "an event says what is wrong with the volume")
    lab.shell.output("kubectl delete pod broken never --grace-period=0 --force")


_STOP = """
import os, signal
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
while True:
    for pid in range(2, 400):
        try:
            os.kill(pid, signal.SIGSTOP)
        except OSError:
            pass
"""


def test_a_pod_that_stops_who_enters_it_does_not_stop_its_own_end(lab: PodLab) -> None:
    # Processes 2 and on are those of `kubectl exec`, stopped before they have become the command.
    lab.apply("stopper", "python3", "-c", _STOP)
    lab.wait("stopper", "Running")
    for _ in range(5):
        done = lab.shell("timeout 20 kubectl exec stopper -- true")
        if "it took too long" in done.stderr:
            break
    assert "it took too long" in done.stderr
    begun = time.monotonic()
    lab.shell.output("kubectl delete pod stopper --grace-period=30")
    assert time.monotonic() - begun < 15  # SIGTERM was passed on


_CALLS = """
import ctypes, errno, os, socket
libc = ctypes.CDLL(None, use_errno=True)
numbers = {numbers}
for name, (number, *arguments) in numbers.items():
    result = libc.syscall(number, *arguments)
    print(name, "done" if result >= 0 else errno.errorcode[ctypes.get_errno()])
for name, family, kind, protocol in (("vsock", 40, 1, 0), ("alg", 38, 5, 0), ("nfnetlink", 16, 3, 12)):
    try:
        socket.socket(family, kind, protocol)
        print(name, "done")
    except OSError as error:
        print(name, errno.errorcode[error.errno])
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("Seccomp:")))
"""
_ARGUMENTS: dict[str, tuple[int | bytes, ...]] = {
    "io_uring_setup": (0, 0),
    "bpf": (0, 0, 0),
    "keyctl": (0, -3, 0),
    "userfaultfd": (1,),
    "perf_event_open": (0, 0, -1, -1, 0),
    "fsopen": (b"tmpfs", 0),
    "open_tree": (-100, b"/", 0),
    "unshare": (0,),
    "setns": (-1, 0),
    "clone": (0x1000_0011, 0, 0, 0, 0),
    "clone3": (0, 0),
}
_REFUSED = """\
io_uring_setup ENOSYS
bpf EPERM
keyctl EPERM
userfaultfd EPERM
perf_event_open EPERM
fsopen EPERM
open_tree EPERM
unshare EPERM
setns EPERM
clone EPERM
clone3 ENOSYS
vsock EAFNOSUPPORT
alg EAFNOSUPPORT
nfnetlink EPROTONOSUPPORT
2
"""


def test_calls_that_no_ordinary_program_needs_are_refused_to_all_that_runs_in_a_pod(lab: PodLab) -> None:
    column = ("x86_64", "aarch64").index(os.uname().machine)  # elsewhere no pod runs
    calls = {**seccomp.FORBIDDEN, **seccomp.ABSENT, "clone": (56, 220)}
    numbers = {name: (calls[name][column], *arguments) for name, arguments in _ARGUMENTS.items()}
    command = ["python3", "-c", _CALLS.format(numbers=numbers)]
    first = {"name": "first", "image": "busybox", "command": command}
    script = 'python3 -c "$CALLS"; exec sleep 600'
    variables = {"env": [{"name": "CALLS", "value": command[2]}]}
    lab.apply("filtered", "sh", "-c", script, container=variables, initContainers=[first])
    lab.wait("filtered", "Running")
    until(lambda: lab.log("filtered").endswith("2\n"), "it has tried all")
    assert lab.log("filtered", "-c", "first") == _REFUSED
    assert lab.log("filtered", "-c", "main") == _REFUSED
    assert lab.shell.output("kubectl exec filtered -- ", *command) == _REFUSED
    lab.shell.output("kubectl delete pod filtered --grace-period=0 --force")


_ELSEWHERE = """
import asyncio, ctypes, pathlib, sys
from sekisho.lab.pods.runtime import probe
from sekisho.lab.world.state_dir import StateDir
ctypes.CDLL(None).personality(8)  # PER_LINUX32: uname(2) tells another architecture from now on
print(asyncio.run(probe(StateDir(pathlib.Path(sys.argv[1])))))
"""


def test_no_pod_runs_on_an_architecture_whose_calls_are_not_known(lab: PodLab, tmp_path: Path) -> None:
    del lab  # where pods run at all
    command = [sys.executable, "-c", _ELSEWHERE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "are not known, so none can be refused; pods need x86_64 or aarch64" in done.stdout


_FULL = """
import socket
server = socket.create_server(("127.0.0.1", 8080), backlog=0)
held = []
try:
    while True:
        held.append(socket.create_connection(("127.0.0.1", 8080), 1))
except TimeoutError:
    print("full", flush=True)
    import signal; signal.pause()
"""


def test_a_port_that_nobody_accepts_at_holds_up_nothing_else(lab: PodLab) -> None:
    lab.apply("full", "python3", "-c", _FULL)
    until(lambda: lab.log("full") == "full\n", "nothing more is accepted")
    command = ["kubectl", "port-forward", "pod/full", ":8080"]
    environment = {**lab.shell.lab.environment(), **lab.shell.more}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **streams) as forwarding:  # type: ignore[call-overload]
        try:
            port = int(forwarding.stdout.readline().split()[2].rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), 30):
                assert "Handling connection" in [forwarding.stdout.readline() for _ in range(2)][-1]
                begun = time.monotonic()
                assert lab.shell.output("kubectl exec full -- echo beside") == "beside\n"
                assert time.monotonic() - begun < CONNECT_SECONDS
                assert "i/o timeout" in forwarding.stderr.readline()
        finally:
            forwarding.terminate()
    lab.shell.output("kubectl delete pod full --grace-period=0 --force")


def test_a_link_in_a_volume_leads_into_no_other(lab: PodLab) -> None:
    volumes = [{"name": name, "emptyDir": EMPTY} for name in ("own", "other", "more")]
    links = (
        "cd /own; mkdir in; echo found > in/file; ln -s in good; ln -s ../other up; ln -s /volumes root; "
        "ln -s /.old/empty/other door"
    )

    def container(name: str, script: str, *mounts: tuple[str, str, str], **members: str) -> dict[str, object]:
        shown = [{"name": volume, "mountPath": path, "subPath": sub} for volume, path, sub in mounts]
        command = ["sh", "-c", script]
        return {"name": name, "image": "busybox", "command": command, "volumeMounts": shown, **members}

    own = ("own", "/own", "")
    first = [
        container("watcher", "exec sleep 600", ("other", "/other", ""), restartPolicy="Always"),
        container("linker", links, own),
        container("placer", "true", own, ("more", "/own/door/made", "")),
    ]
    lab.apply("linked", "true", volumes=volumes, initContainers=first, restartPolicy="OnFailure")
    until(lambda: "BackOff" in lab.events("linked"), "there is no such place in the container")
    assert lab.shell.output("kubectl exec linked -c watcher -- ls -A /other") == ""
    lab.shell.output("kubectl delete pod linked --grace-period=0 --force")

    others = [
        container(name, f"cat /{name}/file", ("own", f"/{name}", name)) for name in ("good", "up", "root")
    ]
    named = {"volumeMounts": [{"name": "own", "mountPath": "/x", "subPathExpr": "$(NAME)/made"}]}
    chosen = {"name": "chosen", "image": "busybox", "env": [{"name": "NAME", "value": "in"}], **named}
    containers = [*others, {**chosen, "command": ["sh", "-c", "echo made > /x/here; ls /x"]}]
    lab.apply("parts", volumes=volumes, initContainers=first[1:2], containers=containers)
    found = lab.wait("parts", *ENDED)["status"]["containerStatuses"]
    ends = {one["name"]: one["state"]["terminated"] for one in found}
    assert lab.log("parts", "-c", "good") == "found\n"
    assert lab.log("parts", "-c", "chosen") == "here\n"
    for name in ("up", "root"):
        assert ends[name]["reason"] == "StartError"
        assert f"subPath {name} leaves the volume own" in ends[name]["message"]


def test_a_pod_writes_no_more_than_its_ephemeral_storage(lab: PodLab) -> None:
    names = ("one", "two", "three")
    mounts = [{"name": name, "mountPath": f"/{name}"} for name in names]
    limits = {"volumeMounts": mounts, "resources": {"limits": {"ephemeral-storage": "3Mi"}}}
    script = (
        "for place in /one /two /three; do head -c 4194304 /dev/zero > $place/file; done; "
        "cat /one/file /two/file /three/file | wc -c; "
        "for place in /tmp /var/tmp /run /dev/shm $HOME; do head -c 4194304 /dev/zero > $place/file; done; "
        "cat /tmp/file /var/tmp/file /run/file /dev/shm/file $HOME/file | wc -c"
    )
    volumes = [{"name": name, "emptyDir": EMPTY} for name in names]
    told = lab.told("writer", "sh", "-c", f"({script}) 2>/dev/null", container=limits, volumes=volumes)
    held, scratch = (int(line) for line in told.splitlines())
    assert 2 * 1024**2 < held <= 3 * 1024**2
    # What else lies in the container's root is settings: at most 2 MiB.
    assert 2 * 1024**2 < scratch <= 5 * 1024**2
    assert "No space left on device" in lab.told(
        "loud", "sh", "-c", "head -c 4194304 /dev/zero > /one/file; true", container=limits, volumes=volumes
    )
