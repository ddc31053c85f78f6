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
_RARE: Final = b"\xef\x83\x82"
"""Bytes that hardly any text has; each of the signs has one of them in UTF-8."""
_SUSPECT: Final = tuple(
    (raw, next(at for at, byte in enumerate(raw) if byte in _RARE)) for raw in map(str.encode, (NONE, *MOJIBAKE))
)


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
        if not any(_holds(frame, *sign) for frame in packed for sign in _SUSPECT):
            return
        for row in rows.rows:
            # The number of a row may look like a letter, so most rows are not looked at cell by cell.
            together = "\n".join(filter(None, row))
            if NONE in together or is_mojibake(together):
                for column, cell in zip(table.columns, row, strict=True):
                    self._count((table.name, column), cell or "")

    def _count(self, place: tuple[str, str], cell: str) -> None:
        if none := cell.count(NONE):
            self.damaged[place] += 1
            self.signs[place] += none
        if is_mojibake(cell):
            self.mojibake[place] += 1


def _holds(frame: bytes, sign: bytes, at: int) -> bool:
    """Whether a sign is in it, by its rare byte: one byte is found fifty times as fast as several in a row."""
    rare = sign[at : at + 1]
    place = frame.find(rare)
    while place >= 0:
        if frame.startswith(sign, place - at):
            return True
        place = frame.find(rare, place + 1)
    return False
