"""The demonstration's processes: `aliquot serve` with its four, and the analyser beside it. None outlives this one."""

import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from aliquot.cli import children
from aliquot.cli.children import Child
from aliquot.cli.signals import Stop
from aliquot.terms.errors import Broken
from aliquot.terms.installation import Installation

HOST = "127.0.0.1"

LOG = "demo.log"
_READY_S = 60.0
_LOOK_S = 0.2
_PATIENCE_S = 8.0


class Processes:
    """What runs while the demonstration does. The passphrase goes to the custodian over a descriptor."""

    def __init__(self, where: Path, installation: Installation, passphrase: str) -> None:
        self._log = where / LOG
        self._ports = (installation.web.port, installation.listen.port)
        self._serve = Child("serve", ("--home", str(where)), handed(passphrase))
        self._analyser = Child("demo", ("analyser", "--home", str(where)))

    def start(self, stop: Stop) -> None:
        """Start the supervisor, and wait until its processes answer or somebody says stop.

        Raises:
            Broken: they do not.
        """
        with logged(self._log, sys.stdout):
            self._serve.start()
        over = time.monotonic() + _READY_S
        while not stop.told and not all(map(_answers, self._ports)):
            if not self._serve.alive or time.monotonic() > over:
                raise Broken(f"the processes did not start; {self._log} says why")
            stop.rest(_LOOK_S)

    def watch(self, stop: Stop) -> None:
        """Keep the analyser talking until told to stop.

        Raises:
            Broken: the supervisor ended by itself.
        """
        while not stop.told:
            if not self._serve.alive:
                raise Broken(f"the processes ended; {self._log} says why")
            if self._analyser.due:
                self._analyser.start()
            stop.rest(_LOOK_S)

    def close(self) -> None:
        """End all of them, the one that speaks first."""
        children.stop([self._analyser], _PATIENCE_S)
        children.stop([self._serve], _PATIENCE_S)


def handed(passphrase: str) -> int:
    """A descriptor from which the custodian reads the passphrase: it is in no file, argument or environment."""
    reading, writing = os.pipe()
    os.write(writing, passphrase.encode() + b"\n")
    os.close(writing)
    return reading


@contextmanager
def logged(file: Path, stream: TextIO) -> Iterator[None]:
    """What is written to a stream, here and by processes that inherit it, goes to a file: the screen stays readable."""
    stream.flush()
    number = stream.fileno()
    before = os.dup(number)
    log = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(log, number)
    os.close(log)
    try:
        yield
    finally:
        stream.flush()
        os.dup2(before, number)
        os.close(before)


def _answers(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True
