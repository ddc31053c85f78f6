"""`aliquot legacy load`: people and results come in, once, whatever happens on the way."""

import argparse
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from aliquot.cli import founding, measures, schemas
from aliquot.cli.exits import Away, Exit
from aliquot.cli.legacy import asked, breadth, breaks
from aliquot.cli.legacy.breaks import Breaks, Paused
from aliquot.terms.errors import Refused

if TYPE_CHECKING:
    from aliquot.cli.legacy.loader import Loader
    from aliquot.cli.legacy.origin import Origin
    from aliquot.custody.answers import Migration
    from aliquot.legacy.bulletin import Bulletin
    from aliquot.legacy.fates import Sums
    from aliquot.legacy.loading import Load
    from aliquot.legacy.map import Map
    from aliquot.legacy.progress import Progress
    from aliquot.legacy.reading import Reading

LINE = "bring people and results in, as often as it takes"
TEXT = """\
Loads what the mandate names and the map knows, through the same door as everyone's work, and tells the fate of every
row. A director or privacy officer has opened the loading (step `load`) on the rehearsal of this very map.

Nothing is doubled: people and results are known by what the source says, so the command can be typed again after a
kill, a power cut, under a better map, or for the last difference. Ctrl-C or SIGTERM finishes what is in hand, writes
down how far it is and ends with status 75; typed again it goes on there, as long as the files of the source are the
same. When all is in, `aliquot legacy finish` says so to custody."""


@dataclass(frozen=True)
class _Job:
    working: "Loader"
    drawn: "Map"
    came: "Origin"
    told: "Migration"


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.of_map(parser)
    asked.source(parser, carried=True)
    breaks.option(parser)
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Load, until all is in or somebody says stop."""
    measures.seclude()
    founding.configure(chosen.home.absolute())
    schemas.record()
    from django.db import Error

    from aliquot.cli.legacy import check, loader, origin

    drawn, came = check.read(chosen.map), origin.read(chosen.source)
    with loader.at_work(chosen, drawn.mandate) as working:
        job = _Job(working, drawn, came, working.told())
        _may(job)
        began = time.monotonic()
        try:
            sums = _loaded(job, chosen)
        except Paused as paused:
            print(f"aliquot legacy: {paused}; type the same command to go on", file=sys.stderr)
            return Exit.PAUSED
        except Error:
            raise Away("the record database does not answer; type the same command to go on") from None
        _tell(job, sums, time.monotonic() - began, machine=chosen.json)
    return Exit.DONE


def _may(job: _Job) -> None:
    """Whether the loading is open, and on this map; custody asks again at each act."""
    from aliquot.cli.legacy import advice, loader
    from aliquot.custody.steps import LOADS_IN, State, Step
    from aliquot.legacy import map as maps

    if State(job.told.state) not in LOADS_IN:
        if Step.LOAD in job.told.next:
            opens = f"the step load opens the loading: {advice.who(Step.LOAD)}"
            raise Refused(f"the migration is {job.told.state}; {opens}")
        shows = f"`aliquot legacy show {job.drawn.mandate}` says which step follows, and who takes it"
        raise Refused(f"the migration is {job.told.state}, and nothing may be loaded yet; {shows}")
    if loader.in_force(job.told, Step.MAP) != maps.digest(job.drawn):
        raise Refused(f"this is not the map that was signed: {advice.who(Step.MAP)} signs it, and it is rehearsed")


def _loaded(job: _Job, chosen: argparse.Namespace) -> "Sums":
    from aliquot.cli.legacy import folder, origin
    from aliquot.legacy import map as maps
    from aliquot.legacy import progress
    from aliquot.legacy.bulletin import Bulletin
    from aliquot.legacy.loading import Load
    from aliquot.legacy.papers import Came, Loaded
    from aliquot.legacy.progress import Progress

    wait, digest = Breaks(chosen.between), maps.digest(job.drawn)
    wait.look()
    file = job.working.folder / folder.PROGRESS
    known = progress.read(file, Progress(job.drawn.mandate, digest, origin.taken(job.came)))

    def settled(reached: "Progress") -> None:
        progress.write(file, reached)
        bulletin.tell()
        wait.look()

    load = Load(job.working.leave, job.drawn, job.working.scope, known, settled)
    bulletin = Bulletin(job.working.leave, digest, load.account)
    with origin.opened(chosen, job.came, job.working, load.account, bulletin.read) as reading:
        wait.heed()
        sums = _run(load, reading, bulletin)
    found = Loaded(job.drawn.mandate, digest, sums, Came.of(reading.came))
    folder.write(job.working.folder / folder.LOADED, found)
    # From here on every row is looked at again: the next load is for what has changed.
    file.unlink(missing_ok=True)
    return sums


def _run(load: "Load", reading: "Reading", bulletin: "Bulletin") -> "Sums":
    try:
        sums = load.run(reading)
    except Paused:
        bulletin.tell("paused")
        raise
    bulletin.tell("ended")
    return sums


def _tell(job: _Job, sums: "Sums", seconds: float, *, machine: bool) -> None:
    from aliquot.cli.legacy import account
    from aliquot.legacy import map as maps

    if machine:
        told = {"mandate": job.drawn.mandate, "map": maps.digest(job.drawn), "seconds": round(seconds, 1), "sums": sums}
        print(msgspec.json.encode(told).decode())
        return
    account.show(sums)
    rows = sum(sums.rows.values())
    print(f"all rows were looked at in {seconds:,.0f} s ({rows / seconds:,.0f} rows/s)")
    breadth.show(f"Next: look at what is parked, or `aliquot legacy finish {job.drawn.mandate}`.")
