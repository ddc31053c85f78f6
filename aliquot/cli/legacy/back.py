"""`aliquot legacy back`: the way back is rehearsed before two people cut over."""

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from aliquot.cli import amounts, founding, measures
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked, breadth
from aliquot.terms.errors import Refused

if TYPE_CHECKING:
    from aliquot.legacy.wayback import WayBack

LINE = "rehearse the way back: could the old system go on, and what would be left behind here"
TEXT = """\
Reads the old system to its end once more, and counts its rows beside the load: it still opens, has every row that was
loaded, and none that was not. Nothing was ever written to it, so nothing has to be undone there. Beside that it counts
the work that was kept here since the loading began, by the name of the act: whoever goes back does it again there.

The account is kept as way-back.json of the migration, and its digest stands in history: the two who cut over name it.
If rows came or went since the load, nothing is reported and the exit status is 1: open the loading again (step `load`)
for the last difference, finish, reconcile, and rehearse the way back again. What was carried here as a bundle is no
longer opened after the reconciliation: the old system stands elsewhere, and whoever runs it has to see for themselves
that it goes on. Then only the work is counted."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.of_mandate(parser)
    asked.read(parser)


def run(chosen: argparse.Namespace) -> int:
    """Count both, and report the step if the old system could go on."""
    measures.seclude()
    founding.configure(chosen.home.absolute())
    from aliquot.access import migrating
    from aliquot.cli.legacy import folder, loader, origin
    from aliquot.cli.legacy.origin import Came
    from aliquot.custody.steps import State, Step
    from aliquot.legacy import wayback
    from aliquot.legacy.papers import Loaded

    came = origin.read(chosen.source)
    with loader.at_work(chosen, chosen.mandate) as working:
        told = working.told()
        if told.state != State.RECONCILED:
            raise Refused(f"the migration is {told.state}; the way back is rehearsed once both sides are reconciled")
        none = "the account of the load is not here; `aliquot legacy finish` made it where the load ran"
        sums = folder.kept(working.folder / folder.LOADED, Loaded, none).sums
        tables: tuple[wayback.Rows, ...] = ()
        if not isinstance(came, Came):
            with origin.opened(chosen, came, working) as reading:
                tables = wayback.compared(reading, sums)
        with working.looking() as grant:
            work = migrating.new_work(grant)
        found = wayback.rehearsed(told.id, loader.in_force(told, Step.RECONCILE), tables, work)
        if found.holds:
            folder.write(working.folder / folder.WAY_BACK, found)
            working.step(Step.WAY_BACK, found.digest)
    if chosen.json:
        print(msgspec.json.encode(found).decode())
    else:
        breadth.show("\n".join(_said(found)))
    return Exit.DONE if found.holds else Exit.FOUND


def _said(found: "WayBack") -> Iterator[str]:
    for rows in found.tables:
        gone = "" if rows.loaded == rows.now else "  (they came or went since)"
        yield f"{rows.table}: {amounts.of(rows.loaded, 'row')} in scope when it was loaded, {rows.now:,} now{gone}"
    kept = ", ".join(f"{name} {n:,}" for name, n in found.new.items()) or "nothing"
    yield f"kept here meanwhile, and left behind by whoever goes back: {kept}"
    if found.holds:
        yield f"the old system could go on; nothing has to be undone there: {found.digest}"
        yield "Next: a director and a privacy officer cut over, and name what ends, what stays, and this digest."
    else:
        yield "Next: open the loading again for the last difference, finish, reconcile, and type this again."
