"""Where a lab keeps what must last, and the lock that makes it one lab's own."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sekisho.lab.errors import LabError

MAX_SOCKET_BYTES = 103
"""What fits into ``sun_path`` on the narrowest of the systems (104 with the final zero)."""


@dataclass(frozen=True, slots=True)
class StateDir:
    """The folder of one lab: mode 0700, every file in it 0600."""

    path: Path

    @classmethod
    def resolve(cls, chosen: str | None = None) -> "StateDir":
        """Return ``chosen``, else ``$SEKISHO_STATE_DIR``, else ``sekisho`` in the XDG state folder."""
        named = chosen or os.environ.get("SEKISHO_STATE_DIR")
        if named:
            return cls(Path(named).expanduser().absolute())
        base = Path(os.environ.get("XDG_STATE_HOME", ""))
        # A relative path there is to be ignored (XDG Base Directory Specification, "Environment variables").
        return cls((base if base.is_absolute() else Path.home() / ".local" / "state") / "sekisho")

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.path / "world.db"

    @property
    def socket(self) -> Path:
        """The control socket."""
        return self.path / "lab.sock"

    @property
    def log(self) -> Path:
        """The log of a lab in the background."""
        return self.path / "lab.log"

    @property
    def ca(self) -> Path:
        """The lab's own certificate authority, PEM."""
        return self.path / "ca.pem"

    @property
    def ca_bundle(self) -> Path:
        """Public roots and the lab's authority, PEM: what clients in a lab shell trust."""
        return self.path / "ca-bundle.pem"

    @property
    def aws_config(self) -> Path:
        """``AWS_CONFIG_FILE`` of a lab shell."""
        return self.path / "aws" / "config"

    @property
    def aws_credentials(self) -> Path:
        """``AWS_SHARED_CREDENTIALS_FILE`` of a lab shell."""
        return self.path / "aws" / "credentials"

    @property
    def kubeconfig(self) -> Path:
        """``KUBECONFIG`` of a lab shell."""
        return self.path / "kube" / "config"

    @property
    def programs(self) -> Path:
        """The folder that a lab shell has in its PATH: it holds ``sekisho``."""
        return self.path / "bin"

    def create(self) -> None:
        """Make the folder, readable by its owner alone.

        Raises:
            LabError: it cannot be made or written, is not a folder, or belongs to somebody else.
        """
        excess = len(os.fsencode(self.socket)) - MAX_SOCKET_BYTES
        if excess > 0:
            raise LabError(
                f"the path of the state directory `{self.path}` is {excess} bytes too long for a "
                "control socket in it; choose a shorter one with --state-dir"
            )
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = self.path.stat()
        except FileExistsError:
            raise LabError(
                f"the state directory `{self.path}` is not a folder; choose another with --state-dir"
            ) from None
        except OSError as error:
            raise LabError(
                f"the state directory `{self.path}` cannot be used: {error.strerror}; "
                "choose another with --state-dir"
            ) from None
        if found.st_uid != os.geteuid():
            raise LabError(
                f"the state directory `{self.path}` belongs to another user; choose another with --state-dir"
            )
        if stat.S_IMODE(found.st_mode) & 0o077:
            self.path.chmod(0o700)
        if not os.access(self.path, os.W_OK | os.X_OK):
            raise LabError(
                f"the state directory `{self.path}` is not writable; choose another with --state-dir"
            )

    def lock(self) -> int:
        """Make the folder this process's own and return the descriptor that holds it.

        Until the descriptor is closed; left open, until the process is gone, however it ends.

        Raises:
            LabError: another lab holds it, or the folder cannot be written.
        """
        try:
            descriptor = os.open(self.path / "lab.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LabError(
                f"the state directory `{self.path}` cannot be used: {error.strerror}; "
                "choose another with --state-dir"
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip()
            os.close(descriptor)
            raise LabError(
                f"a lab already runs on `{self.path}` (process {holder or 'unknown'}); "
                "`sekisho status` shows it, `sekisho down` stops it"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        return descriptor

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder until the block ends.

        Raises:
            LabError: as `lock`.
        """
        descriptor = self.lock()
        try:
            yield
        finally:
            os.close(descriptor)

    def write(self, path: Path, content: str | bytes, mode: int = 0o600) -> None:
        """Replace a file of the folder in one step, readable by its owner alone."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        temporary.replace(path)
