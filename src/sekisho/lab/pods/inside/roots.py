"""The file systems of a pod: what its first process sees, and the root of each container.

The first process takes with it what the pod may see of this machine (read-only) and the pod's volumes,
and leaves everything else. A container's root is made of that, in a mount namespace of its own.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from sekisho.lab.pods.inside import kernel
from sekisho.lab.pods.inside.volume_mounts import make_place, place, take

DEVICES = ("null", "zero", "full", "random", "urandom")
_SETTINGS_BYTES = 2 * 1024 * 1024
_PAGE_BYTES = 4096
_OLD = "/.old"


def leave_the_machine(config: Mapping[str, Any]) -> None:
    """Change to a root that holds ``/host``, ``/volumes``, ``/empty`` and ``/proc``, and nothing else.

    The mounts are taken as the user that the lab runs as, placed as the one that the pod runs as.

    Raises:
        OSError: the kernel refuses one of the steps.
    """
    kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    # Who runs in the pod may not even look at them where they lie.
    trees = [(path, os.path.isdir(path), kernel.open_tree(path)) for path in config["trees"]]
    devices = [(f"/dev/{name}", False, kernel.open_tree(f"/dev/{name}")) for name in DEVICES]
    volumes = kernel.open_tree(config["volumes"])
    for descriptor in (*(one for _, _, one in trees), volumes):
        kernel.make_read_only(descriptor)
    become(*config["inner"], groups=config["outer"] is not None)
    base = "/tmp"  # noqa: S108 - any folder of the machine will do to mount on
    kernel.mount("tmpfs", base, "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,mode=755")
    for name in ("host", "volumes", "empty", "proc", "new", "old"):
        os.mkdir(f"{base}/{name}")
    for path, is_folder, descriptor in (*trees, *devices):
        make_place(f"{base}/host{path}", is_folder=is_folder)
        kernel.move_mount(descriptor, f"{base}/host{path}")
        os.close(descriptor)
    kernel.move_mount(volumes, f"{base}/volumes")
    os.close(volumes)
    for name, size in config["empty"].items():
        os.mkdir(f"{base}/empty/{name}")
        _mount_memory(f"{base}/empty/{name}", size, "1777")
    _mount_proc(f"{base}/proc")
    kernel.change_root(base, f"{base}/old")
    kernel.detach("/old")


def become(uid: int, gid: int, *, groups: bool) -> None:
    """Take the ids of the pod for this process's own; ``groups`` says whether it may leave its groups."""
    if groups:
        os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def enter_new_root(config: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, int]:
    """Make a container's root in a new mount namespace and enter it.

    Returns descriptors of its namespaces, taken before a volume can be anywhere: also over ``/proc``.

    Raises:
        OSError: a mount point cannot be made, or what is to be mounted is not there.
    """
    kernel.unshare(kernel.CLONE_NEWNS)
    namespaces = {
        name: os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC)
        for name, kind in (("mounts", "mnt"), ("processes", "pid"))
    }
    kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    _mount_memory("/new", _SETTINGS_BYTES + spec["scratch"], "755")
    for path in config["trees"]:
        make_place(f"/new{path}", is_folder=os.path.isdir(f"/host{path}"))
        kernel.bind(f"/host{path}", f"/new{path}")
    for name, target in config["links"].items():
        os.makedirs(os.path.dirname(f"/new{name}"), exist_ok=True)
        os.symlink(target, f"/new{name}")
    for name, content in config["files"].items():
        os.makedirs(os.path.dirname(f"/new{name}"), exist_ok=True)
        with open(f"/new{name}", "w", encoding="utf-8") as file:
            file.write(content)
    for name, mode in (("/tmp", 0o1777), ("/var/tmp", 0o1777), ("/run", 0o755), (spec["home"], 0o700)):  # noqa: S108
        _keep_writable(f"/new{name}", mode)
    if not os.path.lexists("/new/var/run"):
        os.symlink("../run", "/new/var/run")
    os.mkdir("/new/proc")
    _mount_proc("/new/proc")
    _make_devices("/new/dev")
    taken = [(take(mount), mount["path"]) for mount in spec["mounts"]]
    os.mkdir(f"/new{_OLD}")
    kernel.change_root("/new", f"/new{_OLD}")
    kernel.detach(_OLD)
    os.rmdir(_OLD)
    for tree, target in taken:
        place(tree, target)
    os.makedirs(spec["cwd"], exist_ok=True)
    kernel.remount_read_only("/")
    os.chdir(spec["cwd"])
    return namespaces


def _mount_memory(target: str, size: int, mode: str) -> None:
    """Mount a file system in memory, of so many bytes and as many files as can have a page."""
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    pages = max(int(size) // _PAGE_BYTES, 1)  # none at all would be no limit (tmpfs(5))
    data = f"size={pages * _PAGE_BYTES},nr_inodes={pages + 256},mode={mode}"
    kernel.mount("tmpfs", target, "tmpfs", flags, data)


def _keep_writable(folder: str, mode: int) -> None:
    """Make a folder of a root that stays writable when the root becomes read-only: a mount of its own.

    All of them are one file system, so that a container has one bound for what it writes.
    """
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, mode)
    kernel.bind(folder, folder)


def _mount_proc(target: str) -> None:
    kernel.mount("proc", target, "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)


def _make_devices(folder: str) -> None:
    os.makedirs(folder)
    for name in DEVICES:
        make_place(f"{folder}/{name}", is_folder=False)
        kernel.bind(f"/host/dev/{name}", f"{folder}/{name}")
    links: Sequence[tuple[str, str]] = (
        ("fd", "/proc/self/fd"),
        ("stdin", "/proc/self/fd/0"),
        ("stdout", "/proc/self/fd/1"),
        ("stderr", "/proc/self/fd/2"),
        ("ptmx", "pts/ptmx"),
    )
    for name, target in links:
        os.symlink(target, f"{folder}/{name}")
    os.mkdir(f"{folder}/pts")
    kernel.mount(
        "devpts",
        f"{folder}/pts",
        "devpts",
        kernel.MS_NOSUID | kernel.MS_NOEXEC,
        "newinstance,ptmxmode=0666,mode=0620",
    )
    _keep_writable(f"{folder}/shm", 0o1777)
