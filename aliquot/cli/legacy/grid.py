"""A table in the terminal: words to the left and numbers to the right, at the width that there is.

Where it is too wide, words are cut at their joints. Numbers stay whole, and so does the first column, which says what
the row is: where that is not enough it stands on a line of its own, above the rest.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Final

from rich.cells import cell_len, chop_cells

from aliquot.cli.legacy import breadth
from aliquot.terms import plain

Cell = str | int

_GAP: Final = "  "
_JOINT: Final = re.compile(r"[^\s_./,;:\]-]*[_./,;:\]-]*\s*")
"""A part of a name, with the sign that ends it."""


def show(names: Sequence[str], rows: Iterable[Sequence[Cell]], *, indent: int = 0) -> None:
    """Print it."""
    for line in lines(names, rows, breadth.wide() - indent):
        print(f"{' ' * indent}{line}")


def lines(names: Sequence[str], rows: Iterable[Sequence[Cell]], wide: int) -> Iterator[str]:
    """It as lines."""
    held = list(rows)
    numbers = [bool(held) and all(isinstance(row[place], int) for row in held) for place in range(len(names))]
    told = [[*names], *([_written(cell) for cell in row] for row in held)]
    yield from chain.from_iterable(_blocks(told, numbers, wide))


def _written(cell: Cell) -> str:
    # A name may hold what a terminal obeys.
    return f"{cell:,}" if isinstance(cell, int) else plain.shown(cell)


def _blocks(told: list[list[str]], numbers: Sequence[bool], wide: int) -> list[list[str]]:
    """The lines of each row."""
    room = wide - len(_GAP) * (len(numbers) - 1)
    whole = max(cell_len(row[0]) for row in told)
    rest, below = [row[1:] for row in told], numbers[1:]
    widths = [whole, *_widths(rest, below, room - whole)]
    if not below or numbers[0] or sum(widths) <= room:
        return [_set(row, widths if below else [wide], numbers) for row in told]
    widths = _widths(rest, below, room)
    return [
        [row[0], *(f"{_GAP}{line}" for line in _set(others, widths, below))]
        for row, others in zip(told, rest, strict=True)
    ]


def _widths(told: list[list[str]], numbers: Sequence[bool], room: int) -> list[int]:
    """How wide columns are: as their cells, or less where words can be cut at a joint."""
    columns = list(zip(*told, strict=True))
    widths = [max(map(cell_len, column)) for column in columns]
    least = [
        width if number else max(cell_len(part.rstrip()) for cell in column for part in _parts(cell))
        for column, width, number in zip(columns, widths, numbers, strict=True)
    ]
    while sum(widths) > room and widths != least:
        widest = max(range(len(widths)), key=lambda place: (widths[place] > least[place], widths[place]))
        widths[widest] -= 1
    return widths


def _set(row: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> list[str]:
    """A row as lines, the cells of which go on below one another."""
    folded = [_cut(cell, width) for cell, width in zip(row, widths, strict=True)]
    return [_GAP.join(map(_padded, line, widths, numbers)).rstrip() for line in zip_longest(*folded, fillvalue="")]


def _padded(part: str, width: int, number: bool) -> str:  # it is mapped over columns
    spaces = " " * (width - cell_len(part))
    return spaces + part if number else part + spaces


def _cut(cell: str, width: int) -> list[str]:
    """A cell as parts that are no wider, cut at its joints, and elsewhere only where a part is too wide by itself."""
    cut = [""]
    for part in _parts(cell):
        if cut[-1] and cell_len(cut[-1]) + cell_len(part.rstrip()) > width:
            cut.append("")
        *whole, rest = chop_cells(cut[-1] + part, width) if cell_len((cut[-1] + part).rstrip()) > width else [part]
        cut = [*cut[:-1], *whole, rest] if whole else [*cut[:-1], cut[-1] + part]
    return [line.rstrip() for line in cut]


def _parts(cell: str) -> list[str]:
    return [part for part in _JOINT.findall(cell) if part] or [""]
