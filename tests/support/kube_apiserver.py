"""A real kube-apiserver with its etcd, for a test: free ports, a folder of its own, stopped by its id."""

import json
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from e2e.e2e_clients import client
from sekisho.lab.net.sockets import free_ports

ADMIN = "admin-token-of-the-test"
ISSUER = "https://kubernetes.default.svc.cluster.local"
READY_SECONDS = 60.0


@dataclass(frozen=True)
class ApiServerProcess:
    """A running kube-apiserver: where it listens, the folder with its files."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def url(self) -> str:
        """Return where it is."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def authority(self) -> Path:
        """Return the certificate to trust."""
        return self.folder / "certs" / "apiserver.crt"

    @property
    def log(self) -> str:
        """Return what the server logged so far."""
        return (self.folder / "kube-apiserver.log").read_text(errors="replace")

    def ask(self, method: str, path: str, body: Any = None, token: str = ADMIN) -> tuple[int, Any]:
        """Return status and JSON body of one request."""
        request = urllib.request.Request(  # noqa: S310 - https to loopback
            self.url + path, method=method, data=None if body is None else json.dumps(body).encode()
        )
        request.add_header("authorization", f"Bearer {token}")
        request.add_header("content-type", "application/json")
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.trust)
        )
        try:
            with opener.open(request, timeout=30) as answer:
                return answer.status, _document(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _document(error.read())

    def create(self, path: str, *bodies: Any) -> None:
        """Create objects that have to be accepted."""
        for body in bodies:
            status, told = self.ask("POST", path, body)
            assert status in (200, 201), told

    @property
    def trust(self) -> ssl.SSLContext:
        """Return the trust in the server's own certificate."""
        context = ssl.create_default_context(cafile=str(self.authority))
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        return context

    def kubeconfig(self, user: dict[str, Any] | None = None, name: str = "kubeconfig") -> Path:
        """Write a kubeconfig for ``user`` (the administrator by default) and return it."""
        path = self.folder / name
        path.touch(mode=0o600)
        cluster = {"server": self.url, "certificate-authority": str(self.authority)}
        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "real", "cluster": cluster}],
            "users": [{"name": "who", "user": user or {"token": ADMIN}}],
            "contexts": [{"name": "real", "context": {"cluster": "real", "user": "who"}}],
            "current-context": "real",
        }
        path.write_text(yaml.safe_dump(document))
        return path


@contextmanager
def running_apiserver(
    folder: Path,
    options: Sequence[str] = (),
    users: Mapping[str, Sequence[str]] | None = None,
    more_authorizers: Sequence[str] = (),
    without: Sequence[str] = ("ServiceAccount",),
) -> Iterator[ApiServerProcess]:
    """Start etcd and kube-apiserver with RBAC; ``options`` are further flags. Skips without the programs.

    ``users`` are further users with their groups; the token of one is its name. ``more_authorizers`` are
    asked after Node and RBAC. ``without`` are the admission plugins that are off: no controller makes
    default accounts here.
    """
    programs = {name: client(name) for name in ("etcd", "kube-apiserver")}
    folder.mkdir(parents=True, exist_ok=True)
    _write_key(folder)
    tokens = folder / "tokens.csv"
    known = {user: (user, user, groups) for user, groups in (users or {}).items()}
    known[ADMIN] = ("test-admin", "test-admin-uid", ["system:masters"])
    lines = [
        f"{token},{name},{uid}" + (f',"{",".join(groups)}"' if groups else "") + "\n"
        for token, (name, uid, groups) in known.items()
    ]
    tokens.write_text("".join(lines))
    etcd_port, peer_port, port = free_ports(3, "a control plane")
    etcd = [
        programs["etcd"],
        f"--data-dir={folder / 'etcd'}",
        f"--listen-client-urls=http://127.0.0.1:{etcd_port}",
        f"--advertise-client-urls=http://127.0.0.1:{etcd_port}",
        f"--listen-peer-urls=http://127.0.0.1:{peer_port}",
        "--unsafe-no-fsync",
    ]
    server = [
        programs["kube-apiserver"],
        f"--etcd-servers=http://127.0.0.1:{etcd_port}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        f"--cert-dir={folder / 'certs'}",
        f"--service-account-issuer={ISSUER}",
        f"--service-account-key-file={folder / 'sa.pub'}",
        f"--service-account-signing-key-file={folder / 'sa.key'}",
        f"--token-auth-file={tokens}",
        f"--authorization-mode={','.join(('Node', 'RBAC', *more_authorizers))}",
        "--service-cluster-ip-range=10.0.0.0/24",
        f"--disable-admission-plugins={','.join(without)}",
        *options,
    ]
    with ExitStack() as stack:
        stack.enter_context(_running(etcd, folder / "etcd.log"))
        process = stack.enter_context(_running(server, folder / "kube-apiserver.log"))
        found = ApiServerProcess(folder, port, process)
        _wait_ready(found)
        yield found


@contextmanager
def running_controllers(
    server: ApiServerProcess, *controllers: str, options: Sequence[str] = ()
) -> Iterator[None]:
    """Run these controllers of kube-controller-manager against ``server``. Skips without the program.

    ``options`` are further flags.
    """
    command = [
        client("kube-controller-manager"),
        f"--kubeconfig={server.kubeconfig(name='controllers')}",
        f"--controllers={','.join(controllers)}",
        "--leader-elect=false",
        "--secure-port=0",
        *options,
    ]
    with _running(command, server.folder / "kube-controller-manager.log"):
        yield


@contextmanager
def _running(command: Sequence[object], log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    with log.open("wb") as file:
        process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            cwd=log.parent,
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_ready(server: ApiServerProcess) -> None:
    """Wait until the server says it is ready and has made its own roles."""
    ends = time.monotonic() + READY_SECONDS
    told: object = "no answer"
    while time.monotonic() < ends:
        assert server.process.poll() is None, server.log[-4000:]
        try:
            told = server.ask("GET", "/readyz")
        except (OSError, ssl.SSLError) as error:
            told = error
        if isinstance(told, tuple) and told[0] == 200:
            return
        time.sleep(0.1)
    raise AssertionError(f"kube-apiserver was not ready: {told}\n{server.log[-4000:]}")


def _write_key(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / "sa.key").touch(mode=0o600)
    (folder / "sa.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    (folder / "sa.pub").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


def _document(raw: bytes) -> Any:
    """Return JSON as what it is and anything else as text."""
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode(errors="replace")
