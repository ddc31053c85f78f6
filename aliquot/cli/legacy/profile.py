"""`aliquot legacy profile`: what the columns of an old system seem to be, in shapes and counts."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from aliquot.cli import amounts, founding, measures
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked, breadth, grid

if TYPE_CHECKING:
    from aliquot.cli.legacy.loader import Loader
    from aliquot.cli.legacy.origin import Origin
    from aliquot.legacy.profile import Column, Profile, Table

LINE = "read the source once; say in shapes and counts what its columns seem to be"
TEXT = """\
Reads every row that the mandate names, once, and says for each column what it seems to mean and how sure that is, its
type, blanks, distinct values, formats of days, and how many cells speak of what hurts. No cell is shown: shapes,
counts and short lists of codes are. The profile is kept as profile.json of the migration and, sealed, in the record,
where those who sign read it. Its digest is signed into the history as the migration's first step; a second profile of
the same source has the same digest.

Compare the number of rows of each table with what the old system itself counts: of a file that was cut short before it
came here, nobody can know what is missing."""
_NAMES: Final = ("column", "meaning", "sure", "type", "cells", "blank", "distinct", "hurts")


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.of_mandate(parser)
    asked.read(parser)


def run(chosen: argparse.Namespace) -> int:
    """Take the profile and record it."""
    measures.seclude()
    founding.configure(chosen.home.absolute())
    from aliquot.cli.legacy import folder, loader, origin
    from aliquot.custody.steps import State, Step
    from aliquot.legacy import papers, profile

    came = origin.read(chosen.source)
    with loader.at_work(chosen, chosen.mandate) as working:
        told = working.told()
        with origin.opened(chosen, came, working) as reading:
            found = profile.take(reading, working.scope, came.digest())
        folder.write(working.folder / folder.PROFILE, found)
        working.put(papers.PROFILE, found)
        if told.state == State.DECLARED:
            working.step(Step.PROFILE, found.digest())
        said = _recorded(working, found.digest())
    if chosen.json:
        print(msgspec.json.encode(found).decode())
    else:
        _show(found, came)
        breadth.show(said)
        breadth.show(f"Next: `aliquot legacy draft {chosen.mandate}` begins the map.")
    return Exit.DONE


def _recorded(working: "Loader", digest: str) -> str:
    from aliquot.cli.legacy import loader
    from aliquot.custody.steps import Step

    same = loader.in_force(working.told(), Step.PROFILE) == digest
    return f"profile {digest}: {'it' if same else 'ANOTHER one'} stands in history for this mandate"


def _show(found: "Profile", came: "Origin") -> None:
    from aliquot.cli.legacy import legible
    from aliquot.cli.legacy.origin import Came

    for table in found.tables:
        breadth.show(f"{table.name}: {', '.join(_counts(table))}")
        hurts = any(column.sensitive for column in table.columns)
        rows = [_row(column) for column in table.columns]
        grid.show(_NAMES if hurts else _NAMES[:-1], rows if hurts else [row[:-1] for row in rows], indent=2)
        for column in table.columns:
            charset = "" if isinstance(came, Came) else came.charset(table.name)
            for line in legible.of(column.name, column.damaged, column.mojibake, charset):
                breadth.show(f"  {line}")
        if table.tests or table.rare:
            rare = f"; {amounts.of(table.rare, 'value')} of tests too rare to be named" if table.rare else ""
            print(f"  {amounts.of(len(table.tests), 'old test')}{rare}")


def _counts(table: "Table") -> Iterator[str]:
    counts = table.counts
    yield amounts.of(counts.read, "row")
    yield f"{counts.in_scope:,} in scope"
    yield from (f"{rows:,} out of it ({reason})" for reason, rows in counts.outside.items())
    if counts.spoiled:
        yield f"{counts.spoiled:,} spoiled (`rehearse` says where)"


def _row(column: "Column") -> tuple[str | int, ...]:
    guess, sensitive = column.guess, sum(one.cells for one in column.sensitive)
    meant = (str(guess.meaning), f"{guess.sure} %") if guess.sure else ("?", "")
    return (column.name, *meant, column.kind, column.cells, column.blank, column.distinct, sensitive)
