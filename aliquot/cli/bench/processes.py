"""The processes of the installation that is measured, each with the processor time that it has used."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from aliquot.terms.errors import Broken

_READY_S = 120.0
_LOOK_S = 0.01
_PATIENCE_S = 10.0
_KIB = 1024
# <linux/posix-timers.h>: the clock of another process, and of it what its threads ran.
_OF_PROCESS, _RAN = 3, 2


class Process:
    """One `aliquot` process; what it says goes to a log."""

    def __init__(self, words: tuple[str, ...], log: BinaryIO, secret: str = "") -> None:
        handed = (_handed(secret),) if secret else ()
        options = ("--passphrase-fd", str(handed[0])) if handed else ()
        command = [sys.executable, "-m", "aliquot.cli.main", *words, *options]
        self._process = subprocess.Popen(command, pass_fds=handed, stdout=log, stderr=log)
        for descriptor in handed:
            os.close(descriptor)

    def until(self, ready: Callable[[], bool]) -> float:
        """Wait until it serves; how many seconds that took.

        Raises:
            Broken: it ended, or took too long.
        """
        began = time.perf_counter()
        while not ready():
            if self._process.poll() is not None or time.perf_counter() - began > _READY_S:
                raise Broken("bench: a process did not start")
            time.sleep(_LOOK_S)
        return time.perf_counter() - began

    def ran(self) -> float:
        """Processor time that it has used, in seconds."""
        return time.clock_gettime(~self._process.pid << _OF_PROCESS | _RAN)

    def memory(self) -> int:
        """The most memory that it has had, in bytes."""
        told = Path(f"/proc/{self._process.pid}/status").read_text("ascii")
        return next(int(line.split()[1]) for line in told.splitlines() if line.startswith("VmHWM:")) * _KIB

    def stop(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def custody(home: Path, passphrase: str, log: BinaryIO) -> Process:
    """The custodian, serving."""
    process = Process(("custody", "--home", str(home)), log, passphrase)
    socket = home / "run" / "custody.sock"
    process.until(socket.exists)
    return process


def _handed(passphrase: str) -> int:
    reading, writing = os.pipe()
    os.write(writing, passphrase.encode() + b"\n")
    os.close(writing)
    return reading
