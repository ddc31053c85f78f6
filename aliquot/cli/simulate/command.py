"""`aliquot simulate legacy`: an invented old laboratory system to rehearse on, with the truth beside it."""

import argparse

import msgspec

from aliquot.cli import amounts
from aliquot.cli.exits import Exit

_PATIENTS = 1000
SHAPES = ("flat", "database", "hl7v2", "dump")


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot simulate --help` teaches."""
    parser.description = """\
Writes an old laboratory system that never was, with the mess of twenty years, so that a migration can be tried on it.
Nobody in it exists. The same patients, seed and shape give the same bytes.

  aliquot simulate legacy --patients 1000 --shape flat --out PATH

  flat        PATIENTS.TXT of sixty columns and RESULTATS.TXT, in a folder (--layout fixed: of fixed width)
  database    tables with cryptic names, in a file of SQLite, or in PostgreSQL or MariaDB at a URL of SQLAlchemy
  hl7v2       a folder with a file of ORU^R01 messages for each month
  dump        one file of SQL, as a vendor unloads it

The truth about it is written to PATH.truth: who each row of patients really is, what each result says, how many rows
have which mess, and what each old code, unit and status means. Truth and source never belong in one migration."""
    words = parser.add_subparsers(dest="word", metavar="WORD", required=True)
    legacy = words.add_parser(
        "legacy",
        help="an old laboratory system",
        description=parser.description,
        epilog=parser.epilog,
        formatter_class=parser.formatter_class,
    )
    legacy.add_argument("--patients", type=int, default=_PATIENTS, metavar="N", help=f"rows of patients ({_PATIENTS})")
    legacy.add_argument("--shape", choices=SHAPES, required=True, help="as what it is written")
    legacy.add_argument("--out", required=True, metavar="PATH", help="where nothing is yet; for database also a URL")
    legacy.add_argument("--seed", type=int, default=1, metavar="S", help="another seed, another laboratory (1)")
    legacy.add_argument("--results-per-patient", type=float, default=20.0, metavar="R", help="on average (20)")
    legacy.add_argument("--layout", choices=("separated", "fixed"), default="separated", help="of the flat files")
    legacy.add_argument("--truth", choices=("full", "counts", "none"), default="full", help="how much of it is written")
    legacy.add_argument("--json", action="store_true", help="print the counts as JSON")


def run(chosen: argparse.Namespace) -> int:
    """Write it, and say how many rows there are and what is wrong with them."""
    from aliquot.cli.simulate import writing
    from aliquot.cli.simulate.life import Life

    life = Life(chosen.patients, chosen.seed, chosen.results_per_patient)
    summary = writing.write(chosen.shape, chosen.out, life, layout=chosen.layout, truth=chosen.truth)
    if chosen.json:
        print(msgspec.json.encode(summary).decode())
        return Exit.DONE
    for name, count in summary.tables.items():
        print(f"{name}: {amounts.of(count.rows, 'row')}")
        for kind, times in count.mess.items():
            print(f"  {kind:<22}{times:>10,}")
    return Exit.DONE
