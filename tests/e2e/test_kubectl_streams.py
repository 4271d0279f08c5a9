"""Logs, commands, attachment, copies and ports of pods with the real kubectl, over WebSocket and SPDY.

kubectl 1.37 speaks WebSocket, kubectl 1.27 SPDY/3.1.
"""

import contextlib
import fcntl
import hashlib
import os
import pty
import re
import select
import socket
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.e2e_shell import KUBECTLS, Shell, shell_of
from support.streaming_lab import PODS, StreamingLab, streaming_lab

SECONDS = 60.0
FORWARDED = re.compile(rb"Forwarding from 127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class Cluster:
    """A shell and the context of each cluster."""

    shell: Shell
    streaming: StreamingLab
    kubeconfig: Path

    def command(self, kubectl: str, *words: str, cluster: str = "eks-clu") -> list[str]:
        context = f"arn:aws:eks:ap-northeast-1:111122223333:cluster/{cluster}@creator"
        return [kubectl, "--kubeconfig", str(self.kubeconfig), "--context", context, *words]

    def __call__(self, kubectl: str, *words: str, stdin: str = "", cluster: str = "eks-clu") -> "Done":
        """Run kubectl; its exit code is not checked."""
        done = self.shell(" ".join(self.command(kubectl, cluster=cluster)), *words, stdin=stdin)
        return Done(done.returncode, done.stdout, done.stderr)

    @contextlib.contextmanager
    def started(
        self,
        kubectl: str,
        *words: str,
        stdin: int | None = None,
        stdout: int | None = None,
        stderr: int | None = None,
    ) -> Iterator["subprocess.Popen[bytes]"]:
        """Run kubectl while the test goes on."""
        path = dict(self.shell.more)["PATH"]
        program = next(str(Path(one) / kubectl) for one in path.split(":") if (Path(one) / kubectl).exists())
        command = [program, *self.command(kubectl, *words)[1:]]
        environment = {**self.streaming.lab.environment(), **self.shell.more}
        process = subprocess.Popen(
            command,
            env=environment,
            cwd=self.streaming.lab.home,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("streams")
    with streaming_lab(folder) as streaming:
        shell = shell_of(streaming.lab, folder / "bin", KUBECTLS)
        kubeconfig = folder / "kubeconfig"
        for name in ("eks-clu", "newer", "idle"):
            shell.output(f"sekisho kubeconfig --name {name} --exec sekisho --kubeconfig {kubeconfig}")
        found = Cluster(shell, streaming, kubeconfig)
        for name in ("eks-clu", "newer", "idle"):
            done = found("kubectl", "create", "-f", "-", stdin=PODS, cluster=name)
            assert done.code == 0, done
        yield found


@pytest.fixture(params=KUBECTLS)
def kubectl(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_output_errors_and_the_exit_code_come_back(cluster: Cluster, kubectl: str) -> None:
    done = cluster(kubectl, "exec", "web", "--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert done == Done(3, "out\n", "err\ncommand terminated with exit code 3\n")


def test_stdin_is_passed_on_and_closed(cluster: Cluster, kubectl: str) -> None:
    sent = "".join(f"line {number}\n" for number in range(100_000))
    done = cluster(kubectl, "exec", "-i", "web", "--", "sha256sum", stdin=sent)
    assert done == Done(0, f"{hashlib.sha256(sent.encode()).hexdigest()}  -\n", "")


def test_stdin_that_nobody_reads_does_not_hide_how_a_command_ended(cluster: Cluster, kubectl: str) -> None:
    done = cluster(kubectl, "exec", "-i", "web", "--", "sh", "-c", "exit 4", stdin="x" * 2_000_000)
    assert (done.code, done.out) == (4, "")


def test_large_output_is_whole(cluster: Cluster, kubectl: str) -> None:
    done = cluster(kubectl, "exec", "web", "--", "seq", "700000")
    assert (done.code, done.err) == (0, "")
    assert hashlib.sha256(done.out.encode()).digest() == _sequence(700_000)


def test_a_process_left_behind_does_not_hold_the_command(cluster: Cluster, kubectl: str) -> None:
    began = time.monotonic()
    done = cluster(kubectl, "exec", "web", "--", "sh", "-c", "sleep 55 & echo started")
    assert (done.code, done.out) == (0, "started\n")
    assert time.monotonic() - began < 50


def test_many_at_once(cluster: Cluster, kubectl: str) -> None:
    def one(number: int) -> Done:
        return cluster(
            kubectl, "exec", "-i", "web", "--", "sh", "-c", f"cat; exit {number}", stdin=f"{number}\n"
        )

    with ThreadPoolExecutor(20) as pool:
        done = list(pool.map(one, range(20)))
    assert [(each.code, each.out) for each in done] == [(number, f"{number}\n") for number in range(20)]


def test_a_terminal_has_one_stream_and_a_size(cluster: Cluster, kubectl: str) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 101, 0, 0))
    pipes = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    # The first size arrives after the command began: it asks until it is told.
    sized = "until stty size | grep '33 101'; do sleep 0.05; done"
    script = f"tty >/dev/null && {sized}; echo err >&2; read x; echo $x; exit 5"
    with cluster.started(kubectl, "exec", "-it", "web", "--", "sh", "-c", script, **pipes) as process:
        os.close(theirs)
        seen = _read_until(ours, b"err")
        os.write(ours, b"typed\n")
        seen += _read_until(ours, b"exit code 5")
        assert process.wait(SECONDS) == 5
    os.close(ours)
    assert b"33 101" in seen
    assert seen.count(b"typed") == 2  # the terminal's echo, and the command's


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("none", "--", "true"), 'pods "none" not found'),
        (("unbound", "--", "true"), "pod unbound does not have a host assigned"),
        (("stopped", "--", "true"), 'container not found ("main")'),
        (("two", "-c", "nix", "--", "true"), "container nix is not valid for pod two"),
        (("web", "--", "no-such-program"), "failed to exec in container: No such file or directory"),
    ],
)
def test_what_cannot_be_run_is_told(
    cluster: Cluster, kubectl: str, words: tuple[str, ...], told: str
) -> None:
    done = cluster(kubectl, "exec", *words)
    assert done.code == 1
    assert told in done.err


def test_where_no_pod_runs_that_is_told(cluster: Cluster, kubectl: str) -> None:
    for words in (("exec", "web", "--", "true"), ("logs", "web"), ("attach", "web")):
        done = cluster(kubectl, *words, cluster="idle")
        assert done.code == 1
        assert "the lab runs no pods: this pod is an object of the API that no node runs" in done.err


def test_attach_speaks_with_the_container_itself(cluster: Cluster, kubectl: str) -> None:
    done = cluster(kubectl, "attach", "-i", "web", stdin="one\ntwo\n")
    assert (done.code, done.out) == (0, "got one\ngot two\n")


def test_files_are_copied_both_ways(cluster: Cluster, kubectl: str, tmp_path: Path) -> None:
    there = cluster.streaming.folder("web") / f"copied-{kubectl}"
    (tmp_path / "sent").write_bytes(os.urandom(3_000_000))
    done = cluster(kubectl, "cp", str(tmp_path / "sent"), f"default/web:{there}")
    assert done.code == 0, done
    assert there.read_bytes() == (tmp_path / "sent").read_bytes()
    done = cluster(kubectl, "cp", f"default/web:{there}", str(tmp_path / "back"))
    assert done.code == 0, done
    assert (tmp_path / "back").read_bytes() == there.read_bytes()


def test_logs_are_printed_and_followed(cluster: Cluster, kubectl: str) -> None:
    log = cluster.streaming.folder("two") / "side.log"
    log.with_suffix(".ended").unlink(missing_ok=True)
    log.write_text("one\ntwo\nthree\n")
    assert cluster(kubectl, "logs", "two", "-c", "side") == Done(0, "one\ntwo\nthree\n", "")
    assert cluster(kubectl, "logs", "two", "-c", "side", "--tail=1").out == "three\n"
    assert cluster(kubectl, "logs", "two", "-c", "side", "--limit-bytes=5").out == "one\nt"
    previous = cluster(kubectl, "logs", "two", "-c", "side", "--previous")
    assert (previous.code, "previous terminated container" in previous.err) == (1, True)
    with cluster.started(kubectl, "logs", "-f", "two", "-c", "side", stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(3)] == [b"one\n", b"two\n", b"three\n"]
        with log.open("a") as file:
            file.write("four\n")
        assert process.stdout.readline() == b"four\n"
        log.with_suffix(".ended").touch()
        assert process.wait(SECONDS) == 0


def test_a_port_carries_megabytes_both_ways_at_once(cluster: Cluster, kubectl: str) -> None:
    sent = os.urandom(4_000_000)
    with (
        _echoing() as port,
        cluster.started(
            kubectl, "port-forward", "web", f":{port}", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process,
    ):
        assert process.stdout is not None
        local = int(_forwarded(process.stdout.readline()))
        with ThreadPoolExecutor(3) as pool:
            back = list(pool.map(lambda _: _round_trip(local, sent), range(3)))
    assert [hashlib.sha256(each).digest() for each in back] == [hashlib.sha256(sent).digest()] * 3


def test_a_port_that_nobody_listens_on_is_told(cluster: Cluster, kubectl: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        closed = taken.getsockname()[1]
    with cluster.started(
        kubectl, "port-forward", "web", f":{closed}", stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdout is not None
        local = int(_forwarded(process.stdout.readline()))
        with contextlib.suppress(ConnectionError):
            assert _round_trip(local, b"x") == b""
        told = _read_until(process.stdout.fileno(), b"error forwarding port")
    assert f"error forwarding port {closed} to pod web".encode() in told


def test_who_may_only_get_a_stream_runs_commands_before_kubernetes_1_35_alone(cluster: Cluster) -> None:
    """A WebSocket is a GET, SPDY a POST; since 1.35 a GET needs ``create`` too, whichever way it is asked."""
    for name in ("eks-clu", "newer"):
        role = ["create", "clusterrole", "looks", "--verb=get", "--resource=pods,pods/exec"]
        assert cluster("kubectl", *role, cluster=name).code == 0
        binding = ["create", "clusterrolebinding", "looks", "--clusterrole", "looks", "--user", "ana"]
        assert cluster("kubectl", *binding, cluster=name).code == 0
    asked = ("exec", "web", "--as", "ana", "--", "echo", "done")
    lacks = 'User "ana" cannot create resource "pods/exec" in API group "" in the namespace "default"'
    assert cluster("kubectl", *asked) == Done(0, "done\n", "")
    refused = cluster("kubectl-1.27", *asked)
    assert (refused.code, lacks in refused.err) == (1, True)
    for program in KUBECTLS:
        refused = cluster(program, *asked, cluster="newer")
        assert (refused.code, lacks in refused.err) == (1, True), program
    # What authorizers say to the attributes is what they said before (kube-apiserver 1.37 answers so too).
    can = cluster("kubectl", "auth", "can-i", "get", "pods/exec", "--as", "ana", cluster="newer")
    assert can.out == "yes\n"
    more = ["create", "clusterrole", "runs", "--verb=create", "--resource=pods/exec"]
    assert cluster("kubectl", *more, cluster="newer").code == 0
    binding = ["create", "clusterrolebinding", "runs", "--clusterrole", "runs", "--user", "ana"]
    assert cluster("kubectl", *binding, cluster="newer").code == 0
    for program in KUBECTLS:
        assert cluster(program, *asked, cluster="newer") == Done(0, "done\n", ""), program


def test_a_stream_is_a_line_of_the_journal(cluster: Cluster, kubectl: str) -> None:
    assert cluster(kubectl, "exec", "web", "--", "true").code == 0
    entries = cluster.streaming.lab.client.get("/journal")
    verb = "get" if kubectl == "kubectl" else "create"
    (entry,) = [one for one in entries[-3:] if f"{verb} pods/exec web in default" in one["asked"]]
    assert (entry["outcome"], entry["who"]) == ("allow", "arn:aws:iam::111122223333:user/eks-admin")


def _forwarded(line: bytes) -> bytes:
    found = FORWARDED.search(line)
    assert found is not None, line
    return found[1]


def _round_trip(port: int, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), SECONDS) as connection:

        def send() -> None:
            with contextlib.suppress(OSError):
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        parts = []
        while part := connection.recv(65_536):
            parts.append(part)
        sender.join()
        return b"".join(parts)


@contextlib.contextmanager
def _echoing() -> Iterator[int]:
    """Serve on loopback: everything is sent back."""

    def serve(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(65_536):
                connection.sendall(data)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


def _read_until(file: int, wanted: bytes) -> bytes:
    seen = b""
    ends = time.monotonic() + SECONDS
    while wanted not in seen and time.monotonic() < ends:
        if select.select([file], [], [], 0.2)[0]:
            try:
                data = os.read(file, 4096)
            except OSError:
                break
            if not data:
                break
            seen += data
    assert wanted in seen, seen
    return seen


def _sequence(last: int) -> bytes:
    return hashlib.sha256("".join(f"{number}\n" for number in range(1, last + 1)).encode()).digest()
