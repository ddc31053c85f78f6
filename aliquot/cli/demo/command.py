"""`aliquot demo`: a small laboratory at work on one machine, made anew each time, with an analyser that talks."""

import argparse
import os
import secrets
import socket
import sys
import time
from contextlib import closing
from pathlib import Path

from aliquot.cli import founding, home, layout
from aliquot.cli.demo import codes, folder, people, processes, screen, staff
from aliquot.cli.demo.processes import HOST, Processes
from aliquot.cli.exits import Exit
from aliquot.cli.layout import Plan
from aliquot.cli.signals import Stop
from aliquot.terms.errors import Refused
from aliquot.terms.installation import Installation, Peer, Record

_PORT = 8000
_NO_PORT = 0
_OLD_PATIENTS = 2000
_PASSPHRASE_BYTES = 24
_LONGEST_SOCKET = 107
"""Bytes of the path of a Unix socket (unix(7))."""


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot demo --help` teaches."""
    parser.description = """\
Makes an installation with two laboratories, people for every desk and 300 synthetic patients in scratch/demo-PORT under
the current folder, starts it, and starts an analyser that answers waiting tubes. It prints the address and how to sign
in, and ends with Ctrl-C or SIGTERM. What it made lies in the folder until the next start; nobody can open it again,
for its passphrase was only in memory.

  aliquot demo code claire     a one-time code for Claire
  aliquot demo patients        who can be looked for: the synthetic patients of the first laboratory
  aliquot demo migrate         instead of all that: an invented old laboratory moves in, unattended

The first two are for another terminal in the same folder, while the demonstration runs."""
    parser.add_argument("--port", type=int, metavar="N", help=f"of the pages; 0: any that is free (default: {_PORT})")
    parser.add_argument("--stage", default="morning", choices=("morning", "results-waiting"), help="how far the day is")
    words = parser.add_subparsers(dest="word", metavar="WORD")
    code = words.add_parser("code", help="a one-time code for somebody of the demonstration")
    code.add_argument("name", metavar="NAME", help="a login, or what stands before its @")
    patients = words.add_parser("patients", help="the synthetic patients of the first laboratory, to look for them")
    for one in (code, patients):
        one.add_argument("--port", type=int, default=argparse.SUPPRESS, metavar="N", help="if several run here")
    migrate = words.add_parser("migrate", help="an invented old laboratory moves in, from the mandate to the last row")
    migrate.add_argument("--patients", type=int, default=_OLD_PATIENTS, metavar="N", help=f"({_OLD_PATIENTS})")
    analyser = words.add_parser("analyser", help="the talking analyser; the demonstration starts it itself")
    home.option(analyser)


def run(chosen: argparse.Namespace) -> int:
    """Make it and run it until told to stop, or do one of the other words."""
    match chosen.word:
        case "code":
            print(codes.draw(folder.running(chosen.port), chosen.name))
        case "patients":
            made_on = folder.day(folder.running(chosen.port))
            screen.patients(people.people(staff.LABORATORIES[0].seed, staff.PATIENTS, made_on))
        case "migrate":
            return _migrate(chosen.patients)
        case "analyser":
            _analyse(chosen.home.absolute())
        case _:
            _demonstrate(_port(_PORT if chosen.port is None else chosen.port), chosen.stage)
    return Exit.DONE


def _demonstrate(port: int, stage_name: str) -> None:
    began = time.monotonic()
    with folder.taken(port) as where:
        installation = layout.lay(where, _plan(port))
        _check_socket(installation.custody.socket)
        founding.configure(where)
        # Django knows its settings only now.
        from aliquot.cli import scratch
        from aliquot.cli.demo import making

        passphrase, stage = secrets.token_urlsafe(_PASSPHRASE_BYTES), making.STAGES[stage_name]
        making.make(where, installation, passphrase, stage, screen.tell)
        stop = Stop()
        with (
            processes.logged(where / processes.LOG, sys.stderr),
            closing(Processes(where, installation, passphrase)) as running,
        ):
            screen.tell("starting the processes")
            running.start(stop)
            if stage.answered and not stop.told:
                _answer(where, installation, stage.answered)
            if not stop.told:
                screen.welcome(port, where, scratch.PASSWORD, time.monotonic() - began)
            running.watch(stop)


def _migrate(patients: int) -> int:
    with folder.taken(_NO_PORT) as where:
        installation = layout.lay(where, _plan(_port(0)))
        _check_socket(installation.custody.socket)
        founding.configure(where)
        from aliquot.cli.demo.move import stages

        return stages.run(where, installation, patients)


def _analyse(where: Path) -> None:
    installation = home.read(where)
    founding.configure(where)
    from aliquot.cli.demo.analyser import Analyser

    with closing(Analyser(where, installation, screen.tell)) as analyser:
        analyser.run(Stop())


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
        peers=(Peer(HOST, staff.ANALYSER),),
    )


def _port(wanted: int) -> int:
    """The port, or any free one for 0.

    Raises:
        Refused: somebody listens there.
    """
    try:
        with socket.create_server((HOST, wanted)) as free:
            return int(free.getsockname()[1])
    except (OSError, OverflowError):
        raise Refused(f"port {wanted} is taken; give another: `make demo PORT=8100`, or `--port 0` for any") from None


def _check_socket(path: Path) -> None:
    if len(os.fsencode(path)) > _LONGEST_SOCKET:
        raise Refused("the name of this folder is too long for a socket in it; start where it is shorter")
