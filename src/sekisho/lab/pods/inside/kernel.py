"""The Linux system calls that Python has no name for.

Every function raises OSError. Source: man-pages section 2 of the call that it is named after.
"""

import ctypes
import os
import sys

CLONE_NEWNS = 0x0002_0000
CLONE_NEWUTS = 0x0400_0000
CLONE_NEWIPC = 0x0800_0000
CLONE_NEWUSER = 0x1000_0000
CLONE_NEWPID = 0x2000_0000
CLONE_NEWNET = 0x4000_0000

MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18

_AT_FDCWD = -100
_AT_EMPTY_PATH = 0x1000
_AT_RECURSIVE = 0x8000
_OPEN_TREE_CLONE = 1
_OPEN_TREE_CLOEXEC = os.O_CLOEXEC
_MOVE_MOUNT_F_EMPTY_PATH = 4
_MOVE_MOUNT_T_EMPTY_PATH = 0x40
_MOUNT_ATTR_RDONLY = 1
_MOUNT_ATTR_NOSUID = 2
_RESOLVE_NO_MAGICLINKS = 2
_RESOLVE_BENEATH = 8
_MNT_DETACH = 2
# These have one number on every architecture.
_SYS_OPEN_TREE = 428
_SYS_MOVE_MOUNT = 429
_SYS_OPENAT2 = 437
_SYS_MOUNT_SETATTR = 442

# keyctl(2) has another number on each architecture.
_SYS_KEYCTL = {"x86_64": 250, "aarch64": 219, "riscv64": 219, "ppc64le": 271, "s390x": 280}
_KEYCTL_JOIN_SESSION_KEYRING = 1

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_CAP_VERSION_3 = 0x2008_0522
_LAST_CAP = 63

_libc = ctypes.CDLL(None, use_errno=True)


class _MountAttr(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")]


class _OpenHow(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("flags", "mode", "resolve")]


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return int(result)


def unshare(flags: int) -> None:
    """Leave namespaces for new ones."""
    _checked(_libc.unshare(flags), "unshare")


def setns(descriptor: int, kind: int) -> None:
    """Enter a namespace (for a PID namespace: have children born there)."""
    _checked(_libc.setns(descriptor, kind), "setns")


def mount(source: str, target: str, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount a file system, bind a tree or change a mount's propagation."""
    _checked(
        _libc.mount(source.encode(), os.fsencode(target), kind.encode(), flags, data.encode() or None),
        f"mount on {target}",
    )


def bind(source: str, target: str) -> None:
    """Show the tree or the file at ``source`` at ``target`` too, with all that is mounted in it."""
    mount(source, target, flags=MS_BIND | MS_REC)


def open_tree(path: str, folder: int = _AT_FDCWD) -> int:
    """Return a descriptor of a copy of the mounts at ``path``, to be placed by `move_mount`.

    An empty ``path`` is ``folder`` itself, which may be a file too.
    """
    flags = _OPEN_TREE_CLONE | _OPEN_TREE_CLOEXEC | _AT_RECURSIVE | (0 if path else _AT_EMPTY_PATH)
    return _checked(_libc.syscall(_SYS_OPEN_TREE, folder, os.fsencode(path), flags), f"open_tree {path}")


def move_mount(descriptor: int, target: str, folder: int = _AT_FDCWD) -> None:
    """Place what `open_tree` returned; an empty ``target`` is ``folder`` itself."""
    flags = _MOVE_MOUNT_F_EMPTY_PATH | (0 if target else _MOVE_MOUNT_T_EMPTY_PATH)
    _checked(
        _libc.syscall(_SYS_MOVE_MOUNT, descriptor, b"", folder, os.fsencode(target), flags),
        f"move_mount on {target}",
    )


def open_beneath(folder: int, path: str) -> int:
    """Return a descriptor (O_PATH) of what ``path`` names in ``folder``, links followed.

    The kernel refuses (EXDEV) a way that leaves ``folder``, whoever changes links meanwhile (openat2(2)).
    """
    how = _OpenHow(os.O_PATH | os.O_CLOEXEC, 0, _RESOLVE_BENEATH | _RESOLVE_NO_MAGICLINKS)
    size = ctypes.c_size_t(ctypes.sizeof(how))
    return _checked(
        _libc.syscall(_SYS_OPENAT2, folder, os.fsencode(path), ctypes.byref(how), size), f"open {path}"
    )


def make_read_only(descriptor: int) -> None:
    """Make what `open_tree` returned read-only, every mount in it."""
    _set_read_only(descriptor, b"", _AT_EMPTY_PATH | _AT_RECURSIVE)


def remount_read_only(path: str, folder: int = _AT_FDCWD) -> None:
    """Make one mount read-only; what is mounted in it stays as it is."""
    _set_read_only(folder, os.fsencode(path), 0 if path else _AT_EMPTY_PATH)


def _set_read_only(descriptor: int, path: bytes, flags: int) -> None:
    attributes = _MountAttr(attr_set=_MOUNT_ATTR_RDONLY | _MOUNT_ATTR_NOSUID)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    _checked(
        _libc.syscall(_SYS_MOUNT_SETATTR, descriptor, path, flags, ctypes.byref(attributes), size),
        "mount_setattr",
    )


def change_root(new: str, old: str) -> None:
    """Make ``new``, a mount, the root and put the old root on ``old``, a folder in it."""
    _checked(_libc.pivot_root(os.fsencode(new), os.fsencode(old)), "pivot_root")
    os.chdir("/")


def detach(path: str) -> None:
    """Take a mount and everything in it away."""
    _checked(_libc.umount2(os.fsencode(path), _MNT_DETACH), f"umount {path}")


def set_hostname(name: str) -> None:
    """Name the host in this UTS namespace."""
    _checked(_libc.sethostname(name.encode(), len(name.encode())), "sethostname")


def leave_keyring() -> None:
    """Leave the session keyring of whoever started this process for an empty one (keyrings(7))."""
    number = _SYS_KEYCTL.get(os.uname().machine)
    if number is not None:
        # A kernel without keyrings, and a filter that forbids the call, keep the keys from everybody.
        _libc.syscall(number, _KEYCTL_JOIN_SESSION_KEYRING, None)


def die_with_parent(signal_number: int) -> None:
    """Have a signal sent to this process when its parent dies."""
    _prctl(_PR_SET_PDEATHSIG, signal_number)


def hide_from_tracing() -> None:
    """Let nobody read this process's memory or its entries in /proc that need such a right."""
    _prctl(_PR_SET_DUMPABLE, 0)


def give_up_privileges() -> None:
    """Drop every capability, for this process and whatever it executes."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    for capability in range(_LAST_CAP + 1):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break  # past the last one that this kernel knows
    _libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
    header = (ctypes.c_uint32 * 2)(_CAP_VERSION_3, 0)
    _checked(_libc.capset(header, (ctypes.c_uint32 * 6)()), "capset")


def _prctl(option: int, value: int) -> None:
    _checked(_libc.prctl(option, value, 0, 0, 0), f"prctl {option}")


def is_linux() -> bool:
    """Tell whether this is the one system that has these calls."""
    return sys.platform == "linux"
