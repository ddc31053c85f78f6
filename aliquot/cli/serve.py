"""`aliquot serve`: starts, watches and stops the processes of one machine. It never holds the passphrase itself."""

import argparse
import sys
import time
from pathlib import Path

from aliquot.access import people
from aliquot.access.custodian import Line
from aliquot.cli import children, home, passphrase, schemas
from aliquot.cli.children import Child
from aliquot.cli.exits import Exit
from aliquot.cli.passphrase import Source
from aliquot.cli.signals import Stop
from aliquot.custody.denial import CustodyGone
from aliquot.terms import clock, events
from aliquot.terms.errors import Broken
from aliquot.terms.events import Closed, CustodianNeeded, Serving
from aliquot.terms.installation import Installation

_LOOK_S = 0.3
_PATIENCE_S = 6.0


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot serve --help` teaches."""
    parser.description = """\
Starts the custodian, the listener, the pages and the worker, and watches them. The custodian gets the passphrase from
the terminal, from --passphrase-fd, or as a systemd credential; this process never reads it.

What dies is started again, with growing pauses. The custodian is started again only if a credential can unlock it;
otherwise the listener goes on storing and acknowledging messages, and what to type is said here: `aliquot custody`
in another terminal. When the custodian answers again, the pages and the worker are started again.

SIGTERM or SIGINT (Ctrl-C) ends all of them; none is left behind, even if this process is killed.
All of them under one Unix user is for trial: `aliquot doctor` says so."""
    home.option(parser)
    passphrase.option(parser)


def run(chosen: argparse.Namespace) -> int:
    """Serve until told to stop."""
    installation = home.read(chosen.home)
    schemas.custody(installation)
    return _Supervisor(chosen.home.absolute(), installation, chosen.passphrase_fd).run(Stop())


class _Supervisor:
    """The four processes and what holds between them."""

    def __init__(self, folder: Path, installation: Installation, descriptor: int | None) -> None:
        # A person at the terminal reads sentences; a log holds events and nothing else.
        where = ("--home", str(folder), *(() if sys.stderr.isatty() else ("--logged",)))
        self._folder = folder
        self._source: Source = passphrase.source(descriptor)
        self._custody = Child("custody", where, descriptor)
        self._listen = Child("listen", where)
        self._with_custody = [Child("web", where), Child("work", where)]
        self._line = Line(installation.custody.socket, "cli")
        self._answered = False
        self._told = False

    def run(self, stop: Stop) -> int:
        """Start everything and keep it up. Gives the custodian's status if it could not even start."""
        events.log(Serving("serve"), clock.system())
        try:
            if not self._reach() and self._source != "none":
                self._custody.start()
            while not stop.told:
                if self._failed_to_start():
                    return self._custody.status or Exit.BROKEN
                self._look()
                time.sleep(_LOOK_S)
        finally:
            self._line.hang_up()
            children.stop([*self._with_custody, self._listen], _PATIENCE_S)
            children.stop([self._custody], _PATIENCE_S)
        events.log(Closed("serve"), clock.system())
        return Exit.DONE

    def _failed_to_start(self) -> bool:
        """The custodian gave up before it answered once (a wrong passphrase): who started it is told at once."""
        return not self._answered and not self._custody.alive and (self._custody.status or 0) > 0

    def _look(self) -> None:
        if self._listen.due:
            self._listen.start()
        wanted = [child for child in self._with_custody if child.due]
        if self._custody.alive and not wanted:
            # Nothing depends on the answer: a custodian that hangs must not keep us from hearing a signal.
            return
        if self._reach():
            self._told = False
            for child in wanted:
                child.start()
        elif not self._custody.alive:
            self._without_custody()

    def _without_custody(self) -> None:
        if self._source == "credential":
            if self._custody.due:
                self._custody.start()
        elif not self._told:
            self._told = True
            _tell(f"aliquot custody --home {self._folder}")

    def _reach(self) -> bool:
        try:
            people.reach(self._line)
        except CustodyGone:
            return False
        except Broken:
            return self._answered
        self._answered = True
        return True


def _tell(command: str) -> None:
    """Say what to type: in words to a person, as an event to a log."""
    if not sys.stderr.isatty():
        events.log(CustodianNeeded(command), clock.system())
        return
    print(
        "The custodian is not running, and nothing here can unlock it. Messages are still stored and"
        f" acknowledged.\nType in another terminal:\n\n  {command}\n",
        file=sys.stderr,
        flush=True,
    )
