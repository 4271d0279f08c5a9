"""Bring the real client programs that tests and benchmarks drive into a cache outside the tree.

Real programs, because the point of the lab is what `aws`, `kubectl` and their kin do with it; a stand-in
would only repeat what we already believe.  A cache keyed by version, because a build takes minutes: it is
paid once for each version and shared by every checkout.  README.md has the rest.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
HEARTBEAT_S: Final = 15.0
LAST_LINES: Final = 15

# `-I`: the CLI must see its own environment only, whatever PYTHONPATH the tests run under.  A launcher and
# not the script's own first line, because that line would name the temporary directory of the build.
LAUNCHER: Final = """\
#!/bin/sh
here=$(dirname "$(readlink -f "$0")")
exec "$here/../venv/bin/python" -I "$here/../venv/bin/aws" "$@"
"""


@dataclass(frozen=True)
class Client:
    """One client program and how to build it."""

    name: str
    build: Callable[["Client", Path], None] | None = None
    pin: str = ""  # the Go module or Python distribution whose pinned version is the client's
    package: str = "."
    release: Callable[[str], str] = str  # from the module's version to the program's
    stamps: Callable[[str], dict[str, str]] = lambda _: {}  # linker variables: a module knows no git tag
    system: Callable[["Client"], None] | None = None  # brings a program that is never built here into PATH
    beside: str = ""  # a folder of the Go module that the program reads; it lies beside `bin`

    @property
    def version(self) -> str:
        """The pinned version, read from the one file that says it; `-` when nothing is pinned."""
        if not self.pin:
            return "-"
        is_python, is_npm = self.build is build_python, self.build is build_npm
        file = "requirements.txt" if is_python else "package.json" if is_npm else "go.mod"
        pins = HERE / self.name / file
        wanted = rf'^\s*"?{re.escape(self.pin)}"?(?: v|==|: ")([^\s;"]+)'
        found = re.search(wanted, pins.read_text(), re.MULTILINE)
        if found is None:
            raise RuntimeError(f"{pins} does not pin {self.pin}")
        return self.release(found[1])

    @property
    def home(self) -> Path:
        """Where the cache holds this client, all versions; outside the tree, so `git clean` spares it."""
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sekisho" / "clients"
        return Path(os.environ.get("SEKISHO_CLIENTS_DIR") or base).absolute() / self.name

    @property
    def path(self) -> Path:
        """Where the program is once built; hashed over its files, so a moved dependency is a new program."""
        digest = hashlib.sha256(repr(sorted(self.stamps(self.version).items())).encode())
        for file in sorted((HERE / self.name).glob("[!.]*")):
            if file.is_file():
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
        return self.home / f"{self.version}-{digest.hexdigest()[:8]}" / "bin" / self.name


def say(name: str, text: str) -> None:
    """Report progress where it does not mix with `--list`."""
    print(f"{name}: {text}", file=sys.stderr, flush=True)


def run(client: Client, argv: list[str | Path], cwd: Path, **env: str) -> None:
    """Run one tool silently but visibly alive, and keep the end of its output in case it fails."""
    start, env = time.monotonic(), {**os.environ, **env}
    with tempfile.TemporaryFile("w+", errors="replace") as log:
        tool = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            while True:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    tool.wait(HEARTBEAT_S)
                    break
                say(client.name, f"still at it after {time.monotonic() - start:.0f} s")
        finally:
            tool.kill()  # does nothing to one that has ended
            tool.wait()
        if tool.returncode != 0:
            log.seek(0)
            tail = log.read().splitlines()[-LAST_LINES:]
            raise RuntimeError("\n".join([f"{Path(argv[0]).name} exited with {tool.returncode}", *tail]))


def build_go(client: Client, target: Path) -> None:
    """Build a Go client with the versions that its go.sum vouches for, and nothing of this machine in it."""
    stamps = [f"-X {name}={value}" for name, value in client.stamps(client.version).items()]
    flags = f"-trimpath -buildvcs=false -p {min(4, os.cpu_count() or 1)}".split()
    argv: list[str | Path] = ["go", "build", *flags, "-ldflags", " ".join(["-s -w", *stamps])]
    argv += ["-o", target / "bin" / client.name, client.package]
    env = {"GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "GOWORK": "off", "CGO_ENABLED": "0"}
    run(client, argv, HERE / client.name, **env)
    if client.beside:
        listed = ["go", "list", "-m", "-f", "{{.Dir}}", client.pin]
        where = subprocess.check_output(listed, cwd=HERE / client.name, env={**os.environ, **env}, text=True)
        shutil.copytree(Path(where.strip()) / client.beside, target / client.beside)


def build_npm(client: Client, target: Path) -> None:
    """Take one script from an npm package that the lock file vouches for; nothing of the package is run."""
    for file in ("package.json", "package-lock.json"):
        shutil.copy(HERE / client.name / file, target)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
    run(client, ["npm", "ci", *quiet], target)
    program = target / "bin" / client.name
    program.parent.mkdir()
    shutil.copy(target / "node_modules" / client.pin / client.package, program)
    program.chmod(0o755)  # nobody runs it, but `locate` asks


def install_debian(client: Client) -> None:
    """Install a program with Debian's packages where we may; it is then taken from PATH."""
    if shutil.which(client.name) or not shutil.which("apt-get") or os.geteuid() != 0:
        return
    say(client.name, "installing Debian's package")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    run(client, ["apt-get", "update", "--quiet"], HERE, **env)
    wanted = [client.name, *client.package.split()]
    run(client, ["apt-get", "install", "--quiet", "--yes", "--no-install-recommends", *wanted], HERE, **env)


def build_python(client: Client, target: Path) -> None:
    """Install a Python client into a virtual environment of its own: its pins are nobody else's business."""
    venv, wanted = target / "venv", HERE / client.name / "requirements.txt"
    python, program = venv / "bin" / "python", target / "bin" / client.name
    if uv := shutil.which("uv"):
        run(client, [uv, "venv", "--no-project", "--python", sys.executable, venv], target)
        install: list[str | Path] = [uv, "pip", "install", "--python", python, "--compile-bytecode"]
    else:
        run(client, [sys.executable, "-m", "venv", venv], target)
        install = [python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    run(client, [*install, "--require-hashes", "-r", wanted], target)
    program.parent.mkdir()
    program.write_text(LAUNCHER)
    program.chmod(0o755)


def kubernetes_stamps(release: str) -> dict[str, str]:
    """Let a program name its release: its module says so nowhere, and knows no commit of Kubernetes."""
    major, minor, _ = release.split(".", 2)
    facts = {"gitVersion": f"v{release}", "gitMajor": major, "gitMinor": minor, "gitCommit": ""}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return {f"{package}.{key}": value for package in packages for key, value in facts.items()}


def kubectl(name: str) -> Client:
    """Make a kubectl: module v0.N.P is the code of kubectl v1.N.P."""
    release: Callable[[str], str] = lambda version: version.replace("0", "1", 1)  # noqa: E731
    return Client(name, build_go, "k8s.io/kubectl", release=release, stamps=kubernetes_stamps)


def kubernetes(name: str) -> Client:
    """Make a server program of Kubernetes, from the module that is Kubernetes itself."""
    return Client(name, build_go, "k8s.io/kubernetes", stamps=kubernetes_stamps)


AUTHENTICATOR: Final = "sigs.k8s.io/aws-iam-authenticator"
CLIENTS: Final[dict[str, Client]] = {
    client.name: client
    for client in (
        Client("aws", build_python, "awscli"),
        kubectl("kubectl"),
        kubectl("kubectl-1.27"),
        Client(
            "aws-iam-authenticator",
            build_go,
            AUTHENTICATOR,
            package=f"{AUTHENTICATOR}/cmd/aws-iam-authenticator",
            stamps=lambda release: {f"{AUTHENTICATOR}/pkg.Version": release},
        ),
        Client("etcd", build_go, "go.etcd.io/etcd/server/v3"),
        kubernetes("kube-apiserver"),
        kubernetes("kube-controller-manager"),
        kubernetes("kubernetes-rbac"),
        Client("dex", build_go, "github.com/dexidp/dex", beside="web", release=lambda v: v.partition("+")[0]),
        Client("chromium", package="fonts-dejavu-core", system=install_debian),
        Client("axe-core", build_npm, "axe-core", package="axe.min.js"),
        Client("eksctl"),
    )
}


def locate(name: str) -> Path | None:
    """Return the program of a client, or None; looks only, so that a test can ask at no cost.

    PATH counts only where an install recorded it: a test must not meet some other kubectl by accident.
    """
    path, system = CLIENTS[name].path, CLIENTS[name].home / "system"
    if os.access(path, os.X_OK):
        return path
    return system.readlink() if os.access(system, os.X_OK) else None


def obstacle(client: Client) -> str:
    """Say why a client cannot be built here, "" when it can; no Go toolchain is fetched unasked."""
    if client.build is None:
        return "a program of the system" if client.system else "no release of its Go module could be pinned"
    if client.build is build_python:
        return ""
    if client.build is build_npm:
        return "" if shutil.which("npm") else "there is no npm"
    if (go := shutil.which("go")) is None:
        return "there is no Go toolchain"
    env, minor = {**os.environ, "GOTOOLCHAIN": "local"}, re.compile(r"\bgo ?1\.(\d+)")
    present = minor.search(subprocess.check_output([go, "env", "GOVERSION"], env=env, text=True))
    needed = minor.search((HERE / client.name / "go.mod").read_text())
    old = present and needed and int(present[1]) < int(needed[1])
    return f"the Go toolchain is older than the Go 1.{needed[1]} it needs" if needed and old else ""


@contextlib.contextmanager
def locked(client: Client) -> Iterator[None]:
    """Let one install at a time work on a client; the kernel frees the lock of one that was killed."""
    client.home.mkdir(parents=True, exist_ok=True)
    with (client.home / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(client.name, "waiting for another install")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install(client: Client) -> None:
    """Make a client ready: it appears under its final name whole or not at all, and nothing is imitated."""
    start = time.monotonic()
    with locked(client):
        final, system = client.path.parent.parent, client.home / "system"
        if os.access(client.path, os.X_OK):
            say(client.name, f"{client.version} is ready")
            return
        system.unlink(missing_ok=True)
        if client.system is not None:
            client.system(client)
        if (why := obstacle(client)) or client.build is None:
            if found := shutil.which(client.name):
                system.symlink_to(Path(found).absolute())
            say(client.name, f"{why}: {f'taking {found} from PATH' if found else 'missing, and not on PATH'}")
            return
        for dead in client.home.glob(".build-*"):  # we hold the lock: whoever made it is gone
            shutil.rmtree(dead, ignore_errors=True)
        say(client.name, f"building {client.version}")
        target = Path(tempfile.mkdtemp(prefix=".build-", dir=client.home))
        try:
            client.build(client, target)
            shutil.rmtree(final, ignore_errors=True)  # there only if somebody took its program away
            target.rename(final)
        finally:
            shutil.rmtree(target, ignore_errors=True)
        say(client.name, f"built in {time.monotonic() - start:.1f} s: {client.path}")


def main() -> int:
    """Install the named clients, or all; one that fails does not stop the others."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(CLIENTS)}; default: all")
    parser.add_argument("--list", action="store_true", help="print NAME VERSION PATH state and do nothing")
    options = parser.parse_args()
    if unknown := [name for name in options.names if name not in CLIENTS]:
        parser.error(f"no such client: {', '.join(unknown)}")
    failed = False
    for client in [CLIENTS[name] for name in options.names or CLIENTS]:
        try:
            if options.list:
                found = locate(client.name)
                state = "missing" if found is None else "ready" if found == client.path else "system"
                print(client.name, "-" if state == "system" else client.version, found or "-", state)
            else:
                install(client)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            say(client.name, f"FAILED: {error}")
            failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
