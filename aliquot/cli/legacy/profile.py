"""`aliquot legacy profile`: what the columns of an old system seem to be, in shapes and counts."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from aliquot.cli import founding, measures
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked

if TYPE_CHECKING:
    from aliquot.cli.legacy.loader import Loader
    from aliquot.legacy.profile import Profile

LINE = "read the source once; say in shapes and counts what its columns seem to be"
TEXT = """\
Reads every row that the mandate names, once, and says for each column what it seems to mean and how sure that is, its
type, blanks, distinct values, formats of days, and how many cells speak of what hurts. No cell is shown: shapes,
counts and short lists of codes are. The profile is kept as profile.json of the migration and, sealed, in the record,
where those who sign read it. Its digest is signed into the history as the migration's first step; a second profile of
the same source has the same digest."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.of_mandate(parser)
    asked.source(parser, carried=True)
    asked.machine(parser)


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
    print(msgspec.json.encode(found).decode() if chosen.json else "\n".join((*_lines(found), said)))
    return Exit.DONE


def _recorded(working: "Loader", digest: str) -> str:
    from aliquot.cli.legacy import loader
    from aliquot.custody.steps import Step

    same = loader.in_force(working.told(), Step.PROFILE) == digest
    return f"profile {digest}: {'it' if same else 'ANOTHER one'} stands in history for this mandate"


def _lines(found: "Profile") -> Iterator[str]:
    for table in found.tables:
        counts = table.counts
        yield f"{table.name}: {counts.read} rows, {counts.in_scope} in scope, {counts.spoiled} spoiled"
        for column in table.columns:
            guess = f"{column.guess.meaning} ({column.guess.sure} %)" if column.guess.sure else "?"
            hurts = f", {sum(one.cells for one in column.sensitive)} sensitive" if column.sensitive else ""
            yield (
                f"  {column.name:<16}{guess:<34}{column.kind}, {column.cells} cells, {column.blank} blank, "
                f"{column.distinct} distinct{hurts}"
            )
        yield f"  {len(table.tests)} old tests"
