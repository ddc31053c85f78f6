"""`aliquot export seal`: patient by patient is opened and sealed at once, for the receiver alone."""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from aliquot.cli import amounts, founding, home, layout, measures
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked
from aliquot.cli.signals import Stop

if TYPE_CHECKING:
    from aliquot.access.exporting import Leave
    from aliquot.disclosure.departure import Counts, Departure, Done

LINE = "open and seal what the mandate names; the bundle is all that comes out"
TEXT = """\
Seals into FOLDER what two people have signed, and nothing else: custody lists the patients, opens of each what the
mandate names, writes each opening into the history, and signs each part. Nothing in clear is written anywhere.

It can be typed again after a kill or a power cut and goes on after the last whole block of a hundred patients. Ctrl-C
or SIGTERM finishes the block in hand and ends with status 75. The folder then goes to the receiver on whatever way:
nobody opens it on the way. Exit status 1: a record was not what was kept, and is not in the bundle."""
_SOON: Final = timedelta(minutes=30)


class _Paused(Exception):
    """Somebody said stop, and what was in hand is durable."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    home.option(parser)
    parser.add_argument("--exporter", default="", metavar="NAME", help="as `enrol` named it (default: the only one)")
    parser.add_argument("mandate", metavar="MANDATE", help="the id of the signed export mandate")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="where the bundle is written")
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Seal, until all is in or somebody says stop."""
    measures.seclude()
    installation = home.read(chosen.home)
    founding.configure(chosen.home.absolute())
    from aliquot.access.custodian import Line
    from aliquot.access.door import Actor
    from aliquot.access.exporting import Leave
    from aliquot.cli.legacy import folder, keys, loader
    from aliquot.disclosure.departure import Done
    from aliquot.lab import catalogues
    from aliquot.terms import clock
    from aliquot.terms.ids import Org

    name = keys.name(chosen.home, chosen.exporter, "exporter")
    line = Line(installation.custody.socket, "work", (name, layout.key(keys.file(chosen.home, name, "exporter"))))
    mandate = loader.id_of(chosen.mandate)
    kept = folder.of(chosen.home, mandate.hex(), "exports") / "counts.json"
    done = folder.read(kept, Done) or Done()
    try:
        opened = line.session()
        actor = Actor(line, opened.ticket, Org(opened.org))
        departure = _begun(Leave(actor, mandate, clock.system), chosen.folder, done)
        departure.settled = _settling(departure, kept)
        counts = departure.seal(catalogues.current(actor, clock.system()), _renewing(departure))
    except _Paused:
        print("aliquot export: paused; type the same command to go on", file=sys.stderr)
        return Exit.PAUSED
    finally:
        line.hang_up()
    return _told(counts, machine=chosen.json)


def _begun(leave: "Leave", into: Path, done: "Done") -> "Departure":
    from aliquot.access import exporting
    from aliquot.disclosure.departure import Departure

    with leave.running() as grant:
        return Departure(leave, exporting.told(grant), into, done)


def _settling(departure: "Departure", kept: Path) -> "Callable[[Done], None]":
    from aliquot.cli.legacy import folder

    stop = Stop()

    def settled(done: "Done") -> None:
        folder.write(kept, done)
        patients = sum(counts.patients + counts.gone for counts in done.blocks.values())
        print(f"{patients:,} of {amounts.of(departure.told.listed, 'patient')}", file=sys.stderr)
        if stop.told:
            raise _Paused

    return settled


def _renewing(departure: "Departure") -> Callable[[], None]:
    """A service's session lasts for hours; a new one is begun before the old one ends."""

    def renew() -> None:
        line = departure.leave.actor.line
        if line.session().expires_at - departure.leave.clock() < _SOON:
            line.hang_up()
        actor = replace(departure.leave.actor, ticket=line.session().ticket)
        departure.take(replace(departure.leave, actor=actor))

    return renew


def _told(counts: "Counts", *, machine: bool) -> int:
    if machine:
        print(msgspec.json.encode(counts).decode())
    else:
        resources = amounts.of(sum(counts.resources.values()), "resource")
        print(f"sealed: {amounts.of(counts.patients, 'patient')}, {resources}")
        print("".join(f"  {kind}: {n:,}\n" for kind, n in sorted(counts.resources.items())), end="")
        if counts.gone:
            print(f"erased since they were listed: {amounts.of(counts.gone, 'patient')}")
        if counts.broken or counts.missing:
            broken = amounts.of(counts.broken, "record")
            print(f"not what was kept, and not in the bundle: {broken}; missing: {counts.missing:,}")
        print("Next: the folder goes to the receiver; it opens there and nowhere else.")
    return Exit.FOUND if counts.broken or counts.missing else Exit.DONE
