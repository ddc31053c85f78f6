"""Letters that a wrong character set left in cells, counted while they pass. No cell is told.

What is in no character set stands as U+FFFD; what is UTF-8 and was read byte by byte has signs that no name has. Which
of the two it was, and where, says whether `charset` of source.toml is what the file is written in.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final, final

from aliquot.legacy.carried import Carried
from aliquot.terms.mandates import Table

NONE: Final = "\ufffd"
MOJIBAKE: Final = ("Ã", "Â°", "Â ", "â€")
_SUSPECT: Final = tuple(sign.encode() for sign in (NONE, *MOJIBAKE))


def is_mojibake(cell: str) -> bool:
    """Whether a cell looks like UTF-8 that was read one byte at a time."""
    return not cell.isascii() and any(sign in cell for sign in MOJIBAKE)


@final
class Letters:
    """What was found in the columns of the tables that passed, each as table and column."""

    def __init__(self) -> None:
        self.damaged: Counter[tuple[str, str]] = Counter()
        self.signs: Counter[tuple[str, str]] = Counter()
        self.mojibake: Counter[tuple[str, str]] = Counter()

    def look(self, table: Table, rows: Carried, packed: Sequence[bytes]) -> None:
        """Count the cells of some rows; how they are packed says quickly that nothing is wrong with them."""
        if not any(sign in frame for frame in packed for sign in _SUSPECT):
            return
        for row in rows.rows:
            for column, cell in zip(table.columns, row, strict=True):
                if cell and not cell.isascii():
                    self._count((table.name, column), cell)

    def _count(self, place: tuple[str, str], cell: str) -> None:
        none = cell.count(NONE)
        self.damaged[place] += bool(none)
        self.signs[place] += none
        self.mojibake[place] += is_mojibake(cell)
