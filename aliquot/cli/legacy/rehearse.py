"""`aliquot legacy rehearse`: what a load would do, over all rows, without writing a record."""

import argparse
from typing import TYPE_CHECKING

import msgspec

from aliquot.cli import founding, measures
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked

if TYPE_CHECKING:
    from aliquot.cli.legacy.loader import Loader
    from aliquot.legacy.papers import Rehearsed

LINE = "what a load would do with every row, without writing anything"
TEXT = """\
Reads every row that the mandate names and says what a load would make of it: imported, merged, duplicate, parked, out
of scope or refused, each reason with its count and first places (the number of the row, never what it says). It writes
no record and can be typed as often as the map changes; it says what changed since the last time. Once a biologist has
signed this very map, its digest becomes the migration's next step.

The account is kept as rehearsal.json of the migration and, sealed, in the record, where whoever opens the loading reads
it. Who is here already is not asked: that is the load's."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.of_map(parser)
    asked.read(parser)


def run(chosen: argparse.Namespace) -> int:
    """Rehearse, tell, and record it if the map is signed."""
    measures.seclude()
    founding.configure(chosen.home.absolute())
    from aliquot.cli.legacy import check, folder, loader, origin, rehearsed
    from aliquot.legacy import papers
    from aliquot.legacy.papers import Rehearsed
    from aliquot.legacy.rehearsal import Trial
    from aliquot.terms import clock

    drawn, came = check.read(chosen.map), origin.read(chosen.source)
    with loader.at_work(chosen, drawn.mandate) as working:
        trial = Trial(drawn, working.scope, working.leave.where.catalogue, clock.system().date())
        with origin.opened(chosen, came, working, trial.account) as reading:
            found = trial.run(reading)
        file = working.folder / folder.REHEARSAL
        before = folder.read(file, Rehearsed)
        now = Rehearsed.of(found)
        folder.write(file, now)
        working.put(papers.REHEARSAL, now)
        recorded = _record(working, now)
        said = "it stands in history" if recorded else _open(working, now)
    if chosen.json:
        print(msgspec.json.encode({"recorded": recorded, "digest": now.digest, **msgspec.to_builtins(now)}).decode())
    else:
        rehearsed.show(now, before, said)
    return Exit.DONE


def _record(working: "Loader", now: "Rehearsed") -> bool:
    """Whether this rehearsal is the one in force: it becomes so where the map is signed and none was recorded yet."""
    from aliquot.cli.legacy import loader
    from aliquot.custody.steps import State, Step

    told = working.told()
    if told.state == State.MAPPED and loader.in_force(told, Step.MAP) == now.map:
        working.step(Step.REHEARSE, now.digest)
        return True
    return loader.in_force(told, Step.REHEARSE) == now.digest


def _open(working: "Loader", now: "Rehearsed") -> str:
    """Why a rehearsal is not the one in force, and what has to be done so that it is."""
    from aliquot.cli.legacy import loader
    from aliquot.custody.steps import State, Step

    told = working.told()
    if loader.in_force(told, Step.MAP) == now.map:
        return "not recorded: another rehearsal of this map stands in history"
    if told.state == State.MAPPED:
        return "not recorded: another map is signed; rehearse that one first, then a biologist may sign this one"
    return "not recorded: a biologist signs the map, then rehearse it"
