"""`aliquot work`: files what analysers said, and settles acts that nobody ended."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from aliquot.access.custodian import Line
from aliquot.cli import founding, home, layout, measures, schemas
from aliquot.cli.exits import Away, Exit
from aliquot.cli.signals import Stop
from aliquot.terms import clock, events
from aliquot.terms.errors import Refused
from aliquot.terms.events import ActSettled, Closed, Failed, Serving
from aliquot.terms.ids import Org
from aliquot.terms.installation import Installation

if TYPE_CHECKING:
    from aliquot.access import erasing  # Django is imported once it knows its settings
    from aliquot.intake.worker import Worker
    from aliquot.legacy import sweeping

_PAUSE_S = 2.0


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot work --help` teaches."""
    parser.description = """\
Works under an identity of its own, with its own budget. Every few seconds it opens the letters of analysers and files
them, lets the rules look at what was filed, and tries again what was repaired in quarantine. It also finds out how acts
ended that were prepared and that nobody ended: kept, lost, or broken, in which case the privacy desk is told and they
wait for people to look at. Once a day it deletes what is left that finds a patient who was erased; every hour, the
sealed files that a migration left here and that custody says is over.

Without the custodian it says so and ends with a status that is not zero."""
    home.option(parser)


def run(chosen: argparse.Namespace) -> int:
    """Work until told to stop."""
    measures.seclude()
    installation = home.read(chosen.home)
    founding.configure(chosen.home.absolute())
    schemas.record()
    stop = Stop()
    work(installation, chosen.home.absolute(), stop)
    events.log(Closed("work"), clock.system())
    return Exit.DONE


def work(installation: Installation, where: Path, stop: Stop) -> None:
    """Work for all laboratories of an installation until told to stop. Django knows it (`founding.configure`).

    `where` is its folder.

    What custody refuses is said and tried again in a new session: the old one may have come to its end.

    Raises:
        Away: the record database does not answer.
        CustodyGone: the custodian does not answer.
    """
    # Django is imported once it knows its settings.
    from django.db import Error

    from aliquot.access import erasing
    from aliquot.intake.worker import Worker
    from aliquot.legacy import sweeping

    own = installation.work
    line = Line(installation.custody.socket, "work", (own.name, layout.key(own.key)))
    line.session()
    events.log(Serving("work"), clock.system())
    worker = Worker(installation, line, clock.system)
    erased = erasing.Sweep([Org(bytes.fromhex(each.org)) for each in installation.laboratories])
    sweeps = (erased, sweeping.Sweep(where))
    try:
        while not stop.told:
            if not _round(worker, line, sweeps):
                stop.rest(_PAUSE_S)
    except Error:
        raise Away("the record database does not answer") from None
    finally:
        worker.close()
        line.hang_up()


def _round(worker: "Worker", line: Line, sweeps: "tuple[erasing.Sweep, sweeping.Sweep]") -> bool:
    """Whether there was something to do, and it could be done."""
    try:
        _settle(line)
        idle = worker.step().idle
        erased, staged = sweeps
        erased.step(line, clock.system())
        for event in staged.step(line):
            events.log(event, clock.system())
        return not idle
    except Refused as refused:
        events.log(Failed.of(refused), clock.system())
        line.hang_up()
        return False


def _settle(line: Line) -> None:
    from aliquot.access import settlement

    for settled in settlement.settle(line):
        events.log(ActSettled(settled.act.hex(), settled.outcome), clock.system())
