"""A table in the terminal: words to the left and numbers to the right, at the width that there is."""

import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aliquot.terms import plain

PIPED: Final = 10_000
"""Columns of what no terminal shows: `grep` finds a row on its line."""

Cell = str | int


def show(names: Sequence[str], rows: Iterable[Sequence[Cell]], *, indent: int = 0) -> None:
    """Print it."""
    wide = shutil.get_terminal_size().columns if sys.stdout.isatty() else PIPED
    for line in lines(names, rows, wide - indent):
        print(f"{' ' * indent}{line}")


def lines(names: Sequence[str], rows: Iterable[Sequence[Cell]], wide: int) -> Iterator[str]:
    """It as lines. Where they would be too wide, words go on in the next line and numbers stay whole."""
    rows = list(rows)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="")
    for place, name in enumerate(names):
        numbers = bool(rows) and all(isinstance(row[place], int) for row in rows)
        table.add_column(Text(name), justify="right" if numbers else "left", no_wrap=numbers, overflow="fold")
    for row in rows:
        table.add_row(*map(_cell, row))
    console = Console(highlight=False, width=wide, color_system=None)
    with console.capture() as told:
        console.print(table)
    yield from (line.rstrip() for line in told.get().splitlines())


def _cell(cell: Cell) -> Text:
    # A name may look like rich's own marks, or hold what a terminal obeys.
    return Text(f"{cell:,}" if isinstance(cell, int) else plain.shown(cell))
