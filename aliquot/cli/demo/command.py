"""`aliquot demo`: a small laboratory at work on one machine, made anew each time, with an analyser that talks."""

import argparse
import os
import secrets
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from aliquot.cli import children, founding, home, layout
from aliquot.cli.children import Child
from aliquot.cli.demo import codes, folder, people, screen, staff
from aliquot.cli.exits import Exit
from aliquot.cli.layout import Plan
from aliquot.cli.signals import Stop
from aliquot.terms.errors import Broken, Refused
from aliquot.terms.installation import Installation, Peer, Record

_HOST = "127.0.0.1"
_PORT = 8000
_LOG = "demo.log"
_PASSPHRASE_BYTES = 24
_READY_S = 60.0
_LOOK_S = 0.2
_PATIENCE_S = 8.0


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot demo --help` teaches."""
    parser.description = """\
Makes an installation with two laboratories, people for every desk and 300 synthetic patients in scratch/demo-PORT under
the current folder, starts it, and starts an analyser that answers waiting tubes. It prints the address and how to sign
in, and ends with Ctrl-C or SIGTERM. What it made stays in the folder until the next start at the same port; nobody can
open it again, because its passphrase was only in memory.

  aliquot demo code claire     a one-time code for Claire
  aliquot demo patients        who can be looked for: the synthetic patients of the first laboratory
both from the same folder, while the demonstration runs."""
    parser.add_argument("--port", type=int, metavar="N", help=f"of the pages; 0: any that is free (default: {_PORT})")
    parser.add_argument("--stage", default="morning", choices=("morning", "results-waiting"), help="how far the day is")
    words = parser.add_subparsers(dest="word", metavar="WORD")
    code = words.add_parser("code", help="a one-time code for somebody of the demonstration")
    code.add_argument("name", metavar="NAME", help="a login, or what stands before its @")
    patients = words.add_parser("patients", help="the synthetic patients of the first laboratory, to look for them")
    for one in (code, patients):
        one.add_argument(
            "--port", type=int, default=argparse.SUPPRESS, metavar="N", help="if several demonstrations run"
        )
    analyser = words.add_parser("analyser", help="the talking analyser; the demonstration starts it itself")
    home.option(analyser)


def run(chosen: argparse.Namespace) -> int:
    """Make it, run it until told to stop; or do one of the other words."""
    match chosen.word:
        case "code":
            print(codes.draw(folder.running(chosen.port), chosen.name))
            return Exit.DONE
        case "patients":
            screen.patients(
                people.people(staff.LABORATORIES[0].seed, staff.PATIENTS, folder.day(folder.running(chosen.port)))
            )
            return Exit.DONE
        case "analyser":
            return _analyse(chosen.home.absolute())
        case _:
            return _demonstrate(_port(_PORT if chosen.port is None else chosen.port), chosen.stage)


def _demonstrate(port: int, stage: str) -> int:
    began = time.monotonic()
    with folder.taken(port) as where:
        installation = layout.lay(where, _plan(port))
        passphrase = secrets.token_urlsafe(_PASSPHRASE_BYTES)
        founding.configure(where)
        # Django knows its settings only now.
        from aliquot.cli import scratch
        from aliquot.cli.demo import making

        making.make(where, installation, passphrase, making.STAGES[stage], screen.tell)
        screen.tell("starting the processes")
        processes = _Processes(where, installation, _handed(passphrase))
        with _logged(where / _LOG, sys.stderr), closing(processes):
            processes.start(Stop())
            answered = making.STAGES[stage].answered
            if answered:
                _answer(where, installation, answered)
            screen.welcome(port, where, scratch.PASSWORD, time.monotonic() - began)
            return processes.watch()


@dataclass
class _Processes:
    """The laboratory's four processes under their supervisor, and the analyser beside them."""

    where: Path
    installation: Installation
    descriptor: int

    def start(self, stop: Stop) -> None:
        """Start the supervisor, and wait until its processes answer."""
        self._stop = stop
        self._serve = Child("serve", ("--home", str(self.where)), self.descriptor)
        self._analyser = Child("demo", ("analyser", "--home", str(self.where)))
        with _logged(self.where / _LOG, sys.stdout):
            self._serve.start()
        over = time.monotonic() + _READY_S
        while not self._ready():
            if not self._serve.alive or time.monotonic() > over:
                raise Broken(f"the processes did not start; {self.where / _LOG} says why")
            stop.rest(_LOOK_S)

    def watch(self) -> int:
        """Keep the analyser talking until told to stop."""
        while not self._stop.told:
            if not self._serve.alive:
                raise Broken(f"the supervisor ended; {self.where / _LOG} says why")
            if self._analyser.due:
                self._analyser.start()
            self._stop.rest(_LOOK_S)
        return Exit.DONE

    def close(self) -> None:
        """End all of them."""
        children.stop([self._analyser], _PATIENCE_S)
        children.stop([self._serve], _PATIENCE_S)

    def _ready(self) -> bool:
        ports = (self.installation.web.port, self.installation.listen.port)
        return self._stop.told or all(map(_answers, ports))


def _analyse(where: Path) -> int:
    installation = home.read(where)
    founding.configure(where)
    from aliquot.cli.demo.analyser import Analyser

    with closing(Analyser(where, installation, screen.tell)) as analyser:
        analyser.run(Stop())
    return Exit.DONE


def _answer(where: Path, installation: Installation, tubes: int) -> None:
    """What the analyser has said before people come in."""
    from aliquot.cli.demo.analyser import Analyser

    screen.tell("the analyser answers what came in this morning")
    with closing(Analyser(where, installation, lambda line: None)) as analyser:
        analyser.answer(tubes, surprises=False)


def _plan(port: int) -> Plan:
    return Plan(
        laboratories=tuple(laboratory.described() for laboratory in staff.LABORATORIES),
        record=Record("sqlite", "record/record.sqlite3"),
        web_port=port,
        listen_port=_port(0),
        peers=(Peer(_HOST, "ANALYSER-1"),),
    )


def _port(wanted: int) -> int:
    """The port, or any free one for 0.

    Raises:
        Refused: somebody listens there.
    """
    try:
        with socket.create_server((_HOST, wanted)) as free:
            return int(free.getsockname()[1])
    except OSError:
        raise Refused(f"port {wanted} is taken; give another: `make demo PORT=8100`, or `--port 0` for any") from None


def _answers(port: int) -> bool:
    try:
        socket.create_connection((_HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def _handed(passphrase: str) -> int:
    """A descriptor from which the custodian reads the passphrase: it is in no file, argument or environment."""
    reading, writing = os.pipe()
    os.write(writing, passphrase.encode() + b"\n")
    os.close(writing)
    return reading


@contextmanager
def _logged(file: Path, stream: TextIO) -> Iterator[None]:
    """What the processes write there goes to a file, so that the screen stays readable."""
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
