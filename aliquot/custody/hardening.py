"""What an ordinary Unix user may do so that what is in memory stays there: each measure says whether it holds.

The custodian takes all of them; the other processes hold content while they serve a request, and take those of
`seclude`. Nothing here needs root. What could not be done is reported and not hidden: `aliquot doctor` shows it, and
the installed units supply what is missing (memory out of swap). Root on this machine, and sockets that a peer hands
over already open, are beyond any of these measures.
"""

import ctypes
import errno
import os
import platform
import resource
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBC.prctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong)

# <linux/prctl.h>, <sys/mman.h>, <linux/seccomp.h>
_PR_SET_DUMPABLE = 4
_PR_GET_DUMPABLE = 3
_PR_SET_NO_NEW_PRIVS = 38
_PR_GET_NO_NEW_PRIVS = 39
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_SECCOMP_SET_MODE_FILTER = 1
_SECCOMP_FILTER_FLAG_TSYNC = 1
_CAP_IPC_LOCK = 14

# What the process goes on to need: where programs and words are, and what the service manager hands over.
_KEPT_ENVIRONMENT = frozenset(
    {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"}
)


@dataclass(frozen=True)
class Measure:
    """One measure, and whether it holds. `detail` says what is missing, in words for the terminal."""

    name: str
    held: bool
    detail: str


@dataclass(frozen=True)
class _Machine:
    """How one processor architecture numbers its system calls (`<asm/unistd.h>`, `<linux/audit.h>`)."""

    audit: int
    seccomp: int
    socket: int
    socketpair: int


_MACHINES = {
    "x86_64": _Machine(audit=0xC000003E, seccomp=317, socket=41, socketpair=53),
    "aarch64": _Machine(audit=0xC00000B7, seccomp=277, socket=198, socketpair=199),
}
# io_uring opens sockets without the call `socket`; these three numbers are the same on every architecture.
_IO_URING = (425, 426, 427)
_X32 = 0x40000000


def harden() -> tuple[Measure, ...]:
    """Close this process as far as an ordinary user can. To be called before any key is read.

    New files are for this user alone (umask 077), so a socket that others may use has its mode set by name.
    """
    return (
        _private_files(),
        _clean_environment(),
        *seclude(),
        _locked_memory(),
        _no_network(),
    )


def seclude() -> tuple[Measure, ...]:
    """Keep what this process and its forks have in memory out of files and from debuggers; for each of the processes.

    Of the two that are against core dumps, the limit alone would not do: the kernel hands a dump to a program that
    collects them (`core_pattern` with a pipe) whatever the limit is, and never one of a process that is not dumpable.
    """
    return (_no_core_dumps(), _undumpable(), _no_new_privileges())


def _private_files() -> Measure:
    os.umask(0o077)
    return Measure("private files", held=True, detail="")


def _clean_environment() -> Measure:
    for name in set(os.environ) - _KEPT_ENVIRONMENT:
        del os.environ[name]
    return Measure("clean environment", held=True, detail="")


def _no_core_dumps() -> Measure:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return Measure("no core dumps", held=True, detail="")


def _undumpable() -> Measure:
    """Neither a debugger nor `/proc/<pid>/mem` and `environ` of the same user."""
    _LIBC.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    held = _LIBC.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0
    return Measure("closed to debuggers", held, "" if held else "the kernel kept this process dumpable")


def _no_new_privileges() -> Measure:
    _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    held = _LIBC.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1
    return Measure("no new privileges", held, "" if held else "the kernel does not know no_new_privs")


def _locked_memory() -> Measure:
    """Pages never go to swap."""
    name = "memory out of swap"
    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    # With a finite limit the call may succeed now and make an allocation fail later, in the middle of a turn.
    if most != resource.RLIM_INFINITY and not _may_lock_all():
        return Measure(name, held=False, detail="needs LimitMEMLOCK=infinity")
    if most == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_MEMLOCK, (most, most))
    held = _LIBC.mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT) == 0
    return Measure(name, held, "" if held else os.strerror(ctypes.get_errno()))


def _may_lock_all() -> bool:
    status = Path("/proc/self/status").read_text()
    effective = next(line.split()[1] for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective, 16) >> _CAP_IPC_LOCK & 1)


def _no_network() -> Measure:
    """No socket but those between processes of this machine, in every thread, for good."""
    name = "no network"
    machine = _MACHINES.get(platform.machine())
    if machine is None:
        return Measure(name, held=False, detail=f"no filter for {platform.machine()}")
    program = _filter(machine)
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code)))
    numbers = (machine.seccomp, _SECCOMP_SET_MODE_FILTER, _SECCOMP_FILTER_FLAG_TSYNC, ctypes.addressof(header))
    if _LIBC.syscall(*(ctypes.c_long(number) for number in numbers)) != 0:
        return Measure(name, held=False, detail=os.strerror(ctypes.get_errno()))
    held = not _can_open_a_network_socket()
    return Measure(name, held, "" if held else "the kernel took the filter and does not apply it")


def _can_open_a_network_socket() -> bool:
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()
    except PermissionError:
        return False
    return True


def _filter(machine: _Machine) -> bytes:
    """The program that the kernel runs at each system call (classic BPF over `struct seccomp_data`).

    Another architecture's calls end the process; `socket` and `socketpair` succeed for AF_UNIX only; io_uring is
    refused; everything else goes on.
    """
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    number, architecture, first_argument = 0, 4, 16
    kill, allow, refuse = 0x80000000, 0x7FFF0000, 0x00050000 | errno.EPERM
    steps = (
        (load, 0, 0, architecture),
        (equal, 1, 0, machine.audit),
        (answer, 0, 0, kill),
        (load, 0, 0, number),
        (at_least, 8, 0, _X32),
        *((equal, 7 - step, 0, call) for step, call in enumerate(_IO_URING)),
        (equal, 2, 0, machine.socket),
        (equal, 1, 0, machine.socketpair),
        (answer, 0, 0, allow),
        (load, 0, 0, first_argument),
        (equal, 1, 0, socket.AF_UNIX),
        (answer, 0, 0, refuse),
        (answer, 0, 0, allow),
    )
    return b"".join(struct.pack("=HBBI", *step) for step in steps)
