"""The system calls that no program of a pod may make, as a filter that the kernel runs before each call.

Namespaces keep a pod from what it can name; this keeps it from parts of the kernel that no ordinary
program needs and that have no namespace, or in which privileges were gained before: keyrings, BPF,
io_uring, userfaultfd, the mount interface, new namespaces, odd socket families. What is refused is what
container runtimes refuse by default; beyond it every call is refused that is newer than this list.

Source: seccomp(2), syscalls(2); Linux ``Documentation/userspace-api/seccomp_filter.rst``.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_LOAD, _EQUAL, _ABOVE, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x25, 0x35, 0x45, 0x06
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_ALLOW, _KILL, _ERRNO = 0x7FFF_0000, 0x8000_0000, 0x0005_0000

_X32_BIT: Final = 0x4000_0000
NEWEST: Final = 469
"""The last call that was looked at (Linux 6.17); one number on every architecture, as from 424 on."""
_NEW_NAMESPACES: Final = 0x7E02_0000
"""CLONE_NEW*: user, mount, PID, network, IPC, UTS and cgroup (clone(2))."""
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_FAMILIES: Final = (_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK)
_NETLINK_ROUTE: Final = 0
_PERSONALITIES: Final = (0, 8, 0xFFFF_FFFF)
"""Linux, Linux of another host name, and the question which it is (personality(2))."""

# Name: number on x86_64, on aarch64; None where there is no such call.
FORBIDDEN: Final[dict[str, tuple[int | None, int | None]]] = {
    "_sysctl": (156, None),
    "acct": (163, 89),
    "add_key": (248, 217),
    "bpf": (321, 280),
    "chroot": (161, 51),
    "clock_adjtime": (305, 266),
    "clock_settime": (227, 112),
    "create_module": (174, None),
    "delete_module": (176, 106),
    "fanotify_init": (300, 262),
    "finit_module": (313, 273),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fsopen": (430, 430),
    "fspick": (433, 433),
    "get_kernel_syms": (177, None),
    "init_module": (175, 105),
    "ioperm": (173, None),
    "iopl": (172, None),
    "kcmp": (312, 272),
    "kexec_file_load": (320, 294),
    "kexec_load": (246, 104),
    "keyctl": (250, 219),
    "listmount": (458, 458),
    "lookup_dcookie": (212, 18),
    "lsm_get_self_attr": (459, 459),
    "lsm_list_modules": (461, 461),
    "lsm_set_self_attr": (460, 460),
    "mbind": (237, 235),
    "migrate_pages": (256, 238),
    "modify_ldt": (154, None),
    "mount": (165, 40),
    "mount_setattr": (442, 442),
    "move_mount": (429, 429),
    "move_pages": (279, 239),
    "nfsservctl": (180, 42),
    "open_by_handle_at": (304, 265),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "perf_event_open": (298, 241),
    "pidfd_getfd": (438, 438),
    "pivot_root": (155, 41),
    "process_madvise": (440, 440),
    "query_module": (178, None),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "reboot": (169, 142),
    "request_key": (249, 218),
    "set_mempolicy": (238, 237),
    "set_mempolicy_home_node": (450, 450),
    "setdomainname": (171, 162),
    "sethostname": (170, 161),
    "setns": (308, 268),
    "settimeofday": (164, 170),
    "statmount": (457, 457),
    "swapoff": (168, 225),
    "swapon": (167, 224),
    "sysfs": (139, None),
    "syslog": (103, 116),
    "umount2": (166, 39),
    "unshare": (272, 97),
    "uselib": (134, None),
    "userfaultfd": (323, 282),
    "ustat": (136, None),
    "vhangup": (153, 58),
}
# Calls that programs do without where the kernel has none: clone3 takes its flags in memory, which a
# filter cannot read, and libraries call clone instead.
ABSENT: Final = {
    "clone3": (435, 435),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
}


@dataclass(frozen=True, slots=True)
class _Machine:
    """What differs between architectures: AUDIT_ARCH, the column, the calls whose arguments count."""

    audit: int
    column: int
    clone: int
    personality: int
    socket: int
    socketpair: int


_MACHINES: Final = {
    "x86_64": _Machine(0xC000_003E, 0, clone=56, personality=135, socket=41, socketpair=53),
    "aarch64": _Machine(0xC000_00B7, 1, clone=220, personality=92, socket=198, socketpair=199),
}

_PR_SET_SECCOMP = 22
_PR_GET_SECCOMP = 21
_SECCOMP_MODE_FILTER = 2


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def filter_of(machine: str) -> bytes:
    """Return the filter of an architecture: an array of ``struct sock_filter``.

    Raises:
        OSError: its calls are not known.
    """
    found = _MACHINES.get(machine)
    if found is None:
        raise OSError(errno.ENOSYS, f"the system calls of {machine} are not known, so none can be refused")
    lines = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        # The calls of another architecture have other numbers: what makes them ends.
        (_EQUAL, 1, 0, found.audit),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *_refuse((_AT_LEAST, _X32_BIT), errno.ENOSYS),
        *_refuse((_ABOVE, NEWEST), errno.ENOSYS),
    ]
    for calls, number in ((FORBIDDEN, errno.EPERM), (ABSENT, errno.ENOSYS)):
        for name in sorted(calls):
            call = calls[name][found.column]
            if call is not None:
                lines += _refuse((_EQUAL, call), number)
    lines += _when(found.clone, [_argument(0), *_refuse((_ANY_BIT, _NEW_NAMESPACES), errno.EPERM)])
    lines += _when(found.personality, [_argument(0), *_only(_PERSONALITIES, errno.EPERM)])
    family = [_argument(0), *_only(_FAMILIES, errno.EAFNOSUPPORT)]
    lines += _when(found.socketpair, family)
    # Of netlink, only what tells a program the addresses of its host (netlink(7)).
    protocol = [_argument(2), *_only((_NETLINK_ROUTE,), errno.EPROTONOSUPPORT)]
    lines += _when(found.socket, [*family, *_when(_AF_NETLINK, protocol)])
    lines.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *line) for line in lines)


_Line = tuple[int, int, int, int]


def _refuse(test: tuple[int, int], number: int) -> list[_Line]:
    """Answer with an error if a test of what was loaded holds."""
    return [(test[0], 0, 1, test[1]), (_RETURN, 0, 0, _ERRNO | number)]


def _only(values: Iterable[int], number: int) -> list[_Line]:
    """Answer with an error unless what was loaded is one of some values."""
    listed = list(values)
    tests = [(_EQUAL, len(listed) - index, 0, value) for index, value in enumerate(listed)]
    return [*tests, (_RETURN, 0, 0, _ERRNO | number)]


def _when(value: int, lines: list[_Line]) -> list[_Line]:
    """Go on to some lines if what was loaded is a value, and allow the call after them."""
    return [(_EQUAL, 0, len(lines) + 1, value), *lines, (_RETURN, 0, 0, _ALLOW)]


def _argument(index: int) -> _Line:
    """Load the lower half of an argument: the calls in question take an ``int`` or flags that fit into it."""
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * index)


def check() -> None:
    """Make sure that this machine can refuse calls.

    Raises:
        OSError: it cannot; no command may be started then.
    """
    filter_of(os.uname().machine)
    if ctypes.CDLL(None, use_errno=True).prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) < 0:
        raise OSError(errno.ENOSYS, "this kernel has no seccomp")


def refuse_calls() -> None:
    """Put this process, and whatever it executes, under the filter; no_new_privs has to be set.

    Raises:
        OSError: it cannot be done.
    """
    text = filter_of(os.uname().machine)
    program = _Program(len(text) // 8, text)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "the system calls of the pod cannot be restricted")
