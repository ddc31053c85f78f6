"""Which keys of a table are in scope, in 8 bytes each: what another table's rows are measured against. And which rows
were met before.

Kept are hashes under the process's own random key. That two of ten million keys share one has a probability below one
in a hundred thousand.
"""

from array import array
from bisect import bisect_left
from collections.abc import Hashable, Iterable

_BITS = 64
_SHELVES = 8
_MASK = (1 << _BITS) - 1
_SOON = 1024
_FEW = 64
_PARTS = 8


class Seen:
    """Which rows were met before, in some ten bytes each.

    That one of ten million is taken for another has a probability below one in three hundred thousand; it would be
    counted as a duplicate, with its place.
    """

    def __init__(self) -> None:
        self._shelves = [_Shelf() for _ in range(1 << _SHELVES)]

    def again(self, row: Hashable) -> bool:
        """Whether this row was met before; from now on it was."""
        key = hash(row) & _MASK
        return self._shelves[key >> (_BITS - _SHELVES)].again(key)


class _Shelf:
    """Keys by age: a set takes ten times the room of an array, and an array is made anew to put keys in."""

    __slots__ = ("_fresh", "_old", "_young")

    def __init__(self) -> None:
        self._fresh: set[int] = set()
        self._young, self._old = array("Q"), array("Q")

    def again(self, key: int) -> bool:
        """Whether this key stands here; from now on it does."""
        if key in self._fresh or _stands(self._old, key) or _stands(self._young, key):
            return True
        self._fresh.add(key)
        if len(self._fresh) > _FEW + len(self._young) // _PARTS:
            self._young = array("Q", sorted((*self._young, *self._fresh)))
            self._fresh = set()
            if len(self._young) > len(self._old) // _PARTS:
                self._old = array("Q", sorted((*self._old, *self._young)))
                self._young = array("Q")
        return False


class Keys:
    """A set of keys that grows, and is then asked."""

    def __init__(self) -> None:
        self._shelves = [array("Q") for _ in range(1 << _SHELVES)]
        self._sorted = [0] * (1 << _SHELVES)

    def add(self, cells: Iterable[str]) -> None:
        """Put keys in."""
        shift = _BITS - _SHELVES
        for key in map(hash, cells):
            shelf = self._shelves[(key & _MASK) >> shift]
            shelf.append(key & _MASK)
        for number, shelf in enumerate(self._shelves):
            if len(shelf) > 2 * self._sorted[number] + _SOON:
                self._sort(number)

    def settle(self) -> None:
        """Make ready to be asked."""
        for number in range(len(self._shelves)):
            self._sort(number)

    def __contains__(self, cell: str) -> bool:
        key = hash(cell) & _MASK
        return _stands(self._shelves[key >> (_BITS - _SHELVES)], key)

    def __len__(self) -> int:
        return sum(map(len, self._shelves))

    def _sort(self, number: int) -> None:
        self._shelves[number] = array("Q", sorted(set(self._shelves[number])))
        self._sorted[number] = len(self._shelves[number])


def _stands(kept: "array[int]", key: int) -> bool:
    place = bisect_left(kept, key)
    return place < len(kept) and kept[place] == key
