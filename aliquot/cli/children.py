"""The processes that `aliquot serve` starts: none outlives it, whatever ends it."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from aliquot.terms import clock, events
from aliquot.terms.events import ProcessEnded, ProcessStarted

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_FIRST_WAIT_S = 1.0
_LONGEST_WAIT_S = 30.0
_STEADY_S = 60.0


@dataclass
class Child:
    """One process: started when it is wanted, again with growing pauses when it dies."""

    name: str
    arguments: tuple[str, ...]
    descriptor: int | None = None
    status: int | None = None
    _process: subprocess.Popen[bytes] | None = None
    _wait_s: float = _FIRST_WAIT_S
    _since: float = 0.0
    _not_before: float = field(default=0.0)

    @property
    def alive(self) -> bool:
        """Whether it runs; when it has just ended, that is logged and the next start is put off."""
        if self._process is None:
            return False
        self.status = self._process.poll()
        if self.status is None:
            return True
        self._ended(self.status)
        return False

    @property
    def due(self) -> bool:
        """Whether it may be started now."""
        return not self.alive and time.monotonic() >= self._not_before

    def start(self) -> None:
        """Start it. An inherited descriptor is handed on once and closed here."""
        handed = () if self.descriptor is None else (self.descriptor,)
        command = [sys.executable, "-m", "aliquot.cli.main", self.name, *self.arguments]
        if handed:
            command += ["--passphrase-fd", str(self.descriptor)]
        self._process = subprocess.Popen(command, pass_fds=handed, preexec_fn=bound())  # noqa: PLW1509  # one thread
        self._since = time.monotonic()
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None
        events.log(ProcessStarted(self.name, self._process.pid), clock.system())

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def wait(self, seconds: float) -> bool:
        """Whether it has ended within this time."""
        if self._process is None:
            return True
        try:
            self.status = self._process.wait(max(0.0, seconds))
        except subprocess.TimeoutExpired:
            return False
        self._process = None
        return True

    def _ended(self, status: int) -> None:
        self._process = None
        events.log(ProcessEnded(self.name, status), clock.system())
        now = time.monotonic()
        if now - self._since > _STEADY_S:
            self._wait_s = _FIRST_WAIT_S
        self._not_before = now + self._wait_s
        self._wait_s = min(2 * self._wait_s, _LONGEST_WAIT_S)


def stop(children: list[Child], patience_s: float) -> None:
    """End processes, together: asked first, and after this time no longer asked."""
    for child in children:
        child.tell(signal.SIGTERM)
    over = time.monotonic() + patience_s
    for child in children:
        if not child.wait(over - time.monotonic()):
            child.tell(signal.SIGKILL)
            child.wait(patience_s)


def bound() -> Callable[[], None]:
    """For a new process: it ends when this one ends, however this one ends."""
    own = os.getpid()

    def bind() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != own:
            os._exit(1)

    return bind
