"""`aliquot legacy check`: whether a map fits the mandate and the catalogue, all of it, before a row is read."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from aliquot.cli import amounts, founding
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked, breadth
from aliquot.terms.errors import Refused

if TYPE_CHECKING:
    from aliquot.legacy.map import Map

LINE = "whether a map fits the mandate and the catalogue"
TEXT = """\
Looks at a map as a whole: unknown keys, columns that the mandate does not name, tests that the catalogue in force does
not have, units, days, rules that hold for the same rows. Every fault is named with its place; no row is read. It says
the digest that a biologist signs, and whether this very map is the one that was signed. A map without a fault is put
into the record, where the biologist reads it at the desk and signs it. Status 1: there is a fault."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.of_map(parser)
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """Look at it."""
    founding.configure(chosen.home.absolute())
    from aliquot.cli.legacy import loader
    from aliquot.custody.steps import Step
    from aliquot.legacy import map as maps
    from aliquot.legacy import papers

    drawn = read(chosen.map)
    with loader.at_work(chosen, drawn.mandate) as working:
        told = working.told()
        faults = list(maps.faults(drawn, working.scope, working.leave.where.catalogue))
        if not faults:
            working.put(papers.MAP, drawn)
    digest = maps.digest(drawn)
    signed = loader.in_force(told, Step.MAP) == digest
    if chosen.json:
        print(json.dumps({"digest": digest, "signed": signed, "faults": faults}))
    else:
        for fault in faults:
            breadth.show(fault)
        breadth.show(f"map {digest}: {amounts.of(len(faults), 'fault')}; {'signed' if signed else 'not signed'}")
    return Exit.FOUND if faults else Exit.DONE


def read(file: Path) -> "Map":
    """The map in a file.

    Raises:
        Refused: it cannot be read, or is no map; the message names the place.
    """
    from aliquot.legacy import map as maps

    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise Refused(f"{file.name}: it cannot be read") from None
    return maps.parse(text)
