"""The file systems of a pod: what its first process sees, and the root of each container.

The first process takes with it what the pod may see of this machine (read-only) and the pod's volumes,
and leaves everything else. A container's root is made of that, in a mount namespace of its own.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from sekisho.lab.pods.inside import kernel

DEVICES = ("null", "zero", "full", "random", "urandom")
_ROOT_DATA = "size=16m,nr_inodes=8k,mode=755"
_SCRATCH_DATA = "size=64m,nr_inodes=16k"
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
        _make_place(f"{base}/host{path}", is_folder=is_folder)
        kernel.move_mount(descriptor, f"{base}/host{path}")
        os.close(descriptor)
    kernel.move_mount(volumes, f"{base}/volumes")
    os.close(volumes)
    for name, size in config["empty"].items():
        os.mkdir(f"{base}/empty/{name}")
        data = f"size={int(size)},nr_inodes=16k,mode=1777"
        kernel.mount("tmpfs", f"{base}/empty/{name}", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, data)
    _mount_proc(f"{base}/proc")
    kernel.change_root(base, f"{base}/old")
    kernel.detach("/old")


def become(uid: int, gid: int, *, groups: bool) -> None:
    """Take the ids of the pod for this process's own; ``groups`` says whether it may leave its groups."""
    if groups:
        os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)


def enter_new_root(config: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    """Make a container's root in a new mount namespace and enter it.

    Raises:
        OSError: a mount point cannot be made, or what is to be mounted is not there.
    """
    kernel.unshare(kernel.CLONE_NEWNS)
    kernel.mount("", "/", flags=kernel.MS_REC | kernel.MS_PRIVATE)
    flags = kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("tmpfs", "/new", "tmpfs", flags, _ROOT_DATA)
    for path in config["trees"]:
        _make_place(f"/new{path}", is_folder=os.path.isdir(f"/host{path}"))
        kernel.bind(f"/host{path}", f"/new{path}")
    for name, target in config["links"].items():
        os.makedirs(os.path.dirname(f"/new{name}"), exist_ok=True)
        os.symlink(target, f"/new{name}")
    for name, content in config["files"].items():
        os.makedirs(os.path.dirname(f"/new{name}"), exist_ok=True)
        with open(f"/new{name}", "w", encoding="utf-8") as file:
            file.write(content)
    home = spec["home"]
    for name, mode in (("/tmp", "1777"), ("/var/tmp", "1777"), ("/run", "755"), (home, "700")):  # noqa: S108
        os.makedirs(f"/new{name}", exist_ok=True)
        kernel.mount("tmpfs", f"/new{name}", "tmpfs", flags, f"{_SCRATCH_DATA},mode={mode}")
    if not os.path.lexists("/new/var/run"):
        os.symlink("../run", "/new/var/run")
    os.mkdir("/new/proc")
    _mount_proc("/new/proc")
    _make_devices("/new/dev")
    os.mkdir(f"/new{_OLD}")
    kernel.change_root("/new", f"/new{_OLD}")
    for mount in spec["mounts"]:
        _mount_volume(mount)
    os.makedirs(spec["cwd"], exist_ok=True)
    kernel.detach(_OLD)
    os.rmdir(_OLD)
    kernel.remount_read_only("/")
    os.chdir(spec["cwd"])


def _mount_volume(mount: Mapping[str, Any]) -> None:
    """Bind a volume, or a file or folder of it, to where the container wants it."""
    top = f"{_OLD}/{'empty' if mount['empty'] else 'volumes'}/{mount['volume']}"
    source = os.path.realpath(f"{top}/{mount['sub']}") if mount["sub"] else top
    if source != top and not source.startswith(f"{top}/"):
        raise PermissionError(f"subPath {mount['sub']} leaves the volume {mount['volume']}")
    if mount["sub"] and mount["empty"] and not os.path.lexists(source):
        os.makedirs(source)
    target = mount["path"]
    if not os.path.exists(target):
        _make_place(target, is_folder=os.path.isdir(source))
    kernel.bind(source, target)
    if mount["readOnly"]:
        kernel.remount_read_only(target)


def _make_place(target: str, *, is_folder: bool) -> None:
    """Make a mount point: a folder for a folder, an empty file for anything else."""
    os.makedirs(target if is_folder else os.path.dirname(target), exist_ok=True)
    if not is_folder and not os.path.exists(target):
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY, 0o644))


def _mount_proc(target: str) -> None:
    kernel.mount("proc", target, "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)


def _make_devices(folder: str) -> None:
    os.makedirs(folder)
    kernel.mount("tmpfs", folder, "tmpfs", kernel.MS_NOSUID | kernel.MS_NOEXEC, "size=64k,mode=755")
    for name in DEVICES:
        _make_place(f"{folder}/{name}", is_folder=False)
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
    os.mkdir(f"{folder}/shm")
    kernel.mount(
        "tmpfs", f"{folder}/shm", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, f"{_SCRATCH_DATA},mode=1777"
    )
