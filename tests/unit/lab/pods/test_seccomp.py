"""The filter of a pod's system calls, run here as the kernel runs it: which call gets which answer."""

import errno
import re
import struct
from pathlib import Path

import pytest

from sekisho.lab.pods.inside import seccomp

X86_64, AARCH64, I386 = 0xC000_003E, 0xC000_00B7, 0x4000_0003
ALLOWED, KILLED = "allowed", "killed"
USER, VM_AND_THREAD = 0x1000_0000, 0x0001_0F00


def answer(machine: str, audit: int, call: int, *arguments: int) -> str:
    """Run the filter over ``struct seccomp_data`` (Documentation/networking/filter.rst)."""
    six = (*arguments, *(0,) * (6 - len(arguments)))
    data = struct.pack("<iIQ6Q", call - (call >> 31 << 32), audit, 0, *six)
    lines = list(struct.iter_unpack("<HBBI", seccomp.filter_of(machine)))
    at = loaded = 0
    while True:
        code, if_so, if_not, value = lines[at]
        at += 1
        match code:
            case 0x20:
                loaded = struct.unpack_from("<I", data, value)[0]
            case 0x06:
                action, number = value & 0xFFFF_0000, value & 0xFFFF
                names = {0x7FFF_0000: ALLOWED, 0x8000_0000: KILLED, 0x0005_0000: errno.errorcode.get(number)}
                return str(names[action])
            case 0x15 | 0x25 | 0x35 | 0x45:
                tests = {0x15: loaded == value, 0x25: loaded > value, 0x35: loaded >= value}
                at += if_so if tests.get(code, bool(loaded & value)) else if_not
            case _:
                raise AssertionError(f"no instruction of a filter: {code:#x}")


ROWS = {
    "reading": ((0,), (63,), ALLOWED),
    "executing": ((59,), (221,), ALLOWED),
    "tracing one's own": ((101, 0), (117, 0), ALLOWED),
    "BPF": ((321,), (280,), "EPERM"),
    "keyrings": ((250,), (219,), "EPERM"),
    "new namespaces": ((272, USER), (97, USER), "EPERM"),
    "another's namespaces": ((308,), (268,), "EPERM"),
    "mounting": ((165,), (40,), "EPERM"),
    "mounting, the new way": ((430,), (430,), "EPERM"),
    "faults of one's own memory": ((323,), (282,), "EPERM"),
    "performance counters": ((298,), (241,), "EPERM"),
    "io_uring is absent": ((425,), (425,), "ENOSYS"),
    "clone3 is absent": ((435,), (435,), "ENOSYS"),
    "the last call that is known": ((469,), (469,), ALLOWED),
    "the first that is not": ((470,), (470,), "ENOSYS"),
    "a call of x32": ((0x4000_0000,), (0x4000_0000,), "ENOSYS"),
    "a negative number": ((0xFFFF_FFFF,), (0xFFFF_FFFF,), "ENOSYS"),
    "a process": ((56, 17), (220, 17), ALLOWED),
    "a thread": ((56, VM_AND_THREAD), (220, VM_AND_THREAD), ALLOWED),
    "a process in a user namespace": ((56, USER | 17), (220, USER | 17), "EPERM"),
    "a process in a mount namespace": ((56, 0x2_0000), (220, 0x2_0000), "EPERM"),
    "which personality": ((135, 0xFFFF_FFFF), (92, 0xFFFF_FFFF), ALLOWED),
    "no randomized addresses": ((135, 0x4_0000), (92, 0x4_0000), "EPERM"),
    "Unix sockets": ((41, 1, 1), (198, 1, 1), ALLOWED),
    "pairs of them": ((53, 1, 1), (199, 1, 1), ALLOWED),
    "pairs of others": ((53, 30, 1), (199, 30, 1), "EAFNOSUPPORT"),
    "IPv4": ((41, 2, 1), (198, 2, 1), ALLOWED),
    "IPv6": ((41, 10, 2), (198, 10, 2), ALLOWED),
    "the address after IPv6": ((41, 11, 2), (198, 11, 2), "EAFNOSUPPORT"),
    "netlink's routes": ((41, 16, 3, 0), (198, 16, 3, 0), ALLOWED),
    "netlink's packet filter": ((41, 16, 3, 12), (198, 16, 3, 12), "EPROTONOSUPPORT"),
    "packets": ((41, 17, 3), (198, 17, 3), "EAFNOSUPPORT"),
    "the kernel's ciphers": ((41, 38, 5), (198, 38, 5), "EAFNOSUPPORT"),
    "the host of a virtual machine": ((41, 40, 1), (198, 40, 1), "EAFNOSUPPORT"),
}


@pytest.mark.parametrize(("call", "other_call", "expected"), ROWS.values(), ids=ROWS.keys())
def test_a_call(call: tuple[int, ...], other_call: tuple[int, ...], expected: str) -> None:
    assert answer("x86_64", X86_64, *call) == expected
    assert answer("aarch64", AARCH64, *other_call) == expected


@pytest.mark.parametrize("audit", [I386, AARCH64, X86_64 ^ 1])
def test_calls_of_another_architecture_end_the_process(audit: int) -> None:
    assert answer("x86_64", audit, 0) == KILLED


def test_the_upper_half_of_an_argument_hides_nothing() -> None:
    assert answer("x86_64", X86_64, 41, 1 << 32 | 40) == "EAFNOSUPPORT"
    assert answer("x86_64", X86_64, 56, 1 << 32 | USER) == "EPERM"


def test_an_architecture_without_a_table_has_no_filter() -> None:
    with pytest.raises(OSError, match="the system calls of riscv64 are not known"):
        seccomp.filter_of("riscv64")


@pytest.mark.parametrize(
    ("machine", "audit", "header"),
    [
        ("x86_64", X86_64, "x86_64-linux-gnu/asm/unistd_64.h"),
        ("aarch64", AARCH64, "asm-generic/unistd.h"),
    ],
)
def test_calls_have_the_numbers_of_the_kernels_headers(machine: str, audit: int, header: str) -> None:
    path = Path("/usr/include") / header
    if not path.exists():
        pytest.skip("the kernel's headers are not on this machine")
    pattern = re.compile(r"^#define __NR(?:3264)?_(\w+)\s+(\d+)$", re.MULTILINE)
    calls = {name: int(number) for name, number in pattern.findall(path.read_text())}
    looked_at = {name: number for name, number in calls.items() if number <= seccomp.NEWEST}
    refused = {name for name, number in looked_at.items() if answer(machine, audit, number, 1) != ALLOWED}
    listed = {*seccomp.FORBIDDEN, *seccomp.ABSENT, "personality"}
    assert refused == listed & looked_at.keys()
    assert {"unshare", "setns", "mount", "bpf", "keyctl", "userfaultfd"} <= refused
