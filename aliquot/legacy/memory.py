"""What cells that stand together said before. Old sources repeat themselves, and most of a row was read already."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Final, Generic, TypeVar

from aliquot.legacy.source import Cell

REMEMBERED: Final = 5_000
"""How many readings are kept of one group of cells; then it begins anew, so that memory stays bounded."""

LONGEST: Final = 2_000
"""Cells with more signs than this are read again each time."""

T = TypeVar("T")


class Memory(Generic[T]):
    """Reads a group of cells, each combination once."""

    __slots__ = ("_key", "_known", "_read")

    def __init__(self, at: Sequence[int], read: Callable[[Sequence[Cell]], T]) -> None:
        """`at` are the places of the cells on which the answer rests; `read` answers for a row that is new."""
        self._key = itemgetter(*at) if at else _nothing
        self._known: dict[object, T] = {}
        self._read = read

    def __call__(self, row: Sequence[Cell]) -> T:
        """What the row says here. What `read` raises is raised again for each row."""
        key = self._key(row)
        known = self._known.get(key)
        if known is None:
            known = self._read(row)
            if _signs(key) > LONGEST:
                return known
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = known
        return known


def _signs(key: Cell | tuple[Cell, ...]) -> int:
    return sum(len(cell or "") for cell in key) if isinstance(key, tuple) else len(key or "")


def _nothing(_: Sequence[Cell]) -> None:
    return None
