"""What a machine keeps of processes besides the files that they mean to write: temporary files, swap, core dumps."""

import ctypes
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from aliquot.cli.attack.seekers import Words

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>
_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm", tempfile.gettempdir())  # noqa: S108  # looked at, never written
_BEGINNING = 1024 * 1024
"""Of a core dump its beginning is enough: that there is one is what counts."""
_MOST = 64 * 1024 * 1024
"""Other programs of this machine use these folders too, and may fill them meanwhile."""
_SIGNALS = (signal.SIGABRT, signal.SIGSEGV)


class Temporary:
    """The system's temporary folders, from now on."""

    def __init__(self, besides: Path) -> None:
        self._folders = {Path(name).resolve() for name in _TEMPORARY if Path(name).is_dir()}
        self._before = {besides, *besides.parents, *(place for folder in self._folders for place in folder.iterdir())}

    def search(self, words: Words) -> tuple[int, int]:
        """How often words stand in what is new there, files before folders, and how many bytes that is."""
        hits = looked_at = 0
        new = {place for folder in self._folders for place in folder.iterdir()} - self._before
        for raw in (raw for place in sorted(new, key=Path.is_dir) for raw in _contents(place)):
            hits += words.count(raw)
            looked_at += len(raw)
            if looked_at > _MOST:
                break
        return hits + sum(words.count(place.name.encode()) for place in new), looked_at


@dataclass(frozen=True)
class Crashed:
    """What was left of processes that crashed."""

    processes: int
    dumped: int
    swapped_kb: int
    hits: int
    """Words in files without a name, which a process had open."""


def crash(started: Sequence[subprocess.Popen[bytes]], words: Words) -> Crashed:
    """Crash each process with all that it has forked, by turns as an assertion and as a bad address would.

    The limit of core dumps is raised first, if whoever attacks may raise it.
    """
    numbers = {process.pid: [process.pid, *_forked_by(process.pid)] for process in started}
    every = [number for some in numbers.values() for number in some]
    swapped = sum(_swapped_kb(number) for number in every)
    hits = sum(words.count(raw) for number in every for raw in _nameless(number))
    with _adopting():
        dumped = sum(_die(some, by) for some, by in zip(numbers.values(), _SIGNALS * len(every), strict=False))
    return Crashed(len(every), dumped, swapped, hits)


def machine_dumps(folder: Path) -> bool:
    """Whether a process of this user that is not closed leaves a core dump: if not, none proves nothing."""
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE) as process:
        return _die([process.pid], signal.SIGABRT) == 1


def _die(numbers: Sequence[int], by: signal.Signals) -> int:
    """How many of a process (the first) and its forks dumped. The forks hold still until the first is gone."""
    for number in numbers[1:]:
        os.kill(number, signal.SIGSTOP)
    dumped = 0
    for number in numbers:
        with suppress(PermissionError):  # an ordinary user raises no limit that a process has lowered for itself
            resource.prlimit(number, resource.RLIMIT_CORE, (_BEGINNING, _BEGINNING))
        os.kill(number, by)
        os.kill(number, signal.SIGCONT)
        kept = os.WNOWAIT if number == numbers[0] else 0  # the first is its starter's to bury
        ended = os.waitid(os.P_PID, number, os.WEXITED | kept)
        dumped += ended is not None and ended.si_code == os.CLD_DUMPED
    return dumped


@contextmanager
def _adopting() -> Iterator[None]:
    """Whoever loses its parent is ours to wait for."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def _forked_by(parent: int) -> list[int]:
    found = []
    for place in Path("/proc").glob("[0-9]*/status"):
        with suppress(OSError):
            if f"\nPPid:\t{parent}\n" in place.read_text():
                found.append(int(place.parent.name))
    return found


def _swapped_kb(number: int) -> int:
    lines = Path(f"/proc/{number}/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmSwap:"))


def _nameless(number: int) -> Iterator[bytes]:
    """Files that a process has open and that no folder names any more; of a closed process only root sees them."""
    with suppress(PermissionError):
        for handle in Path(f"/proc/{number}/fd").iterdir():
            if os.readlink(handle).endswith(" (deleted)") and handle.is_file():
                yield handle.read_bytes()


def _contents(place: Path) -> Iterator[bytes]:
    for file in (place, *(place.rglob("*") if place.is_dir() else ())):
        with suppress(OSError):  # somebody else's, or gone by now
            if file.is_file() and not file.is_symlink():
                yield file.read_bytes()
