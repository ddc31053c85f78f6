"""The rows of one table by their key, packed in memory: what the rows of another table refer to.

A few bytes a row and never a file. Keys are compared as they are written; a key that two rows have leads to neither.
"""

import zlib
from array import array
from bisect import bisect_left
from collections import OrderedDict
from typing import Final

import msgspec

from aliquot.legacy.source import Cell

Row = tuple[Cell, ...]

_BITS: Final = 64
_SHELVES: Final = 8
_MASK: Final = (1 << _BITS) - 1
_TOGETHER: Final = 512
"""Rows that are packed together. Rows that refer to them mostly come in the same order."""
_OPEN: Final = 64
_DECODE = msgspec.msgpack.Decoder(list[Row]).decode
_ENCODE = msgspec.msgpack.Encoder().encode


class Lookup:
    """Rows that are put in by key, and then looked up. The first cell of a packed row is its key."""

    def __init__(self) -> None:
        self._packed: list[bytes] = []
        self._waiting: list[Row] = []
        self._rows = 0
        self._hashes = [array("Q") for _ in range(1 << _SHELVES)]
        self._places = [array("Q") for _ in range(1 << _SHELVES)]
        self._open: OrderedDict[int, list[Row]] = OrderedDict()

    def add(self, key: str, cells: Row) -> None:
        """Put a row in; its place is the number of rows before it."""
        hashed = hash(key) & _MASK
        shelf = hashed >> (_BITS - _SHELVES)
        self._hashes[shelf].append(hashed)
        self._places[shelf].append(self._rows)
        self._rows += 1
        self._waiting.append((key, *cells))
        if len(self._waiting) == _TOGETHER:
            self._pack()

    def settle(self) -> None:
        """Make ready to be asked."""
        self._pack()
        for hashes, places in zip(self._hashes, self._places, strict=True):
            order = sorted(range(len(hashes)), key=hashes.__getitem__)
            hashes[:] = array("Q", [hashes[at] for at in order])
            places[:] = array("Q", [places[at] for at in order])

    def found(self, key: str) -> list[tuple[int, Row]]:
        """The rows of a key with their places: none, one, or too many to be sure."""
        hashed = hash(key) & _MASK
        shelf = hashed >> (_BITS - _SHELVES)
        hashes, places = self._hashes[shelf], self._places[shelf]
        found = []
        for at in range(bisect_left(hashes, hashed), len(hashes)):
            if hashes[at] != hashed:
                break
            row = self._row(places[at])
            if row[0] == key:
                found.append((places[at], row[1:]))
        return found

    def size(self) -> int:
        """How many bytes its rows take."""
        arrays = (*self._hashes, *self._places)
        return sum(map(len, self._packed)) + sum(each.itemsize * len(each) for each in arrays)

    def _pack(self) -> None:
        if self._waiting:
            self._packed.append(zlib.compress(_ENCODE(self._waiting), 1))
            self._waiting = []

    def _row(self, place: int) -> Row:
        number, at = divmod(place, _TOGETHER)
        rows = self._open.get(number)
        if rows is None:
            rows = self._open[number] = _DECODE(zlib.decompress(self._packed[number]))
            if len(self._open) > _OPEN:
                self._open.popitem(last=False)
        return rows[at]
