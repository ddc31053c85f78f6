"""`aliquot bench`: measures the house beside its floors and prints one table."""

import argparse

import msgspec

from aliquot.cli.bench.measured import Figure
from aliquot.cli.exits import Exit
from aliquot.terms.errors import Refused

FULL, QUICK = 10_000, 400
_ENGINES = ("sqlite", "postgresql")
FIGURES = ("messages", "line", "dossier", "find", "log", "page")


def describe(parser: argparse.ArgumentParser) -> None:
    """What `aliquot bench --help` teaches."""
    parser.description = """\
Measures a scratch installation with a custodian of its own, beside the floors of this machine: what the same sealed
bytes cost where they are made durable and nothing else happens. Ratios are of one run; run it on a machine at rest."""
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"which of {', '.join(FIGURES)} (default: all)")
    parser.add_argument("--record", choices=_ENGINES, default="sqlite", help="the record database")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--size", type=int, default=FULL, metavar="N", help=f"how many messages (default: {FULL})")
    size.add_argument("--quick", dest="size", action="store_const", const=QUICK, help=f"as --size {QUICK}")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(chosen: argparse.Namespace) -> int:
    """Measure, and say so with the exit status if an aim is missed."""
    wanted = tuple(chosen.figures) or FIGURES
    if not set(wanted) <= set(FIGURES):
        raise Refused(f"bench: the figures are {', '.join(FIGURES)}")
    from aliquot.cli.bench import ground, table

    with table.progress() as told, ground.laid(chosen.record) as laid:
        # Only after Django knows its settings.
        from aliquot.cli.bench import run as running

        figures: list[Figure] = running.measure(laid, chosen.size, wanted, told)
    if chosen.json:
        print(msgspec.json.encode(figures).decode())
    else:
        table.show(figures, chosen.record)
    return Exit.DONE if all(figure.holds is not False for figure in figures) else Exit.FOUND
