"""`aliquot legacy columns`: the tables of an old system with the names of their columns, and no value."""

import argparse

import msgspec

from aliquot.cli import amounts
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked

LINE = "the tables of an old system and the names of their columns, no value"
TEXT = """\
Lists the tables of an old system with the names of their columns: structure, which tells nothing of anybody and needs
no mandate. SOURCE is a file that says how the old system is written (docs/formats/source.md). Columns that prove who
somebody is are marked: they never travel, whoever signs."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.source(parser)
    asked.machine(parser)


def run(chosen: argparse.Namespace) -> int:
    """List them."""
    from aliquot.legacy import description, reading
    from aliquot.terms import mandates, plain

    found = reading.columns(description.read(chosen.source), asked.password(chosen))
    if chosen.json:
        print(msgspec.json.encode({header.table: list(header.columns) for header in found}).decode())
        return Exit.DONE
    for header in found:
        print(plain.shown(f"{header.table}  ({amounts.of(len(header.columns), 'column')})"))
        never = mandates.never(header.table, header.columns)
        for column in header.columns:
            print(plain.shown(f"  {column}  (never travels)" if column in never else f"  {column}"))
    return Exit.DONE
