"""`aliquot legacy reconcile`: both sides are read again, row by row and sum by sum."""

import argparse

import msgspec

from aliquot.cli import founding, measures
from aliquot.cli.exits import Exit
from aliquot.cli.legacy import asked

LINE = "read both sides again, row by row, and name whatever differs"
TEXT = """\
Reads every row that the mandate names once more, and beside it what stands in the record: each result by the id that
its row gives, and counts, sums, minima and maxima for each test, unit and month. Whatever differs is named by its
place, never by what it says: missing, different, with another patient, or surplus. Surplus is what came in under this
mandate and stands here though no row leads to it, by its id: a result, a requisition, a person.

The account is kept as reconciliation.json of the migration and, sealed, in the record; its digest is what a biologist
and a second one or the director sign once they have compared the dossiers that custody drew. It can be typed as often
as wanted; only what was compared after the loading had ended last (`finish`) is signed. Exit status 1: the two sides do
not agree."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Which arguments it takes."""
    asked.of_map(parser)
    asked.read(parser)


def run(chosen: argparse.Namespace) -> int:
    """Compare, keep the account, and tell it."""
    measures.seclude()
    founding.configure(chosen.home.absolute())
    from aliquot.cli.legacy import check, folder, loader, origin, reconciled
    from aliquot.legacy import papers
    from aliquot.legacy.papers import Came, Reconciled
    from aliquot.legacy.reconciling import Reconciler

    drawn, came = check.read(chosen.map), origin.read(chosen.source)
    with loader.at_work(chosen, drawn.mandate) as working:
        loaded_at = papers.loaded_at(working.told())
        reconciler = Reconciler(working.leave, drawn, working.scope)
        with origin.opened(chosen, came, working, reconciler.account) as reading:
            found = Reconciled.of(reconciler.run(reading), Came.of(reading.came), loaded_at)
        folder.write(working.folder / folder.RECONCILIATION, found)
        working.put(papers.RECONCILIATION, found)
    if chosen.json:
        print(msgspec.json.encode({"digest": found.digest, **msgspec.to_builtins(found)}).decode())
    else:
        reconciled.show(found)
        if found.agrees:
            print("Next: two people compare the dossiers that custody drew, and sign this digest.")
        else:
            print("Next: look at these rows; a better map, or another load, and then reconcile again.")
    return Exit.DONE if found.agrees else Exit.FOUND
