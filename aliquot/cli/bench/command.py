"""`aliquot bench`: measures the house beside its floors and prints one table."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from aliquot.cli.bench.measured import Figure
from aliquot.cli.exits import Exit
from aliquot.terms.errors import Refused

if TYPE_CHECKING:
    from aliquot.cli.bench.table import Telling

FULL, QUICK = 10_000, 400
_ENGINES = ("sqlite", "postgresql")
_LEGACY = "legacy"
_EACH = 20.0
FIGURES = ("messages", "line", "dossier", "find", "log", "page", _LEGACY)


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
    legacy = parser.add_argument_group(_LEGACY, "an old laboratory is moved in, step by step")
    legacy.add_argument("--patients", type=int, metavar="N", help="how many patients it has (default: half the size)")
    legacy.add_argument("--results-each", type=float, default=_EACH, metavar="M", help=f"of each (default: {_EACH:g})")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")


def run(chosen: argparse.Namespace) -> int:
    """Measure, and say so with the exit status if an aim is missed."""
    wanted = tuple(chosen.figures) or FIGURES
    if not set(wanted) <= set(FIGURES):
        raise Refused(f"bench: the figures are {', '.join(FIGURES)}")
    from aliquot.cli.bench import table

    with table.progress() as told:
        figures = [*_of_house(chosen, wanted, told), *_of_legacy(chosen, wanted, told)]
    if chosen.json:
        print(msgspec.json.encode(figures).decode())
    else:
        table.show(figures, chosen.record)
    return Exit.DONE if all(figure.holds is not False for figure in figures) else Exit.FOUND


def _of_house(chosen: argparse.Namespace, wanted: Sequence[str], told: "Telling") -> list[Figure]:
    """The figures of a laboratory's day."""
    from aliquot.cli.bench import ground

    own = [name for name in wanted if name != _LEGACY]
    if not own:
        return []
    with ground.laid(chosen.record, ground.plan) as laid:
        # Only after Django knows its settings.
        from aliquot.cli.bench import run as running

        return running.measure(laid, chosen.size, own, told)


def _of_legacy(chosen: argparse.Namespace, wanted: Sequence[str], told: "Telling") -> list[Figure]:
    """The figures of a laboratory that moves in."""
    from aliquot.cli.attack import plan
    from aliquot.cli.bench import ground

    if _LEGACY not in wanted:
        return []
    with ground.laid(chosen.record, plan.of) as laid:
        # Only after Django knows its settings.
        from aliquot.cli.bench import legacy
        from aliquot.cli.bench.moving import Size

        return legacy.measure(laid, Size(chosen.patients or chosen.size // 2, chosen.results_each), told)
